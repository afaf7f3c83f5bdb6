"""What is drawn of the measures: curves over a clip's frames, and histograms of the whole dataset."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .facts import ClipFacts, Track

Floats = NDArray[np.float64]

ACROSS, TALL = 1000, 100
"""Size of a curve's drawing; the page stretches it to the strip above."""
BINS = 24


@dataclass(frozen=True)
class Lane:
    """One measure over the frames of a clip: an SVG path an object (in order), and what the top of the lane stands for.

    `shown` is the scale's top, or the highest value where the scale is 0 to 1, as text.
    """

    name: str
    paths: tuple[str, ...]
    shown: str
    moves: bool
    """Whether it ever leaves nought (by half a percent of the scale)."""


def lanes(facts: ClipFacts, strip_frames: int) -> list[Lane]:
    """Occlusion, speed, veil and charge of a clip. Frames stand below their pictures in a strip of `strip_frames`."""
    found = []
    for name, take, whole in _LANES:
        values = [take(track) for track in facts.tracks]
        known = np.concatenate([v[~np.isnan(v)] for v in values]) if values else np.zeros(0)
        highest = float(known.max()) if known.size else 0.0
        top = 1.0 if whole else max(highest, 0.05)
        shown = "" if not known.size else f"{100 * highest:.0f} %" if whole else f"{highest:.2f}"
        found.append(Lane(name, tuple(path(v / top, strip_frames) for v in values), shown, highest >= 0.005))
    return found


def path(values: Floats, strip_frames: int) -> str:
    """An SVG path through values of 0..1 (0 at the bottom), lifted where there is none; a lone frame is a dot."""
    xs = places(len(values), strip_frames)
    parts, pen = [], False
    for number, (x, value) in enumerate(zip(xs, values, strict=True)):
        if np.isnan(value):
            pen = False
            continue
        y = round((1 - min(max(float(value), 0.0), 1.0)) * TALL)
        parts.append(f"{'L' if pen else 'M'}{x:g} {y}")
        if not pen and (number + 1 == len(values) or np.isnan(values[number + 1])):
            parts.append("h1")
        pen = True
    return "".join(parts)


def places(frames: int, strip_frames: int) -> list[float]:
    """Where each frame stands across: the frames of the strip, evenly spread, at the middles of their pictures."""
    across = np.arange(frames) / max(frames - 1, 1) * (strip_frames - 1) + 0.5
    return [round(float(x), 1) for x in across / strip_frames * ACROSS]


def gaps(track: Track, strip_frames: int) -> list[tuple[float, float]]:
    """Left end and width of every run of frames in which a target is not present."""
    xs = places(len(track.present), strip_frames)
    half = (xs[-1] - xs[0]) / max(len(xs) - 1, 1) / 2 if len(xs) > 1 else ACROSS / 2
    edges = np.diff(np.concatenate([[0], (~track.present).astype(int), [0]]))
    runs = zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True)
    return [(round(xs[start] - half, 1), round(xs[end - 1] - xs[start] + 2 * half, 1)) for start, end in runs]


@dataclass(frozen=True)
class Scale:
    """The bins of a histogram over frames with a present target; what is below `low` is counted apart."""

    key: str
    title: str
    low: float
    high: float
    log: bool
    ticks: tuple[tuple[float, str], ...]
    below: str
    """What the frames below `low` are, in words."""
    take: Callable[[Track], Floats]

    def bins(self, values: Floats) -> list[int]:
        """Counts: below `low`, then `BINS` between `low` and `high` (what is above goes into the last)."""
        known = values[~np.isnan(values)]
        above = known[known >= self.low]
        spots = np.clip((self.spot(above) * BINS).astype(int), 0, BINS - 1)
        return [int(known.size - above.size), *np.bincount(spots, minlength=BINS).tolist()]

    def spot(self, values: Floats) -> Floats:
        """Where values stand between `low` (0) and `high` (1)."""
        if self.log:
            return np.asarray(np.log(values / self.low) / np.log(self.high / self.low))
        return np.asarray((values - self.low) / (self.high - self.low))

    def marks(self) -> list[tuple[float, str]]:
        """Ticks: percent across, and text."""
        return [(round(100 * float(self.spot(np.array(value))), 2), text) for value, text in self.ticks]


_PERCENT = ((0.01, "1"), (0.25, "25"), (0.5, "50"), (0.75, "75"), (1.0, "100 %"))
_DIAMETERS = ((0.01, ".01"), (0.1, ".1"), (1.0, "1"), (10.0, "10"))

SCALES = (
    Scale("speed", "Speed, diameters a frame", 0.01, 10.0, True, _DIAMETERS, "slower", lambda t: t.speed[t.present]),
    Scale("blur", "Blur, diameters", 0.01, 10.0, True, _DIAMETERS, "less", lambda t: t.blur[t.present]),
    Scale("occlusion", "Occlusion", 0.01, 1.0, False, _PERCENT, "below 1 %", lambda t: t.occlusion),
    Scale("veil", "Veil over the target", 0.01, 1.0, False, _PERCENT, "below 1 %", lambda t: t.veil[t.present]),
    Scale(
        "area",
        "Area, share of the frame",
        1e-4,
        1.0,
        True,
        ((1e-4, ".01"), (1e-3, ".1"), (1e-2, "1"), (0.1, "10"), (1.0, "100 %")),
        "smaller",
        lambda t: t.area[t.present],
    ),
)


def histograms(facts: ClipFacts) -> list[list[int]]:
    """Counts of one clip's frames, for each of SCALES."""
    return [
        np.sum([scale.bins(scale.take(track)) for track in facts.tracks], axis=0, dtype=int).tolist()
        for scale in SCALES
    ]


def added(counts: Sequence[list[list[int]]]) -> list[list[int]]:
    """Histograms of several clips as one."""
    return np.sum(counts, axis=0, dtype=int).tolist()


_LANES: tuple[tuple[str, Callable[[Track], Floats], bool], ...] = (
    ("occlusion", lambda t: t.occlusion, True),
    ("speed", lambda t: t.speed, False),
    ("veil", lambda t: t.veil, True),
    ("charge", lambda t: np.where(t.present, t.charge, np.nan), True),
)
