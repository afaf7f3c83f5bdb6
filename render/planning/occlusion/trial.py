"""One target that is to be hidden: what things would hide of it, and whether they can stay where they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...spec import Extra, Target
from ...streams import Stream
from ..setting import Setting
from .bodies import Crowd
from .episode import Episode
from .silhouette import Seen

Floats = NDArray[np.float64]
Outcome = tuple[Episode, float]
"""What something hides, and `VETO` for each reason why it cannot stay."""
FIRST = 0.25
"""On the first frame, where a tracker is shown the target, at most this share of it may be hidden."""
VETO = 1000.0
"""The error of what cannot stay."""
LENS = 0.3
"""Metres that everything keeps from the camera."""
FILLS, FILLED = 0.85, 0.4
"""One thing may hide at most so much of the picture at a moment, and reach over so much of it on average."""


class Trial:
    """One target that is to be hidden."""

    def __init__(self, setting: Setting, target: Target) -> None:
        self.setting, self.target, self.fps = setting, target, setting.film.fps
        self.seen: Seen = setting.seen(target)
        self.times = self.seen.sight.times
        self.others = [(body.at(self.times).place, 0.6 * body.radius) for body in setting.bodies()]
        self.open_K = self.seen.open_past(setting.bodies(without=target))

    def draw_moment(self, seconds: float, stream: Stream) -> float:
        """A time in seconds at which the target is in the picture, with room for so many seconds around it."""
        room = 0.5 * seconds + 0.1 * self.setting.seconds
        late = self.times >= min(room, 0.5 * self.setting.seconds)
        early = self.times <= max(self.setting.seconds - 0.7 * room, 0.6 * self.setting.seconds)
        good = np.flatnonzero((self.seen.count > 0) & late & early)
        if not len(good):
            good = np.flatnonzero(self.seen.count > 0)
        return float(self.times[good[stream.integer(len(good))]])

    def predict(self, proposals: Sequence[tuple[Extra, ...]]) -> list[Outcome]:
        """What each proposal alone hides; and `VETO` for each reason why it cannot stay there, else 0."""
        sight = self.seen.sight
        group_B = np.repeat(np.arange(len(proposals)), [len(extras) for extras in proposals])
        crowd = sight.crowd(self.setting.body(extra) for extras in proposals for extra in extras)
        outline = sight.outline(crowd)
        trouble_G = np.bincount(group_B, self._trouble(crowd, outline.pixels))
        found = []
        for open_K, trouble in zip(self.seen.open_past_each(crowd, outline, group_B), trouble_G, strict=True):
            first = self.seen.hidden_first(open_K * self.open_K)
            episode = Episode.of(self.seen.hidden(open_K), self.times)
            found.append((episode, float(trouble) + (VETO if first > FIRST else 0.0)))
        return found

    def _trouble(self, crowd: Crowd, boxes_FP4: Floats) -> Floats:
        """`VETO` for each way in which a thing runs into others or the lens, or fills the picture; else 0: (B,)."""
        eye_F3, _ = self.seen.sight.axes
        points_QF3 = np.stack([eye_F3, *(place_F3 for place_F3, _ in self.others)])
        gap_Q = np.array([LENS, *(radius for _, radius in self.others)])
        near_BQ = np.minimum.reduceat(crowd.clearance(points_QF3).min(axis=2), crowd.first)
        area_FP = (boxes_FP4[..., 2] - boxes_FP4[..., 0]) * (boxes_FP4[..., 3] - boxes_FP4[..., 1])
        area_FB = np.add.reduceat(area_FP * crowd.opacity, crowd.first, axis=1)
        empty_FP1 = ((boxes_FP4[..., 2] <= boxes_FP4[..., 0]) | (boxes_FP4[..., 3] <= boxes_FP4[..., 1]))[..., None]
        low_FB2 = np.minimum.reduceat(np.where(empty_FP1, np.inf, boxes_FP4[..., :2]), crowd.first, axis=1)
        high_FB2 = np.maximum.reduceat(np.where(empty_FP1, -np.inf, boxes_FP4[..., 2:]), crowd.first, axis=1)
        around_FB = np.clip(high_FB2 - low_FB2, 0, 1e6).prod(axis=2)
        picture = self.setting.film.width * self.setting.film.height
        fills_B = np.minimum(area_FB, around_FB).max(axis=0) / picture > FILLS
        fills_B |= around_FB.mean(axis=0) / picture > FILLED
        return VETO * ((near_BQ < gap_Q).sum(axis=1) + fills_B)
