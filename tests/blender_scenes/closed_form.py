"""What simple shapes must look like, worked out in NumPy alone: rays against balls and boxes, integrals over shutters.

Nothing here knows Blender; `render.motion` and `render.optics` say where things and the camera are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from render.motion import orientation, position, rotate
from render.optics import camera_axes, focal_px, project, row_times, undistort
from render.spec import ClipSpec, Curve, Lens, Spin
from tests.blender_scenes.curved_assets import BALL
from tests.blender_scenes.simple_assets import BOX

Floats = NDArray[np.float64]
FILTER = 1.5
"""Half the width, px, of Cycles' Blackman-Harris pixel filter of width 1.5."""


@dataclass(frozen=True)
class Shape:
    """A ball (`sides` None) or a box that follows a curve and spins. `name` as in the labels: object id, 0 for none."""

    name: int
    sides: tuple[float, float, float] | None
    curve: Curve
    spin: Spin

    def local(self, points_N3: Floats, times_N: Floats) -> Floats:
        """World points in the shape's own frame."""
        turns_N33, places_N3 = self.pose(times_N)
        return np.einsum("...ji,...j->...i", turns_N33, points_N3 - places_N3)

    def world(self, points_N3: Floats, times_N: Floats) -> Floats:
        """The inverse of `local`."""
        turns_N33, places_N3 = self.pose(times_N)
        return np.einsum("...ij,...j->...i", turns_N33, points_N3) + places_N3

    def pose(self, times_N: Floats) -> tuple[Floats, Floats]:
        """Rotations (N, 3, 3) and places (N, 3); one of each where all times are one."""
        times_M, back = _few(times_N)
        turns_M33 = rotate(orientation(self.spin, times_M)[:, None], np.eye(3)).transpose(0, 2, 1)
        return turns_M33[back], position(self.curve, times_M)[back]

    def hit(self, eyes_N3: Floats, ways_N3: Floats, times_N: Floats) -> tuple[Floats, Floats]:
        """How far along each ray, in its own lengths (N,), the shape is met (inf: never), and its normal there."""
        from_N3 = self.local(eyes_N3, times_N)
        turns_N33, _ = self.pose(times_N)
        along_N3 = np.einsum("...ji,...j->...i", turns_N33, ways_N3)
        if self.sides is None:
            a, b = (along_N3**2).sum(1), (along_N3 * from_N3).sum(1)
            root = b**2 - a * ((from_N3**2).sum(1) - BALL**2)
            far_N = np.where(root > 0, (-b - np.sqrt(np.maximum(root, 0))) / a, np.inf)
            normals_N3 = from_N3 + np.where(root > 0, far_N, 0)[:, None] * along_N3
        else:
            half = np.array(self.sides) / 2
            safe_N3 = np.where(np.abs(along_N3) < 1e-12, 1e-12, along_N3)
            near_N3, rear_N3 = (
                (-np.sign(safe_N3) * half - from_N3) / safe_N3,
                (np.sign(safe_N3) * half - from_N3) / safe_N3,
            )
            far_N = near_N3.max(1)
            far_N = np.where((far_N < rear_N3.min(1)) & (far_N > 0), far_N, np.inf)
            normals_N3 = np.eye(3)[near_N3.argmax(1)] * -np.sign(safe_N3)
        normals_N3 = normals_N3 / np.linalg.norm(normals_N3, axis=1, keepdims=True)
        return far_N, np.einsum("...ij,...j->...i", turns_N33, normals_N3)


def targets(spec: ClipSpec) -> list[Shape]:
    """The clip's targets, which must be test balls and test boxes."""
    return [Shape(t.object_id, None if t.asset == "test-ball" else BOX, t.curve, t.spin) for t in spec.targets]


def pixel_centres(spec: ClipSpec) -> Floats:
    """(H * W, 2) pixel centres, row by row."""
    y, x = np.mgrid[: spec.film.height, : spec.film.width] + 0.5
    return np.stack([x.ravel(), y.ravel()], axis=1)


