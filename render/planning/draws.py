"""What a recipe draws from: distributions of numbers, chances, and choices among names, each with schedules if need be.

A schedule lists what holds at which place of the dataset; between two of its places things go over evenly.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from statistics import NormalDist
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import Discriminator, Field, Tag, model_validator

from ..document import Document, UserError
from ..streams import Stream

V = TypeVar("V")
Pair = tuple[float, float]
By = Literal["share", "clip"]
"""What the places of a schedule are: shares of the recipe's `clips` (0 to 1), or clips by their index."""
NUMBERS = "a number, { choice = [a, b, ..] }, { uniform = [a, b] }, { loguniform = [a, b] } or { normal = [mean, sd] }"


class Number(Document):
    """A number to draw: `3`, `{ uniform = [a, b] }`, `{ loguniform = [a, b] }`, `{ normal = [mean, sd] }`, `{ choice =
    [a, b, ..], weights = [..] }`; `clip = [a, b]` beside any of them bounds what is drawn.

    Or `{ schedule = [[0, X], [0.5, Y], [1, Z]] }`, each letter standing for one of those: between two places the
    quantiles of the two are mixed, so that `[[0, 1], [1, 3]]` rises evenly and uniform stays uniform.
    """

    uniform: Pair | None = None
    loguniform: Pair | None = None
    normal: Pair | None = None
    choice: Annotated[tuple[float, ...], Field(min_length=1)] | None = None
    weights: tuple[float, ...] | None = None
    clip: Pair | None = None
    schedule: tuple[tuple[float, Number], ...] | None = None
    by: By = "share"

    @model_validator(mode="before")
    @classmethod
    def _constant(cls, data: Any) -> Any:
        if isinstance(data, (int, float)) and not isinstance(data, bool):
            return {"uniform": (data, data)}
        if isinstance(data, (str, list, bool)):
            raise ValueError(NUMBERS)
        return data

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = (self.uniform, self.loguniform, self.normal, self.choice, self.schedule)
        if sum(kind is not None for kind in kinds) != 1:
            raise ValueError("give one of uniform, loguniform, normal, choice, schedule")
        for bounds in (self.uniform, self.loguniform, self.clip):
            if bounds is not None and bounds[1] < bounds[0]:
                raise ValueError(f"[{bounds[0]:g}, {bounds[1]:g}]: the second bound is below the first")
        if self.loguniform is not None and self.loguniform[0] <= 0:
            raise ValueError("loguniform needs bounds above 0")
        if self.normal is not None and self.normal[1] < 0:
            raise ValueError("normal needs a standard deviation of at least 0")
        _check_weights(self.weights, self.choice)
        _check_schedule(self.schedule, self.by)
        if self.schedule and any(part.schedule for _, part in self.schedule):
            raise ValueError("schedule: holds plain distributions, not further schedules")
        return self

    def draw(self, stream: Stream) -> float:
        """One value, from one word of the stream."""
        return self._quantile(stream.random(), stream)

    def _quantile(self, x: float, stream: Stream) -> float:
        """The value below which a share `x` of the draws lies; `normal` is truncated to `clip` between its bounds."""
        if self.schedule is not None:
            (_, before), (_, after), weight = _around(self.schedule, self.by, stream)
            low, high = before._quantile(x, stream), after._quantile(x, stream)
            value = low + (high - low) * weight
        elif self.uniform is not None:
            low, high = self.uniform
            value = low + (high - low) * x
        elif self.loguniform is not None:
            low, high = self.loguniform
            value = low * math.exp(math.log(high / low) * x)
        elif self.choice is not None:
            value = _chosen(self.choice, self.weights, x)
        else:
            mean, deviation = self.normal or (0.0, 0.0)
            if deviation == 0:
                value = mean
            else:
                bell = NormalDist(mean, deviation)
                low, high = self.clip or (mean - 6 * deviation, mean + 6 * deviation)
                value = bell.inv_cdf(min(max(bell.cdf(low) + (bell.cdf(high) - bell.cdf(low)) * x, 1e-12), 1 - 1e-12))
        return min(max(value, self.clip[0]), self.clip[1]) if self.clip else value

    def bounds(self) -> Pair:
        """The lowest and highest value that can be drawn (six standard deviations for an unclipped normal)."""
        if self.clip is not None:
            return self.clip
        if self.schedule is not None:
            ends = [part.bounds() for _, part in self.schedule]
            return min(low for low, _ in ends), max(high for _, high in ends)
        if self.normal is not None:
            return self.normal[0] - 6 * self.normal[1], self.normal[0] + 6 * self.normal[1]
        if self.choice is not None:
            return min(self.choice), max(self.choice)
        return self.uniform or self.loguniform or (0.0, 0.0)


