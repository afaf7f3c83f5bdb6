"""Where an effect takes hold of a prop: the middle of its surface, wherever the artist put its grip."""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np
from numpy.typing import ArrayLike, NDArray

from render.motion import orientation, position, rotate
from render.spec import Extra, Target

from ..ingest import Placed

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Hold:
    """A target's middle (3,) in its root's frame, before the target's scale, and its radius in the world in metres.

    The middle is the centroid of the surface: in the head of a hammer, not half-way down its handle. The radius is the
    root mean square distance of the surface from it: a ball's own radius.
    """

    target: Target | Extra
    middle: Floats
    radius: float

    def world(self, times: ArrayLike) -> Floats:
        """The middle in the world at `times` in seconds (N,): float64 (N, 3), metres."""
        quaternions_N4 = orientation(self.target.spin, times)
        return position(self.target.curve, times) + rotate(quaternions_N4, self.target.scale * self.middle)


@dataclass(frozen=True)
class Surface:
    """Points (P, 3) spread evenly over a prop's surface, with its normals (P, 3), in its root's frame, unscaled."""

    points: Floats
    normals: Floats


def surface(placed: Placed, rng: np.random.Generator, count: int) -> Surface:
    """`count` points of a placed prop's surface."""
    corners_T33 = np.concatenate([_triangles(thing, placed) for thing in placed.objects if thing.type == "MESH"])
    # Blender does not promise the triangles' order; by place, so that a seed always means the same points.
    corners_T33 = corners_T33[np.lexsort(np.round(corners_T33.reshape(-1, 9), 6).T)]
    across_T3 = np.cross(corners_T33[:, 1] - corners_T33[:, 0], corners_T33[:, 2] - corners_T33[:, 0])
    areas_T = np.linalg.norm(across_T3, axis=1)
    chosen_P = rng.choice(len(areas_T), count, p=areas_T / areas_T.sum())
    u_P1, v_P1 = rng.random((count, 1)), rng.random((count, 1))
    u_P1, v_P1 = np.where(u_P1 + v_P1 > 1, 1 - u_P1, u_P1), np.where(u_P1 + v_P1 > 1, 1 - v_P1, v_P1)
    a_P3, b_P3, c_P3 = (corners_T33[chosen_P, corner] for corner in range(3))
    points_P3 = a_P3 + u_P1 * (b_P3 - a_P3) + v_P1 * (c_P3 - a_P3)
    return Surface(points_P3, across_T3[chosen_P] / np.maximum(areas_T[chosen_P, None], 1e-12))


def hold(target: Target | Extra, placed: Placed) -> Hold:
    """Measure the surface of a target's meshes in its root's frame."""
    triangles_T33 = np.concatenate([_triangles(thing, placed) for thing in placed.objects if thing.type == "MESH"])
    centres_T3 = triangles_T33.mean(axis=1)
    sides_T23 = triangles_T33[:, 1:] - triangles_T33[:, :1]
    areas_T = np.linalg.norm(np.cross(sides_T23[:, 0], sides_T23[:, 1]), axis=1)
    middle = np.average(centres_T3, axis=0, weights=areas_T)
    square = np.average(((centres_T3 - middle) ** 2).sum(axis=1), weights=areas_T)
    return Hold(target, middle, float(np.sqrt(square) * target.scale))


def _triangles(thing: bpy.types.Object, placed: Placed) -> Floats:
    """The corners of a mesh object's triangles in its root's frame, float64 (T, 3, 3); of a rig as it stands now."""
    matrix = np.asarray(thing.matrix_parent_inverse @ thing.matrix_basis, np.float64)
    mesh = thing.data
    if placed.action is not None:
        graph = bpy.context.evaluated_depsgraph_get()
        shown = thing.evaluated_get(graph)
        matrix = np.linalg.inv(np.asarray(placed.root.evaluated_get(graph).matrix_world)) @ np.asarray(
            shown.matrix_world
        )
        mesh = shown.to_mesh()
    points = np.empty(len(mesh.vertices) * 3)
    mesh.vertices.foreach_get("co", points)
    mesh.calc_loop_triangles()
    corners = np.empty(len(mesh.loop_triangles) * 3, np.int32)
    mesh.loop_triangles.foreach_get("vertices", corners)
    points_V3 = points.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3]
    return np.asarray(points_V3[corners].reshape(-1, 3, 3))
