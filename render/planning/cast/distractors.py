"""What may be taken for a target: a second prop of its class, look-alikes, and a mirror that shows it again.

They are never labelled. They keep clear of the targets, and leave them in sight: what hides is an occluder's business.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Self, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from ...asset import InstalledAsset
from ...document import Document, nearest
from ...motion import position
from ...spec import Curve, Extra, Linear, Spin, Still, Sum, Target, Turn
from ...streams import Stream
from ..camera.shot import vec
from ..camera.take import Take, companion
from ..draws import Chance, Number, Pick
from ..motion.motions import MotionRecipe
from ..occlusion.proposal import Line, any_attitude, turned
from ..occlusion.silhouette import Seen
from ..setting import Setting
from .company import apart_bodies
from .targets import ENERGY, TargetRecipe, draw_charge

Floats = NDArray[np.float64]
Streams = Callable[[str, int], Stream]
PATHS = ("own", "crossing", "beside")
ATTEMPTS = 24
"""Ways drawn for each, before the clip goes without it."""
IN_FRONT = 0.3
"""At most this share of a target may be hidden by a distractor, on any frame."""
APART = 0.8
"""How near it may come, as a share of the distance at which the spheres around the two touch."""


class DistractorsRecipe(Document):
    """The chance that a clip has things to take for its targets, how many, and how like them they are.

    `same_class`: the chance that it is a prop of a target's own class, else a look-alike of another class and equal
    size; `same_finish`: that it wears the target's finish. `path`: `own` (a motion as the recipe's targets have),
    `crossing` (a near miss: it crosses the target's way in the picture, behind or beside it), `beside` (it flies along
    with it). `charged`: that it charges up. `mirror`: the chance of a looking-glass that shows the target again.
    """

    chance: Chance = 0.25
    count: Number = Number(uniform=(0.5, 2.5))
    same_class: Chance = 0.6
    same_finish: Chance = 0.5
    path: Pick = Pick(choice=PATHS)
    charged: Chance = 0.3
    mirror: Chance = 0.1

    @model_validator(mode="after")
    def _known(self) -> Self:
        for path in self.path.named:
            if path not in (*PATHS, "any"):
                raise ValueError(f"path: no path '{path}'{nearest(path, list(PATHS))}")
        return self


def draw_distractors(
    asked: DistractorsRecipe,
    target: TargetRecipe,
    motion: MotionRecipe,
    setting: Setting,
    take: Take,
    streams: Streams,
) -> tuple[Extra, ...]:
    """The distractors of a clip; fewer than drawn where there is no room for them."""
    first = streams("distractors", 0)
    extras: tuple[Extra, ...] = ()
    if first.chance(asked.chance):
        for number in range(round(asked.count.draw(first))):

            def own(name: str, attempt: int = 0, number: int = number) -> Stream:
                return streams(f"distractor-{number}-{name}", attempt)

            extras += _like(asked, target, motion, setting.with_extras(extras), take, own)
    if streams("mirror", 0).chance(asked.mirror):
        extras += _mirror(setting.with_extras(extras), streams("mirror", 1))
    return extras


def _like(
    asked: DistractorsRecipe,
    recipe: TargetRecipe,
    motion: MotionRecipe,
    setting: Setting,
    take: Take,
    streams: Streams,
) -> tuple[Extra, ...]:
    """A prop like one of the targets, on a way of its own; nothing where no way is clear."""
    stream = streams("look", 0)
    model = stream.pick(list(setting.targets))
    prop = _prop(setting, model, stream.chance(asked.same_class), stream)
    finishes = setting.allowed.finishes(prop)
    finish = model.finish if stream.chance(asked.same_finish) and model.finish in finishes else stream.pick(finishes)
    scale = stream.uniform(0.9, 1.1)
    if prop.asset.label != model.label:
        scale *= cast(float, setting.library.get(model.asset).asset.size) / cast(float, prop.asset.size)
    charge = draw_charge(recipe.model_copy(update={"charged": asked.charged}), prop, setting.film, streams("charge", 0))
    colour = model.charge_colour if stream.chance(0.5) else stream.pick(list(ENERGY))
    path = asked.path.draw(stream, list(PATHS))
    for attempt in range(ATTEMPTS):
        way = _way(path, prop, model, motion, setting, take, streams, attempt)
        if way is None:
            continue
        extra = Extra(
            role="distractor",
            asset=prop.asset.name,
            asset_digest=prop.digest,
            finish=finish,
            scale=scale,
            curve=way[0],
            spin=way[1],
            charge=charge,
            charge_colour=colour,
        )
        if _fits(extra, setting):
            return (extra,)
    return ()


def _prop(setting: Setting, model: Target, same: bool, stream: Stream) -> InstalledAsset:
    """A prop of the target's class, or of another where there is one."""
    props = [setting.library.get(name) for name in setting.allowed.names("prop")]
    among = [prop for prop in props if (prop.asset.label == model.label) == same]
    return stream.pick(among) if among else setting.library.get(model.asset)


