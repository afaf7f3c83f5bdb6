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
from numpy.typing import NDArray

from ...optics import camera_axes, distort, focal_px, undistort
from ...spec import Camera, Film
from .bodies import Body, Crowd

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
NEAREST = 0.02
"""Metres: what comes nearer to the eye than this fills the picture."""
EDGE = 1e-9
"""So much wider are boxes in the image plane, for rounding."""


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

    def plane(self, frame_K: Ints, pixels_K2: Floats) -> Floats:
        """Where pixels (x right, y down) lie in the image plane at distance 1, (K, 2), the lens straightened."""
        shown_K2 = (pixels_K2 - np.array([self.film.width, self.film.height]) / 2) / self.focal[frame_K, None]
        return undistort(self.camera.lens, shown_K2)

    def rays(self, frame_K: Ints, plane_K2: Floats) -> Floats:
        """Directions (K, 3) in the world through points of the image plane, one metre of depth long."""
        _, axes_F33 = self.axes
        local_K3 = np.stack([plane_K2[:, 0], -plane_K2[:, 1], -np.ones(len(plane_K2))], axis=1)
        return np.asarray(np.einsum("kij,kj->ki", axes_F33[frame_K], local_K3))

    def crowd(self, bodies: Iterable[Body]) -> Crowd:
        """Bodies, one at least, at the sight's moments."""
        return Crowd.of([body.at(self.times) for body in bodies])

    def outline(self, crowd: Crowd) -> Outline:
        """Boxes around each solid in the picture."""
        eye_F3, axes_F33 = self.axes
        seen_BF33 = np.matmul(axes_F33.transpose(0, 2, 1), crowd.turn)  # from a body's axes to the camera's
        from_BF3 = np.einsum("fji,bfj->bfi", axes_F33, crowd.place - eye_F3)
        seen_PF38 = np.matmul(seen_BF33[crowd.owner], crowd.corners.transpose(0, 2, 1)[:, None])
        seen_PF38 += from_BF3[crowd.owner][..., None]
        seen_38PF = np.ascontiguousarray(seen_PF38.transpose(2, 3, 0, 1))  # least and most of the eight: quicker so
        depth_8PF = -seen_38PF[2]
        plane_28PF = seen_38PF[:2] * np.array([1.0, -1.0])[:, None, None, None] / np.maximum(depth_8PF, NEAREST)
        lens, size = self.camera.lens, np.array([self.film.width, self.film.height], np.float64)
        plane_4PF = np.concatenate([plane_28PF.min(axis=1), plane_28PF.max(axis=1)])
        shown_4PF = plane_4PF
        if lens.k1 or lens.k2:
            shown_28PF = np.moveaxis(distort(lens, np.moveaxis(plane_28PF, 0, 3)), 3, 0)
            shown_4PF = np.concatenate([shown_28PF.min(axis=1), shown_28PF.max(axis=1)])
        box_PF4 = np.moveaxis(shown_4PF, 0, 2) * self.focal[:, None] + np.tile(size, 2) / 2
        plane_PF4 = np.moveaxis(plane_4PF, 0, 2) + np.array([-EDGE, -EDGE, EDGE, EDGE])
        if depth_8PF.min() < NEAREST:
            behind_8PF = depth_8PF < NEAREST
            partly_PF = behind_8PF.any(axis=0)
            box_PF4[partly_PF], plane_PF4[partly_PF] = [0.0, 0.0, *size], [-np.inf, -np.inf, np.inf, np.inf]
            box_PF4[behind_8PF.all(axis=0)] = 0.0
        return Outline(np.clip(box_PF4, 0.0, np.tile(size, 2)).transpose(1, 0, 2), plane_PF4.transpose(1, 0, 2))


@dataclass(frozen=True)
class Outline:
    """Boxes around P solids at F moments, as x0, y0, x1, y1, x right, y down.

    pixels: (F, P, 4), cut off at the frame; empty where x1 <= x0. plane: (F, P, 4), in the image plane at distance 1
    before the lens bends it: no line of sight outside meets the solid.
    """

    pixels: Floats
    plane: Floats


