"""What a recipe asks of what hides a target, and how near an episode comes to one such wish."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from pydantic import model_validator

from ...document import Document, nearest
from ...streams import Stream
from ..draws import Chance, Number, Pick
from .episode import Episode
from .hiders import KINDS

PEAK_WITHIN = 0.05
"""The predicted peak should come this near to the one asked for."""
SECONDS_WITHIN = 0.15
"""The predicted duration should come this near, as a share of the one asked for, or to within a frame."""
LONGEST = 0.6
"""An event takes at most this share of the clip."""


class OcclusionRecipe(Document):
    """The chance that a target is hidden for a while, how often, by how much, for how long, and by what.

    `peak`: the largest share hidden (1: wholly). `seconds`: for how long at least half of that is, 0.6 of the clip at
    most. `events`: how many times in such a clip (rounded). `kind`: `static` stands there, `moving` flies past (a prop,
    or a loose block), `figure` is a mannequin that walks or stands. `asset`: which occluders. `held`: the chance that a
    target whose motion is a swing is held by a figure, so that its hand hides some of it.
    """

    chance: Chance = 0.3
    events: Number = Number(uniform=(1.0, 1.0))
    peak: Number = Number(uniform=(0.25, 1.0))
    seconds: Number = Number(loguniform=(0.12, 1.2))
    kind: Pick = Pick(choice=KINDS, weights=(0.6, 0.15, 0.25))
    asset: Pick = Pick(choice=("any",))
    held: Chance = 1.0

    @model_validator(mode="after")
    def _known(self) -> Self:
        for kind in self.kind.named:
            if kind not in (*KINDS, "any"):
                raise ValueError(f"kind: no kind of occluder '{kind}'{nearest(kind, list(KINDS))}")
        return self


@dataclass(frozen=True)
class Wish:
    """A share of the target that is to be hidden at most, and seconds for which at least half of that is to be."""

    peak: float
    seconds: float

    def off(self, episode: Episode, fps: float) -> float:
        """How far an episode is from it: up to 1 is near enough."""
        return max(abs(episode.peak - self.peak) / PEAK_WITHIN, self._late(episode, fps))

    def out_of_reach(self, episode: Episode, fps: float) -> float:
        """The same of a thing that covers the target as well as it can: what hides too much can be moved aside."""
        return max((self.peak - episode.peak) / PEAK_WITHIN, self._late(episode, fps))

    def _late(self, episode: Episode, fps: float) -> float:
        return abs(episode.seconds - self.seconds) / max(SECONDS_WITHIN * self.seconds, 1 / fps)


def draw_wish(asked: OcclusionRecipe, clip_seconds: float, stream: Stream) -> Wish:
    peak = min(max(asked.peak.draw(stream), 0.0), 1.0)
    return Wish(peak, min(asked.seconds.draw(stream), LONGEST * clip_seconds))
