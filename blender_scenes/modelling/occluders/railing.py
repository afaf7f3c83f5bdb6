"""The railing: a welded guard rail of tube between three posts on bolted feet, with upright bars."""

from __future__ import annotations

import bpy

from .. import surfaces
from ..shapes import Material, bevelled, box, gathered, lathe, moved, smooth, tube
from .lean import lean

LENGTH, HEIGHT = 2.4, 1.06
BARS = 19


def build() -> None:
    """Model it along X, standing on the ground."""
    steel = surfaces.painted("Steel", (0.36, 0.38, 0.40), 0.25, 0.38, metallic=1.0)
    bolts = surfaces.painted("Bolts", (0.30, 0.30, 0.30), 0.55, 0.35, metallic=1.0)
    half = LENGTH / 2
    turn = [
        (half - 0.09 + 0.09 * s, 0, HEIGHT - 0.09 * (1 - c)) for s, c in ((0, 1), (0.5, 0.866), (0.866, 0.5), (1, 0))
    ]
    ends = [*turn, (half, 0, 0.02)]
    mirrored = [(-x, y, z) for x, y, z in reversed(ends)]
    smooth(tube("Handrail", steel, [*mirrored, *ends], 0.0242, 16, side=(0, 1, 0)), 60)
    for z in (0.13, HEIGHT - 0.14):
        smooth(tube("Rail", steel, [(-half, 0, z), (half, 0, z)], 0.017, 14), 60)
    smooth(tube("Post", steel, [(0, 0, 0.01), (0, 0, HEIGHT)], 0.0242, 16, side=(0, 1, 0)), 60)
    for k in range(1, BARS + 1):
        x = -half + LENGTH * k / (BARS + 1)
        if abs(x) > 0.03:
            smooth(tube("Bar", steel, [(x, 0, 0.13), (x, 0, HEIGHT - 0.14)], 0.0085, 10, side=(0, 1, 0)), 60)
            for z in (0.131, HEIGHT - 0.141):
                _bead(steel, x, z)
    for x in (-half, 0, half):
        for z in (0.13, HEIGHT - 0.14):
            for side in (-1, 1):
                if abs(x + side * 0.024) < half:
                    moved(_ring(steel, 0.019, 0.006), turn=(0, 90, 0), at=(x + side * 0.026, 0, z))
        _foot(steel, bolts, x)
    gathered({}, "Railing")
    for thing in bpy.context.scene.objects:
        lean(thing)


def _ring(steel: Material, radius: float, thick: float) -> bpy.types.Object:
    profile = [(radius - thick, -thick), (radius + thick * 0.3, 0), (radius - thick, thick), (radius - thick, -thick)]
    return smooth(lathe("Weld", steel, profile, 14), 80)


def _bead(steel: Material, x: float, z: float) -> None:
    """The fillet of weld where a bar meets a rail."""
    profile = [(0.0085, 0.030), (0.0125, 0.018), (0.0140, 0.014), (0.0085, 0.012)]
    moved(smooth(lathe("Bead", steel, profile, 10), 80), at=(x, 0, z), scale=(1, 1, 1 if z < 0.5 else -1))


def _foot(steel: Material, bolts: Material, x: float) -> None:
    moved(bevelled(box("Plate", steel, (0.15, 0.13, 0.012)), 0.0025, 2), at=(x, 0, 0.006))
    collar = [(0.024, 0.012), (0.040, 0.012), (0.038, 0.016), (0.027, 0.024), (0.024, 0.03)]
    moved(smooth(lathe("Collar", steel, collar, 20), 60), at=(x, 0, 0))
    nut = [(0.0, 0.012), (0.0125, 0.012), (0.0125, 0.022), (0.0, 0.022)]
    thread = [(0.0, 0.020), (0.006, 0.020), (0.006, 0.034), (0.0045, 0.036), (0.0, 0.036)]
    for dx in (-0.055, 0.055):
        for dy in (-0.045, 0.045):
            moved(bevelled(lathe("Nut", bolts, nut, 6), 0.001, 1), at=(x + dx, dy, 0))
            moved(smooth(lathe("Thread", bolts, thread, 10), 40), at=(x + dx, dy, 0))
