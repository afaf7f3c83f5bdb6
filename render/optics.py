"""The camera of a clip spec: world metres to image pixels and back, lens and rolling shutter included (NumPy only)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .document import UserError
from .motion import cross, position
from .spec import Camera, Film, Lens

Floats = NDArray[np.float64]


def camera_axes(camera: Camera, times: ArrayLike) -> tuple[Floats, Floats]:
    """Camera positions, float64 (N, 3), and rotations, float64 (N, 3, 3), at `times` in seconds (N,).

    The rotation's columns are the camera's right, up and backward axes in the world (Blender's camera axes); up lies
    as near to world +Z as the viewing direction lets it.
    """
    eye_N3 = position(camera.position, times)
    back_N3 = eye_N3 - position(camera.look_at, times)
    back_N3 /= np.linalg.norm(back_N3, axis=1, keepdims=True)
    right_N3 = np.stack([-back_N3[:, 1], back_N3[:, 0], np.zeros(len(back_N3))], axis=1)  # square to +Z and to it
    right_N3 /= np.linalg.norm(right_N3, axis=1, keepdims=True)
    up_N3 = cross(back_N3, right_N3)
    return eye_N3, np.stack([right_N3, up_N3, back_N3], axis=2)


def focal_mm(camera: Camera, times: ArrayLike) -> Floats:
    """Focal lengths in mm, float64 (N,), at `times` in seconds (N,): smoothstep between the zoom's keys."""
    t_N = np.atleast_1d(np.asarray(times, np.float64))
    keys = camera.zoom
    if not keys:
        return np.full_like(t_N, camera.focal_mm)
    at, focal = np.array([key.time for key in keys]), np.array([key.focal_mm for key in keys])
    place_N = np.interp(t_N, at, np.arange(len(keys)))
    before_N = np.minimum(place_N.astype(int), len(keys) - 1)
    after_N = np.minimum(before_N + 1, len(keys) - 1)
    x_N = place_N - before_N
    return np.asarray(focal[before_N] + (focal[after_N] - focal[before_N]) * x_N * x_N * (3 - 2 * x_N))


def focal_px(camera: Camera, film: Film, times: ArrayLike) -> Floats:
    """Focal lengths in pixels, float64 (N,); the sensor's width always spans the image's width."""
    return focal_mm(camera, times) / camera.sensor_mm * film.width


def distort(lens: Lens, plane: ArrayLike) -> Floats:
    """Where points of the image plane at distance 1, (..., 2), show through the lens: Brown-Conrady, as in OpenCV."""
    points = np.asarray(plane, np.float64)
    if not (lens.k1 or lens.k2):
        return points
    square = (points**2).sum(axis=-1, keepdims=True)
    return np.asarray(points * (1 + lens.k1 * square + lens.k2 * square**2))


def undistort(lens: Lens, shown: ArrayLike) -> Floats:
    """The inverse of `distort`, (..., 2): Newton's method on the radius, for lenses that are one to one."""
    points = np.asarray(shown, np.float64)
    if not (lens.k1 or lens.k2):
        return points
    wanted = np.sqrt((points**2).sum(axis=-1, keepdims=True))
    radius = wanted.copy()
    for _ in range(8):
        square = radius**2
        slope = 1 + 3 * lens.k1 * square + 5 * lens.k2 * square**2
        radius -= (radius * (1 + lens.k1 * square + lens.k2 * square**2) - wanted) / np.maximum(slope, 0.1)
    return np.asarray(points * np.where(wanted > 0, radius / np.maximum(wanted, 1e-12), 1.0))


def one_to_one(lens: Lens, corner: float) -> Lens:
    """The lens, its distortion brought nearer to 0 where it would fold the picture over.

    corner: distance from the axis, on the image plane at distance 1, of the farthest point that the frame shows.
    """
    shown_N = np.linspace(0.0, corner, 200)

    def bent(share: float) -> Lens:
        return lens.model_copy(update={"k1": lens.k1 * share, "k2": lens.k2 * share})

    def unfolds(share: float) -> bool:
        return bool(_unfolded(bent(share), shown_N)[2].all())

    if unfolds(1.0):
        return lens
    good, bad = 0.0, 1.0
    for _ in range(10):
        middle = (good + bad) / 2
        good, bad = (middle, bad) if unfolds(middle) else (good, middle)
    return bent(0.9 * good)


def _unfolded(lens: Lens, shown_N: Floats) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Where points shown so far from the axis lie without the lens, how fast those would show farther out, and
    whether the lens is one to one there: each (N,)."""
    shown_N2 = np.stack([shown_N, np.zeros_like(shown_N)], axis=1)
    with np.errstate(over="ignore", invalid="ignore"):
        plane_N2 = undistort(lens, shown_N2)
        plane_N = plane_N2[:, 0]
        slope_N = 1 + 3 * lens.k1 * plane_N**2 + 5 * lens.k2 * plane_N**4
        good_N = (np.abs(distort(lens, plane_N2) - shown_N2).max(axis=1) < 1e-6) & (slope_N > 0)
    return plane_N, slope_N, good_N


def row_times(film: Film) -> Floats:
    """When each row is exposed, in frames relative to the frame's own time, float64 (H,), top row first."""
    return film.readout * ((np.arange(film.height) + 0.5) / film.height - 0.5) * film.height / max(film.height - 1, 1)


def fisheye(camera: Camera, film: Film, focal: float) -> tuple[Floats, float]:
    """Cycles' polynomial lens that shows what `distort` does: coefficients float64 (5,), and its greatest error in px.

    Cycles takes the angle from the axis as k0 + k1 r + ... + k4 r^4 of the distance r (mm) from the sensor's centre.
    Fitted to the least greatest error over the frame (Lawson's iteratively reweighted least squares), k0 = 0. UserError
    for a lens that folds the picture over itself within the frame.
    """
    lens, pixels_mm = camera.lens, film.width / camera.sensor_mm
    corner = np.hypot(film.width, film.height) / 2 / pixels_mm / focal * 1.01
    shown_N = corner * np.cos(np.linspace(0, np.pi / 2, 400))
    plane_N, slope_N, good_N = _unfolded(lens, shown_N)
    if not good_N.all():
        raise UserError(
            f"lens: k1 = {lens.k1:g}, k2 = {lens.k2:g} fold the picture over within the frame at {focal:g} mm; "
            "bring them nearer to 0 or take a longer lens"
        )
    angle_N = np.arctan(plane_N)
    px_N = slope_N * (1 + plane_N**2) * focal * pixels_mm  # px that a radian stands for there
    powers_N4 = (shown_N / corner)[:, None] ** np.arange(1, 5)
    weight_N = np.ones_like(px_N)
    for _ in range(60):
        scale_N = px_N * np.sqrt(weight_N)
        fit_4 = np.linalg.lstsq(powers_N4 * scale_N[:, None], angle_N * scale_N, rcond=None)[0]
        error_N = np.abs(powers_N4 @ fit_4 - angle_N) * px_N
        weight_N *= error_N / error_N.max() + 1e-3
        weight_N /= weight_N.max()
    return np.concatenate([[0.0], fit_4 / (corner * focal) ** np.arange(1, 5)]), float(error_N.max())


@dataclass(frozen=True)
class View:
    """A camera at N moments: eyes (N, 3), axes (N, 3, 3) as `camera_axes` gives them, focal lengths in px (N,)."""

    camera: Camera
    film: Film
    eye: Floats
    axes: Floats
    focal: Floats

    @classmethod
    def of(cls, camera: Camera, film: Film, times: ArrayLike) -> View:
        """The view at `times` in seconds (N,)."""
        return cls(camera, film, *camera_axes(camera, times), focal_px(camera, film, times))

    def project(self, points: ArrayLike) -> tuple[Floats, Floats]:
        """Pixels float64 (N, 2), x right, y down, and depth in metres float64 (N,) of one world point a moment."""
        local_N3 = np.einsum("nji,nj->ni", self.axes, np.asarray(points, np.float64) - self.eye)
        depth_N = -local_N3[:, 2]
        plane_N2 = local_N3[:, :2] * [1.0, -1.0] / np.where(np.abs(depth_N) < 1e-9, 1e-9, depth_N)[:, None]
        shown_N2 = distort(self.camera.lens, plane_N2) * self.focal[:, None]
        return np.array([self.film.width, self.film.height]) / 2 + shown_N2, depth_N


def project(camera: Camera, film: Film, times: ArrayLike, points: ArrayLike) -> tuple[Floats, Floats]:
    """Pixel coordinates float64 (N, 2), x right, y down, and depth in metres float64 (N,) of one world point a time."""
    return View.of(camera, film, times).project(points)
