"""The hangar: concrete floor, steel ribs, crates, strip lights."""

from __future__ import annotations

from . import materials
from .shapes import bevelled, box


def build() -> None:
    """Model it: the action is clear about the origin, the back wall stands at y = 9."""
    concrete = materials.plain("Concrete", (0.27, 0.27, 0.26), 0.6)
    sheet = materials.plain("Sheet", (0.12, 0.17, 0.20), 0.5, 0.6)
    steel = materials.plain("Ribs", (0.30, 0.11, 0.05), 0.5, 0.3)
    box("Ground", concrete, (60, 60, 0.1), (0, 0, -0.05))
    box("Wall", sheet, (30, 0.2, 8), (0, 9, 4))
    for i in range(-3, 4):
        box("Rib", steel, (0.3, 0.4, 8), (i * 3.2, 8.7, 4))
    for i, (x, y, s) in enumerate(((-6, 6, 1.6), (-4.2, 6.5, 1.1), (5.5, 6, 1.4), (6.8, 5.2, 1.0), (5.6, 6, 0.9))):
        bevelled(box("Crate", steel if i % 2 else sheet, (s, s, s), (x, y, s / 2 + (1.4 if i == 4 else 0))), 0.03, 1)
