"""What hides what: solids cast against the lines of sight through a target, frame by frame (pure NumPy).

Things are stood for by the few solids of their proxies. The lines of sight are a grid of points over the target's place
in the picture; each knows how deep it meets the target, and what lies nearer hides it by its opacity. So fractions are
as fine for a small target as for a large one, and a whole clip costs milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...asset import Library, Solid
from ...motion import orientation, position
from ...optics import camera_axes, distort, focal_px, undistort
from ...spec import Camera, Curve, Extra, Film, Spin, Target

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
NEAREST = 0.02
"""Metres: what comes nearer to the eye than this fills the picture."""


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
    def corners(self) -> Floats:
        """Corners of the solids' boxes, float64 (C, 3), metres from the origin, unturned."""
        pick = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)])
        boxes = [np.where(pick, np.asarray(solid.high), np.asarray(solid.low)) for solid in self.solids]
        return np.concatenate(boxes) * self.scale

    @cached_property
    def radius(self) -> float:
        """Metres from the origin that no part of it leaves."""
        return float(np.linalg.norm(self.corners, axis=1).max())

    def at(self, times: Floats) -> Posed:
        """Where it is at some moments, seconds, (F,)."""
        return Posed(self, position(self.curve, times), _matrices(orientation(self.spin, times)))


@dataclass(frozen=True)
class Posed:
    """A body at F moments: its origin in the world, (F, 3), and its rotation to the world, (F, 3, 3)."""

    body: Body
    place: Floats
    turn: Floats

    def clearance(self, points_F3: Floats) -> Floats:
        """Metres, (F,), from points, one a moment, to the nearest of the body's boxes; 0 inside."""
        scale, solids = self.body.scale, self.body.solids
        local_F3 = np.einsum("fji,fj->fi", self.turn, points_F3 - self.place)
        low_P3, high_P3 = np.array([solid.low for solid in solids]), np.array([solid.high for solid in solids])
        out_FP3 = np.maximum(low_P3 * scale - local_F3[:, None], local_F3[:, None] - high_P3 * scale)
        return np.asarray(np.sqrt((np.maximum(out_FP3, 0.0) ** 2).sum(axis=2)).min(axis=1))


@dataclass(frozen=True)
class Sight:
    """A camera at the moments `times`, seconds, (F,)."""

    camera: Camera
    film: Film
    times: Floats

    @classmethod
    def of_clip(cls, camera: Camera, film: Film, most: int = 10_000) -> Self:
        """The shutter centres of a clip, thinned out evenly to at most `most`; the first and the last are kept."""
        count = min(film.frames, most)
        frames = np.linspace(0, film.frames - 1, count) if count < film.frames else np.arange(film.frames)
        return cls(camera, film, frames / film.fps)

    @cached_property
    def axes(self) -> tuple[Floats, Floats]:
        """Eyes (F, 3) and camera axes (F, 3, 3) as columns: right, up, backward."""
        return camera_axes(self.camera, self.times)

    @cached_property
    def focal(self) -> Floats:
        """Focal lengths in pixels, (F,)."""
        return focal_px(self.camera, self.film, self.times)

    def rays(self, frame_K: NDArray[np.int64], pixels_K2: Floats) -> Floats:
        """Directions (K, 3) in the world through pixels (x right, y down), one metre of depth long."""
        _, axes_F33 = self.axes
        shown_K2 = (pixels_K2 - np.array([self.film.width, self.film.height]) / 2) / self.focal[frame_K, None]
        plane_K2 = undistort(self.camera.lens, shown_K2)
        local_K3 = np.stack([plane_K2[:, 0], -plane_K2[:, 1], -np.ones(len(plane_K2))], axis=1)
        return np.asarray(np.einsum("kij,kj->ki", axes_F33[frame_K], local_K3))

    def pose(self, body: Body) -> Posed:
        """The body at the sight's moments."""
        return body.at(self.times)

    def boxes(self, posed: Posed) -> Floats:
        """Pixel boxes (F, P, 4) as x0, y0, x1, y1 around each solid, cut off at the frame (empty: x1 <= x0)."""
        eye_F3, axes_F33 = self.axes
        corners_FC3 = np.einsum("fij,cj->fci", posed.turn, posed.body.corners) + (posed.place - eye_F3)[:, None]
        seen_FC3 = np.matmul(corners_FC3, axes_F33)
        depth_FP8 = -seen_FC3[..., 2].reshape(len(eye_F3), -1, 8)
        plane_FC2 = seen_FC3[..., :2] * [1.0, -1.0] / np.maximum(-seen_FC3[..., 2:], NEAREST)
        size = np.array([self.film.width, self.film.height], np.float64)
        at_FP82 = (distort(self.camera.lens, plane_FC2) * self.focal[:, None, None] + size / 2).reshape(
            *depth_FP8.shape, 2
        )
        box_FP4 = np.concatenate([at_FP82.min(axis=2), at_FP82.max(axis=2)], axis=2)
        behind_FP8 = depth_FP8 < NEAREST
        box_FP4[behind_FP8.any(axis=2)] = [0.0, 0.0, *size]
        box_FP4[behind_FP8.all(axis=2)] = 0.0
        return np.asarray(np.clip(box_FP4, 0.0, np.tile(size, 2)))


