"""Figures that hold a swung target in their hand: where they stand."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ...asset import Figure, InstalledAsset
from ...motion import position, rotate
from ...spec import Extra, Spin, Still, Target, Vec3
from ...streams import Stream
from ..camera.shot import vec
from ..draws import Chance
from ..occlusion.grasp import handle_at, shoulder_of
from ..occlusion.proposal import WALK, extent, turned
from ..setting import Setting

TALL, SMALL = 1.12, 0.86
"""Figures are made this much larger or smaller at most, so that their shoulder comes to the height of the swing's."""
TURNS = (0.0, 25.0, -25.0, 50.0, -50.0, 75.0, -75.0)
"""Degrees by which a figure may face away from what it strikes, so that the target is seen past it at first."""
GIVES = 0.02
"""Metres by which an arm may be too long or too short for what it wears: its shoulder gives way by more."""
HIDES = 0.35
"""On the first frame at most this share of a target may be hidden by who holds it, and by others."""


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

    Only an `Arc` swings about a shoulder, only figures with an arm hold, and only what has a handle is held; what is
    worn, by an arm as long as the one that it was swung on.
    """
    handle = setting.library.get(target.asset).asset.handle
    arc = shoulder_of(target.curve)
    if arc is None or handle is None:
        return None
    pivot = np.asarray(arc.pivot)
    upper = float(np.linalg.norm(arc.arm)) if handle.worn else None
    reach = float(np.linalg.norm(handle_at(target, setting.library, np.zeros(1))[0] - pivot))
    fitting: list[tuple[InstalledAsset, Figure, Vec3, float]] = []
    for name in setting.allowed.names("occluder"):
        asset = setting.library.get(name)
        figure = asset.asset.figure
        if figure is not None and figure.shoulder is not None:
            low, _ = extent(asset)
            scale = (arc.pivot[2] - setting.ground) / (figure.shoulder[2] - float(low[2]))
            if SMALL <= scale <= TALL and reach <= figure.reach * scale and _fits(figure, scale, upper):
                fitting.append((asset, figure, figure.shoulder, scale))
    if not fitting:
        return None
    asset, figure, shoulder, scale = stream.pick(fitting)
    way = (handle_at(target, setting.library, setting.sight().times) - pivot).mean(axis=0)
    straight = math.atan2(way[1], way[0]) - math.pi / 2  # it faces +Y before it is turned
    still = [action for action in figure.actions if action != WALK] or list(figure.actions)
    actions = [figure.holding] if figure.holding else still
    action, start, slow = stream.pick(actions), stream.uniform(0.0, 4.0), stream.uniform(0.5, 0.9)
    finish, aside = stream.pick(list(asset.asset.finishes)), stream.sign()
    for degrees in TURNS:
        base = turned(straight + aside * math.radians(degrees))
        held = Extra(
            asset=asset.asset.name,
            asset_digest=asset.digest,
            finish=finish,
            scale=scale,
            curve=Still(point=vec(pivot - rotate(base, np.asarray(shoulder) * scale))),
            spin=Spin(base=base),
            action=action,
            action_start=start,
            action_speed=slow,
            holds=target.object_id,
        )
        if _shown(setting.with_extras((held,)), target):
            return held
    return None


def _fits(figure: Figure, scale: float, upper: float | None) -> bool:
    """Whether its upper arm is as long as that which a worn target swings on; None: it is held, any arm will do."""
    return upper is None or (figure.arm is not None and abs(figure.arm[0] * scale - upper) <= GIVES)


def _shown(setting: Setting, target: Target) -> bool:
    """Whether all targets are seen well enough on the first frame, and none goes through the figure."""
    sight = setting.sight()
    posed = setting.body(setting.extras[-1]).at(sight.times)
    for other in setting.targets:
        body = setting.body(other)
        if not setting.seen(other).hidden_by(setting.bodies(without=other))[0] <= HIDES:
            return False
        if other is not target and posed.clearance(position(other.curve, sight.times)).min() < 0.6 * body.radius:
            return False
    return True
