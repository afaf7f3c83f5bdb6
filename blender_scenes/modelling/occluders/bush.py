"""The bush: stems from one root, twigs on them, and some four thousand folded leaves, each of real geometry."""

from __future__ import annotations

from math import cos, sin

import bpy
from mathutils import Vector

from .. import surfaces
from .growth import Plant
from .lean import copied, lean

LIMBS = ((0, 0.0, 1.0), (58, 9.0, 0.93), (121, -7.0, 1.05), (178, 6.0, 0.9), (243, 11.0, 1.0), (299, -4.0, 0.95))
"""The limb's mesh again, turned by degrees about the root and leant over: (turn, lean, scale)."""


def build() -> None:
    """Model it growing from the ground."""
    bark = surfaces.bark("Bark", (0.085, 0.060, 0.040))
    leaves = surfaces.leaf("Leaves", (0.055, 0.115, 0.022))
    limbs = [_limb(bark, leaves, 11), _limb(bark, leaves, 29)]
    for number, (turn, over, scale) in enumerate(LIMBS):
        copied(limbs[number % 2], (0.05 * cos(turn), 0.05 * sin(turn), 0.0), (over, over / 2, turn), scale)
    for limb in limbs:
        bpy.data.objects.remove(limb)


def _limb(bark: bpy.types.Material, leaves: bpy.types.Material, seed: int) -> bpy.types.Object:
    """A sixth of the bush: two stems that fork."""
    plant = Plant(seed)
    for aside in (-0.35, 0.4):
        way = Vector((0.50 + 0.2 * aside, 0.9 * aside, 1.15)).normalized()
        stem = plant.branch(Vector((0, 0, 0)), way, 1.15, 0.013, -0.01, Plant.leaf, 0.11, 0.082)
        for k in range(2, 8):
            for side in (-1, 1):
                turn = 1.9 * k + side * 1.3
                out = Vector((cos(turn), sin(turn), 0.55 + 0.1 * side))
                if out.x < -0.4:
                    out.x *= -0.6
                long = 0.50 - 0.03 * k
                twig = plant.branch(stem[k], out, long, 0.006, 0.04, Plant.leaf, 0.026, 0.080)
                if k < 6:
                    fork = (twig[4] - twig[3]).normalized() + Vector((sin(3 * turn), cos(3 * turn), 0.3)) * 0.8
                    plant.branch(twig[4], fork, long * 0.55, 0.004, 0.05, Plant.leaf, 0.028, 0.072)
    return lean(plant.finish("Limb", bark, leaves), uv=2.0**-7)
