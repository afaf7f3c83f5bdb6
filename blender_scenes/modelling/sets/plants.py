"""Trees, ferns, grass and firs as plain meshes, few enough to be copied a hundred times over."""

from __future__ import annotations

from itertools import pairwise
from math import cos, pi, sin
from random import Random

import bmesh
import bpy
from mathutils import Matrix, Vector

from ..shapes import Material, add, joined, smooth, tube


def broadleaf(name: str, bark: Material, leaves: Material, seed: int, high: float, count: int) -> bpy.types.Object:
    """A tree with a leaning trunk, forking limbs and `count` leaf sprays about their ends."""
    dice = Random(seed)
    parts, tips = [], []
    lean = (dice.uniform(-0.5, 0.5), dice.uniform(-0.5, 0.5))
    girth = high * 0.026
    ways = (0.0, 0.03, 0.08, 0.2, 0.35, 0.5, 0.65, 0.8, 1.0)
    bends = [(lean[0] * w**2 + 0.08 * sin(5 * w + seed), lean[1] * w**2 + 0.08 * cos(4 * w)) for w in ways]
    trunk = [(x, y, high * 0.78 * w - 0.3) for (x, y), w in zip(bends, ways, strict=True)]
    parts.append(
        smooth(tube("Trunk", bark, trunk, lambda w: girth * (1.0 - 0.72 * w + 0.7 * max(0.0, 0.12 - w) * 8), 10), 80)
    )
    for k in range(13):
        way = 0.36 + 0.62 * k / 12
        a = 2.4 * k + dice.uniform(-0.4, 0.4)
        at = Vector((lean[0] * way**2, lean[1] * way**2, high * 0.78 * way - 0.3))
        long = high * dice.uniform(0.22, 0.34) * (1.15 - 0.6 * way)
        path = [at]
        for step in range(1, 5):
            bend = Vector(
                (
                    cos(a + 0.2 * step) * long * step / 4,
                    sin(a + 0.2 * step) * long * step / 4,
                    long * 0.22 * step**1.2 / 2,
                )
            )
            path.append(at + bend)
        parts.append(
            smooth(tube("Limb", bark, [tuple(p) for p in path], lambda w: girth * 0.42 * (1 - 0.85 * w), 6), 80)
        )
        tips += [path[2], path[3], path[4], path[4] + Vector((0, 0, 0.3))]
    tips.append(Vector((*lean, high * 0.82)))
    build = bmesh.new()
    for _ in range(count):
        middle = dice.choice(tips)
        spread = high * 0.085
        at = middle + Vector((dice.gauss(0, spread), dice.gauss(0, spread), dice.gauss(0, spread * 0.6)))
        _leaf(build, at, dice, dice.uniform(0.30, 0.58))
    parts.append(add(build, "Leaves", leaves))
    return joined(parts, name)


def _leaf(build: bmesh.types.BMesh, at: Vector, dice: Random, size: float) -> None:
    """A spray of leaves: a bent, toothed diamond of its own attitude."""
    turn = Matrix.Rotation(dice.uniform(0, 2 * pi), 3, "Z") @ Matrix.Rotation(dice.gauss(0.35, 0.5), 3, "X")
    outline = (
        (0, 0, 0),
        (0.34, 0.25, 0.05),
        (0.14, 0.45, 0.0),
        (0.36, 0.7, -0.06),
        (0, 1.0, -0.16),
        (-0.30, 0.62, -0.05),
        (-0.16, 0.48, 0.0),
        (-0.36, 0.3, 0.05),
    )
    build.faces.new([build.verts.new(at + turn @ Vector(p) * size) for p in outline])


def bush(name: str, leaves: Material, seed: int, count: int, size: float = 1.0) -> bpy.types.Object:
    """A mound of leaf sprays about `size` metres high."""
    dice = Random(seed)
    build = bmesh.new()
    for _ in range(count):
        a, rise = dice.uniform(0, 2 * pi), abs(dice.gauss(0, 0.5))
        far = dice.uniform(0.2, 0.75) * max(0.25, 1.1 - rise * 0.8)
        at = Vector((far * cos(a), far * sin(a), min(rise, 1.2) * 0.85)) * size
        _leaf(build, at, dice, dice.uniform(0.16, 0.32) * size)
    return add(build, name, leaves)


