"""Light that is uneven, as hot gas is: cards in the plane square to +Z, each vertex with a brightness of its own.

A card is a grid of turns and reaches (polar coordinates); what it shines with is a function of both (NumPy only).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .tubes import Tubes

Floats = NDArray[np.float64]
Field = Callable[[Floats, Floats], Floats]
"""A function of turn (radians, once round) and reach (distance from the middle, 0 to 1), float64 arrays that broadcast;
its values have their common shape."""

_TURNS = 288
_REACHES = 72


def card(light: Field, radiance_3: Floats, height: Field | None = None) -> Tubes:
    """A disc of radius 1 around the origin that shines with `light × radiance_3` and stands `height` above z = 0.

    `radiance_3` is linear Rec.709, (3,); lengths are shares of the disc's radius.
    """
    turn_T1 = np.linspace(0, 2 * np.pi, _TURNS, endpoint=False)[:, None]
    reach_1R = np.linspace(0, 1, _REACHES)[None]
    rise_TR = height(turn_T1, reach_1R) if height else np.zeros((_TURNS, _REACHES))
    points_TR3 = np.stack([reach_1R * np.cos(turn_T1), reach_1R * np.sin(turn_T1), rise_TR], axis=-1)
    here = (np.arange(_TURNS)[:, None] * _REACHES + np.arange(_REACHES - 1)[None]).ravel()
    beside = (here + _REACHES) % (_TURNS * _REACHES)
    quads_F4 = np.stack([here, here + 1, beside + 1, beside], axis=-1).astype(np.int32)
    return Tubes(points_TR3.reshape(-1, 3), quads_F4, light(turn_T1, reach_1R).reshape(-1, 1) * radiance_3)


class Churn:
    """A field of noise with mean 0 and deviation 1: waves of 2 to `finest` a turn, the finer the weaker.

    `along`: how fast it changes from the middle outwards, beside how fast it changes around; 0: not at all.
    """

    def __init__(self, rng: np.random.Generator, finest: int, along: float = 0.0) -> None:
        self._waves_W = np.unique(np.geomspace(2, finest, 24).round())
        count = len(self._waves_W)
        self._sizes_W = self._waves_W**-0.55
        self._out_W = along * self._waves_W * rng.normal(0, 1, count)
        self._phases_W = rng.uniform(0, 2 * np.pi, count)

    def __call__(self, turn: Floats, reach: Floats) -> Floats:
        phase = self._waves_W * turn[..., None] + self._out_W * reach[..., None] + self._phases_W
        # A second set, mirrored, or all would be spirals.
        other = self._waves_W * turn[..., None] - 1.3 * self._out_W * reach[..., None] + 2.6 * self._phases_W
        return np.asarray((np.cos(phase) + np.cos(other)) @ self._sizes_W / np.linalg.norm(self._sizes_W))


def tongues(rng: np.random.Generator, count: int) -> Field:
    """A field: how far a place is inside one of `count` tongues that shoot out from the middle; 1 at its heart.

    A few come to the rim, most end far before it; each is broad at its root, bends a little and ends in a point.
    """
    lengths = 0.25 + 0.75 * rng.beta(1.2, 2.6, count)
    roots = rng.uniform(0.05, 0.16, count) * lengths**0.5
    turns, bends = rng.uniform(0, 2 * np.pi, count), rng.normal(0, 0.25, count)

    def inside(turn: Floats, reach: Floats) -> Floats:
        found = np.zeros(np.broadcast_shapes(turn.shape, reach.shape))
        for length, root, middle, bend in zip(lengths, roots, turns, bends, strict=True):
            beside = np.angle(np.exp(1j * (turn - middle - bend * reach))) * reach
            left = np.clip(1 - reach / length, 0, 1)
            found = np.maximum(found, np.exp(-0.5 * (beside / (root * (left + 0.02))) ** 2) * left**0.7)
        return found

    return inside
