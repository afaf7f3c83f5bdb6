"""The hammer: a stepped block head with deep chamfers, a band of engraved interlace, a wrapped grip and a strap."""

from __future__ import annotations

from itertools import pairwise
from math import cos, pi, radians, sin

import bmesh
import bpy

from .. import masks
from ..shapes import Material, Point, add, bevelled, box, lathe, moved, smooth, tube
from . import armour
from .relief import finished, sheet

AXIS = 0.437
"""Height of the head's axis above the foot of the pommel."""
GROUND = "ground"
"""Vertex attribute of the band: 1 where it is sunk between the strands."""


def build() -> None:
    """Model it: grip along +Z, head along X."""
    picture = masks.blank("Masks")
    steel = armour.forged("Steel", picture, (0.37, 0.38, 0.405), 0.27)
    trim = armour.forged("Trim", picture, (0.56, 0.345, 0.13), 0.26, bare=(0.80, 0.60, 0.33), rust=(0.06, 0.13, 0.10))
    wrap = armour.leather("Leather", picture, (0.078, 0.032, 0.017))
    runes = armour.engraved("Runes", picture, (0.34, 0.345, 0.36), (0.006, 0.008, 0.012), GROUND)
    for side in (1, -1):
        _block(side, steel, trim)
    _band(steel, trim, runes)
    _grip(steel, trim, wrap)
    finished(picture, "Runes", "Hammer", edge=0.0045, hollow=0.035, reach=0.035)


def _octagon(half: float, chamfer: float) -> list[tuple[float, float]]:
    """Corners (y, z) of a square of half width `half` whose corners are cut off by `chamfer`."""
    c = half - chamfer
    return [(half, -c), (half, c), (c, half), (-c, half), (-half, c), (-half, -c), (-c, -half), (c, -half)]


def _stack(name: str, material: Material, sections: list[tuple[float, float, float]], bevel: float) -> bpy.types.Object:
    """Octagons (x, half width, chamfer) stacked along X about the head's axis."""
    build = bmesh.new()
    rings = [[build.verts.new((x, y, AXIS + z)) for y, z in _octagon(half, cut)] for x, half, cut in sections]
    for lower, upper in pairwise(rings):
        for i in range(8):
            build.faces.new((lower[i], lower[(i + 1) % 8], upper[(i + 1) % 8], upper[i]))
    build.faces.new(rings[0])
    build.faces.new(rings[-1])
    return bevelled(add(build, name, material), bevel, 3, 20)


def _block(side: int, steel: Material, trim: Material) -> None:
    body = [
        (0.036, 0.064, 0.018),
        (0.040, 0.082, 0.024),
        (0.052, 0.088, 0.027),
        (0.112, 0.090, 0.028),
        (0.118, 0.084, 0.026),
        (0.124, 0.084, 0.026),
        (0.130, 0.089, 0.028),
        (0.146, 0.086, 0.030),
        (0.160, 0.070, 0.026),
        (0.160, 0.058, 0.021),
        (0.156, 0.055, 0.020),
    ]
    _stack("Block", steel, [(side * x, half, cut) for x, half, cut in body], 0.0022)
    face = [(0.150, 0.050, 0.018), (0.158, 0.050, 0.018), (0.1635, 0.043, 0.016)]
    _stack("Face", steel, [(side * x, half, cut) for x, half, cut in face], 0.0018)
    hoop = [(0.1165, 0.080, 0.025), (0.1175, 0.0875, 0.0275), (0.1245, 0.0875, 0.0275), (0.1255, 0.080, 0.025)]
    _stack("Hoop", trim, [(side * x, half, cut) for x, half, cut in hoop], 0.0010)
    for turn in (0, 90, 180, 270):
        parts = [_panel(side, steel, trim)]
        for across in (-0.042, 0.042):
            rivet = [(0.0062, -0.002), (0.0062, 0.0012), (0.0050, 0.0032), (0.0026, 0.0043), (0.0, 0.0046)]
            parts.append(moved(smooth(lathe("Rivet", trim, rivet, 16)), at=(side * 0.1385, across, 0.0872)))
        for part in parts:
            moved(moved(part, turn=(turn, 0, 0)), at=(0, 0, AXIS))


