"""How a frame is rendered: engine, film, and the view layers that `render.frames.develop` reads.

All layers are rendered by one call, but where the picture needs what sharp labels must not have (an open aperture, rows
that are exposed for a while, each in its turn): then the sharp layers have a call of their own. All have equal sets of
passes: with persistent data, Blender 4.5 corrupts its heap when they differ.
"""

from __future__ import annotations

import math
from pathlib import Path

import bpy
import numpy as np
from numpy.typing import NDArray

from render.frames.develop import BEAUTY, CHARGE, CLEAR, FX, FX_LIGHT, REST, VISIBLE, amodal_layer, target_name
from render.spec import ClipSpec, Film

from . import denoising, sharp
from .shutter import exposure, late, spread, window
from .stage import EFFECTS, EXTRAS, LAMPS, SETS

_PICTURE = (CLEAR, BEAUTY)
"""Layers at full samples, through the open shutter and aperture; the others are sharp."""
_SHEETS = 64
"""How many see-through surfaces (leaf cards) a ray may pass."""


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
    smoke = any(_has_volume(material) for material in sharp.materials(bpy.data.collections[EFFECTS].objects))
    if smoke:
        scene.view_layers.new(CLEAR)
    # Last, right after a layer without lamps: the lamps are then always taken up anew and in one order, on which the
    # noise depends. So a frame has the same noise whether it is a process's first or not.
    scene.view_layers.new(BEAUTY)
    extras = set(spec.film.extras)
    for layer in scene.view_layers:
        layer.use_pass_combined = True
        layer.use_pass_z = bool(extras & {"depth", "flow", "normal"})
        layer.use_pass_position = "depth" in extras
        layer.use_pass_vector, layer.use_pass_normal = "flow" in extras, "normal" in extras
        layer.use_pass_cryptomatte_asset = True
        # One id for each target and one for all else, two ids a rank: nothing is left out of any pixel.
        layer.pass_cryptomatte_depth = 2 * math.ceil((1 + len(spec.targets)) / 2)
        for group in (FX, FX_LIGHT, CHARGE):
            layer.lightgroups.add(name=group)
    _gather(scene)
    flat = _flatten(scene)
    collections = {child.name for child in scene.collection.children}
    _sharpen(visible, flat, excluded={EFFECTS, LAMPS})
    for object_id, layer in alone.items():
        _sharpen(layer, flat, excluded=collections - {target_name(object_id)})
    if smoke:
        _clear(scene.view_layers[CLEAR], flat, excluded={EFFECTS, LAMPS})


def render(scene: bpy.types.Scene, spec: ClipSpec, frame: int, folder: Path) -> list[Path]:
    """Render one frame, all layers, to one or two multilayer EXRs in `folder`.

    The noise differs from frame to frame, and is the same whenever a frame is rendered again.
    """
    film = spec.film
    scene.cycles.seed = (spec.seed + 7919 * frame) % 2**31
    time = frame - late(film)
    whole = math.floor(time)
    scene.frame_set(whole, subframe=time - whole)
    if not film.readout and spec.camera.lens.f_stop is None:
        return [_write(scene, folder / "frame.exr")]
    # The picture comes second, after layers without lamps, as in a call of all: see `layers`.
    files = []
    for pictures in (False, True):
        for layer in scene.view_layers:
            layer.use = (layer.name in _PICTURE) == pictures
        scene.camera.data.dof.use_dof = pictures and spec.camera.lens.f_stop is not None
        if film.readout:
            # Sharp rows are seen each at one moment: their window is the spread of the moments, none of them open.
            scene.render.motion_blur_shutter = window(film) if pictures else spread(film)
            scene.cycles.rolling_shutter_duration = exposure(film) / window(film) if pictures else 0.0
        files.append(_write(scene, folder / ("picture.exr" if pictures else "sharp.exr")))
    return files


