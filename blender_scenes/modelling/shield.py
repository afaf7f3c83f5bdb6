"""The shield: a shallow round dome of eight riveted plates between rings, a kite emblem, straps at the back."""

from __future__ import annotations

from math import cos, pi, radians, sin, sqrt

from . import materials
from .shapes import bevelled, box, gathered, lathe, moved, prism, ring, smooth, tube

RADIUS = 0.375
DEPTH = 0.075


def dome(r: float) -> float:
    """Height of the front face at radius `r`."""
    sphere = (RADIUS**2 + DEPTH**2) / (2 * DEPTH)
    return sqrt(sphere**2 - r**2) - sphere + DEPTH


def build() -> None:
    """Model it face up, then stand it: face to +Y, up +Z."""
    steel = materials.metal("Steel", (0.42, 0.44, 0.46), 0.3)
    paint = materials.metal("Plates", (0.02, 0.10, 0.12), 0.35, wear=0.25)
    trim = materials.metal("Trim", (0.55, 0.36, 0.16), 0.28)
    strap = materials.leather("Leather", (0.085, 0.035, 0.018))
    glow = materials.inlay("Emblem", (0.012, 0.014, 0.02))
    parts = [*_bowl(steel, paint, trim, glow), *_emblem(trim, glow), *_back(strap, trim)]
    for part in parts:
        moved(part, turn=(-90, 0, 0))
    gathered({"Emblem": "Emblem"}, "Shield")


def _band(name, material, inner, outer, lift, segments=96):
    rs = [inner + (outer - inner) * i / 4 for i in range(5)]
    top = [(r, dome(r) + lift) for r in rs]
    return lathe(name, material, [(inner, dome(inner) - 0.004), *top, (outer, dome(outer) - 0.004)], segments)


def _bowl(steel, paint, trim, glow):
    rs = [RADIUS * i / 16 for i in range(17)]
    front = [(r, dome(r)) for r in rs]
    back = [(r, dome(r) - 0.006) for r in reversed(rs)]
    parts = [smooth(lathe("Bowl", steel, [*front, *back], 96))]
    parts.append(bevelled(_band("Plates", paint, 0.185, 0.325, 0.004), 0.0015, 2))
    parts.append(bevelled(_band("Inner ring", trim, 0.150, 0.166, 0.006), 0.002, 2))
    parts.append(smooth(_band("Groove", glow, 0.166, 0.180, 0.003)))
    parts.append(bevelled(_band("Boss", paint, 0.01, 0.145, 0.003), 0.0015, 2))
    rim = [(RADIUS - 0.022, dome(RADIUS - 0.022) + 0.007), (RADIUS, 0.008), (RADIUS + 0.004, 0.0), (RADIUS, -0.008), (RADIUS - 0.022, -0.004), (RADIUS - 0.022, dome(RADIUS - 0.022) + 0.007)]
    parts.append(bevelled(lathe("Rim", trim, rim, 96), 0.002, 2))
    for k in range(8):
        a = 2 * pi * (k + 0.5) / 8
        spoke = bevelled(box("Spoke", trim, (0.150, 0.012, 0.012), (0.255, 0, 0)), 0.002, 2)
        moved(spoke, turn=(0, 12.5, 0), at=(0.02, 0, dome(0.255) + 0.0555 - 0.002))
        parts.append(moved(spoke, turn=(0, 0, 360 * (k + 0.5) / 8)))
        for r in (0.205, 0.305):
            for off in (-0.06, 0.06):
                b = a + off * 0.25 / r
                rivet = smooth(lathe("Rivet", steel, [(0.007, 0), (0.006, 0.003), (0.003, 0.005), (0, 0.0055)], 10))
                parts.append(moved(rivet, at=(r * cos(b), r * sin(b), dome(r) + 0.0035)))
    return parts


def _emblem(trim, glow):
    parts = []
    for k in range(3):
        kite = [(0, 0.030), (0.034, 0.075), (0, 0.128), (-0.034, 0.075)]
        piece = prism("Kite", trim, kite, 0.012, (0, 0, dome(0.08)))
        parts.append(moved(bevelled(piece, 0.003, 2), turn=(0, 0, 120 * k)))
        core = [(0, 0.046), (0.020, 0.075), (0, 0.108), (-0.020, 0.075)]
        piece = prism("Core", glow, core, 0.004, (0, 0, dome(0.08) + 0.0105))
        parts.append(moved(bevelled(piece, 0.0012, 2), turn=(0, 0, 120 * k)))
    parts.append(bevelled(lathe("Hub", trim, [(0.024, dome(0)), (0.024, dome(0) + 0.012), (0.018, dome(0) + 0.017), (0, dome(0) + 0.017)], 6), 0.002, 2))
    return parts


def _back(strap, trim):
    parts = []
    for x in (-0.09, 0.09):
        arch = [(x, 0.13 * cos(t), dome(0.12) - 0.008 - 0.06 * sin(t)) for t in [pi * i / 24 for i in range(25)]]
        parts.append(smooth(tube("Strap", strap, arch, 0.02, 10, flat=0.22, side=(1, 0, 0))))
        for y in (-0.13, 0.13):
            parts.append(bevelled(box("Plate", trim, (0.05, 0.04, 0.01), (x, y, dome(0.158) - 0.01)), 0.002, 2))
    return parts