def times_of(spec: ClipSpec, frame: int, pixels_N2: Floats) -> Floats:
    """When each point of the picture is seen, in seconds, (N,)."""
    rows_N = np.clip(pixels_N2[:, 1].astype(int), 0, spec.film.height - 1)
    return (frame + row_times(spec.film)[rows_N]) / spec.film.fps


def rays(spec: ClipSpec, pixels_N2: Floats, times_N: Floats) -> tuple[Floats, Floats]:
    """Where rays through points of the picture start, and their ways, 1 m deep, in the world."""
    times_M, back = _few(times_N)
    eye_M3, axes_M33 = camera_axes(spec.camera, times_M)
    middle = np.array([spec.film.width, spec.film.height]) / 2
    plane_N2 = (pixels_N2 - middle) / focal_px(spec.camera, spec.film, times_M)[back][..., None]
    if spec.camera.lens != Lens():
        plane_N2 = undistort(spec.camera.lens, plane_N2)
    local_N3 = np.concatenate([plane_N2 * [1.0, -1.0], -np.ones((len(plane_N2), 1))], axis=1)
    ways_N3 = np.einsum("...ij,...j->...i", axes_M33[back], local_N3)
    return np.broadcast_to(eye_M3[back], ways_N3.shape), ways_N3


def _few(times_N: Floats) -> tuple[Floats, NDArray[np.int64] | int]:
    """The different times, and the place of each among them; most pictures are of one time."""
    if np.ptp(times_N) == 0:
        return times_N[:1], 0
    different, back = np.unique(times_N, return_inverse=True)
    return different, back


@dataclass(frozen=True)
class Seen:
    """What rays meet first. shape (N,): its place in the list, -1 for none; depth (N,) in metres; normal (N, 3)."""

    shape: NDArray[np.int64]
    depth: Floats
    normal: Floats
    point: Floats


def cast(spec: ClipSpec, shapes: list[Shape], pixels_N2: Floats, times_N: Floats) -> Seen:
    """Cast a ray through every point of the picture."""
    eyes_N3, ways_N3 = rays(spec, pixels_N2, times_N)
    hits = [shape.hit(eyes_N3, ways_N3, times_N) for shape in shapes]
    depth_SN = np.array([far for far, _ in hits])
    first_N = depth_SN.argmin(0)
    depth_N = depth_SN.min(0)
    normal_N3 = np.array([normal for _, normal in hits])[first_N, np.arange(len(first_N))]
    point_N3 = eyes_N3 + np.where(np.isinf(depth_N), 0, depth_N)[:, None] * ways_N3
    return Seen(np.where(np.isinf(depth_N), -1, first_N), depth_N, normal_N3, point_N3)


def sure(spec: ClipSpec, shapes: list[Shape], frame: int, within: float) -> tuple[Seen, NDArray[np.bool_]]:
    """What pixel centres see at one frame, and where that is the same all around within so many px."""
    centres_N2 = pixel_centres(spec)
    times_N = times_of(spec, frame, centres_N2)
    seen = cast(spec, shapes, centres_N2, times_N)
    same_N = np.ones(len(centres_N2), np.bool_)
    for turn in np.arange(8) * np.pi / 4:
        around_N2 = centres_N2 + within * np.array([np.cos(turn), np.sin(turn)])
        same_N &= cast(spec, shapes, around_N2, times_N).shape == seen.shape
    return seen, same_N


def flow(spec: ClipSpec, shapes: list[Shape], seen: Seen, frame: int) -> Floats:
    """(N, 2) px from each pixel centre to the same point of the same shape in the next frame (global shutter)."""
    here_N, there_N = (np.full(len(seen.shape), (frame + ahead) / spec.film.fps) for ahead in (0, 1))
    moved_N3 = seen.point.copy()
    for number, shape in enumerate(shapes):
        mine = seen.shape == number
        moved_N3[mine] = shape.world(shape.local(seen.point[mine], here_N[mine]), there_N[mine])
    return project(spec.camera, spec.film, there_N, moved_N3)[0] - pixel_centres(spec)


