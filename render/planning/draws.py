"""What a recipe draws from: distributions of numbers, and choices among names."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from ..document import Document, UserError
from .streams import Stream

Pair = tuple[float, float]
Chance = Annotated[float, Field(ge=0, le=1)]


class Number(Document):
    """A number to draw: `3`, `{ uniform = [a, b] }`, `{ loguniform = [a, b] }`, `{ normal = [mean, sd] }`.

    `clip = [a, b]` beside any of them bounds what is drawn.
    """

    uniform: Pair | None = None
    loguniform: Pair | None = None
    normal: Pair | None = None
    clip: Pair | None = None

    @model_validator(mode="before")
    @classmethod
    def _constant(cls, data: Any) -> Any:
        if isinstance(data, (int, float)) and not isinstance(data, bool):
            return {"uniform": (data, data)}
        if isinstance(data, (str, list, bool)):
            raise ValueError("a number, or { uniform = [a, b] }, { loguniform = [a, b] }, { normal = [mean, sd] }")
        return data

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if sum(kind is not None for kind in (self.uniform, self.loguniform, self.normal)) != 1:
            raise ValueError("give one of uniform, loguniform, normal")
        for bounds in (self.uniform, self.loguniform, self.clip):
            if bounds is not None and bounds[1] < bounds[0]:
                raise ValueError(f"[{bounds[0]:g}, {bounds[1]:g}]: the second bound is below the first")
        if self.loguniform is not None and self.loguniform[0] <= 0:
            raise ValueError("loguniform needs bounds above 0")
        if self.normal is not None and self.normal[1] < 0:
            raise ValueError("normal needs a standard deviation of at least 0")
        return self

    def draw(self, stream: Stream) -> float:
        """One value; `normal` is truncated to `clip` by inverting its distribution function between the bounds."""
        x = stream.random()
        if self.uniform is not None:
            low, high = self.uniform
            value = low + (high - low) * x
        elif self.loguniform is not None:
            low, high = self.loguniform
            value = low * math.exp(math.log(high / low) * x)
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
        if self.normal is not None:
            return self.normal[0] - 6 * self.normal[1], self.normal[0] + 6 * self.normal[1]
        return self.uniform or self.loguniform or (0.0, 0.0)


class Pick(Document):
    """A name to draw: `"hammer"`, `["hammer", "shield"]`, `{ choice = [..], weights = [..] }`, or `"any"`."""

    choice: tuple[str, ...]
    weights: tuple[float, ...] | None = None

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, data: Any) -> Any:
        if isinstance(data, str):
            return {"choice": (data,)}
        return {"choice": tuple(data)} if isinstance(data, list) else data

    @model_validator(mode="after")
    def _matched(self) -> Self:
        if not self.choice:
            raise ValueError("choice: give at least one name")
        if self.weights is not None and (len(self.weights) != len(self.choice) or min(self.weights) < 0):
            raise ValueError("weights: give one weight of at least 0 for each choice")
        if self.weights is not None and sum(self.weights) <= 0:
            raise ValueError("weights: at least one must be above 0")
        return self

    def draw(self, stream: Stream, among: list[str]) -> str:
        """One name that is also in `among` (`"any"` stands for all of it); UserError if none is."""
        names = list(among) if self.choice == ("any",) else [name for name in self.choice if name in among]
        weights = [1.0] * len(names)
        if self.weights is not None:
            weights = [dict(zip(self.choice, self.weights, strict=True))[name] for name in names]
        if sum(weights) <= 0:
            raise UserError(f"nothing to choose from: {', '.join(self.choice)} against {', '.join(among) or 'nothing'}")
        return stream.pick(names, weights)
