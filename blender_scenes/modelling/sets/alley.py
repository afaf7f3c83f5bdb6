"""The alley: brick fronts on all sides with windows, doors, drain pipes, a fire escape, bins, lamps, wet asphalt."""

from __future__ import annotations

from random import Random

import bpy

from .. import materials
from ..shapes import Material, bevelled, box, joined, lathe, moved, rock, smooth, tube
from . import scenery
from .fixtures import copies, light

FRONT = 4.6
"""y of the back front; the sides stand at x = ±8."""


def build() -> None:
    """Model it: clear about the origin."""
    asphalt = scenery.asphalt("Asphalt", (0.062, 0.062, 0.066), 0.45)
    red = scenery.brickwork("Brick", ((0.27, 0.085, 0.045), (0.16, 0.05, 0.035)), (0.22, 0.20, 0.17), 0.65)
    pale = scenery.brickwork("Pale brick", ((0.33, 0.27, 0.19), (0.24, 0.19, 0.13)), (0.15, 0.13, 0.11), 0.65)
    stone = scenery.wall("Sill", (0.36, 0.34, 0.30), 0.8)
    iron = materials.stone("Iron", (0.045, 0.05, 0.052), 4.0)
    glass = scenery.panes("Panes")
    door = materials.planks("Door", (0.05, 0.12, 0.10), (1.0, 1.0, 0.1))
    bin_paint = scenery.wall("Bin", (0.03, 0.13, 0.07), 0.9, 2.0, 0.6)
    bulb = scenery.glow("Bulb", (1.0, 0.7, 0.35), 30.0)
    box("Ground", asphalt, (64, 64, 0.1), (0, 0, -0.05))
    bevelled(box("Kerb", stone, (16, 1.3, 0.16), (0, FRONT - 0.5, 0.06)), 0.02, 1)
    parts = (stone, iron, glass, door)
    joined(_front(red, 6, parts, FRONT, 16.4), "Front")
    for side, brick in ((-1, pale), (1, red)):
        for y in (-2.6, -17.6):
            wing = joined(_front(brick, 5, parts, 0.0, 15.0), "Wing")
            moved(wing, turn=(0, 0, -side * 90), at=(side * 8.2, y, 0))
    moved(joined(_front(pale, 6, parts, 0.0, 16.4), "End"), turn=(0, 0, 180), at=(0, -25.2, 0))
    _fire_escape(iron)
    _fixed(iron, stone)
    joined(list(bpy.context.scene.objects), "Houses")
    _lamps(iron, bulb)
    _clutter(bin_paint, iron)
    scenery.quickened()


def _front(
    brick: Material, columns: int, parts: tuple[Material, ...], y: float, length: float
) -> list[bpy.types.Object]:
    """A house front along X, seen from -Y: brick, rows of sash windows, doors, a cornice, drain pipes."""
    stone, iron, glass, door = parts
    things = [box("Wall", brick, (length, 0.5, 10.0), (0, y + 0.25, 5.0))]
    things.append(bevelled(box("Plinth", stone, (length, 0.12, 0.5), (0, y - 0.02, 0.25)), 0.02, 1))
    for z in (3.35, 9.8):
        things.append(bevelled(box("Band", stone, (length, 0.22, 0.2), (0, y - 0.04, z)), 0.03, 1))
    pitch = length / columns
    for i in range(columns):
        x = (i + 0.5 - columns / 2) * pitch
        for floor, z in enumerate((1.9, 5.0, 7.9)):
            if floor == 0 and i % 3 == 1:
                things.append(bevelled(box("Door", door, (1.15, 0.1, 2.3), (x, y - 0.02, 1.15)), 0.015, 1))
                things.append(bevelled(box("Surround", stone, (1.5, 0.16, 0.22), (x, y - 0.05, 2.42)), 0.02, 1))
                for end in (-0.66, 0.66):
                    things.append(bevelled(box("Jamb", stone, (0.16, 0.14, 2.4), (x + end, y - 0.04, 1.2)), 0.02, 1))
                things.append(bevelled(box("Step", stone, (1.6, 0.5, 0.18), (x, y - 0.25, 0.09)), 0.02, 1))
                continue
            things.append(box("Pane", glass, (1.0, 0.06, 1.5), (x, y - 0.005, z)))
            for px, pz, w, h in (
                (0, 0.77, 1.16, 0.09),
                (0, 0.0, 1.1, 0.06),
                (-0.53, 0, 0.09, 1.6),
                (0.53, 0, 0.09, 1.6),
                (0, 0, 0.05, 1.5),
            ):
                things.append(box("Frame", stone, (w, 0.10, h), (x + px, y - 0.03, z + pz)))
            things.append(bevelled(box("Sill", stone, (1.4, 0.26, 0.12), (x, y - 0.09, z - 0.84)), 0.02, 1))
            things.append(bevelled(box("Head", stone, (1.35, 0.14, 0.24), (x, y - 0.05, z + 0.93)), 0.02, 1))
    for x in (-length / 2 + pitch, pitch):
        pipe = [(x, y - 0.14, 0.1), (x, y - 0.14, 9.4), (x + 0.12, y - 0.1, 9.7)]
        things.append(smooth(tube("Drain pipe", iron, pipe, 0.065, 8), 50))
        for z in (0.9, 3.0, 5.6, 8.2):
            things.append(box("Bracket", iron, (0.2, 0.16, 0.06), (x, y - 0.1, z)))
    return things


