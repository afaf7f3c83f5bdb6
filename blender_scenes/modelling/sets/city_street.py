"""The city street: houses with shops on both sides, lit signs and windows, lamps, parked cars, wet asphalt."""

from __future__ import annotations

from random import Random

import bpy

from .. import materials
from ..shapes import Material, bevelled, box, joined, lathe, moved, prism, smooth, tube
from . import scenery
from .cars import HATCHBACK, SALOON, VAN, Finish, car
from .fixtures import copies, letters, light, street_lamp, window

KERB, FRONT = 7.0, 11.0
"""x of the kerbs and of the house fronts, to both sides."""
WARM, SODIUM = (1.0, 0.72, 0.42), (1.0, 0.60, 0.27)
SHOPS = (
    ("NOODLE BAR", (1.0, 0.25, 0.12)), ("HOTEL AURORA", (0.25, 0.75, 1.0)), ("BOOKS", (1.0, 0.78, 0.4)),
    ("PHARMACY", (0.25, 1.0, 0.45)), ("CAFE LUMEN", (1.0, 0.62, 0.3)), ("RECORDS", (1.0, 0.2, 0.6)),
    ("24 H MARKET", (0.9, 0.95, 1.0)), ("TAILOR", (1.0, 0.8, 0.5)), ("CINEMA", (1.0, 0.35, 0.2)),
    ("BAR", (0.5, 0.35, 1.0)),
)  # fmt: skip


def build() -> None:
    """Model it: the street runs along Y, clear about the origin, 14 m between its kerbs."""
    dice = Random(5)
    road = scenery.asphalt("Asphalt")
    flags = materials.masonry(
        "Flags", ((0.17, 0.165, 0.16), (0.21, 0.20, 0.19)), (0.07, 0.07, 0.065), (0.9, 0.6), False
    )
    stone = materials.stone("Kerb stone", (0.25, 0.25, 0.25), 3.0)
    paint = materials.plain("Road paint", (0.55, 0.54, 0.50), 0.5)
    iron = materials.plain("Iron", (0.03, 0.035, 0.035), 0.45, 0.6)
    ground = [box("Road", road, (2 * KERB, 260, 0.1), (0, 30, -0.05))]
    for side in (-1, 1):
        ground.append(box("Pavement", flags, (FRONT - KERB, 200, 0.24), (side * (KERB + FRONT) / 2, 0, 0.03)))
        ground.append(bevelled(box("Kerb", stone, (0.22, 200, 0.26), (side * KERB, 0, 0.03)), 0.03, 1))
        ground.append(box("Line", paint, (0.10, 200, 0.004), (side * 4.75, 0, 0.002)))
    for k in range(-12, 24):
        if abs(k * 4.0 - 27.0) > 4:
            ground.append(box("Dash", paint, (0.13, 1.9, 0.004), (0, k * 4.0, 0.002)))
    for k in range(13):
        ground.append(box("Zebra", paint, (0.5, 3.2, 0.004), (-6.3 + 1.05 * k, 27.0, 0.003)))
    for x, y in ((2.4, 8.0), (-3.1, -9.0), (1.8, 19.0)):
        ground.append(
            moved(lathe("Cover", iron, [(0.0, 0.0), (0.36, 0.0), (0.36, 0.008), (0, 0.008)], 24), at=(x, y, 0))
        )
    joined(ground, "Ground")
    _houses(dice, iron)
    _far()
    _lamps(iron)
    _cars()
    _clutter(dice, iron)
    scenery.quickened()


def _houses(dice: Random, iron: Material) -> None:
    fronts = [
        scenery.wall("Stucco", (0.30, 0.26, 0.21)),
        materials.masonry(
            "Red brick", ((0.23, 0.08, 0.05), (0.15, 0.05, 0.035)), (0.14, 0.13, 0.11), (0.24, 0.08), True
        ),
        scenery.wall("Concrete", (0.22, 0.22, 0.22), 0.7),
        materials.masonry("Grey brick", ((0.20, 0.19, 0.18), (0.13, 0.125, 0.12)), (0.1, 0.1, 0.1), (0.24, 0.08), True),
        scenery.wall("Ochre", (0.36, 0.25, 0.13)),
    ]
    pane, trim = scenery.panes("Panes"), scenery.wall("Trim", (0.28, 0.27, 0.25), 0.6)
    inside = (
        scenery.glow("Shop wall", (1.0, 0.70, 0.42), 0.55),
        scenery.wall("Shelves", (0.10, 0.06, 0.035), 0.1),
        [
            materials.plain(f"Goods {n}", c, 0.5)
            for n, c in enumerate(((0.4, 0.06, 0.04), (0.06, 0.16, 0.3), (0.5, 0.4, 0.2)))
        ],
    )
    number = 0
    for side in (-1, 1):
        y = -46.0
        while y < 66.0:
            wide = dice.uniform(9.0, 13.5)
            parts = _house(dice, dice.choice(fronts), pane, trim, wide, dice.randint(3, 6))
            # Facing -Y at its own y = 0: turned to face the street.
            moved(joined(parts, f"House {number}"), turn=(0, 0, -side * 90), at=(side * FRONT, y + wide / 2, 0.15))
            shop, colour = SHOPS[(number * 3 + (1 if side > 0 else 0)) % len(SHOPS)]
            _shop(dice, f"Shop {number}", shop, colour, wide, inside, trim, iron, side, y + wide / 2)
            y += wide
            number += 1


