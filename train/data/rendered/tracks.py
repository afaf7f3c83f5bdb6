"""The objects of a dataset, and the windows of frames that may start on each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from render.manifest import Dataset
from render.mask import PRESENT_PIXELS

Whole = NDArray[np.int32]


@dataclass(frozen=True)
class Track:
    """One object of one clip: how many frames there are, and in which it is seen well enough to be prompted on."""

    clip: str
    object_id: int
    frames: int
    promptable: Whole

    def spans(self, strides: Sequence[int], length: int) -> tuple[Whole, Whole]:
        """First frame and stride, int32 (W,) each, of every window of `length` frames that stays inside the clip and
        starts with the object in view; a negative stride runs backwards."""
        starts = [self.promptable[_inside(self.promptable, stride, length, self.frames)] for stride in strides]
        steps = [np.full(len(first), stride, np.int32) for first, stride in zip(starts, strides, strict=True)]
        return np.concatenate(starts), np.concatenate(steps)


def _inside(first: Whole, stride: int, length: int, frames: int) -> NDArray[np.bool_]:
    last = first + stride * (length - 1)
    return np.asarray((last >= 0) & (last < frames))


def tracks(data: Dataset, split: str | None, size: int | None = None, twins: bool = True) -> list[Track]:
    """Every object of a split's clips (None: of all), by clip, then object id; `twins = False` leaves out twins.

    It is promptable where present, and at `size` x `size` pixels still twice as large as the mask rule asks for, so
    that resampling can't make it vanish.
    """
    found = []
    wanted = [clip for clip in data.clips(split) if twins or data.manifest.clips[clip].twin_of is None]
    for clip in data.with_records(wanted):
        scale = size * size / math.prod(data.picture_size(clip)) if size else 1.0
        for object_id in data.objects(clip):
            columns = data.attributes(clip, object_id)
            seen = columns["present"].astype(bool) & (columns["coverage_sum"] * scale >= 2 * PRESENT_PIXELS)
            found.append(Track(clip, object_id, data.frame_count(clip), np.flatnonzero(seen).astype(np.int32)))
    return [track for track in found if len(track.promptable)]
