"""Charging: the prop's charge-able materials go from dull to lit to white-hot along the target's charge curve."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from render.motion import charge_level
from render.spec import Film, Target

from ..ingest import Placed
from ..keys import key
from . import parts
from .brightness import shutter_mean

_HOT = 0.35
"""How far the colour goes towards white at full charge."""


def build(target: Target, film: Film, placed: Placed) -> None:
    """Key the charge-able materials' level and tint, one value a frame: the mean over the open shutter."""
    levels_F = level(target, film)
    for node in placed.charge:
        parts.key_value(node, levels_F)
    white_F1 = _HOT * levels_F[:, None] ** 2
    rgb_F3 = max(target.charge_colour) * ((1 - white_F1) * parts.tint(target.charge_colour) + white_F1)
    rgba_F4 = np.concatenate([rgb_F3, np.ones_like(white_F1)], axis=1)
    for node in placed.tint:
        path = node.outputs[0].path_from_id("default_value")
        key(node.id_data, path, np.arange(film.frames) - 0.5, rgba_F4, "CONSTANT")


def level(target: Target, film: Film) -> NDArray[np.float64]:
    """The target's charge 0..1 in each frame, float64 (frames,), averaged over the open shutter."""
    return shutter_mean(lambda times_N: charge_level(target.charge, times_N), film)
