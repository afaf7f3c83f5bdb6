"""Keyframes in bulk: a whole curve of an animated value written at once."""

from __future__ import annotations

from typing import Literal

import bpy
import numpy as np
from numpy.typing import ArrayLike, NDArray

Interpolation = Literal["LINEAR", "CONSTANT"]


def key(
    owner: bpy.types.ID,
    path: str,
    frames: ArrayLike,
    values: ArrayLike,
    interpolation: Interpolation = "LINEAR",
) -> None:
    """Animate `owner.path` by one key a row of `frames`.

    `frames` is (N,), in Blender frames, fractions allowed, increasing; `values` is (N,) for a number or (N, C) for a
    vector or quaternion. Curves of that path which are there already are replaced. The value is constant before the
    first and after the last key.
    """
    frames_N = np.asarray(frames, np.float32)
    values_NC = np.asarray(values, np.float32)
    if values_NC.ndim == 1:
        _curve(owner, path, -1, frames_N, values_NC, interpolation)
    else:
        for index in range(values_NC.shape[1]):
            _curve(owner, path, index, frames_N, values_NC[:, index], interpolation)


def _curve(
    owner: bpy.types.ID,
    path: str,
    index: int,
    frames_N: NDArray[np.float32],
    values_N: NDArray[np.float32],
    interpolation: Interpolation,
) -> None:
    curves = _curves(owner)
    at: dict[str, int] = {} if index < 0 else {"index": index}
    old = curves.find(path, **at)
    if old is not None:
        curves.remove(old)
    curve = curves.new(path, **at)
    curve.keyframe_points.add(len(frames_N))
    curve.keyframe_points.foreach_set("co", np.stack([frames_N, values_N], axis=1).ravel())
    number = bpy.types.Keyframe.bl_rna.properties["interpolation"].enum_items[interpolation].value
    curve.keyframe_points.foreach_set("interpolation", np.full(len(frames_N), number, np.int32))
    curve.update()


def _curves(owner: bpy.types.ID) -> bpy.types.ActionFCurves:
    """The F-curves that animate `owner`, in an action of its own."""
    data = owner.animation_data or owner.animation_data_create()
    if data.action is None:
        data.action = bpy.data.actions.new(owner.name)
        data.action_slot = data.action.slots.new(owner.id_type, owner.name)  # without a slot nothing moves
    return data.action.fcurves