class Rising(Document):
    """A chance that changes: `{ schedule = [[0, 0.1], [1, 0.8]] }`."""

    schedule: tuple[tuple[float, Annotated[float, Field(ge=0, le=1)]], ...]
    by: By = "share"

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        _check_schedule(self.schedule, self.by)
        return self

    def at(self, stream: Stream) -> float:
        """The chance at the stream's place of the dataset."""
        (_, low), (_, high), weight = _around(self.schedule, self.by, stream)
        return low + (high - low) * weight


Plain = Annotated[float, Field(ge=0, le=1)]
Chance = Annotated[
    Annotated[Plain, Tag("(chance)")] | Annotated[Rising, Tag("(schedule)")],
    Discriminator(lambda data: "(schedule)" if isinstance(data, (dict, Rising)) else "(chance)"),
]
"""A probability, 0 to 1, or a schedule of them; `Stream.chance` draws it."""


class Pick(Document):
    """A name to draw: `"hammer"`, `["hammer", "shield"]`, `{ choice = [..], weights = [..] }`, or `"any"`.

    Or `{ schedule = [[0, X], [1, Y]] }`: between two places each is taken with the probability that its nearness gives.
    """

    choice: tuple[str, ...] = ()
    weights: tuple[float, ...] | None = None
    schedule: tuple[tuple[float, Pick], ...] | None = None
    by: By = "share"

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, data: Any) -> Any:
        if isinstance(data, str):
            return {"choice": (data,)}
        return {"choice": tuple(data)} if isinstance(data, list) else data

    @model_validator(mode="after")
    def _matched(self) -> Self:
        if bool(self.choice) == (self.schedule is not None):
            raise ValueError("choice: give at least one name" if not self.choice else "give choice or schedule")
        _check_weights(self.weights, self.choice)
        _check_schedule(self.schedule, self.by)
        if self.schedule and any(part.schedule for _, part in self.schedule):
            raise ValueError("schedule: holds plain choices, not further schedules")
        return self

    @property
    def named(self) -> tuple[str, ...]:
        """Every name that it may draw, `"any"` among them."""
        parts = [name for _, part in self.schedule or () for name in part.choice]
        return (*self.choice, *dict.fromkeys(parts))

    def draw(self, stream: Stream, among: list[str]) -> str:
        """One name that is also in `among` (`"any"` stands for all of it); UserError if none is."""
        if self.schedule is not None:
            (_, before), (_, after), weight = _around(self.schedule, self.by, stream)
            return (after if stream.random() < weight else before).draw(stream, among)
        names = list(among) if self.choice == ("any",) else [name for name in self.choice if name in among]
        weights = [1.0] * len(names)
        if self.weights is not None:
            weights = [dict(zip(self.choice, self.weights, strict=True))[name] for name in names]
        if sum(weights) <= 0:
            raise UserError(f"nothing to choose from: {', '.join(self.choice)} against {', '.join(among) or 'nothing'}")
        return stream.pick(names, weights)


def _around(
    schedule: Sequence[tuple[float, V]], by: By, stream: Stream
) -> tuple[tuple[float, V], tuple[float, V], float]:
    """The entries of a schedule before and after the stream's place, and how near the latter is, 0..1."""
    place = stream.share if by == "share" else float(stream.clip)
    after = min(bisect_right([at for at, _ in schedule], place), len(schedule) - 1)
    before = max(after - 1, 0)
    span = schedule[after][0] - schedule[before][0]
    weight = (place - schedule[before][0]) / span if span > 0 else 0.0
    return schedule[before], schedule[after], min(max(weight, 0.0), 1.0)


def _check_schedule(schedule: Sequence[tuple[float, object]] | None, by: By) -> None:
    if schedule is None:
        return
    places = [at for at, _ in schedule]
    if not places or any(b <= a for a, b in pairwise(places)):
        raise ValueError("schedule: [[place, value], ..] with rising places")
    if by == "share" and not 0 <= places[0] <= places[-1] <= 1:
        raise ValueError('schedule: places are shares of the dataset, 0 to 1; give by = "clip" for clip numbers')


def _check_weights(weights: tuple[float, ...] | None, choice: Sequence[object] | None) -> None:
    if weights is None:
        return
    if len(weights) != len(choice or ()) or min(weights) < 0:
        raise ValueError("weights: give one weight of at least 0 for each choice")
    if sum(weights) <= 0:
        raise ValueError("weights: at least one must be above 0")


def _chosen(values: tuple[float, ...], weights: tuple[float, ...] | None, x: float) -> float:
    shares = weights or (1.0,) * len(values)
    place = x * sum(shares)
    for value, share in zip(values, shares, strict=True):
        place -= share
        if place < 0:
            return value
    return values[-1]