def _panel(side: int, steel: Material, trim: Material) -> bpy.types.Object:
    """A raised shield-shaped plate on one side of a block, with a bevelled rim."""
    outline = [(0.058, -0.044), (0.096, -0.044), (0.108, -0.024), (0.108, 0.024), (0.096, 0.044), (0.058, 0.044)]
    build = bmesh.new()
    levels = [(1.0, 0.0855), (1.0, 0.0915), (0.90, 0.0935), (0.84, 0.0935), (0.80, 0.0918), (0.0, 0.0918)]
    rings = []
    for share, height in levels:
        ring = [((0.083 + (x - 0.083) * share) * side, y * share, height) for x, y in outline]
        rings.append([build.verts.new(p) for p in (ring if share else ring[:1])])
    for lower, upper in pairwise(rings):
        for i in range(6):
            j = (i + 1) % 6
            corners = [lower[i], lower[j], upper[j % len(upper)], upper[i % len(upper)]]
            build.faces.new(list(dict.fromkeys(corners)))
    return bevelled(add(build, "Panel", steel), 0.0012, 2, 20)


def _band(steel: Material, trim: Material, runes: Material) -> None:
    """Between the blocks: two rails, and an interlace of three strands that runs round the head without an end."""
    for side in (1, -1):
        rail = [(0.0305, 0.064, 0.018), (0.0315, 0.0835, 0.0245), (0.0385, 0.0835, 0.0245), (0.0395, 0.064, 0.018)]
        _stack("Rail", trim, [(side * x, half, cut) for x, half, cut in rail], 0.0014)
    corners = _octagon(0.0765, 0.022)
    lengths = [
        ((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5
        for a, b in zip(corners, corners[1:] + corners[:1], strict=True)
    ]
    total = sum(lengths)

    def rim(u: float) -> tuple[float, float, float, float]:
        """Point (y, z) and outward normal of the band's octagon at a share `u` of its length; corners are rounded."""
        found = [0.0, 0.0]
        for shift in (-0.006, -0.003, 0.0, 0.003, 0.006):
            way, i = ((u + shift) % 1.0) * total, 0
            while way > lengths[i] and i < 7:
                way -= lengths[i]
                i += 1
            a, b = corners[i], corners[(i + 1) % 8]
            share = way / lengths[i]
            found = [f + (p + (q - p) * share) / 5 for f, p, q in zip(found, a, b, strict=True)]
        length = (found[0] ** 2 + found[1] ** 2) ** 0.5
        return found[0], found[1], found[0] / length, found[1] / length

    def place(u: float, v: float) -> Point:
        y, z, out_y, out_z = rim(u)
        height = 0.0030 * _interlace(u, v)
        return (0.031 * (2 * v - 1), y + out_y * height, AXIS + z + out_z * height)

    sheet("Band", runes, place, 40, 384, around=True, marks={GROUND: lambda u, v: 1.0 - 2.4 * _interlace(u, v)})
    _stack("Core", steel, [(-0.034, 0.0735, 0.0215), (0.034, 0.0735, 0.0215)], 0.001)


WAVES = 8
"""Periods of the interlace round the head."""


def _interlace(u: float, v: float) -> float:
    """Height 0..1 of three strands, each a wave a third of a period behind the last, passing over and under."""
    across = 2 * v - 1
    if abs(across) > 0.87:
        return min((abs(across) - 0.87) / 0.05, 1.0)  # the rims
    best = 0.0
    for strand in range(3):
        phase = 2 * pi * (WAVES * u + strand / 3)
        middle, slope = 0.62 * sin(phase), 0.62 * cos(phase) * 2 * pi * WAVES * 0.031 / 0.58
        distance = abs(across - middle) / (1 + slope * slope) ** 0.5
        if distance < 0.17:
            over = 0.72 + 0.28 * cos(phase)  # at a crossing one strand's cosine is the other's, negated
            groove = 0.14 * max(1 - distance / 0.045, 0.0)
            best = max(best, min((0.17 - distance) / 0.05, 1.0) ** 0.6 * over - groove)
    return best


def _grip(steel: Material, trim: Material, wrap: Material) -> None:
    low, high, pitch = 0.064, 0.318, 0.0165

    def place(u: float, v: float) -> Point:
        """An overlapping spiral of a strip: it rises towards its upper edge, and falls there onto the next turn."""
        z, angle = low + (high - low) * v, 2 * pi * u
        turn = ((z - low) / pitch - u) % 1.0
        lift = 0.0022 * min(turn / 0.88, (1 - turn) / 0.12) ** 0.8
        stitch = 0.0005 * sin(60 * angle) if 0.70 < turn < 0.80 else 0.0
        swell = 0.0185 + 0.0032 * sin(pi * v) ** 0.8 - 0.0012 * cos(4 * pi * v)
        r = swell + lift + stitch
        return (r * cos(angle), r * 1.10 * sin(angle), z)

    sheet("Wrap", wrap, place, 208, 44, around=True)
    smooth(lathe("Core", steel, [(0.0, 0.045), (0.0175, 0.045), (0.0175, 0.39), (0.0, 0.39)], 24))
    collar = [(0.0, 0.312), (0.0265, 0.312), (0.0285, 0.318), (0.0265, 0.324), (0.0225, 0.328), (0.0225, 0.334),
              (0.030, 0.342), (0.033, 0.358), (0.033, 0.366), (0.0, 0.366)]  # fmt: skip
    bevelled(lathe("Collar", trim, collar, 40), 0.0012, 2, 20)
    guard = [(0.0, 0.346), (0.040, 0.346), (0.046, 0.352), (0.046, 0.362), (0.0, 0.362)]
    bevelled(lathe("Guard", steel, guard, 8, pi / 8), 0.0022, 3, 20)
    ring = [(0.0, 0.052), (0.0255, 0.052), (0.0275, 0.058), (0.0255, 0.066), (0.0, 0.066)]
    bevelled(lathe("Ring", trim, ring, 40), 0.0014, 2, 20)
    pommel = [(0.0, 0.0), (0.012, 0.0), (0.030, 0.013), (0.0335, 0.024), (0.030, 0.036), (0.022, 0.050), (0.0, 0.050)]
    bevelled(lathe("Pommel", steel, pommel, 8, pi / 8), 0.0026, 3, 20)
    bevelled(
        lathe("Belt", trim, [(0.0, 0.0205), (0.0345, 0.0205), (0.0345, 0.0275), (0.0, 0.0275)], 8, pi / 8), 0.0012, 2
    )
    eye = [(0.0105 * cos(radians(a)), 0.0, -0.006 + 0.0105 * sin(radians(a))) for a in range(0, 360, 12)]
    smooth(tube("Eye", trim, eye, 0.0032, 12, closed=True, side=(0, 1, 0)))
    loop = []
    for i in range(72):
        t = 2 * pi * i / 72
        # A long drop that hangs from the eye and twists a little, so that it never looks stamped.
        loop.append((0.026 * sin(t) * (0.62 + 0.38 * cos(t + pi)), 0.010 * sin(2 * t), -0.058 + 0.050 * cos(t)))
    smooth(tube("Strap", wrap, loop, 0.0068, 12, closed=True, flat=0.32, side=(0, 1, 0)))
    knot = [(0.0085 * cos(t), 0.0085 * sin(t) * 0.8, -0.020 - 0.012 * t / (4 * pi)) for t in
            [4 * pi * i / 48 for i in range(49)]]  # fmt: skip
    smooth(tube("Lashing", wrap, knot, 0.0034, 10))
    moved(bevelled(box("Toggle", trim, (0.016, 0.014, 0.010)), 0.002, 2), at=(0, 0, -0.074 - 0.034))
