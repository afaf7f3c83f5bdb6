"""Visual effects of a clip: metres, seconds, linear Rec.709.

A strength of 1 is the effect's own nominal brightness, and brightness is proportional to it. What gives light
(`Emissive`) only ever adds light to the picture, so it never erodes a matte. `Smoke` dims what lies behind it, in the
picture as in `coverage`; `Debris` is opaque, an occluder that `visible` knows of.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ..document import Document
from .curves import Positive, Share, Vec3

Place = Vec3 | int
"""A fixed point in metres, or the `object_id` of a target: wherever the middle of its surface is at that moment."""
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Count = Annotated[int, Field(ge=1, le=2000)]


class Strike(Document):
    """One flash of a bolt: lit from `time` for `duration` seconds, its branches drawn from `seed`."""

    time: float
    duration: Positive
    seed: int
    strength: Positive


class Lightning(Document):
    """A branching bolt through those of `source`, the target `object_id` and `end` that are given, in that order.

    So it strikes a target out of the sky, leaps from a target to the ground, goes through it, joins two targets, or
    strikes somewhere in the picture; it follows targets as they move. `flash` is how much light the whole sky adds
    while it is lit, as irradiance at strength 1 on a surface that faces the bolt (the sun at noon is about 3): near
    strikes light up the scene.
    """

    kind: Literal["lightning"] = "lightning"
    object_id: int | None = None
    source: Place | None = None
    end: Place | None = None
    colour: Vec3
    strikes: tuple[Strike, ...]
    flash: Annotated[float, Field(ge=0)] = 0.0

    @model_validator(mode="after")
    def _two_ends(self) -> Self:
        if len(self.through) < 2:
            raise ValueError("a bolt needs two of source, object_id and end")
        return self

    @property
    def through(self) -> tuple[Place, ...]:
        """The places that it goes through, in order."""
        return tuple(place for place in (self.source, self.object_id, self.end) if place is not None)


class Arcs(Document):
    """Short arcs that crawl over a charged target and re-strike: up to `count` at once, each about `reach` long.

    They come with charge: none up to half of it, all of them at full charge.
    """

    kind: Literal["arcs"] = "arcs"
    object_id: int
    colour: Vec3
    count: Annotated[int, Field(ge=1, le=64)]
    reach: Positive
    strength: Positive
    seed: Seed


class Glow(Document):
    """A halo of light around a target that grows with its charge level."""

    kind: Literal["glow"] = "glow"
    object_id: int
    colour: Vec3
    radius: Positive
    strength: Positive


class Trail(Document):
    """An energy ribbon along the last `duration` seconds of a target's way, fading with age."""

    kind: Literal["trail"] = "trail"
    object_id: int
    colour: Vec3
    width: Positive
    duration: Positive
    strength: Positive


class Sparks(Document):
    """Glowing chips of metal: `count` of them leave `place` between `time` and `time + duration`.

    They fly about `direction` (`spread` 0: a jet, 1: to all sides) at up to `speed` m/s, fall, are slowed by the air,
    bounce off the ground at height `ground`, and cool from white to orange to red within `life` seconds.
    """

    kind: Literal["sparks"] = "sparks"
    time: float
    duration: Positive
    place: Place
    direction: Vec3
    spread: Share
    speed: Positive
    count: Count
    life: Positive
    ground: float
    strength: Positive
    seed: Seed


class Embers(Document):
    """Glowing specks that rise: `count` are born within `radius` of `place` from `time` on for `duration` seconds.

    They live `life` seconds or so, rise at about `rise` m/s, go with the wind `drift` (m/s), whirl and flicker.
    """

    kind: Literal["embers"] = "embers"
    time: float
    duration: Positive
    place: Place
    radius: Positive
    count: Count
    rise: float
    drift: Vec3 = (0.0, 0.0, 0.0)
    life: Positive
    strength: Positive
    seed: Seed


class Flash(Document):
    """The flash of an impact: gas that bursts out to `radius`, brightest at `time`, gone after `duration`."""

    kind: Literal["flash"] = "flash"
    time: float
    duration: Positive
    place: Place
    radius: Positive
    colour: Vec3
    strength: Positive


class Shockwave(Document):
    """A front of light that runs out from `place` to `radius` within `duration`, square to `normal`, and fades."""

    kind: Literal["shockwave"] = "shockwave"
    time: float
    duration: Positive
    place: Place
    normal: Vec3 = (0.0, 0.0, 1.0)
    radius: Positive
    colour: Vec3
    strength: Positive


class Smoke(Document):
    """A cloud of smoke or dust that swells from `place` to `radius`, drifts, thins, and is gone after `life` seconds.

    `density` is the optical depth straight through its middle at its thickest: a cloud of 1 lets 37 % of the light
    through, one of 3 lets 5 % through. `colour` is its albedo, `swell` the seconds in which it grows to two thirds.
    """

    kind: Literal["smoke"] = "smoke"
    time: float
    life: Positive
    place: Place
    radius: Positive
    swell: Positive
    density: Positive
    colour: Vec3
    drift: Vec3 = (0.0, 0.0, 0.0)
    seed: Seed


class Debris(Document):
    """Opaque chips, `count` of them up to `size` long, flung from `place` at `time`: they tumble, fall, come to rest.

    `direction`, `spread`, `speed` and `ground` are as for `Sparks`.
    """

    kind: Literal["debris"] = "debris"
    time: float
    place: Place
    direction: Vec3
    spread: Share
    speed: Positive
    count: Annotated[int, Field(ge=1, le=200)]
    size: Positive
    ground: float
    colour: Vec3
    seed: Seed


Emissive = Lightning | Arcs | Glow | Trail | Sparks | Embers | Flash | Shockwave
"""Effects that are light and nothing else: the light group `fx` holds all that they do."""

Effect = Annotated[Emissive | Smoke | Debris, Field(discriminator="kind")]


def targets_of(effect: Effect) -> tuple[int, ...]:
    """The object ids of the targets that an effect holds on to."""
    match effect:
        case Lightning():
            return tuple(place for place in effect.through if isinstance(place, int))
        case Arcs() | Glow() | Trail():
            return (effect.object_id,)
        case _:
            return (effect.place,) if isinstance(effect.place, int) else ()
