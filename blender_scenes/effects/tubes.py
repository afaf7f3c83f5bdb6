"""Tubes around polylines: the geometry that every drawn effect is made of (NumPy only)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


@dataclass(frozen=True)
class Tubes:
    """A mesh: positions float64 (V, 3) in metres, quads int32 (F, 4), radiance float64 (V, 3) linear Rec.709.

    `velocity`, float64 (V, 3) in m/s, is how its vertices move while the shutter is open (None: the whole is moved).
    """

    points: Floats
    quads: Ints
    radiance: Floats
    velocity: Floats | None = None


def tube(points_N3: Floats, radii_N: ArrayLike, radiance_N3: Floats, sides: int = 6) -> Tubes:
    """A tube around a polyline: a ring of `sides` vertices at each of its N points, of that radius (m) and radiance.

    It has no caps: let the radius or the radiance run to zero where the end is seen. Points may coincide.
    """
    count = len(points_N3)
    across_N3, up_N3 = transport_frames(points_N3)
    turn_S = 2 * np.pi * np.arange(sides) / sides
    ring_NS3 = np.cos(turn_S)[None, :, None] * across_N3[:, None] + np.sin(turn_S)[None, :, None] * up_N3[:, None]
    radii_N = np.broadcast_to(np.asarray(radii_N, np.float64), (count,))
    vertices_NS3 = points_N3[:, None] + radii_N[:, None, None] * ring_NS3
    here = np.arange(count - 1)[:, None] * sides + np.arange(sides)[None]
    beside = np.arange(count - 1)[:, None] * sides + (np.arange(sides) + 1)[None] % sides
    quads_F4 = np.stack([here, beside, beside + sides, here + sides], axis=-1).reshape(-1, 4)
    return Tubes(vertices_NS3.reshape(-1, 3), quads_F4.astype(np.int32), np.repeat(radiance_N3, sides, axis=0))


def join(parts: Iterable[Tubes]) -> Tubes:
    """One mesh of all `parts`."""
    parts = list(parts)
    offsets = np.cumsum([0] + [len(part.points) for part in parts[:-1]])
    return Tubes(
        np.concatenate([part.points for part in parts]),
        np.concatenate([part.quads + offset for part, offset in zip(parts, offsets, strict=True)]).astype(np.int32),
        np.concatenate([part.radiance for part in parts]),
    )


def tangents(points_N3: Floats) -> Floats:
    """Unit tangents float64 (N, 3) of a polyline; where points coincide, the last direction is kept (+Z at first)."""
    steps_N3 = np.diff(points_N3, axis=0)
    lengths = np.linalg.norm(steps_N3, axis=1, keepdims=True)
    steps_N3 = np.divide(steps_N3, lengths, out=np.zeros_like(steps_N3), where=lengths > 1e-9)
    sums_N3 = np.concatenate([steps_N3[:1], steps_N3[:-1] + steps_N3[1:], steps_N3[-1:]])
    sizes_N = np.linalg.norm(sums_N3, axis=1)
    moving_N = sizes_N > 1e-6
    if not moving_N.any():
        return np.tile([0.0, 0.0, 1.0], (len(points_N3), 1))
    last_N = np.maximum.accumulate(np.where(moving_N, np.arange(len(sizes_N)), -1))
    last_N = np.where(last_N < 0, np.argmax(moving_N), last_N)
    return sums_N3[last_N] / sizes_N[last_N, None]


def transport_frames(points_N3: Floats) -> tuple[Floats, Floats]:
    """Two unit normals (N, 3) each along a polyline, carried along it without twist.

    Rotation-minimising by projection: each normal is its predecessor with the new tangent's share taken away.
    """
    tangents_N3 = tangents(points_N3)
    normal = np.cross(tangents_N3[0], np.eye(3)[np.argmin(np.abs(tangents_N3[0]))])
    across_N3 = np.empty_like(tangents_N3)
    for index, tangent in enumerate(tangents_N3):
        projected = normal - tangent * (normal @ tangent)
        size = np.linalg.norm(projected)
        if size < 1e-6:  # a hairpin exactly along the old normal: any normal will do
            projected = np.cross(tangent, np.eye(3)[np.argmin(np.abs(tangent))])
            size = np.linalg.norm(projected)
        normal = projected / size
        across_N3[index] = normal
    return across_N3, np.cross(tangents_N3, across_N3)
