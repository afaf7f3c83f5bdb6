"""Axis 4, occlusion recovery: is the object found again when it comes back, and is it the same object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..running.statistics import mean
from .axis import Axis, Curve, Point, Value, challenge, over
from .trace import Shot, Trace, counterfactual_pairs

WITHIN = 5
"""Frames after its return in which an object must be found again."""
FOUND = 0.5
"""IoU from which it counts as found, or another as taken for it."""
BACK = 0.5
"""It is back where at most this share of it is still hidden."""

TAKEN = "another object taken for it"


@dataclass(frozen=True)
class Event:
    """It was hidden (at most 5 % visible) from frame `gone`, for `gap` frames, and is back at frame `back`."""

    gone: int
    gap: int
    back: int


def events(shot: Shot) -> list[Event]:
    """The occlusions of an object after its prompt: seen, hidden, and back before the clip ends.

    It counts as back when half of it shows; slivers before that belong to neither side.
    """
    hidden = shot.hidden_T
    shown = ~hidden & (np.nan_to_num(shot.occlusion_T) <= BACK)
    found = []
    place = shot.prompted + 1
    while place < shot.frames:
        if not hidden[place]:
            place += 1
            continue
        returns = np.flatnonzero(shown[place:])
        if not len(returns):
            break
        back = place + int(returns[0])
        found.append(Event(place, int(hidden[place:back].sum()), back))
        place = back
    return found


def occlusion(traces: Sequence[Trace]) -> Axis:
    """Score: the share of events after which it is found again in time. Effect: J&F after its return, less the twin's
    that was never hidden."""
    told = [(trace, event) for trace in traces for event in events(trace.shot)]
    pairs = counterfactual_pairs(list(traces), "occluders")
    after: list[Value] = []
    for trace, twin in pairs:
        for event in events(trace.shot)[:1]:
            later = np.arange(trace.shot.frames) >= event.back
            difference = (trace.jf_T - twin.jf_T)[later]
            known = difference[np.isfinite(difference)]
            after.append((float(known.mean()) if known.size else None, trace.shot.cluster))
    return challenge(
        name="occlusion",
        title="Occlusion recovery",
        unit=f"share found again within {WITHIN} frames",
        better="higher",
        score=[(float(_delay(*one) is not None), one[0].shot.cluster) for one in told],
        effect=after,
        effect_name="after its return, less never hidden",
        figures={
            "frames to recover": over([(_delay(*one), one[0].shot.cluster) for one in told]),
            "masked while hidden, object areas": over([(_phantom(*one), one[0].shot.cluster) for one in told]),
            TAKEN: over([(_wrong(*one), one[0].shot.cluster) for one in told]),
            "mask elsewhere after its return": over([(_elsewhere(*one), one[0].shot.cluster) for one in told]),
            "J&F on frames of recovery": over([(_recovery(*one), one[0].shot.cluster) for one in told]),
        },
        curves=(_by_gap(told),),
        note=None if told else "No object here is hidden and comes back.",
    )


def _window(trace: Trace, event: Event) -> slice:
    return slice(event.back, min(event.back + WITHIN, trace.shot.frames))


def _delay(trace: Trace, event: Event) -> float | None:
    """Frames from its return until it is found; None where it is not, in time."""
    found = np.flatnonzero(trace.j_T[_window(trace, event)] >= FOUND)
    return float(found[0]) if len(found) else None


def _phantom(trace: Trace, event: Event) -> float | None:
    """Mean predicted area while it is hidden, in areas of the object."""
    gone = np.zeros(trace.shot.frames, np.bool_)
    gone[event.gone : event.back] = ~trace.shot.present_T[event.gone : event.back]
    size = np.nanmedian(np.pi * trace.shot.diameter_T**2 / 4) if np.isfinite(trace.shot.diameter_T).any() else 0.0
    return float(trace.area_T[gone].mean() / size) if gone.any() and size > 0 else None


def _wrong(trace: Trace, event: Event) -> float | None:
    """Whether another labelled object is masked in its place; None where the clip has no other."""
    window = _window(trace, event)
    others = trace.other_T[window]
    if not np.isfinite(others).any():
        return None
    return float((np.nan_to_num(others) >= FOUND)[trace.j_T[window] < FOUND].any())


def _elsewhere(trace: Trace, event: Event) -> float:
    """Whether the mask, never found, lies where the object is not."""
    window = _window(trace, event)
    lost = _delay(trace, event) is None
    return float(lost and bool(((trace.j_T[window] < 0.1) & (trace.area_T[window] > 0)).any()))


def _recovery(trace: Trace, event: Event) -> float | None:
    values = trace.jf_T[_window(trace, event)]
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else None


def _by_gap(told: Sequence[tuple[Trace, Event]]) -> Curve:
    points = []
    for gap in sorted({event.gap for _, event in told}):
        alike = [one for one in told if one[1].gap == gap]
        found = [float(_delay(*one) is not None) for one in alike]
        points.append(Point(severity=gap, value=mean(found, [trace.shot.cluster for trace, _ in alike])))
    return Curve(name="found again", severity="frames hidden", points=tuple(points))
