"""The camera, its film, and the look of the finished picture."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ..document import Document
from .curves import Curve, Positive, Share


class ZoomKey(Document):
    """One key of a zoom: the focal length in mm at a time in seconds."""

    time: float
    focal_mm: Positive


class Lens(Document):
    """How the lens departs from a pinhole.

    `f_stop` opens the aperture (None: everything is sharp); it is focused on the curve `focus` (None: on the first
    target's centre). `k1`, `k2` distort radially, Brown-Conrady as in OpenCV: a point at x = X/Z, y = Y/Z shows at
    (x, y) (1 + k1 r^2 + k2 r^4), r^2 = x^2 + y^2; k1 < 0 is a barrel.
    """

    f_stop: Positive | None = None
    focus: Curve | None = None
    k1: float = 0.0
    k2: float = 0.0


class Camera(Document):
    """A camera at `position` that looks at `look_at` with +Z up. Focal length and sensor width in mm.

    With `zoom` the focal length goes through its keys (smoothstep between them, constant outside). `move` names the
    kind of camera work (`locked`, `handheld`, ...), for people and filters only.
    """

    position: Curve
    look_at: Curve
    focal_mm: Positive
    sensor_mm: Positive = 36.0
    zoom: tuple[ZoomKey, ...] = ()
    lens: Lens = Lens()
    move: str = "locked"


class Film(Document):
    """Frame size in pixels, rate, shutter angle in degrees (0 no blur, 360 open all frame), samples and tone.

    `readout` is a rolling shutter's: the share of a frame's time from exposing the first row to exposing the last; row
    centres are spread evenly about the frame's time, top first. 0 is a global shutter. `extras` are the products that
    a clip holds besides the usual ones.
    """

    width: Annotated[int, Field(ge=16, le=8192)]
    height: Annotated[int, Field(ge=16, le=8192)]
    frames: Annotated[int, Field(ge=1, le=10_000)]
    fps: Positive
    shutter_degrees: Annotated[float, Field(ge=0, le=360)]
    samples: Annotated[int, Field(ge=1, le=65_536)]
    view_transform: Literal["AgX", "Filmic", "Standard"] = "AgX"
    exposure: float = 0.0
    readout: Share = 0.0
    extras: tuple[Literal["linear", "fx", "depth", "flow", "normal"], ...] = ()

    @model_validator(mode="after")
    def _has_flow(self) -> Self:
        if self.readout and "flow" in self.extras:
            raise ValueError("extras: flow needs a global shutter; set readout = 0, or leave flow out")
        return self


class Look(Document):
    """What film stock, lens and codec do to the finished picture (never to a label's place).

    `grain`: standard deviation in mid-grey, 8-bit levels. `vignette`: light lost in the corners, 0..1. `fringe`:
    lateral chromatic aberration, px at the corners between red and blue (green, and so every label, stays). `drift`:
    exposure in stops, a slow wave of that amplitude. `quality`: JPEG quality of a codec that the picture went through
    before (None: none).
    """

    grain: Annotated[float, Field(ge=0, le=64)] = 0.0
    vignette: Share = 0.0
    fringe: Annotated[float, Field(ge=0, le=8)] = 0.0
    drift: Annotated[float, Field(ge=0, le=3)] = 0.0
    quality: Annotated[int, Field(ge=5, le=100)] | None = None
