"""The pillar: a chipped, fluted stone column on a plinth."""

from __future__ import annotations

from . import materials
from .shapes import bevelled, box, lathe


def build() -> None:
    """Model it along +Z."""
    stone = materials.plain("Stone", (0.42, 0.38, 0.32), 0.9)
    bevelled(box("Plinth", stone, (0.62, 0.62, 0.18), (0, 0, 0.09)), 0.02, 2)
    bevelled(box("Abacus", stone, (0.56, 0.56, 0.14), (0, 0, 2.73)), 0.02, 2)
    profile = [(0.0, 0.18), (0.29, 0.18), (0.29, 0.24), (0.24, 0.28), (0.22, 1.3), (0.195, 2.52), (0.25, 2.6), (0.26, 2.66), (0.0, 2.66)]
    bevelled(lathe("Shaft", stone, profile, 20), 0.012, 2)
