"""What is known of a clip that was filmed, not rendered: its frames, its objects, and where it came from."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ..document import Document


class RealFilm(Document):
    """Frame size in pixels and number of frames; frames a second where the source says so."""

    width: Annotated[int, Field(ge=1, le=8192)]
    height: Annotated[int, Field(ge=1, le=8192)]
    frames: Annotated[int, Field(ge=1, le=100_000)]
    fps: Annotated[float, Field(gt=0)] | None = None
    extras: tuple[Literal["linear", "fx", "depth", "flow", "normal"], ...] = ()


class RealTarget(Document):
    """A labelled object. `source_id` is what the source calls it, where that is no number from 1 to 254."""

    object_id: Annotated[int, Field(ge=1, le=254)]
    label: str
    source_id: str | None = None


class Source(Document):
    """Where a clip came from: the format, its name there, and the number each of its frames has there."""

    format: str
    name: str
    frames: tuple[int, ...]


class RealClip(Document):
    """A filmed clip as its record in a shard holds it, in the place of a ClipSpec; `kind` tells them apart.

    A frame of it holds `rgb`, `coverage-N` (0 or 255: the mask as it was drawn) and `visible`, and nothing else: what
    is hidden, how much blur and effects veil, depth and motion are not known.
    """

    kind: Literal["real"] = "real"
    clip: Annotated[str, Field(pattern=r"^clip-[0-9]{6}$")]
    split: Literal["train", "val", "test"]
    film: RealFilm
    targets: tuple[RealTarget, ...] = Field(min_length=1)
    source: Source

    @property
    def twin_of(self) -> None:
        """No filmed clip has a twin."""
        return

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        ids = [target.object_id for target in self.targets]
        if len(set(ids)) != len(ids):
            raise ValueError("targets: object ids must differ")
        if len(self.source.frames) != self.film.frames:
            raise ValueError("source.frames: must number every frame of the film")
        return self
