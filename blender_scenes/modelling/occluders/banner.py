"""The banner: heavy cloth in hanging folds below a bar, torn along its lower edge, swayed by a grid of bones."""

from __future__ import annotations

from math import cos, pi, sin

import bmesh
import bpy
import numpy as np
from mathutils import Vector, noise
from numpy.typing import NDArray

from .. import surfaces
from ..rig import Bone, add_action, bind, rig
from ..shapes import Material, joined, lathe, moved, smooth, tube, unwrapped
from .lean import lean

WIDE, LONG, TOP = 1.3, 2.25, 2.4
COLUMNS, ROWS = 72, 112
CHAINS, LINKS = 3, 4
FRAMES = 96
"""Length of the swaying, in frames at 24 a second."""


def build() -> None:
    """Model it in the plane of X and Z, hanging from z = 2.4 m."""
    cloth = surfaces.cloth("Cloth", (0.19, 0.014, 0.016), (0.50, 0.36, 0.13))
    metal = surfaces.painted("Bar", (0.30, 0.29, 0.28), 0.4, 0.36, metallic=1.0)
    sheet = _sheet(cloth)
    bar = [(0.0, -0.72), (0.016, -0.72), (0.016, 0.72), (0.0, 0.72)]
    rods = [moved(smooth(lathe("Bar", metal, bar, 18), 40), turn=(0, 90, 0), at=(0, 0, TOP))]
    for x in (-0.74, 0.74):
        knob = [(0.0, -0.03), (0.012, -0.028), (0.028, -0.008), (0.028, 0.008), (0.012, 0.028), (0.0, 0.03)]
        rods.append(moved(smooth(lathe("Knob", metal, knob, 20), 60), turn=(0, 90, 0), at=(x, 0, TOP)))
    circle = [(0.024 * cos(0.3927 * i), 0.0, 0.024 * sin(0.3927 * i)) for i in range(16)]
    for k in range(9):
        ring = smooth(tube("Ring", metal, circle, 0.003, 6, closed=True, side=(0, 1, 0)), 180)
        rods.append(moved(ring, turn=(0, 0, 80), at=(-0.6 + 0.15 * k, 0, TOP - 0.006)))
    hanger = lean(unwrapped(joined(rods, "Hanger")))
    bones = {"bar": Bone((0, 0, TOP), (0, 0, TOP - 0.1), None)}
    for c in range(CHAINS):
        x = (c - (CHAINS - 1) / 2) * WIDE / CHAINS
        for k in range(LINKS):
            z = TOP - 0.05 - k * LONG / LINKS
            bones[f"fold{c}.{k}"] = Bone((x, 0, z), (x, 0, z - LONG / LINKS), f"fold{c}.{k - 1}" if k else "bar")
    armature = rig("Sway", bones)
    bind(hanger, armature, {"bar": np.ones(len(hanger.data.vertices))})
    bind(sheet, armature, _weights(sheet))
    add_action(armature, "sway", FRAMES, {name: _swing(name) for name in bones if name != "bar"})


