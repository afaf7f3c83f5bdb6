"""Rotations as unit quaternions (w, x, y, z), many at a time (NumPy only)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def shortest_turns(start: Floats, ends_N3: Floats) -> Floats:
    """Unit quaternions (w, x, y, z), float64 (N, 4), that turn the direction `start` (3,) the short way to each end."""
    start = start / np.linalg.norm(start)
    ends_N3 = ends_N3 / np.linalg.norm(ends_N3, axis=1, keepdims=True)
    quaternions_N4 = np.concatenate([1 + ends_N3 @ start[:, None], np.cross(start, ends_N3)], axis=1)
    sizes_N1 = np.linalg.norm(quaternions_N4, axis=1, keepdims=True)
    sideways = np.cross(start, np.eye(3)[np.argmin(np.abs(start))])  # back to back: half a turn about any normal
    half_turn = np.concatenate([[0.0], sideways / np.linalg.norm(sideways)])
    return np.where(sizes_N1 > 1e-6, quaternions_N4 / np.maximum(sizes_N1, 1e-12), half_turn)
