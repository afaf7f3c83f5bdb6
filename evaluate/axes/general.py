"""Figures beside the axes: steadiness, size, matte, and the calibration of the object's score."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..running.statistics import Mean
from .axis import Value, over
from .trace import Trace

SIZES = (("small", 0.0, 16.0), ("medium", 16.0, 48.0), ("large", 48.0, np.inf))
"""Median unoccluded diameters, px."""
BINS = 10
STEADINESS = "unsteadiness (mean change of J&F a frame)"


def general(traces: Sequence[Trace]) -> dict[str, Mean]:
    """By name: J and both F, size strata, steadiness, calibration."""
    figures = {
        "F, area-aware": over([(_visible(t, t.area_f_T), t.shot.cluster) for t in traces]),
        "matte error": over([(_visible(t, t.matte_T), t.shot.cluster) for t in traces]),
        STEADINESS: over([(_unsteady(t), t.shot.cluster) for t in traces]),
    }
    for name, low, high in SIZES:
        alike = [t for t in traces if low <= _size(t) < high]
        figures[f"J&F of {name} objects"] = over([(t.jf(), t.shot.cluster) for t in alike])
    figures["calibration error of the object's score"] = over(_calibration(traces))
    return figures


def _visible(trace: Trace, values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float | None:
    known = values[trace.visible_T & np.isfinite(values)]
    return float(known.mean()) if known.size else None


def _unsteady(trace: Trace) -> float | None:
    steps = np.abs(np.diff(trace.jf_T))
    known = steps[np.isfinite(steps)]
    return float(known.mean()) if known.size else None


def _size(trace: Trace) -> float:
    known = trace.shot.diameter_T[np.isfinite(trace.shot.diameter_T)]
    return float(np.median(known)) if known.size else -1.0


def _calibration(traces: Sequence[Trace]) -> list[Value]:
    """By clip: the mean distance between the score said and the share of such scores, over all clips, whose object was
    there (expected calibration error, by C. Guo et al., "On Calibration of Modern Neural Networks", 2017, ten bins)."""
    said = [t.score_T[t.shot.counted_T] for t in traces]
    there = [t.shot.present_T[t.shot.counted_T] for t in traces]
    every, truth = np.concatenate([*said, np.empty(0)]), np.concatenate([*there, np.empty(0, np.bool_)])
    known = np.isfinite(every)
    if not known.any():
        return []
    place = np.clip((every[known] * BINS).astype(int), 0, BINS - 1)
    counts = np.maximum(np.bincount(place, minlength=BINS), 1)
    gap = np.abs(np.bincount(place, truth[known], BINS) - np.bincount(place, every[known], BINS)) / counts
    found: list[Value] = []
    for trace, one in zip(traces, said, strict=True):
        own = one[np.isfinite(one)]
        bins = np.clip((own * BINS).astype(int), 0, BINS - 1)
        found.append((float(gap[bins].mean()) if own.size else None, trace.shot.cluster))
    return found
