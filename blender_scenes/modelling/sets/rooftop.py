"""The rooftop: tar and gravel behind a parapet, coolers, ducts, a water tower, a stair head; the city all around."""

from __future__ import annotations

from math import cos, pi, sin
from random import Random

import bpy

from .. import materials
from ..shapes import Material, bevelled, box, joined, lathe, moved, prism, smooth, tube
from . import scenery
from .fixtures import copies, light

STREET = -38.0
"""z of the streets below."""


def build() -> None:
    """Model it: the roof reaches from -13 to 13 in x and -16 to 10 in y, clear about the origin."""
    tar = scenery.asphalt("Roofing", (0.10, 0.10, 0.105), 0.25, 0.0)
    brick = materials.masonry(
        "Brick", ((0.24, 0.10, 0.065), (0.17, 0.06, 0.045)), (0.16, 0.15, 0.13), (0.24, 0.08), True
    )
    cap = scenery.wall("Coping", (0.34, 0.33, 0.31), 0.7)
    steel = scenery.wall("Galvanised", (0.30, 0.31, 0.32), 0.7, 2.0, 0.5, 0.1)
    iron = materials.plain("Iron", (0.035, 0.035, 0.037), 0.5, 0.5)
    parts = [box("Roof", tar, (26, 26, 0.4), (0, -3, -0.2))]
    for x, y, w, d in ((0, 10, 26.6, 0.35), (0, -16, 26.6, 0.35), (-13, -3, 0.35, 26), (13, -3, 0.35, 26)):
        parts.append(box("Parapet", brick, (w, d, 1.0), (x, y, 0.5)))
        parts.append(bevelled(box("Coping", cap, (w + 0.12, d + 0.14, 0.12), (x, y, 1.05)), 0.02, 1))
        parts.append(box("Wall below", brick, (w, d, -STREET), (x, y, STREET / 2)))
    for k in range(6):  # seams of the roofing felt
        parts.append(box("Seam", tar, (26, 0.10, 0.012), (0, -14 + 4.1 * k, 0.004)))
    joined(parts, "Roof")
    _stair_head(brick, cap, iron)
    _water_tower(iron)
    _plant(steel, iron, tar)
    _masts(iron)
    _city()
    scenery.quickened()


def _stair_head(brick: Material, cap: Material, iron: Material) -> None:
    door = scenery.wall("Door", (0.06, 0.13, 0.13), 0.8, 1.0, 0.5)
    parts = [
        box("House", brick, (4.4, 3.4, 3.0), (7.6, 7.6, 1.5)),
        box("Roof", cap, (4.8, 3.8, 0.16), (7.6, 7.6, 3.05)),
    ]
    parts.append(bevelled(box("Door", door, (1.0, 0.08, 2.1), (7.0, 5.87, 1.08)), 0.01, 1))
    for end in (-0.56, 0.56):
        parts.append(box("Jamb", iron, (0.1, 0.12, 2.2), (7.0 + end, 5.87, 1.1)))
    parts.append(box("Head", iron, (1.22, 0.12, 0.1), (7.0, 5.87, 2.2)))
    parts.append(box("Handle", iron, (0.14, 0.08, 0.03), (7.35, 5.8, 1.05)))
    parts.append(smooth(tube("Ladder", iron, [(9.2, 5.82, 0), (9.2, 5.82, 4.0)], 0.025, 6), 60))
    parts.append(smooth(tube("Ladder", iron, [(9.6, 5.82, 0), (9.6, 5.82, 4.0)], 0.025, 6), 60))
    parts += [box("Rung", iron, (0.4, 0.03, 0.03), (9.4, 5.82, 0.35 + 0.3 * k)) for k in range(12)]
    joined(parts, "Stair head")
    bulb = scenery.glow("Bulkhead lamp", (1.0, 0.72, 0.4), 20.0)
    lamp = box("Bulkhead", bulb, (0.26, 0.12, 0.16), (7.0, 5.82, 2.5))
    light("Bulkhead light", "POINT", (7.0, 5.55, 2.45), 70.0, (1.0, 0.7, 0.4), 0.08, on=lamp)