@dataclass(frozen=True)
class Seen:
    """The lines of sight that meet a target: K of them.

    frame: (K,) which of the sight's moments each belongs to. ray: (K, 3) as `Sight.rays` gives them. depth: (K,) metres
    to where it meets the target. cell: (F,) square pixels that one of them stands for at each moment. box: (F, 4)
    pixels around the target, as x0, y0, x1, y1.
    """

    sight: Sight
    frame: NDArray[np.int64]
    ray: Floats
    depth: Floats
    cell: Floats
    box: Floats

    @classmethod
    def look(cls, body: Body, sight: Sight, grid: int) -> Self:
        """Cast `grid` x `grid` lines of sight a frame over the body's place in the picture."""
        posed = sight.pose(body)
        boxes_FP4 = sight.boxes(posed)
        empty_FP1 = (boxes_FP4[..., 2:] <= boxes_FP4[..., :2]).any(axis=2, keepdims=True)
        low_F2 = np.where(empty_FP1, np.inf, boxes_FP4[..., :2]).min(axis=1)
        box_F4 = np.concatenate([low_F2, np.where(empty_FP1, 0.0, boxes_FP4[..., 2:]).max(axis=1)], axis=1)
        box_F4[empty_FP1.all(axis=(1, 2))] = 0.0
        wide_F2 = np.maximum(box_F4[:, 2:] - box_F4[:, :2], 0.0)
        frames_N = np.flatnonzero((wide_F2 > 0).all(axis=1))
        step = (np.arange(grid) + 0.5) / grid
        place_G2 = np.stack(np.meshgrid(step, step, indexing="xy"), axis=-1).reshape(-1, 2)
        pixels_NG2 = box_F4[frames_N, None, :2] + wide_F2[frames_N, None] * place_G2
        frame_K = np.repeat(frames_N, grid * grid)
        ray_K3 = sight.rays(frame_K, pixels_NG2.reshape(-1, 2))
        depth_K = cast(posed, sight, frame_K, ray_K3, body.solids).min(axis=1)
        met_K = np.isfinite(depth_K)
        cell_F = wide_F2.prod(axis=1) / grid**2
        return cls(sight, frame_K[met_K], ray_K3[met_K], depth_K[met_K], cell_F, box_F4)

    @cached_property
    def count(self) -> Floats:
        """How many lines of sight meet it, a frame."""
        return np.bincount(self.frame, minlength=len(self.cell)).astype(np.float64)

    @property
    def area(self) -> Floats:
        """Square pixels of the target inside the frame, with nothing in front of it."""
        return self.count * self.cell

    def open_past(self, body: Body) -> Floats:
        """How much of the target each line of sight still sees, (K,), past what of the body lies nearer."""
        posed = self.sight.pose(body)
        return self.open_past_posed(posed, self.sight.boxes(posed))

    def open_past_posed(self, posed: Posed, boxes_FP4: Floats) -> Floats:
        """The same for a body at the sight's moments and its `Sight.boxes`: only where boxes overlap it can hide."""
        low_FP2 = np.maximum(boxes_FP4[..., :2], self.box[:, None, :2])
        meet_FP = (np.minimum(boxes_FP4[..., 2:], self.box[:, None, 2:]) > low_FP2).all(axis=2)
        open_K = np.ones(len(self.frame))
        for number, solid in enumerate(posed.body.solids):
            which_K = np.flatnonzero(meet_FP[self.frame, number])
            if len(which_K):
                near_K = cast(posed, self.sight, self.frame[which_K], self.ray[which_K], (solid,))[:, 0]
                open_K[which_K] *= np.where(near_K < self.depth[which_K], 1.0 - solid.opacity, 1.0)
        return open_K

    def hidden(self, open_K: Floats) -> Floats:
        """The share of the target that is hidden, (F,), given how open each line is; nan where it is out of frame."""
        seen_F = np.bincount(self.frame, open_K, minlength=len(self.cell))
        return np.asarray(1.0 - seen_F / np.where(self.count > 0, self.count, np.nan))

    def hidden_by(self, bodies: Iterable[Body]) -> Floats:
        """The share of the target that all of `bodies` hide together, (F,); nan where it is out of frame."""
        open_K = np.ones(len(self.frame))
        for body in bodies:
            open_K = open_K * self.open_past(body)
        return self.hidden(open_K)


