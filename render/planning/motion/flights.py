"""Motions through the air: straight passes, throws, tosses, bounces, fly-throughs, leaving and coming back.

Each takes a brief and gives the function that lays its way at a pace. What is over before the clip is starts again:
a fast prop comes back from outside the frame, is thrown again, bounces on.
"""

from __future__ import annotations

import math
from itertools import count

import numpy as np

from ...spec import Ballistic, Circular, Curve, Linear, Return, Spin, Sum, Turn
from ..camera.shot import Floats, vec
from .course import Brief, Lay, Rates, Track, velocity

GRAVITY = 9.81
CONTACT = 0.02
"""Seconds that a bounce takes."""


def linear(brief: Brief) -> Lay:
    """Straight across the picture, and again from outside the frame until the clip ends."""

    def lay(pace: float) -> tuple[Curve, Spin]:
        return _passes(brief, pace), brief.spin

    return lay


def tumble(brief: Brief) -> Lay:
    """Straight passes, turning about an axis of its own that itself turns in the world: a body thrown off-axis."""
    draw = brief.draws(40)
    z, around = 2 * next(draw) - 1, 2 * math.pi * next(draw)
    flat = math.sqrt(1 - z * z)
    axis = (flat * math.cos(around), flat * math.sin(around), z)
    world = Turn.steady(axis, -brief.rate * (0.3 + 0.5 * next(draw)))
    spin = brief.spin.model_copy(update={"world": world})

    def lay(pace: float) -> tuple[Curve, Spin]:
        return _passes(brief, pace), spin

    return lay


def _passes(brief: Brief, pace: float) -> Curve:
    """One straight flight where it lasts the clip, filmed in its middle; else one after the other, side to side."""
    start, end = brief.across()
    way = velocity(start, end, pace)
    if pace * brief.seconds <= np.linalg.norm(end - start):
        return Linear(start=vec((start + end) / 2 - way * brief.seconds / 2), velocity=vec(way))
    track, draw = Track(start, way), brief.draws()
    beyond = _beyond(brief, start, end)
    if pace * brief.seconds <= np.linalg.norm(beyond - start):
        return Linear(start=vec(start), velocity=vec(way))
    track.straight(beyond, pace)
    side = brief.side
    while track.time < brief.seconds:
        side = -side  # it comes back the way it left, at another height
        entry = brief.at(brief.outside(-side), _height(next(draw)), _depth(brief, next(draw)))
        leave = brief.at(brief.outside(side), _height(next(draw)), _depth(brief, next(draw)))
        way = velocity(entry, leave, pace)
        track.to(entry, way, max(2.5 * brief.frame, 1.5 * brief.shot.prop_size / pace))
        track.straight(leave, pace)
    return track.curve()


def _beyond(brief: Brief, start: Floats, end: Floats) -> Floats:
    """Where the straight way from `start` through `end` leaves the picture for good."""
    across = float((end - start) @ brief.shot.right)
    out = brief.outside(brief.side) * brief.half - float((start - brief.shot.centre) @ brief.shot.right)
    return np.asarray(start + (end - start) * max(out / across, 1.0)) if across else end


def _height(draw: float) -> float:
    return 0.6 * (2 * draw - 1)


def _depth(brief: Brief, draw: float) -> float:
    return brief.lean * brief.extent * brief.half * (2 * draw - 1)


def reenter(brief: Brief) -> Lay:
    """Out of the frame, away for a while, and back in, from the same side or the other."""

    def lay(pace: float) -> tuple[Curve, Spin]:
        draw, side = brief.draws(), brief.side
        out = abs(brief.outside(1.0)) * brief.half
        before = min(out + 0.4 * brief.half, 0.35 * pace * brief.seconds)  # the way until it is out
        height, deep = _height(next(draw)), _depth(brief, next(draw))
        start = brief.at((side * (out - before)) / brief.half, height, deep)
        leave = brief.at(side * out / brief.half, height + 0.4 * (next(draw) - 0.5), deep)
        track = Track(start, velocity(start, leave, pace))
        track.straight(leave, pace)
        while track.time < brief.seconds:
            crossing = 2 * out / pace
            least = max(3 * brief.frame, 0.06 * brief.seconds)
            pause = min(max(crossing * (0.4 + 0.4 * next(draw)), least), 0.25 * brief.seconds)
            side = side if next(draw) < 0.7 else -side  # where it comes back: mostly where it left
            entry = brief.at(side * out / brief.half, _height(next(draw)), _depth(brief, next(draw)))
            side = -side
            leave = brief.at(side * out / brief.half, _height(next(draw)), _depth(brief, next(draw)))
            track.to(entry, velocity(entry, leave, pace), pause)
            track.straight(leave, pace)
        return track.curve(), brief.spin

    return lay


