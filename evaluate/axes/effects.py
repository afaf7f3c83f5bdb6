"""Axis 2, visual effects: what glow, trails, lightning and smoke cost by themselves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .axis import Axis, Value, binned, challenge, over
from .trace import Trace, counterfactual_pairs

VEILS = (0.0, 0.05, 0.15, 0.3, 0.5, 0.75, 1.01)
"""Edges between bins: the mean veil over the object."""
VEILED = 0.05


def effects(traces: Sequence[Trace]) -> Axis:
    """Score: J&F on clips with effects. Effect: the clip less its twin without them, over frames that both show."""
    pairs = counterfactual_pairs(list(traces), "effects")
    looked = [trace for trace, _ in pairs]
    lost = [trace.jf_T - twin.jf_T for trace, twin in pairs]
    veils = [trace.shot.veil_T for trace in looked]
    return challenge(
        name="effects",
        title="Visual effects",
        unit="J&F",
        better="higher",
        score=[(trace.jf(), trace.shot.cluster) for trace in looked],
        effect=[_difference(trace, difference) for trace, difference in zip(looked, lost, strict=True)],
        effect_name="with effects less without",
        figures={
            "J&F without effects": over([(twin.jf(), twin.shot.cluster) for _, twin in pairs]),
            "J&F lost on veiled frames": over(
                [
                    _difference(trace, np.where(trace.shot.veil_T >= VEILED, difference, np.nan))
                    for trace, difference in zip(looked, lost, strict=True)
                ]
            ),
        },
        curves=(binned(looked, veils, lost, VEILS, "J&F lost to effects", "veil over the object"),),
        note=None if pairs else "No clip here has a twin without effects.",
    )


def _difference(trace: Trace, difference_T: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Value:
    known = difference_T[np.isfinite(difference_T)]
    return (float(known.mean()) if known.size else None), trace.shot.cluster
