"""The alley: brick fronts on three sides with windows, doors, drain pipes, a fire escape, bins, lamps, wet asphalt."""

from __future__ import annotations

import bpy

from . import materials
from .shapes import Material, bevelled, box, joined, lathe, moved, smooth, tube, whole

FRONT = 4.6
"""y of the back front; the sides stand at x = ±8."""


def build() -> None:
    """Model it: clear about the origin."""
    asphalt = materials.wet_ground("Asphalt", (0.075, 0.075, 0.08))
    red = materials.masonry(
        "Brick", ((0.27, 0.085, 0.045), (0.16, 0.05, 0.035)), (0.22, 0.20, 0.17), (0.24, 0.08), True
    )
    pale = materials.masonry(
        "Pale brick", ((0.33, 0.27, 0.19), (0.24, 0.19, 0.13)), (0.15, 0.13, 0.11), (0.24, 0.08), True
    )
    stone = materials.stone("Sill", (0.36, 0.34, 0.30), 3.0)
    iron = materials.stone("Iron", (0.045, 0.05, 0.052), 4.0)
    glass = materials.plain("Panes", (0.018, 0.026, 0.032), 0.05)
    lit = materials.lamp("Lit pane", (1.0, 0.62, 0.26), 1.6)
    door = materials.planks("Door", (0.05, 0.12, 0.10), (1.0, 1.0, 0.1))
    bin_paint = materials.stone("Bin", (0.03, 0.13, 0.07), 3.0)
    bulb = materials.lamp("Bulb", (1.0, 0.7, 0.35), 30.0)
    box("Ground", asphalt, (64, 64, 0.1), (0, 0, -0.05))
    bevelled(box("Kerb", stone, (16, 1.3, 0.16), (0, FRONT - 0.5, 0.06)), 0.02, 1)
    parts = (stone, iron, glass, lit, door)
    joined(_front(red, 6, parts, FRONT, 16.4), "Front")
    for side, brick in ((-1, pale), (1, pale)):
        wing = joined(_front(brick, 5, parts, 0.0, 15.0), "Wing")
        moved(wing, turn=(0, 0, -side * 90), at=(side * 8.2, -2.6, 0))
    _fire_escape(iron)
    _clutter(iron, bin_paint, bulb, stone)
    whole("Alley")


def _front(
    brick: Material, columns: int, parts: tuple[Material, ...], y: float, length: float
) -> list[bpy.types.Object]:
    """A house front along X, seen from -Y: brick, rows of sash windows, doors, a cornice, drain pipes."""
    stone, iron, glass, lit, door = parts
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
            pane = lit if (i * 2 + floor * 3) % 7 == 3 else glass
            things.append(box("Pane", pane, (1.0, 0.06, 1.5), (x, y - 0.005, z)))
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


def _clutter(iron: Material, paint: Material, bulb: Material, stone: Material) -> None:
    for x, y, turn in ((-4.9, 3.7, 3.0), (6.4, 2.4, -80.0)):
        things = [bevelled(box("Bin", paint, (1.7, 0.95, 1.0), (0, 0, 0.68)), 0.03, 1)]
        things.append(bevelled(box("Lid", iron, (1.76, 1.05, 0.08), (0, 0, 1.24), (6, 0, 0)), 0.02, 1))
        things += [bevelled(box("Rib", paint, (0.08, 1.02, 0.9), (dx, 0, 0.68)), 0.01, 1) for dx in (-0.55, 0.0, 0.55)]
        moved(joined(things, "Bin"), turn=(0, 0, turn), at=(x, y, 0))
    for x in (-2.2, 5.6):
        smooth(tube("Arm", iron, [(x, FRONT, 3.7), (x, FRONT - 0.35, 3.85), (x, FRONT - 0.6, 3.7)], 0.03, 6), 60)
        moved(
            smooth(lathe("Shade", iron, [(0.05, 0.12), (0.24, 0.0), (0.22, 0.0), (0.04, 0.10)], 20), 50),
            at=(x, FRONT - 0.6, 3.58),
        )
        moved(
            smooth(lathe("Bulb", bulb, [(0, -0.05), (0.06, -0.02), (0.06, 0.03), (0, 0.06)], 12), 60),
            at=(x, FRONT - 0.6, 3.58),
        )
    for x, z in ((-6.6, 4.2), (-1.3, 6.9)):
        bevelled(box("Cooler", stone, (0.9, 0.5, 0.65), (x, FRONT - 0.25, z)), 0.03, 1)
        rim = [(0.27, 0), (0.27, 0.03), (0.22, 0.03), (0.22, 0)]
        moved(smooth(lathe("Fan", iron, rim, 20), 40), turn=(90, 0, 0), at=(x, FRONT - 0.5, z))
    for k, z in enumerate((5.9, 6.2, 8.7)):
        sag = [(-8.1 + 16.2 * w / 12, 3.0 - 1.2 * k + 0.1 * w, z - 0.6 * (1 - (w / 6 - 1) ** 2)) for w in range(13)]
        tube("Cable", iron, sag, 0.014, 4)
