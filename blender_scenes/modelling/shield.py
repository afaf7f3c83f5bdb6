"""The shield: a shallow dome of riveted plates between rings, chevrons in a hexagon, straps at the back."""

from __future__ import annotations

from math import asin, cos, degrees, pi, radians, sin, sqrt

import bpy

from . import materials
from .shapes import Material, bevelled, box, gathered, lathe, moved, smooth, tube

RADIUS = 0.375
DEPTH = 0.075
SPHERE = (RADIUS**2 + DEPTH**2) / (2 * DEPTH)
"""Radius of the ball that the dome is cut from."""


def dome(r: float) -> float:
    """Height of the front face at radius `r`."""
    return sqrt(SPHERE**2 - r**2) - SPHERE + DEPTH


def build() -> None:
    """Model it face up, then stand it: face to +Y, up +Z."""
    steel = materials.metal("Steel", (0.42, 0.44, 0.46), 0.28)
    paint = materials.metal("Plates", (0.012, 0.15, 0.17), 0.32, wear=0.15)
    trim = materials.metal("Trim", (0.62, 0.40, 0.16), 0.26, wear=0.12)
    strap = materials.leather("Leather", (0.075, 0.030, 0.016))
    glow = materials.inlay("Emblem", (0.010, 0.012, 0.018))
    parts = [*_bowl(steel, paint, trim, glow), *_emblem(trim, glow), *_back(strap, trim)]
    for part in parts:
        moved(part, turn=(-90, 0, 0))
    gathered({"Emblem": "Emblem"}, "Shield")


def _band(
    name: str, material: Material, inner: float, outer: float, lift: float, segments: int = 96
) -> bpy.types.Object:
    """A ring that follows the dome `lift` above it."""
    rs = [inner + (outer - inner) * i / 4 for i in range(5)]
    top = [(r, dome(r) + lift) for r in rs]
    foot = (inner, dome(inner) - 0.001)
    return lathe(name, material, [foot, *top, (outer, dome(outer) - 0.001), foot], segments)


def _bowl(steel: Material, paint: Material, trim: Material, glow: Material) -> list[bpy.types.Object]:
    rs = [RADIUS * i / 16 for i in range(17)]
    front, back = [(r, dome(r)) for r in rs], [(r, dome(r) - 0.006) for r in reversed(rs)]
    parts = [smooth(lathe("Bowl", steel, [*front, *back], 96))]
    parts.append(bevelled(_band("Plates", paint, 0.192, 0.318, 0.005), 0.002, 2))
    parts.append(bevelled(_band("Inner ring", trim, 0.146, 0.163, 0.008), 0.0025, 2))
    parts.append(smooth(_band("Groove", glow, 0.165, 0.181, 0.003)))
    parts.append(bevelled(_band("Outer ring", trim, 0.183, 0.190, 0.006), 0.0015, 2))
    parts.append(bevelled(_band("Rim groove", paint, 0.326, 0.342, 0.003), 0.001, 2))
    edge = (RADIUS - 0.026, dome(RADIUS - 0.026) + 0.008)
    rim = [edge, (RADIUS, 0.009), (RADIUS + 0.005, 0.0), (RADIUS, -0.009), (RADIUS - 0.026, -0.004), edge]
    parts.append(bevelled(lathe("Rim", trim, rim, 96), 0.0025, 2))
    for k in range(8):
        turn = 360 * (k + 0.5) / 8
        spoke = bevelled(box("Spoke", steel, (0.140, 0.022, 0.012)), 0.003, 2)
        moved(spoke, turn=(0, degrees(asin(0.255 / SPHERE)), 0), at=(0.255, 0, dome(0.255) + 0.003))
        parts.append(moved(spoke, turn=(0, 0, turn)))
        for r in (0.207, 0.303):
            for side in (-1, 1):
                at = radians(turn) + side * 0.030 / r
                stud = lathe("Rivet", trim, [(0.0085, 0), (0.0075, 0.004), (0.004, 0.0065), (0, 0.007)], 10)
                parts.append(moved(smooth(stud), at=(r * cos(at), r * sin(at), dome(r) + 0.0045)))
    return parts


def _emblem(trim: Material, glow: Material) -> list[bpy.types.Object]:
    """Three nested chevrons in a hexagon, point up once the shield stands."""
    frame = []
    for k in range(6):
        a, b = (radians(60 * n) for n in (k, k + 1))
        for share in (0.0, 0.25, 0.5, 0.75):
            x, y = (0.132 * ((1 - share) * f(a) + share * f(b)) for f in (cos, sin))
            frame.append((x, y, dome(sqrt(x * x + y * y)) + 0.001))
    parts = [smooth(tube("Hexagon", trim, frame, 0.0065, 8, closed=True), 60)]
    for rank, (wide, low) in enumerate(((0.068, 0.050), (0.050, 0.012), (0.032, -0.024))):
        for size, lift, material in ((0.0125, -0.003, trim), (0.0085, 0.0035, glow)):
            stroke = []
            for i in range(13):
                x = wide * (i / 6 - 1)
                y = low - 0.050 * (1 - abs(i / 6 - 1)) * (1 - 0.12 * rank)
                stroke.append((x, y, dome(sqrt(x * x + y * y)) + lift))
            parts.append(smooth(tube("Chevron", material, stroke, size, 10), 60))
    return parts


def _back(strap: Material, trim: Material) -> list[bpy.types.Object]:
    parts = []
    for x in (-0.09, 0.09):
        turns = [pi * i / 24 for i in range(25)]
        arch = [(x, 0.13 * cos(t), dome(0.12) - 0.008 - 0.06 * sin(t)) for t in turns]
        parts.append(smooth(tube("Strap", strap, arch, 0.024, 10, flat=0.22, side=(1, 0, 0))))
        for y in (-0.13, 0.13):
            plate = box("Plate", trim, (0.062, 0.044, 0.012), (x, y, dome(0.158) - 0.010))
            parts.append(bevelled(plate, 0.003, 2))
    cross = [(RADIUS * 0.86 * (i / 6 - 1), 0.0, dome(RADIUS * 0.86 * (i / 6 - 1)) - 0.008) for i in range(13)]
    for turn in (0, 60, 120):
        parts.append(moved(smooth(tube("Brace", trim, cross, 0.007, 8), 60), turn=(0, 0, turn + 30)))
    return parts
