"""Motions about a place: orbits, swings in a hand, hovering, and being called to a hand."""

from __future__ import annotations

import math

import numpy as np

from ...motion import rotate
from ...spec import Arc, Circular, Curve, Spin, Still, Sum, Turn, Wave, Waves
from ..camera.shot import Floats, vec
from .attitude import held
from .blows import blows
from .course import Brief, Lay, Rates, Track

ARM = 0.55
"""Metres from the shoulder to the middle of the handle: an arm that is nearly straight."""


def circular(brief: Brief) -> Lay:
    """Round and round on an ellipse."""
    draw, shot = brief.draws(), brief.shot
    start, end = brief.across()
    u = (end - start) / 2
    half = float(np.linalg.norm(u))
    flat = (0.35 + 0.55 * next(draw)) * min(shot.height * 0.36, half)
    v = (shot.up * math.cos(brief.lean * 2) + shot.away * math.sin(brief.lean * 2)) * flat
    phase = 2 * math.pi * next(draw)
    middle = brief.at(0, 0)

    def lay(pace: float) -> tuple[Curve, Spin]:
        rate = brief.side * pace / ((half + flat) / 2)
        return Circular(centre=vec(middle), u=vec(u), v=vec(v), phase=phase, rate=rate), brief.spin

    return lay


def hover(brief: Brief) -> Lay:
    """In the air on the spot: a slow drift, and a tremor on top that grows with the pace."""
    draw, shot = brief.draws(), brief.shot
    place = Still(point=vec(brief.at(0.5 * (2 * next(draw) - 1), 0.4 * (2 * next(draw) - 1))))
    axes = (shot.right, shot.up, shot.away)
    sizes = [shot.prop_size * (0.06 + 0.14 * next(draw)) for _ in axes]
    phases = [2 * math.pi * next(draw) for _ in range(6)]
    slow, quick = [0.7 + 0.6 * next(draw) for _ in axes], [5.0 + 5.0 * next(draw) for _ in axes]
    sway = brief.spin.model_copy(update={"body": Turn.steady(brief.axis, 0.12 * brief.rate)})

    def lay(pace: float) -> tuple[Curve, Spin]:
        waves = []
        for i, axis in enumerate(axes):
            rate = slow[i] * pace / sizes[i]
            waves.append(Wave(amplitude=vec(axis * sizes[i]), rate=rate, phase=phases[i]))
            tremor = min(0.35 * pace / (2 * math.pi * quick[i]), 0.05 * shot.prop_size)
            waves.append(Wave(amplitude=vec(axis * tremor), rate=2 * math.pi * quick[i], phase=phases[3 + i]))
        return Sum(parts=(place, Waves(waves=tuple(waves)))), sway

    return lay


def swing(brief: Brief) -> Lay:
    """Swung in a hand: raised, struck, again; the prop turns with the arm about the shoulder.

    It begins where a stroke ends, before the body, so that whoever holds the prop does not hide it at first.
    """
    handle = brief.prop.asset.handle
    if handle is not None and handle.worn:
        return blows(brief)
    draw, shot = brief.draws(), brief.shot
    forward = brief.side * shot.right
    if next(draw) < 0.65:  # from above to below, in a plane that faces the camera more or less
        axis = np.cross(forward, shot.up) + 0.5 * (2 * next(draw) - 1) * shot.up
    else:  # from side to side, flat
        axis = np.array([0.0, 0.0, -brief.side]) + 0.35 * (2 * next(draw) - 1) * forward
    axis = axis / np.linalg.norm(axis)
    upright = np.array([0.0, 0.0, 1.0]) if abs(axis[2]) < 0.7 else -shot.away * brief.side
    ahead = np.cross(upright, axis)
    ahead /= np.linalg.norm(ahead)
    raised = np.cross(axis, ahead)
    # Seen with `axis` pointing away, the arm turns clockwise for positive angles: from raised over ahead to below.
    begin = math.radians(70 + 50 * next(draw))
    sweep = math.radians(100 + 50 * next(draw))
    low = begin - sweep
    hand = ARM * (math.cos(low) * ahead + math.sin(low) * raised)
    middle = ARM * (math.cos(begin - sweep / 2) * ahead + math.sin(begin - sweep / 2) * raised)
    pivot = shot.centre - 0.8 * middle
    pivot[2] = shot.ground + 1.3 + 0.2 * next(draw)
    loose = next(draw)
    strapped = handle is not None and handle.palm is not None
    lag = math.radians(86 + 8 * loose if strapped else 55 + 25 * loose)  # behind the arm: as far as wrists bend back
    base = held(brief.prop, math.cos(low + lag) * ahead + math.sin(low + lag) * raised, np.cross(ahead, raised))
    arm = hand - rotate(base, np.asarray(handle.at if handle else (0.0, 0.0, 0.0)))

    def lay(pace: float) -> tuple[Curve, Spin]:
        draw, speed = brief.draws(20), pace / ARM  # rad/s at the stroke's height
        rates, time = Rates(0.0), brief.frame * (1 + 5 * next(draw))
        while time < brief.seconds:
            angle = sweep * (0.75 + 0.25 * next(draw))
            for turned, share in ((-angle, 0.4 + 0.3 * next(draw)), (angle, 1.0)):
                rate = math.copysign(speed * share * 1.25, turned)
                swell, settle = 0.5 * abs(turned / rate), 0.35 * abs(turned / rate)
                steady = abs(turned / rate) - (swell + settle) / 2
                rates.change(time, rate, swell)
                rates.change(time + swell + steady, 0.0, settle)
                time += swell + steady + settle + brief.frame * (1 + 3 * next(draw))
        turn = rates.turn(vec(-axis))
        return Arc(pivot=vec(pivot), arm=vec(arm), turn=turn), Spin(base=base, world=turn)

    return lay


