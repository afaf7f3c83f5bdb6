"""The pinhole camera of a clip spec: world metres to image pixels (NumPy only)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .motion import position
from .spec import Camera, Film

Floats = NDArray[np.float64]


def camera_axes(camera: Camera, times: ArrayLike) -> tuple[Floats, Floats]:
    """Camera positions, float64 (N, 3), and rotations, float64 (N, 3, 3), at `times` in seconds (N,).

    The rotation's columns are the camera's right, up and backward axes in the world (Blender's camera axes); up lies
    as near to world +Z as the viewing direction lets it.
    """
    eye_N3 = position(camera.position, times)
    back_N3 = eye_N3 - position(camera.look_at, times)
    back_N3 /= np.linalg.norm(back_N3, axis=1, keepdims=True)
    right_N3 = np.cross([0.0, 0.0, 1.0], back_N3)
    right_N3 /= np.linalg.norm(right_N3, axis=1, keepdims=True)
    up_N3 = np.cross(back_N3, right_N3)
    return eye_N3, np.stack([right_N3, up_N3, back_N3], axis=2)


def focal_px(camera: Camera, film: Film) -> float:
    """Focal length in pixels; the sensor's width always spans the image's width."""
    return camera.focal_mm / camera.sensor_mm * film.width


def project(camera: Camera, film: Film, times: ArrayLike, points: ArrayLike) -> tuple[Floats, Floats]:
    """Pixel coordinates float64 (N, 2), x right, y down, and depth in metres float64 (N,) of one world point a time."""
    eye_N3, axes_N33 = camera_axes(camera, times)
    local_N3 = np.einsum("nji,nj->ni", axes_N33, np.asarray(points, np.float64) - eye_N3)
    depth_N = -local_N3[:, 2]
    scale_N = focal_px(camera, film) / np.where(np.abs(depth_N) < 1e-9, 1e-9, depth_N)
    x_N = film.width / 2 + local_N3[:, 0] * scale_N
    y_N = film.height / 2 - local_N3[:, 1] * scale_N
    return np.stack([x_N, y_N], axis=1), depth_N
