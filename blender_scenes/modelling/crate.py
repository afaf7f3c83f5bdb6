"""The crate: a battened shipping box with steel corners."""

from __future__ import annotations

from . import materials
from .shapes import bevelled, box


def build() -> None:
    """Model it on the ground, up +Z."""
    wood = materials.plain("Wood", (0.30, 0.19, 0.10), 0.8)
    steel = materials.plain("Corners", (0.10, 0.11, 0.12), 0.5, 0.8)
    bevelled(box("Body", wood, (0.94, 0.94, 0.94), (0, 0, 0.5)), 0.01, 1)
    for a in (-0.46, 0.46):
        for b in (-0.46, 0.46):
            bevelled(box("Edge", wood, (0.08, 0.08, 1.0), (a, b, 0.5)), 0.008, 1)
            bevelled(box("Edge", wood, (1.0, 0.08, 0.08), (0, a, 0.5 + b)), 0.008, 1)
            bevelled(box("Edge", wood, (0.08, 1.0, 0.08), (a, 0, 0.5 + b)), 0.008, 1)
            for c in (0.05, 0.95):
                bevelled(box("Corner", steel, (0.12, 0.12, 0.12), (a * 0.98, b * 0.98, c)), 0.008, 1)
