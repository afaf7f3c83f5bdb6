"""The shield: a turned, shallow dome of riveted plates between rings, three blades about a boss, straps at the back."""

from __future__ import annotations

from functools import partial
from math import asin, cos, degrees, pi, radians, sin, sqrt

import bpy

from .. import masks
from ..shapes import Material, bevelled, box, lathe, moved, smooth, tube
from . import armour
from .relief import finished

RADIUS = 0.375
DEPTH = 0.075
SPHERE = (RADIUS**2 + DEPTH**2) / (2 * DEPTH)
"""Radius of the ball that the dome is cut from."""


def dome(r: float) -> float:
    """Height of the front face at radius `r`."""
    return sqrt(SPHERE**2 - r**2) - SPHERE + DEPTH


def build() -> None:
    """Model it face up, then stand it: face to +Y, up +Z."""
    picture = masks.blank("Masks")
    steel = armour.forged("Steel", picture, (0.50, 0.51, 0.53), 0.30, brushed=1.0)
    paint = armour.forged("Plates", picture, (0.010, 0.085, 0.105), 0.30, brushed=0.6)
    trim = armour.forged("Trim", picture, (0.56, 0.345, 0.13), 0.26, bare=(0.80, 0.60, 0.33), rust=(0.06, 0.13, 0.10))
    strap = armour.leather("Leather", picture, (0.078, 0.032, 0.017))
    glow = armour.inlay("Emblem", (0.010, 0.012, 0.018))
    parts = [*_bowl(steel, paint, trim, glow), *_emblem(trim, glow), *_back(strap, trim)]
    for part in parts:
        moved(part, turn=(-90, 0, 0))
    finished(picture, "Emblem", "Shield", edge=0.006, hollow=0.05, reach=0.05)


def _band(
    name: str, material: Material, inner: float, outer: float, lift: float, segments: int = 128
) -> bpy.types.Object:
    """A ring that follows the dome `lift` above it."""
    rs = [inner + (outer - inner) * i / 4 for i in range(5)]
    top = [(r, dome(r) + lift) for r in rs]
    foot = (inner, dome(inner) - 0.001)
    return lathe(name, material, [foot, *top, (outer, dome(outer) - 0.001), foot], segments)


def _bowl(steel: Material, paint: Material, trim: Material, glow: Material) -> list[bpy.types.Object]:
    rs = [RADIUS * i / 32 for i in range(33)]
    front, back = [(r, dome(r)) for r in rs], [(r, dome(r) - 0.006) for r in reversed(rs)]
    parts = [smooth(lathe("Bowl", steel, [*front, *back], 128))]
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
    """Three blades that turn about a boss, each a light inlay in a raised border, within a ring."""
    ring = [(0.130 * cos(a), 0.130 * sin(a), dome(0.130) + 0.002) for a in (2 * pi * i / 96 for i in range(96))]
    parts = [smooth(tube("Ring", trim, ring, 0.0042, 10, closed=True), 60)]
    for blade in range(3):
        path = []
        for i in range(25):
            way = i / 24
            angle = 2 * pi * blade / 3 + 1.75 * way**1.2
            r = 0.034 + 0.084 * way
            path.append((r * cos(angle), r * sin(angle), dome(r)))
        for wide, lift, material in ((0.0195, 0.0, trim), (0.0135, 0.0042, glow)):
            raised = [(x, y, z + lift) for x, y, z in path]
            stroke = tube("Blade", material, raised, partial(_blade, wide), 14, flat=2.94)
            parts.append(smooth(stroke, 60))
    boss = [
        (0.0, -0.004),
        (0.030, -0.004),
        (0.030, 0.004),
        (0.026, 0.008),
        (0.020, 0.008),
        (0.018, 0.005),
        (0.0, 0.005),
    ]
    parts.append(moved(bevelled(lathe("Boss", trim, boss, 48), 0.0012, 2, 20), at=(0, 0, dome(0.0))))
    stone = [(0.0, 0.003), (0.0175, 0.004), (0.0175, 0.006), (0.013, 0.0105), (0.0, 0.0125)]
    parts.append(moved(smooth(lathe("Eye", glow, stone, 48), 60), at=(0, 0, dome(0.0))))
    return parts


def _blade(wide: float, way: float) -> float:
    """Half the height of a blade along its length, a third of its width: full near the boss, drawn out to a point."""
    return 0.34 * wide * max(min(way / 0.18, 1.0) ** 0.7 * (1 - way) ** 0.55, 0.02)


def _back(strap: Material, trim: Material) -> list[bpy.types.Object]:
    parts = []
    for x in (-0.09, 0.09):
        turns = [pi * i / 24 for i in range(25)]
        arch = [(x, 0.13 * cos(t), dome(0.12) - 0.008 - 0.06 * sin(t)) for t in turns]
        parts.append(smooth(tube("Strap", strap, arch, 0.024, 10, flat=0.22, side=(1, 0, 0))))
        for y in (-0.13, 0.13):
            plate = box("Plate", trim, (0.062, 0.044, 0.012), (x, y, dome(0.158) - 0.010))
            parts.append(bevelled(plate, 0.003, 2))
            for side in (-1, 1):
                stud = lathe("Rivet", trim, [(0.006, -0.003), (0.0055, 0.002), (0.003, 0.0042), (0, 0.0046)], 14)
                spot = (x + side * 0.024, y, dome(0.158) - 0.0165)
                parts.append(moved(moved(smooth(stud), turn=(180, 0, 0)), at=spot))
        frame = [
            (x + 0.030 * a, 0.03 + 0.020 * b, dome(0.12) - 0.0745) for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))
        ]
        parts.append(smooth(tube("Buckle", trim, frame, 0.0035, 10, closed=True)))
    cushion = [(0.0, -0.019), (0.055, -0.018), (0.068, -0.012), (0.070, -0.004), (0.0, -0.002)]
    parts.append(moved(smooth(lathe("Pad", strap, cushion, 64), 60), at=(0, 0, dome(0.03) - 0.004)))
    cross = [(RADIUS * 0.86 * (i / 6 - 1), 0.0, dome(RADIUS * 0.86 * (i / 6 - 1)) - 0.008) for i in range(13)]
    for turn in (0, 60, 120):
        parts.append(moved(smooth(tube("Brace", trim, cross, 0.007, 8), 60), turn=(0, 0, turn + 30)))
    return parts
