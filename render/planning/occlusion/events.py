"""What hides a target, by how much and for how long: asked for as a distribution, met by projected geometry alone.

A recipe asks for the share of the target that is hidden at most and for how long (`wish`). A thing that could do it is
proposed, what it hides is predicted by casting lines of sight at its proxy (`trial`), and it is moved, resized and
retimed until that fits (`search`); a clip that nothing fits gets the nearest found. What was achieved is measured
later, from the rendered labels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...document import UserError
from ...spec import Extra
from ...streams import Stream
from ..draws import Pick
from ..setting import Setting
from .episode import Episode
from .hiders import kinds_there, names_of
from .search import screened, settled
from .trial import VETO, Trial
from .wish import OcclusionRecipe, Wish, draw_wish

ASSETS = 3
"""So many assets that stand somewhere are drawn for an event, one after another, as long as none before could do it."""
WISHES = 12
"""Draws of what is asked for, of which a thing that stands somewhere has the one that it comes nearest to."""


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


def _event(asked: OcclusionRecipe, setting: Setting, stream: Stream) -> Event | None:
    """The best of a few proposals, each refined; the first that fits is taken. None where nothing can hide it.

    How long a thing that stands somewhere hides a target is up to the target: of a few draws of the wish, each such
    thing is tried with the one that it comes nearest to. What flies past can meet any wish, so it has the first.
    """
    target = stream.pick(list(setting.targets))
    trial = Trial(setting, target)
    wishes = [draw_wish(asked, setting.seconds, stream) for _ in range(WISHES)]
    if not trial.seen.count.any():
        return None
    best, least = None, np.inf
    for kind, assets in _in_order(asked, setting, stream):
        tries = screened(trial, kind, assets, wishes[:1] if kind == "moving" else wishes, stream)
        for (wish, proposal, _), (error, knobs, predicted) in zip(tries, settled(trial, tries), strict=True):
            if error < least:
                extras = proposal.extras(knobs)
                least, best = error, Event(target.object_id, wish.peak, wish.seconds, predicted, extras)
            if least <= 1:
                return best
    return best if best and best.predicted.peak > 0 and least < VETO else None


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
