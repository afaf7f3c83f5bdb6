"""Targets: which prop in which look, and when it charges."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from ...asset import InstalledAsset
from ...document import Document
from ...spec import ChargeKey, Film, Vec3
from ...streams import Stream
from ..allowed import Allowed
from ..draws import Chance, Number, Pick

ENERGY: tuple[Vec3, ...] = ((0.16, 0.45, 1.0), (0.45, 0.2, 1.0), (1.0, 0.45, 0.1), (0.2, 1.0, 0.45), (1.0, 0.12, 0.1))
"""Energy colours, linear Rec.709: electric blue, violet, ember, emerald, crimson."""


class TargetRecipe(Document):
    """Which props in which finishes, worn by how much (`wear`, 0 to 1); how many targets (`count`, 1 to 3, rounded).

    `charged` is the chance that the prop charges up, `charge` the level it comes to, 0 to 1.
    """

    asset: Pick = Pick(choice=("any",))
    finish: Pick = Pick(choice=("any",))
    wear: Number = Number(uniform=(0.0, 0.0))
    charged: Chance = 0.5
    charge: Number = Number(uniform=(0.6, 1.0))
    count: Number = Number(uniform=(1.0, 1.0))

    @model_validator(mode="after")
    def _possible(self) -> Self:
        for key, asked, low, high in (
            ("wear", self.wear, 0, 1),
            ("charge", self.charge, 0, 1),
            ("count", self.count, 0.5, 3.5),
        ):
            lowest, highest = asked.bounds()
            if lowest < low or highest > high:
                raise ValueError(f"{key}: between {low:g} and {high:g}, not {lowest:g} to {highest:g}")
        return self


def draw_prop(asked: TargetRecipe, allowed: Allowed, stream: Stream) -> tuple[InstalledAsset, str]:
    prop = allowed.get("prop", asked.asset.draw(stream, allowed.names("prop")))
    return prop, asked.finish.draw(stream, allowed.finishes(prop))


def draw_charge(asked: TargetRecipe, prop: InstalledAsset, film: Film, stream: Stream) -> tuple[ChargeKey, ...]:
    """Dull, lit over a third of the clip or so, and in one clip of three dull again."""
    if not stream.chance(asked.charged) or prop.asset.charge is None:
        return ()
    seconds = film.frames / film.fps
    begin = stream.uniform(0.0, 0.4) * seconds
    end = begin + stream.uniform(0.15, 0.4) * seconds
    level = asked.charge.draw(stream)
    keys = [ChargeKey(time=begin, level=0.0), ChargeKey(time=end, level=level)]
    if stream.chance(1 / 3):
        keys.append(ChargeKey(time=end + stream.uniform(0.15, 0.4) * seconds, level=0.0))
    return tuple(keys)
