"""Motions: the ways a prop goes through the picture (pure NumPy)."""

from __future__ import annotations

import math
from typing import Self

from pydantic import model_validator

from ..document import Document, nearest
from ..spec import Circular, Curve, Film, Linear, Return
from .allowed import Allowed
from .draws import Number, Pick
from .shot import Shot, vec
from .streams import Stream

FLIGHT_SHARE = 0.6
"""A straight flight takes at least this share of the clip, so that the prop is not absent from most of it."""

MOTIONS = ("linear", "circular", "return")


class MotionRecipe(Document):
    """`seconds`: one crossing, one orbit, or out and back again. `extent`: the path's share of the frame's width."""

    kind: Pick = Pick(choice=("linear", "circular", "return"))
    seconds: Number = Number(uniform=(0.8, 1.6))
    extent: Number = Number(uniform=(0.5, 0.9))
    depth: Number = Number(uniform=(-0.35, 0.35))
    """How far the path leans towards (+) or away from (-) the camera, as a share of its length."""

    @model_validator(mode="after")
    def _known(self) -> Self:
        for kind in self.kind.choice:
            if kind not in (*MOTIONS, "any"):
                raise ValueError(f"kind: no motion '{kind}'{nearest(kind, list(MOTIONS))}")
        return self


def lay_path(asked: MotionRecipe, allowed: Allowed, shot: Shot, film: Film, stream: Stream) -> Curve:
    """A path through the picture: across it, around its centre, or out from one side and back.

    A straight flight shorter than the clip ends outside the frame; it is slowed to fill `FLIGHT_SHARE` of the clip.
    """
    kind = asked.kind.draw(stream, allowed.motions(MOTIONS))
    seconds = asked.seconds.draw(stream)
    extent = asked.extent.draw(stream)
    side = 1.0 if stream.chance(0.5) else -1.0
    lean = asked.depth.draw(stream)
    tilt = stream.uniform(-0.45, 0.45)
    length = extent * shot.width
    clip_seconds = film.frames / film.fps
    across = side * math.cos(tilt) * shot.right + math.sin(tilt) * shot.height / shot.width * shot.up - lean * shot.away
    if kind == "linear":
        flight = max(seconds, FLIGHT_SHARE * clip_seconds)
        velocity = across * length / flight
        begin = max(flight - clip_seconds, 0.0) / 2  # a flight longer than the clip is filmed in its middle
        return Linear(start=vec(shot.centre - velocity * (flight / 2 - begin)), velocity=vec(velocity))
    if kind == "circular":
        flat = stream.uniform(0.35, 0.9)
        u = across * length / 2
        v = (shot.up * math.cos(lean * 2) + shot.away * math.sin(lean * 2)) * flat * min(shot.height * 0.36, length / 2)
        phase = stream.uniform(0, 2 * math.pi)
        return Circular(centre=vec(shot.centre), u=vec(u), v=vec(v), phase=phase, rate=side * 2 * math.pi / seconds)
    reach = across * length
    bow = shot.up * shot.height * stream.uniform(-0.16, 0.16)
    return Return(start=vec(shot.centre - reach / 2), reach=vec(reach), bow=vec(bow), period=seconds)
