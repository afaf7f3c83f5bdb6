"""The courtyard: paving, a colonnade and a wall behind it."""

from __future__ import annotations

from . import materials
from .shapes import bevelled, box, lathe


def build() -> None:
    """Model it: the action is clear about the origin, the colonnade stands at y > 3."""
    paving = materials.plain("Paving", (0.33, 0.30, 0.26), 0.85)
    stone = materials.plain("Stone", (0.50, 0.44, 0.36), 0.9)
    plaster = materials.plain("Plaster", (0.52, 0.36, 0.24), 0.9)
    box("Ground", paving, (60, 60, 0.1), (0, 0, -0.05))
    box("Wall", plaster, (30, 0.4, 6), (0, 7.5, 3))
    for i in range(-4, 5):
        profile = [(0.0, 0.0), (0.36, 0.0), (0.36, 0.2), (0.27, 0.26), (0.24, 3.0), (0.36, 3.1), (0.36, 3.3), (0.0, 3.3)]
        column = bevelled(lathe("Column", stone, profile, 20), 0.02, 2)
        column.location = (i * 2.2, 5, 0)
    box("Beam", stone, (22, 0.8, 0.5), (0, 5, 3.55))
