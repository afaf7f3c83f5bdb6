"""Light that changes while the shutter is open, as the film sees it (NumPy only).

Cycles blurs what moves, but takes lamp power and shader values from the shutter's centre alone. So every brightness
that changes with time is averaged over the open shutter here and keyed once a frame.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from render.spec import Film

Floats = NDArray[np.float64]

_MOMENTS = 96
"""Moments of the open shutter at which a brightness is sampled; a flash of 1 % of the shutter is still seen."""


def open_seconds(film: Film) -> float:
    """How long the shutter is open, in seconds."""
    return film.shutter_degrees / 360.0 / film.fps


def frame_times(film: Film) -> Floats:
    """The shutter centres of all frames, float64 (frames,), in seconds."""
    return np.arange(film.frames) / film.fps


def moments(opened: float) -> Floats:
    """Times around a shutter's centre that stand for all of its `opened` seconds, float64 (M,)."""
    return ((np.arange(_MOMENTS) + 0.5) / _MOMENTS - 0.5) * opened if opened else np.zeros(1)


def shutter_mean(brightness: Callable[[Floats], Floats], film: Film) -> Floats:
    """The mean of `brightness` (seconds (N,) to level (N,)) over each frame's open shutter, float64 (frames,)."""
    times_FM = frame_times(film)[:, None] + moments(open_seconds(film))
    return np.asarray(brightness(times_FM.reshape(-1)).reshape(times_FM.shape).mean(axis=1))
