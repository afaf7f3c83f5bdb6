"""Trees, ferns, grass and firs as plain meshes, few enough to be copied a hundred times over."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import cos, pi, sin
from random import Random

import bmesh
import bpy
from mathutils import Matrix, Vector, noise

from ..shapes import Material, add, joined, smooth, tube


def tapering(foot: float, head: float) -> Callable[[float], float]:
    """The radius of something that thins evenly from its foot to its head, for `tube`."""
    return lambda way: foot + (head - foot) * way


def broadleaf(name: str, bark: Material, leaves: Material, seed: int, high: float, count: int) -> bpy.types.Object:
    """A tree on spread roots, with a leaning trunk, forking limbs and `count` leaf sprays about their ends."""
    dice = Random(seed)
    lean = (dice.uniform(-0.5, 0.5), dice.uniform(-0.5, 0.5))
    girth = high * 0.026
    ways = (0.0, 0.03, 0.08, 0.2, 0.35, 0.5, 0.65, 0.8, 1.0)
    bends = [(lean[0] * w**2 + 0.08 * sin(5 * w + seed), lean[1] * w**2 + 0.08 * cos(4 * w)) for w in ways]
    trunk = [(x, y, high * 0.78 * w - 0.3) for (x, y), w in zip(bends, ways, strict=True)]
    parts = [smooth(tube("Trunk", bark, trunk, lambda w: girth * (1.0 - 0.72 * w + 5.6 * max(0.0, 0.12 - w)), 10), 80)]
    parts += _roots(bark, girth, dice)
    tips = []
    for k in range(13):
        way = 0.36 + 0.62 * k / 12
        a = 2.4 * k + dice.uniform(-0.4, 0.4)
        at = Vector((lean[0] * way**2, lean[1] * way**2, high * 0.78 * way - 0.3))
        long = high * dice.uniform(0.22, 0.34) * (1.15 - 0.6 * way)
        path = [at]
        for step in range(1, 5):
            b, out = a + 0.2 * step, long * step / 4
            path.append(at + Vector((cos(b) * out, sin(b) * out, long * 0.11 * step**1.2)))
        parts.append(
            smooth(tube("Limb", bark, [tuple(p) for p in path], lambda w: girth * 0.42 * (1 - 0.85 * w), 6), 80)
        )
        tips += [path[2], path[3], path[4], path[4] + Vector((0, 0, 0.3))]
    tips.append(Vector((*lean, high * 0.82)))
    build, spread = bmesh.new(), high * 0.075
    for _ in range(count):
        off = Vector((dice.gauss(0, spread), dice.gauss(0, spread), dice.gauss(0, spread * 0.6)))
        _spray(build, dice.choice(tips) + off, dice, dice.uniform(0.34, 0.58))
    parts.append(add(build, "Leaves", leaves))
    return joined(parts, name)


def _roots(bark: Material, girth: float, dice: Random) -> list[bpy.types.Object]:
    """Roots that leave the trunk's foot, wind over the ground and sink into it."""
    made = []
    for k in range(6):
        a, long = k * pi / 3 + dice.uniform(-0.35, 0.35), girth * dice.uniform(3.5, 6.5)
        b = a + dice.uniform(-0.5, 0.5)
        path = [
            (0.4 * girth * cos(a), 0.4 * girth * sin(a), girth * 1.1),
            (1.3 * girth * cos(a), 1.3 * girth * sin(a), 0.12),
        ]
        path += [(long * 0.6 * cos(b), long * 0.6 * sin(b), 0.03), (long * cos(b), long * sin(b), -0.14)]
        made.append(smooth(tube("Root", bark, path, lambda w: girth * (0.40 - 0.30 * w), 6), 80))
    return made


def _spray(build: bmesh.types.BMesh, at: Vector, dice: Random, size: float) -> None:
    """Three pointed leaves that fan out of one point, each bent down along its rib."""
    turn = Matrix.Rotation(dice.uniform(0, 2 * pi), 3, "Z") @ Matrix.Rotation(dice.gauss(0.25, 0.5), 3, "X")
    root = build.verts.new(at)
    for aside in (-0.85, 0.05, 0.9):
        way = turn @ Matrix.Rotation(aside + dice.uniform(-0.2, 0.2), 3, "Z")
        long = size * dice.uniform(0.75, 1.1)
        corners = ((0.23, 0.45, -0.03), (0.0, 1.0, -0.2), (-0.23, 0.45, -0.03))
        build.faces.new([root, *(build.verts.new(at + way @ Vector(p) * long) for p in corners)])


def _mass(build: bmesh.types.BMesh, at: Vector, size: Vector, seed: float, detail: int) -> None:
    """A lumpy, opaque body of foliage: it ends the rays that get between the leaves about it."""
    ball = bmesh.ops.create_icosphere(build, subdivisions=detail, radius=1.0)["verts"]
    for vertex in ball:
        lump = 1.0 + 0.5 * noise.noise(vertex.co * 1.7 + Vector((seed, 0, 0))) + 0.22 * noise.noise(vertex.co * 5.0)
        vertex.co = at + Vector(a * b for a, b in zip(vertex.co * lump, size, strict=True))