def approach(brief: Brief) -> Lay:
    """From far off past the lens, out of the frame beside it; round behind the camera, and away again."""
    shot, draw = brief.shot, brief.draws()
    near_depth = 1.15 * shot.prop_size + 0.15
    far = brief.at(0.5 * (2 * next(draw) - 1), 0.4 * (2 * next(draw) - 1), 0.6 * shot.distance + 3.0 * next(draw))

    def beside(side: float, height: float) -> Floats:
        """Beside the lens, just out of the frame."""
        half = brief.half * near_depth / shot.distance
        place = shot.eye + shot.away * near_depth + side * (half + 0.7 * shot.prop_size) * shot.right
        return np.asarray(place + height * half * shot.up)

    def lay(pace: float) -> tuple[Curve, Spin]:
        draw, side = brief.draws(4), brief.side
        near = beside(side, 0.6 * (next(draw) - 0.5))
        track = Track(far, velocity(far, near, pace))
        track.straight(near, pace)
        while track.time < brief.seconds:
            side = -side
            back = beside(side, 0.6 * (next(draw) - 0.5))
            track.to(back, velocity(back, far, pace), max(6 * brief.frame, 0.35))
            turn = far + 0.15 * shot.prop_size * shot.right
            track.straight(back + (far - back) * 0.98, pace)
            near = beside(-side, 0.6 * (next(draw) - 0.5))
            track.to(turn, velocity(turn, near, pace), max(4 * brief.frame, 2.4 * shot.prop_size / pace))
            track.straight(near, pace)
            side = -side
        return track.curve(), brief.spin

    return lay


def thrown(brief: Brief) -> Lay:
    """Thrown from a hand beside the picture's edge, called back, caught, and thrown again."""
    hand, far = brief.across()
    reach = far - hand

    def lay(pace: float) -> tuple[Curve, Spin]:
        draw, shot = brief.draws(), brief.shot
        out = 1.25 * float(np.linalg.norm(reach)) / pace
        bow = shot.up * shot.height * 0.3 * (next(draw) - 0.5) + shot.away * 0.3 * shot.width * (next(draw) - 0.5)
        if 2 * out >= brief.seconds:  # one throw: filmed from when it leaves the hand, or a little later
            begin = min(next(draw) * 0.2, 1 - brief.seconds / (2 * out)) if brief.seconds < 2 * out else 0.0
            return _throw_from(hand, reach, bow, 2 * out, begin * 2 * out), brief.spin
        track = Track(hand)
        track.hold(brief.frame * (1 + 4 * next(draw)))
        while track.time < brief.seconds:
            away, home = reach / out * 1.5 + bow / out, -reach / out * 1.5 + bow / out
            swing = 3 * brief.frame
            track.to(hand + away * swing / 2, away, swing)
            track.to(hand + reach, -bow * 1.5 / out, out)
            track.to(hand - home * swing / 2, home, out)
            track.to(hand, None, swing)
            track.hold(brief.frame * (2 + 8 * next(draw)))
            bow = shot.up * shot.height * 0.3 * (next(draw) - 0.5) + shot.away * 0.3 * shot.width * (next(draw) - 0.5)
        return track.curve(), brief.spin

    return lay


