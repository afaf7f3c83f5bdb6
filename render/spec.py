"""ClipSpec: everything needed to render one clip, with nothing random left.

Units are SI (metres, seconds, radians) unless a field's name says otherwise. The world is right-handed with Z up; the
image origin is top left, x right, y down, pixel centres at half-integers. Frame `i` has its shutter centre at
`i / fps` seconds. Quaternions are (w, x, y, z). Colours are linear Rec.709.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from .document import Document

SCHEMA: Final = 1
"""Version of the clip spec; a plan made under one schema version always means the same pictures."""

Vec3 = tuple[float, float, float]
Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class Still(Document):
    """A point that does not move."""

    kind: Literal["still"] = "still"
    point: Vec3


class Linear(Document):
    """`start + velocity * t`."""

    kind: Literal["linear"] = "linear"
    start: Vec3
    velocity: Vec3


class Circular(Document):
    """`centre + u * cos(phase + rate * t) + v * sin(phase + rate * t)`; `u`, `v` span the (elliptical) orbit."""

    kind: Literal["circular"] = "circular"
    centre: Vec3
    u: Vec3
    v: Vec3
    phase: float
    rate: float


class Return(Document):
    """Thrown and called back: `start + reach * sin(pi t / period) + bow * sin(2 pi t / period)`.

    `reach` is the vector from the hand to the turning point, `bow` bends the way back away from the way out.
    """

    kind: Literal["return"] = "return"
    start: Vec3
    reach: Vec3
    bow: Vec3
    period: Positive


class Keys(Document):
    """A C1 cubic (Catmull-Rom tangents) through `points` at `times`; constant before the first and after the last."""

    kind: Literal["keys"] = "keys"
    times: tuple[float, ...]
    points: tuple[Vec3, ...]

    @model_validator(mode="after")
    def _matched(self) -> Self:
        if len(self.times) != len(self.points) or not self.times:
            raise ValueError("times and points must have the same length, at least one")
        if any(b <= a for a, b in zip(self.times, self.times[1:], strict=False)):
            raise ValueError("times must increase")
        return self


Curve = Annotated[Still | Linear | Circular | Return | Keys, Field(discriminator="kind")]
"""A position in metres as a function of time in seconds, exact at any sub-frame time."""


class Spin(Document):
    """Constant rotation about an axis fixed in the prop: the prop is first turned by `base`, then about `axis`."""

    base: tuple[float, float, float, float] = (1.0, 0.0, 0.0, 0.0)
    axis: Vec3 = (0.0, 0.0, 1.0)
    rate: float = 0.0


class ChargeKey(Document):
    """One key of the charge curve (smoothstep between keys): 0 dull, 1 fully lit."""

    time: float
    level: Share


class Target(Document):
    """A labelled prop. `object_id` counts from 1 and is the value of its pixels in `visible`."""

    object_id: Annotated[int, Field(ge=1, le=254)]
    asset: str
    asset_digest: str
    label: str
    finish: str
    scale: Positive = 1.0
    curve: Curve
    spin: Spin
    charge: tuple[ChargeKey, ...] = ()
    charge_colour: Vec3 = (0.25, 0.55, 1.0)


class Occluder(Document):
    """An unlabelled thing that may hide a target."""

    asset: str
    asset_digest: str
    finish: str
    scale: Positive = 1.0
    yaw: float = 0.0
    curve: Curve


class Strike(Document):
    """One flash of a bolt: lit from `time` for `duration` seconds, its branches drawn from `seed`."""

    time: float
    duration: Positive
    seed: int
    strength: Positive


class Lightning(Document):
    """A branching bolt from the fixed point `source` to the target `object_id`, which it follows."""

    kind: Literal["lightning"] = "lightning"
    object_id: int
    source: Vec3
    colour: Vec3
    strikes: tuple[Strike, ...]


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


Effect = Annotated[Lightning | Glow | Trail, Field(discriminator="kind")]


class Sun(Document):
    """A distant lamp. Azimuth is counter-clockwise from +X, elevation above the horizon, `angle` its diameter."""

    azimuth: float
    elevation: float
    angle: Positive
    strength: float = Field(ge=0)
    colour: Vec3


class Stage(Document):
    """Where it happens: a set asset under an HDRI asset and a sun."""

    set: str
    set_digest: str
    hdri: str
    hdri_digest: str
    hdri_strength: float = Field(ge=0)
    hdri_yaw: float
    sun: Sun


class Camera(Document):
    """A pinhole camera at `position` that looks at `look_at` with +Z up. Focal length and sensor width in mm."""

    position: Curve
    look_at: Curve
    focal_mm: Positive
    sensor_mm: Positive = 36.0


class Film(Document):
    """Frame size in pixels, rate, shutter angle in degrees (0 no blur, 360 open all frame), samples and tone."""

    width: Annotated[int, Field(ge=16, le=8192)]
    height: Annotated[int, Field(ge=16, le=8192)]
    frames: Annotated[int, Field(ge=1, le=10_000)]
    fps: Positive
    shutter_degrees: Annotated[float, Field(ge=0, le=360)]
    samples: Annotated[int, Field(ge=1, le=65_536)]
    view_transform: Literal["AgX", "Filmic", "Standard"] = "AgX"
    exposure: float = 0.0


class ClipSpec(Document):
    """One clip, fully resolved: same spec, same labels, bit for bit."""

    schema_version: Literal[1] = SCHEMA
    clip: Annotated[str, Field(pattern=r"^clip-[0-9]{6}$")]
    index: Annotated[int, Field(ge=0)]
    split: Literal["train", "val", "test"]
    seed: Annotated[int, Field(ge=0, lt=2**31)]
    twin_of: str | None = None
    twin_factor: str | None = None
    film: Film
    stage: Stage
    camera: Camera
    targets: tuple[Target, ...] = Field(min_length=1)
    occluders: tuple[Occluder, ...] = ()
    effects: tuple[Effect, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        ids = [target.object_id for target in self.targets]
        if len(set(ids)) != len(ids):
            raise ValueError("targets: object ids must differ")
        for effect in self.effects:
            if effect.object_id not in ids:
                raise ValueError(f"effects: no target with object_id {effect.object_id}")
        return self


TwinFactor = Literal["effects", "charge", "occluders", "blur"]


def twin(spec: ClipSpec, factor: TwinFactor) -> ClipSpec:
    """The same clip with one factor switched off; every other field, its name and seeds included, stays.

    It takes the original's place in a dataset of its own, so that the two are compared clip by clip.
    """
    update: dict[str, object] = {"twin_of": spec.clip, "twin_factor": factor}
    if factor == "effects":
        update["effects"] = ()
    elif factor == "charge":
        update["targets"] = tuple(target.model_copy(update={"charge": ()}) for target in spec.targets)
    elif factor == "occluders":
        update["occluders"] = ()
    else:
        update["film"] = spec.film.model_copy(update={"shutter_degrees": 0.0})
    return spec.model_copy(update=update)
