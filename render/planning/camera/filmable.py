"""Whether a passage can be filmed: in view, over the ground, inside the set's clear room, not in the lens."""

from __future__ import annotations

import numpy as np

from ...motion import position
from ...spec import Camera, Film
from .shot import Shot
from .speed import Passage

IN_VIEW = {"linear": 0.5, "tumble": 0.5, "approach": 0.5, "reenter": 0.35, "summon": 0.9, "hover": 0.95, "swing": 0.9}
"""Shares of the frames in which the prop's centre must be in view, by motion; any other: `USUALLY`."""
USUALLY = 0.8
GONE = 0.92
"""A prop that leaves and comes back must be in view in fewer than this share of the frames."""


def shown_for(motion: str) -> float:
    """The share of the frames in which the centre of a prop with that motion must be in view."""
    return IN_VIEW.get(motion, USUALLY)


def filmable(way: Passage, motion: str, camera: Camera, film: Film, shot: Shot, wanted: float) -> bool:
    """In view on the first frame and for the share `wanted` of all, above ground, inside the clear room, in focus."""
    seen = way.seen & (way.depth > 1.2 * shot.prop_size)
    if not seen[0] or seen.mean() < wanted:
        return False
    first = way.pixels[0]
    length = way.diameter[0] * shot.prop_size / shot.diameter
    inset = min(0.45 * length, 0.3 * film.height)
    if (first < inset).any() or (first > np.array([film.width, film.height]) - inset).any():
        return False
    low, high = np.asarray(shot.box[0]), np.asarray(shot.box[1])
    low = np.array([low[0], min(low[1], shot.eye[1]), low[2] + 0.5 * shot.prop_size])  # nothing stands before the lens
    near = np.abs(way.pixels - [film.width / 2, film.height / 2]) < [0.75 * film.width, film.height]
    shown = near.all(axis=1) & (way.depth > 0)
    clear = ((way.points >= low) & (way.points <= high)).all(axis=1)
    if not clear[shown].all():
        return False
    times = np.arange(film.frames) / film.fps
    lens = np.linalg.norm(way.points - position(camera.position, times), axis=1)
    if lens.min() < 0.75 * shot.prop_size + 0.05:
        return False
    return motion != "reenter" or _leaves_and_returns(way)


def _leaves_and_returns(way: Passage) -> bool:
    gone = np.flatnonzero(~way.seen)
    return len(gone) > 0 and bool(way.seen[gone[0] :].any()) and float(way.seen.mean()) < GONE
