"""Whether a path can be filmed: in view, over the ground, inside the set's clear room, not in the lens."""

from __future__ import annotations

import numpy as np

from ..motion import position
from ..optics import project
from ..spec import Camera, Curve, Film, Linear
from .motions import FLIGHT_SHARE
from .shot import Shot

IN_VIEW = 0.8
"""The prop's centre must project inside the frame in this share of the frames."""


def filmable(curve: Curve, camera: Camera, film: Film, shot: Shot) -> bool:
    """In view for `IN_VIEW` of its flight and on the first frame, above the ground, inside the clear room, in focus."""
    times = np.arange(film.frames) / film.fps
    points = position(curve, times)
    pixels, depth = project(camera, film, times, points)
    inset = 0.04 * film.width
    inside = (pixels >= inset) & (pixels <= np.array([film.width, film.height]) - inset)
    seen = inside.all(axis=1) & (depth > 2 * shot.prop_size)
    low, high = np.asarray(shot.box[0]), np.asarray(shot.box[1])
    margin = 0.55 * shot.prop_size
    clear = ((points >= low + [0, 0, margin]) & (points <= high)).all(axis=1)
    flying = seen | (np.abs(pixels[:, 0] / film.width - 0.5) < 1.0)
    return bool(seen[0] and clear[flying].all() and depth.min() > shot.prop_size and seen.mean() >= _wanted(curve))


def _wanted(curve: Curve) -> float:
    """A straight flight may leave the frame for good; every other path must stay in view."""
    return IN_VIEW if not isinstance(curve, Linear) else 0.8 * FLIGHT_SHARE
