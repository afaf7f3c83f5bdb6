"""Where effects are: fixed points, and targets that move."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from render.motion import orientation, position
from render.spec import Film, Place

from ..keys import key
from ..shutter import key_frames
from . import parts
from .hold import Hold

Floats = NDArray[np.float64]

_STEPS = 1
"""Motion steps that a carrier is keyed for: what rides on it is not blurred."""


@dataclass(frozen=True)
class Places:
    """The targets of a clip by object id, as effects see them."""

    holds: Mapping[int, Hold]

    def at(self, place: Place, times: ArrayLike) -> Floats:
        """A place in the world at `times` in seconds (N,): float64 (N, 3), metres."""
        if isinstance(place, int):
            return self.holds[place].world(times)
        return np.tile(np.asarray(place, np.float64), (np.size(times), 1))

    def reach(self, place: Place) -> float:
        """The radius in metres of what is there: a target's, or 0."""
        return self.holds[place].radius if isinstance(place, int) else 0.0


def carrier(held: Hold, film: Film, name: str) -> parts.Thing:
    """An empty that moves as the target's root does.

    Never the root itself: what is parented to that shares its Cryptomatte.
    """
    empty = parts.adopt(parts.empty(name))
    frames_N = key_frames(film, _STEPS)
    times_N = frames_N / film.fps
    empty.rotation_mode = "QUATERNION"
    empty.scale = (held.target.scale,) * 3
    key(empty, "location", frames_N, position(held.target.curve, times_N))
    key(empty, "rotation_quaternion", frames_N, orientation(held.target.spin, times_N))
    return empty
