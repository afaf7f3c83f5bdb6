"""The crate: planked sides in battens with a diagonal brace, steel corners."""

from __future__ import annotations

from . import materials
from .shapes import bevelled, box, gathered, moved


def build() -> None:
    """Model it on the ground, up +Z, one metre each way."""
    wood = materials.planks("Planks", (0.34, 0.21, 0.11), (1.0, 1.0, 0.08))
    batten = materials.planks("Battens", (0.24, 0.14, 0.07), (0.3, 0.3, 0.3))
    steel = materials.stone("Corners", (0.07, 0.075, 0.08), 6.0)
    for turn in range(4):
        for k in range(6):
            thing = bevelled(box("Plank", wood, (0.148, 0.03, 0.94), (-0.3875 + 0.155 * k, -0.45, 0.5)), 0.006, 1)
            moved(thing, turn=(0, 0, 90.0 * turn))
        brace = bevelled(box("Brace", batten, (1.12, 0.035, 0.10), (0, -0.478, 0), (0, 45, 0)), 0.006, 1)
        moved(moved(brace, at=(0, 0, 0.5)), turn=(0, 0, 90.0 * turn))
        for z in (0.055, 0.945):
            moved(bevelled(box("Rail", batten, (0.99, 0.05, 0.11), (0, -0.472, z)), 0.007, 1), turn=(0, 0, 90.0 * turn))
        for x in (-0.445, 0.445):
            moved(
                bevelled(box("Post", batten, (0.11, 0.05, 0.99), (x, -0.472, 0.5)), 0.007, 1), turn=(0, 0, 90.0 * turn)
            )
        for z in (0.06, 0.94):
            corner = bevelled(box("Corner", steel, (0.13, 0.13, 0.12), (0.437, -0.437, z)), 0.008, 1)
            moved(corner, turn=(0, 0, 90.0 * turn))
    for z in (0.03, 0.97):
        for k in range(6):
            bevelled(box("Lid", wood, (0.148, 0.92, 0.04), (-0.3875 + 0.155 * k, 0, z)), 0.006, 1)
    gathered({}, "Crate")
