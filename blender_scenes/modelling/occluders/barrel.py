"""The barrel: a 200-litre steel drum with rolled hoops, beaded rims, two bungs, and dents."""

from __future__ import annotations

from math import cos, exp, pi, sin

import bpy

from .. import surfaces
from ..shapes import bevelled, gathered, lathe, moved, smooth
from .lean import lean

RADIUS, HEIGHT = 0.292, 0.88


def build() -> None:
    """Model it standing on the ground."""
    paint = surfaces.painted("Paint", (0.030, 0.105, 0.23), 0.4, 0.36)
    steel = surfaces.painted("Bungs", (0.42, 0.42, 0.42), 0.45, 0.35, metallic=1.0)
    body = smooth(lathe("Body", paint, _profile(), 96), 50)
    _dented(
        body, [(0.6, 0.66, 0.020, 0.10), (2.3, 0.30, 0.028, 0.13), (4.4, 0.52, 0.016, 0.09), (5.5, 0.16, 0.014, 0.08)]
    )
    lid = [(0.0, HEIGHT - 0.022), (0.20, HEIGHT - 0.022), (0.215, HEIGHT - 0.019), (0.25, HEIGHT - 0.019)]
    smooth(lathe("Lid", paint, [*lid, (0.262, HEIGHT - 0.022), (RADIUS - 0.006, HEIGHT - 0.020)], 64), 40)
    floor = [(0.0, 0.022), (RADIUS - 0.006, 0.020)]
    smooth(lathe("Floor", paint, floor, 64), 40)
    for x, y, wide in ((0.17, 0.0, 0.033), (-0.165, 0.05, 0.022)):
        seat = [(0.0, 0.0), (wide * 1.3, 0.0), (wide * 1.25, 0.006), (wide * 1.05, 0.008), (0.0, 0.008)]
        plug = [(0.0, 0.006), (wide, 0.006), (wide, 0.016), (wide * 0.6, 0.016), (wide * 0.55, 0.010), (0.0, 0.010)]
        moved(smooth(lathe("Seat", steel, seat, 28), 40), at=(x, y, HEIGHT - 0.022))
        moved(bevelled(lathe("Plug", steel, plug, 12), 0.0012, 2), at=(x, y, HEIGHT - 0.022))
    gathered({}, "Barrel")
    for thing in bpy.context.scene.objects:
        lean(thing)


def _profile() -> list[tuple[float, float]]:
    """Radius and height up the side: rims rolled over at both ends, two hoops, corrugations near the ends."""
    rim = [(RADIUS - 0.012, 0.020), (RADIUS - 0.012, 0.004), (RADIUS - 0.006, 0.0), (RADIUS + 0.004, 0.0)]
    rim += [(RADIUS + 0.008, 0.006), (RADIUS + 0.006, 0.016), (RADIUS - 0.002, 0.022)]
    side = []
    for k in range(1, 72):
        z = 0.022 + (HEIGHT - 0.044) * k / 72
        bulge = sum(0.0125 * exp(-(((z - at) / 0.0115) ** 2)) for at in (0.30, 0.58))
        near = min(z, HEIGHT - z)
        waves = 0.0035 * sin(2 * pi * near / 0.042) ** 2 if near < 0.147 else 0.0
        side.append((RADIUS + bulge + waves, z))
    return [*rim, *side, *[(r, HEIGHT - z) for r, z in reversed(rim)]]


def _dented(body: bpy.types.Object, dents: list[tuple[float, float, float, float]]) -> None:
    """Push the side in about (angle, height) by a depth, over a width, metres; rims give way less."""
    for angle, height, depth, wide in dents:
        for vertex in body.data.vertices:
            x, y, z = vertex.co
            dx, dy = x - RADIUS * cos(angle), y - RADIUS * sin(angle)
            square = (dx * dx + dy * dy + (0.7 * (z - height)) ** 2) / wide**2
            if square < 6:
                share = depth * exp(-square) * min(1.0, 14 * min(z, HEIGHT - z)) / RADIUS
                vertex.co.x -= x * share
                vertex.co.y -= y * share
