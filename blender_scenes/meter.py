"""The light meter: how far HDRI and sun must be dimmed or raised, so that a shaded alley is not a black picture.

HDRIs differ by a factor of a hundred in brightness, and sets shade themselves. What is changed is the light, not the
exposure, so that effects and charge, whose strength is absolute, keep their weight beside it. The set's own lamps keep
the power that the artist gave them, times `Stage.lamps`, unless they alone are brighter than the picture should be.
By night the sky is seen darker than it shines: what lights the ground under trees would be a white sky between them.
The set alone is metered, without prop, occluders and effects: every twin of a clip is lit alike.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import OpenEXR
from numpy.typing import NDArray

from render.spec import ClipSpec

from .practicals import PRACTICAL, Practicals
from .stage import SKY, SUN, dim_the_seen_sky

Luminance = NDArray[np.float64]

CELL = 3
"""Pixels a side that are averaged before the logarithm: it would take noise for darkness."""
WIDTH = 32 * CELL
SAMPLES = 8
RANGE_EV = (-10.0, 8.0)
LAMPS_SHARE = 0.8
"""The most of the level that lamps may give: there is always a sky too, whose light fills their shadows."""
NIGHT_SKY = 1.0
"""The most that the sky is seen at by night, on the whole, over the picture's level."""
LAYER = "meter"


def balance(scene: bpy.types.Scene, spec: ClipSpec, lamps: Practicals, scratch: Path) -> None:
    """Bring the light to the clip's `level`, as seen from the camera at its middle; lamps waver from now on."""
    lamps.light(spec.stage.lamps, None, spec.film)
    with _meter(scene, spec, scratch / "meter.exr"):
        bpy.ops.render.render(write_still=True, scene=scene.name)
    stage = spec.stage
    even = SKY * stage.hdri_strength if stage.time_of_day == "night" else 0.0
    stops, dimmed = metered(*_read(scratch / "meter.exr"), stage.level, even)
    scene.world.node_tree.nodes["Background"].inputs["Strength"].default_value *= 2.0**stops
    share = seen_share(stops, stage.level, even)
    if share < 1:
        dim_the_seen_sky(scene.world, share)
    bpy.data.lights[SUN].energy *= 2.0**stops
    lamps.light(stage.lamps * dimmed, stage.flicker, spec.film)
    told = f"daylight {stops:+.2f} stops, seen at {share:.2f}, lamps x {stage.lamps * dimmed:.2f}"
    print(told, file=sys.stderr, flush=True)


def metered(
    sky_HW: Luminance, lamps_HW: Luminance, seen_HW: Luminance, level: float, even: float = 0.0
) -> tuple[float, float]:
    """Stops for the sky's light (steps of 1/100, within `RANGE_EV`) and the share of the lamps' that is kept.

    Light adds up: the log-average of `2**stops * sky + share * lamps` is then the level, with the part of `sky` that is
    the sky itself, `seen`, dimmed as `seen_share` says. Luminances, float64 (H, W).
    """
    bright = log_average(lamps_HW)
    share = round(min(1.0, LAMPS_SHARE * level / bright), 4) if bright > 0 else 1.0
    low, high = RANGE_EV
    for _ in range(24):
        stops = (low + high) / 2
        lit_HW = sky_HW - (1 - seen_share(stops, level, even)) * seen_HW
        over = log_average(2.0**stops * lit_HW + share * lamps_HW) > level
        low, high = (low, stops) if over else (stops, high)
    return round((low + high) / 2, 2), share


def seen_share(stops: float, level: float, even: float) -> float:
    """The share of its strength at which a sky of the radiance `even` is seen, so that it keeps to `NIGHT_SKY`."""
    return min(1.0, NIGHT_SKY * level / (2.0**stops * even)) if even > 0 else 1.0


def log_average(luminance_HW: Luminance) -> float:
    """The geometric mean: what a picture looks like as a whole, whatever glares in it."""
    return math.exp(float(np.log(np.maximum(luminance_HW, 1e-5)).mean()))


@contextmanager
def _meter(scene: bpy.types.Scene, spec: ClipSpec, exr: Path) -> Iterator[None]:
    """A small picture of the clip's middle on a layer of its own, with the lamps' light apart."""
    render, cycles = scene.render, scene.cycles
    wanted: tuple[tuple[Any, str, Any], ...] = (
        (render, "resolution_x", WIDTH),
        (render, "resolution_y", max(round(WIDTH * spec.film.height / spec.film.width / CELL), 1) * CELL),
        (render, "use_motion_blur", False),
        (render, "use_persistent_data", False),
        (render, "filepath", str(exr)),
        (cycles, "samples", SAMPLES),
        (cycles, "use_denoising", False),
        (cycles, "seed", spec.seed),
    )
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in wanted]
    others = [(layer, layer.use) for layer in scene.view_layers]
    try:
        for owner, name, value in wanted:
            setattr(owner, name, value)
        settings = render.image_settings
        settings.file_format, settings.color_depth = "OPEN_EXR_MULTILAYER", "32"
        scene.frame_set(spec.film.frames // 2)
        layer = scene.view_layers.new(LAYER)
        layer.lightgroups.add(name=PRACTICAL)
        layer.use_pass_environment = True
        for other, _ in others:
            other.use = False
        yield
    finally:
        for other, used in others:
            other.use = used
        scene.view_layers.remove(scene.view_layers[LAYER])
        for owner, name, value in before:
            setattr(owner, name, value)


def _read(exr: Path) -> tuple[Luminance, Luminance, Luminance]:
    """Luminance, averaged over cells, of sky with sun, of the lamps, and of the sky itself: float64 (H, W) each."""
    with OpenEXR.File(str(exr), separate_channels=True) as file:
        channels = file.channels()
        both, lamps, seen = (
            sum(
                weight * channels[f"{LAYER}.{name}.{letter}"].pixels.astype(np.float64)
                for letter, weight in zip("RGB", (0.2126, 0.7152, 0.0722), strict=True)  # Rec.709
            )
            for name in ("Combined", f"Combined_{PRACTICAL}", "Env")
        )
    height, width = both.shape
    shape = height // CELL, CELL, width // CELL, CELL
    sky_HW, lamps_HW, seen_HW = (
        np.maximum(part, 0.0).reshape(shape).mean(axis=(1, 3)) for part in (both - lamps, lamps, seen)
    )
    return sky_HW, lamps_HW, seen_HW
