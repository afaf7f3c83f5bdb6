"""Things that could hide a target at a moment, each with a few freedoms: where it is, how large, how fast.

`static` things stand between camera and target, hang there, or are a stack of loose ones; `moving` ones fly past.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..asset import InstalledAsset
from ..motion import position
from ..spec import Curve, Extra, Keys, Linear, Quaternion, Spin, Still, Target, Turn
from ..streams import Stream
from .draws import Pick
from .setting import Setting
from .shot import vec

Floats = NDArray[np.float64]
KINDS = ("static", "moving", "figure")
COLUMNS, ROWS = 4, 3
"""Loose things are put side by side and upon each other, at most so many."""


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


def kinds_there(kinds: Pick, assets: Pick, setting: Setting) -> list[str]:
    """Those of the recipe's kinds of which the library has something."""
    standing, flying = _names(assets, setting)
    there = [kind for kind, names in (("static", standing), ("moving", flying)) if names]
    return [kind for kind in there if kinds.named == ("any",) or kind in kinds.named]


def propose(
    kind: str, assets: Pick, setting: Setting, target: Target, moments: list[float], seconds: float, stream: Stream
) -> Proposal | None:
    """Something of a kind that is there, which may hide `target` around one of the moments for `seconds`.

    What stands there hides a target for as long as the target takes to pass it: None where nothing has that width.
    """
    standing, flying = _names(assets, setting)
    if kind == "moving":
        asset = setting.library.get(stream.pick(flying))
        return _flies(setting, asset, Line.to(target, setting, moments[0]), target, seconds, stream)
    for moment in moments:
        line = Line.to(target, setting, moment)
        wide = [name for name in standing if _could(setting.library.get(name), line, seconds)]
        if wide and (assets.named == ("any",) or set(assets.named) & set(wide)):
            return _stays(setting, setting.library.get(assets.draw(stream, wide)), line, seconds, stream)
    return None


def _could(asset: InstalledAsset, line: Line, seconds: float) -> bool:
    """Whether it can be about as wide as the way that the target goes behind it in that time (or narrower, if the
    target needs that time to pass a post)."""
    low, high = _extent(asset)
    way = line.pace(1.0) * seconds  # at the target's place; what is nearer looks larger
    if asset.asset.stands == "loose":
        narrow, wide = 0.55, 1.7 * COLUMNS
    else:
        narrow, wide = float(min(high[:2] - low[:2])), float(max(high[:2] - low[:2]))
        if high[0] - low[0] > 1.8 * (high[1] - low[1]):
            narrow = 0.9 * wide
    return max(0.75 * narrow, 1.4 * line.reach) < way < 4 * wide


def _names(assets: Pick, setting: Setting) -> tuple[list[str], list[str]]:
    """Assets that can stand there, and those that can fly past: loose ones of them, and props."""
    standing = [n for n in setting.allowed.names("occluder") if _stands(setting, n) in ("ground", "hung", "loose")]
    if assets.named != ("any",):
        standing = [name for name in standing if name in assets.named]
    loose = [name for name in standing if _stands(setting, name) == "loose"]
    return standing, [*setting.allowed.names("prop"), *loose]


def _stands(setting: Setting, name: str) -> str:
    return setting.library.get(name).asset.stands


def _stays(setting: Setting, asset: InstalledAsset, line: Line, seconds: float, stream: Stream) -> Proposal:
    """On the ground, hung up, or loose things stacked wide enough for the time and high enough for the target.

    `off` moves its upper edge down past the target, by sinking it into the ground (the lower edge up, where it hangs);
    `slow` makes it wider and brings it nearer to the camera; `bulk` makes it larger.
    """
    low, high = _extent(asset)
    size, hung, loose = high - low, asset.asset.stands == "hung", asset.asset.stands == "loose"
    finish = stream.pick(list(asset.asset.finishes))
    facing = math.atan2(line.away[1], line.away[0]) - math.pi / 2  # its front or back towards the camera
    flat = loose or size[0] > 1.8 * size[1]
    yaw = facing + (stream.uniform(-0.5, 0.5) if flat else stream.uniform(0, 2 * math.pi))
    across = np.array([math.cos(yaw), math.sin(yaw), 0.0])
    jitter = [[stream.uniform(-0.05, 0.05) for _ in range(COLUMNS)] for _ in range(ROWS)]
    nearness = stream.uniform(-0.1, 0.1)

    def extras(knobs: Knobs) -> tuple[Extra, ...]:
        near = min(max(0.9 - 0.5 * knobs.slow - 0.1 * knobs.bulk + nearness, 0.25), 0.88)
        scale = (0.65 + 0.3 * knobs.bulk) * 2.0**knobs.slow
        columns = rows = 1
        spot, reach = line.at(near), line.reach * near
        if loose:
            wide = 0.55 * (2.0 * COLUMNS * 1.3) ** knobs.slow
            columns = min(max(math.ceil(wide / 1.3), 1), COLUMNS)
            scale = wide / columns
            rows = min(max(math.ceil((spot[2] + reach - setting.ground) / (scale * float(size[2]))), 1), ROWS)
        step = float(size[2]) * scale
        lift = setting.ground - float(low[2]) * scale
        if hung:  # from its middle before the target up to its lower edge above the target
            lift = max(lift, float(spot[2] - (low[2] + high[2]) / 2 * scale) + knobs.off * (step / 2 + reach))
        else:
            lift -= knobs.off * max(setting.ground + step * rows - float(spot[2]) + reach, 0.0)
        pitch = float(size[0]) * scale * 1.01
        found = []
        for row in range(rows):
            for column in range(columns):
                point = spot + across * pitch * (column - (columns - 1) / 2)
                point[2] = lift + row * step
                base = turned(yaw + jitter[row][column])
                found.append(_extra(asset, finish, scale, Still(point=vec(point)), Spin(base=base)))
        return tuple(found)

    return Proposal(extras, math.log(2.0 * COLUMNS * 1.3) + 0.8 if loose else 1.5)