def summon(brief: Brief) -> Lay:
    """At rest, then called: faster and faster to a hand, caught, held; flung away, and called again."""
    draw, shot = brief.draws(), brief.shot
    hand = brief.at(brief.side * brief.extent * 0.7, 0.3 * (2 * next(draw) - 1))
    rests = []
    for number in range(8):
        rest = brief.at(
            -brief.side * brief.extent * (0.6 + 0.3 * next(draw)), -0.5 + 0.3 * next(draw), 1.5 * next(draw)
        )
        floor = rest.copy()
        floor[2] = shot.ground + 0.5 * shot.prop_size
        shown = float((floor - shot.centre) @ shot.up) > -0.42 * shot.height
        rests.append(floor if shown and (number == 0 or next(draw) < 0.7) else rest)
    sway = Waves(
        waves=(Wave(amplitude=vec(0.003 * shot.up), rate=5.0), Wave(amplitude=vec(0.002 * shot.right), rate=8.3))
    )
    # Where it lies at first it stands upright, turned about the vertical; quaternions of Z turns are (cos, 0, 0, sin).
    facing = math.pi * next(draw)
    base = (math.cos(facing), 0.0, 0.0, math.sin(facing))

    def lay(pace: float) -> tuple[Curve, Spin]:
        draw = brief.draws(40)
        track, rates = Track(rests[0]), Rates(0.0)
        for number in range(200):
            rest = rests[number % 8]
            track.hold(min(0.25 * brief.seconds, 0.25 + 0.6 * next(draw)))
            _fly(brief, track, rates, hand, pace, (0.3, 1.7))
            if track.time > brief.seconds:
                break
            track.hold(0.15 + 0.5 * next(draw))
            rest = rests[(number + 1) % 8]
            _fly(brief, track, rates, rest, 0.8 * pace, (1.5, 0.7))
            if track.time > brief.seconds:
                break
        body = rates.turn(brief.axis)
        return Sum(parts=(track.curve(), sway)), Spin(base=base, body=body)

    return lay


def _fly(brief: Brief, track: Track, rates: Rates, to: Floats, pace: float, ends: tuple[float, float]) -> None:
    """From rest to rest at `to`: mean speed `pace`, at its two ends that times `ends`; stopped within three frames."""
    start, stop = track.point, 3 * brief.frame
    way = to - start
    seconds = float(np.linalg.norm(way)) / pace
    leave, arrive = way / seconds * ends[0], way / seconds * ends[1]
    rates.change(track.time, brief.rate, min(stop, seconds / 3))
    track.to(start + leave * stop / 2, leave, stop)
    track.to(to - arrive * stop / 3, arrive, seconds)
    rates.change(track.time, 0.0, stop)
    track.to(to, None, stop)