def _throw_from(hand: Floats, reach: Floats, bow: Floats, period: float, begin: float) -> Curve:
    """A single throw and return, `begin` seconds into it at time 0."""
    if begin == 0:
        return Return(start=vec(hand), reach=vec(reach), bow=vec(bow), period=period)
    # sin(a + b) is a mixture of sine and cosine: the same curve, begun later, is a sum of two orbits.
    rate, zero = math.pi / period, (0.0, 0.0, 0.0)
    first = Circular(centre=vec(hand), u=zero, v=vec(reach), phase=rate * begin, rate=rate)
    second = Circular(centre=zero, u=zero, v=vec(bow), phase=2 * rate * begin, rate=2 * rate)
    return Sum(parts=(first, second))


def toss(brief: Brief) -> Lay:
    """Tossed up and caught, again and again: parabolas, higher the harder.

    A pace that would leave the frame, or stay in the hand, is filmed faster or slower than life: gravity goes with it.
    """

    def lay(pace: float) -> tuple[Curve, Spin]:
        draw, shot = brief.draws(), brief.shot
        height = min(max(1.65 * pace**2 / GRAVITY, 0.28 * shot.height), 0.8 * shot.height)
        low = -0.5 * height / (shot.height / 2)
        here = brief.at(-brief.side * brief.extent * next(draw), low, 0.0)
        time = 2.2 * height / pace
        gravity = np.array([0.0, 0.0, -8 * height / time**2])
        there = brief.at(brief.side * brief.extent * next(draw), low, _depth(brief, next(draw)))
        up = (there - here) / time - gravity * time / 2
        if time >= brief.seconds:
            return Ballistic(start=vec(here), velocity=vec(up), gravity=vec(gravity)), brief.spin
        track, catch = Track(here), 3 * brief.frame
        track.hold(brief.frame * (1 + 3 * next(draw)))
        while track.time < brief.seconds:
            up = (there - here) / time - gravity * time / 2
            down = (there - here) / time + gravity * time / 2
            track.to(here, up, catch)
            track.to(there, down, time)
            track.to(there + 0.3 * catch * down, None, catch)
            track.hold(brief.frame * (1 + 5 * next(draw)))
            here = track.point
            there = brief.at(brief.extent * (2 * next(draw) - 1), low, _depth(brief, next(draw)))
        return track.curve(), brief.spin

    return lay


def ricochet(brief: Brief) -> Lay:
    """Straight flights between walls, the ground and posts; each bounce changes its speed and its spin."""
    ground = brief.shot.ground + 0.56 * brief.shot.prop_size
    floor = (ground - brief.shot.centre[2]) / max(brief.shot.up[2], 0.3) / (brief.shot.height / 2)
    draw, places, side = brief.draws(), list[Floats](), -brief.side
    start = brief.at(side * brief.extent * 0.8, _height(next(draw)), _depth(brief, next(draw)))
    for number in count():
        if number == 24:
            break
        side = -side
        if number % 3 == 1:  # off the ground, or off something that stands in the picture
            place = (
                0.5 * side * brief.extent * next(draw),
                max(floor, -0.8) if next(draw) < 0.7 else _height(next(draw)),
            )
        else:
            place = (side * brief.extent * (0.8 + 0.2 * next(draw)), _height(next(draw)))
        places.append(brief.at(*place, _depth(brief, next(draw))))

    def lay(pace: float) -> tuple[Curve, Spin]:
        draw = brief.draws(60)
        rates, rate = Rates(brief.rate), brief.rate
        way = velocity(start, places[0], pace)
        track = Track(start, way)
        for number in count():
            here, there = places[number % len(places)], places[(number + 1) % len(places)]
            after = velocity(here, there, pace * (0.75 + 0.4 * next(draw)))
            contact = min(CONTACT, 0.2 * float(np.linalg.norm(here - track.point)) / pace)
            touch = here - way * contact / 4
            track.straight(touch, float(np.linalg.norm(way)))
            rate = -math.copysign(brief.rate * (0.5 + 1.1 * next(draw)), rate) if next(draw) < 0.75 else 1.3 * rate
            rate = math.copysign(min(abs(rate), 1.6 * abs(brief.rate)), rate)
            rates.change(track.time, rate, contact)
            left = here + after * contact / 4
            way = velocity(left, there, float(np.linalg.norm(after)))
            track.to(left, way, contact)
            if track.time > brief.seconds:
                break
        return track.curve(), Spin(base=brief.base, body=rates.turn(brief.axis))

    return lay
