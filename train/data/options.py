"""What a recipe says about its data: the table `[data]`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from render.document import Document

Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]


class Data(Document):
    """What a sample is: a window of `frames` frames of one object, `batch` of them a step."""

    source: Literal["dataset", "generic"] = "dataset"
    """`dataset`: the rendered dataset given with --data. `generic`: `train.data.generic`, made on the fly."""
    frames: Annotated[int, Field(ge=2)] = 8
    strides: tuple[Count, ...] = Field((1,), min_length=1)
    """Steps between the frames of a window, one drawn for each window; a window may also run backwards."""
    reverse: Share = 0.0
    flip: Share = 0.5
    """Chance that a window is mirrored left to right."""
    colour: Annotated[float, Field(ge=0, le=0.5)] = 0.1
    """Strength of the brightness (each channel's own), contrast and saturation jitter, one draw a window."""
    recolour: Share = 0.0
    """Chance that a window's channels change places and that its light and dark do: against learning "it is dark"."""
    zoom: Annotated[float, Field(ge=0, le=0.7)] = 0.0
    """A window is cut down by up to this share of its width and height, about where its object starts."""
    generic: Share = 0.0
    """Share of the windows that are generic clips, in place of the dataset's: against forgetting what is not a prop."""
    easy: Annotated[int, Field(ge=0)] = 0
    """Generic source: over so many windows the clips grow from easy to `hardest`."""
    hardest: Share = 1.0
    """Generic source: 0 is plain, slow and undisturbed, 1 the full range."""
    slowest: Annotated[float, Field(gt=0, le=0.03)] = 0.003
    """Generic source: the lowest speed of a target, in frame widths a frame."""
    batch: Count = 1
    workers: Annotated[int, Field(ge=0)] = 0
