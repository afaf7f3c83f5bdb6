"""Run inside Blender by the tests: a tentacle on an armature and a wheel with keys of its own, saved in one format.

`make(path)` returns where every vertex is at some of the file's frames; the file plays at 30 frames a second.
"""

from __future__ import annotations

from math import radians
from pathlib import Path

import bpy
import numpy as np

FPS, FIRST, LAST = 30, 11, 35


def build() -> None:
    """Model and key it in an empty scene."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.fps, scene.frame_start, scene.frame_end = FPS, FIRST, LAST
    bones = bpy.data.armatures.new("Rig")
    rig = bpy.data.objects.new("Rig", bones)
    scene.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    for number, name in enumerate(("Lower", "Upper")):
        bone = bones.edit_bones.new(name)
        bone.head, bone.tail = (0, 0, number), (0, 0, number + 1)
        if number:
            bone.parent = bones.edit_bones["Lower"]
    bpy.ops.object.mode_set(mode="OBJECT")

    bpy.ops.mesh.primitive_cylinder_add(vertices=8, radius=0.15, depth=2, location=(0, 0, 1))
    skin = bpy.context.object
    skin.name = "Skin"
    bpy.ops.object.transform_apply(location=True)
    metal = bpy.data.materials.new("Metal")
    metal.use_nodes = True
    skin.data.materials.append(metal)
    low, high = skin.vertex_groups.new(name="Lower"), skin.vertex_groups.new(name="Upper")
    low.add([v.index for v in skin.data.vertices if v.co.z < 1], 1.0, "REPLACE")
    high.add([v.index for v in skin.data.vertices if v.co.z >= 1], 1.0, "REPLACE")
    skin.parent = rig
    skin.modifiers.new("Armature", "ARMATURE").object = rig

    bpy.ops.mesh.primitive_cube_add(size=0.4, location=(1, 0, 0.2))
    wheel = bpy.context.object
    wheel.name = "Wheel"
    wheel.data.materials.append(metal)
    for thing in (rig.pose.bones["Upper"], wheel):
        thing.rotation_mode = "XYZ"
        for frame, angle in ((FIRST, 0), ((FIRST + LAST) // 2, 80), (LAST, 0)):
            thing.rotation_euler = (radians(angle), 0, 0)
            thing.keyframe_insert("rotation_euler", frame=frame)
    for action in bpy.data.actions:
        for curve in action.fcurves:
            for key in curve.keyframe_points:
                key.interpolation = "LINEAR"


def named_twice() -> None:
    """Give the rig a second, stashed action, `Wave`, that swings the other way; the active one keeps its name."""
    rig = bpy.data.objects["Rig"]
    data = rig.animation_data
    data.action.name = "Bend"
    wave = data.action.copy()
    wave.name, wave.use_fake_user = "Wave", True
    for curve in wave.fcurves:
        for key in curve.keyframe_points:
            key.co.y, key.handle_left.y, key.handle_right.y = -key.co.y, -key.handle_left.y, -key.handle_right.y


def save(path: Path) -> None:
    """Write the scene as what the file's ending says."""
    suffix = path.suffix
    if suffix == ".blend":
        bpy.ops.wm.save_as_mainfile(filepath=str(path))
    elif suffix in (".glb", ".gltf"):
        bpy.ops.preferences.addon_enable(module="io_scene_gltf2")
        form = "GLB" if suffix == ".glb" else "GLTF_SEPARATE"
        bpy.ops.export_scene.gltf(filepath=str(path), export_format=form, export_force_sampling=True)
    elif suffix == ".fbx":
        bpy.ops.preferences.addon_enable(module="io_scene_fbx")
        bpy.ops.export_scene.fbx(filepath=str(path), add_leaf_bones=False, bake_anim_simplify_factor=0.0)
    elif suffix == ".obj":
        bpy.ops.wm.obj_export(filepath=str(path))
    else:
        bpy.ops.wm.usd_export(filepath=str(path), export_animation=True)


def points(things: list[bpy.types.Object], frame: float) -> np.ndarray:
    """World coordinates of every vertex at a (fractional) frame, as shown: (N, 3), sorted."""
    scene = bpy.context.scene
    scene.frame_set(int(frame // 1), subframe=frame % 1)
    graph = bpy.context.evaluated_depsgraph_get()
    found = []
    for thing in things:
        shown = thing.evaluated_get(graph)
        mesh = shown.to_mesh()
        found += [tuple(shown.matrix_world @ v.co) for v in mesh.vertices]
        shown.to_mesh_clear()
    return np.unique(np.round(found, 5), axis=0)
