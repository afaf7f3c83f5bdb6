"""Depth, flow and normals of one frame, from what the sharp layer knows of each pixel's centre (NumPy only).

Blender's own Z pass is the ray's length with a distorting lens, and is of the frame's time in every row with a rolling
shutter; so depth comes from the point that was hit. Its Vector pass knows every motion, deformation included, but not
the sky, and not a zoom behind a distorting lens: both have a closed form.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..optics import camera_axes, distort, focal_px, row_times, undistort
from ..spec import Camera, Film

Floats = NDArray[np.float32]
_IMAGE_AXES = np.array([1.0, -1.0, -1.0])
"""Blender's camera axes (right, up, backward) to those of an image: right, down, forward."""


def depth(camera: Camera, film: Film, frame: int, points_HW3: Floats, hit_HW: NDArray[np.bool_]) -> Floats:
    """Metres along the viewing direction, float32 (H, W), of the world points seen; infinite where nothing is hit."""
    eye_H3, axes_H33 = camera_axes(camera, _times(film, frame))
    forward_H3 = -axes_H33[:, :, 2]
    depth_HW = np.einsum("hwc,hc->hw", points_HW3 - eye_H3[:, None], forward_H3)
    return np.where(hit_HW, depth_HW, np.inf).astype(np.float32)


def normal(camera: Camera, film: Film, frame: int, normals_HW3: Floats, hit_HW: NDArray[np.bool_]) -> Floats:
    """World normals in camera space (right, down, forward), float32 (H, W, 3); 0 where nothing is hit."""
    _, axes_H33 = camera_axes(camera, _times(film, frame))
    local_HW3 = np.einsum("hwc,hcd->hwd", normals_HW3, axes_H33) * _IMAGE_AXES
    length_HW1 = np.linalg.norm(local_HW3, axis=2, keepdims=True)
    unit_HW3 = local_HW3 / np.where(length_HW1 > 0, length_HW1, 1)
    return np.where(hit_HW[..., None], unit_HW3, 0).astype(np.float32)


def flow(camera: Camera, film: Film, frame: int, vectors_HW2: Floats, hit_HW: NDArray[np.bool_]) -> Floats:
    """Px (right, down) to the same point in the next frame, float32 (H, W, 2).

    `vectors_HW2` is what Blender's Vector pass says of the next frame: here minus there, px, x right, y up. The sky
    moves as what is infinitely far; NaN where it goes out of the camera's sight.
    """
    times = np.array([frame, frame + 1]) / film.fps
    here_px, there_px = focal_px(camera, film, times)
    lens, middle = camera.lens, np.array([film.width, film.height]) / 2
    y_HW, x_HW = np.mgrid[: film.height, : film.width] + 0.5
    from_middle_HW2 = np.stack([x_HW, y_HW], axis=2) - middle
    moved_HW2 = vectors_HW2 * np.array([-1.0, 1.0])
    if lens.k1 or lens.k2:  # Blender keeps a panoramic lens as it is in this frame
        moved_HW2 = (from_middle_HW2 + moved_HW2) * (there_px / here_px) - from_middle_HW2
    if not hit_HW.all():
        _, axes_233 = camera_axes(camera, times)
        plane_HW2 = undistort(lens, from_middle_HW2 / here_px)
        way_HW3 = np.concatenate([plane_HW2, np.ones_like(plane_HW2[..., :1])], axis=2) * _IMAGE_AXES
        turned_HW3 = way_HW3 @ (axes_233[0].T @ axes_233[1]) * _IMAGE_AXES
        ahead_HW1 = np.where(turned_HW3[..., 2:] > 1e-6, turned_HW3[..., 2:], np.nan)
        sky_HW2 = distort(lens, turned_HW3[..., :2] / ahead_HW1) * there_px - from_middle_HW2
        moved_HW2 = np.where(hit_HW[..., None], moved_HW2, sky_HW2)
    return moved_HW2.astype(np.float32)


def _times(film: Film, frame: int) -> NDArray[np.float64]:
    """When each row of a sharp label is seen, in seconds, float64 (H,)."""
    return np.asarray((frame + row_times(film)) / film.fps)
