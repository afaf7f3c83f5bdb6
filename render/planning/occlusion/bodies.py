"""Bodies: the solids that stand for things, where they are at any moment, and where lines enter them (pure NumPy)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ...asset import Library, Solid
from ...motion import orientation, position
from ...spec import Curve, Extra, Spin, Target

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
FLAT: dict[str, tuple[bool, bool, bool]] = {
    "no": (True, True, True),
    "x": (True, False, False),
    "y": (False, True, False),
    "z": (False, False, True),
    "all": (False, False, False),
}
"""Axes along which a solid ends in flat sides, by how it is rounded."""


@dataclass(frozen=True)
class Shape:
    """P solids as arrays, metres from the origin, unturned and unscaled.

    low, high: (P, 3). flat: (P, 3), along which axes it ends in flat sides. opacity: (P,). corners: (P, 8, 3).
    """

    low: Floats
    high: Floats
    flat: Bools
    opacity: Floats
    corners: Floats


@lru_cache(maxsize=512)
def shape(solids: tuple[Solid, ...]) -> Shape:
    """The arrays of a proxy."""
    low, high = np.array([solid.low for solid in solids]), np.array([solid.high for solid in solids])
    pick = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)])
    flat, opacity = np.array([FLAT[solid.round] for solid in solids]), np.array([solid.opacity for solid in solids])
    return Shape(low, high, flat, opacity, np.where(pick, high[:, None], low[:, None]))


@dataclass(frozen=True)
class Body:
    """Solids that move as one thing, `scale` times their size, on a curve and with a spin."""

    solids: tuple[Solid, ...]
    curve: Curve
    spin: Spin
    scale: float = 1.0

    @classmethod
    def of(cls, thing: Target | Extra, library: Library) -> Self:
        """The body of a target or an extra of a clip spec."""
        return cls(library.get(thing.asset).asset.solids(), thing.curve, thing.spin, thing.scale)

    @cached_property
    def radius(self) -> float:
        """Metres from the origin that no part of it leaves."""
        return float(np.linalg.norm(shape(self.solids).corners * self.scale, axis=2).max())

    def at(self, times: Floats) -> Posed:
        """Where it is at some moments, seconds, (F,)."""
        spin = self.spin
        if spin.world is None and not any(spin.body.rates):
            base = np.asarray(spin.base, np.float64)
            turn = np.broadcast_to(_matrices(base / np.linalg.norm(base)), (len(times), 3, 3))
        else:
            turn = _matrices(orientation(spin, times))
        return Posed(self, position(self.curve, times), turn)


@dataclass(frozen=True)
class Posed:
    """A body at F moments: its origin in the world, (F, 3), and its rotation to the world, (F, 3, 3)."""

    body: Body
    place: Floats
    turn: Floats

    def clearance(self, points_F3: Floats) -> Floats:
        """Metres, (F,), from points, one a moment, to the nearest of the body's boxes; 0 inside."""
        return np.asarray(Crowd.of([self]).clearance(points_F3[None])[:, 0].min(axis=0))


