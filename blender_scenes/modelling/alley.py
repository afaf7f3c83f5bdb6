"""The alley: brick walls, doors, windows, pipes."""

from __future__ import annotations

from . import materials
from .shapes import bevelled, box


def build() -> None:
    """Model it: the action is clear about the origin, the house front stands at y = 5."""
    asphalt = materials.plain("Asphalt", (0.06, 0.06, 0.065), 0.7)
    brick = materials.plain("Brick", (0.30, 0.10, 0.06), 0.85)
    trim = materials.plain("Frames", (0.42, 0.40, 0.36), 0.7)
    glass = materials.plain("Glass", (0.02, 0.03, 0.035), 0.08)
    box("Ground", asphalt, (60, 60, 0.1), (0, 0, -0.05))
    box("Wall", brick, (30, 0.4, 10), (0, 5.2, 5))
    for i in range(-4, 5):
        for z in (2.0, 5.0):
            bevelled(box("Frame", trim, (1.3, 0.2, 1.7), (i * 2.6, 5, z)), 0.02, 1)
            box("Pane", glass, (1.1, 0.2, 1.5), (i * 2.6, 4.95, z))
