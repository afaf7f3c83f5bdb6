"""Visual effects of a clip. Colours are linear Rec.709; strengths are radiances, 1 being about sunlit white ground."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ..document import Document
from .curves import Positive, Vec3


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
