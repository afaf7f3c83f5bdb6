"""Axis 5, transformation: does the mask stay with an object that charges up and looks like another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .axis import Axis, Value, binned, challenge, over
from .trace import Flags, Trace, counterfactual_pairs

BEGUN, DONE = 0.1, 0.9
"""Shares of the clip's highest charge from which it has begun, and is complete."""
LEAST = 0.05
"""A clip whose object never emits a larger share of its light than this is not charged."""
LEVELS = (0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 1.01)


def transformation(traces: Sequence[Trace]) -> Axis:
    """Score: J&F once the charge is complete. Effect: from its beginning on, less the uncharged twin's."""
    pairs = [(one, twin) for one, twin in counterfactual_pairs(list(traces), "charge") if _is_charged(one)]
    paired = {id(one) for one, _ in pairs}
    looked = [t for t in traces if id(t) in paired] or [t for t in traces if t.shot.lacks is None and _is_charged(t)]
    lost = [one.jf_T - twin.jf_T for one, twin in pairs]
    levels = [one.shot.charge_T for one, _ in pairs]
    return challenge(
        name="transformation",
        title="Transformation",
        unit="J&F",
        better="higher",
        score=[(t.jf(phases(t)[2]), t.shot.cluster) for t in looked],
        effect=[_lost(one, twin) for one, twin in pairs],
        effect_name="charged less uncharged",
        figures={
            "J&F before": over([(t.jf(phases(t)[0]), t.shot.cluster) for t in looked]),
            "J&F during": over([(t.jf(phases(t)[1]), t.shot.cluster) for t in looked]),
            "J on the last frame": over([(_last(t), t.shot.cluster) for t in looked]),
            "identity kept": over([(_kept(t), t.shot.cluster) for t in looked]),
        },
        curves=(
            binned([one for one, _ in pairs], levels, lost, LEVELS, "J&F lost to the charge", "share of light emitted"),
        ),
        note=None if looked else "No object here charges up.",
    )


def phases(trace: Trace) -> tuple[Flags, Flags, Flags]:
    """Frames before the charge, while it builds up (or dies down), and while it is complete."""
    charge = np.nan_to_num(trace.shot.charge_T)
    top = charge.max(initial=0.0)
    begun, done = charge >= BEGUN * top, charge >= DONE * top
    first = int(np.argmax(begun)) if begun.any() else len(charge)
    before = np.arange(len(charge)) < first
    return before, ~before & ~done, done


def _is_charged(trace: Trace) -> bool:
    charge = np.nan_to_num(trace.shot.charge_T)
    return bool(charge.max(initial=0.0) - charge.min(initial=1.0) >= LEAST)


def _lost(one: Trace, twin: Trace) -> Value:
    difference = (one.jf_T - twin.jf_T)[~phases(one)[0]]
    known = difference[np.isfinite(difference)]
    return (float(known.mean()) if known.size else None), one.shot.cluster


def _last(trace: Trace) -> float | None:
    places = np.flatnonzero(trace.visible_T)
    return float(trace.j_T[places[-1]]) if len(places) else None


def _kept(trace: Trace) -> float | None:
    last = _last(trace)
    return None if last is None else float(last >= 0.5)
