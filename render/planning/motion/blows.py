"""Blows of what is worn on an arm: punched, swung down and thrown upwards, turning as a forearm does.

The arm is two links in one plane, upper arm and forearm, as long as those of a figure whose shoulder is at the pivot's
height: so the elbow is where an elbow can be at every moment, and a figure can be put into the prop afterwards.
"""

from __future__ import annotations

import math

import numpy as np

from ...motion import rotate
from ...spec import Arc, Curve, Spin, Sum, Turn
from ..camera.shot import Floats, vec
from .attitude import held
from .course import Brief, Lay, Rates

UPPER_ARM, FOREARM = 0.2047, 0.1818
"""Their lengths over the shoulder's height above the ground: 295 and 262 mm of a body of 1.80 m."""
GUARD, PUNCH, UPWARDS = (-42.0, 78.0), (-2.0, 18.0), (14.0, 62.0)
RAISED, LOW, DROPPED = (52.0, 52.0), (-52.0, 24.0), (-70.0, 40.0)
"""Poses: degrees of the upper arm above straight ahead, and by how much the elbow bends further up from there. Bent by
more than about 80 the upper arm would run into the cuff."""
STROKES = ((GUARD, PUNCH), (GUARD, PUNCH), (RAISED, LOW), (DROPPED, UPWARDS))
LOOSE = 7.0
"""Degrees by which no two poses are alike."""


def blows(brief: Brief) -> Lay:
    """Blow after blow; it begins where a punch ends, before the body, so that whoever wears the prop hides little."""
    draw, shot = brief.draws(), brief.shot
    forward = brief.side * shot.right
    axis = np.cross(forward, shot.up) + (0.1 - 0.6 * next(draw)) * shot.up  # the plane leans out, away from the head
    axis = axis / np.linalg.norm(axis)
    ahead = np.cross(np.array([0.0, 0.0, 1.0]), axis)
    ahead /= np.linalg.norm(ahead)
    raised = np.cross(axis, ahead)
    height = 1.3 + 0.2 * next(draw)
    upper, fore = UPPER_ARM * height, FOREARM * height

    def way(degrees: float) -> Floats:
        return np.asarray(math.cos(math.radians(degrees)) * ahead + math.sin(math.radians(degrees)) * raised)

    start = _loosened(PUNCH, next(draw), next(draw))
    pronated = math.radians(20 + 60 * next(draw))
    along = way(sum(start))
    palm = -math.cos(pronated) * axis - math.sin(pronated) * np.cross(axis, along)
    base = held(brief.prop, along, -palm)
    handle = brief.prop.asset.handle
    beyond = fore * along - rotate(base, np.asarray(handle.at if handle else (0.0, 0.0, 0.0)))  # elbow to origin
    reached = upper * way(start[0]) + beyond
    pivot = shot.centre - 0.75 * reached
    pivot[2] = shot.ground + height

    def lay(pace: float) -> tuple[Curve, Spin]:
        draw = brief.draws(20)
        shoulder, elbow = Rates(0.0), Rates(0.0)
        now, time = start, brief.frame * (1 + 4 * next(draw))
        while time < brief.seconds:
            wound, struck = STROKES[int(next(draw) * len(STROKES)) % len(STROKES)]
            for pose, share in ((wound, 0.35 + 0.25 * next(draw)), (struck, 1.0)):
                goal = _loosened(pose, next(draw), next(draw))
                turns = [math.radians(goal[0] - now[0]), math.radians(sum(goal) - sum(now))]
                path = abs(turns[0]) * upper + abs(turns[1]) * float(np.linalg.norm(beyond))
                spent = path / (1.25 * share * pace)
                for rates, turn in zip((shoulder, elbow), turns, strict=True):
                    rates.change(time, turn / spent, 0.5 * spent)
                    rates.change(time + 1.075 * spent, 0.0, 0.35 * spent)
                now, time = goal, time + 1.425 * spent + brief.frame * (1 + 3 * next(draw))
        first, second = shoulder.turn(vec(axis)), elbow.turn(vec(axis))
        return _arm(vec(pivot), vec(upper * way(start[0])), first, vec(beyond), second), Spin(base=base, world=second)

    return lay


def _loosened(pose: tuple[float, float], one: float, other: float) -> tuple[float, float]:
    return pose[0] + LOOSE * (2 * one - 1), pose[1] + LOOSE * (2 * other - 1)


def _arm(
    pivot: tuple[float, float, float],
    upper: tuple[float, float, float],
    shoulder: Turn,
    beyond: tuple[float, float, float],
    elbow: Turn,
) -> Sum:
    """From the shoulder to the elbow and on to the prop, each as its own joint turns it."""
    return Sum(parts=(Arc(pivot=pivot, arm=upper, turn=shoulder), Arc(pivot=(0.0, 0.0, 0.0), arm=beyond, turn=elbow)))