@dataclass(frozen=True)
class Seen:
    """The lines of sight that meet a target: K of them.

    frame: (K,) which of the sight's moments each belongs to. plane: (K, 2) where it goes through the image plane; ray:
    (K, 3) as `Sight.rays` gives them. depth: (K,) metres to where it meets the target. cell: (F,) square pixels that
    one of them stands for at each moment. box: (F, 4) pixels around the target, as x0, y0, x1, y1.
    """

    sight: Sight
    frame: Ints
    plane: Floats
    ray: Floats
    depth: Floats
    cell: Floats
    box: Floats

    @classmethod
    def look(cls, body: Body, sight: Sight, grid: int) -> Self:
        """Cast `grid` x `grid` lines of sight a frame over the body's place in the picture."""
        crowd = sight.crowd([body])
        outline = sight.outline(crowd)
        boxes_FP4 = outline.pixels
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
        plane_K2 = sight.plane(frame_K, pixels_NG2.reshape(-1, 2))
        ray_K3 = sight.rays(frame_K, plane_K2)
        line_M, solid_M = _meeting(outline, frame_K, plane_K2, np.ones(boxes_FP4.shape[:2], bool))
        met_M = crowd.enter(solid_M, frame_K[line_M], sight.axes[0], ray_K3[line_M])
        depth_K = np.full(len(frame_K), np.inf)
        np.minimum.at(depth_K, line_M, met_M)
        met_K = np.isfinite(depth_K)
        cell_F = wide_F2.prod(axis=1) / grid**2
        return cls(sight, frame_K[met_K], plane_K2[met_K], ray_K3[met_K], depth_K[met_K], cell_F, box_F4)

    @cached_property
    def count(self) -> Floats:
        """How many lines of sight meet it, a frame."""
        return np.bincount(self.frame, minlength=len(self.cell)).astype(np.float64)

    @property
    def area(self) -> Floats:
        """Square pixels of the target inside the frame, with nothing in front of it."""
        return self.count * self.cell

    def open_past(self, bodies: Iterable[Body]) -> Floats:
        """How much of the target each line of sight still sees, (K,), past what of the bodies lies nearer."""
        there = list(bodies)
        if not there:
            return np.ones(len(self.frame))
        crowd = self.sight.crowd(there)
        return np.asarray(self.open_past_each(crowd, self.sight.outline(crowd), np.zeros(len(there), np.int64))[0])

    def open_past_each(self, crowd: Crowd, outline: Outline, group_B: Ints) -> Floats:
        """The same for groups of bodies, each as if it were there alone: (G, K), given their outline."""
        groups, lines = int(group_B.max()) + 1, len(self.frame)
        open_GK = np.ones(groups * lines)
        low_FP2 = np.maximum(outline.pixels[..., :2], self.box[:, None, :2])
        over_FP2 = np.minimum(outline.pixels[..., 2:], self.box[:, None, 2:]) > low_FP2
        meet_FP = over_FP2[..., 0] & over_FP2[..., 1]
        line_M, solid_M = _meeting(outline, self.frame, self.plane, meet_FP)
        near_M = crowd.enter(solid_M, self.frame[line_M], self.sight.axes[0], self.ray[line_M])
        hit_H = np.flatnonzero(near_M < self.depth[line_M])
        solid_H = solid_M[hit_H]
        place_H = group_B[crowd.owner[solid_H]] * lines + line_M[hit_H]
        np.multiply.at(open_GK, place_H, 1.0 - crowd.opacity[solid_H])
        return open_GK.reshape(groups, lines)

    def hidden(self, open_K: Floats) -> Floats:
        """The share of the target that is hidden, (F,), given how open each line is; nan where it is out of frame."""
        seen_F = np.bincount(self.frame, open_K, minlength=len(self.cell))
        return np.asarray(1.0 - seen_F / np.where(self.count > 0, self.count, np.nan))

    def hidden_first(self, open_K: Floats) -> float:
        """The same on the first moment alone; 0 where the target is out of frame."""
        lines = int(self.count[0])
        return float(1.0 - np.bincount(self.frame[:lines], open_K[:lines])[0] / lines) if lines else 0.0

    def hidden_by(self, bodies: Iterable[Body]) -> Floats:
        """The share of the target that all of `bodies` hide together, (F,); nan where it is out of frame."""
        return self.hidden(self.open_past(bodies))


def _meeting(
    outline: Outline, frame_K: Ints, plane_K2: Floats, among_FP: NDArray[np.bool_]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs of lines and solids that may meet, (M,) each, among solids at some moments.

    The lines stand in the order of their moments. Those of one line come in the order of the solids.
    """
    frame_A, solid_A = np.nonzero(among_FP)
    first_A, end_A = np.searchsorted(frame_K, frame_A), np.searchsorted(frame_K, frame_A, side="right")
    lines_A = end_A - first_A
    before_A = np.cumsum(lines_A) - lines_A
    line_M = np.arange(lines_A.sum()) + np.repeat(first_A - before_A, lines_A)
    box_4A, at_2K = np.ascontiguousarray(outline.plane[frame_A, solid_A].T), np.ascontiguousarray(plane_K2.T)
    near_M = np.ones(len(line_M), bool)
    for axis in range(2):
        at_M = at_2K[axis][line_M]
        near_M &= at_M >= np.repeat(box_4A[axis], lines_A)
        near_M &= at_M <= np.repeat(box_4A[axis + 2], lines_A)
    return line_M[near_M], np.repeat(solid_A, lines_A)[near_M]
