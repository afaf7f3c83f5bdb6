"""A shot: the frame as a room for the action, before anything moves in it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Self, cast

import numpy as np
from numpy.typing import NDArray

from ...asset import InstalledAsset, Solid
from ...spec import Vec3
from ..occlusion.bodies import enter

Floats = NDArray[np.float64]
Box = tuple[Vec3, Vec3]


@dataclass(frozen=True)
class Shot:
    """The frame as a room for the action (metres).

    centre: what it looks at, float64 (3,). eye: where the camera stands. right, up, away: the picture's axes, `away`
    going into it. width, height: of the frame at the centre. prop_size: the hero's longest side; diameter: that of the
    circle as large as its silhouette, on average over all attitudes. box: the set's clear room. camera_box: the room
    that cameras may stand in. ground: height of the floor.
    """

    centre: Floats
    eye: Floats
    right: Floats
    up: Floats
    away: Floats
    width: float
    height: float
    prop_size: float
    diameter: float
    box: Box
    camera_box: Box
    focal_mm: float

    @property
    def ground(self) -> float:
        return self.box[0][2]

    @property
    def distance(self) -> float:
        """From the camera to the centre."""
        return float(np.linalg.norm(self.centre - self.eye))

    def at(self, x: float, y: float, z: float = 0.0) -> Floats:
        """The point `x` to the right, `y` up and `z` away from the centre, in metres: float64 (3,)."""
        return np.asarray(self.centre + x * self.right + y * self.up + z * self.away)

    def widened(self, times: float) -> Self:
        """A room that is wider than the picture."""
        return replace(self, width=self.width * times)

    def of(self, prop: InstalledAsset) -> Self:
        """The same room for another prop."""
        return replace(self, prop_size=cast(float, prop.asset.size), diameter=diameter(prop))


def vec(point: Floats) -> Vec3:
    return float(point[0]), float(point[1]), float(point[2])


def inside(point: Floats, box: Box, margin: float = 0.0) -> Floats:
    """The nearest point of the box, `margin` metres inside it (at most to its middle)."""
    found = []
    for at, low, high in zip(point.tolist(), *box, strict=True):  # plain numbers: much quicker for three of them
        middle = (low + margin + high - margin) / 2
        found.append(min(max(at, min(low + margin, middle)), max(high - margin, middle)))
    return np.array(found)


def diameter(prop: InstalledAsset) -> float:
    """Metres: the circle as large as the prop's silhouette, on average over all attitudes (0.1 mm)."""
    return _diameter(prop.asset.solids())


@lru_cache(maxsize=256)
def _diameter(solids: tuple[Solid, ...]) -> float:
    corners = np.concatenate([[solid.low, solid.high] for solid in solids])
    middle = (corners.min(axis=0) + corners.max(axis=0)) / 2
    reach = float(np.linalg.norm(np.abs(corners - middle), axis=1).max())
    step = (np.arange(GRID) + 0.5) / GRID * 2 - 1
    across_K, down_K = (grid.ravel() * reach for grid in np.meshgrid(step, step))
    met = 0
    for number in range(WAYS):  # a Fibonacci lattice: ways spread evenly over the half sphere
        height = (number + 0.5) / WAYS
        turn = number * math.pi * (3 - math.sqrt(5))
        flat = math.sqrt(1 - height**2)
        way = np.array([flat * math.cos(turn), flat * math.sin(turn), height])
        side = np.array([-math.sin(turn), math.cos(turn), 0.0])
        from_K3 = middle - 2 * reach * way + across_K[:, None] * side + down_K[:, None] * np.cross(way, side)
        way_K3 = np.broadcast_to(way, from_K3.shape)
        met += int(np.any([np.isfinite(enter(solid, from_K3, way_K3)) for solid in solids], axis=0).sum())
    area = met / WAYS * (2 * reach / GRID) ** 2
    return round(2 * math.sqrt(area / math.pi), 4)


GRID, WAYS = 48, 24
