"""Where an effect takes hold of a prop: the middle of its bounds, wherever the artist put its grip."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from render.motion import orientation, position
from render.spec import Target

from ..ingest import Placed

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Hold:
    """A target's middle in its root's frame, before the target's scale (3,), and its radius in the world in metres.

    The radius is half the diagonal of the bounds times 0.7: between a plate's and a ball's, it hugs most props.
    """

    target: Target
    middle: Floats
    radius: float

    def world(self, times: ArrayLike) -> Floats:
        """The middle in the world at `times` in seconds (N,): float64 (N, 3), metres."""
        quaternion_N4 = orientation(self.target.spin, times)
        return position(self.target.curve, times) + turned(quaternion_N4, self.target.scale * self.middle)


def hold(target: Target, placed: Placed) -> Hold:
    """Measure the bounds of a target's meshes in its root's frame."""
    corners = []
    for thing in placed.objects:
        if thing.type == "MESH":
            matrix = np.asarray(thing.matrix_parent_inverse @ thing.matrix_basis, np.float64)
            box_83 = np.asarray([list(corner) for corner in thing.bound_box], np.float64)
            corners.append(box_83 @ matrix[:3, :3].T + matrix[:3, 3])
    points = np.concatenate(corners)
    low, high = points.min(axis=0), points.max(axis=0)
    return Hold(target, (low + high) / 2, float(0.35 * np.linalg.norm(high - low) * target.scale))


def turned(quaternions_N4: Floats, vector: Floats) -> Floats:
    """`vector` (3,) turned by each unit quaternion (w, x, y, z): float64 (N, 3)."""
    w_N1, axis_N3 = quaternions_N4[:, :1], quaternions_N4[:, 1:]
    cross_N3 = 2 * np.cross(axis_N3, np.broadcast_to(vector, axis_N3.shape))
    return np.asarray(vector + w_N1 * cross_N3 + np.cross(axis_N3, cross_N3))
