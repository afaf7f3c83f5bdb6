"""The five challenges on the page: lanes with intervals for scores and effects, and curves against severity."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..axes import Axis, Curve
from ..baselines import COPY_LAST
from ..running.results import AxisComparison, MethodScore, Results
from ..running.statistics import Mean

WIDTH, HEIGHT = 300, 120
FEW_CLUSTERS = 6
"""Below so many independent shots a mean is shown hollow: it may be chance."""


@dataclass(frozen=True)
class Dot:
    """A mean on a lane, in shares of the lane's width; `low` and `high` of its interval, None where there is none."""

    method: str
    mean: Mean
    place: float | None
    low: float | None
    high: float | None
    few: bool


@dataclass(frozen=True)
class Lane:
    """One figure of all methods on one scale, whose ends are labelled; `zero` is where 0 lies on it."""

    name: str
    dots: tuple[Dot, ...]
    ends: tuple[float, float]
    zero: float


@dataclass(frozen=True)
class Line:
    """A method's curve in a plot: an SVG path, its points (x, y), and their intervals (x, y low, y high)."""

    method: str
    path: str
    points: tuple[tuple[float, float, str], ...]
    whiskers: tuple[tuple[float, float, float], ...]


@dataclass(frozen=True)
class Plot:
    """A curve of several methods: labels along both axes with their places in px."""

    name: str
    severity: str
    lines: tuple[Line, ...]
    x_labels: tuple[tuple[float, str], ...]
    y_labels: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Challenge:
    """An axis on the page. `axis` is the last checkpoint's."""

    axis: Axis
    lanes: tuple[Lane, ...]
    """The score, and the paired effect where anything was paired."""
    plots: tuple[Plot, ...]
    figures: tuple[tuple[str, tuple[Mean, ...]], ...]
    comparisons: tuple[tuple[str, AxisComparison], ...]
    """The last checkpoint less each other one, by the other's name."""


def challenges(results: Results) -> list[Challenge]:
    """Every axis that any method has a figure on."""
    shown = [method for method in results.methods if method.axes]
    found = []
    for place, axis in enumerate(results.checkpoints[-1].axes):
        if not any(_told(method.axes[place]) for method in shown):
            continue
        axes = [(method, method.axes[place]) for method in shown]
        names = dict.fromkeys(name for _, one in axes for name in one.figures)
        nothing = Mean(value=None, low=None, high=None, n=0, clips=0)
        found.append(
            Challenge(
                axis=axis,
                lanes=tuple(
                    _lane(name, means)
                    for name, means in (
                        (axis.unit, [(method, one.score) for method, one in axes]),
                        (axis.effect_name, [(method, one.effect) for method, one in axes]),
                    )
                    if any(mean.n for _, mean in means)
                ),
                plots=tuple(
                    _plot(curve, axes) for curve in axis.curves if any(point.value.n for point in curve.points)
                ),
                figures=tuple(
                    (name, tuple(method.axes[place].figures.get(name, nothing) for method in results.checkpoints))
                    for name in names
                ),
                comparisons=tuple(
                    (compared.before, compared.axes[place])
                    for compared in results.comparisons
                    if results.method(compared.before).kind == "checkpoint"
                ),
            )
        )
    return found


def _told(axis: Axis) -> bool:
    """Whether it has anything to show."""
    return bool(axis.score.n) or any(point.value.n for curve in axis.curves for point in curve.points)


def _lane(name: str, means: Sequence[tuple[MethodScore, Mean]]) -> Lane:
    """From 0 (or the lowest bound below it) to 1 (or the highest bound), rounded outwards to tenths."""
    told = [bound for _, one in means for bound in (one.value, one.low, one.high) if bound is not None]
    low = math.floor(min([0.0, *told]) * 10 - 1e-9) / 10 if min([0.0, *told]) < 0 else 0.0
    high = math.ceil(max([0.1, *told]) * 10 - 1e-9) / 10
    high = max(high, 1.0) if low == 0 and high <= 1 else high

    def at(value: float | None) -> float | None:
        return None if value is None else (value - low) / (high - low)

    dots = tuple(
        Dot(method.name, one, at(one.value), at(one.low), at(one.high), one.clips < FEW_CLUSTERS)
        for method, one in means
    )
    return Lane(name, dots, (low, high), -low / (high - low))


def _plot(curve: Curve, axes: Sequence[tuple[MethodScore, Axis]]) -> Plot:
    """The curve of that name of all checkpoints and of copy-last, on one pair of scales."""
    wanted = [(m, one) for m, one in axes if m.kind == "checkpoint" or m.name == COPY_LAST]
    curves = [(m, next((c for c in one.curves if c.name == curve.name), None)) for m, one in wanted]
    drawn = [(m, c) for m, c in curves if c is not None and c.points]
    places = sorted({point.severity for _, c in drawn for point in c.points})
    bounds = [
        b for _, c in drawn for p in c.points for b in (p.value.value, p.value.low, p.value.high) if b is not None
    ]
    low, high = min([0.0, *bounds]), max([0.0, *bounds])
    high = max(high, 1.0) if low >= 0 else max(high, 0.1)
    spread = places[0] > 0 and places[-1] / places[0] > 20

    def across(value: float) -> float:
        first, last, here = (math.log(v) if spread else v for v in (places[0], places[-1], value))
        return round(WIDTH * (0.5 if last == first else (here - first) / (last - first)), 1)

    def down(value: float) -> float:
        return round(HEIGHT * (high - value) / (high - low), 1)

    lines = []
    for method, one in drawn:
        points = [
            (across(p.severity), down(p.value.value), _said(p.value)) for p in one.points if p.value.value is not None
        ]
        whiskers = [
            (across(p.severity), down(p.value.low), down(p.value.high))
            for p in one.points
            if p.value.low is not None and p.value.high is not None and method.kind == "checkpoint"
        ]
        path = "M" + "L".join(f"{x} {y}" for x, y, _ in points) if points else ""
        lines.append(Line(method.name, path, tuple(points), tuple(whiskers)))
    x_labels = [(across(value), f"{value:.2g}") for value in _apart(places)]
    y_labels = [(down(value), f"{value:.2g}") for value in sorted({low, high, 0.0})]
    return Plot(curve.name, curve.severity, tuple(lines), tuple(x_labels), tuple(y_labels))


def _apart(places: Sequence[float]) -> list[float]:
    """At most five of the severities, the ends among them."""
    if len(places) <= 5:
        return list(places)
    return [places[round(step * (len(places) - 1) / 4)] for step in range(5)]


def _said(mean: Mean) -> str:
    interval = "" if mean.low is None or mean.high is None else f" [{mean.low:.2f}, {mean.high:.2f}]"
    return f"{mean.value:.3f}{interval}, n = {mean.n} in {mean.clips} shots"
