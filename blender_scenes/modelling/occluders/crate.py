"""The crate: planked sides in battens with a diagonal brace, steel corners."""

from __future__ import annotations

import bpy

from .. import surfaces
from ..shapes import bevelled, box, gathered, moved
from .lean import lean


def build() -> None:
    """Model it on the ground, up +Z, one metre each way."""
    wood = surfaces.wood("Planks", (0.34, 0.21, 0.11), 2, 0.15)
    lid = surfaces.wood("Lid", (0.33, 0.20, 0.105), 1, 0.2)
    posts = surfaces.wood("Posts", (0.25, 0.15, 0.075), 2, 0.15)
    battens = [surfaces.wood(f"Battens {'xy'[axis]}", (0.25, 0.15, 0.075), axis, 0.15) for axis in (0, 1)]
    steel = surfaces.painted("Corners", (0.055, 0.058, 0.062), 0.6, 0.45)
    for turn in range(4):
        for k in range(6):
            thing = bevelled(box("Plank", wood, (0.148, 0.03, 0.94), (-0.3875 + 0.155 * k, -0.45, 0.5)), 0.006, 1)
            moved(thing, turn=(0, 0, 90.0 * turn))
        batten = battens[turn % 2]
        brace = bevelled(box("Brace", batten, (1.12, 0.035, 0.10), (0, -0.478, 0), (0, 45, 0)), 0.006, 1)
        moved(moved(brace, at=(0, 0, 0.5)), turn=(0, 0, 90.0 * turn))
        for z in (0.055, 0.945):
            moved(bevelled(box("Rail", batten, (0.99, 0.05, 0.11), (0, -0.472, z)), 0.007, 1), turn=(0, 0, 90.0 * turn))
        for x in (-0.445, 0.445):
            moved(
                bevelled(box("Post", posts, (0.11, 0.05, 0.99), (x, -0.472, 0.5)), 0.007, 1), turn=(0, 0, 90.0 * turn)
            )
        for z in (0.06, 0.94):
            corner = bevelled(box("Corner", steel, (0.13, 0.13, 0.12), (0.437, -0.437, z)), 0.008, 1)
            moved(corner, turn=(0, 0, 90.0 * turn))
    for z in (0.03, 0.97):
        for k in range(6):
            bevelled(box("Lid", lid, (0.148, 0.92, 0.04), (-0.3875 + 0.155 * k, 0, z)), 0.006, 1)
    gathered({}, "Crate")
    for thing in bpy.context.scene.objects:
        lean(thing)