def _water_tower(iron: Material) -> None:
    wood = materials.planks("Staves", (0.13, 0.085, 0.055), (1.0, 1.0, 0.06))
    felt = scenery.wall("Tank roof", (0.07, 0.07, 0.072), 0.5)
    tank = [(0, 0), (1.75, 0), (1.72, 0.1), (1.8, 1.6), (1.75, 3.1), (0, 3.1)]
    parts = [moved(smooth(lathe("Tank", wood, tank, 40), 30), at=(0, 0, 3.6))]
    hoop = [(1.80, -0.04), (1.84, -0.04), (1.84, 0.04), (1.80, 0.04)]
    for z in (3.8, 4.2, 4.7, 5.3, 5.9, 6.4):
        parts.append(moved(smooth(lathe("Hoop", iron, hoop, 40), 30), at=(0, 0, z)))
    parts.append(
        moved(smooth(lathe("Cone", felt, [(1.98, 0), (1.95, 0.05), (0.15, 1.15), (0, 1.2)], 40), 30), at=(0, 0, 6.7))
    )
    for k in range(4):
        a = pi / 4 + pi / 2 * k
        parts.append(box("Leg", iron, (0.16, 0.16, 3.5), (1.35 * cos(a), 1.35 * sin(a), 1.75)))
        b = a + pi / 2
        for z0, z1 in ((0.2, 3.3), (3.3, 0.2)):
            ends = [(1.35 * cos(a), 1.35 * sin(a), z0), (1.35 * cos(b), 1.35 * sin(b), z1)]
            parts.append(tube("Brace", iron, ends, 0.03, 5))
    parts += [box("Joist", iron, (3.4, 0.16, 0.2), (0, -1.2 + 0.8 * k, 3.52)) for k in range(4)]
    moved(joined(parts, "Water tower"), at=(-7.6, 6.6, 0))


def _plant(steel: Material, iron: Material, tar: Material) -> None:
    """Coolers, ducts, vents, a skylight, pipes."""
    dark = materials.plain("Louvre shade", (0.02, 0.02, 0.022), 0.6)
    parts = [bevelled(box("Cabinet", steel, (2.2, 1.3, 1.25), (0, 0, 0.85)), 0.03, 1)]
    parts += [box("Louvre", dark, (1.9, 0.03, 0.05), (0, -0.66, 0.42 + 0.1 * k)) for k in range(9)]
    for x in (-0.52, 0.52):
        ring = [(0.40, 0), (0.44, 0), (0.44, 0.14), (0.40, 0.14)]
        parts.append(moved(smooth(lathe("Cowl", steel, ring, 24), 40), at=(x, 0, 1.48)))
        parts.append(moved(lathe("Fan well", dark, [(0, 0.0), (0.40, 0.0)], 24), at=(x, 0, 1.5)))
        parts += [box("Blade", iron, (0.72, 0.10, 0.015), (x, 0, 1.55), (14, 0, 60 * k)) for k in range(3)]
    parts += [box("Skid", iron, (2.3, 0.1, 0.2), (0, y, 0.1)) for y in (-0.5, 0.5)]
    spots = (
        (-1.8, 6.8, 3, 1.0),
        (1.4, 7.6, -2, 1.0),
        (-10.6, 0.5, 88, 1.1),
        (10.6, -1.0, -92, 1.0),
        (-9.5, -10.5, 80, 1.0),
    )
    copies(joined(parts, "Cooler"), "Cooler", [((x, y, 0.0), turn, size) for x, y, turn, size in spots])
    cowl = [(0, 0), (0.16, 0), (0.16, 0.5), (0.30, 0.55), (0.30, 0.72), (0.12, 0.86), (0, 0.88)]
    vents = [
        ((-4.3, 4.6, 0), 0, 1.0),
        ((4.6, 4.0, 0), 0, 0.8),
        ((-6.4, -3.2, 0), 0, 1.1),
        ((6.6, -6.5, 0), 0, 0.9),
        ((3.3, 8.6, 0), 0, 1.3),
        ((-6.0, 2.4, 0), 0, 0.7),
    ]
    copies(smooth(lathe("Vent", steel, cowl, 20), 40), "Vent", vents)
    duct = [
        bevelled(box("Duct", steel, (9.0, 0.7, 0.55), (-0.3, 9.0, 0.75)), 0.02, 1),
        bevelled(box("Elbow", steel, (0.7, 0.75, 1.3), (4.4, 9.0, 0.4)), 0.02, 1),
    ]
    duct += [box("Flange", steel, (0.05, 0.78, 0.63), (-4.2 + 1.3 * k, 9.0, 0.75)) for k in range(7)]
    duct += [box("Stand", iron, (0.06, 0.6, 0.5), (-4.0 + 2.6 * k, 9.0, 0.24)) for k in range(4)]
    joined(duct, "Duct")
    glass = scenery.panes("Skylight", strength=1.6)
    hip = prism("Glazing", glass, [(-1.0, 0.35), (1.0, 0.35), (0.0, 1.05)], 3.2)
    sky = [
        moved(hip, turn=(90, 0, 0), at=(0, 3.2, 0)),
        bevelled(box("Curb", tar, (2.2, 3.4, 0.36), (0, 1.6, 0.18)), 0.02, 1),
    ]
    sky += [
        tube("Bar", iron, [(s * 1.0, 3.2 * k / 4, 0.36), (0, 3.2 * k / 4, 1.07)], 0.03, 5)
        for s in (-1, 1)
        for k in range(5)
    ]
    moved(joined(sky, "Skylight"), at=(-9.4, 3.0, 0), turn=(0, 0, 0))
    pipes = []
    for k in range(3):
        y = 5.2 + 0.22 * k
        pipes.append(
            smooth(
                tube(
                    "Pipe",
                    steel,
                    [(-12.5, y, 0.22), (-5.6, y, 0.22), (-5.4, y + 0.2, 0.22), (-5.4, 9.8, 0.22)],
                    0.06,
                    8,
                ),
                60,
            )
        )
    pipes += [box("Sleeper", iron, (0.14, 0.9, 0.15), (-12 + 1.6 * k, 5.42, 0.08)) for k in range(5)]
    joined(pipes, "Pipes")


