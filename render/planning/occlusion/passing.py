"""Things that pass between camera and target: props and blocks that fly, figures that walk."""

from __future__ import annotations

import math

import numpy as np

from ...asset import InstalledAsset
from ...motion import position
from ...spec import Curve, Extra, Keys, Linear, Spin, Target, Turn
from ...streams import Stream
from ..camera.shot import vec
from ..setting import Setting
from .proposal import WALK, Floats, Knobs, Line, Proposal, any_attitude, extent, extra, turned


def flies(
    setting: Setting, asset: InstalledAsset, line: Line, target: Target, seconds: float, stream: Stream
) -> Proposal:
    """A tumbling thing that overtakes the line of sight at about the speed at which it takes `seconds` to cross it.

    `off` is how far from the line it passes, `slow` its pace across it, `bulk` how large it looks beside the target.
    """
    low, high = extent(asset)
    finish = _finish(setting, asset, stream)
    nearness = stream.uniform(0.45, 0.8)
    tilt = stream.uniform(-0.5, 0.5)
    way = stream.sign() * (math.cos(tilt) * line.right + math.sin(tilt) * np.cross(line.right, line.away))
    across = stream.sign() * np.cross(way, line.away)
    axis = asset.asset.spin_axis if asset.asset.kind == "prop" else _any_way(stream)
    rate = min(stream.uniform(1.0, 9.0), 1.2 / seconds)  # about a fifth of a turn while it hides the target
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
        return (extra(asset, finish, scale, curve, spin),)

    return Proposal(extras, 3.0)


def walks(setting: Setting, asset: InstalledAsset, line: Line, seconds: float, stream: Stream) -> Proposal:
    """A figure walks through the line of sight; its legs go as fast as it moves.

    `off` is how far to the side it is at the moment, `slow` its speed relative to the line, `bulk` how near it walks.
    """
    figure = asset.asset.figure
    assert figure is not None
    low, high = extent(asset)
    finish = stream.pick(list(asset.asset.finishes))
    scale = stream.uniform(0.93, 1.07)
    wide = 0.7 * scale * float(max(high[:2] - low[:2]))
    start = stream.uniform(0.0, 2.0)
    heading = line.right * stream.sign()
    heading = heading + stream.uniform(-0.3, 0.3) * np.cross([0.0, 0.0, 1.0], heading)
    nearness, side = stream.uniform(-0.08, 0.08), stream.sign()

    def extras(knobs: Knobs) -> tuple[Extra, ...]:
        near = min(max(0.85 - 0.45 * knobs.bulk + nearness, 0.3), 0.88)
        passing = line.velocity(near) * [1.0, 1.0, 0.0]
        pace = wide / seconds * math.exp(-2.5 * (knobs.slow - 0.5))
        velocity = passing + heading * pace
        speed = float(np.linalg.norm(velocity))
        brisk = figure.walk_speed * scale
        velocity *= min(max(speed, 0.55 * brisk), 1.6 * brisk) / max(speed, 1e-6)
        way = velocity / np.linalg.norm(velocity)
        spot = line.at(near) + line.right * side * knobs.off * (wide / 2 + line.reach * near)
        spot[2] = setting.ground - float(low[2]) * scale
        yaw = math.atan2(way[1], way[0]) - math.pi / 2  # it faces +Y before it is turned
        play = {
            "action": WALK if WALK in figure.actions else None,
            "action_start": start,
            "action_speed": float(np.linalg.norm(velocity)) / brisk,
        }
        curve = Linear(start=vec(spot - velocity * line.moment), velocity=vec(velocity))
        return (extra(asset, finish, scale, curve, Spin(base=turned(yaw)), play),)

    return Proposal(extras, 2.5)


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


def _finish(setting: Setting, asset: InstalledAsset, stream: Stream) -> str:
    prop = asset.asset.kind == "prop"
    return stream.pick(setting.allowed.finishes(asset) if prop else list(asset.asset.finishes))


def _any_way(stream: Stream) -> tuple[float, float, float]:
    """A unit vector, uniform over the sphere."""
    height, turn = stream.uniform(-1, 1), stream.uniform(0, 2 * math.pi)
    flat = math.sqrt(1 - height * height)
    return flat * math.cos(turn), flat * math.sin(turn), height