def _house(
    dice: Random, front: Material, pane: Material, trim: Material, wide: float, floors: int
) -> list[bpy.types.Object]:
    """A front that faces -Y at y = 0, without its ground floor, which is a shop."""
    high = 4.2 + floors * 3.1
    parts = [box("Wall", front, (wide, 8.0, high - 4.0), (0, 4.0, 4.0 + (high - 4.0) / 2))]
    for end in (-0.5, 0.5):
        parts.append(box("Pier", trim, (0.7, 8.0, 4.0), (end * (wide - 0.7), 4.0, 2.0)))
    parts.append(bevelled(box("Fascia band", trim, (wide, 0.4, 0.3), (0, -0.1, 4.05)), 0.03, 1))
    parts.append(bevelled(box("Cornice", trim, (wide + 0.2, 0.8, 0.45), (0, -0.2, high)), 0.05, 1))
    parts.append(box("Parapet", front, (wide, 0.4, 0.9), (0, 0.2, high + 0.6)))
    columns = max(2, round(wide / 2.6))
    pitch, bars = wide / columns, dice.choice(((1, 1), (1, 0), (2, 1), (0, 1)))
    size = (dice.uniform(1.0, 1.5), dice.uniform(1.5, 2.0))
    for floor in range(floors):
        for k in range(columns):
            parts += window(pane, trim, ((k + 0.5) * pitch - wide / 2, 0.0, 5.75 + 3.1 * floor), *size, bars)
        if dice.random() < 0.5:
            parts.append(box("String course", trim, (wide, 0.14, 0.14), (0, -0.05, 7.25 + 3.1 * floor)))
    if dice.random() < 0.5:
        x = dice.uniform(-0.3, 0.3) * wide
        parts.append(box("Cooler", trim, (0.8, 0.4, 0.55), (x, -0.22, 5.0)))
    return parts


def _shop(
    dice: Random, name: str, text: str, colour: tuple[float, float, float], wide: float,
    inside: tuple[Material, Material, list[Material]], trim: Material, iron: Material, side: int, y: float,
) -> None:  # fmt: skip
    """A room behind a shop window, shelves in it, a fascia with lettering, a blade sign, sometimes an awning."""
    lit, wood, goods = inside
    room = wide - 1.4
    parts = [box("Back", lit, (room, 0.1, 3.9), (0, 2.8, 2.0)), box("Floor", wood, (room, 3.0, 0.1), (0, 1.4, 0.0))]
    parts += [
        box("Ceiling", wood, (room, 3.0, 0.1), (0, 1.4, 3.7)),
        box("Stall", trim, (room, 0.3, 0.5), (0, 0.1, 0.25)),
    ]
    for k in range(int(room / 1.1)):
        x = -room / 2 + 0.6 + 1.1 * k
        parts.append(box("Mullion", iron, (0.06, 0.08, 3.4), (x - 0.55, 0.1, 2.0)))
        if dice.random() < 0.7:
            deep, tall = dice.uniform(1.0, 2.5), dice.uniform(0.9, 2.3)
            parts.append(box("Shelf", wood, (0.9, 0.35, tall), (x, deep, tall / 2)))
            for _ in range(4):
                s = dice.uniform(0.1, 0.26)
                at = (x + dice.uniform(-0.35, 0.35), deep - 0.1, tall + s / 2)
                parts.append(box("Goods", dice.choice(goods), (s, s, s * dice.uniform(0.8, 2.2)), at))
    parts.append(box("Transom", iron, (room, 0.08, 0.08), (0, 0.1, 3.0)))
    sign = scenery.glow(f"{name} sign", colour, 3.2, aimed=True)
    parts.append(bevelled(box("Fascia", wood, (room, 0.25, 0.85), (0, -0.1, 3.55)), 0.02, 1))
    parts.append(moved(letters("Lettering", text, sign, 0.62), at=(0, -0.26, 3.54)))
    if dice.random() < 0.55:
        x = dice.choice((-0.5, 0.5)) * (wide - 1.0)
        parts.append(bevelled(box("Blade", iron, (0.16, 0.9, 2.6), (x, -0.75, 6.0)), 0.03, 1))
        for face in (-1, 1):
            blade = letters("Blade lettering", "\n".join(text.split()[0][:6]), sign, 0.42)
            parts.append(moved(blade, turn=(0, 0, 90 * face), at=(x + 0.1 * face, -0.75, 6.0)))
    if dice.random() < 0.4:
        stripe = materials.stripes(
            f"{name} awning", (0.5, 0.48, 0.42), (0.35 * colour[0], 0.35 * colour[1], 0.35 * colour[2]), 0.6
        )
        slope = [(0.0, 3.05), (-1.5, 2.55), (-1.5, 2.40), (-1.46, 2.40), (-1.46, 2.52), (0.0, 3.0)]
        awning = prism("Awning", stripe, slope, room)
        parts.append(moved(moved(awning, turn=(90, 0, 90)), at=(-room / 2, 0, 0)))
    made = moved(joined(parts, name), turn=(0, 0, -side * 90), at=(side * FRONT, y, 0.15))
    if abs(y - 8) < 32:  # farther ones are seen, but light nothing that is seen well
        at = (side * (FRONT + 0.6), y, 3.3)
        light(f"{name} light", "AREA", at, 130.0, WARM, 1.6, (-side * 0.8, 0, -1.0), on=made)