def _masts(iron: Material) -> None:
    red = scenery.glow("Beacon", (1.0, 0.04, 0.02), 30.0)
    mast = [tube("Mast", iron, [(10.8, 8.6, 3), (10.8, 8.6, 10.5)], 0.05, 6)]
    mast += [
        tube("Yard", iron, [(10.0 + 0.08 * k, 8.6, 9.9 - 0.5 * k), (11.6 - 0.08 * k, 8.6, 9.9 - 0.5 * k)], 0.015, 4)
        for k in range(6)
    ]
    mast.append(moved(lathe("Beacon", red, [(0, 0), (0.09, 0.03), (0.09, 0.16), (0, 0.2)], 12), at=(10.8, 8.6, 10.5)))
    joined(mast, "Mast")
    dish = [(0.0, 0.0), (0.2, 0.03), (0.36, 0.10), (0.45, 0.17), (0.44, 0.18), (0.2, 0.05), (0, 0.02)]
    pale = materials.plain("Dish", (0.5, 0.5, 0.48), 0.5)
    parts = [
        moved(smooth(lathe("Dish", pale, dish, 24), 60), turn=(60, 0, 20), at=(0, 0, 0.7)),
        tube("Foot", iron, [(0, 0, 0), (0, 0, 0.72)], 0.04, 6),
    ]
    copies(
        joined(parts, "Dish"),
        "Dish",
        [((5.6, 9.3, 0), 0, 1), ((-3.0, 9.3, 1.0), 30, 0.8), ((12.2, 3.5, 0), 60, 1), ((-12.3, -6, 0), -70, 1)],
    )
    bulb = scenery.glow("Festoon bulb", (1.0, 0.68, 0.34), 14.0)
    cable = [(-5.8 + 11.0 * w / 24, 5.6 + 0.4 * w / 24, 4.3 - 0.9 * (1 - (w / 12 - 1) ** 2)) for w in range(25)]
    parts = [tube("Festoon", iron, cable, 0.012, 4)]
    parts += [
        moved(lathe("Bulb", bulb, [(0, 0), (0.05, 0.04), (0.03, 0.1), (0, 0.12)], 8), at=(x, y, z - 0.13))
        for x, y, z in cable[1::2]
    ]
    festoon = joined(parts, "Festoon")
    for x in (-3.5, 0.0, 3.3):
        light("Festoon light", "POINT", (x, 5.7, 3.4), 32.0, (1.0, 0.68, 0.36), 0.3, on=festoon)


