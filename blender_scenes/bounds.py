"""Bounds of meshes, over every vertex."""

from __future__ import annotations

import bpy
import numpy as np
from mathutils import Matrix
from numpy.typing import NDArray

EMPTY = np.array([[np.inf] * 3, [-np.inf] * 3])
"""Bounds of nothing."""


def bounds(mesh: bpy.types.Mesh, matrix: Matrix) -> NDArray[np.float64]:
    """(2, 3) lowest and highest corner of a mesh's vertices after `matrix`."""
    flat = np.empty(len(mesh.vertices) * 3, np.float32)
    mesh.vertices.foreach_get("co", flat)
    turned = np.asarray(matrix, np.float64)
    points = flat.reshape(-1, 3).astype(np.float64) @ turned[:3, :3].T + turned[:3, 3]
    return np.stack([points.min(0), points.max(0)]) if len(points) else EMPTY


def union(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """(2, 3) bounds that hold both."""
    return np.stack([np.minimum(first[0], second[0]), np.maximum(first[1], second[1])])
