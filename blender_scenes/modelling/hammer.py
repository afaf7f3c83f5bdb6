"""The hammer: a waisted hexagonal head with flared drums, an engraved rune band, a leather-wrapped grip."""

from __future__ import annotations

from math import cos, pi, radians, sin, sqrt

import bpy

from . import materials
from .shapes import Material, bevelled, box, gathered, lathe, moved, smooth, tube

AXIS = 0.432
"""Height of the head's axis above the foot of the pommel."""
APOTHEM = sqrt(3) / 2
"""Distance of a hexagon's side from its centre, for corners at distance 1."""


def build() -> None:
    """Model it: grip along +Z, head along X."""
    steel = materials.metal("Steel", (0.36, 0.38, 0.41), 0.30)
    trim = materials.metal("Trim", (0.62, 0.40, 0.16), 0.26, wear=0.12)
    wrap = materials.leather("Leather", (0.075, 0.030, 0.016))
    runes = materials.inlay("Runes", (0.010, 0.012, 0.018))
    for side in (1, -1):
        _drum(side, steel, trim, runes)
    _waist(steel, trim, runes)
    _grip(steel, trim, wrap, runes)
    gathered({"Runes": "Runes"}, "Hammer")


def _hexagon(name: str, material: Material, profile: list[tuple[float, float]], bevel: float) -> bpy.types.Object:
    """A six-sided lathe about the head's axis, flat side up; the profile's heights run along X."""
    thing = moved(lathe(name, material, profile, 6), turn=(0, 0, 30))
    return bevelled(moved(thing, turn=(0, 90, 0), at=(0, 0, AXIS)), bevel, 3 if bevel > 0.002 else 2)


def _on_face(thing: bpy.types.Object, face: int, height: float) -> bpy.types.Object:
    """Lay a thing modelled on the plane z = 0 onto one of the head's six sides."""
    moved(thing, at=(0, 0, height))
    return moved(moved(thing, turn=(60.0 * face, 0, 0)), at=(0, 0, AXIS))


def _drum(side: int, steel: Material, trim: Material, runes: Material) -> None:
    block = [
        (0.0, 0.030),
        (0.070, 0.030),
        (0.092, 0.058),
        (0.098, 0.118),
        (0.084, 0.146),
        (0.070, 0.146),
        (0.066, 0.141),
        (0.0, 0.141),
    ]
    _hexagon("Drum", steel, [(r, side * x) for r, x in block], 0.0045)
    boss = [(0.0, 0.139), (0.052, 0.139), (0.046, 0.147), (0.0, 0.147)]
    _hexagon("Striker", trim, [(r, side * x) for r, x in boss], 0.0018)
    for low, high, radius in ((0.060, 0.072, 0.0965), (0.110, 0.121, 0.1005)):
        hoop = [(radius - 0.012, low), (radius, low), (radius + 0.001, high), (radius - 0.012, high)]
        _hexagon("Hoop", trim, [(r, side * x) for r, x in hoop], 0.0016)
    for face in range(6):
        bar = bevelled(box("Inlay", runes, (0.026, 0.007, 0.004), (side * 0.091, 0, 0)), 0.0012, 1)
        _on_face(bar, face, 0.0957 * APOTHEM)
        for across in (-0.030, 0.030):
            stud = [(0.0055, -0.002), (0.0055, 0.002), (0.003, 0.0045), (0.0, 0.005)]
            thing = moved(smooth(lathe("Stud", trim, stud, 10)), at=(side * 0.091, across, 0))
            _on_face(thing, face, 0.0955 * APOTHEM)


def _waist(steel: Material, trim: Material, runes: Material) -> None:
    _hexagon("Waist", steel, [(0.0, -0.032), (0.072, -0.032), (0.072, 0.032), (0.0, 0.032)], 0.003)
    for side in (1, -1):
        rail = [(0.066, 0.028), (0.080, 0.028), (0.080, 0.036), (0.066, 0.036)]
        _hexagon("Rail", trim, [(r, side * x) for r, x in rail], 0.0016)
        channel = [(0.066, 0.0362), (0.0772, 0.0362), (0.0785, 0.0405), (0.066, 0.0405)]
        _hexagon("Channel", runes, [(r, side * x) for r, x in channel], 0.0006)
    for face in range(6):
        for stroke in _rune(face % 3):
            thing = smooth(tube("Rune", runes, [(x, y, 0.0) for x, y in stroke], 0.0034, 8))
            _on_face(thing, face, 0.072 * APOTHEM)


def _rune(kind: int) -> list[list[tuple[float, float]]]:
    """Strokes of three signs of our own, within 34 by 58 millimetres."""
    a, b = 0.015, 0.027
    return [
        [[(-a, -b), (a * 0.2, 0), (-a, b)], [(a, -b), (a, b)]],
        [[(-a, 0), (a, -b)], [(-a, 0), (a, b)], [(-a, -b), (-a, -b / 2)], [(-a, b), (-a, b / 2)]],
        [[(-a, -b), (-a, b), (a, 0), (-a, -b)], [(a, b), (a, b / 2)], [(a, -b), (a, -b / 2)]],
    ][kind]


def _grip(steel: Material, trim: Material, wrap: Material, runes: Material) -> None:
    core = [(0.0, 0.034), (0.0185, 0.034), (0.0215, 0.13), (0.0185, 0.25), (0.0185, 0.40), (0.0, 0.40)]
    smooth(lathe("Core", wrap, core, 24))
    turns, steps = 13, 13 * 20
    spiral = []
    for i in range(steps + 1):
        way, a = i / steps, 2 * pi * turns * i / steps
        radius = 0.0195 + 0.003 * sin(pi * min(way * 1.3, 1.0))
        spiral.append((radius * cos(a), radius * sin(a), 0.056 + 0.262 * way))
    smooth(tube("Wrap", wrap, spiral, 0.0105, 8, flat=0.30))
    lower = [
        (0.0, 0.318),
        (0.027, 0.318),
        (0.030, 0.326),
        (0.027, 0.334),
        (0.024, 0.338),
        (0.034, 0.356),
        (0.034, 0.364),
        (0.0, 0.364),
    ]
    bevelled(lathe("Collar", trim, lower, 24), 0.0012, 2)
    bevelled(
        lathe("Collar light", runes, [(0.0, 0.335), (0.0262, 0.335), (0.0262, 0.340), (0.0, 0.340)], 24), 0.0006, 1
    )
    pommel = [(0.0, 0.0), (0.020, 0.0), (0.034, 0.015), (0.034, 0.030), (0.022, 0.044), (0.0, 0.044)]
    bevelled(lathe("Pommel", steel, pommel, 6), 0.0025, 3)
    bevelled(lathe("Pommel ring", trim, [(0.0, 0.042), (0.027, 0.042), (0.027, 0.054), (0.0, 0.054)], 24), 0.0015, 2)
    loop = [radians(90 + 9 * i) for i in range(40)]
    strap = [(0.024 * cos(t), 0.008 * sin(2 * t), -0.036 + 0.046 * sin(t)) for t in loop]
    smooth(tube("Strap", wrap, strap, 0.0075, 8, closed=True, flat=0.35, side=(0, 1, 0)))
