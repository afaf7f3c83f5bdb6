"""The light meter: how far HDRI and sun must be dimmed or raised, so that a shaded alley is not a black picture.

HDRIs differ by a factor of a hundred in brightness, and sets shade themselves. What is changed is the light, not the
exposure, so that effects and charge, whose strength is absolute, keep their weight beside it. The set alone is metered,
without prop, occluders and effects: every twin of a clip is lit alike.
"""

from __future__ import annotations

import sys
from pathlib import Path

import bpy
import numpy as np
import OpenEXR

from render.spec import ClipSpec

MIDDLE_GREY = 0.14
"""Scene-linear luminance that the metered log-average is brought to: a little under the 0.18 of a grey card, since the
sky, where it is in the picture, pulls the average up."""

WIDTH = 64
SAMPLES = 4
RANGE_EV = (-3.0, 6.0)


def balance(scene: bpy.types.Scene, spec: ClipSpec, scratch: Path) -> None:
    """Scale the world's and the sun's light by what the meter says at the clip's middle."""
    settings = scene.render, scene.cycles
    kept = (
        (settings[0], "resolution_x", WIDTH),
        (settings[0], "resolution_y", max(round(WIDTH * spec.film.height / spec.film.width), 1)),
        (settings[0], "use_motion_blur", False),
        (settings[0], "use_persistent_data", False),
        (settings[0], "filepath", str(scratch / "meter.exr")),
        (settings[1], "samples", SAMPLES),
    )
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in kept]
    for owner, name, value in kept:
        setattr(owner, name, value)
    scene.render.image_settings.file_format = "OPEN_EXR"
    scene.cycles.seed = spec.seed
    scene.frame_set(spec.film.frames // 2)
    bpy.ops.render.render(write_still=True, scene=scene.name)
    for owner, name, value in before:
        setattr(owner, name, value)
    stops = metered_stops(scratch / "meter.exr")
    scene.world.node_tree.nodes["Background"].inputs["Strength"].default_value *= 2.0**stops
    for lamp in bpy.data.lights:
        if lamp.type == "SUN":
            lamp.energy *= 2.0**stops
    print(f"daylight {stops:+.2f} stops", file=sys.stderr, flush=True)


def metered_stops(path: Path) -> float:
    """Stops that bring the picture's log-average luminance to middle grey, in steps of 1/100, within `RANGE_EV`."""
    with OpenEXR.File(str(path)) as file:
        channels = file.channels()
        rgb_HW3 = channels["RGB"].pixels if "RGB" in channels else channels["RGBA"].pixels[..., :3]
    luminance_HW = rgb_HW3.astype(np.float64) @ [0.2126, 0.7152, 0.0722]  # Rec.709
    average = float(np.exp(np.log(np.maximum(luminance_HW, 1e-4)).mean()))
    return round(float(np.clip(np.log2(MIDDLE_GREY / average), *RANGE_EV)), 2)
