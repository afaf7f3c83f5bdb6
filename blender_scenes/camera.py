"""The camera of a clip spec in Blender: the same as `render.optics`, keyed through the shutter.

A lens that distorts is one of Cycles' own panoramic lenses, fitted to `render.optics.distort`: rays leave the camera
bent, so picture and labels are exact under the same map, and nothing is ever resampled.
"""

from __future__ import annotations

import sys
from itertools import pairwise

import bpy
import numpy as np
from mathutils import Matrix

from render.motion import position
from render.optics import camera_axes, fisheye, focal_mm, focal_px
from render.spec import Camera, Curve, Film

from .keys import key
from .shutter import MOST_STEPS, blur, key_frames, window

FARTHEST = 2000.0
"""Far clipping distance in metres."""
_ALL_ROUND = 6.28
"""A panoramic lens shows every direction that falls on the sensor."""
_STRAY = 0.02
"""Px that the keyed camera may be off its true way between two keys."""
_NEAREST_FOCUS = 0.05
"""Metres."""


def build(scene: bpy.types.Scene, camera: Camera, film: Film, focus: Curve) -> None:
    """Make the scene's camera; positions and directions are exact at every time that the shutter samples.

    `focus` is what it focuses on, where its aperture is open and the lens does not say. UserError for a lens that folds
    the picture over itself.
    """
    lens = bpy.data.cameras.new("camera")
    lens.sensor_width, lens.sensor_fit = camera.sensor_mm, "HORIZONTAL"
    lens.clip_start, lens.clip_end = 0.01, FARTHEST
    item = bpy.data.objects.new("camera", lens)
    scene.collection.objects.link(item)
    scene.camera = item

    steps = _steps(camera, film)
    frames_N = key_frames(film, steps)
    eye_N3, axes_N33 = camera_axes(camera, frames_N / film.fps)
    turn_N4 = np.array([Matrix(axes.tolist()).to_quaternion() for axes in axes_N33])
    for before, after in pairwise(turn_N4):  # q and -q are one turn: keep to the shorter way
        if before @ after < 0:
            after *= -1
    item.rotation_mode = "QUATERNION"
    key(item, "location", frames_N, eye_N3)
    key(item, "rotation_quaternion", frames_N, turn_N4)
    blur(item, steps)
    lens.lens = camera.focal_mm
    if camera.zoom:
        key(lens, "lens", frames_N, focal_mm(camera, frames_N / film.fps))
    if camera.lens.k1 or camera.lens.k2:
        _bend(lens, camera, film)
    if camera.lens.f_stop is not None:
        lens.dof.use_dof, lens.dof.aperture_fstop = True, camera.lens.f_stop
        away_N3 = position(camera.lens.focus or focus, frames_N / film.fps) - eye_N3
        ahead_N = -(away_N3 * axes_N33[:, :, 2]).sum(axis=1)
        # A plane is in focus through a straight lens, a sphere through a panoramic one.
        distance_N = np.linalg.norm(away_N3, axis=1) if lens.type == "PANO" else ahead_N
        key(lens, "dof.focus_distance", frames_N, np.maximum(distance_N, _NEAREST_FOCUS))


def _steps(camera: Camera, film: Film) -> int:
    """Motion steps with which straight pieces stray from the camera's true way by less than `_STRAY` px."""
    for steps in range(1, MOST_STEPS):
        frames_N = key_frames(film, steps)
        open_N = np.diff(frames_N) <= 1.001 * window(film) / 2**steps  # not the time between two windows
        between_N = ((frames_N[1:] + frames_N[:-1]) / 2)[open_N]
        eye_N3, axes_N33 = camera_axes(camera, frames_N / film.fps)
        true_eye_N3, true_axes_N33 = camera_axes(camera, between_N / film.fps)
        flat_N = np.concatenate([eye_N3, axes_N33.reshape(-1, 9)], axis=1)
        stray_N = np.array([np.interp(between_N, frames_N, column) for column in flat_N.T]).T
        stray_N -= np.concatenate([true_eye_N3, true_axes_N33.reshape(-1, 9)], axis=1)
        near_N = np.linalg.norm(true_eye_N3 - position(camera.look_at, between_N / film.fps), axis=1)
        px_N = (np.linalg.norm(stray_N[:, :3], axis=1) / near_N + np.abs(stray_N[:, 9:]).max(axis=1)) * focal_px(
            camera, film, between_N / film.fps
        )
        if px_N.max(initial=0.0) < _STRAY:
            return steps
    return MOST_STEPS


def _bend(lens: bpy.types.Camera, camera: Camera, film: Film) -> None:
    """Make the lens Cycles' polynomial one. A zoom then does not blur: each frame has one focal length throughout."""
    lens.type, lens.panorama_type = "PANO", "FISHEYE_LENS_POLYNOMIAL"
    lens.fisheye_fov = _ALL_ROUND
    frames = np.arange(-1, film.frames + 1) if camera.zoom else np.zeros(1)
    focal_F = focal_mm(camera, frames / film.fps)
    fitted = {focal: fisheye(camera, film, focal) for focal in np.unique(focal_F).tolist()}
    for power in range(5):
        key(
            lens,
            f"fisheye_polynomial_k{power}",
            frames - 0.5,
            [-fitted[f][0][power] for f in focal_F.tolist()],
            "CONSTANT",
        )
    worst = max(error for _, error in fitted.values())
    print(f"lens fitted to within {worst:.3f} px", file=sys.stderr, flush=True)
