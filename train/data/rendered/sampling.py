"""Which frames of which objects a window shows: in passes over all objects, or drawn for being hard.

Pass p over the dataset is a permutation drawn from (seed, p), in which every object has its turn once; where in its
clip window i lies is drawn from (seed, i). So any window can be asked for at any time, by any process.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from render.document import UserError
from render.manifest import Dataset

from ..options import Data
from .hardness import Measured
from .tracks import Track, tracks

ORDER, DRAW, GROUPS = 0, 1, 3
"""What a random stream is for: [seed, one of these, ...]. 2 was the mixture's."""


@dataclass(frozen=True)
class Choice:
    """Some objects of a clip, all in view in the first of the frames numbered."""

    clip: str
    objects: tuple[int, ...]
    frames: tuple[int, ...]

    @property
    def name(self) -> str:
        """`clip-000012/1+2@5-2`: objects 1 and 2 from frame 5 on, backwards by twos."""
        return f"{self.clip}/{'+'.join(map(str, self.objects))}@{self.frames[0]}{self.frames[1] - self.frames[0]:+d}"


class Sampler:
    """Draws windows from a dataset's `train` split as the options ask; UserError where it has none to offer."""

    def __init__(self, data: Dataset, options: Data, size: int, seed: int) -> None:
        self.data, self.options, self.seed = data, options, seed
        self._signs = (1,) if options.reverse == 0 else (-1,) if options.reverse == 1 else (1, -1)
        self.ceiling = np.inf
        found = self._usable(tracks(data, "train", size, options.twins))
        if not found:
            needed = (options.frames - 1) * min(options.strides) + 1
            raise UserError(
                f"{data.folder}: no clip of the train split shows its target and then goes on for {needed} frames; "
                f"lower data.frames or data.strides, or render longer clips"
            )
        if options.difficulty < 1:
            self.ceiling = _ceiling(np.concatenate([self._windows(track)[2] for track in found]), options.difficulty)
            found = self._usable(found)
        self.tracks = found
        self._hard = self._odds() if options.hard else None
        self._clips: dict[str, list[Track]] = {}
        for track in found:
            self._clips.setdefault(track.clip, []).append(track)
        self._units = [
            (clip, group) for clip, held in self._clips.items() for group in range(-(-len(held) // options.objects))
        ]

    def __len__(self) -> int:
        """Windows in one pass: each holds up to `options.objects` objects, each object is in one."""
        return len(self._units)

    def choose(self, index: int) -> tuple[Choice, np.random.Generator]:
        """What window `index` shows, and the random stream from which the rest of it is to be drawn."""
        rng = np.random.default_rng([self.seed, DRAW, index])
        if self._hard is not None and rng.random() < self.options.hard:
            anchor = self.tracks[int(np.searchsorted(self._hard, rng.random(), side="right"))]
            others = [track for track in self._clips[anchor.clip] if track is not anchor]
            group = [anchor, *(others[n] for n in rng.permutation(len(others)))]
            first, stride = self._hard_span(anchor, rng)
        else:
            group = self._turn(index)
            first, stride = self._any_span(group[0], rng)
        held = [track for track in group if track is group[0] or first in track.promptable][: self.options.objects]
        frames = tuple(first + stride * n for n in range(self.options.frames))
        return Choice(group[0].clip, tuple(sorted(track.object_id for track in held)), frames), rng

    def _turn(self, index: int) -> list[Track]:
        """The objects whose turn it is: those of one clip are dealt into groups anew in every pass."""
        turn, place = divmod(index, len(self._units))
        order = np.random.default_rng([self.seed, ORDER, turn]).permutation(len(self._units))
        clip, group = self._units[order[place]]
        held, most = self._clips[clip], self.options.objects
        if len(held) == 1:
            return held
        number = int(clip.removeprefix("clip-"))
        dealt = np.random.default_rng([self.seed, GROUPS, turn, number]).permutation(len(held)) if most > 1 else None
        places = range(len(held)) if dealt is None else dealt
        return [held[n] for n in list(places)[group * most : (group + 1) * most]]

    def _any_span(self, track: Track, rng: np.random.Generator) -> tuple[int, int]:
        """A direction, then a stride, then a start, each of those possible equally likely."""
        first, stride, _ = self._windows(track)
        backwards = rng.random() < self.options.reverse
        if (wanted := (stride < 0) == backwards).any():
            first, stride = first[wanted], stride[wanted]
        drawn = rng.choice(np.unique(stride))
        return int(rng.choice(first[stride == drawn])), int(drawn)

    def _hard_span(self, track: Track, rng: np.random.Generator) -> tuple[int, int]:
        """A window as likely as it is hard."""
        first, stride, hardness = self._windows(track)
        chance = hardness * np.where(stride < 0, self.options.reverse, 1 - self.options.reverse)
        chance = chance if chance.sum() else np.ones(len(first))
        place = rng.choice(len(first), p=chance / chance.sum())
        return int(first[place]), int(stride[place])

    def _usable(self, found: list[Track]) -> list[Track]:
        return [track for track in found if len(self._windows(track)[0])]

    def _odds(self) -> NDArray[np.float64] | None:
        """Cumulative chances of the objects to be drawn as hard ones; None where nothing hard happens at all."""
        sums = np.array([self._windows(track)[2].sum(dtype=np.float64) for track in self.tracks])
        return sums.cumsum() / sums.sum() if sums.any() else None

    def _windows(self, track: Track) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]:
        """First frame, signed stride and hardness of every window that may start on the object."""
        strides = [sign * stride for sign in self._signs for stride in sorted(set(self.options.strides))]
        first, stride = track.spans(strides, self.options.frames)
        if not self.options.hard and self.options.difficulty == 1:
            return first, stride, np.zeros(len(first), np.float32)  # unneeded, so not looked up
        measured = Measured.of(self.data.attributes(track.clip, track.object_id))
        hardness = measured.hardness(first, stride, self.options.frames)
        easy = hardness <= self.ceiling
        return first[easy], stride[easy], hardness[easy]


def _ceiling(hardness: NDArray[np.float32], share: float) -> float:
    """The hardness that `share` of the windows, and at least one of them, do not exceed."""
    return float(np.partition(hardness, place := max(round(share * len(hardness)) - 1, 0))[place])
