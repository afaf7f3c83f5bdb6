"""Ground that is not flat: grids finer near the middle, raised by a function."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import cos, pi, sin

import bmesh
import bpy
from mathutils import Vector, noise

from ..shapes import Material, add, smooth

Height = Callable[[float, float], float]


def ground(
    name: str, material: Material, height: Height, reach: float, count: int = 96, fine: float = 0.25
) -> bpy.types.Object:
    """A square of `reach` metres to each side; cells are `fine` times as wide near the middle as on average."""
    build = bmesh.new()
    rows = []
    for j in range(count + 1):
        row = []
        for i in range(count + 1):
            u, v = 2 * i / count - 1, 2 * j / count - 1
            x, y = (reach * (fine * w + (1 - fine) * w * abs(w)) for w in (u, v))
            row.append(build.verts.new((x, y, height(x, y))))
        rows.append(row)
    for low, high in pairwise(rows):
        for i in range(count):
            build.faces.new((low[i], low[i + 1], high[i + 1], high[i]))
    return smooth(add(build, name, material), 180)


def ridge(
    name: str, material: Material, near: float, far: float, height: Height, around: int = 180, rings: int = 14
) -> bpy.types.Object:
    """A ring of mountains about the origin; `height(angle, share)` in metres, share 0 at `near` and 1 at `far`."""
    build = bmesh.new()
    rows = []
    for j in range(rings + 1):
        share = j / rings
        radius = near + (far - near) * share
        rows.append([build.verts.new((radius * cos(a), radius * sin(a), height(a, share)))
                     for a in (2 * pi * i / around for i in range(around))])  # fmt: skip
    for low, high in pairwise(rows):
        for i in range(around):
            build.faces.new((low[i], low[(i + 1) % around], high[(i + 1) % around], high[i]))
    return smooth(add(build, name, material), 60)


def rough(x: float, y: float, scale: float, octaves: int = 5, seed: float = 0.0) -> float:
    """Fractal noise about 0, some ±1."""
    return noise.fractal(Vector((x * scale, y * scale, seed)), 1.0, 2.0, octaves)


def ridged(x: float, y: float, scale: float, octaves: int = 6, seed: float = 0.0) -> float:
    """Sharp-crested noise, about 0 to 2."""
    return noise.ridged_multi_fractal(Vector((x * scale, y * scale, seed)), 1.0, 2.1, octaves, 1.0, 2.0)
