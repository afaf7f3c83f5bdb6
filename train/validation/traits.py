"""What is hard about a frame of a clip, by its measured attributes: how validation's scores are split."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Flags = NDArray[np.bool_]

FAST_DIAMETERS = 0.25
VEILED = 0.2
OCCLUDED = 0.25
HIDDEN, RECOVERY_FRAMES = 0.95, 5
TRANSFORMED = 0.2

TRAITS: dict[str, str] = {
    "fast": f"moves at least {FAST_DIAMETERS} of its diameter a frame",
    "veiled": f"effects hide at least {VEILED} of it",
    "occluded": f"other things hide at least {OCCLUDED} of it",
    "recovered": f"in view again, {RECOVERY_FRAMES} frames or fewer after at least {HIDDEN} of it was hidden",
    "transformed": f"its glow differs by at least {TRANSFORMED} from the prompted frame's",
}
"""Traits, and what each means. Frames in which the object is absent have none."""


def traits(attributes: Mapping[str, NDArray[np.generic]], first: int = 0) -> dict[str, Flags]:
    """Which frames from `first` (the prompted one) on have each trait, bool (frames,).

    `attributes` are the columns of `render.frames.measure`; what is not known of real footage (NaN) counts as no trait.
    """
    column = {name: np.asarray(values[first:], np.float64) for name, values in attributes.items()}
    present = column["present"] > 0
    hidden = ~present | (column["occlusion"] >= HIDDEN)
    seen = present & ~hidden
    charge = column["charge"]
    found = {
        "fast": column["speed_diameters"] >= FAST_DIAMETERS,
        "veiled": column["veil_mean"] >= VEILED,
        "occluded": column["occlusion"] >= OCCLUDED,
        "recovered": seen & _soon_after(hidden, RECOVERY_FRAMES),
        "transformed": np.abs(charge - charge[0]) >= TRANSFORMED,
    }
    return {name: flags & present for name, flags in found.items()}


def _soon_after(flags: Flags, frames: int) -> Flags:
    """Frames with a flag in one of the `frames` frames before them."""
    after = np.zeros_like(flags)
    for late in range(1, frames + 1):
        after[late:] |= flags[:-late] if late < len(flags) else False
    return after
