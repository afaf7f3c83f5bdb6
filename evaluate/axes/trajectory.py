"""Axis 3, trajectory prediction: from masks up to a frame, where will the object be, above all while it is hidden."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..running.statistics import Mean
from .axis import Axis, Curve, Point, Value, challenge, over
from .movement import speed_swept
from .shutter import disk_iou
from .trace import Trace, counterfactual_pairs

Floats = NDArray[np.float64]
Predictor = Callable[[Floats, Floats, Floats], Floats]
"""(times (N,), centres (N, 2) seen then, times ahead (K,)) -> centres (K, 2)."""

AHEAD = 5
"""Frames that are predicted."""
HISTORY = 8
"""Centres that a fit looks back on."""
HELD = 0.5
"""J from which a method has the object."""
MOTION = "ADE of the way gone, kalman"
"""The figure that tells motion misread from a mask that is off: the object's way is compared, not its place."""
MAIN = "kalman"
"""The predictor that the score is of; the others stand beside it."""


def velocity(times_N: Floats, seen_N2: Floats, ahead_K: Floats) -> Floats:
    """On and on as between the last two centres."""
    if len(times_N) < 2:
        return np.repeat(seen_N2[-1:], len(ahead_K), axis=0)
    speed = (seen_N2[-1] - seen_N2[-2]) / (times_N[-1] - times_N[-2])
    return seen_N2[-1] + np.outer(ahead_K - times_N[-1], speed)


def kalman(times_N: Floats, seen_N2: Floats, ahead_K: Floats) -> Floats:
    """A Kalman filter of position and velocity, both axes alike: white acceleration of 1 px/frame² against centres that
    are off by 1 px."""
    state = np.stack([seen_N2[0], np.zeros(2)])  # position, velocity
    spread = np.diag([1.0, 400.0])
    for (before, now), place in zip(pairwise(times_N), seen_N2[1:], strict=True):
        step = now - before
        move = np.array([[1.0, step], [0.0, 1.0]])
        state, spread = (
            move @ state,
            move @ spread @ move.T + np.array([[step**4 / 4, step**3 / 2], [step**3 / 2, step**2]]),
        )
        gain = spread[:, 0] / (spread[0, 0] + 1.0)
        state = state + np.outer(gain, place - state[0])
        spread = spread - np.outer(gain, spread[0])
    return state[0] + np.outer(ahead_K - times_N[-1], state[1])


def ballistic(times_N: Floats, seen_N2: Floats, ahead_K: Floats) -> Floats:
    """A throw: straight on across the picture, a parabola up and down."""
    x = _fit(times_N, seen_N2[:, 0], ahead_K, 1)
    return np.stack([x, _fit(times_N, seen_N2[:, 1], ahead_K, 2)], axis=1)


def returning(times_N: Floats, seen_N2: Floats, ahead_K: Floats) -> Floats:
    """Steady acceleration in any direction, as of what slows down, turns and comes back."""
    return np.stack([_fit(times_N, seen_N2[:, axis], ahead_K, 2) for axis in (0, 1)], axis=1)


PREDICTORS: dict[str, Predictor] = {
    "velocity": velocity,
    "kalman": kalman,
    "ballistic": ballistic,
    "returning": returning,
}


def errors(trace: Trace, predictor: Predictor, displacement: bool = False) -> Floats:
    """Distance between predicted and true centre, in diameters: (T, AHEAD), row t from masks up to frame t.

    nan where nothing is to be predicted, and where the method has lost the object: what that costs is another axis's
    matter. It has it where J was 0.5 or more when the object last showed; the prompted frame is known to every method.
    Centres are those of masks that had it: what is masked while it is hidden tells nothing of where it goes.
    With `displacement` it is how far the object goes that is compared: what the last mask was off by is taken away.
    """
    shot = trace.shot
    found = np.full((shot.frames, AHEAD), np.nan)
    held = ~shot.hidden_T & (np.nan_to_num(trace.j_T) >= HELD) | ~shot.counted_T
    seen = np.isfinite(trace.centre_T2).all(axis=1) & held
    has = _has(trace)
    for now in range(shot.prompted + 2, shot.frames - 1):
        if not has[now]:
            continue
        past = np.flatnonzero(seen[: now + 1])
        past = past[past >= shot.prompted][-HISTORY:]
        if not len(past):
            continue
        ahead = np.arange(now + 1, min(now + AHEAD, shot.frames - 1) + 1)
        guess = predictor(past.astype(float), trace.centre_T2[past], ahead.astype(float))
        if displacement:
            guess = guess - trace.centre_T2[past[-1]] + shot.centre_T2[past[-1]]
        distance = np.linalg.norm(guess - shot.centre_T2[ahead], axis=1)
        size = np.where(shot.diameter_T[ahead] > 0, shot.diameter_T[ahead], np.nan)
        found[now, : len(ahead)] = distance / size
    return found


