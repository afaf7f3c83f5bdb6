"""Where things are as functions of time: curves of position and turns of attitude, closed forms exact at any sub-frame.

Metres, seconds, radians; the world is right-handed with Z up. `render.motion` evaluates them.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ..document import Document

Vec3 = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]
"""(w, x, y, z)"""
Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]


def _same_length(times: tuple[float, ...], values: tuple[object, ...], names: str) -> None:
    if len(times) != len(values) or not times:
        raise ValueError(f"{names} must have the same length, at least one")
    if any(b <= a for a, b in pairwise(times)):
        raise ValueError("times must increase")


class Turn(Document):
    """Rotation about a fixed axis at a rate (rad/s) that is linear between `times` and constant outside them.

    The angle is the integral of the rate, 0 at time 0 and continuously differentiable. One time and rate make a steady
    turn; a short ramp between two rates is what a bounce does.
    """

    axis: Vec3 = (0.0, 0.0, 1.0)
    times: tuple[float, ...] = (0.0,)
    rates: tuple[float, ...] = (0.0,)

    @model_validator(mode="after")
    def _matched(self) -> Self:
        _same_length(self.times, self.rates, "times and rates")
        if not any(self.axis):
            raise ValueError("axis: must not be zero")
        return self

    @classmethod
    def steady(cls, axis: Vec3, rate: float) -> Turn:
        """A turn at one rate."""
        return cls(axis=axis, rates=(rate,))


class Spin(Document):
    """Attitude: `world` turn · `base` · `body` turn.

    The body turns about an axis fixed in itself, then `base` sets it up, then `world` turns all of that about an axis
    fixed in the world. A steady body and a steady world turn together are the torque-free motion of a symmetric top;
    a world turn shared with an `Arc` is a prop that a swinging hand holds.
    """

    base: Quaternion = (1.0, 0.0, 0.0, 0.0)
    body: Turn = Turn()
    world: Turn | None = None


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


class Ballistic(Document):
    """`start + velocity * t + gravity * t**2 / 2`: a toss without drag."""

    kind: Literal["ballistic"] = "ballistic"
    start: Vec3
    velocity: Vec3
    gravity: Vec3 = (0.0, 0.0, -9.81)


class Arc(Document):
    """`pivot + R(t) * arm`, with R the rotation of `turn`: what a swinging arm carries."""

    kind: Literal["arc"] = "arc"
    pivot: Vec3
    arm: Vec3
    turn: Turn


class Keys(Document):
    """A C1 cubic (Catmull-Rom tangents) through `points` at `times`; at rest before the first and after the last."""

    kind: Literal["keys"] = "keys"
    times: tuple[float, ...]
    points: tuple[Vec3, ...]

    @model_validator(mode="after")
    def _matched(self) -> Self:
        _same_length(self.times, self.points, "times and points")
        return self


class Hermite(Document):
    """A C1 cubic through `points` with `velocities` at `times`; goes straight on before the first and after the last.

    Parabolas are met exactly, so it joins flights, bounces (a short contact between two velocities) and catches.
    """

    kind: Literal["hermite"] = "hermite"
    times: tuple[float, ...]
    points: tuple[Vec3, ...]
    velocities: tuple[Vec3, ...]

    @model_validator(mode="after")
    def _matched(self) -> Self:
        _same_length(self.times, self.points, "times and points")
        _same_length(self.times, self.velocities, "times and velocities")
        return self


class Wave(Document):
    """`amplitude * sin(rate * t + phase)`."""

    amplitude: Vec3
    rate: float
    phase: float = 0.0


class Waves(Document):
    """A sum of waves about the origin: tremor, breathing, hand-held sway."""

    kind: Literal["waves"] = "waves"
    waves: tuple[Wave, ...]


class Sum(Document):
    """The sum of other curves: a hovering prop is a point and its tremor."""

    kind: Literal["sum"] = "sum"
    parts: tuple[Curve, ...] = Field(min_length=1)


Curve = Annotated[
    Still | Linear | Circular | Return | Ballistic | Arc | Keys | Hermite | Waves | Sum, Field(discriminator="kind")
]
"""A position in metres as a C1 function of time in seconds."""

Sum.model_rebuild()
