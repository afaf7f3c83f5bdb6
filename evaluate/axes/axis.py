"""What an axis reports."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from render.document import Document

from ..running.statistics import Mean, mean
from .trace import Trace

Value = tuple[float | None, str]
"""A clip's value, and its cluster."""


class Point(Document):
    """A mean at one severity, or over a span of it (`low` to `high`)."""

    severity: float
    value: Mean


class Curve(Document):
    """A figure against the severity of the challenge."""

    name: str
    severity: str
    points: tuple[Point, ...]


class Axis(Document):
    """One method on one challenge.

    score: the challenge's own figure, in `unit`. effect: what the challenge alone costs: with it less without it,
    paired by shot, as `effect_name` says. figures: further ones, by name. note: what could not be measured, and why.
    score_values, effect_values: what the two are means of, in an order that is the same for every method, so that
    methods can be paired.
    """

    name: str
    title: str
    unit: str
    better: Literal["higher", "lower"]
    score: Mean
    effect: Mean
    effect_name: str
    figures: dict[str, Mean]
    curves: tuple[Curve, ...]
    note: str | None = None
    score_values: tuple[Value, ...] = ()
    effect_values: tuple[Value, ...] = ()


def challenge(score: Sequence[Value], effect: Sequence[Value], **told: Any) -> Axis:
    """An axis of these values; `told` is the rest of it."""
    return Axis(score=over(score), effect=over(effect), score_values=tuple(score), effect_values=tuple(effect), **told)


def over(values: Sequence[Value]) -> Mean:
    """The mean over clips."""
    return mean([value for value, _ in values], [cluster for _, cluster in values])


def binned(
    traces: Sequence[Trace],
    severity: Sequence[NDArray[np.float64]],
    values: Sequence[NDArray[np.float64]],
    edges: Sequence[float],
    name: str,
    label: str,
) -> Curve:
    """Frames by severity: in each bin the mean over clips of their frames' mean, at the bin's mean severity.

    `severity` and `values` are arrays over each trace's frames; frames where either is nan count nowhere.
    """
    points = []
    for low, high in pairwise(edges):
        found: list[Value] = []
        places = []
        for trace, how, value in zip(traces, severity, values, strict=True):
            inside = np.isfinite(value) & (how >= low) & (how < high)
            if inside.any():
                found.append((float(value[inside].mean()), trace.shot.cluster))
                places.append(float(how[inside].mean()))
        if found:
            points.append(Point(severity=float(np.mean(places)), value=over(found)))
    return Curve(name=name, severity=label, points=tuple(points))
