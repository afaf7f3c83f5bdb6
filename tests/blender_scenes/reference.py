"""What a box must look like, worked out in NumPy alone: a convex body shows as the hull of its projected corners."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from render.motion import orientation, position
from render.optics import project
from render.spec import ClipSpec
from tests.blender_scenes.simple_assets import box_corners


def corners_px(spec: ClipSpec, time: float) -> NDArray[np.float64]:
    """(8, 2) pixel coordinates of the first target's corners at a time in seconds."""
    target = spec.targets[0]
    w, *v = orientation(target.spin, [time])[0]
    axis = np.array(v)
    corners = box_corners() * target.scale
    turned = corners + 2 * w * np.cross(axis, corners) + 2 * np.cross(axis, np.cross(axis, corners))
    points = turned + position(target.curve, [time])
    return project(spec.camera, spec.film, np.full(8, time), points)[0]


def inside_distance(points_N2: NDArray[np.float64], corners_K2: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far each point lies inside the corners' convex hull, px; negative outside (then at least so far away)."""
    hull = _hull(corners_K2)
    distance_N = np.full(len(points_N2), np.inf)
    for a, b in zip(hull, np.roll(hull, -1, axis=0), strict=True):
        edge = (b - a) / np.linalg.norm(b - a)
        to = points_N2 - a
        distance_N = np.minimum(distance_N, edge[0] * to[:, 1] - edge[1] * to[:, 0])
    return distance_N


def pixel_centres(spec: ClipSpec) -> NDArray[np.float64]:
    """(H * W, 2) pixel centres, row by row."""
    y, x = np.mgrid[: spec.film.height, : spec.film.width] + 0.5
    return np.stack([x.ravel(), y.ravel()], axis=1)


def coverage(spec: ClipSpec, frame: int, samples: int = 2000) -> NDArray[np.float64]:
    """(H, W) share of shutter time and pixel filter in which the box is seen: stratified in time, random in filter.

    The filter is Cycles' Blackman-Harris of width 1.5 (which spans 3 px), sampled in proportion to its weight. Every
    pixel shares the same offsets, so that a time's samples are one shifted picture.
    """
    random = np.random.default_rng(0)
    x = np.linspace(0, 1, 4097)
    window = (
        0.35875 - 0.48829 * np.cos(2 * np.pi * x) + 0.14128 * np.cos(4 * np.pi * x) - 0.01168 * np.cos(6 * np.pi * x)
    )
    cumulative = np.cumsum(window)
    offsets_N2 = (np.interp(random.random((samples, 2)), cumulative / cumulative[-1], x) - 0.5) * 3.0
    open_for = spec.film.shutter_degrees / 360
    times_N = (frame + open_for * ((np.arange(samples) + 0.5) / samples - 0.5)) / spec.film.fps
    centres = pixel_centres(spec)
    seen = np.zeros(len(centres))
    for time, offset in zip(times_N, offsets_N2, strict=True):
        seen += inside_distance(centres + offset, corners_px(spec, time)) > 0
    return (seen / samples).reshape(spec.film.height, spec.film.width)


def _hull(points_K2: NDArray[np.float64]) -> NDArray[np.float64]:
    """Corners of the convex hull in the turn that has positive cross products (Andrew's monotone chain)."""
    points = sorted(map(tuple, points_K2))

    def chain(ordered: list[tuple[float, ...]]) -> list[tuple[float, ...]]:
        out: list[tuple[float, ...]] = []
        for p in ordered:
            while len(out) > 1 and _cross(out[-2], out[-1], p) <= 0:
                out.pop()
            out.append(p)
        return out[:-1]

    return np.array(chain(points) + chain(points[::-1]))


def _cross(o: tuple[float, ...], a: tuple[float, ...], b: tuple[float, ...]) -> float:
    return (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0])
