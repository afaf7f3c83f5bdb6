"""Error against seconds: what some render settings need to come as near to the truth as others do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Error = Literal["flip", "relative_mse"]
ERRORS: tuple[Error, ...] = ("flip", "relative_mse")


@dataclass(frozen=True)
class Point:
    """One rendering: samples a pixel, seconds, and its errors to the truth."""

    samples: int
    seconds: float
    flip: float
    relative_mse: float


def seconds_for(curve: Sequence[Point], error: Error, wanted: float) -> float:
    """Seconds after which a curve, in the order of its samples, has an error of at most `wanted`.

    Between its points both are taken to follow a power law (straight in logarithms), as noise does. Where even the
    first point is good enough these are its seconds, an upper bound; infinite where the last is not.
    """
    before: Point | None = None
    for point in curve:
        if (here := getattr(point, error)) <= wanted:
            if before is None or here == wanted:
                return point.seconds
            there = getattr(before, error)
            share = math.log(there / wanted) / math.log(there / here)
            return float(before.seconds * (point.seconds / before.seconds) ** share)
        before = point
    return math.inf


def ratio(curve: Sequence[Point], stock: Sequence[Point], error: Error, samples: int) -> float:
    """Seconds that `curve` needs for the error that stock has at `samples`, over stock's seconds there."""
    at = next(point for point in stock if point.samples == samples)
    return seconds_for(curve, error, getattr(at, error)) / at.seconds
