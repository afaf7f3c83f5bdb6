"""The glass pane: a tall steel-framed screen on two feet, its glass held by beads and a gasket, with a middle bar."""

from __future__ import annotations

import bpy

from .. import materials, surfaces
from ..shapes import Material, bevelled, box, gathered, lathe, moved, smooth
from .lean import lean

WIDE, HIGH, FOOT = 1.15, 2.1, 0.07
BAR = 0.055


def build() -> None:
    """Model it in the plane of X and Z, standing on the ground."""
    frame = surfaces.painted("Frame", (0.028, 0.030, 0.032), 0.2, 0.4)
    gasket = materials.plain("Gasket", (0.012, 0.012, 0.012), 0.7)
    steel = surfaces.painted("Screws", (0.5, 0.5, 0.5), 0.3, 0.3, metallic=1.0)
    glass = surfaces.window("Glass", (0.86, 0.93, 0.90), 0.22)
    low, high, half = FOOT, HIGH, WIDE / 2
    middle = (low + high) / 2 - 0.22
    for x in (-half + BAR / 2, half - BAR / 2):
        moved(bevelled(box("Stile", frame, (BAR, 0.05, high - low)), 0.004, 2), at=(x, 0, (low + high) / 2))
    for z in (low + BAR / 2, middle, high - BAR / 2):
        moved(bevelled(box("Rail", frame, (WIDE - 2 * BAR, 0.048, BAR)), 0.004, 2), at=(0, 0, z))
    for bottom, top in ((low + BAR, middle - BAR / 2), (middle + BAR / 2, high - BAR)):
        _light(frame, gasket, glass, bottom, top)
    for x in (-half + 0.10, half - 0.10):
        moved(bevelled(box("Foot", frame, (0.07, 0.62, 0.03)), 0.006, 2), at=(x, 0, 0.022))
        moved(bevelled(box("Bracket", frame, (0.06, 0.10, 0.06)), 0.004, 2), at=(x, 0, 0.055))
        for y in (-0.27, 0.27):
            pad = [(0, 0), (0.025, 0), (0.025, 0.006), (0.014, 0.010), (0, 0.010)]
            moved(smooth(lathe("Pad", gasket, pad, 20), 40), at=(x, y, 0.0))
            moved(
                smooth(lathe("Screw", steel, [(0, 0), (0.008, 0), (0.006, 0.004), (0, 0.005)], 12), 40),
                at=(x, y, 0.037),
            )
    gathered({"Glass": "Glass"}, "Frame")
    for thing in bpy.context.scene.objects:
        lean(thing)


def _light(frame: Material, gasket: Material, glass: Material, bottom: float, top: float) -> None:
    """One sheet between beads on either side of it."""
    wide, high, z = WIDE - 2 * BAR, top - bottom, (bottom + top) / 2
    moved(box("Glass", glass, (wide, 0.006, high)), at=(0, 0, z))
    for y in (-0.011, 0.011):
        for rim, material, deep, aside in ((0.016, frame, 0.014, y), (0.020, gasket, 0.0035, y * 0.45)):
            for x in (-1, 1):
                moved(box("Bead", material, (rim, deep, high)), at=(x * (wide - rim) / 2, aside, z))
            for end in (-1, 1):
                moved(box("Bead", material, (wide - 2 * rim, deep, rim)), at=(0, aside, z + end * (high - rim) / 2))
