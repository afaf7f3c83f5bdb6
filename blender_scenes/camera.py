"""The camera of a clip spec in Blender: the same pinhole as `render.optics`, keyed through the shutter."""

from __future__ import annotations

from itertools import pairwise

import bpy
import numpy as np
from mathutils import Matrix

from render.optics import camera_axes
from render.spec import Camera, Film

from .keys import key
from .shutter import blur, key_frames, motion_steps

FARTHEST = 2000.0
"""Far clipping distance in metres."""


def build(scene: bpy.types.Scene, camera: Camera, film: Film) -> None:
    """Make the scene's camera; positions and directions are exact at every time that the shutter samples."""
    lens = bpy.data.cameras.new("camera")
    lens.lens, lens.sensor_width, lens.sensor_fit = camera.focal_mm, camera.sensor_mm, "HORIZONTAL"
    lens.clip_start, lens.clip_end = 0.01, FARTHEST
    item = bpy.data.objects.new("camera", lens)
    scene.collection.objects.link(item)
    scene.camera = item

    centres = np.arange(film.frames, dtype=np.float64)
    _, axes_F33 = camera_axes(camera, centres / film.fps)
    turns = np.arccos(np.clip((axes_F33[1:, :, 2] * axes_F33[:-1, :, 2]).sum(axis=1), -1, 1))
    steps = motion_steps(float(turns.max(initial=0.0)) * film.shutter_degrees / 360.0)
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