def cast(
    posed: Posed, sight: Sight, frame_K: NDArray[np.int64], ray_K3: ArrayLike, solids: tuple[Solid, ...]
) -> Floats:
    """Depths (K, P), metres, at which lines of sight enter each of the body's P solids named; inf where they miss it.

    A line that begins inside enters at depth 0.
    """
    eye_F3, _ = sight.axes
    scale = posed.body.scale
    origin_F3 = np.einsum("fji,fj->fi", posed.turn, eye_F3 - posed.place) / scale
    local_K3 = np.matmul(np.asarray(ray_K3, np.float64)[:, None], posed.turn[frame_K])[:, 0] / scale
    origin_K3 = origin_F3[frame_K]
    return np.stack([enter(solid, origin_K3, local_K3) for solid in solids], axis=1)


def _matrices(quaternions_F4: Floats) -> Floats:
    """Rotation matrices (F, 3, 3) of unit quaternions (w, x, y, z)."""
    w, x, y, z = quaternions_F4.T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.asarray(np.moveaxis(np.array(rows), 2, 0))


def enter(solid: Solid, origin_K3: Floats, ray_K3: Floats) -> Floats:
    """Where lines enter one solid, (K,): slabs for flat sides, a quadratic for the round ones."""
    low, high = np.asarray(solid.low), np.asarray(solid.high)
    centre, half = (low + high) / 2, (high - low) / 2
    at_K3, way_K3 = (origin_K3 - centre) / half, ray_K3 / half  # in units in which the solid reaches from -1 to 1
    flat = {"no": (0, 1, 2), "x": (0,), "y": (1,), "z": (2,), "all": ()}[solid.round]
    near_K, far_K = np.zeros(len(at_K3)), np.full(len(at_K3), np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        for axis in flat:
            way_K = np.where(way_K3[:, axis] == 0.0, 1e-300, way_K3[:, axis])
            first_K, second_K = (-1.0 - at_K3[:, axis]) / way_K, (1.0 - at_K3[:, axis]) / way_K
            near_K = np.maximum(near_K, np.minimum(first_K, second_K))
            far_K = np.minimum(far_K, np.maximum(first_K, second_K))
        across = [axis for axis in range(3) if axis not in flat]
        if across:
            at, way = at_K3[:, across], way_K3[:, across]
            a_K, b_K = np.maximum((way * way).sum(axis=1), 1e-300), (at * way).sum(axis=1)
            root_K = np.sqrt(b_K**2 - a_K * ((at * at).sum(axis=1) - 1.0))  # nan where the line passes by
            near_K = np.maximum(near_K, (-b_K - root_K) / a_K)
            far_K = np.minimum(far_K, (-b_K + root_K) / a_K)
        return np.where(near_K <= far_K, near_K, np.inf)
