"""The desert ruin: dunes with a trodden middle, broken walls of cut blocks, an arch, fallen drums, boulders."""

from __future__ import annotations

from itertools import pairwise
from math import cos, pi, sin, sqrt
from random import Random

import bmesh
import bpy
from mathutils import Vector, noise

from .. import materials
from ..shapes import Material, add, bevelled, box, joined, lathe, moved, rock, smooth
from . import scenery
from .fixtures import braziers
from .terrain import ridge, rough


def build() -> None:
    """Model it: level about the origin, ruins behind y = 3.5 and beyond x = ±6, dunes to the horizon."""
    sand = scenery.soil("Sand", (0.55, 0.36, 0.19), (0.46, 0.29, 0.15), 0.5, 0.02)
    block = scenery.wall("Blocks", (0.46, 0.31, 0.18), 0.6, 2.2, 0.9, 0.9)
    dark = scenery.soil("Rock", (0.27, 0.17, 0.10), (0.19, 0.115, 0.07), 0.9, 0.09)
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
    for number, (x, y, turn) in enumerate(((-3.6, 4.2, 20), (-2.7, 4.6, 75), (7.1, 2.9, -30))):
        drum = [(0, -0.4), (0.42, -0.4), (0.45, -0.36), (0.45, 0.36), (0.42, 0.4), (0, 0.4)]
        moved(smooth(lathe(f"Drum {number}", block, drum, 24), 40), turn=(90, 0, turn), at=(x, y, 0.36))
    for k in range(46):
        far = dice.uniform(4.4, 14)
        a = dice.uniform(-0.35, pi + 0.35)
        size = dice.choice((0.18, 0.28, 0.4, 0.75)) * dice.uniform(0.7, 1.4)
        at = (far * cos(a) * 1.25, 3.2 + far * sin(a) * 0.75, size * 0.12)
        if abs(at[0]) < 5.2 and at[1] < 3.4:
            continue
        rock(f"Rock {k}", dark, (size * 1.3, size, size * 0.8), at, 0.37 * k, 2)
    for x, y, size in ((-12.5, 10.0, 5.5), (13.0, 11.0, 7.0), (2.0, 17.0, 6.0)):
        rock("Crag", dark, (size * 1.4, size, size * 1.1), (x, y, size * 0.2), size, 4)
    joined([o for o in bpy.context.scene.objects if not o.name.startswith(("Rock ", "Drum "))], "Ruin")
    far = scenery.hazed(scenery.soil("Far dunes", (0.50, 0.32, 0.17), (0.42, 0.26, 0.14), 0.02, 0.0), 420.0)
    ridge(
        "Dunes afar",
        far,
        33.0,
        320.0,
        lambda a, w: -0.4 + 26 * w * max(0.0, rough(6 * cos(a), 6 * sin(a), 0.5) + 0.4),
        200,
        18,
    )
    mesa = scenery.hazed(scenery.soil("Mesas", (0.34, 0.19, 0.11), (0.26, 0.14, 0.085), 0.05, 0.0), 520.0)
    for x, y, w, h in (
        (-160, 240, 90, 46),
        (60, 330, 130, 38),
        (230, 180, 80, 62),
        (-260, 60, 70, 40),
        (150, -240, 110, 45),
    ):
        shape = [
            (w * 0.62, -8.0),
            (w * 0.5, h * 0.42),
            (w * 0.46, h * 0.45),
            (w * 0.44, h * 0.94),
            (w * 0.38, h),
            (0, h),
        ]
        thing = lathe("Mesa", mesa, shape, 40)
        for vertex in thing.data.vertices:
            vertex.co.xy *= 1.0 + 0.34 * rough(vertex.co.x, vertex.co.y, 0.03, 4, float(w))
        moved(smooth(thing, 40), at=(x, y, 0))
    bronze = materials.metal("Bronze", (0.30, 0.20, 0.10), 0.5, 0.7)
    braziers(bronze, [((-4.9, 3.1, 0.0), 0.0, 1.0), ((5.5, 3.7, 0.0), 50.0, 1.0)], 260.0)
    scenery.quickened()


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
