"""The desert ruin: dunes with a trodden middle, broken walls of cut blocks, an arch, fallen drums, boulders."""

from __future__ import annotations

from itertools import pairwise
from math import cos, pi, sin, sqrt
from random import Random

import bmesh
from mathutils import Vector, noise

from . import materials
from .shapes import Material, add, bevelled, box, lathe, moved, rock, smooth, whole


def build() -> None:
    """Model it: level about the origin, ruins behind y = 3.5 and beyond x = ±6, dunes to the horizon."""
    sand = materials.stone("Sand", (0.55, 0.36, 0.19), 0.7)
    block = materials.stone("Blocks", (0.46, 0.31, 0.18), 2.6)
    dark = materials.stone("Rock", (0.25, 0.16, 0.10), 1.6)
    _dunes(sand)
    dice = Random(11)
    for start, turn, length, height in (
        ((-8.2, 5.4), 8.0, 8, 7),
        ((0.2, 6.6), -3.0, 6, 4),
        ((8.8, 4.6), 118.0, 7, 6),
        ((-9.5, -1.5), 80.0, 7, 4),
        ((4.4, 8.6), 5.0, 7, 9),
    ):
        _wall(block, dice, start, turn, length, height)
    _arch(block)
    for x, y, turn in ((-3.6, 4.2, 20), (-2.7, 4.6, 75), (7.1, 2.9, -30)):
        drum = [(0, -0.4), (0.42, -0.4), (0.45, -0.36), (0.45, 0.36), (0.42, 0.4), (0, 0.4)]
        moved(smooth(lathe("Drum", block, drum, 24), 40), turn=(90, 0, turn), at=(x, y, 0.36))
    for k in range(46):
        far = dice.uniform(4.4, 14)
        a = dice.uniform(-0.35, pi + 0.35)
        size = dice.choice((0.18, 0.28, 0.4, 0.75)) * dice.uniform(0.7, 1.4)
        at = (far * cos(a) * 1.25, 3.2 + far * sin(a) * 0.75, size * 0.12)
        if abs(at[0]) < 5.2 and at[1] < 3.4:
            continue
        rock("Rock", dark, (size * 1.3, size, size * 0.8), at, 0.37 * k, 2)
    for x, y, size in ((-12.5, 10.0, 5.5), (13.0, 11.0, 7.0), (2.0, 17.0, 6.0)):
        rock("Crag", dark, (size * 1.4, size, size * 1.1), (x, y, size * 0.2), size, 4)
    whole("Desert ruin")


def _dunes(sand: Material) -> None:
    """Level within 5.5 m of the origin, rolling beyond; finer near the middle, 35 m wide each way."""
    build = bmesh.new()
    count = 96
    rows = []
    for j in range(count + 1):
        row = []
        for i in range(count + 1):
            u, v = 2 * i / count - 1, 2 * j / count - 1
            x, y = (35 * (0.35 * w + 0.65 * w * abs(w)) for w in (u, v))
            row.append(build.verts.new((x, y, dune(x, y))))
        rows.append(row)
    for low, high in pairwise(rows):
        for i in range(count):
            build.faces.new((low[i], low[i + 1], high[i + 1], high[i]))
    smooth(add(build, "Ground", sand), 180)


def dune(x: float, y: float) -> float:
    """Height of the sand in metres."""
    away = max(sqrt((x / 1.15) ** 2 + y**2) - 5.0, 0.0)
    rise = min(away / 9.0, 1.0) ** 1.5
    ripple = 0.018 * sin(7.0 * y + 2.0 * x + 3.0 * noise.noise(Vector((x * 0.4, y * 0.4, 2.0))))
    swell = 1.6 * noise.noise(Vector((x * 0.11, y * 0.16, 0.0))) + 1.1
    return max(swell, -0.1) * rise + ripple * (0.4 + rise)


def _wall(block: Material, dice: Random, start: tuple[float, float], turn: float, length: int, height: int) -> None:
    """Courses of blocks, the upper ones broken away towards the ends."""
    a = turn * pi / 180
    crown = [height * dice.uniform(0.35, 1.0) for _ in range(length + 1)]
    for course in range(height):
        for k in range(length):
            if course > crown[k]:
                continue
            along = (k + (0.5 if course % 2 else 0.0)) * 0.82
            size = (0.80 * dice.uniform(0.94, 1.0), 0.62 * dice.uniform(0.9, 1.05), 0.42)
            at = (start[0] + along * cos(a), start[1] + along * sin(a), 0.18 + 0.43 * course)
            body = box("Block", block, size)
            moved(
                bevelled(body, 0.035, 2),
                turn=(dice.uniform(-1, 1), dice.uniform(-1, 1), turn + dice.uniform(-3, 3)),
                at=at,
            )


def _arch(block: Material) -> None:
    """Two piers and a ring of stones."""
    for x in (1.2, 4.0):
        for course in range(6):
            body = bevelled(box("Pier", block, (0.72, 0.72, 0.44)), 0.035, 2)
            moved(body, turn=(0, 0, 3.0 * (course % 3 - 1)), at=(x, 5.2, 0.2 + 0.45 * course))
    for k in range(11):
        t = pi * (k + 0.5) / 11
        stone = bevelled(box("Voussoir", block, (0.62, 0.66, 0.40)), 0.03, 2)
        moved(stone, turn=(0, -180 * t / pi, 0), at=(2.6 + 1.42 * cos(t), 5.2, 2.75 + 1.42 * sin(t)))