def fern(name: str, leaves: Material, seed: int) -> bpy.types.Object:
    """A rosette of arching, tapering fronds, feathered."""
    dice = Random(seed)
    build = bmesh.new()
    for k in range(13):
        a = 2 * pi * k / 13 + dice.uniform(-0.2, 0.2)
        long, arch = dice.uniform(0.5, 0.8), dice.uniform(0.5, 0.9)
        spine = [
            Vector((cos(a) * long * w, sin(a) * long * w, long * (arch * w * 1.5 - 1.25 * w * w)))
            for w in (0, 0.2, 0.4, 0.6, 0.8, 1.0)
        ]
        across = Vector((-sin(a), cos(a), 0))
        for j in range(5):
            wide = 0.13 * long * (1.0 - 0.17 * j)
            for side in (-1, 1):
                ahead = (spine[j + 1] - spine[j]) * 0.55
                corners = (
                    spine[j],
                    spine[j] + across * side * wide + ahead,
                    spine[j] + across * side * wide * 0.7 + ahead * 1.5,
                    spine[j + 1],
                )
                build.faces.new([build.verts.new(p) for p in corners])
    return add(build, name, leaves)


def tuft(name: str, leaves: Material, seed: int, blades: int = 46, size: float = 0.35) -> bpy.types.Object:
    """A tuft of grass."""
    dice = Random(seed)
    build = bmesh.new()
    for _ in range(blades):
        a, b, far = dice.uniform(0, 2 * pi), dice.uniform(0, 2 * pi), abs(dice.gauss(0, 0.16))
        foot = Vector((far * cos(b), far * sin(b), -0.02))
        out, across = Vector((cos(a), sin(a), 0)), Vector((-sin(a), cos(a), 0)) * 0.012
        tall = size * dice.uniform(0.5, 1.2)
        middle, tip = (
            foot + out * 0.1 * tall + Vector((0, 0, 0.6 * tall)),
            foot + out * 0.5 * tall + Vector((0, 0, tall)),
        )
        low = [build.verts.new(foot - across), build.verts.new(foot + across)]
        mid = [build.verts.new(middle + across * 0.7), build.verts.new(middle - across * 0.7)]
        build.faces.new((low[0], low[1], mid[0], mid[1]))
        build.faces.new((mid[1], mid[0], build.verts.new(tip)))
    return add(build, name, leaves)


def fir(name: str, bark: Material, needles: Material, seed: int, high: float, tiers: int = 15) -> bpy.types.Object:
    """A fir of drooping, toothed skirts, one above the other, each of boughs of uneven length."""
    dice = Random(seed)
    parts = [
        smooth(
            tube(
                "Trunk",
                bark,
                [(0, 0, -0.3), (0, 0, high * 0.6), (0, 0, high * 0.97)],
                lambda w: high * 0.022 * (1.05 - w),
                8,
            ),
            80,
        )
    ]
    build = bmesh.new()
    for tier in range(tiers):
        way = tier / (tiers - 1)
        z = high * (0.10 + 0.86 * way)
        reach = high * (0.215 * (1 - way) ** 0.85 + 0.012)
        boughs = max(6, round(15 * (1 - way) + 5))
        start = dice.uniform(0, 2 * pi)
        for k in range(boughs):
            a = start + 2 * pi * k / boughs + dice.uniform(-0.12, 0.12)
            long = reach * dice.uniform(0.72, 1.12)
            droop = long * dice.uniform(0.28, 0.5)
            along, across = Vector((cos(a), sin(a), 0)), Vector((-sin(a), cos(a), 0))
            root = Vector((0, 0, z + dice.uniform(-0.02, 0.02) * high))
            wide = long * 0.30
            points = []
            for w, share in ((0.06, 0.3), (0.4, 1.0), (0.72, 0.75), (1.0, 0.06)):
                middle = root + along * long * w - Vector((0, 0, droop * w**1.6 - 0.05 * long * sin(pi * w)))
                edge = across * wide * share
                sag = Vector((0, 0, -0.22 * wide * share))
                points.append((middle - edge + sag, middle + Vector((0, 0, 0.05 * wide)), middle + edge + sag))
            rows = [[build.verts.new(p) for p in row] for row in points]
            for left, right in pairwise(rows):
                for i in (0, 1):
                    build.faces.new((left[i], left[i + 1], right[i + 1], right[i]))
            for low, up in pairwise(points):  # twigs that break the outline
                for side in (0, 2):
                    tip = (
                        (low[side] + up[side]) / 2
                        + (across * (side - 1) * 0.35 * wide)
                        + along * 0.12 * long
                        - Vector((0, 0, 0.08 * long))
                    )
                    build.faces.new([build.verts.new(p) for p in (low[side], tip, up[side])])
    parts.append(add(build, "Boughs", needles))
    return joined(parts, name)