def _fire_escape(iron: Material) -> None:
    """Two landings with rails and a slanting ladder on the back front."""
    left, right, out = 0.6, 4.6, FRONT - 1.2
    for z in (3.9, 6.8):
        for k in range(9):
            box("Grate", iron, (right - left, 0.06, 0.04), ((left + right) / 2, FRONT - 0.08 - 0.14 * k, z))
        for end in (left, right):
            box("Bearer", iron, (0.06, 1.25, 0.08), (end, FRONT - 0.6, z - 0.05))
            tube("Stay", iron, [(end, FRONT, z - 0.9), (end, out + 0.1, z - 0.05)], 0.025, 5)
        for rail in (0.5, 1.0):
            path = [(left, FRONT, z + rail), (left, out, z + rail), (right, out, z + rail), (right, FRONT, z + rail)]
            tube("Rail", iron, path, 0.022, 5)
        for k in range(9):
            x = left + (right - left) * k / 8
            tube("Baluster", iron, [(x, out, z), (x, out, z + 1.0)], 0.014, 4)
    for side in (0.0, 0.5):
        tube("String", iron, [(left + 0.5, out + 0.2 + side, 3.95), (right - 0.6, out + 0.2 + side, 6.8)], 0.03, 5)
    for k in range(12):
        w = (k + 0.5) / 12
        box("Tread", iron, (0.22, 0.5, 0.03), (left + 0.5 + (right - left - 1.1) * w, out + 0.45, 3.95 + 2.85 * w))


def _fixed(iron: Material, stone: Material) -> None:
    """Coolers on the wall and cables across the alley."""
    for x, z in ((-6.6, 4.2), (-1.3, 6.9)):
        bevelled(box("Cooler", stone, (0.9, 0.5, 0.65), (x, FRONT - 0.25, z)), 0.03, 1)
        rim = [(0.27, 0), (0.27, 0.03), (0.22, 0.03), (0.22, 0)]
        moved(smooth(lathe("Fan", iron, rim, 20), 40), turn=(90, 0, 0), at=(x, FRONT - 0.5, z))
    for k, z in enumerate((5.9, 6.2, 8.7)):
        sag = [(-8.1 + 16.2 * w / 12, 3.0 - 1.2 * k + 0.1 * w, z - 0.6 * (1 - (w / 6 - 1) ** 2)) for w in range(13)]
        tube("Cable", iron, sag, 0.014, 4)


def _lamps(iron: Material, bulb: Material) -> None:
    """Shaded lamps on brackets over the doors and along the wings."""
    spots = ((-2.2, FRONT, 0.0), (5.6, FRONT, 0.0), (-8.2, -4.0, 90.0), (8.2, -8.5, -90.0), (8.2, -0.5, -90.0))
    for number, (x, y, turn) in enumerate(spots, start=1):
        parts = [smooth(tube("Arm", iron, [(0, 0, 3.7), (0, -0.35, 3.85), (0, -0.6, 3.7)], 0.03, 6), 60)]
        shade = smooth(lathe("Shade", iron, [(0.05, 0.12), (0.24, 0.0), (0.22, 0.0), (0.04, 0.10)], 20), 50)
        glow = smooth(lathe("Bulb", bulb, [(0, -0.05), (0.06, -0.02), (0.06, 0.03), (0, 0.06)], 12), 60)
        parts += [moved(shade, at=(0, -0.6, 3.58)), moved(glow, at=(0, -0.6, 3.58))]
        lamp = moved(joined(parts, f"Wall lamp {number}"), turn=(0, 0, turn), at=(x, y, 0))
        out = {0.0: (0.0, -0.6), 90.0: (0.6, 0.0), -90.0: (-0.6, 0.0)}[turn]
        at = (x + out[0], y + out[1], 3.5)
        light(f"Wall light {number}", "SPOT", at, 330.0, (1.0, 0.68, 0.36), 0.07, cone=155.0, on=lamp)


