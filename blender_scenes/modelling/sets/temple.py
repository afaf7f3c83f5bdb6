"""The temple: a hall of fluted columns, light through a well in its roof and slits, a bronze sun, braziers, banners."""

from __future__ import annotations

from itertools import pairwise
from math import cos, pi, sin
from random import Random

import bmesh
import bpy

from .. import materials
from ..shapes import Material, add, bevelled, box, joined, lathe, moved, rock, smooth
from . import scenery
from .fixtures import braziers, copies

WIDE, HIGH, BACK, ENTRY = 10.5, 9.0, 13.0, -21.0
"""Half width, height, y of the back and of the front wall."""


def build() -> None:
    """Model it: the nave is clear between columns at x = ±5.6; the dais begins at y = 7."""
    floor = scenery.marble("Floor", (0.34, 0.29, 0.23), (0.12, 0.09, 0.07))
    block = materials.masonry(
        "Blocks", ((0.36, 0.29, 0.21), (0.29, 0.23, 0.165)), (0.10, 0.08, 0.06), (1.5, 0.75), True
    )
    stone = scenery.wall("Stone", (0.40, 0.33, 0.245), 0.4)
    dark = scenery.wall("Ceiling stone", (0.19, 0.155, 0.12), 0.3)
    gold = materials.metal("Bronze", (0.52, 0.31, 0.11), 0.32, 0.45, (0.85, 0.62, 0.3))
    _shell(floor, block, stone, dark)
    _columns(stone)
    _dais(stone, floor, gold)
    spots = ((-4.6, 6.2, 0.0), (4.6, 6.2, 0.0), (-4.6, 10.6, 2.15), (4.6, 10.6, 2.15))
    aisles = ((-7.6, -1.8, 0.0), (7.6, -1.8, 0.0), (-7.4, -10.5, 0.0), (7.4, -10.5, 0.0))
    braziers(gold, [(at, 35.0 * k, 1.0) for k, at in enumerate((*spots, *aisles))])
    _banners(gold)
    dice = Random(4)
    for k in range(9):
        size, side = dice.uniform(0.25, 0.75), dice.choice((-1, 1))
        at = (side * dice.uniform(6.8, 9.8), dice.uniform(-10, 10), size * 0.2)
        rock(f"Rubble {k}", stone, (size * 1.3, size, size * 0.8), at, 1.7 * k, 2)
    jar = [
        (0, 0),
        (0.16, 0),
        (0.2, 0.06),
        (0.34, 0.42),
        (0.33, 0.62),
        (0.17, 0.86),
        (0.16, 0.94),
        (0.23, 1.0),
        (0.12, 0.95),
        (0, 0.9),
    ]
    clay = materials.stone("Clay", (0.30, 0.13, 0.07), 6.0)
    places = [
        ((s * 7.2, y, 0), 40 * y, 0.7 + 0.1 * (k % 4))
        for k, (s, y) in enumerate(((-1, 3.4), (-1, 4.1), (1, 5.2), (1, 1.2), (-1, -3), (1, 8.7)))
    ]
    copies(smooth(lathe("Jar", clay, jar, 20), 60), "Jar", places)
    scenery.quickened()


def _shell(floor: Material, block: Material, stone: Material, dark: Material) -> None:
    deep = BACK - ENTRY
    middle = (BACK + ENTRY) / 2
    parts = [box("Floor", floor, (2 * WIDE + 2, deep + 2, 0.3), (0, middle, -0.15))]
    parts.append(box("Court", block, (90, 60, 0.2), (0, ENTRY - 30, -0.12)))
    parts.append(box("Back", block, (2 * WIDE, 0.8, HIGH), (0, BACK + 0.4, HIGH / 2)))
    for side in (-1, 1):  # side walls with slits between piers under the ceiling
        x = side * (WIDE + 0.4)
        parts.append(box("Side", block, (0.8, deep, 5.4), (x, middle, 2.7)))
        parts.append(box("Side", block, (0.8, deep, 1.3), (x, middle, HIGH - 0.65)))
        for k in range(9):
            parts.append(box("Pier", block, (0.8, 3.0, 2.6), (x, ENTRY + 1.5 + 4.2 * k, 6.4)))
            parts.append(
                bevelled(
                    box("Pilaster", stone, (0.3, 0.9, HIGH), (side * (WIDE - 0.1), ENTRY + 2.1 + 4.2 * k, HIGH / 2)),
                    0.03,
                    1,
                )
            )
        parts.append(box("Frieze", stone, (0.25, deep, 0.5), (side * (WIDE - 0.1), middle, 5.0)))
        parts.append(box("Door wall", block, (WIDE - 3.2, 0.8, HIGH), (side * (WIDE + 3.2) / 2, ENTRY, HIGH / 2)))
    parts.append(box("Lintel wall", block, (6.6, 0.8, 2.2), (0, ENTRY, HIGH - 1.1)))
    # The ceiling leaves a well of 3.6 m x 5 m over the nave.
    hole = (-1.8, 1.8, -1.0, 4.0)
    for x0, x1, y0, y1 in (
        (-WIDE, hole[0], ENTRY, BACK), (hole[1], WIDE, ENTRY, BACK), (hole[0], hole[1], ENTRY, hole[2]),
        (hole[0], hole[1], hole[3], BACK),
    ):  # fmt: skip
        parts.append(box("Ceiling", dark, (x1 - x0, y1 - y0, 0.5), ((x0 + x1) / 2, (y0 + y1) / 2, HIGH + 0.25)))
    for k in range(9):
        y = ENTRY + 2.1 + 4.2 * k
        if not hole[2] - 0.3 < y < hole[3] + 0.3:
            parts.append(bevelled(box("Beam", dark, (2 * WIDE, 0.6, 0.6), (0, y, HIGH - 0.3)), 0.04, 1))
    for x in (-8.2, -5.6, -1.95, 1.95, 5.6, 8.2):
        parts.append(bevelled(box("Purlin", dark, (0.5, deep, 0.45), (x, middle, HIGH - 0.23)), 0.04, 1))
    joined(parts, "Hall")