def _far() -> None:
    """Blocks to both ends of the street, and taller ones behind the fronts."""
    near = scenery.hazed(scenery.skyline("Blocks", (0.16, 0.15, 0.14), (2.2, 3.4), (0.55, 0.5), 0.8), 260.0)
    glass = scenery.hazed(scenery.skyline("Towers", (0.08, 0.09, 0.10), (1.5, 3.6), (0.8, 0.66), 0.8), 260.0)
    dice = Random(9)
    for x, y, w, d, h in (
        (0.0, 96, 26, 14, 34), (-26, 84, 22, 16, 26), (27, 88, 24, 16, 42), (0, -74, 40, 14, 24),
        (-30, -66, 20, 14, 40),
        (30, -68, 20, 14, 30),
    ):  # fmt: skip
        box("Block", near, (w, d, h), (x, y, h / 2))
    for k in range(14):
        side = -1 if k % 2 else 1
        wide, tall = dice.uniform(14, 24), dice.uniform(32, 80)
        box(
            "Tower",
            glass if k % 3 else near,
            (wide, wide, tall),
            (side * dice.uniform(34, 60), -40 + 11.0 * k, tall / 2),
        )
    for k in range(6):
        wide, tall = dice.uniform(14, 26), dice.uniform(50, 110)
        box("Tower", glass, (wide, wide, tall), (-70 + 28 * k, 150 + 12 * (k % 3), tall / 2))


def _lamps(iron: Material) -> None:
    post = street_lamp(iron, scenery.glow("Street bulb", SODIUM, 26.0))
    places = [((side * (KERB + 0.5), y + (5.5 if side > 0 else 0.0), 0.15), 0.0 if side < 0 else 180.0, 1.0)
              for y in (-31.0, -17.0, -2.5, 13.0, 29.0, 45.0) for side in (-1, 1)]  # fmt: skip
    for lamp in copies(post, "Street lamp", places):
        side = -1 if lamp.location.x < 0 else 1
        if abs(lamp.location.y) < 35:
            at = (lamp.location.x - side * 1.6, lamp.location.y, 6.2)
            light("Street light", "SPOT", at, 620.0, SODIUM, 0.18, cone=150.0, on=lamp)


