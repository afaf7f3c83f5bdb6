"""The photographer's studio in which assets are previewed: film, skies, lamps and cameras."""

from __future__ import annotations

import tempfile
from math import tan
from pathlib import Path

import bpy
from mathutils import Vector
from PIL import Image

from render.asset import builtin_folder, read

from .ingest import hdri_path

BACKDROP = (58, 60, 64)
"""What is behind a prop, sRGB."""


def film(width: int, height: int, samples: int) -> None:
    """Cycles, quick and denoised, of a clear background."""
    bpy.ops.preferences.addon_enable(module="cycles")
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.render.resolution_x, scene.render.resolution_y = width, height
    scene.render.film_transparent = True
    scene.render.image_settings.file_format = "PNG"
    scene.render.image_settings.color_mode = "RGBA"
    scene.view_settings.view_transform = "AgX"
    scene.view_settings.look = "AgX - Medium High Contrast"
    scene.render.use_persistent_data = True
    scene.cycles.samples, scene.cycles.use_adaptive_sampling = samples, False
    scene.cycles.max_bounces, scene.cycles.transparent_max_bounces = 3, 8
    scene.cycles.diffuse_bounces, scene.cycles.glossy_bounces = 1, 2
    scene.cycles.caustics_reflective = scene.cycles.caustics_refractive = False
    scene.cycles.sample_clamp_indirect = 4.0
    scene.cycles.use_denoising, scene.cycles.denoiser = True, "OPENIMAGEDENOISE"
    scene.cycles.denoising_quality, scene.cycles.denoising_prefilter = "FAST", "FAST"


def photograph() -> Image.Image:
    """The current scene as an RGB picture, over the backdrop where it is clear."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture.png"
        bpy.context.scene.render.filepath = str(path)
        bpy.ops.render.render(write_still=True)
        with Image.open(path) as picture:
            front = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", front.size, (*BACKDROP, 255)), front).convert("RGB")


def sky(path: Path, strength: float, yaw: float, fill: float = 0.0, backdrop: bool = False) -> None:
    """Light everything by an environment picture and an even `fill` (radiance).

    With `backdrop` the camera sees plain grey in its place.
    """
    world = bpy.data.worlds.new("sky")
    world.use_nodes = True
    tree = world.node_tree
    picture, turn = tree.nodes.new("ShaderNodeTexEnvironment"), tree.nodes.new("ShaderNodeMapping")
    picture.image = bpy.data.images.load(str(path), check_existing=True)
    turn.inputs["Rotation"].default_value = (0.0, 0.0, yaw)
    tree.links.new(tree.nodes.new("ShaderNodeTexCoord").outputs["Generated"], turn.inputs["Vector"])
    tree.links.new(turn.outputs["Vector"], picture.inputs["Vector"])
    light, filled = tree.nodes["Background"], tree.nodes.new("ShaderNodeVectorMath")
    light.inputs["Strength"].default_value = strength
    filled.inputs[1].default_value = (fill,) * 3
    tree.links.new(picture.outputs["Color"], filled.inputs[0])
    tree.links.new(filled.outputs[0], light.inputs["Color"])
    if backdrop:
        plain, chosen = tree.nodes.new("ShaderNodeBackground"), tree.nodes.new("ShaderNodeMixShader")
        plain.inputs["Color"].default_value = (0.045, 0.048, 0.054, 1.0)
        tree.links.new(tree.nodes.new("ShaderNodeLightPath").outputs["Is Camera Ray"], chosen.inputs["Fac"])
        tree.links.new(light.outputs[0], chosen.inputs[1])
        tree.links.new(plain.outputs[0], chosen.inputs[2])
        tree.links.new(chosen.outputs[0], tree.nodes["World Output"].inputs["Surface"])
    world.cycles.sampling_method = "MANUAL"  # the automatic map takes seconds to make
    world.cycles.sample_map_resolution = 256
    bpy.context.scene.world = world


def built_in_sky(name: str, strength: float, yaw: float, fill: float = 0.0, backdrop: bool = False) -> None:
    """`sky` of a built-in hdri asset."""
    sky(hdri_path(read(builtin_folder() / name)), strength, yaw, fill, backdrop)


def sun(towards: tuple[float, float, float], strength: float, softness: float) -> bpy.types.Object:
    """A distant lamp that shines from the direction `towards`; `softness` is its angular diameter in radians."""
    lamp = bpy.data.lights.new("sun", "SUN")
    lamp.energy, lamp.angle = strength, softness
    thing = bpy.data.objects.new("sun", lamp)
    thing.rotation_euler = Vector(towards).to_track_quat("Z", "Y").to_euler()
    bpy.context.scene.collection.objects.link(thing)
    return thing


def camera(place_at: tuple[float, float, float], aim: tuple[float, float, float], field: float) -> bpy.types.Camera:
    """Look from one point to another with a horizontal field of view in radians; moves the one camera there is."""
    scene = bpy.context.scene
    if scene.camera is None:
        scene.camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
        scene.collection.objects.link(scene.camera)
    scene.camera.data.lens = 18.0 / tan(field / 2)
    scene.camera.data.clip_end = 1e4
    scene.camera.location = place_at
    scene.camera.rotation_euler = (Vector(aim) - Vector(place_at)).to_track_quat("-Z", "Y").to_euler()
    return scene.camera.data
