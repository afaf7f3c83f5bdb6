"""Things that stand or hang between camera and target, stacks of loose ones, figures that stand or fight."""

from __future__ import annotations

import math

import numpy as np

from ...asset import InstalledAsset
from ...spec import Extra, Spin, Still
from ...streams import Stream
from ..camera.shot import vec
from ..setting import Setting
from .proposal import WALK, Knobs, Line, Play, Proposal, extent, extra, turned

COLUMNS, ROWS = 4, 3
"""Loose things are put side by side and upon each other, at most so many."""
ABOVE = 0.25
"""How much of `off` goes into what an edge stands out beyond the target, before it begins to uncover it."""


def stays(setting: Setting, asset: InstalledAsset, line: Line, stream: Stream) -> Proposal:
    """On the ground, hung up, or loose things stacked wide enough for the time and high enough for the target.

    A figure stands there on the spot, or fights. `off` moves the upper edge down past the target, by sinking the thing
    into the ground (the lower edge up where it hangs, a figure to the side), the first `ABOVE` of it down to the
    target's top. `slow` makes it wider and brings it nearer to the camera; `bulk` makes it larger.
    """
    low, high = extent(asset)
    size, hung, loose = high - low, asset.asset.stands == "hung", asset.asset.stands == "loose"
    finish = stream.pick(list(asset.asset.finishes))
    facing = math.atan2(line.away[1], line.away[0]) - math.pi / 2  # its front or back towards the camera
    flat = loose or size[0] > 1.8 * size[1]
    yaw = facing + (stream.uniform(-0.5, 0.5) if flat else stream.uniform(0, 2 * math.pi))
    across = np.array([math.cos(yaw), math.sin(yaw), 0.0])
    side, half_wide = stream.sign(), float(max(size[:2])) / 2
    jitter = [[stream.uniform(-0.05, 0.05) for _ in range(COLUMNS)] for _ in range(ROWS)]
    nearness = stream.uniform(-0.1, 0.1)
    play = _on_the_spot(asset, stream)

    def extras(knobs: Knobs) -> tuple[Extra, ...]:
        near = min(max(0.9 - 0.5 * knobs.slow - 0.1 * knobs.bulk + nearness, 0.25), 0.88)
        scale = (0.65 + 0.3 * knobs.bulk) * 2.0**knobs.slow if asset.asset.figure is None else 0.92 + 0.16 * knobs.slow
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
            middle = float(low[2] + high[2]) / 2 * scale
            lift = max(lift, float(spot[2]) - middle + _past(step / 2, reach, knobs.off))
        elif asset.asset.figure is not None:  # to the side: nobody sinks into the ground
            spot = spot + line.right * side * knobs.off * (half_wide * scale + reach)
        else:
            lift -= _past(setting.ground + step * rows - float(spot[2]), reach, knobs.off)
        pitch = float(size[0]) * scale * 1.01
        found = []
        for row in range(rows):
            for column in range(columns):
                point = spot + across * pitch * (column - (columns - 1) / 2)
                point[2] = lift + row * step
                base = turned(yaw + jitter[row][column])
                found.append(extra(asset, finish, scale, Still(point=vec(point)), Spin(base=base), play))
        return tuple(found)

    return Proposal(extras, math.log(2.0 * COLUMNS * 1.3) + 0.8 if loose else 1.5)


def _past(beyond: float, reach: float, off: float) -> float:
    """How far an edge `beyond` a target's middle is moved, metres: to `reach` on this side of it, then to the other."""
    spare = max(beyond - reach, 0.0)
    return spare * min(off / ABOVE, 1.0) + max(min(2 * reach, beyond + reach), 0.0) * max(off - ABOVE, 0.0) / (
        1 - ABOVE
    )


def _on_the_spot(asset: InstalledAsset, stream: Stream) -> Play:
    """What an animated asset plays where it stands: a figure anything but walking, cloth its swaying."""
    if asset.asset.figure is None:
        return {"action_start": stream.uniform(0.0, 4.0)} if asset.asset.action else {}
    actions = [name for name in asset.asset.figure.actions if name != WALK] or list(asset.asset.figure.actions)
    speed = stream.uniform(0.85, 1.15)
    return {"action": stream.pick(actions), "action_start": stream.uniform(0.0, 4.0), "action_speed": speed}
