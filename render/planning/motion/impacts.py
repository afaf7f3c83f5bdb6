"""When something hits something: the moments of a motion that sparks, flashes and dust belong to (pure NumPy)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...spec import Curve, Hermite
from ..camera.shot import Floats

CONTACT = 0.05
"""Seconds: a Hermite interval this short that turns a velocity round is a bounce."""

AT_REST = 0.15
"""m/s: what comes to this speed or below from `FAST` is caught."""
FAST = 1.2


@dataclass(frozen=True)
class Impact:
    """Something hits: when (s), where the thing is (m), which way it is pushed, how fast it came (m/s).

    `hard` tells a bounce off a wall or the ground from a catch in a hand.
    """

    time: float
    point: Floats
    normal: Floats
    speed: float
    hard: bool


def impacts(curve: Curve, seconds: float) -> list[Impact]:
    """Bounces and catches of a curve within a clip's `seconds`, in order of time. Only keyed flights have any."""
    if not isinstance(curve, Hermite):
        return []
    times = np.asarray(curve.times, np.float64)
    points, velocities = np.asarray(curve.points, np.float64), np.asarray(curve.velocities, np.float64)
    found: list[Impact] = []
    for i in range(len(times) - 1):
        speed, after = float(np.linalg.norm(velocities[i])), float(np.linalg.norm(velocities[i + 1]))
        push = velocities[i + 1] - velocities[i]
        size = float(np.linalg.norm(push))
        if speed < FAST or size < 0.5 * speed:
            continue
        if times[i + 1] - times[i] <= CONTACT:
            time, point = (times[i] + times[i + 1]) / 2, (points[i] + points[i + 1]) / 2
            found.append(Impact(float(time), point, push / size, speed, hard=True))
        elif after <= AT_REST:
            found.append(Impact(float(times[i]), points[i], push / size, speed, hard=False))
    return [impact for impact in found if 0 <= impact.time < seconds]
