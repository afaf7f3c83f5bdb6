"""The pillar: a fluted, chipped stone column between a plinth and an abacus."""

from __future__ import annotations

from itertools import pairwise
from math import cos, pi

import bmesh
import bpy
from mathutils import Vector

from .. import materials
from ..shapes import Material, add, bevelled, box, chipped, divided, gathered, lathe, smooth


def build() -> None:
    """Model it along +Z, 2.8 m high."""
    stone = materials.stone("Stone", (0.46, 0.40, 0.32), 3.0)
    for name, wide, z, high in (("Plinth", 0.66, 0.09, 0.18), ("Abacus", 0.60, 2.73, 0.14)):
        smooth(chipped(divided(box(name, stone, (wide, wide, high), (0, 0, z)), 12), 0.025, 9.0, 0.25), 35)
    base = [(0.30, 0.18), (0.315, 0.21), (0.30, 0.24), (0.27, 0.25), (0.275, 0.275), (0.26, 0.29)]
    head = [(0.215, 2.46), (0.225, 2.48), (0.215, 2.50), (0.215, 2.54), (0.29, 2.64), (0.29, 2.66)]
    for name, profile in (("Base", base), ("Capital", head)):
        bevelled(lathe(name, stone, [(0, profile[0][1]), *profile, (0, profile[-1][1])], 40), 0.004, 2)
    smooth(chipped(_shaft(stone), 0.028, 5.0, 0.32), 50)
    gathered({}, "Pillar")


def _shaft(stone: Material) -> bpy.types.Object:
    """Twenty flutes between sharp arrises, with a slight swelling."""
    build = bmesh.new()
    rings = []
    for level in range(61):
        way = level / 60
        radius = 0.255 - 0.045 * way**1.6
        depth = 0.016 * min(1.0, 12 * way, 12 * (1 - way))
        corners = []
        for i in range(80):
            angle = 2 * pi * i / 80
            r = radius - depth * (0.5 - 0.5 * cos(20 * angle)) ** 0.6
            corners.append(build.verts.new(Vector((r * cos(angle), r * cos(angle - pi / 2), 0.28 + 2.2 * way))))
        rings.append(corners)
    for lower, upper in pairwise(rings):
        for i in range(80):
            build.faces.new((lower[i], lower[(i + 1) % 80], upper[(i + 1) % 80], upper[i]))
    return add(build, "Shaft", stone)
