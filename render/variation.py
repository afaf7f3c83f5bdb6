"""How a set differs from clip to clip: the `[variation]` part of its asset.toml.

Drawn from a seed alone (`Stage.variation`), with a stream for each thing and quantity, so that a thing added to a set
never reshuffles the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from .document import Document
from .streams import Stream

Vec3 = tuple[float, float, float]
Chance = Annotated[float, Field(ge=0, le=1)]
Range = tuple[float, float] | tuple[Vec3, Vec3]


class Things(Document):
    """Things of a set that need not look alike in two clips.

    `names` are of objects, parents, collection instances or collections, `*` and `?` allowed; all that one name stands
    for stays together. Each is there by `chance`, and of all only as many as `count` (lowest, highest) allows. It is
    moved by at most `shift` metres each way, turned by at most `turn` degrees about the vertical, and scaled within
    `scale`. Its lamps and shining materials are lit by the chance `lit`.
    """

    names: tuple[str, ...] = Field(min_length=1)
    chance: Chance = 1.0
    count: tuple[int, int] | None = None
    shift: Vec3 = (0.0, 0.0, 0.0)
    turn: float = Field(default=0.0, ge=0, le=180)
    scale: tuple[float, float] = (1.0, 1.0)
    lit: Chance = 1.0

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("names"), str):
            return data | {"names": (data["names"],)}
        return data

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.count is not None and not 0 <= self.count[0] <= self.count[1]:
            raise ValueError("count: the lowest and the highest number, [2, 5]")
        if not 0 < self.scale[0] <= self.scale[1]:
            raise ValueError("scale: the smallest and the largest, above 0, [0.8, 1.2]")
        if min(self.shift) < 0:
            raise ValueError("shift: metres each way, at least 0")
        return self

    def stands_for(self, name: str) -> bool:
        return any(fnmatchcase(name, pattern) for pattern in self.names)


class Variation(Document):
    """`things` in order (a name goes by the first entry that fits it), and ranges of material amounts.

    `materials.MATERIAL.NAME = [low, high]`: a knob or Principled input, as finishes name them; two numbers or two
    colours, between which one is drawn a clip.
    """

    things: tuple[Things, ...] = ()
    materials: dict[str, dict[str, Range]] = {}


@dataclass(frozen=True)
class Draw:
    """What one thing is like in one clip: metres, degrees."""

    there: bool
    shift: Vec3
    turn: float
    scale: float
    lit: bool


def draw_things(things: Things, names: list[str], seed: int) -> dict[str, Draw]:
    """What each of the things called `names` is like under one variation seed."""
    drawn = {}
    order = sorted(names, key=lambda name: (_stream(seed, name, "order").random(), name))
    there = [name for name in order if _stream(seed, name, "there").chance(things.chance)]
    if things.count is not None:
        low, high = things.count
        wanted = low + _stream(seed, "|".join(things.names), "count").integer(high - low + 1)
        there = (there + [name for name in order if name not in there])[:wanted]
    for name in names:
        move, lit = _stream(seed, name, "move"), _stream(seed, name, "lit")
        x, y, z = things.shift
        drawn[name] = Draw(
            there=name in there,
            shift=(move.uniform(-x, x), move.uniform(-y, y), move.uniform(-z, z)),
            turn=move.uniform(-things.turn, things.turn),
            scale=move.uniform(*things.scale),
            lit=lit.chance(things.lit),
        )
    return drawn


def draw_amount(bounds: Range, material: str, name: str, seed: int) -> float | Vec3:
    """One amount between the two of `bounds`; a colour keeps to the straight line between its two."""
    share = _stream(seed, material, name).random()
    low, high = bounds
    if isinstance(low, tuple) and isinstance(high, tuple):
        mixed = [a + (b - a) * share for a, b in zip(low, high, strict=True)]
        return mixed[0], mixed[1], mixed[2]
    assert isinstance(low, float)
    assert isinstance(high, float)
    return low + (high - low) * share


def _stream(seed: int, thing: str, quantity: str) -> Stream:
    return Stream(seed, 0, f"variation/{thing}/{quantity}")
