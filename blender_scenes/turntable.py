"""A film of a prop that turns once, changes through its finishes as it goes, and then wears and charges."""

from __future__ import annotations

import tempfile
from math import pi
from pathlib import Path

import bpy
import numpy as np

from render.asset import InstalledAsset
from render.document import UserError, write_atomic

from . import studio
from .ingest import Placed, place
from .keys import key
from .preview import CHARGE_COLOUR, FRONT, light_props, points, stance

FPS = 24
TURN = 48
"""Frames of one turn, through all finishes."""
PULSE = 24
"""Frames in which the first finish charges and dies down."""
SAMPLES = 6


def turntable(installed: InstalledAsset, out: Path, cell: int) -> None:
    """Render the film (H.264) to `out`; `cell` is its height in pixels. UserError for assets that don't turn."""
    asset = installed.asset
    if asset.kind in ("set", "hdri"):
        raise UserError(f"{out.name}: a {asset.kind} has no turntable film; give a file that ends in .png")
    frames = TURN + (PULSE if asset.charge else 0)
    studio.film(cell // 2 * 2, cell // 2 * 2, SAMPLES)
    light_props(backdrop=True)
    scene = bpy.context.scene
    scene.render.film_transparent = False
    scene.render.fps, scene.frame_start, scene.frame_end = FPS, 0, frames - 1
    share = TURN / len(asset.finishes)
    for number, finish in enumerate(asset.finishes):
        placed = place(installed, finish, finish)
        shown = np.arange(frames) // share == number
        if number == 0:
            shown[TURN:] = True
            _aim(placed)
            _charge(placed, frames)
        _turn(placed, frames)
        for thing in placed.objects:
            key(thing, "hide_render", np.arange(frames), ~shown, "CONSTANT")
    _film_to(out)


def _turn(placed: Placed, frames: int) -> None:
    times = np.arange(frames)
    placed.root.rotation_mode = "QUATERNION"
    turns = [stance(FRONT + 2 * pi * frame / TURN).to_quaternion() for frame in times]
    key(placed.root, "rotation_quaternion", times, [tuple(q) for q in turns], "CONSTANT")


def _charge(placed: Placed, frames: int) -> None:
    placed.charge_colour(CHARGE_COLOUR)
    times = np.arange(frames)
    level = np.sin(pi * np.clip((times - TURN) / PULSE, 0, 1))
    for node in placed.charge:
        key(node.id_data, node.outputs[0].path_from_id("default_value"), times, level)


def _aim(placed: Placed) -> None:
    """A long lens, as near as the prop stays whole whichever way it is turned about Z."""
    turned = points(placed) @ np.asarray(stance(0.0))[:3, :3].T
    radius = np.hypot(turned[:, 0], turned[:, 1]).max()
    low, high = turned[:, 2].min(), turned[:, 2].max()
    half = 1.06 * max(radius, (high - low) / 2)
    distance = half / np.tan(_FIELD / 2) + radius
    studio.camera((0.0, -distance, (low + high) / 2), (0.0, 0.0, (low + high) / 2), _FIELD)


_FIELD = 0.35


def _film_to(out: Path) -> None:
    render = bpy.context.scene.render
    render.image_settings.file_format = "FFMPEG"
    render.image_settings.color_mode = "RGB"
    render.ffmpeg.format, render.ffmpeg.codec = "MPEG4", "H264"
    render.ffmpeg.constant_rate_factor, render.ffmpeg.gopsize = "HIGH", FPS
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "turntable.mp4"
        render.filepath, render.use_file_extension = str(path), False
        bpy.ops.render.render(animation=True)
        write_atomic(out, path.read_bytes())
