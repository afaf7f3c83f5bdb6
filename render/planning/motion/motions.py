"""Motions: the ways a prop goes through the picture, and what a recipe says of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from pydantic import model_validator

from ...asset import InstalledAsset
from ...document import Document, nearest
from ...spec import Film, Quaternion, Vec3
from ...streams import Stream
from ..allowed import Allowed
from ..camera.shot import Shot
from ..draws import Chance, Number, Pick
from .course import DICE, Brief, Lay
from .flights import approach, linear, reenter, ricochet, thrown, toss, tumble
from .holds import circular, hover, summon, swing

MOTIONS: dict[str, Callable[[Brief], Lay]] = {
    "linear": linear,
    "circular": circular,
    "return": thrown,
    "toss": toss,
    "ricochet": ricochet,
    "swing": swing,
    "summon": summon,
    "hover": hover,
    "tumble": tumble,
    "approach": approach,
    "reenter": reenter,
}


class MotionRecipe(Document):
    """How props move. `speed` is in the prop's own diameters a frame, `speed_px` in pixels a frame: give one of them.

    It is the typical speed in the picture: the median over the frames in which the prop is in view and moves. The time
    scale of each motion is solved for it. `extent`: the way's share of the frame's width. `depth`: how far it leans
    away from the camera, as a share of its length. `spin`: turns a second about the prop's own axis, or by the chance
    `any_axis` about any other.
    """

    kind: Pick = Pick(choice=("any",))
    speed: Number | None = None
    speed_px: Number | None = None
    extent: Number = Number(uniform=(0.5, 0.9))
    depth: Number = Number(uniform=(-0.35, 0.35))
    spin: Number = Number(uniform=(0.3, 3.0))
    any_axis: Chance = 0.0

    @model_validator(mode="after")
    def _known(self) -> Self:
        for kind in self.kind.named:
            if kind not in (*MOTIONS, "any"):
                raise ValueError(f"kind: no motion '{kind}'{nearest(kind, list(MOTIONS))}")
        if self.speed is not None and self.speed_px is not None:
            raise ValueError("speed_px: stands beside speed; give one of them")
        for key, speed in (("speed", self.speed), ("speed_px", self.speed_px)):
            if speed is not None and speed.bounds()[0] <= 0:
                raise ValueError(f"{key}: must be above 0")
        return self


SPEED = Number(loguniform=(0.03, 0.6))
"""Diameters a frame, where a recipe asks for no speed."""
REDRAWS = 40


@dataclass(frozen=True)
class Wish:
    """What a clip's motion is to be: its kind, and its speed in diameters (or, `in_px`, pixels) a frame."""

    motion: str
    speed: float
    in_px: bool


def draw_wish(asked: MotionRecipe, allowed: Allowed, film: Film, stream: Stream) -> Wish:
    """The kind and the speed, redrawn until the motion can have it; if it never can, the nearest that it can."""
    kind = asked.kind.draw(stream, allowed.motions(tuple(MOTIONS)))
    low, high = reachable(kind, film) if asked.speed_px is None else (0.0, math.inf)
    for _ in range(REDRAWS):
        speed = (asked.speed_px or asked.speed or SPEED).draw(stream)
        if low <= speed <= high:
            break
    return Wish(kind, min(max(speed, low), high), asked.speed_px is not None)


def reachable(motion: str, film: Film) -> tuple[float, float]:
    """The slowest and fastest typical speed, in diameters a frame, at which a motion still is what it is called."""
    if motion == "hover":
        return 0.0, 0.06  # faster is shaking
    if motion == "approach":
        return 0.15 / film.frames, 0.08  # the centre hardly moves while the picture grows; faster is over in no time
    if motion == "reenter":
        return 4.0 / film.frames, math.inf  # slower never gets out and back
    if motion in ("swing", "summon"):
        return 0.5 / film.frames, 1.0
    return 0.0, math.inf


def draw_course(
    asked: MotionRecipe, motion: str, prop: InstalledAsset, shot: Shot, film: Film, stream: Stream, spin: Stream
) -> Lay:
    """The way of one motion through a shot, for any pace."""
    extent, lean = asked.extent.draw(stream), asked.depth.draw(stream)
    side, tilt = stream.sign(), stream.uniform(-0.45, 0.45)
    base = _attitude(spin)
    rate = 2 * math.pi * asked.spin.draw(spin) * spin.sign()
    axis = _direction(spin) if spin.chance(asked.any_axis) else prop.asset.spin_axis
    brief = Brief(
        shot=shot,
        frame=1.0 / film.fps,
        seconds=film.frames / film.fps,
        extent=extent,
        lean=lean,
        tilt=tilt,
        side=side,
        rate=rate,
        axis=axis,
        base=base,
        prop=prop,
        dice=tuple(stream.random() for _ in range(DICE)),
    )
    return MOTIONS[motion](brief)


def _attitude(stream: Stream) -> Quaternion:
    """Any attitude, all equally likely: Shoemake, Graphics Gems III (1992)."""
    words = [stream.random() for _ in range(3)]
    a, b = math.sqrt(1 - words[0]), math.sqrt(words[0])
    x, y = 2 * math.pi * words[1], 2 * math.pi * words[2]
    return b * math.cos(y), a * math.sin(x), a * math.cos(x), b * math.sin(y)


def _direction(stream: Stream) -> Vec3:
    z, around = stream.uniform(-1, 1), stream.uniform(0, 2 * math.pi)
    flat = math.sqrt(1 - z * z)
    return flat * math.cos(around), flat * math.sin(around), z
