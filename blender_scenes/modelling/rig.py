"""Bones, weights and actions made by scripts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import bpy
import numpy as np
from mathutils import Vector
from numpy.typing import NDArray

from .shapes import Point

RATE = 24
"""Frames a second of every built-in action."""
FEWEST = 1e-3
"""Weights below this are dropped."""


class Bone(NamedTuple):
    """A bone at rest: its ends in metres, its parent, and what its Z axis should look towards."""

    head: Point
    tail: Point
    parent: str | None
    z: Point = (0.0, 1.0, 0.0)
    deform: bool = True


def rig(name: str, bones: Mapping[str, Bone]) -> bpy.types.Object:
    """An armature of `bones`, parents before children, linked to the scene."""
    data = bpy.data.armatures.new(name)
    made = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(made)
    bpy.context.view_layer.objects.active = made
    bpy.ops.object.mode_set(mode="EDIT")
    for title, bone in bones.items():
        edit = data.edit_bones.new(title)
        edit.head, edit.tail = bone.head, bone.tail
        edit.align_roll(Vector(bone.z))
        edit.use_deform = bone.deform
        if bone.parent:
            edit.parent = data.edit_bones[bone.parent]
    bpy.ops.object.mode_set(mode="OBJECT")
    for pose in made.pose.bones:
        pose.rotation_mode = "QUATERNION"
    return made


def bind(thing: bpy.types.Object, armature: bpy.types.Object, weights: Mapping[str, NDArray[np.float64]]) -> None:
    """Let a mesh follow the bones: by bone, a weight for each vertex; the four greatest count, and sum to one."""
    names = list(weights)
    table_VB = np.stack([weights[name] for name in names], axis=1)
    if table_VB.shape[1] > 4:
        fourth = -np.sort(-table_VB, axis=1)[:, 3:4]
        table_VB = np.where(table_VB >= fourth, table_VB, 0.0)
    table_VB /= np.maximum(table_VB.sum(axis=1, keepdims=True), 1e-12)
    table_VB = np.round(table_VB * 128) / 128  # coarse numbers compress well
    for number, name in enumerate(names):
        group = thing.vertex_groups.new(name=name)
        column = table_VB[:, number]
        for weight in np.unique(column[column > FEWEST]):
            group.add(np.flatnonzero(column == weight).tolist(), float(weight), "REPLACE")
    modifier = thing.modifiers.new("Armature", "ARMATURE")
    modifier.object = armature
    thing.parent = armature


def add_action(
    armature: bpy.types.Object,
    name: str,
    frames: int,
    turns: Mapping[str, NDArray[np.float64]],
    moves: Mapping[str, NDArray[np.float64]] | None = None,
    every: int = 1,
) -> bpy.types.Action:
    """An action of `frames` frames that ends as it begins, kept as a muted strip so that the file holds it.

    turns: by bone, quaternions (K, 4) (w, x, y, z) relative to its rest; moves: places (K, 3); the keys are `every`
    frames apart, from frame 0 to `frames`.
    """
    action = bpy.data.actions.new(name)
    slot = action.slots.new("OBJECT", armature.name)
    at = np.arange(0, frames + 1, every, dtype=np.float32)
    for channel, values in (("rotation_quaternion", turns), ("location", moves or {})):
        for bone, table in values.items():
            table = np.asarray(table, np.float64)
            if channel == "rotation_quaternion":
                table = table / np.linalg.norm(table, axis=1, keepdims=True)
                flips = np.cumprod(np.where((table[1:] * table[:-1]).sum(axis=1) < 0, -1.0, 1.0))
                table = table * np.concatenate([[1.0], flips])[:, None]
            for index in range(table.shape[1]):
                curve = action.fcurves.new(f'pose.bones["{bone}"].{channel}', index=index, action_group=bone)
                values_K = np.round(table[:, index] * 2**14) / 2**14
                keys_K2 = np.stack([at, values_K], axis=1)
                if not values_K.ptp():
                    keys_K2 = keys_K2[[0]]
                curve.keyframe_points.add(len(keys_K2))
                curve.keyframe_points.foreach_set("co", keys_K2.astype(np.float32).ravel())
                curve.update()
    action.use_cyclic, action.use_frame_range = True, True
    action.frame_start, action.frame_end = 0, frames
    track = armature.animation_data_create().nla_tracks.new()
    track.name, track.mute = name, True
    strip = track.strips.new(name, 0, action)
    strip.action_slot = slot
    return action