def _cars() -> None:
    """Three kinds in three paints, parked along the kerbs, and cabs that drive."""
    glass = materials.plain("Car glass", (0.008, 0.01, 0.012), 0.04)
    rubber = materials.plain("Rubber", (0.012, 0.012, 0.013), 0.7)
    steel = materials.plain("Car steel", (0.55, 0.55, 0.56), 0.25, 1.0)
    plate = materials.plain("Number plate", (0.62, 0.61, 0.56), 0.4)
    front, rear = scenery.glow("Headlamp", (1.0, 0.93, 0.8), 9.0), scenery.glow("Tail lamp", (1.0, 0.03, 0.015), 2.5)
    dull = materials.plain("Lamp glass", (0.42, 0.42, 0.42), 0.08)
    red = materials.plain("Red glass", (0.25, 0.01, 0.01), 0.1)
    dark, pale, bright = (
        Finish(scenery.coat(name, tint), glass, rubber, steel, dull, red, plate)
        for name, tint in (
            ("Car paint", (0.05, 0.07, 0.12)),
            ("Pale car paint", (0.42, 0.41, 0.39)),
            ("Bright car paint", (0.26, 0.03, 0.02)),
        )
    )
    cab = Finish(scenery.coat("Taxi paint", (0.45, 0.24, 0.02)), glass, rubber, steel, front, rear, plate)
    left, right = -KERB + 1.15, KERB - 1.15
    for name, body, finish, places in (
        ("Parked car", SALOON, dark, ((left, 9.5, 181), (right, -18.0, 0), (left, -21.0, 180), (right, 38.0, 0))),
        ("Parked car small", HATCHBACK, bright, ((right, 15.0, 1), (left, 21.5, 179))),
        ("Pale car", HATCHBACK, pale, ((right, 9.0, -1), (left, -15.0, 181))),
        ("Pale car van", VAN, pale, ((left, 15.5, 180), (right, 33.0, 0))),
    ):
        copies(car(body, finish), name, [((x, y, 0.0), turn, 1.0) for x, y, turn in places])
    moving = ((-2.4, 36.0, 0), (2.5, 46.0, 180), (-2.2, 58.0, 0), (2.4, 64.0, 180), (2.3, -30.0, 180))
    copies(car(SALOON, cab), "Moving car", [((x, y, 0.0), turn, 1.0) for x, y, turn in moving])


def _clutter(dice: Random, iron: Material) -> None:
    green = materials.plain("Bin green", (0.02, 0.07, 0.04), 0.4)
    red = materials.plain("Hydrant red", (0.35, 0.03, 0.02), 0.4)
    shape = [(0, 0), (0.24, 0), (0.27, 0.05), (0.27, 0.85), (0.31, 0.87), (0.31, 0.92), (0.16, 1.05), (0, 1.06)]
    spots = [(side * (KERB + 0.9), y, 0.15) for side, y in ((-1, 4.5), (1, 11.0), (-1, 17.0), (1, 27.0))]
    copies(smooth(lathe("Bin", green, shape, 18), 40), "Litter bin", [(at, 0, 1.0) for at in spots])
    body = [
        (0, 0),
        (0.17, 0),
        (0.17, 0.06),
        (0.11, 0.1),
        (0.11, 0.5),
        (0.15, 0.53),
        (0.13, 0.66),
        (0.05, 0.72),
        (0, 0.72),
    ]
    hydrant = [smooth(lathe("Body", red, body, 14), 40), box("Cap", red, (0.36, 0.1, 0.1), (0, 0, 0.42))]
    copies(
        joined(hydrant, "Hydrant"), "Hydrant", [((KERB + 0.6, 5.2, 0.15), 0, 1.0), ((-KERB - 0.6, 12.5, 0.15), 40, 1.0)]
    )
    bollard = smooth(
        lathe("Bollard", iron, [(0, 0), (0.08, 0), (0.07, 0.8), (0.09, 0.85), (0.05, 0.95), (0, 0.96)], 12), 40
    )
    copies(bollard, "Bollard", [((s * (KERB + 0.35), 25.0 + 1.3 * k, 0.15), 0, 1) for k in range(4) for s in (-1, 1)])
    for side in (-1, 1):
        post = [
            smooth(
                tube(
                    "Signal post",
                    iron,
                    [(side * 7.6, 25.2, 0), (side * 7.6, 25.2, 5.2), (side * 5.0, 25.2, 5.4)],
                    0.06,
                    8,
                ),
                50,
            )
        ]
        post.append(bevelled(box("Signal", iron, (0.34, 0.3, 1.0), (side * 5.0, 25.0, 5.0)), 0.03, 1))
        for k, (name, colour) in enumerate(
            (("Go", (0.1, 1.0, 0.4)), ("Wait", (1.0, 0.5, 0.05)), ("Stop", (1.0, 0.06, 0.03)))
        ):
            lens = scenery.glow(f"Signal {name}", colour, 6.0 if name == "Stop" else 0.15)
            post.append(moved(lathe("Lens", lens, [(0, 0), (0.11, 0), (0.09, 0.05), (0, 0.06)], 12), turn=(90, 0, 0),
                              at=(side * 5.0, 24.84, 4.7 + 0.3 * k)))  # fmt: skip
        joined(post, f"Signal {'left' if side < 0 else 'right'}")
    for k in range(5):
        y = 4.0 + 13.0 * k
        sag = [
            (-FRONT + 2 * FRONT * w / 12, y + dice.uniform(-0.1, 0.1), 9.4 - 0.9 * (1 - (w / 6 - 1) ** 2))
            for w in range(13)
        ]
        tube("Cable", iron, sag, 0.018, 4)
