"""Axis 1, fast movement: how masks hold when the object is fast, and when the shutter smears it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from .axis import Axis, Curve, Value, binned, challenge, over
from .shutter import along_the_blur
from .trace import Trace, siblings

SPEEDS = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0, math.inf)
"""Edges between bins, diameters a frame."""
FAST = 0.25
"""Diameters a frame from which a frame counts as fast: a quarter of the object is new ground."""
SPEED, SHUTTER = "motion.speed", "film.shutter_degrees"


def movement(traces: Sequence[Trace]) -> Axis:
    """Score: J&F on fast frames. Effect: the fastest clip of a shot less its slowest, at the same shutter."""
    swept = speed_swept(traces)
    looked = swept or list(traces)
    curve = _curve(looked, "J&F")
    figures = {
        "matte error, shutter closed at once": over(_matte([t for t in looked if _shutter(t) == 0])),
        "matte error, shutter open": over(_matte([t for t in looked if _shutter(t) != 0])),
        "trajectory IoU along the blur": over(_along_the_blur(looked)),
        "J&F on slow frames": over([(t.jf(t.shot.speed_T < FAST), t.shot.cluster) for t in looked]),
    }
    half = halving(curve)
    curves = [curve, _matte_curve(looked)]
    for shutter in sorted({value for t in swept if (value := _shutter(t)) is not None}):
        alike = [t for t in swept if _shutter(t) == shutter]
        curves.append(_curve(alike, f"J&F, shutter {shutter:g}°"))
    return challenge(
        name="movement",
        title="Fast movement",
        unit="J&F",
        better="higher",
        score=[(t.jf(t.shot.speed_T >= FAST), t.shot.cluster) for t in looked],
        effect=_pairs(swept),
        effect_name="fastest less slowest",
        figures=figures,
        curves=tuple(curves),
        note=_note(swept, half, curve),
    )


def speed_swept(traces: Sequence[Trace]) -> list[Trace]:
    """Those whose group has several speeds."""
    speeds: dict[str, set[str]] = {}
    told = [trace for trace in traces if SPEED in trace.shot.settings]
    for trace in told:
        speeds.setdefault(trace.shot.cluster, set()).add(trace.shot.settings[SPEED])
    return [trace for trace in told if len(speeds[trace.shot.cluster]) > 1]


def halving(curve: Curve) -> float | None:
    """Diameters a frame at which J&F is half of what it is on the slowest frames, on a line between points of
    log(speed); None where it never falls so far."""
    known = [(p.severity, p.value.value) for p in curve.points if p.value.value is not None and p.severity > 0]
    if not known:
        return None
    goal = known[0][1] / 2
    for (x0, y0), (x1, y1) in pairwise(known):
        if y0 > goal >= y1:
            return math.exp(math.log(x0) + (math.log(x1) - math.log(x0)) * (y0 - goal) / (y0 - y1))
    return None


def _pairs(swept: Sequence[Trace]) -> list[Value]:
    found: list[Value] = []
    for (cluster, _), group in siblings(list(swept)).items():
        for rest in sorted({_rest(trace) for trace in group}):
            alike = sorted((t for t in group if _rest(t) == rest), key=lambda t: float(t.shot.settings[SPEED]))
            slow, fast = alike[0].jf(), alike[-1].jf()
            if len(alike) > 1 and slow is not None and fast is not None:
                found.append((fast - slow, cluster))
    return found


def _curve(traces: Sequence[Trace], name: str) -> Curve:
    speeds = [trace.shot.speed_T for trace in traces]
    return binned(traces, speeds, [t.jf_T for t in traces], SPEEDS, name, "speed, diameters a frame")


def _matte_curve(traces: Sequence[Trace]) -> Curve:
    errors = [np.where(t.visible_T, t.matte_T, np.nan) for t in traces]
    return binned(traces, [t.shot.blur_T for t in traces], errors, SPEEDS, "matte error", "blur, diameters")


def _matte(traces: Sequence[Trace]) -> list[Value]:
    found: list[Value] = []
    for trace in traces:
        known = trace.matte_T[trace.visible_T & np.isfinite(trace.matte_T)]
        found.append((float(known.mean()) if known.size else None, trace.shot.cluster))
    return found


def _along_the_blur(traces: Sequence[Trace]) -> list[Value]:
    found: list[Value] = []
    for trace in traces:
        values = along_the_blur(trace)
        known = values[np.isfinite(values)]
        found.append((float(known.mean()) if known.size else None, trace.shot.cluster))
    return found


def _shutter(trace: Trace) -> float | None:
    told = trace.shot.settings.get(SHUTTER)
    return None if told is None else float(told)


def _rest(trace: Trace) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((key, value) for key, value in trace.shot.settings.items() if key != SPEED))


def _note(swept: Sequence[Trace], half: float | None, curve: Curve) -> str:
    where = "" if swept else "No sweep of speed here, so nothing is paired. "
    if half is not None:
        return f"{where}J&F has halved at {half:.2f} diameters a frame."
    top = curve.points[-1].severity if curve.points else 0.0
    return f"{where}J&F does not halve up to {top:.2f} diameters a frame."
