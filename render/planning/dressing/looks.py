"""The look of a clip: which of the things that lens, film stock and codec do to a picture, and how strongly."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from ...document import Document
from ...spec import Look
from ...streams import Stream
from ..draws import Chance, Number, Pair


class LookChances(Document):
    """Chances that a clip has each part of a look; one draw a part, so that one never reshuffles another."""

    grain: Chance = 0.0
    vignette: Chance = 0.0
    fringe: Chance = 0.0
    drift: Chance = 0.0
    quality: Chance = 0.0


class LookRecipe(Document):
    """How strong each part is where a clip has it; `chances` says how often that is, by default never.

    `grain`: standard deviation in mid-grey, 8-bit levels. `vignette`: share of light lost in the corners. `fringe`: px
    between red and blue in the corners. `drift`: exposure, stops up and down. `quality`: JPEG quality of an earlier
    codec (whole numbers).
    """

    chances: LookChances = LookChances()
    grain: Number = Number(loguniform=(1.0, 6.0))
    vignette: Number = Number(uniform=(0.1, 0.5))
    fringe: Number = Number(uniform=(0.3, 2.0))
    drift: Number = Number(uniform=(0.1, 0.5))
    quality: Number = Number(uniform=(35, 90))

    @model_validator(mode="after")
    def _within_bounds(self) -> Self:
        for name, (low, high) in BOUNDS.items():
            least, most = getattr(self, name).bounds()
            if least < low or most > high:
                raise ValueError(f"{name}: {least:g} to {most:g} can be drawn; it must lie within {low:g} and {high:g}")
        return self


BOUNDS: dict[str, Pair] = {
    "grain": (0.0, 64.0),
    "vignette": (0.0, 1.0),
    "fringe": (0.0, 8.0),
    "drift": (0.0, 3.0),
    "quality": (5.0, 100.0),
}
"""What a clip spec's `Look` allows."""


def draw_look(asked: LookRecipe, stream: Stream) -> Look:
    """The look of one clip."""
    has = {name: stream.chance(getattr(asked.chances, name)) for name in BOUNDS}
    drawn = {name: getattr(asked, name).draw(stream) for name in BOUNDS}
    kept = {name: value for name, value in drawn.items() if has[name]}
    if "quality" in kept:
        kept["quality"] = round(kept["quality"])
    return Look.model_validate(kept)
