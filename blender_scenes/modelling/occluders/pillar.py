"""The pillar: a fluted, banded, chipped stone column on a moulded base, below a capital of leaves."""

from __future__ import annotations

from itertools import pairwise
from math import cos, pi, sin

import bmesh
import bpy
from mathutils import Vector

from .. import surfaces
from ..shapes import Material, add, box, chipped, divided, gathered, lathe, moved, smooth


def build() -> None:
    """Model it along +Z, 2.8 m high."""
    stone = surfaces.old_stone("Stone", (0.37, 0.31, 0.235))
    for name, wide, z, high in (
        ("Plinth", 0.66, 0.08, 0.16), ("Abacus", 0.60, 2.755, 0.09), ("Abacus foot", 0.54, 2.69, 0.045),
    ):  # fmt: skip
        smooth(chipped(divided(box(name, stone, (wide, wide, high), (0, 0, z)), 14), 0.03, 8.0, 0.2), 35)
    torus = [(0.27 + 0.055 * sin(pi * k / 8), 0.16 + 0.085 * k / 8) for k in range(9)]
    hollow = [(0.268, 0.25), (0.268, 0.262), (0.256, 0.272), (0.254, 0.288), (0.264, 0.298), (0.264, 0.306)]
    upper = [(0.258 + 0.026 * sin(pi * k / 6), 0.306 + 0.042 * k / 6) for k in range(7)]
    neck = [(0.217, 2.37), (0.232, 2.383), (0.217, 2.396), (0.211, 2.40), (0.211, 2.475), (0.226, 2.48), (0.226, 2.50)]
    bell = [(0.214 + 0.075 * (k / 7) ** 1.7, 2.50 + 0.165 * k / 7) for k in range(8)]
    for name, profile in (("Base", [*torus, *hollow, *upper]), ("Capital", [*neck, *bell, (0.27, 2.668)])):
        turned = lathe(name, stone, [(0, profile[0][1]), *profile, (0, profile[-1][1])], 72)
        smooth(chipped(turned, 0.018, 7.0, 0.28), 40)
    _ornaments(stone)
    smooth(chipped(_shaft(stone), 0.032, 4.5, 0.26), 50)
    gathered({}, "Pillar")


def _ornaments(stone: Material) -> None:
    """Leaves that stand about the capital's bell, and a row of beads about its neck."""
    for k in range(28):
        a = 2 * pi * k / 28
        bead = lathe("Bead", stone, [(0, -0.014), (0.012, -0.006), (0.012, 0.006), (0, 0.014)], 6)
        smooth(moved(bead, at=(0.231 * cos(a), 0.231 * sin(a), 2.49)), 80)
    for row, (count, low, high, out) in enumerate(((12, 2.395, 2.50, 0.016), (10, 2.50, 2.655, 0.010))):
        for k in range(count):
            _leaf(stone, 360 * (k + 0.5 * row) / count, low, high, out, k in (2, 7))


def _leaf(stone: Material, turn: float, low: float, high: float, out: float, broken: bool) -> None:
    """A ribbed leaf that lies on the bell and curls over at its tip, unless that broke off."""
    build, rows = bmesh.new(), []
    for j in range(8 if not broken else 5):
        way = j / 7
        z = low + (high - low) * min(way * 1.12, 1.0) - 0.02 * max(0.0, way - 0.8) * 5
        wall = 0.213 + 0.075 * max(0.0, (z - 2.50) / 0.165) ** 1.7
        half = 0.048 * (sin(pi * min(0.25 + 0.72 * way, 1.0)) ** 0.8)
        curl = out + 0.030 * way**4
        row = []
        for i in range(-3, 4):
            across = i / 3
            rib = 0.006 * (1 - abs(across)) + 0.004 * (1 if i == 0 else 0) + 0.003 * (i % 2)
            radius = wall + curl * (1 - 0.6 * across**2) + rib
            row.append(build.verts.new((radius, across * half, z)))
        rows.append(row)
    for lower, upper in pairwise(rows):
        for i in range(6):
            build.faces.new((lower[i], lower[i + 1], upper[i + 1], upper[i]))
    smooth(moved(add(build, "Leaf", stone), turn=(0, 0, turn)), 60)


def _shaft(stone: Material) -> bpy.types.Object:
    """Twenty flutes between flat fillets, filled by reeds below a band at a third of its height; a slight swelling."""
    build = bmesh.new()
    rings = []
    for level in range(89):
        way = level / 88
        radius = 0.255 - 0.045 * way**1.6
        ends = min(1.0, (20 * way) ** 0.5, (20 * (1 - way)) ** 0.5)
        band = 0.335 < way < 0.385
        corners = []
        for i in range(120):
            angle = 2 * pi * i / 120
            flute = max(0.0, 0.5 - 0.5 * cos(20 * angle) - 0.12) / 0.88
            depth = 0.028 * ends * flute**0.5
            if way < 0.335:
                depth *= 1.0 - 0.75 * max(0.0, flute - 0.35) / 0.65
            r = radius + 0.007 if band else radius - depth
            corners.append(build.verts.new(Vector((r * cos(angle), r * sin(angle), 0.34 + 2.04 * way))))
        rings.append(corners)
    for lower, upper in pairwise(rings):
        for i in range(120):
            build.faces.new((lower[i], lower[(i + 1) % 120], upper[(i + 1) % 120], upper[i]))
    return add(build, "Shaft", stone)
