"""When Cycles looks at a moving object: keys at exactly those times make motion blur follow arcs, not chords.

With a rolling shutter Cycles spreads the rows' exposures over one window: each row is open for `exposure(film)`, its
centre runs through `spread(film)`, both in frames.
"""

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


def exposure(film: Film) -> float:
    """For how long, in frames, each row of the picture is open."""
    return film.shutter_degrees / 360.0


def spread(film: Film) -> float:
    """Cycles' time, in frames, from the first row's centre to one row beyond the last; 0 with a global shutter."""
    return film.readout * film.height / max(film.height - 1, 1)


def window(film: Film) -> float:
    """From the first row's opening to the last row's closing, in frames: all that motion blur looks at."""
    return exposure(film) + spread(film)


def late(film: Film) -> float:
    """How much later than the middle of its window Cycles takes a frame's middle: half a row, which we give back."""
    return spread(film) / film.height / 2


def key_frames(film: Film, steps: int) -> NDArray[np.float64]:
    """Frames, fractions among them, at which Cycles samples a clip with `motion_steps = steps`: float64 (N,).

    Frame `i` has its shutter centre at `i / fps` seconds. With a closed shutter one a frame remains. One frame more at
    either end says where things come from and go to.
    """
    frames = np.arange(-1, film.frames + 1, dtype=np.float64)
    pieces = 2**steps
    found = [frames]
    for open_for in {window(film), spread(film)} - {0.0}:  # the picture's window, and that of a rolling sharp layer
        within = open_for * (np.arange(pieces + 1) / pieces - 0.5) - late(film)
        found.append((frames[1:-1, None] + within).ravel())
    return np.unique(np.round(np.concatenate(found), 6))


def blur(item: bpy.types.Object, steps: int) -> None:
    """Let Cycles sample the object's motion in 2**steps pieces a shutter."""
    item.cycles.use_motion_blur = item.cycles.use_deform_motion = True
    item.cycles.motion_steps = steps
