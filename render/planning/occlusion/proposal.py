"""What every proposal of a thing that may hide a target is made of: a line of sight, and knobs to turn it by."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...asset import InstalledAsset
from ...motion import position
from ...spec import Curve, Extra, Quaternion, Spin, Target
from ...streams import Stream
from ..setting import Setting

Floats = NDArray[np.float64]
Play = dict[str, Any]
"""The fields of an `Extra` that say what it plays."""
WALK = "walk"
"""The action of a figure that walks."""


@dataclass(frozen=True)
class Knobs:
    """What a proposal can be turned by, each 0..1.

    `off`: 0 covers the target as well as it can, 1 just misses it. `slow`: the time that it takes grows with it.
    `bulk`: how much of the target it could cover at all grows with it.
    """

    off: float
    slow: float = 0.5
    bulk: float = 0.5


@dataclass(frozen=True)
class Proposal:
    """Extras as a function of knobs; `slope` is about how much log(seconds) grows over the range of `slow`."""

    extras: Callable[[Knobs], tuple[Extra, ...]]
    slope: float


@dataclass(frozen=True)
class Line:
    """The line of sight to a target at a moment: both ends, metres, and how fast they go, m/s, float64 (3,)."""

    moment: float
    eye: Floats
    end: Floats
    eye_velocity: Floats
    end_velocity: Floats
    reach: float

    @classmethod
    def to(cls, target: Target, setting: Setting, moment: float) -> Line:
        step = 0.5 / setting.film.fps
        times = [moment - step, moment, moment + step]
        eye, end = position(setting.camera.position, times), position(target.curve, times)
        radius = setting.body(target).radius
        return cls(moment, eye[1], end[1], (eye[2] - eye[0]) / (2 * step), (end[2] - end[0]) / (2 * step), radius)

    def at(self, share: float) -> Floats:
        """The point so far along it: 0 the eye, 1 the target."""
        return self.eye + share * (self.end - self.eye)

    def velocity(self, share: float) -> Floats:
        """How that point moves as camera and target do."""
        return self.eye_velocity + share * (self.end_velocity - self.eye_velocity)

    def pace(self, share: float) -> float:
        """How fast that point moves square to the line, m/s."""
        velocity = self.velocity(share)
        return float(np.linalg.norm(velocity - (velocity @ self.away) * self.away))

    @property
    def away(self) -> Floats:
        return np.asarray((self.end - self.eye) / np.linalg.norm(self.end - self.eye))

    @property
    def right(self) -> Floats:
        """Level, and square to the line."""
        right = np.cross(self.away, [0.0, 0.0, 1.0])
        return np.asarray(right / np.linalg.norm(right))


def extra(
    asset: InstalledAsset, finish: str, scale: float, curve: Curve, spin: Spin, play: Play | None = None
) -> Extra:
    return Extra(
        asset=asset.asset.name,
        asset_digest=asset.digest,
        finish=finish,
        scale=scale,
        curve=curve,
        spin=spin,
        **(play or {}),
    )


def extent(asset: InstalledAsset) -> tuple[Floats, Floats]:
    """Lowest and highest corner of an asset's proxy, metres from its origin."""
    solids = asset.asset.solids()
    return np.min([s.low for s in solids], axis=0), np.max([s.high for s in solids], axis=0)


def turned(yaw: float) -> Quaternion:
    """Upright, turned counter-clockwise by `yaw` radians."""
    return math.cos(yaw / 2), 0.0, 0.0, math.sin(yaw / 2)


def any_attitude(stream: Stream) -> Quaternion:
    """Uniform over all rotations: Shoemake's method (Graphics Gems III, 1992)."""
    words = [stream.random() for _ in range(3)]
    a, b = math.sqrt(1 - words[0]), math.sqrt(words[0])
    x, y = 2 * math.pi * words[1], 2 * math.pi * words[2]
    return b * math.cos(y), a * math.sin(x), a * math.cos(x), b * math.sin(y)
