"""Charging: a prop goes from dull to lit to white-hot along its charge curve, and back.

First its charge-able materials (runes, stones) light up. From half charge on the metal around them heats: a glow creeps
out of the runes along veins, its front in the colour of the charge, white behind it, until all metal is white-hot.
"""

from __future__ import annotations

import bpy
import numpy as np
from numpy.typing import NDArray

from render.frames.develop import CHARGE
from render.motion import charge_level
from render.spec import Extra, Film, Target

from ..ingest import Placed
from ..keys import key
from ..stage import EFFECTS, LAMPS
from . import heat, parts
from .brightness import frame_times, shutter_mean
from .hold import Hold

Floats = NDArray[np.float64]

_HOT = 0.35
"""How far the colour goes towards white at full charge."""

_BOOST = 2.0
"""How many times brighter than in proportion the runes are at full charge."""

_ONSET = 0.4
"""Charge at which the metal begins to heat."""


def build(target: Target | Extra, film: Film, placed: Placed, held: Hold, group: str = CHARGE) -> None:
    """Key the charge-able materials' light and tint, and the metal's heat: one value a frame, the shutter's mean.

    `group` is the light group of what glows; an extra's light is the scene's like any other ("").
    """
    levels_F = level(target, film)
    for node in placed.charge:
        parts.key_value(node, runes(levels_F))
    white_F1 = _HOT * levels_F[:, None] ** 2
    rgb_F3 = max(target.charge_colour) * ((1 - white_F1) * parts.tint(target.charge_colour) + white_F1)
    rgba_F4 = np.concatenate([rgb_F3, np.ones_like(white_F1)], axis=1)
    for node in placed.tint:
        path = node.outputs[0].path_from_id("default_value")
        key(node.id_data, path, np.arange(film.frames) - 0.5, rgba_F4, "CONSTANT")
    heat_F = np.clip((levels_F - _ONSET) / (1 - _ONSET), 0, 1)
    heated = heat.wire(placed, parts.tint(target.charge_colour)) if heat_F.any() else None
    if heated is None:
        return
    for node in heated.levels:
        parts.key_value(node, heat_F)
    for thing in heated.objects:
        thing.lightgroup = group
    watts_F = heated.watts(heat_F) * target.scale**2
    lamp = parts.lamp(f"{placed.root.name}-charge-lamp", target.charge_colour, watts_F, radius=0.5 * held.radius)
    bpy.data.collections[EFFECTS].objects.unlink(lamp)  # the prop's own light, there without effects too
    bpy.data.collections[LAMPS].objects.link(lamp)
    lamp.lightgroup = group
    parts.ignored_by(lamp, placed.objects)
    parts.move(lamp, held.world(frame_times(film)))


def runes(levels: Floats) -> Floats:
    """What the charge-able materials' light is multiplied by at those levels of charge: more than in proportion."""
    return np.asarray(levels * (1 + _BOOST * levels))


def level(target: Target | Extra, film: Film) -> Floats:
    """The target's charge 0..1 in each frame, float64 (frames,), averaged over the open shutter."""
    return shutter_mean(lambda times_N: charge_level(target.charge, times_N), film)
