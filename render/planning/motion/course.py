"""What every motion is laid from, and the track of keys that flights, bounces and catches are made of."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from ...asset import InstalledAsset
from ...spec import Curve, Hermite, Quaternion, Spin, Turn, Vec3
from ..camera.shot import Floats, Shot, inside, vec

Lay = Callable[[float], tuple[Curve, Spin]]
"""Curve and spin of a motion at a pace: about so many metres a second where it moves. Its way stays the same."""

DICE = 96


@dataclass(frozen=True)
class Brief:
    """What a motion is laid in and from; all that it draws is drawn before its pace is known.

    frame, seconds: of one frame and of the clip, in seconds. extent: the way's share of the frame's width. lean: how
    far it tends away from the camera, as a share of its length; tilt: its slope in the picture, radians. side: 1
    rightwards, -1 leftwards. rate: of the spin about `axis`, rad/s. base: the attitude. prop: what moves. dice: further
    uniform draws.
    """

    shot: Shot
    frame: float
    seconds: float
    extent: float
    lean: float
    tilt: float
    side: float
    rate: float
    axis: Vec3
    base: Quaternion
    prop: InstalledAsset
    dice: tuple[float, ...]

    @property
    def spin(self) -> Spin:
        """Steadily about its axis."""
        return Spin(base=self.base, body=Turn.steady(self.axis, self.rate))

    @property
    def half(self) -> float:
        """Half the frame's width at the action's centre, metres."""
        return self.shot.width / 2

    def draws(self, skip: int = 0) -> Iterator[float]:
        """The dice from the start, over and over, so that a way is the same at every pace."""
        number = skip
        while True:
            yield self.dice[number % DICE]
            number += 1

    def at(self, x: float, y: float, z: float = 0.0) -> Floats:
        """A point of the picture, in the clear room: `x`, `y` in half widths and half heights, `z` in metres away."""
        point = self.shot.at(x * self.half, y * self.shot.height / 2, z)
        return inside(point, self.shot.box, 0.56 * self.shot.prop_size)

    def across(self) -> tuple[Floats, Floats]:
        """Where a way across the picture begins and ends."""
        rise = math.tan(self.tilt) * self.extent * 0.5
        deep = self.lean * self.extent * self.half
        return self.at(-self.side * self.extent, -rise, -deep), self.at(self.side * self.extent, rise, deep)

    def outside(self, side: float) -> float:
        """Half widths from the centre at which the prop is out of the frame on that side."""
        return side * (1.0 + 0.8 * self.shot.prop_size / self.half)


class Track:
    """Keys of a Hermite curve, one after the other from time 0 on."""

    def __init__(self, point: Floats, velocity: Floats | None = None) -> None:
        self.time = 0.0
        self._keys = [(0.0, vec(point), vec(velocity) if velocity is not None else (0.0, 0.0, 0.0))]

    def to(self, point: Floats, velocity: Floats | None = None, seconds: float = 0.0) -> None:
        """On to `point` in `seconds` (at least a millisecond), arriving with `velocity` (None: at rest)."""
        self.time += max(seconds, 1e-3)
        self._keys.append((self.time, vec(point), vec(velocity) if velocity is not None else (0.0, 0.0, 0.0)))

    def straight(self, to: Floats, pace: float) -> None:
        """On along the last velocity to `to`, which must lie in its direction."""
        _, point, velocity = self._keys[-1]
        self.to(to, np.asarray(velocity), float(np.linalg.norm(to - np.asarray(point))) / pace)

    def hold(self, seconds: float) -> None:
        """Stay where it came to rest."""
        self.to(np.asarray(self._keys[-1][1]), None, seconds)

    @property
    def point(self) -> Floats:
        return np.asarray(self._keys[-1][1])

    def curve(self) -> Hermite:
        times, points, velocities = zip(*self._keys, strict=True)
        # Unchecked, as most are drawn in vain: times grow by `to`. The whole spec is checked when it is rounded.
        return Hermite.model_construct(times=times, points=points, velocities=velocities)


class Rates:
    """Keys of a turn's rate, one after the other; each change takes the time it is given."""

    def __init__(self, rate: float) -> None:
        self._times, self._rates = [0.0], [rate]

    def change(self, time: float, rate: float, seconds: float) -> None:
        """From `time` on go over to `rate` within `seconds`."""
        begin = max(time, self._times[-1] + 1e-3)
        self._times += [begin, begin + max(seconds, 1e-3)]
        self._rates += [self._rates[-1], rate]

    def turn(self, axis: Vec3) -> Turn:
        return Turn(axis=axis, times=tuple(self._times), rates=tuple(self._rates))


def velocity(start: Floats, end: Floats, pace: float) -> Floats:
    """Of a straight flight from `start` to `end` at `pace` m/s."""
    way = end - start
    return np.asarray(way * (pace / max(float(np.linalg.norm(way)), 1e-9)))
