"""Figures that hold a swung target in their hand: where they stand."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ..asset import Figure, InstalledAsset
from ..motion import rotate
from ..spec import Arc, Extra, Spin, Still, Target, Vec3
from ..streams import Stream
from .draws import Chance
from .grasp import handle_at
from .proposal import WALK, extent, turned
from .setting import Setting
from .shot import vec

TALL, SMALL = 1.12, 0.86
"""Figures are made this much larger or smaller at most, so that their shoulder comes to the height of the swing's."""


def draw_holders(chance: Chance, setting: Setting, streams: Callable[[str, int], Stream]) -> tuple[Extra, ...]:
    """The figures that hold targets; `chance` is a target's chance to be held where one can."""
    found = []
    for target in setting.targets:
        stream = streams(f"holder-{target.object_id}", 0)
        if stream.chance(chance) and (figure := _holder(setting, target, stream)) is not None:
            found.append(figure)
    return tuple(found)


def _holder(setting: Setting, target: Target, stream: Stream) -> Extra | None:
    """A figure whose shoulder is the swing's pivot and which faces what it strikes; None where there is none for it.

    Only an `Arc` swings about a shoulder, only figures with an arm hold, and only what has a handle is held.
    """
    handle = setting.library.get(target.asset).asset.handle
    if not isinstance(target.curve, Arc) or handle is None:
        return None
    reach = float(np.linalg.norm(handle_at(target, setting.library, np.zeros(1))[0] - np.asarray(target.curve.pivot)))
    fitting: list[tuple[InstalledAsset, Figure, Vec3, float]] = []
    for name in setting.allowed.names("occluder"):
        asset = setting.library.get(name)
        figure = asset.asset.figure
        if figure is not None and figure.shoulder is not None:
            low, _ = extent(asset)
            scale = (target.curve.pivot[2] - setting.ground) / (figure.shoulder[2] - float(low[2]))
            if SMALL <= scale <= TALL and reach <= figure.reach * scale:
                fitting.append((asset, figure, figure.shoulder, scale))
    if not fitting:
        return None
    asset, figure, shoulder, scale = stream.pick(fitting)
    pivot = np.asarray(target.curve.pivot)
    way = (handle_at(target, setting.library, setting.sight().times) - pivot).mean(axis=0)
    yaw = math.atan2(way[1], way[0]) - math.pi / 2  # it faces +Y before it is turned
    base = turned(yaw)
    stand = pivot - rotate(base, np.asarray(shoulder) * scale)
    still = [action for action in figure.actions if action != WALK] or list(figure.actions)
    actions = [figure.holding] if figure.holding else still
    return Extra(
        asset=asset.asset.name,
        asset_digest=asset.digest,
        finish=stream.pick(list(asset.asset.finishes)),
        scale=scale,
        curve=Still(point=vec(stand)),
        spin=Spin(base=base),
        action=stream.pick(actions),
        action_start=stream.uniform(0.0, 4.0),
        action_speed=stream.uniform(0.5, 0.9),
        holds=target.object_id,
    )
