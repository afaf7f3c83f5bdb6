"""The branch: a bough that reaches in from the side, its foliage cards with leaves cut out by alpha."""

from __future__ import annotations

from math import cos, sin

from mathutils import Vector

from .. import surfaces
from .growth import Plant
from .lean import lean


def build() -> None:
    """Model it reaching along +X from its broken end, hanging a little."""
    bark = surfaces.bark("Bark", (0.10, 0.075, 0.055))
    leaves = surfaces.leaf("Leaves", (0.10, 0.20, 0.040), surfaces.sprig_picture("Sprig"))
    plant = Plant(5)
    bough, heading = [Vector((0, 0, 0))], Vector((1, 0.05, 0.12)).normalized()
    for k in range(11):
        heading = (heading + Vector((0, 0.10 * sin(1.3 * k), -0.035 + 0.03 * cos(2.1 * k)))).normalized()
        bough.append(bough[-1] + heading * 0.165)
    plant.stem(bough, 0.030, 0.009, 9)
    for k in range(2, 12):
        for side in (-1, 1):
            if k % 2 and side > 0 and k < 8:
                continue
            along = (bough[k] - bough[k - 1]).normalized()
            out = along * 0.8 + Vector((0, side, -0.1 + 0.35 * sin(2.7 * k + side)))
            long = 0.74 - 0.035 * k
            twig = plant.branch(bough[k], out, long, 0.010, -0.045, Plant.card, 0.060, 0.235)
            fork = (twig[3] - twig[2]).normalized() + Vector((0.4, -0.5 * side, 0.25 * cos(5.0 * k)))
            plant.branch(twig[3], fork, long * 0.6, 0.006, -0.05, Plant.card, 0.060, 0.215)
    lean(plant.finish("Branch", bark, leaves))