def trajectory(traces: Sequence[Trace]) -> Axis:
    """Score: the mean distance between prediction and truth over the next frames (ADE), in diameters. Effect: that of
    frames in which the object is hidden, less that of the others, clip by clip.

    Clips that are there for their speed, their effects or their charge are left out where there are others: these are
    axes of their own.
    """
    others = {id(trace) for trace in speed_swept(traces)}
    for factor in ("effects", "charge"):
        others |= {id(trace) for pair in counterfactual_pairs(list(traces), factor) for trace in pair}
    traces = [trace for trace in traces if id(trace) not in others] or list(traces)
    by_name = {name: [errors(trace, predictor) for trace in traces] for name, predictor in PREDICTORS.items()}
    main = by_name[MAIN]
    hidden = [_hidden(trace) for trace in traces]
    figures = {f"ADE, {name}": _mean(traces, found) for name, found in by_name.items() if name != MAIN}
    figures |= {f"FDE at {AHEAD} frames, {name}": _mean(traces, found, [AHEAD - 1]) for name, found in by_name.items()}
    figures[MOTION] = _mean(traces, [errors(trace, PREDICTORS[MAIN], displacement=True) for trace in traces])
    figures["ADE while hidden, kalman"] = over(
        [(_of(found[gone]), t.shot.cluster) for t, found, gone in zip(traces, main, hidden, strict=True)]
    )
    figures["trajectory IoU, kalman"] = over(
        [(_overlap(t, found), t.shot.cluster) for t, found in zip(traces, main, strict=True)]
    )
    costs: list[Value] = []
    for trace, found, gone in zip(traces, main, hidden, strict=True):
        shaded, clear = _of(found[gone]), _of(found[~gone])
        costs.append((None if shaded is None or clear is None else shaded - clear, trace.shot.cluster))
    points = [Point(severity=h + 1, value=_mean(traces, main, [h])) for h in range(AHEAD)]
    figures["frames with the object in hand"] = over(
        [(float(_has(t)[t.shot.counted_T].mean()), t.shot.cluster) for t in traces if t.shot.counted_T.any()]
    )
    known = any(np.isfinite(found).any() for found in main)
    return challenge(
        name="trajectory",
        title="Trajectory prediction",
        unit="diameters off (ADE)",
        better="lower",
        score=_values(traces, main),
        effect=costs,
        effect_name="hidden less in view, diameters",
        figures=figures,
        curves=(Curve(name="distance from the truth", severity="frames ahead", points=tuple(points)),),
        note=None if known else _why_not(traces),
    )


def _why_not(traces: Sequence[Trace]) -> str:
    if any(np.isfinite(trace.shot.centre_T2).any() for trace in traces):
        return "It never had an object long enough to predict from."
    return "Where objects are when hidden is not known here, as of real footage."


def _has(trace: Trace) -> NDArray[np.bool_]:
    """(T,): whether the object was masked when it last showed."""
    shown = ~trace.shot.hidden_T & trace.shot.counted_T
    last = np.maximum.accumulate(np.where(shown, np.arange(trace.shot.frames), -1))
    return np.where(last >= 0, np.nan_to_num(trace.j_T)[last] >= HELD, True)


def _hidden(trace: Trace) -> NDArray[np.bool_]:
    """(T, AHEAD): whether the object is hidden in the frame that is predicted."""
    gone = np.zeros((trace.shot.frames, AHEAD), np.bool_)
    for step in range(min(AHEAD, trace.shot.frames - 1)):
        gone[: trace.shot.frames - step - 1, step] = trace.shot.hidden_T[step + 1 :]
    return gone


def _overlap(trace: Trace, found: Floats) -> float | None:
    """Mean IoU of two disks of the object's size, at the predicted and at the true place."""
    known = found[np.isfinite(found)]
    if not known.size:
        return None
    return float(disk_iou(known).mean())


def _mean(traces: Sequence[Trace], found: Sequence[Floats], steps: list[int] | None = None) -> Mean:
    return over(_values(traces, found, steps))


def _values(traces: Sequence[Trace], found: Sequence[Floats], steps: list[int] | None = None) -> list[Value]:
    chosen = slice(None) if steps is None else steps
    return [(_of(one[:, chosen]), trace.shot.cluster) for trace, one in zip(traces, found, strict=True)]


def _of(values: Floats) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else None


def _fit(times_N: Floats, values_N: Floats, ahead_K: Floats, degree: int) -> Floats:
    """Least squares, of a lower degree where there are few points: a fit never goes through all of them by itself."""
    degree = max(min(degree, len(times_N) - 2), min(len(times_N) - 1, 1))
    origin = times_N[-1]
    terms = np.vander(times_N - origin, degree + 1)
    factors, *_ = np.linalg.lstsq(terms, values_N, rcond=None)
    return np.asarray(np.vander(ahead_K - origin, degree + 1) @ factors)
