"""What hides the prop, and for how long."""

from __future__ import annotations

import math
from typing import cast

from ..document import Document
from ..motion import position
from ..spec import Camera, Curve, Extra, Film, Linear, Spin, Still
from .allowed import Allowed
from .draws import Chance, Pick
from .shot import Shot, vec
from .streams import Stream

GIRTH = 0.8
"""Occluders are taken to be as wide as they are tall, but at most this many metres (a pillar)."""


class OccludersRecipe(Document):
    """The chance that something hides the prop for a while, that it does so by moving, and what it is."""

    chance: Chance = 0.3
    moving: Chance = 0.4
    asset: Pick = Pick(choice=("any",))


def draw_occluders(
    asked: OccludersRecipe, allowed: Allowed, shot: Shot, curve: Curve, camera: Camera, film: Film, stream: Stream
) -> tuple[Extra, ...]:
    """Something on the ground between camera and prop, in the line of sight at a moment of the clip's middle.

    It stands still where that leaves the prop in sight on the first frame, and passes through where it does not.
    """
    if not stream.chance(asked.chance):
        return ()
    chosen = allowed.get("occluder", asked.asset.draw(stream, allowed.names("occluder")))
    height = cast(float, chosen.asset.size)
    moment = stream.uniform(0.3, 0.7) * film.frames / film.fps
    eye, prop = position(camera.position, moment)[0], position(curve, moment)[0]
    nearness = stream.uniform(0.55, 0.75)
    spot = eye + (prop - eye) * nearness
    # Where the same point of the line of sight lies on the first frame, sideways: the prop must be seen there.
    first_eye, first_prop = position(camera.position, 0.0)[0], position(curve, 0.0)[0]
    aside = float((first_eye + (first_prop - first_eye) * nearness - spot) @ shot.right)
    clearance = (shot.prop_size * nearness + min(height, GIRTH)) / 2
    spot[2] = shot.box[0][2] + height / 2
    resting: Curve = Still(point=vec(spot))
    hurry = stream.uniform(1.0, 1.5)
    if stream.chance(asked.moving) or abs(aside) < clearance:
        velocity = shot.right * math.copysign(hurry * clearance / moment, aside)
        resting = Linear(start=vec(spot - velocity * moment), velocity=vec(velocity))
    finish = stream.pick(list(chosen.asset.finishes))
    half_turn = stream.uniform(0, math.pi)
    return (
        Extra(
            asset=chosen.asset.name,
            asset_digest=chosen.digest,
            finish=finish,
            curve=resting,
            spin=Spin(base=(math.cos(half_turn), 0.0, 0.0, math.sin(half_turn))),
        ),
    )
