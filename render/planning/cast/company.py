"""Further targets before the same camera: they may cross in the picture, but never touch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ...asset import Library
from ...motion import position
from ...spec import Film, Target
from ...streams import Stream
from ..allowed import Allowed
from ..camera.shot import inside
from ..camera.take import Take, companion
from ..motion.motions import MotionRecipe
from ..occlusion.bodies import Body
from ..occlusion.silhouette import Seen, Sight
from .targets import ENERGY, TargetRecipe, draw_charge, draw_prop

Floats = NDArray[np.float64]
Streams = Callable[[str, int], Stream]
MOST = 3
"""Targets in a clip."""
ATTEMPTS = 40
"""Ways drawn for a further target, before the clip goes without it."""
FINER = 3
"""Moments a frame at which things are checked for touching."""
FIRST = 0.25
"""On the first frame at most this share of a target may be hidden, by others too."""


def draw_company(
    target: TargetRecipe,
    motion: MotionRecipe,
    allowed: Allowed,
    take: Take,
    film: Film,
    hero: Target,
    streams: Streams,
) -> tuple[Target, ...]:
    """All targets of a clip, the hero first; fewer than drawn where no way keeps clear of the others."""
    count = min(max(round(target.count.draw(streams("count", 0))), 1), MOST)
    targets: tuple[Target, ...] = (hero,)
    for object_id in range(2, count + 1):
        further = _further(object_id, target, motion, allowed, take, film, targets, streams)
        if further is not None:
            targets = (*targets, further)
    return targets


def _further(
    object_id: int,
    asked: TargetRecipe,
    motion: MotionRecipe,
    allowed: Allowed,
    take: Take,
    film: Film,
    others: tuple[Target, ...],
    streams: Streams,
) -> Target | None:
    def own(name: str, attempt: int = 0) -> Stream:
        return streams(f"{name}-{object_id}", attempt)

    prop, finish = draw_prop(asked, allowed, own("target"))
    charge = draw_charge(asked, prop, film, own("charge"))
    colour = own("colour").pick(list(ENERGY))
    for attempt in range(ATTEMPTS):
        found = companion(motion, allowed, prop, _deeper(take, own("place", attempt)), film, own, attempt)
        if found is None:
            continue
        wish, curve, spin, _ = found
        further = Target(
            object_id=len(others) + 1,
            asset=prop.asset.name,
            asset_digest=prop.digest,
            label=prop.asset.label,
            finish=finish,
            motion=wish.motion,
            curve=curve,
            spin=spin,
            charge=charge,
            charge_colour=colour,
        )
        if apart(further, others, film, allowed.library) and _all_shown((*others, further), take, film, allowed):
            return further
    return None


def _deeper(take: Take, stream: Stream) -> Take:
    """The take with its action's centre before or behind the hero's, so that ways may cross in the picture alone."""
    shot = take.shot
    away = stream.sign() * stream.uniform(0.8, 2.2) * shot.prop_size
    centre = shot.centre + away * shot.away + stream.uniform(-0.2, 0.2) * shot.width * shot.right
    return replace(take, shot=replace(shot, centre=inside(centre, shot.box, 0.3 * shot.prop_size)))


def apart(thing: Target, others: tuple[Target, ...], film: Film, library: Library) -> bool:
    """Whether the spheres around a target's and the others' solids never touch (checked `FINER` times a frame)."""
    body = Body.of(thing, library)
    return all(apart_bodies(body, Body.of(other, library), film) for other in others)


def apart_bodies(first: Body, second: Body, film: Film, share: float = 1.0) -> bool:
    """Whether the spheres around two bodies' solids, `share` of their size, never touch."""
    times = np.arange(-1, FINER * film.frames + 1) / (FINER * film.fps)
    way_F3 = position(first.curve, times) - position(second.curve, times)
    return bool(np.linalg.norm(way_F3, axis=1).min() > share * (first.radius + second.radius))


def _all_shown(targets: tuple[Target, ...], take: Take, film: Film, allowed: Allowed) -> bool:
    """Whether every target is in the picture on the first frame, and none before another."""
    sight = Sight(take.camera, film, np.zeros(1))
    bodies = [Body.of(target, allowed.library) for target in targets]
    for body in bodies:
        hidden = Seen.look(body, sight, 12).hidden_by(other for other in bodies if other is not body)[0]
        if not hidden <= FIRST:  # nan: out of the picture
            return False
    return True
