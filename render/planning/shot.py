"""A shot: the frame as a room for the action, before anything moves in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..spec import Vec3

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Shot:
    """The frame as a room for the action: the centre it looks at, its axes, and its size there (all metres)."""

    centre: Floats
    eye: Floats
    right: Floats
    up: Floats
    away: Floats
    width: float
    height: float
    prop_size: float
    box: tuple[Vec3, Vec3]
    focal_mm: float


def vec(point: Floats) -> Vec3:
    return float(point[0]), float(point[1]), float(point[2])
