"""Baselines that never look at the picture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def empty(frames: Iterable[Frame], first: Mask) -> Iterator[Mask]:
    """Nothing, ever: what blank output scores."""
    for _ in frames:
        yield np.zeros_like(first)


def copy_first(frames: Iterable[Frame], first: Mask) -> Iterator[Mask]:
    """The first mask on every frame: what standing still scores."""
    for _ in frames:
        yield first


def lag(masks_THW: Mask, prompted: int, frames: int = 1) -> Iterator[Mask]:
    """The true mask of some frames before, from the prompted one on (until then the prompted one's)."""
    for frame in range(prompted, len(masks_THW)):
        yield masks_THW[max(frame - frames, prompted)]
