"""The desert ruin: dunes, broken walls, boulders."""

from __future__ import annotations

from . import materials
from .shapes import bevelled, box


def build() -> None:
    """Model it: the action is clear about the origin."""
    sand = materials.plain("Sand", (0.62, 0.44, 0.26), 0.95)
    stone = materials.plain("Stone", (0.50, 0.36, 0.24), 0.9)
    box("Ground", sand, (60, 60, 0.1), (0, 0, -0.05))
    for x, y, w, h in ((-6, 6, 2.5, 3), (-2, 7, 3, 1.6), (3, 6.5, 2, 3.6), (7, 6, 3, 2)):
        bevelled(box("Wall", stone, (w, 0.8, h), (x, y, h / 2)), 0.05, 2)