def _columns(stone: Material) -> None:
    base = [(0.0, 0.0), (0.86, 0.0), (0.86, 0.22), (0.74, 0.26), (0.80, 0.36), (0.74, 0.46), (0.66, 0.5)]
    head = [(0.55, 7.2), (0.62, 7.26), (0.56, 7.32), (0.60, 7.4), (0.86, 7.75), (0.88, 7.85), (0.0, 7.85)]
    parts = [smooth(lathe("Base", stone, base, 32), 40), smooth(lathe("Capital", stone, head, 32), 40), _shaft(stone)]
    parts.append(bevelled(box("Abacus", stone, (1.9, 1.9, 0.35), (0, 0, 8.02)), 0.04, 1))
    parts.append(bevelled(box("Bearing", stone, (1.3, 1.3, 0.9), (0, 0, 8.5)), 0.04, 1))
    places = [((side * 5.6, -18.9 + 4.2 * k, 0.0), 90.0 * (k % 4), 1.0) for k in range(8) for side in (-1, 1)]
    copies(joined(parts, "Column"), "Column", places)


def _shaft(stone: Material) -> bpy.types.Object:
    build = bmesh.new()
    rings = []
    for level in range(19):
        way = level / 18
        radius = 0.64 - 0.10 * way**1.7
        corners = []
        for i in range(80):
            a = 2 * pi * i / 80
            r = radius - 0.045 * (0.5 - 0.5 * cos(20 * a)) ** 0.6 * min(1.0, 10 * way, 10 * (1 - way))
            corners.append(build.verts.new((r * cos(a), r * sin(a), 0.46 + 6.78 * way)))
        rings.append(corners)
    for lower, upper in pairwise(rings):
        for i in range(80):
            build.faces.new((lower[i], lower[(i + 1) % 80], upper[(i + 1) % 80], upper[i]))
    return smooth(add(build, "Shaft", stone), 50)


def _dais(stone: Material, floor: Material, gold: Material) -> None:
    parts = []
    for k in range(4):
        size = (11.0 - 0.9 * k, 6.4 - 0.45 * k, 0.24)
        parts.append(
            bevelled(box("Step", stone if k < 3 else floor, size, (0, BACK - size[1] / 2, 0.12 + 0.24 * k)), 0.02, 1)
        )
    parts.append(bevelled(box("Altar", stone, (2.6, 1.0, 0.9), (0, 9.4, 1.4)), 0.05, 2))
    parts.append(bevelled(box("Altar top", floor, (2.9, 1.3, 0.16), (0, 9.4, 1.92)), 0.03, 2))
    for side in (-1, 1):
        parts.append(bevelled(box("Niche pier", stone, (1.1, 1.0, 7.4), (side * 3.6, BACK - 0.5, 3.7)), 0.05, 1))
        parts.append(bevelled(box("Plinth", stone, (1.5, 1.5, 1.3), (side * 4.6, 10.6, 1.5)), 0.05, 1))
    parts.append(bevelled(box("Niche lintel", stone, (9.4, 1.2, 0.8), (0, BACK - 0.6, 7.7)), 0.05, 1))
    rim = [(0.0, 0.0), (0.95, 0.0), (1.05, 0.12), (1.15, 0.12), (1.2, 0.0), (1.25, -0.08), (0.0, -0.08)]
    sun = [moved(smooth(lathe("Disc", gold, rim, 48), 40), turn=(90, 0, 0), at=(0, BACK - 0.35, 4.9))]
    for k in range(24):
        a, long = 2 * pi * k / 24, 1.05 if k % 2 else 0.7
        at = (cos(a) * (1.3 + long / 2), BACK - 0.3, 4.9 + sin(a) * (1.3 + long / 2))
        sun.append(bevelled(box("Ray", gold, (long, 0.1, 0.14), at, (0, -180 * a / pi, 0)), 0.03, 1))
    joined(parts, "Dais")
    joined(sun, "Bronze sun")


def _banners(gold: Material) -> None:
    weave = scenery.cloth("Banner", (0.20, 0.018, 0.016), (0.50, 0.33, 0.10))
    for number, y in enumerate((-14.7, -6.3, -2.1, 2.1, 6.3)):
        for side in (-1, 1):
            build = bmesh.new()
            wide, tall = 1.9, 4.6
            rows = []
            for j in range(15):
                row = []
                for i in range(13):
                    u, v = i / 12 - 0.5, j / 14
                    fold = 0.07 * sin(9.0 * u + 1.3 * number + 0.6 * side) * (0.35 + v) + 0.03 * sin(21 * u + 2 * v)
                    z = 8.0 - tall * v - (0.35 * (0.5 - abs(u)) * 2 if j == 14 else 0.0)
                    row.append(build.verts.new((u * wide, fold, z)))
                rows.append(row)
            for low, high in pairwise(rows):
                for i in range(12):
                    build.faces.new((low[i], low[i + 1], high[i + 1], high[i]))
            sheet = smooth(add(build, "Sheet", weave), 180)
            pole = box("Pole", gold, (2.3, 0.07, 0.07), (0, 0, 8.03))
            made = joined([sheet, pole], f"Banner {number}{'L' if side < 0 else 'R'}")
            moved(made, turn=(0, 0, -90 * side), at=(side * 6.9, y, 0))
