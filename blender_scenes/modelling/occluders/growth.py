"""Growing plants: stems that fork, and leaves set along them, as one mesh with the leaves' own UVs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import cos, pi, sin

import bmesh
import bpy
import numpy as np
from mathutils import Matrix, Quaternion, Vector

from ..shapes import Material

Blade = Callable[["Plant", Matrix, float], None]
"""Adds one leaf or card to a plant: its frame (+Y along it, +Z its upper side) and its length in metres."""

Corner = tuple[bmesh.types.BMVert, tuple[float, float]]
"""A vertex and its UV."""


class Plant:
    """A plant under construction: stems get material 0, leaves material 1."""

    def __init__(self, seed: int) -> None:
        self.build = bmesh.new()
        self.uv = self.build.loops.layers.uv.new("UVMap")
        self.random = np.random.default_rng(seed)

    def stem(self, path: list[Vector], radius: float, tip: float, sides: int) -> None:
        """A tapering tube along a path, metres."""
        rings = []
        for i, point in enumerate(path):
            along = (path[min(i + 1, len(path) - 1)] - path[max(i - 1, 0)]).normalized()
            turn = along.to_track_quat("Z", "X")
            size = radius + (tip - radius) * i / (len(path) - 1)
            corners = [(cos(2 * pi * k / sides), sin(2 * pi * k / sides), 0.0) for k in range(sides)]
            rings.append([self.build.verts.new(point + turn @ Vector(c) * size) for c in corners])
        for i in range(len(rings) - 1):
            for k in range(sides):
                j = (k + 1) % sides
                face = self.build.faces.new((rings[i][k], rings[i][j], rings[i + 1][j], rings[i + 1][k]))
                face.smooth = True
                for loop, (u, v) in zip(face.loops, ((k, i), (k + 1, i), (k + 1, i + 1), (k, i + 1)), strict=True):
                    loop[self.uv].uv = (u / sides, v * 0.25)

    def leaf(self, frame: Matrix, long: float) -> None:
        """A pointed blade, folded along its midrib, drooping towards its tip."""
        half = long * 0.27
        rows = ((0.0, 0.05, 0.0), (0.34, 1.0, 0.02), (0.70, 0.74, -0.03), (1.0, 0.0, -0.16))
        droop = self.random.uniform(0.5, 1.8)
        grid: list[list[Corner]] = []
        for along, wide, sag in rows[:-1]:
            line: list[Corner] = []
            for side in (-1, 0, 1):
                lift = 0.30 * abs(side) * wide * half
                at = Vector((side * wide * half, along * long, lift + sag * long * droop))
                line.append((self.build.verts.new(frame @ at), (0.5 + 0.5 * side * wide, along)))
            grid.append(line)
        tip = frame @ Vector((0.0, long, rows[-1][2] * long * droop))
        self._quads(grid, (self.build.verts.new(tip), (0.5, 1.0)))

    def card(self, frame: Matrix, long: float) -> None:
        """A bent card that wears a whole twig's picture; its alpha cuts the leaves out."""
        half, rows = long * 0.5, 3
        bend = self.random.uniform(0.05, 0.30)
        lines: list[list[Corner]] = []
        for row in range(rows):
            along = row / (rows - 1)
            sag = -bend * long * along**2
            line: list[Corner] = []
            for side in (-1, 0, 1):
                at = frame @ Vector((side * half, along * long, sag + 0.10 * long * abs(side)))
                line.append((self.build.verts.new(at), (0.5 + 0.5 * side, along)))
            lines.append(line)
        self._quads(lines, None)

    def _quads(self, lines: Sequence[Sequence[Corner]], tip: Corner | None) -> None:
        for lower, upper in pairwise(lines):
            for k in (0, 1):
                self._face((lower[k], lower[k + 1], upper[k + 1], upper[k]))
        if tip is not None:
            for k in (0, 1):
                self._face((lines[-1][k], lines[-1][k + 1], tip))

    def _face(self, corners: Sequence[Corner]) -> None:
        face = self.build.faces.new([vertex for vertex, _ in corners])
        face.material_index, face.smooth = 1, True
        for loop, (_, uv) in zip(face.loops, corners, strict=True):
            loop[self.uv].uv = uv

    def branch(
        self,
        start: Vector,
        way: Vector,
        long: float,
        radius: float,
        rise: float,
        blade: Blade,
        spacing: float,
        size: float,
    ) -> list[Vector]:
        """A wandering twig with leaves in turn along its outer part; returns its path."""
        steps = 7
        path, heading = [start.copy()], way.normalized()
        for _ in range(steps):
            drift = Vector(self.random.normal(0, 0.16, 3).tolist())
            heading = (heading + drift + Vector((0, 0, rise))).normalized()
            path.append(path[-1] + heading * (long / steps))
        self.stem(path, radius, radius * 0.3, 5)
        at, turn = 0.22 * long, float(self.random.uniform(0, 2 * pi))
        while at < long:
            i = min(int(at / long * steps), steps - 1)
            share = at / long * steps - i
            along = (path[i + 1] - path[i]).normalized()
            turn += 2.4
            self.set_leaf(path[i].lerp(path[i + 1], share), along, turn, size, blade)
            at += spacing * float(self.random.uniform(0.7, 1.3))
        self.set_leaf(path[-1], (path[-1] - path[-2]).normalized(), turn, size * 0.8, blade, 0.2)
        return path

    def set_leaf(self, at: Vector, along: Vector, turn: float, size: float, blade: Blade, splay: float = 0.95) -> None:
        """One leaf at a place of a twig: off it by `splay` radians, its upper side towards the sky."""
        side = Quaternion(along, turn) @ along.orthogonal().normalized()
        out = (along * cos(splay) + side * sin(splay)).normalized()
        out = (out + Vector((0, 0, float(self.random.normal(0.05, 0.2))))).normalized()
        sky = Vector((0, 0, 1)) + Vector(self.random.normal(0, 0.35, 3).tolist())
        across = out.cross(sky).normalized()
        frame = Matrix.Translation(at) @ Matrix((across, out, across.cross(out))).transposed().to_4x4()
        blade(self, frame, size * float(self.random.uniform(0.65, 1.2)))

    def finish(self, name: str, stems: Material, leaves: Material) -> bpy.types.Object:
        """The plant as an object of the scene."""
        mesh = bpy.data.meshes.new(name)
        self.build.to_mesh(mesh)
        self.build.free()
        mesh.materials.append(stems)
        mesh.materials.append(leaves)
        made = bpy.data.objects.new(name, mesh)
        bpy.context.scene.collection.objects.link(made)
        return made
