"""The chains: five hanging strands of forged links, two of them with a hook, from a beam's eyes."""

from __future__ import annotations

from math import cos, pi, sin

import bpy

from .. import surfaces
from ..shapes import Material, bevelled, box, joined, lathe, moved, smooth, tube, unwrapped
from .lean import copied, lean

LINK, WIDTH, WIRE = 0.082, 0.050, 0.0066
"""Pitch-giving inner length plus wire, outer width, and half the wire's thickness, in metres."""
HIGH = 2.4


def build() -> None:
    """Model them hanging from z = 2.4 m, along X."""
    steel = surfaces.painted("Chain", (0.33, 0.32, 0.31), 0.5, 0.34, metallic=1.0)
    strand = _strand(steel, 31)
    short = _strand(steel, 24)
    places = [(-0.50, 0.02, 14, strand), (-0.23, -0.04, 71, short), (0.04, 0.03, -38, strand)]
    places += [(0.30, -0.02, 49, strand), (0.55, 0.04, 100, short)]
    for x, y, turn, whole in places:
        copied(whole, (x, y, HIGH), (2.0 * sin(9 * x), 1.6 * cos(7 * x), turn))
    hook = _hook(steel)
    for x, y in ((-0.23, -0.04), (0.55, 0.04)):
        lowest = HIGH - 24 * (LINK - 2 * WIRE) + 0.006
        copied(hook, (x + 0.002, y - 0.05 if y < 0 else y + 0.02, lowest), (0, 0, 30))
    for thing in (strand, short, hook):
        bpy.data.objects.remove(thing)
    beam = moved(bevelled(box("Beam", steel, (1.36, 0.07, 0.07)), 0.006, 2), at=(0, 0, HIGH + 0.05))
    lean(unwrapped(beam))


def _link(steel: Material, height: float, turn: float) -> bpy.types.Object:
    """One link hanging from `height`: a stadium of round wire, with the thickening of its weld."""
    straight, bend = LINK / 2 - WIDTH / 2, WIDTH / 2 - WIRE
    path = []
    for k in range(24):
        a = 2 * pi * k / 24
        path.append((bend * cos(a), 0.0, bend * sin(a) + (straight if sin(a) >= 0 else -straight)))

    def wire(way: float) -> float:
        return WIRE * (1.0 + 0.22 * max(0.0, 1 - abs(way - 0.02) * 22))

    thing = smooth(tube("Link", steel, path, wire, 9, closed=True, side=(0, 1, 0)), 180)
    return moved(thing, turn=(0, 0, turn), at=(0, 0, height - LINK / 2))


def _strand(steel: Material, count: int) -> bpy.types.Object:
    """Links turned by ninety degrees from one to the next, a little more or less, swaying."""
    pitch = LINK - 2 * WIRE
    links = [
        moved(
            _link(steel, 0.0, 90.0 * (k % 2) + 9 * sin(1.7 * k)),
            at=(0.004 * sin(0.9 * k), 0.004 * sin(1.3 * k), -k * pitch),
        )
        for k in range(count)
    ]
    return lean(unwrapped(joined(links, "Strand")))


def _hook(steel: Material) -> bpy.types.Object:
    """A lifting hook below its eye."""
    eye = [(0.019 * cos(2 * pi * k / 20), 0.0, 0.019 * sin(2 * pi * k / 20)) for k in range(20)]
    parts = [smooth(tube("Eye", steel, eye, 0.0075, 10, closed=True, side=(0, 1, 0)), 180)]
    bend = [(0.0, 0.0, -0.02), (0.0, 0.0, -0.05), (0.006, 0.0, -0.075)]
    bend += [(0.012 + 0.042 * sin(a), 0.0, -0.118 + 0.042 * cos(a)) for a in [0.25 + 0.26 * k for k in range(15)]]

    def thick(way: float) -> float:
        return 0.0095 + 0.006 * sin(pi * min(way * 1.25, 1.0)) - 0.009 * max(0.0, way - 0.85) / 0.15

    parts.append(smooth(tube("Hook", steel, bend, thick, 12, side=(0, 1, 0)), 180))
    shank = [(0.0, 0.0), (0.014, 0.0), (0.014, 0.018), (0.0, 0.018)]
    parts.append(moved(bevelled(lathe("Shank", steel, shank, 6), 0.002, 2), at=(0, 0, -0.042)))
    return lean(unwrapped(joined(parts, "Hook")))