def _sheet(cloth: Material) -> bpy.types.Object:
    """A grid in folds that deepen downwards, with holes and a ragged hem."""
    build = bmesh.new()
    uv = build.loops.layers.uv.new("UVMap")
    grid = []
    for r in range(ROWS + 1):
        v = r / ROWS
        line = []
        for c in range(COLUMNS + 1):
            u = c / COLUMNS
            fold = (0.034 + 0.050 * v) * sin(2 * pi * 4.1 * u + 1.2 * sin(2.2 * v + 3 * u))
            fold += 0.018 * sin(2 * pi * 9.3 * u + 4 * v) * (1 - 0.5 * v)
            fold += 0.05 * noise.noise(Vector((2.4 * u, 1.7 * v, 3.1))) + 0.012 * noise.noise(Vector((9 * u, 7 * v, 1)))
            narrow = 1.0 - 0.05 * v + 0.02 * sin(5 * v)
            droop = 0.025 * (1 - v) * abs(sin(pi * 8 * u)) ** 0.7 - 0.02 * abs(u - 0.5) * v
            line.append(build.verts.new(((u - 0.5) * WIDE * narrow, fold, TOP - 0.03 - v * LONG - droop)))
        grid.append(line)
    for r in range(ROWS):
        for c in range(COLUMNS):
            corners = [(r, c), (r + 1, c), (r + 1, c + 1), (r, c + 1)]
            corners = corners[-1:] + corners[:-1] if (r * 7 + c * 3) % 5 < 2 else corners
            for three in (corners[:3], [corners[0], *corners[2:]]):  # triangles tear more raggedly than squares
                across, down = (sum(p[axis] for p in three) / 3 for axis in (1, 0))
                if _torn(across / COLUMNS, down / ROWS):
                    continue
                face = build.faces.new([grid[i][j] for i, j in three])
                face.smooth = True
                for loop, (i, j) in zip(face.loops, three, strict=True):
                    loop[uv].uv = (j / COLUMNS, 1 - i / ROWS)
    bmesh.ops.delete(build, geom=[v for v in build.verts if not v.link_faces], context="VERTS")
    mesh = bpy.data.meshes.new("Sheet")
    build.to_mesh(mesh)
    build.free()
    mesh.materials.append(cloth)
    made = bpy.data.objects.new("Sheet", mesh)
    bpy.context.scene.collection.objects.link(made)
    return lean(made)


def _torn(u: float, v: float) -> bool:
    """Whether the cloth is gone there: the hem hangs in tatters, slits run up from it, and there are a few holes."""
    tatters = 0.10 * noise.noise(Vector((11 * u, 0.3, 7))) + 0.06 * noise.noise(Vector((31 * u, 0.8, 2)))
    slits = 0.24 * max(0.0, noise.noise(Vector((17 * u + 2.5 * v, 4.4, 1))) - 0.28) / 0.4
    if v > 0.93 + tatters - slits:
        return True
    for x, y, wide, high in ((0.28, 0.62, 0.030, 0.020), (0.71, 0.41, 0.020, 0.030), (0.83, 0.74, 0.028, 0.05)):
        frayed = 1.0 + 0.6 * noise.noise(Vector((40 * u, 40 * v, x)))
        if ((u - x) / wide) ** 2 + ((v - y) / high) ** 2 < frayed:
            return True
    return False


def _weights(sheet: bpy.types.Object) -> dict[str, NDArray[np.float64]]:
    """How much each vertex follows each fold: bilinear between the chains and their links."""
    places = np.array([v.co for v in sheet.data.vertices])
    column = np.clip(places[:, 0] / WIDE * CHAINS + (CHAINS - 1) / 2, 0, CHAINS - 1)
    row = np.clip((TOP - 0.05 - places[:, 2]) / LONG * LINKS - 0.5, 0, LINKS - 1)
    found = {}
    for c in range(CHAINS):
        for k in range(LINKS):
            across, down = np.clip(1 - np.abs(column - c), 0, 1), np.clip(1 - np.abs(row - k), 0, 1)
            found[f"fold{c}.{k}"] = across * down
    return found


def _swing(name: str) -> NDArray[np.float64]:
    """Quaternions (FRAMES + 1, 4) of one fold: two harmonics that run down the cloth and across it."""
    c, k = int(name[4]), int(name[6])
    t = 2 * pi * np.arange(FRAMES + 1) / FRAMES
    size = (0.02, 0.05, 0.07, 0.09)[k]
    angle = size * (np.sin(2 * t - 0.9 * k - 0.7 * c) + 0.5 * np.sin(3 * t - 1.4 * k + 1.1 * c) + 0.35)
    aside = 0.35 * size * np.sin(t - 0.6 * k + c)
    return np.stack([np.cos(angle / 2), np.sin(angle / 2), aside / 2, np.zeros_like(t)], axis=1)
