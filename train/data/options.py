"""What a recipe says about its data: the table `[data]`."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from render.document import Document

Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Some = Annotated[float, Field(gt=0, le=1)]


class Mix(Document):
    """`[[data.mix]]`: a further dataset, and the share of all windows that come from its `train` split."""

    dataset: str
    """Its folder, URL or one of its views; a path that is not absolute starts where the command is run."""
    share: Some


class Data(Document):
    """What a sample is: `frames` frames of a clip with some of its objects, `batch` of them a step."""

    source: Literal["dataset", "generic"] = "dataset"
    """`dataset`: what is given with --data. `generic`: `train.data.generic`, made on the fly."""
    batch: Count = 1
    workers: Annotated[int, Field(ge=0)] = 0
    """Processes that make windows ahead of time; 0 makes them between the steps."""

    # Which frames of which objects
    frames: Annotated[int, Field(ge=2)] = 8
    strides: tuple[Count, ...] = Field((1,), min_length=1)
    """Steps between the frames of a window, one drawn for each window; a window may also run backwards."""
    reverse: Share = 0.0
    objects: Annotated[int, Field(ge=1, le=8)] = 1
    """At most so many objects of a clip are followed in one window, all of them in view in its first frame."""
    hard: Share = 0.0
    """Share of the windows that are drawn for being hard, by what was measured in them: the object gets hidden or
    leaves, its charge changes, it is fast, it is veiled (`train.data.rendered.hardness`)."""
    difficulty: Some = 1.0
    """Only windows among this share of all, the easiest, are drawn."""
    twins: bool = True
    """Whether clips that are twins of others (the same with one factor off) are learned from too."""
    mix: tuple[Mix, ...] = ()

    # How they are changed: drawn once a window, the same in all its frames
    flip: Share = 0.5
    """Chance that a window is mirrored left to right."""
    zoom: Annotated[float, Field(ge=0, le=0.7)] = 0.0
    """A window is cut down by up to this share of its width and height, about where its object starts."""
    rotate: Annotated[float, Field(ge=0, le=180)] = 0.0
    """Turned by up to so many degrees, either way."""
    shear: Annotated[float, Field(ge=0, le=45)] = 0.0
    """Sheared by up to so many degrees, either way."""
    scale: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    """Enlarged or shrunk by a factor of up to 1 + this, either way."""
    shift: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    """Moved by up to this share of its width and height, either way."""
    colour: Annotated[float, Field(ge=0, le=0.5)] = 0.1
    """Strength of the brightness (each channel's own), contrast and saturation jitter, one draw a window."""
    flicker: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    """Strength of a further such jitter that is drawn anew for every frame."""
    recolour: Share = 0.0
    """Chance that a window's channels change places and that its light and dark do: against learning "it is dark"."""
    grey: Share = 0.0
    """Chance that a window loses its colours."""
    blur: Share = 0.0
    """Chance that a window is put out of focus, picture and matte alike."""
    compress: Share = 0.0
    """Chance that a window's pictures are compressed as JPEGs of quality 20 to 80."""

    dial: Share = 0.0
    """Chance that the light of a window's effects is made 0 to 2 times as strong, in clips that were rendered with the
    extras `linear` and `fx`. Takes its time: these are read whole."""

    # Generic clips
    generic: Share = 0.0
    """Share of the windows that are generic clips, in place of the dataset's: against forgetting what is not a prop."""
    easy: Annotated[int, Field(ge=0)] = 0
    """Generic source: over so many windows the clips grow from easy to `hardest`."""
    hardest: Share = 1.0
    """Generic source: 0 is plain, slow and undisturbed, 1 the full range."""
    slowest: Annotated[float, Field(gt=0, le=0.03)] = 0.003
    """Generic source: the lowest speed of a target, in frame widths a frame."""

    @model_validator(mode="after")
    def _shares_leave_room(self) -> Self:
        taken = self.generic + sum(one.share for one in self.mix)
        if taken > 1 + 1e-9:
            raise ValueError(f"generic + the shares of mix must be at most 1, not {taken:g}")
        if self.source == "generic" and self.mix:
            raise ValueError('mix: needs source = "dataset"')
        return self
