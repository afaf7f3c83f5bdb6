"""Windows and held-out clips from a rendered dataset, by its manifest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from render.document import UserError
from render.manifest import Dataset
from render.mask import PRESENT_PIXELS, is_present

from .options import Data
from .window import Window


@dataclass(frozen=True)
class Track:
    """One object of one clip: how many frames there are, and in which it is seen well enough to be prompted on."""

    clip: str
    object_id: int
    frames: int
    promptable: tuple[int, ...]

    def spans(self, strides: Sequence[int], length: int, step: int = 1) -> list[tuple[int, int]]:
        """(first frame, signed stride) of every window of `length` frames that starts with the object in view."""
        steps = [step * stride for stride in strides]
        return [
            (first, stride)
            for stride in steps
            for first in self.promptable
            if 0 <= first + stride * (length - 1) < self.frames
        ]


def tracks(data: Dataset, split: str, size: int | None = None) -> list[Track]:
    """Every object of a split's clips.

    It is promptable where present, and at `size` x `size` pixels still twice as large as the mask rule asks for, so
    that resampling can't make it vanish.
    """
    found = []
    for clip in data.clips(split):
        for object_id in data.objects(clip):
            columns = data.attributes(clip, object_id)
            film = data.spec(clip)["film"]
            scale = size * size / (film["width"] * film["height"]) if size else 1.0
            seen = columns["present"].astype(bool) & (columns["coverage_sum"] * scale >= 2 * PRESENT_PIXELS)
            found.append(Track(clip, object_id, data.frame_count(clip), tuple(int(n) for n in np.flatnonzero(seen))))
    return [track for track in found if track.promptable]


class Rendered:
    """The endless stream of training windows of a dataset's `train` split.

    Pass p over the tracks is a permutation drawn from (seed, p); where in its clip window i lies, its stride,
    direction, mirroring and colours are drawn from (seed, i). Nothing else is random: any index can be asked for at any
    time, by any process.
    """

    def __init__(self, data: Dataset, options: Data, size: int, seed: int) -> None:
        self.data, self.options, self.size, self.seed = data, options, size, seed
        self.tracks = [track for track in tracks(data, "train", size) if track.spans(options.strides, options.frames)]
        if not self.tracks:
            needed = (options.frames - 1) * min(options.strides) + 1
            raise UserError(
                f"{data.folder}: no clip of the train split shows its target and then goes on for {needed} frames; "
                f"lower data.frames or data.strides, or render longer clips"
            )

    def __len__(self) -> int:
        """Windows in one pass: the number of tracks."""
        return len(self.tracks)

    def window(self, index: int) -> Window:
        turn, place = divmod(index, len(self.tracks))
        order = np.random.default_rng([self.seed, 0, turn]).permutation(len(self.tracks))
        track = self.tracks[order[place]]
        rng = np.random.default_rng([self.seed, 1, index])
        ways = [track.spans(self.options.strides, self.options.frames, sign) for sign in (1, -1)]
        spans = ways[1] if ways[1] and rng.random() < self.options.reverse else ways[0]
        strides = sorted({stride for _, stride in spans})
        stride = strides[rng.integers(len(strides))]
        starts = [first for first, step in spans if step == stride]
        first = starts[rng.integers(len(starts))]
        numbers = [first + stride * n for n in range(self.options.frames)]
        self.data.prefetch(track.clip, numbers, [track.object_id])
        pictures = [self.data.rgb(track.clip, n) for n in numbers]
        mattes = [self.data.coverage(track.clip, n, track.object_id) for n in numbers]
        cut = cut_about(rng, mattes[0], self.options.zoom)
        if not is_present(shrink(mattes[0][cut], self.size)):
            cut = (slice(None), slice(None))
        rgb = np.stack([shrink(picture[cut], self.size) for picture in pictures])
        coverage = np.stack([shrink(matte[cut], self.size) for matte in mattes])
        if rng.random() < self.options.flip:
            rgb, coverage = rgb[:, :, ::-1], coverage[:, :, ::-1]
        rgb = jitter(rng, rgb, self.options.colour)
        if rng.random() < self.options.recolour:
            rgb = rgb[..., rng.permutation(3)]
            rgb = np.subtract(255, rgb, dtype=np.uint8) if rng.random() < 0.5 else rgb
        return Window(rgb, coverage, f"{track.clip}/{track.object_id}@{first}{stride:+d}")


def shrink(picture: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """A picture or matte at size x size, resampled exactly as the tracker does it (Pillow's bicubic, antialiased)."""
    return np.asarray(Image.fromarray(picture).resize((size, size)), np.uint8)


def cut_about(rng: np.random.Generator, matte: NDArray[np.uint8], zoom: float) -> tuple[slice, slice]:
    """Rows and columns of a random cut-out of the picture's proportions that holds the middle of the matte."""
    share = 1 - zoom * rng.random()
    where = []
    for axis, length in enumerate(matte.shape):
        side = max(round(share * length), 1)
        middle = int(np.flatnonzero(matte.any(axis=1 - axis)).mean())
        low, high = max(middle + 1 - side, 0), min(middle, length - side)
        start = int(rng.integers(low, high + 1))
        where.append(slice(start, start + side))
    return where[0], where[1]


def jitter(rng: np.random.Generator, rgb_THWC: NDArray[np.uint8], strength: float) -> NDArray[np.uint8]:
    """The channels' gains, contrast and saturation each scaled by 1 ± strength, the same in all frames."""
    if strength == 0:
        return rgb_THWC
    gains = 1 + rng.uniform(-strength, strength, 3).astype(np.float32)
    contrast, saturation = 1 + rng.uniform(-strength, strength, 2).astype(np.float32)
    picture = rgb_THWC.astype(np.float32) * gains
    grey = picture @ np.array([0.299, 0.587, 0.114], np.float32)
    picture = grey[..., None] + saturation * (picture - grey[..., None])
    mean = np.float32(grey.mean())
    return np.clip(mean + contrast * (picture - mean), 0, 255).astype(np.uint8)