def _way(
    path: str,
    prop: InstalledAsset,
    model: Target,
    motion: MotionRecipe,
    setting: Setting,
    take: Take,
    streams: Streams,
    attempt: int,
) -> tuple[Curve, Spin] | None:
    if path == "own":
        found = companion(motion, setting.allowed, prop, take, setting.film, streams, attempt)
        return found[1:3] if found else None
    stream = streams("way", attempt)
    turns = 2 * math.pi * motion.spin.draw(stream) * stream.sign()
    spin = Spin(base=any_attitude(stream), body=Turn.steady(prop.asset.spin_axis, turns))
    if path == "crossing":
        return _crossing(model, setting, stream), spin
    reach = setting.body(model).radius
    line = Line.to(model, setting, 0.5 * setting.seconds)
    around = stream.uniform(0, 2 * math.pi)
    aside = math.cos(around) * line.right + 0.6 * math.sin(around) * np.cross(line.right, line.away)
    offset = aside * reach * stream.uniform(1.7, 3.5) + line.away * reach * stream.uniform(-0.5, 3.0)
    return Sum(parts=(model.curve, Still(point=vec(offset)))), spin


def _crossing(model: Target, setting: Setting, stream: Stream) -> Curve:
    """Straight across the target's way: at a moment it is seen within a few radii of it, mostly behind it."""
    line = Line.to(model, setting, stream.uniform(0.25, 0.75) * setting.seconds)
    reach = setting.body(model).radius
    behind = stream.chance(0.7)
    depth = 1 + (2.2 + 3 * stream.random()) * reach / float(np.linalg.norm(line.end - line.eye)) * (1 if behind else -1)
    level, upward = line.right, np.cross(line.right, line.away)
    velocity = line.end_velocity
    heading = math.atan2(float(velocity @ upward), float(velocity @ level))
    heading += stream.sign() * math.radians(stream.uniform(35, 145))
    heading = math.atan2(0.6 * math.sin(heading), math.cos(heading))  # more across than up and down
    across = math.cos(heading) * level + math.sin(heading) * upward
    miss = stream.uniform(0.0, 1.2) if behind else stream.uniform(1.6, 2.4)
    aside = np.cross(across, line.away) * miss * reach * stream.sign()
    pace = max(float(np.linalg.norm(velocity)) * stream.uniform(0.6, 1.5), 0.4 * setting.shot.width / setting.seconds)
    speed = across * pace
    spot = line.eye + (line.end - line.eye) * depth + aside
    return Linear(start=vec(spot - speed * line.moment), velocity=vec(speed))


def _fits(extra: Extra, setting: Setting) -> bool:
    """Clear of all targets and extras and of the ground, not before a target, and in the picture for a while."""
    body = setting.body(extra)
    if not all(apart_bodies(body, other, setting.film, APART) for other in setting.bodies()):
        return False
    sight = setting.sight()
    shown_F = Seen.look(body, sight, 6).area > 0
    height_F = position(extra.curve, sight.times)[:, 2] - setting.ground
    if shown_F.mean() < 0.15 or (height_F[shown_F] < 0.4 * body.radius).any():
        return False
    depth_F = np.linalg.norm(position(extra.curve, sight.times) - sight.axes[0], axis=1)
    if depth_F.min() < 3 * body.radius:
        return False
    return all(_open(seen, setting, extra) for seen in map(setting.seen, setting.targets))


def _open(seen: Seen, setting: Setting, extra: Extra) -> bool:
    return bool(np.nan_to_num(seen.hidden_by([setting.body(extra)])).max() <= IN_FRONT)


def _mirror(setting: Setting, stream: Stream) -> tuple[Extra, ...]:
    """A mirror behind the action, turned so that at one moment the camera sees a target in it."""
    names = [n for n in setting.allowed.names("occluder") if setting.library.get(n).asset.stands == "mirror"]
    if not names:
        return ()
    asset = setting.library.get(stream.pick(names))
    finish = stream.pick(list(asset.asset.finishes))
    lowest = min(solid.low[2] for solid in asset.asset.solids())
    low, high = np.asarray(setting.shot.box[0]), np.asarray(setting.shot.box[1])
    for _ in range(ATTEMPTS):
        model = stream.pick(list(setting.targets))
        line = Line.to(model, setting, stream.uniform(0.1, 0.9) * setting.seconds)
        spot = line.end + line.away * stream.uniform(0.6, 2.2)
        spot += line.right * stream.sign() * stream.uniform(0.12, 0.4) * setting.shot.width
        scale = stream.uniform(0.95, 1.3)
        spot[2] = setting.ground - lowest * scale
        half = _level(line.eye - spot) + _level(line.end - spot)
        yaw = math.atan2(half[0], -half[1])  # its face looks to -Y before it is turned
        extra = Extra(
            role="distractor",
            asset=asset.asset.name,
            asset_digest=asset.digest,
            finish=finish,
            scale=scale,
            curve=Still(point=vec(spot)),
            spin=Spin(base=turned(yaw)),
        )
        inside = bool((spot[:2] > low[:2] + 0.3).all() and (spot[:2] < high[:2] - 0.3).all())
        if inside and _stands_clear(extra, setting):
            return (extra,)
    return ()


def _stands_clear(extra: Extra, setting: Setting) -> bool:
    sight = setting.sight()
    posed = setting.body(extra).at(sight.times)
    gaps = [posed.clearance(position(body.curve, sight.times)).min() - body.radius for body in setting.bodies()]
    return min(gaps) > 0 and all(_open(seen, setting, extra) for seen in map(setting.seen, setting.targets))


def _level(way: Floats) -> Floats:
    """The unit vector along a way's level part."""
    flat = np.array([way[0], way[1], 0.0])
    return np.asarray(flat / np.linalg.norm(flat))