def grove(name: str, bark: Material, leaves: Material, dark: Material, seed: int, wide: float) -> bpy.types.Object:
    """A piece of wood to be seen from 20 m and more: trunks, crowns and undergrowth in one mesh, on z = 0."""
    dice = Random(seed)
    stems: list[bpy.types.Object] = []
    light, shade = bmesh.new(), bmesh.new()
    for k in range(9):
        x, y = wide * ((k % 3) - 1 + dice.uniform(-0.4, 0.4)) / 3, wide * (k // 3 - 1 + dice.uniform(-0.4, 0.4)) / 3
        high, girth = dice.uniform(9.0, 17.0), dice.uniform(0.13, 0.30)
        path = [(x, y, -2.0), (x + 0.1, y, high * 0.4), (x + dice.uniform(-0.6, 0.6), y + 0.2, high * 0.8)]
        stems.append(smooth(tube("Trunk", bark, path, tapering(1.1 * girth, 0.5 * girth), 6), 80))
        for _ in range(4):
            up, a = high * dice.uniform(0.35, 0.72), dice.uniform(0, 2 * pi)
            out = [
                (x, y, up),
                (x + 1.5 * cos(a), y + 1.5 * sin(a), up + 0.9),
                (x + 2.6 * cos(a), y + 2.6 * sin(a), up + 1.2),
            ]
            stems.append(tube("Limb", bark, out, tapering(0.44 * girth, 0.04 * girth), 4))
        for _ in range(6):
            rise, a = dice.uniform(0.40, 0.98), dice.uniform(0, 2 * pi)
            far = 2.3 * dice.random() ** 0.5 * (1.25 - 0.8 * rise)
            at = Vector((x + far * cos(a), y + far * sin(a), high * rise))
            size = Vector((dice.uniform(0.7, 1.25), dice.uniform(0.7, 1.25), dice.uniform(0.45, 0.8))) * 1.1
            _mass(shade, at, size * 1.15, dice.uniform(0, 90), 2)
            _about(light, at, size * 1.1, dice, 3, (0.5, 0.9))
    for _ in range(16):
        at = Vector((dice.uniform(-0.5, 0.5) * wide, dice.uniform(-0.5, 0.5) * wide, 0.2))
        size = Vector((dice.uniform(0.8, 1.6), dice.uniform(0.8, 1.6), dice.uniform(0.6, 1.7)))
        _mass(shade, at, size * 0.85, dice.uniform(0, 90), 1)
        _about(light, at, size * 0.9, dice, 4, (0.35, 0.6))
    parts = [*stems, add(shade, "Shade", dark), add(light, "Leaves", leaves)]
    return joined(parts, name)


def _about(
    build: bmesh.types.BMesh, at: Vector, size: Vector, dice: Random, count: int, sizes: tuple[float, float]
) -> None:
    """Sprays all over the upper side of an ellipsoid, some far out of it, so that its outline is ragged."""
    for _ in range(count):
        way = Vector((dice.gauss(0, 1), dice.gauss(0, 1), dice.gauss(0.35, 1))).normalized() * dice.uniform(0.75, 1.3)
        _spray(build, at + Vector(a * b for a, b in zip(way, size, strict=True)), dice, dice.uniform(*sizes))


def shrub(name: str, leaves: Material, dark: Material, seed: int, count: int) -> bpy.types.Object:
    """A shrub about a metre high: lumps of sprays about dark hearts."""
    dice = Random(seed)
    light, shade = bmesh.new(), bmesh.new()
    for k in range(7):
        a, far = 2.4 * k, 0.16 * k**0.6
        at = Vector((far * cos(a), far * sin(a), 0.30 + 0.5 * dice.random() * (1 - 0.10 * k)))
        size = Vector((0.30, 0.30, 0.26)) * dice.uniform(0.8, 1.2)
        _mass(shade, at, size * 0.8, dice.uniform(0, 90), 1)
        _about(light, at, size * 1.05, dice, count // 7, (0.10, 0.19))
    return joined([add(shade, "Shade", dark), add(light, "Leaves", leaves)], name)


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


def cover(name: str, leaves: Material, seed: int, count: int, wide: float) -> bpy.types.Object:
    """A patch of low, three-leaved plants, densest in its middle."""
    dice = Random(seed)
    build = bmesh.new()
    for _ in range(count):
        at = Vector((dice.gauss(0, 0.4 * wide), dice.gauss(0, 0.4 * wide), dice.uniform(0.02, 0.11)))
        _spray(build, at, dice, dice.uniform(0.05, 0.11))
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


def tuft(name: str, leaves: Material, seed: int, blades: int = 260, size: float = 0.30) -> bpy.types.Object:
    """Grass that grows in tufts over some square metre."""
    dice = Random(seed)
    build = bmesh.new()
    roots = [Vector((dice.gauss(0, 0.45), dice.gauss(0, 0.45), -0.02)) for _ in range(9)]
    for _ in range(blades):
        a, b, far = dice.uniform(0, 2 * pi), dice.uniform(0, 2 * pi), abs(dice.gauss(0, 0.12))
        foot = dice.choice(roots) + Vector((far * cos(b), far * sin(b), 0))
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
