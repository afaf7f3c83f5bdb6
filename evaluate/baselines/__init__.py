"""What a tracker must beat: guesses that need no learning, run through the same clips with the same first mask."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from .box import box_csrt, box_kalman
from .colour import colour_nearest
from .trivial import copy_first, empty, lag

Baseline = Callable[[Iterable[NDArray[np.uint8]], NDArray[np.bool_]], Iterator[NDArray[np.bool_]]]
"""(frames from the prompted one on, the prompted frame's mask) -> one mask a frame, the first included."""

BASELINES: dict[str, Baseline] = {
    "empty": empty,
    "copy-first": copy_first,
    "colour-nearest": colour_nearest,
    "box-kalman": box_kalman,
    "box-csrt": box_csrt,
}

COPY_LAST = "copy-last"
"""The one that knows the truth: on every frame the true mask of the frame before. No tracker could do it; it says what
being one frame late costs."""

__all__ = ["BASELINES", "COPY_LAST", "Baseline", "colour_nearest", "copy_first", "empty", "lag"]