@dataclass(frozen=True)
class Crowd:
    """B bodies at the same F moments, and all their P solids in a row, one body's after the other's.

    owner: (P,), which body a solid is of; first: (B,), each body's first solid. low, high: (P, 3) metres. flat: (P, 3).
    opacity: (P,). corners: (P, 8, 3) metres. place: (B, F, 3). turn: (B, F, 3, 3).
    """

    owner: Ints
    first: Ints
    low: Floats
    high: Floats
    flat: Bools
    opacity: Floats
    corners: Floats
    place: Floats
    turn: Floats

    @classmethod
    def of(cls, posed: Sequence[Posed]) -> Self:
        """Bodies put together; at least one."""
        shapes = [shape(one.body.solids) for one in posed]
        counts = np.array([len(one.low) for one in shapes])
        owner_P = np.repeat(np.arange(len(posed)), counts)
        scale_P1 = np.array([one.body.scale for one in posed])[owner_P, None]
        return cls(
            owner=owner_P,
            first=np.cumsum(counts) - counts,
            low=np.concatenate([one.low for one in shapes]) * scale_P1,
            high=np.concatenate([one.high for one in shapes]) * scale_P1,
            flat=np.concatenate([one.flat for one in shapes]),
            opacity=np.concatenate([one.opacity for one in shapes]),
            corners=np.concatenate([one.corners for one in shapes]) * scale_P1[..., None],
            place=np.stack([one.place for one in posed]),
            turn=np.stack([one.turn for one in posed]),
        )

    def clearance(self, points_QF3: Floats) -> Floats:
        """Metres, (P, Q, F), from Q moving points to each solid's box; 0 inside."""
        local_BQF3 = np.einsum("bfji,bqfj->bqfi", self.turn, points_QF3 - self.place[:, None])
        local_PQF3 = local_BQF3[self.owner]
        out_PQF3 = np.maximum(self.low[:, None, None] - local_PQF3, local_PQF3 - self.high[:, None, None])
        out_PQF3 = np.maximum(out_PQF3, 0.0)
        return np.asarray(np.sqrt(np.einsum("pqfi,pqfi->pqf", out_PQF3, out_PQF3)))

    def enter(self, solid_M: Ints, frame_M: Ints, origin_F3: Floats, ray_M3: Floats) -> Floats:
        """Where lines enter solids, M pairs of them, (M,): multiples of the line's way; inf where it misses.

        Each line starts where the eye is at its moment, origin (F, 3), and goes along `ray_M3`. One that begins inside
        enters at 0.
        """
        owner_M = self.owner[solid_M]
        origin_BF3 = np.einsum("bfji,bfj->bfi", self.turn, origin_F3 - self.place)
        ray_M3 = np.einsum("mji,mj->mi", self.turn[owner_M, frame_M], ray_M3)
        centre_P3, half_P3 = (self.low + self.high) / 2, (self.high - self.low) / 2
        at_M3 = (origin_BF3[owner_M, frame_M] - centre_P3[solid_M]) / half_P3[solid_M]
        return _enter(at_M3, ray_M3 / half_P3[solid_M], self.flat[solid_M])


def enter(solid: Solid, origin_K3: Floats, ray_K3: Floats) -> Floats:
    """Where lines enter one solid, (K,): multiples of the line's way; inf where it misses, 0 where it begins inside."""
    low, high = np.asarray(solid.low), np.asarray(solid.high)
    centre, half = (low + high) / 2, (high - low) / 2
    flat_K3 = np.broadcast_to(np.array(FLAT[solid.round]), origin_K3.shape)
    return _enter((origin_K3 - centre) / half, ray_K3 / half, flat_K3)


def _enter(at_M3: Floats, way_M3: Floats, flat_M3: Bools) -> Floats:
    """The same in units in which the solid reaches from -1 to 1: slabs for flat sides, a quadratic for round ones."""
    at, way = np.ascontiguousarray(at_M3.T), np.ascontiguousarray(way_M3.T)  # (3, M): quicker
    flat = np.ascontiguousarray(flat_M3.T)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        slope = np.where(way == 0.0, 1e-300, way)
        first, second = (-1.0 - at) / slope, (1.0 - at) / slope
        near_M = np.where(flat, np.minimum(first, second), 0.0).max(axis=0, initial=0.0)
        far_M = np.where(flat, np.maximum(first, second), np.inf).min(axis=0)
        if not flat.all():
            at, way = np.where(flat, 0.0, at), np.where(flat, 0.0, way)
            a_M, b_M = np.maximum((way * way).sum(axis=0), 1e-300), (at * way).sum(axis=0)
            root_M = np.sqrt(b_M**2 - a_M * ((at * at).sum(axis=0) - 1.0))  # nan where the line passes by
            near_M = np.maximum(near_M, (-b_M - root_M) / a_M)  # all flat: no bound, as nothing of the way is left
            far_M = np.minimum(far_M, (-b_M + root_M) / a_M)
        return np.where(near_M <= far_M, near_M, np.inf)


def _matrices(quaternions: Floats) -> Floats:
    """Rotation matrices (..., 3, 3) of unit quaternions (w, x, y, z), (..., 4)."""
    w, x, y, z = (quaternions[..., i] for i in range(4))
    cells = [
        (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        (2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    ]
    turns = np.empty((*quaternions.shape[:-1], 3, 3))
    for i, row in enumerate(cells):
        for j, cell in enumerate(row):
            turns[..., i, j] = cell
    return turns
