"""The hammer: a waisted hexagonal head with flared striking faces, a rune band, a leather-wrapped grip."""

from __future__ import annotations

from math import cos, pi, radians, sin

from . import materials
from .shapes import bevelled, box, lathe, moved, ring, smooth, tube

TOP = 0.43
"""Height of the head's axis above the pommel."""


def build() -> None:
    """Model it: grip along +Z, head along X."""
    steel = materials.metal("Steel", (0.30, 0.32, 0.35), 0.32)
    trim = materials.metal("Trim", (0.55, 0.36, 0.16), 0.28, wear=0.2)
    wrap = materials.leather("Leather", (0.085, 0.035, 0.018))
    runes = materials.inlay("Runes", (0.012, 0.014, 0.02))
    _head(steel, trim, runes)
    _grip(steel, trim, wrap)


def _along_x(thing):
    return moved(moved(thing, turn=(0, 0, 30)), turn=(0, 90, 0), at=(0, 0, TOP))


def _head(steel, trim, runes) -> None:
    for side in (1, -1):
        drum = [(0.0, 0.026), (0.064, 0.026), (0.064, 0.030), (0.080, 0.046), (0.086, 0.112), (0.074, 0.134), (0.062, 0.134), (0.058, 0.130), (0.0, 0.130)]
        thing = lathe("Drum", steel, [(r, side * x) for r, x in drum], 6)
        bevelled(_along_x(thing), 0.003, 3)
        band = [(0.0835, 0.060), (0.0875, 0.062), (0.0885, 0.074), (0.085, 0.076)]
        bevelled(_along_x(lathe("Rim", trim, [(r, side * x) for r, x in band], 6)), 0.0012, 2)
    waist = [(0.0, -0.028), (0.066, -0.028), (0.066, 0.028), (0.0, 0.028)]
    bevelled(_along_x(lathe("Waist", steel, waist, 6)), 0.002, 2)
    for x in (-0.024, 0.024):
        rail = [(0.064, x - 0.004), (0.071, x - 0.004), (0.071, x + 0.004), (0.064, x + 0.004)]
        bevelled(_along_x(lathe("Rail", trim, rail, 6)), 0.0015, 2)
    for face in range(6):
        turn = face * 60.0
        for shape in _rune(face):
            thing = tube("Rune", runes, shape, 0.0026, 6)
            moved(thing, at=(0, 0, 0.066 * cos(pi / 6)))
            moved(moved(thing, turn=(turn, 0, 0)), at=(0, 0, TOP))
        for side in (1, -1):
            line = [(side * 0.080, 0, 0), (side * 0.108, 0, 0)]
            thing = moved(tube("Line", runes, [(x, -0.012, 0) for x, _, _ in line] , 0.002, 6), at=(0, 0, 0.0845 * cos(pi / 6)))
            moved(moved(thing, turn=(turn, 0, 0)), at=(0, 0, TOP))


def _rune(face: int):
    a, b = 0.010, 0.024
    kinds = [
        [[(-a, -b, 0), (0, 0, 0), (-a, b, 0)], [(a, -b, 0), (a, b, 0)]],
        [[(-a, -b, 0), (a, 0, 0), (-a, b, 0)]],
        [[(-a, -b, 0), (-a, b, 0), (a, 0, 0)], [(a, -b, 0), (a, -b / 3, 0)]],
    ]
    return kinds[face % 3]


def _grip(steel, trim, wrap) -> None:
    smooth(lathe("Shaft", wrap, [(0.0, 0.03), (0.0165, 0.03), (0.0185, 0.12), (0.0165, 0.24), (0.016, 0.40), (0.0, 0.40)], 20))
    turns, steps = 15, 15 * 16
    path = []
    for i in range(steps + 1):
        a = 2 * pi * turns * i / steps
        z = 0.045 + 0.285 * i / steps
        path.append((0.0175 * cos(a), 0.0175 * sin(a), z))
    smooth(tube("Wrap", wrap, path, 0.0095, 8, flat=0.35))
    bevelled(lathe("Collar", trim, [(0.0, 0.33), (0.024, 0.33), (0.026, 0.345), (0.022, 0.352), (0.030, 0.372), (0.0, 0.372)], 12), 0.0015, 2)
    bevelled(lathe("Pommel", steel, [(0.0, 0.0), (0.018, 0.0), (0.029, 0.014), (0.029, 0.026), (0.019, 0.04), (0.0, 0.04)], 6), 0.002, 2)
    bevelled(lathe("Pommel ring", trim, [(0.0, 0.038), (0.022, 0.038), (0.022, 0.046), (0.0, 0.046)], 24), 0.001, 2)
    strap = [(0.012 * cos(t) * 2.2, 0, -0.035 + 0.045 * sin(t)) for t in [radians(90 + 360 * i / 40) for i in range(40)]]
    smooth(tube("Strap", wrap, strap, 0.0045, 8, closed=True, flat=0.4, side=(0, 1, 0)))
