"""How a frame is rendered: engine, film, and the view layers that `render.develop` reads.

All layers are rendered by one call. They have equal sets of passes: with persistent data, Blender 4.5 corrupts its heap
when they differ.
"""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
from numpy.typing import NDArray

from render.develop import BEAUTY, CHARGE, FX, VISIBLE, amodal_layer, target_name
from render.spec import ClipSpec, Film

from .stage import EFFECTS, LAMPS


def set_up(scene: bpy.types.Scene, spec: ClipSpec, threads: int) -> None:
    """Engine and film of one clip; call it before anything is put into the scene."""
    bpy.ops.preferences.addon_enable(module="cycles")
    _engine(scene, spec.film, threads)
    _film(scene, spec.film)


def layers(scene: bpy.types.Scene, spec: ClipSpec) -> None:
    """The view layers of one clip; call it when everything is in the scene."""
    visible = scene.view_layers[0]
    visible.name = VISIBLE
    alone = {t.object_id: scene.view_layers.new(amodal_layer(t.object_id)) for t in spec.targets}
    # Last, right after a layer without lamps: the lamps are then always taken up anew and in one order, on which the
    # noise depends. So a frame has the same noise whether it is a process's first or not.
    scene.view_layers.new(BEAUTY)
    for layer in scene.view_layers:
        layer.use_pass_combined, layer.use_pass_z = True, False
        layer.use_pass_cryptomatte_asset = True
        # One id each for the set and every target and occluder, two ids a rank: nothing is left out of any pixel.
        ids = 1 + len(spec.targets) + len(spec.extras)
        layer.pass_cryptomatte_depth = min(max(ids + ids % 2, 2), 16)
        for group in (FX, CHARGE):
            layer.lightgroups.add(name=group)
    flat = _flat()
    _sharpen(visible, flat, excluded={EFFECTS, LAMPS})
    for object_id, layer in alone.items():
        others = {child.name for child in scene.collection.children} - {target_name(object_id)}
        _sharpen(layer, flat, excluded=others)


def render(scene: bpy.types.Scene, seed: int, frame: int, exr: Path) -> None:
    """Render one frame, all layers, to a multilayer EXR.

    The noise differs from frame to frame, and is the same whenever a frame is rendered again.
    """
    scene.cycles.seed = (seed + 7919 * frame) % 2**31
    scene.frame_set(frame)
    scene.render.filepath = str(exr)
    settings = scene.render.image_settings
    settings.file_format, settings.color_depth, settings.exr_codec = "OPEN_EXR_MULTILAYER", "32", "NONE"
    bpy.ops.render.render(write_still=True, scene=scene.name)


def view(scene: bpy.types.Scene, rgb: NDArray[np.float32], png: Path) -> None:
    """Write a scene-linear picture, float32 (H, W, 3), as Blender's own view transform shows it."""
    height, width, _ = rgb.shape
    picture = bpy.data.images.get("picture") or bpy.data.images.new("picture", width, height, float_buffer=True)
    rgba = np.ones((height, width, 4), np.float32)
    rgba[..., :3] = rgb[::-1]  # Blender's first row is the lowest
    picture.pixels.foreach_set(rgba.ravel())
    settings = scene.render.image_settings
    settings.file_format, settings.color_mode, settings.color_depth, settings.compression = "PNG", "RGB", "8", 0
    picture.save_render(str(png), scene=scene)


def _engine(scene: bpy.types.Scene, film: Film, threads: int) -> None:
    scene.render.engine = "CYCLES"
    scene.render.threads_mode, scene.render.threads = "FIXED", threads
    scene.render.use_persistent_data = True
    cycles = scene.cycles
    cycles.samples = film.samples
    cycles.use_adaptive_sampling = False  # every pixel gets the same samples, so that coverage is their plain share
    # On every layer, although the sharp ones need none: their passes must stay equal. At 240x136 six samples denoised
    # take the time of six plain ones and come nearer to the truth than twelve (RMSE 7 of 255 against 11).
    cycles.use_denoising, cycles.denoiser = True, "OPENIMAGEDENOISE"
    cycles.denoising_quality, cycles.denoising_prefilter = "FAST", "NONE"
    cycles.use_light_tree = False  # a handful of lamps: choosing among them by a tree costs more than it gains
    cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces = 4, 2, 3
    cycles.transmission_bounces, cycles.transparent_max_bounces = 4, 16
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.sample_clamp_indirect = 4.0  # fireflies cost a small clip more than the light they carry
    cycles.pixel_filter_type, cycles.filter_width = "BLACKMAN_HARRIS", 1.5


def _film(scene: bpy.types.Scene, film: Film) -> None:
    render = scene.render
    render.resolution_x, render.resolution_y, render.resolution_percentage = film.width, film.height, 100
    render.pixel_aspect_x = render.pixel_aspect_y = 1.0
    render.fps, render.fps_base = round(film.fps), round(film.fps) / film.fps
    render.use_motion_blur = film.shutter_degrees > 0
    render.motion_blur_shutter = max(film.shutter_degrees / 360.0, 0.01)
    render.motion_blur_position = "CENTER"
    render.use_file_extension = render.use_compositing = render.use_sequencer = False
    render.dither_intensity = 0.0
    scene.frame_start, scene.frame_end = 0, film.frames - 1
    scene.view_settings.view_transform = film.view_transform
    scene.view_settings.look = "None"
    scene.view_settings.exposure, scene.view_settings.gamma = film.exposure, 1.0


def _sharpen(layer: bpy.types.ViewLayer, flat: bpy.types.Material, excluded: set[str]) -> None:
    """One sample at the pixel centre, at the shutter's centre, of geometry alone."""
    layer.samples = 1
    layer.use_motion_blur = False
    layer.material_override = flat
    for child in layer.layer_collection.children:
        child.exclude = child.name in excluded


def _flat() -> bpy.types.Material:
    """A material that costs nothing to shade."""
    material = bpy.data.materials.new("flat")
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    nodes.clear()
    links.new(nodes.new("ShaderNodeEmission").outputs[0], nodes.new("ShaderNodeOutputMaterial").inputs[0])
    return material