def coverage(spec: ClipSpec, shape: Shape, frame: int, moments: int = 128, finer: int = 4) -> Floats:
    """(H, W) share of shutter time and pixel filter in which a shape, alone, is seen: by quadrature, midpoints in time.

    Every row of pixels has its own strip of `finer`**2 points a pixel, as high as the filter, because a rolling shutter
    gives it its own time; with a global shutter neighbouring strips share their points.
    """
    height, width = spec.film.height, spec.film.width
    border = int(np.ceil(FILTER))
    taps = 2 * border * finer
    x_C = (np.arange((width + 2 * border) * finer) + 0.5) / finer - border
    if spec.film.readout:
        y_R = (np.arange(height)[:, None] + 0.5 + (np.arange(taps) + 0.5) / finer - border).ravel()
        row_R = np.arange(height).repeat(taps)
    else:
        y_R = (np.arange((height + 2 * border) * finer) + 0.5) / finer - border
        row_R = np.zeros(len(y_R), int)
    points_N2 = np.stack([np.tile(x_C, len(y_R)), y_R.repeat(len(x_C))], axis=1)
    middle_N = ((frame + row_times(spec.film)) / spec.film.fps)[row_R].repeat(len(x_C))
    seconds = spec.film.shutter_degrees / 360 / spec.film.fps
    near_N = _bounded(spec, shape, points_N2, middle_N, seconds)
    seen_N = np.zeros(len(points_N2))
    for moment in range(moments):
        times_N = middle_N[near_N] + seconds * ((moment + 0.5) / moments - 0.5)
        eyes_N3, ways_N3 = rays(spec, points_N2[near_N], times_N)
        seen_N[near_N] += np.isfinite(shape.hit(eyes_N3, ways_N3, times_N)[0]) / moments
    offsets_T = (np.arange(taps) + 0.5) / finer - border
    weight_T = np.where(np.abs(offsets_T) < FILTER, _blackman_harris(offsets_T / (2 * FILTER) + 0.5), 0)
    weight_T /= weight_T.sum()
    fine_RC = seen_N.reshape(len(y_R), len(x_C))
    if spec.film.readout:
        rows_HC = np.einsum("htc,t->hc", fine_RC.reshape(height, taps, -1), weight_T)
    else:
        rows_HC = sum(w * fine_RC[_taken(k, height, finer)] for k, w in enumerate(weight_T))
    return np.asarray(sum(w * rows_HC[:, _taken(k, width, finer)] for k, w in enumerate(weight_T)))


def _taken(tap: int, count: int, finer: int) -> slice:
    """Every pixel's `tap`-th point along one direction of the fine grid."""
    first = tap + finer // 2
    return slice(first, first + count * finer, finer)


def _bounded(spec: ClipSpec, shape: Shape, points_N2: Floats, middle_N: Floats, seconds: float) -> NDArray[np.bool_]:
    """Points that a ball around the shape may cover at some time: the others need no rays."""
    radius = BALL if shape.sides is None else float(np.linalg.norm(shape.sides)) / 2
    moments = np.linspace(middle_N.min() - seconds / 2, middle_N.max() + seconds / 2, 65)
    centres_K2, depth_K = project(spec.camera, spec.film, moments, position(shape.curve, moments))
    reach = 1.3 * radius / (depth_K.min() - radius) * float(focal_px(spec.camera, spec.film, moments).max()) + 4
    low, high = centres_K2.min(0) - reach, centres_K2.max(0) + reach
    return np.asarray(((points_N2 > low) & (points_N2 < high)).all(1))


def _blackman_harris(x: Floats) -> Floats:
    return np.asarray(
        0.35875 - 0.48829 * np.cos(2 * np.pi * x) + 0.14128 * np.cos(4 * np.pi * x) - 0.01168 * np.cos(6 * np.pi * x)
    )
