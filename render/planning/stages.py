"""Stages: which set under which sky, and how the light falls."""

from __future__ import annotations

import math

from ..document import Document
from ..spec import Stage, Sun
from .allowed import Allowed
from .draws import Number, Pick
from .streams import Stream


class StageRecipe(Document):
    """Which sets and HDRIs, and how bright; sun angles in degrees."""

    set: Pick = Pick(choice=("any",))
    hdri: Pick = Pick(choice=("any",))
    hdri_strength: Number = Number(uniform=(0.5, 1.1))
    sun_strength: Number = Number(uniform=(0.5, 3.5))
    sun_elevation: Number = Number(uniform=(18.0, 65.0))


def draw_stage(asked: StageRecipe, allowed: Allowed, stream: Stream) -> Stage:
    chosen_set = allowed.get("set", asked.set.draw(stream, allowed.names("set")))
    chosen_hdri = allowed.get("hdri", asked.hdri.draw(stream, allowed.names("hdri")))
    warmth = stream.random()
    return Stage(
        set=chosen_set.asset.name,
        set_digest=chosen_set.digest,
        hdri=chosen_hdri.asset.name,
        hdri_digest=chosen_hdri.digest,
        hdri_strength=asked.hdri_strength.draw(stream),
        hdri_yaw=stream.uniform(0, 2 * math.pi),
        sun=Sun(
            azimuth=math.radians(stream.uniform(200, 340)),  # from the camera's side, so that faces are lit
            elevation=math.radians(asked.sun_elevation.draw(stream)),
            angle=math.radians(stream.uniform(0.5, 3.0)),
            strength=asked.sun_strength.draw(stream),
            colour=(1.0, 0.96 - 0.2 * warmth, 0.9 - 0.4 * warmth),
        ),
    )