def _write(scene: bpy.types.Scene, exr: Path) -> Path:
    scene.render.filepath = str(exr)
    settings = scene.render.image_settings
    settings.file_format, settings.color_depth, settings.exr_codec = "OPEN_EXR_MULTILAYER", "32", "NONE"
    bpy.ops.render.render(write_still=True, scene=scene.name)
    return exr


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
    cycles.use_denoising, cycles.denoiser = True, "OPENIMAGEDENOISE"
    cycles.denoising_quality, cycles.denoising_prefilter = _denoising(film.samples), "NONE"
    cycles.use_light_tree = True  # sets have many lamps: FLIP 3 to 16 % lower for some 4 % of the seconds
    cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces = 4, 2, 3
    cycles.transmission_bounces, cycles.transparent_max_bounces = 4, 16
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.sample_clamp_indirect = 4.0  # fireflies cost a small clip more than the light they carry
    cycles.pixel_filter_type, cycles.filter_width = "BLACKMAN_HARRIS", 1.5


def _denoising(samples: int) -> str:
    """OIDN's quality: while every layer was denoised, HIGH cost about the seconds of three samples a pixel, BALANCED
    those of half a one, and they save a seventh and a twelfth of the samples (`docs/benchmarks.md`): worth it from
    here on then, and sooner now that the picture alone is."""
    return "HIGH" if samples >= 24 else "BALANCED" if samples >= 12 else "FAST"


def _film(scene: bpy.types.Scene, film: Film) -> None:
    render = scene.render
    render.resolution_x, render.resolution_y, render.resolution_percentage = film.width, film.height, 100
    render.pixel_aspect_x = render.pixel_aspect_y = 1.0
    render.fps, render.fps_base = round(film.fps), round(film.fps) / film.fps
    render.use_motion_blur = window(film) > 0
    render.motion_blur_shutter = max(window(film), 0.01)
    scene.cycles.rolling_shutter_type = "TOP" if film.readout else "NONE"
    render.motion_blur_position = "CENTER"
    render.use_file_extension = render.use_compositing = render.use_sequencer = False
    render.dither_intensity = 0.0
    scene.frame_start, scene.frame_end = 0, film.frames - 1
    scene.view_settings.view_transform = film.view_transform
    scene.view_settings.look = "None"
    scene.view_settings.exposure, scene.view_settings.gamma = film.exposure, 1.0


def _gather(scene: bpy.types.Scene) -> None:
    """One root, and so one Cryptomatte, for all that is no target; lamps of effects in a light group of their own."""
    rest = bpy.data.objects.new(REST, None)
    scene.collection.objects.link(rest)
    for name in (SETS, EXTRAS, EFFECTS):
        for thing in bpy.data.collections[name].objects:
            if thing.parent is None:
                thing.parent = rest
    for thing in bpy.data.collections[EFFECTS].objects:
        if thing.type == "LIGHT":
            thing.lightgroup = FX_LIGHT


def _flatten(scene: bpy.types.Scene) -> bpy.types.Material | None:
    """What overrides the materials of sharp layers; None where something is see-through, and they see to it."""
    solid = [c for c in scene.collection.children if c.name != EFFECTS]
    worn = sharp.materials(thing for collection in solid for thing in collection.all_objects)
    if not any(sharp.is_see_through(material) for material in worn):
        return sharp.flat()
    for material in worn:
        sharp.wire(material)
    for layer in scene.view_layers:
        layer[sharp.SHARP] = 0.0 if layer.name == BEAUTY else 1.0
    scene.cycles.transparent_max_bounces = max(scene.cycles.transparent_max_bounces, _SHEETS)
    return None


def _sharpen(layer: bpy.types.ViewLayer, flat: bpy.types.Material | None, excluded: set[str]) -> None:
    """One sample at the pixel centre, at the shutter's centre (or its row's), of geometry alone."""
    layer.samples = 1
    layer.use_motion_blur = bool(bpy.context.scene.cycles.rolling_shutter_type == "TOP")
    _clear(layer, flat, excluded)


def _clear(layer: bpy.types.ViewLayer, flat: bpy.types.Material | None, excluded: set[str]) -> None:
    """Geometry alone, without the collections `excluded`."""
    denoising.leave_out(layer)
    layer.material_override = flat
    for child in layer.layer_collection.children:
        child.exclude = child.name in excluded


def _has_volume(material: bpy.types.Material) -> bool:
    output = material.node_tree.get_output_node("CYCLES") if material.node_tree else None
    return output is not None and output.inputs["Volume"].is_linked