def _clutter(paint: Material, iron: Material) -> None:
    """What stands about: bins, pallets, boxes, sacks, crates, a drain."""
    dice = Random(3)
    for number, (x, y, turn) in enumerate(((-4.9, 3.7, 3.0), (6.4, 2.4, -80.0), (-7.1, -7.5, 88.0)), start=1):
        things = [bevelled(box("Bin", paint, (1.7, 0.95, 1.0), (0, 0, 0.68)), 0.03, 1)]
        things.append(bevelled(box("Lid", iron, (1.76, 1.05, 0.08), (0, 0, 1.24), (6, 0, 0)), 0.02, 1))
        things += [bevelled(box("Rib", paint, (0.08, 1.02, 0.9), (dx, 0, 0.68)), 0.01, 1) for dx in (-0.55, 0.0, 0.55)]
        things += [box("Wheel", iron, (0.08, 0.16, 0.16), (dx, dy, 0.1)) for dx in (-0.7, 0.7) for dy in (-0.36, 0.36)]
        moved(joined(things, f"Bin {number}"), turn=(0, 0, turn), at=(x, y, 0))
    card = scenery.wall("Cardboard", (0.30, 0.19, 0.10), 0.5, 2.0)
    tape = materials.plain("Tape", (0.35, 0.27, 0.16), 0.3)
    for number, (x, y, s) in enumerate(
        ((-2.9, 4.0, 0.5), (-3.3, 4.15, 0.36), (3.5, 3.9, 0.55), (6.9, -1.2, 0.6), (-7.2, 0.6, 0.5), (-6.9, 1.3, 0.38)),
        start=1,
    ):
        body = [bevelled(box("Box", card, (s * 1.2, s, s * 0.8), (0, 0, s * 0.4)), 0.008, 1)]
        body.append(box("Tape", tape, (s * 0.12, s * 1.005, s * 0.806), (0, 0, s * 0.4)))
        body += [
            box("Flap", card, (s * 0.56, s * 0.4, 0.008), (s * 0.3, e * s * 0.66, s * 0.85), (e * 35, 0, 0))
            for e in (-1, 1)
        ]
        moved(joined(body, f"Carton {number}"), turn=(0, 0, dice.uniform(0, 360)), at=(x, y, 0))
    plastic = materials.plain("Sack", (0.012, 0.012, 0.014), 0.25)
    for number, (x, y, s) in enumerate(
        ((-6.3, 3.4, 0.75), (-6.0, 2.7, 0.6), (6.9, 3.8, 0.7), (7.3, -3.4, 0.65), (-7.4, -2.6, 0.7)), start=1
    ):
        sack = [rock("Sack", plastic, (s, s, s * 0.95), (0, 0, s * 0.36), 2.2 * number, 4)]
        sack.append(lathe("Knot", plastic, [(0, s * 0.72), (0.03, s * 0.74), (0.09, s * 0.9), (0, s * 0.84)], 7))
        moved(joined(sack, f"Sack {number}"), at=(x, y, 0))
    wood = materials.planks("Pallet wood", (0.22, 0.15, 0.09), (0.1, 1.0, 1.0))
    slats = [box("Slat", wood, (1.2, 0.1, 0.022), (0, -0.36 + 0.18 * k, 0.13)) for k in range(5)]
    slats += [box("Block", wood, (0.1, 0.82, 0.11), (dx, 0, 0.06)) for dx in (-0.55, 0.0, 0.55)]
    copies(
        joined(slats, "Pallet"),
        "Pallet",
        [((1.6, 3.9, 0.0), 6, 1), ((1.6, 3.9, 0.145), 11, 1), ((-7.2, -5.2, 0), 90, 1)],
    )
    grate = [box("Bar", iron, (0.5, 0.03, 0.02), (0, -0.2 + 0.08 * k, 0.006)) for k in range(6)]
    copies(joined(grate, "Drain"), "Drain", [((2.9, 1.4, 0.0), 0, 1), ((-1.4, -5.0, 0.0), 20, 1)])
