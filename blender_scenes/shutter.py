"""When Cycles looks at a moving object: keys at exactly those times make motion blur follow arcs, not chords."""

from __future__ import annotations

import math

import bpy
import numpy as np
from numpy.typing import NDArray

from render.spec import Film

CHORD = 0.18
"""Radians of turning that one straight piece may stand for: an arc of radius 60 px then errs by less than 0.25 px."""
MOST_STEPS = 6


def motion_steps(turn: float) -> int:
    """Cycles' `motion_steps` (2**steps pieces a shutter) for something that turns by `turn` radians a shutter."""
    return min(max(math.ceil(math.log2(max(turn / CHORD, 1e-9))), 1), MOST_STEPS)


def key_frames(film: Film, steps: int) -> NDArray[np.float64]:
    """Frames, fractions among them, at which Cycles samples a clip with `motion_steps = steps`: float64 (N,).

    Frame `i` has its shutter centre at `i / fps` seconds. With a closed shutter one a frame remains.
    """
    frames = np.arange(film.frames, dtype=np.float64)
    open_for = film.shutter_degrees / 360.0
    if open_for == 0:
        return frames
    pieces = 2**steps
    within = open_for * (np.arange(pieces + 1) / pieces - 0.5)
    return np.unique(np.round(frames[:, None] + within, 6))


def blur(item: bpy.types.Object, steps: int) -> None:
    """Let Cycles sample the object's motion in 2**steps pieces a shutter."""
    item.cycles.use_motion_blur = True
    item.cycles.motion_steps = steps
