"""How a frame is rendered: engine, film, and the view layers that `render.develop` reads.

All layers are rendered by one call. They have equal sets of passes: with persistent data, Blender 4.5 corrupts its heap
when they differ.
"""

from __future__ import annotations

from pathlib import Path

import addon_utils
import bpy

from render.develop import BEAUTY, CHARGE, FX, VISIBLE, amodal_layer, target_name
from render.spec import ClipSpec, Film

from .stage import EFFECTS, LAMPS


def set_up(scene: bpy.types.Scene, spec: ClipSpec, threads: int) -> None:
    """Engine and film of one clip; call it before anything is put into the scene."""
    addon_utils.enable("cycles")
    _engine(scene, spec.film, threads)
    _film(scene, spec.film)


def layers(scene: bpy.types.Scene, spec: ClipSpec) -> None:
    """The view layers of one clip; call it when everything is in the scene."""
    beauty = scene.view_layers[0]
    beauty.name = BEAUTY
    visible = scene.view_layers.new(VISIBLE)
    alone = {t.object_id: scene.view_layers.new(amodal_layer(t.object_id)) for t in spec.targets}
    for layer in (beauty, visible, *alone.values()):
        layer.use_pass_combined, layer.use_pass_z = True, False
        layer.use_pass_cryptomatte_asset = True
        # One id each for the set and every target and occluder, two ids a rank: nothing is left out of any pixel.
        ids = 1 + len(spec.targets) + len(spec.occluders)
        layer.pass_cryptomatte_depth = min(max(ids + ids % 2, 2), 16)
        for group in (FX, CHARGE):
            layer.lightgroups.add(name=group)
    flat = _flat()
    _sharpen(visible, flat, excluded={EFFECTS, LAMPS})
    for object_id, layer in alone.items():
        others = {child.name for child in scene.collection.children} - {target_name(object_id)}
        _sharpen(layer, flat, excluded=others)


def render(scene: bpy.types.Scene, seed: int, frame: int, folder: Path) -> tuple[Path, Path]:
    """Render one frame; returns its multilayer EXR and its picture as Blender's view transform shows it (PNG).

    The noise differs from frame to frame, and is the same whenever a frame is rendered again.
    """
    scene.cycles.seed = (seed + 7919 * frame) % 2**31
    scene.frame_set(frame)
    exr, png = folder / "frame.exr", folder / "frame.png"
    scene.render.filepath = str(exr)
    settings = scene.render.image_settings
    settings.file_format, settings.color_depth, settings.exr_codec = "OPEN_EXR_MULTILAYER", "32", "NONE"
    bpy.ops.render.render(write_still=True, scene=scene.name)
    settings.file_format, settings.color_mode, settings.color_depth, settings.compression = "PNG", "RGB", "8", 0
    bpy.data.images["Render Result"].save_render(str(png), scene=scene)
    return exr, png


def _engine(scene: bpy.types.Scene, film: Film, threads: int) -> None:
    scene.render.engine = "CYCLES"
    scene.render.threads_mode, scene.render.threads = "FIXED", threads
    scene.render.use_persistent_data = True
    cycles = scene.cycles
    cycles.device = "CPU"
    cycles.samples = film.samples
    cycles.use_adaptive_sampling = False  # every pixel gets the same samples, so that coverage is their plain share
    cycles.use_denoising = False
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