def _flies(
    setting: Setting, asset: InstalledAsset, line: Line, target: Target, seconds: float, stream: Stream
) -> Proposal:
    """A tumbling thing that overtakes the line of sight at about the speed at which it takes `seconds` to cross it.

    `off` is how far from the line it passes, `slow` its pace across it, `bulk` how large it looks beside the target.
    """
    low, high = _extent(asset)
    finish = _finish(setting, asset, stream)
    nearness = stream.uniform(0.45, 0.8)
    tilt = stream.uniform(-0.5, 0.5)
    way = stream.sign() * (math.cos(tilt) * line.right + math.sin(tilt) * np.cross(line.right, line.away))
    across = stream.sign() * np.cross(way, line.away)
    axis = asset.asset.spin_axis if asset.asset.kind == "prop" else _any_way(stream)
    rate = min(stream.uniform(1.0, 9.0), 2.0 / seconds)  # about half a turn while it hides the target
    spin = Spin(base=any_attitude(stream), body=Turn.steady(axis, stream.sign() * rate))
    wide = float(np.linalg.norm(high - low)) * 0.6
    bent = _bend(target, line, seconds) > 0.4 * line.reach

    def extras(knobs: Knobs) -> tuple[Extra, ...]:
        looks = 2 * line.reach * 0.7 * 3.5**knobs.bulk  # as wide as this would, at the target's place
        scale = min(max(looks * nearness / wide, 0.7), 2.2)
        near = min(max(wide * scale / looks, 0.25), 0.88)
        pace = wide * scale / seconds * math.exp(-3.0 * (knobs.slow - 0.5))
        beside = across * knobs.off * (wide * scale / 2 + line.reach * near)
        curve = _overtakes(setting, target, line, near, beside, way * pace, bent)
        return (_extra(asset, finish, scale, curve, spin),)

    return Proposal(extras, 3.0)


def _overtakes(
    setting: Setting, target: Target, line: Line, near: float, beside: Floats, velocity: Floats, bent: bool
) -> Curve:
    """A path that passes the line of sight, `near` along it, at `velocity` relative to it, straight or bent."""
    if not bent:
        speed = line.velocity(near) + velocity
        return Linear(start=vec(line.at(near) + beside - speed * line.moment), velocity=vec(speed))
    count = max(4, round(8 * setting.seconds))
    times = np.round(np.linspace(-0.1, setting.seconds + 0.1, count), 6)
    eye_N3, end_N3 = position(setting.camera.position, times), position(target.curve, times)
    points_N3 = eye_N3 + near * (end_N3 - eye_N3) + beside + np.outer(times - line.moment, velocity)
    return Keys(times=tuple(float(t) for t in times), points=tuple(vec(point) for point in points_N3))


def _bend(target: Target, line: Line, seconds: float) -> float:
    """Metres that the target strays from going straight on, within `seconds` around the moment."""
    times = line.moment + seconds * np.array([-0.7, 0.7])
    straight = line.end + np.outer(times - line.moment, line.end_velocity)
    return float(np.linalg.norm(position(target.curve, times) - straight, axis=1).max())


def _extra(asset: InstalledAsset, finish: str, scale: float, curve: Curve, spin: Spin) -> Extra:
    return Extra(asset=asset.asset.name, asset_digest=asset.digest, finish=finish, scale=scale, curve=curve, spin=spin)


def _finish(setting: Setting, asset: InstalledAsset, stream: Stream) -> str:
    prop = asset.asset.kind == "prop"
    return stream.pick(setting.allowed.finishes(asset) if prop else list(asset.asset.finishes))


def _extent(asset: InstalledAsset) -> tuple[Floats, Floats]:
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


def _any_way(stream: Stream) -> tuple[float, float, float]:
    """A unit vector, uniform over the sphere."""
    height, turn = stream.uniform(-1, 1), stream.uniform(0, 2 * math.pi)
    flat = math.sqrt(1 - height * height)
    return flat * math.cos(turn), flat * math.sin(turn), height
