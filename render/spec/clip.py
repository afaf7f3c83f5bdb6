"""ClipSpec: everything needed to render one clip, with nothing random left.

Units are SI (metres, seconds, radians) unless a field's name says otherwise. The world is right-handed with Z up; the
image origin is top left, x right, y down, pixel centres at half-integers. Frame `i` has its shutter centre at
`i / fps` seconds. Quaternions are (w, x, y, z). Colours are linear Rec.709.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from ..document import Document
from .camera import Camera, Film, Look
from .curves import Curve, Positive, Share, Spin, Vec3
from .effects import Debris, Effect, targets_of

SCHEMA: Final = 2
"""Version of the clip spec; a plan made under one schema version always means the same pictures."""


class ChargeKey(Document):
    """One key of the charge curve (smoothstep between keys): 0 dull, 1 fully lit."""

    time: float
    level: Share


class Target(Document):
    """A labelled prop. `object_id` counts from 1 and is the value of its pixels in `visible`.

    `wear` from 0 (as the finish has it) to 1 (worn down) is what the asset's materials make of it. `motion` names the
    kind of movement (`linear`, `ricochet`, ...), for people, filters and held-out splits only.
    """

    object_id: Annotated[int, Field(ge=1, le=254)]
    asset: str
    asset_digest: str
    label: str
    finish: str
    wear: Share = 0.0
    scale: Positive = 1.0
    motion: str = "linear"
    curve: Curve
    spin: Spin = Spin()
    charge: tuple[ChargeKey, ...] = ()
    charge_colour: Vec3 = (0.25, 0.55, 1.0)


class Extra(Document):
    """An unlabelled thing: an `occluder` that may hide a target, or a `distractor` that may be taken for one.

    It may be any prop or occluder asset. An animated asset plays its action (of a figure, the one that `action` names)
    from `action_start` (seconds into it, at time 0) at `action_speed`; a figure that `holds` a target keeps its hand on
    the target's handle.
    """

    role: Literal["occluder", "distractor"] = "occluder"
    asset: str
    asset_digest: str
    finish: str
    wear: Share = 0.0
    scale: Positive = 1.0
    curve: Curve
    spin: Spin = Spin()
    charge: tuple[ChargeKey, ...] = ()
    charge_colour: Vec3 = (0.25, 0.55, 1.0)
    action: str | None = None
    action_start: float = 0.0
    action_speed: float = 1.0
    holds: int | None = None


class Sun(Document):
    """A distant lamp. Azimuth is counter-clockwise from +X, elevation above the horizon, `angle` its diameter."""

    azimuth: float
    elevation: float
    angle: Positive
    strength: float = Field(ge=0)
    colour: Vec3


class Flicker(Document):
    """How the set's own lamps waver: share of their light that comes and goes, at about `rate` times a second."""

    depth: Share
    rate: Positive
    seed: int


class Stage(Document):
    """Where it happens: a set asset under an HDRI asset and a sun, metered to `level`.

    `level` is the scene-linear luminance (log-average, set alone) that the light is brought to: 0.14 by day, less at
    dusk and by night. `hdri_strength` 1 lights level ground as an even sky of radiance 0.5 would, whatever the HDRI.
    `lamps` dims the set's own. `variation` seeds what varies from one building of the set to the next.
    """

    set: str
    set_digest: str
    variation: Annotated[int, Field(ge=0, lt=2**31)] = 0
    hdri: str
    hdri_digest: str
    hdri_strength: float = Field(ge=0)
    hdri_yaw: float
    sun: Sun
    time_of_day: Literal["day", "dusk", "night", "indoor"] = "day"
    level: Positive = 0.14
    lamps: float = Field(default=1.0, ge=0)
    flicker: Flicker | None = None


class ClipSpec(Document):
    """One clip, fully resolved: same spec, same labels, bit for bit."""

    schema_version: Literal[2] = SCHEMA
    clip: Annotated[str, Field(pattern=r"^clip-[0-9]{6}$")]
    index: Annotated[int, Field(ge=0)]
    split: Literal["train", "val", "test"]
    seed: Annotated[int, Field(ge=0, lt=2**31)]
    twin_of: str | None = None
    twin_factor: str | None = None
    film: Film
    look: Look = Look()
    stage: Stage
    camera: Camera
    targets: tuple[Target, ...] = Field(min_length=1)
    extras: tuple[Extra, ...] = ()
    effects: tuple[Effect, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        ids = [target.object_id for target in self.targets]
        if len(set(ids)) != len(ids):
            raise ValueError("targets: object ids must differ")
        for effect in self.effects:
            for held in targets_of(effect):
                if held not in ids:
                    raise ValueError(f"effects: no target with object_id {held}")
        for extra in self.extras:
            if extra.holds is not None and extra.holds not in ids:
                raise ValueError(f"extras: no target with object_id {extra.holds}")
        return self


TwinFactor = Literal["effects", "charge", "occluders", "distractors", "blur"]


def twin(spec: ClipSpec, factor: TwinFactor) -> ClipSpec:
    """The same clip with one factor switched off; every other field, its name and seeds included, stays.

    It takes the original's place in a dataset of its own, so that the two are compared clip by clip.
    """
    update: dict[str, object] = {"twin_of": spec.clip, "twin_factor": factor}
    if factor == "effects":
        update["effects"] = ()
    elif factor == "charge":
        update["targets"] = tuple(target.model_copy(update={"charge": ()}) for target in spec.targets)
    elif factor in ("occluders", "distractors"):
        update["extras"] = tuple(extra for extra in spec.extras if extra.role != factor.removesuffix("s"))
        if factor == "occluders":  # opaque chips are occluders too
            update["effects"] = tuple(effect for effect in spec.effects if not isinstance(effect, Debris))
    else:
        update["film"] = spec.film.model_copy(update={"shutter_degrees": 0.0})
    return spec.model_copy(update=update)
