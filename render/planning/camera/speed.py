"""Speed as a controlled quantity: how fast a prop goes through the picture.

Typical speed is the median, over the frames in which the prop's centre is in view and moves, of its speed along its way
through the picture: px a frame, or that over the diameter that the prop's silhouette has there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ...motion import position
from ...optics import View, focal_px
from ...spec import Camera, Curve, Film
from .shot import Floats

TOLERANCE = 0.02
TRIES = 9
STIR = 0.05
"""A prop moves where it goes at more than this share of the highest speed that it has in the clip (in metres)."""


@dataclass(frozen=True)
class Passage:
    """A prop's way through the picture, a value a frame.

    points: metres, (F, 3). pixels: of the centre, (F, 2). depth: metres, (F,). diameter: px, (F,). speed: px a frame,
    (F,). seen: the centre is in the frame, (F,). moving: (F,).
    """

    points: Floats
    pixels: Floats
    depth: Floats
    diameter: Floats
    speed: Floats
    seen: NDArray[np.bool_]
    moving: NDArray[np.bool_]

    def typical(self, in_px: bool = False) -> float:
        """The typical speed in diameters (or px) a frame; 0 where it is never seen to move."""
        counted = self.seen & self.moving
        if not counted.any():
            return 0.0
        speed = self.speed if in_px else self.speed / self.diameter
        return float(np.median(speed[counted]))


def passage(curve: Curve, camera: Camera, film: Film, diameter: float) -> Passage:
    """Follow a prop of that diameter (m) through the clip; speeds are central differences over a quarter frame."""
    times = _moments(film)
    points = position(curve, times).reshape(3, -1, 3)
    pixels, depth = _looking(camera, film).project(points.reshape(-1, 3))
    place, near = pixels.reshape(3, -1, 2), depth.reshape(3, -1)
    stride = np.linalg.norm(points[2] - points[0], axis=1)
    size = np.array([film.width, film.height])
    return Passage(
        points=points[1],
        pixels=place[1],
        depth=near[1],
        diameter=diameter * focal_px(camera, film, np.arange(film.frames) / film.fps) / np.maximum(near[1], 1e-3),
        speed=np.linalg.norm(place[2] - place[0], axis=1) * 4,
        seen=((place[1] >= 0) & (place[1] <= size)).all(axis=1) & (near[1] > 0),
        moving=stride > STIR * float(stride.max()),
    )


def _moments(film: Film) -> Floats:
    """An eighth of a frame before each shutter centre, at it, and after: (3 F,) seconds."""
    centres, nudge = np.arange(film.frames) / film.fps, 0.125 / film.fps
    return np.concatenate([centres - nudge, centres, centres + nudge])


@lru_cache(maxsize=2)
def _looking(camera: Camera, film: Film) -> View:
    """One camera is looked through again and again while a further prop is placed before it."""
    return View.of(camera, film, _moments(film))
