"""The search for a thing that hides a target as wished: proposed, laid out on a grid, and refined by prediction."""

from __future__ import annotations

import math
from collections.abc import Generator

import numpy as np

from ...spec import Extra
from ...streams import Stream
from ..draws import Pick
from .episode import Episode
from .hiders import propose
from .proposal import Knobs, Proposal
from .trial import Outcome, Trial
from .wish import PEAK_WITHIN, Wish

SCREENED = {"static": 14, "moving": 10, "figure": 20}
"""Things that are proposed for one event, by kind: what flies past fits nearly always."""
GRID = [Knobs(off, slow) for off in (0.0, 0.25, 0.45, 0.65, 0.85) for slow in (0.1, 0.5, 0.9)]
LAID_OUT = 5
"""So many things that stand are looked at with all these knobs, each for another wish, before any is refined."""
REFINED = 2.5
"""What comes within so many times what is near enough is as good as there: refining mends the rest."""
TRIES = 4
"""So many of them are refined, before another kind is tried."""
STEPS, HOPE = 12, 4
"""Predictions made for each thing proposed, at most; after the latter, hopeless ones are given up."""

Try = tuple[Wish, Proposal, Knobs]
"""A thing that is to be refined, for which wish, from which knobs on."""


def screened(trial: Trial, kind: str, assets: Pick, wishes: list[Wish], stream: Stream) -> list[Try]:
    """The most promising of `SCREENED` things of a kind, each with the wish that it comes nearest to."""
    proposed: list[Proposal] = []
    for number in range(SCREENED[kind]):
        wish = wishes[number % len(wishes)]
        moment = trial.draw_moment(wish.seconds, stream)
        proposed.append(propose(kind, assets, trial.setting, trial.target, moment, wish.seconds, stream))
    outcomes = trial.predict([proposal.extras(Knobs(off=0.0)) for proposal in proposed])
    reach_WN = np.array(
        [[one.out_of_reach(episode, trial.fps) + 0.01 * trouble for episode, trouble in outcomes] for one in wishes]
    )
    if kind != "static":
        best = np.argsort(reach_WN.min(axis=0), kind="stable")[:TRIES].tolist()
        nearest_wish = [wishes[w] for w in reach_WN.argmin(axis=0)]
        return [(nearest_wish[n], proposed[n], _start(nearest_wish[n])) for n in best]
    chosen: list[int] = []
    for reach_N in reach_WN[:LAID_OUT]:
        chosen.append(next(n for n in np.argsort(reach_N, kind="stable").tolist() if n not in chosen))
    return _laid_out(trial, [proposed[number] for number in chosen], wishes)


def _laid_out(trial: Trial, proposals: list[Proposal], wishes: list[Wish]) -> list[Try]:
    """The best knobs of a grid and thing for the first wishes that are all but met, down to one that is.

    Of the first few drawn the longest goes first: targets are fast, and were it the nearest, or the first drawn,
    what is short and slight would be met in most clips.
    """
    tries = [(proposal, knobs) for proposal in proposals for knobs in GRID]
    outcomes = trial.predict([proposal.extras(knobs) for proposal, knobs in tries])
    off_WT = np.array([[one.off(episode, trial.fps) + trouble for episode, trouble in outcomes] for one in wishes])
    best_W, least_W = off_WT.argmin(axis=1), off_WT.min(axis=1)
    order = sorted(range(len(wishes)), key=lambda w: (max(float(least_W[w]), REFINED), w))[:TRIES]
    order = sorted((w for w in order if least_W[w] <= REFINED), key=lambda w: -wishes[w].seconds) or order
    met = next((place for place, w in enumerate(order) if least_W[w] <= 1), TRIES)
    return [(wishes[w], *tries[best_W[w]]) for w in order[: met + 1]]


def settled(trial: Trial, tries: list[Try]) -> list[tuple[float, Knobs, Episode]]:
    """Each try refined, all side by side: predicting several things at once costs little more than one."""
    steps = [_settle(trial, proposal, wish, knobs) for wish, proposal, knobs in tries]
    waiting = {number: next(one) for number, one in enumerate(steps)}
    results: dict[int, tuple[float, Knobs, Episode]] = {}
    while waiting:
        outcomes = trial.predict(list(waiting.values()))
        for number, outcome in zip(list(waiting), outcomes, strict=True):
            try:
                waiting[number] = steps[number].send(outcome)
            except StopIteration as done:
                results[number] = done.value
                del waiting[number]
    return [results[number] for number in range(len(tries))]


def _settle(
    trial: Trial, proposal: Proposal, wish: Wish, knobs: Knobs
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
        error = wish.off(episode, trial.fps) + trouble
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


def _start(wish: Wish) -> Knobs:
    """Where the search for a share that is hidden begins."""
    return Knobs(off=0.0 if wish.peak > 0.9 else 0.6 * (1 - wish.peak))
