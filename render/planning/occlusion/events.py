"""What hides a target, by how much and for how long: asked for as a distribution, met by projected geometry alone.

A recipe asks for the share of the target that is hidden at most and for how long. A thing that could do it is proposed,
what it hides is predicted by casting lines of sight at its proxy, and it is moved, resized and retimed until that fits;
a clip that nothing fits gets the nearest found. What was achieved is measured later, from the rendered labels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from ...document import Document, UserError, nearest
from ...spec import Extra, Target
from ...streams import Stream
from ..draws import Chance, Number, Pick
from ..setting import Setting
from .bodies import Crowd
from .episode import Episode
from .hiders import KINDS, kinds_there, names_of, propose
from .proposal import Knobs, Proposal
from .silhouette import Seen

Floats = NDArray[np.float64]
PEAK_WITHIN = 0.05
"""The predicted peak should come this near to the one asked for."""
SECONDS_WITHIN = 0.15
"""The predicted duration should come this near, as a share of the one asked for, or to within a frame."""
SCREENED = {"static": 14, "moving": 10, "figure": 20}
"""Things that are proposed for one event, by kind: what flies past fits nearly always."""
ASSETS = 3
"""So many assets that stand somewhere are drawn for an event, one after another, as long as none before could do it."""
GRID = [Knobs(off, slow) for off in (0.0, 0.25, 0.45, 0.65, 0.85) for slow in (0.1, 0.5, 0.9)]
LAID_OUT = 5
"""So many things that stand are looked at with all these knobs, each for another wish, before any is refined."""
REFINED = 2.5
"""What comes within so many times what is near enough is as good as there: refining mends the rest."""
TRIES = 4
"""So many of them are refined, before another kind is tried."""
WISHES = 12
"""Draws of what is asked for, of which a thing that stands somewhere has the one that it comes nearest to."""
STEPS, HOPE = 12, 4
"""Predictions made for each thing proposed, at most; after the latter, hopeless ones are given up."""
FIRST = 0.25
"""On the first frame, where a tracker is shown the target, at most this share of it may be hidden."""
LONGEST = 0.6
"""An event takes at most this share of the clip."""
VETO = 1000.0
"""The error of what cannot stay."""
LENS = 0.3
"""Metres that everything keeps from the camera."""
FILLS, FILLED = 0.85, 0.4
"""One thing may hide at most so much of the picture at a moment, and reach over so much of it on average."""


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
class Event:
    """What was asked for, what it came to by prediction, and what hides the target."""

    object_id: int
    peak: float
    seconds: float
    predicted: Episode
    extras: tuple[Extra, ...]

    def fits(self, fps: float) -> bool:
        """Whether the prediction is as near as it should be."""
        return Wish(self.peak, self.seconds).off(self.predicted, fps) <= 1 + 1e-9


def draw_occlusion(asked: OcclusionRecipe, setting: Setting, stream: Callable[[str, int], Stream]) -> list[Event]:
    """The events of a clip in the order in which they were settled; each knows of those before it."""
    first = stream("occlusion", 0)
    if not first.chance(asked.chance):
        return []
    events: list[Event] = []
    for number in range(round(asked.events.draw(first))):
        event = _event(asked, setting, stream("occlusion", number + 1))
        if event is not None:
            events.append(event)
            setting = setting.with_extras(event.extras)
    return events


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


def _event(asked: OcclusionRecipe, setting: Setting, stream: Stream) -> Event | None:
    """The best of a few proposals, each refined; the first that fits is taken. None where nothing can hide it.

    How long a thing that stands somewhere hides a target is up to the target: of a few draws of the wish, each such
    thing is tried with the one that it comes nearest to. What flies past can meet any wish, so it has the first.
    """
    target = stream.pick(list(setting.targets))
    trial = _Trial(setting, target)
    wishes = [_wish(asked, setting, stream) for _ in range(WISHES)]
    if not trial.seen.count.any():
        return None
    best, least = None, np.inf
    for kind, assets in _in_order(asked, setting, stream):
        tries = trial.screened(kind, assets, wishes[:1] if kind == "moving" else wishes, stream)
        for (wish, proposal, _), (error, settled, predicted) in zip(tries, trial.settled(tries), strict=True):
            if error < least:
                extras = proposal.extras(settled)
                least, best = error, Event(target.object_id, wish.peak, wish.seconds, predicted, extras)
            if least <= 1:
                return best
    return best if best and best.predicted.peak > 0 and least < VETO else None


def _wish(asked: OcclusionRecipe, setting: Setting, stream: Stream) -> Wish:
    peak = min(max(asked.peak.draw(stream), 0.0), 1.0)
    return Wish(peak, min(asked.seconds.draw(stream), LONGEST * setting.seconds))


def _in_order(asked: OcclusionRecipe, setting: Setting, stream: Stream) -> list[tuple[str, Pick]]:
    """Kinds, and the assets to draw from, by the recipe's weights: the later ones where none before fits.

    What stands is settled an asset at a time. Were all of them looked at together, the one that can be made to fit
    nearly anything, for it hides little and has gaps, would stand in most clips.
    """
    left = kinds_there(asked.kind, asked.asset, setting)
    if not left:
        raise UserError(f"occlusion.kind: no asset can be {' or '.join(asked.kind.named)}; name other kinds or assets")
    order: list[tuple[str, Pick]] = []
    for kind in _one_by_one(asked.kind, left, stream):
        if kind == "static":
            names = _one_by_one(asked.asset, names_of(kind, asked.asset, setting), stream)[:ASSETS]
            order += [(kind, Pick(choice=(name,))) for name in names]
        else:
            order.append((kind, asked.asset))
    return order


def _one_by_one(asked: Pick, there: list[str], stream: Stream) -> list[str]:
    """Those of `there` that have a weight, each drawn from what is left."""
    left, order = list(there), list[str]()
    while left:
        try:
            name = asked.draw(stream, left)
        except UserError:  # the rest has no weight
            break
        order.append(name)
        left.remove(name)
    return order


Try = tuple[Wish, Proposal, Knobs]
"""A thing that is to be refined, for which wish, from which knobs on."""
Outcome = tuple[Episode, float]
"""What something hides, and `VETO` for each reason why it cannot stay."""


def start(wish: Wish) -> Knobs:
    """Where the search for a share that is hidden begins."""
    return Knobs(off=0.0 if wish.peak > 0.9 else 0.6 * (1 - wish.peak))


class _Trial:
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

    def screened(self, kind: str, assets: Pick, wishes: list[Wish], stream: Stream) -> list[Try]:
        """The most promising of `SCREENED` things of a kind, each with the wish that it comes nearest to."""
        proposed: list[Proposal] = []
        for number in range(SCREENED[kind]):
            wish = wishes[number % len(wishes)]
            moment = self.draw_moment(wish.seconds, stream)
            proposed.append(propose(kind, assets, self.setting, self.target, moment, wish.seconds, stream))
        outcomes = self.predict([proposal.extras(Knobs(off=0.0)) for proposal in proposed])
        reach_WN = np.array(
            [[one.out_of_reach(episode, self.fps) + 0.01 * trouble for episode, trouble in outcomes] for one in wishes]
        )
        if kind != "static":
            best = np.argsort(reach_WN.min(axis=0), kind="stable")[:TRIES].tolist()
            nearest_wish = [wishes[w] for w in reach_WN.argmin(axis=0)]
            return [(nearest_wish[n], proposed[n], start(nearest_wish[n])) for n in best]
        chosen: list[int] = []
        for reach_N in reach_WN[:LAID_OUT]:
            chosen.append(next(n for n in np.argsort(reach_N, kind="stable").tolist() if n not in chosen))
        return self.laid_out([proposed[number] for number in chosen], wishes)

    def laid_out(self, proposals: list[Proposal], wishes: list[Wish]) -> list[Try]:
        """The best knobs of a grid and thing for the first wishes that are all but met, down to one that is.

        Of the first few drawn the longest goes first: targets are fast, and were it the nearest, or the first drawn,
        what is short and slight would be met in most clips.
        """
        tries = [(proposal, knobs) for proposal in proposals for knobs in GRID]
        outcomes = self.predict([proposal.extras(knobs) for proposal, knobs in tries])
        off_WT = np.array([[one.off(episode, self.fps) + trouble for episode, trouble in outcomes] for one in wishes])
        best_W, least_W = off_WT.argmin(axis=1), off_WT.min(axis=1)
        order = sorted(range(len(wishes)), key=lambda w: (max(float(least_W[w]), REFINED), w))[:TRIES]
        order = sorted((w for w in order if least_W[w] <= REFINED), key=lambda w: -wishes[w].seconds) or order
        met = next((place for place, w in enumerate(order) if least_W[w] <= 1), TRIES)
        return [(wishes[w], *tries[best_W[w]]) for w in order[: met + 1]]

    def settled(self, tries: list[Try]) -> list[tuple[float, Knobs, Episode]]:
        """Each try refined, all side by side: predicting several things at once costs little more than one."""
        steps = [self.settle(proposal, wish, knobs) for wish, proposal, knobs in tries]
        waiting = {number: next(one) for number, one in enumerate(steps)}
        results: dict[int, tuple[float, Knobs, Episode]] = {}
        while waiting:
            outcomes = self.predict(list(waiting.values()))
            for number, outcome in zip(list(waiting), outcomes, strict=True):
                try:
                    waiting[number] = steps[number].send(outcome)
                except StopIteration as done:
                    results[number] = done.value
                    del waiting[number]
        return [results[number] for number in range(len(tries))]

    def settle(
        self, proposal: Proposal, wish: Wish, knobs: Knobs
    ) -> Generator[tuple[Extra, ...], Outcome, tuple[float, Knobs, Episode]]:
        """The least error found from these knobs on, with which knobs, and what they come to.

        Yields the extras to be predicted next, and is sent the outcome.
        How far off it passes is bisected, as the share hidden falls with it; the time goes by Newton's method on its
        logarithm. As each moves the other a little, the bracket is kept loose.
        """
        best: tuple[float, Knobs, Episode] | None = None
        covers, misses = 0.0, 1.0  # `off` where too much and where too little is hidden
        for step in range(STEPS):
            episode, trouble = yield proposal.extras(knobs)
            error = wish.off(episode, self.fps) + trouble
            if best is None or error < best[0]:
                best = error, knobs, episode
            if best[0] <= 1 or (step >= HOPE and best[0] > STEPS - step):
                break
            off, slow, bulk = knobs.off, knobs.slow, knobs.bulk
            if trouble:
                bulk = min(bulk + 0.15, 1.0)  # larger ones are nearer to the camera, out of the way
            if episode.peak < wish.peak - 0.5 * PEAK_WITHIN:
                if off < 0.02:
                    bulk, covers, misses = min(bulk + 0.25, 1.0), 0.0, 0.5
                misses = min(misses, off)
                off = (covers + off) / 2 if off > 0.02 else 0.0
            elif episode.peak > wish.peak + 0.5 * PEAK_WITHIN:
                covers = max(covers, off)
                off = (misses + off) / 2
            if episode.seconds > 0:
                turn = math.log(wish.seconds / episode.seconds) / proposal.slope
                slow = min(max(slow + 0.8 * turn, 0.0), 1.0)
                covers, misses = max(covers - 0.1 * abs(turn), 0.0), min(misses + 0.1 * abs(turn) + 0.02, 1.0)
            if abs(off - knobs.off) + abs(slow - knobs.slow) + abs(bulk - knobs.bulk) < 0.01:
                break
            knobs = Knobs(off, slow, bulk)
        assert best is not None
        return best

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
