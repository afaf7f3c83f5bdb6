"""Clips kept from training, to be tracked from their first mask as a user would."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from render.document import UserError
from render.manifest import Dataset
from render.mask import binary_mask

from ..validation.traits import traits
from .generic.scenes import Generic
from .rendered.tracks import Track, tracks

T = TypeVar("T")
Masks = Sequence[NDArray[np.bool_]]


@dataclass(frozen=True)
class HeldOut:
    """One object of one clip: frames uint8 (H, W, 3) and its masks bool (H, W), the first not empty.

    `traits`: which frames have each of `train.validation.traits`, bool (frames,), where that was measured.
    """

    name: str
    frames: Sequence[NDArray[np.uint8]]
    masks: Masks
    traits: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)


class Lazy(Sequence[T]):
    """A sequence whose items are made when asked for."""

    def __init__(self, make: Callable[[int], T], length: int) -> None:
        self._make, self._length = make, length

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        numbers = range(self._length)[index]
        return [self._make(n) for n in numbers] if isinstance(numbers, range) else self._make(numbers)


def held_out(data: Dataset, split: str | None, clips: int, frames: int) -> list[HeldOut]:
    """At most `clips` objects of a split (None: of all), spread evenly, for `frames` frames or fewer."""
    found = [track for track in tracks(data, split) if track.promptable[0] < track.frames - 1]
    if not found:
        where = f"its {split} split" if split else "it"
        raise UserError(f"{data.folder}: {where} shows no target; plan more clips for it and render them")
    chosen = [found[n * len(found) // min(clips, len(found))] for n in range(min(clips, len(found)))]
    return [_held_out(data, track, frames) for track in chosen]


def _held_out(data: Dataset, track: Track, frames: int) -> HeldOut:
    first = int(track.promptable[0])
    length = min(frames, track.frames - first)
    numbers = range(first, first + length)
    flags = traits(data.attributes(track.clip, track.object_id), first)

    def frame(n: int) -> NDArray[np.uint8]:
        data.prefetch_next(track.clip, numbers, n, [track.object_id])
        return data.rgb(track.clip, numbers[n])

    def mask(n: int) -> NDArray[np.bool_]:
        data.prefetch_next(track.clip, numbers, n, [track.object_id])
        return data.mask(track.clip, numbers[n], track.object_id)

    return HeldOut(
        name=f"{track.clip}/{track.object_id}",
        frames=Lazy(frame, length),
        masks=Lazy(mask, length),
        traits={name: of_frames[:length] for name, of_frames in flags.items()},
    )


def generic_held_out(seed: int, part: int, clips: int, frames: int, size: int) -> list[HeldOut]:
    """The first `clips` clips of a part of the generic stream."""
    windows = [Generic(seed, part, frames, size).window(index) for index in range(clips)]
    masks = [[binary_mask(frame) for frame in window.coverage[0]] for window in windows]
    return [HeldOut(window.name, list(window.rgb), found) for window, found in zip(windows, masks, strict=True)]