def _city() -> None:
    """Houses of five kinds all around, from the neighbours' roofs to a hazy skyline."""
    dice = Random(17)
    walls = [
        scenery.hazed(scenery.skyline("Old fronts", (0.24, 0.17, 0.13), (2.3, 3.3), (0.48, 0.5), 1.0), 420.0),
        scenery.hazed(scenery.skyline("Stone fronts", (0.30, 0.28, 0.25), (2.8, 3.5), (0.55, 0.55), 1.0), 420.0),
        scenery.hazed(scenery.skyline("Glass fronts", (0.10, 0.115, 0.13), (1.6, 3.7), (0.86, 0.72), 1.0), 420.0),
    ]
    roof = scenery.hazed(scenery.wall("Far roofs", (0.12, 0.12, 0.125), 0.4), 420.0)
    kinds: list[bpy.types.Object] = []
    for n, (w, d, h, tiers) in enumerate(
        ((17, 15, 30, 1), (20, 20, 44, 2), (15, 18, 58, 2), (24, 22, 84, 3), (19, 19, 118, 3), (26, 17, 36, 1))
    ):
        parts, z = [], 0.0
        for t in range(tiers):
            share = 1.0 - 0.22 * t
            high = h * (0.62 if t == 0 and tiers > 1 else 0.38 / max(tiers - 1, 1)) if tiers > 1 else h
            parts.append(
                box("Tier", walls[(n + (1 if h > 60 else 0)) % 3], (w * share, d * share, high), (0, 0, z + high / 2))
            )
            z += high
            parts.append(box("Coping", roof, (w * share + 0.4, d * share + 0.4, 0.9), (0, 0, z)))
        parts.append(box("Plant room", roof, (w * 0.35, d * 0.3, 4), (w * 0.1, d * 0.1, z + 2)))
        if n % 2:
            tank = lathe("Tank", roof, [(0, 0), (1.9, 0), (1.9, 3.2), (0, 4.6)], 12)
            parts.append(moved(tank, at=(-w * 0.18, -d * 0.1, z + 2)))
        if h > 80:
            parts.append(tube("Spire", roof, [(0, 0, z), (0, 0, z + 18)], lambda way: 0.5 - 0.4 * way, 6))
        kinds.append(joined(parts, f"House kind {n}"))
    rows: list[list[tuple[tuple[float, float, float], float, float]]] = [[] for _ in kinds]
    for k in range(150):
        ring = k // 15
        a = 2 * pi * (k % 15 + 0.5 * (ring % 2)) / 15 + dice.uniform(-0.12, 0.12)
        far = 40.0 * 1.28**ring * dice.uniform(0.92, 1.08)
        kind = dice.choice((0, 0, 1, 5, 5) if ring < 2 else (0, 1, 2, 2, 3, 5) if ring < 5 else (1, 2, 3, 3, 4, 4))
        drop = STREET - (dice.uniform(0, 8) if ring < 2 else 0)
        rows[kind].append(
            (
                (far * cos(a), far * sin(a) - 3, drop),
                90.0 * dice.randint(0, 3) + dice.uniform(-4, 4),
                dice.uniform(0.85, 1.2),
            )
        )
    for kind, places in zip(kinds, rows, strict=True):
        copies(kind, kind.name.replace("kind", "like"), places)
    box("Streets", roof, (1600, 1600, 1), (0, 0, STREET - 9))
    for k in range(10):  # street lights far below, for the night
        bulb = scenery.glow(f"Avenue {k % 2}", (1.0, 0.6, 0.25), 8.0)
        a = 2 * pi * k / 10
        parts = [
            box("Dot", bulb, (0.5, 0.5, 0.5), (cos(a) * (24 + 9 * j), sin(a) * (24 + 9 * j) - 3, STREET + 4))
            for j in range(14)
        ]
        joined(parts, f"Avenue {k}")
