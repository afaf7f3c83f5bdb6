"""Twins and sweeps: clips of one dataset that differ from each other in one factor, or in a few chosen ones, alone.

Clips come in groups that follow one another round and round: an original with its twins, then each sweep. A group's
clips share every stream of its first clip, so that only what the recipe varies differs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Self

from pydantic import BaseModel, Field, model_validator

from ..document import Document, UserError, nearest
from ..spec import TwinFactor

Value = float | str | tuple[float | str, ...]


class Sweep(Document):
    """One scene, over and over: each combination of the values under `vary`, which are keys of the recipe.

    `vary = { "motion.speed" = [0.1, 0.4], "film.shutter_degrees" = [0, 180] }` makes four clips. `twins` follow them:
    the first of them with one factor off, the counterfactual of all.
    """

    vary: dict[str, tuple[Value, ...]] = Field(min_length=1)
    twins: tuple[TwinFactor, ...] = ()

    @model_validator(mode="after")
    def _different(self) -> Self:
        if len(set(self.twins)) != len(self.twins):
            raise ValueError("twins: names a factor twice")
        return self

    @property
    def cells(self) -> tuple[dict[str, Value], ...]:
        """Every combination, the last key varying fastest."""
        return tuple(dict(zip(self.vary, values, strict=True)) for values in product(*self.vary.values()))


@dataclass(frozen=True)
class Member:
    """A clip's place in its group: `first` is the index of the group's first clip, whose streams it shares.

    It is a twin of the first with `factor` off, a cell of a sweep, or the original (neither); a sweep's twin is both.
    """

    first: int
    factor: TwinFactor | None = None
    cell: Mapping[str, Value] | None = None

    @property
    def title(self) -> str | None:
        """What sets it apart: `effects`, or `motion.speed=0.4, film.shutter_degrees=180`."""
        if self.cell is None or self.factor is not None:
            return self.factor
        return ", ".join(f"{key}={_written(value)}" for key, value in self.cell.items())


def groups(twins: Sequence[TwinFactor], sweeps: Sequence[Sweep]) -> list[list[Member]]:
    """The groups of one round, with `first` counted from the round's beginning; one clip alone where there are none."""
    found: list[list[Member]] = []
    begin = 0
    if twins or not sweeps:
        found.append([Member(0), *(Member(0, factor=factor) for factor in twins)])
        begin = 1 + len(twins)
    for sweep in sweeps:
        cells = [Member(begin, cell=cell) for cell in sweep.cells]
        found.append(cells + [Member(begin, factor, sweep.cells[0]) for factor in sweep.twins])
        begin += len(found[-1])
    return found


def group_of(twins: Sequence[TwinFactor], sweeps: Sequence[Sweep], index: int) -> list[Member]:
    """The group of clip `index`, with absolute indices; the clip itself is its `index - first`-th."""
    round_ = groups(twins, sweeps)
    length = sum(len(group) for group in round_)
    start, place = index - index % length, index % length
    group = next(group for group in round_ if group[0].first <= place < group[0].first + len(group))
    return [Member(start + one.first, one.factor, one.cell) for one in group]


def scene_of(twins: Sequence[TwinFactor], sweeps: Sequence[Sweep], index: int) -> int:
    """The number of the group of clip `index`, among all groups from the dataset's first clip on."""
    round_ = groups(twins, sweeps)
    rounds, place = divmod(index, sum(len(group) for group in round_))
    return rounds * len(round_) + sum(group[0].first <= place for group in round_) - 1


def changed(data: dict[str, Any], cell: Mapping[str, Value], model: type[BaseModel]) -> dict[str, Any]:
    """A recipe's plain data with the keys of `cell` set; UserError for a key that the recipe doesn't know."""
    result = dict(data)
    for path, value in cell.items():
        result = _set(result, path.split("."), value, model, path)
    return result


def _set(data: dict[str, Any], keys: Sequence[str], value: Value, model: type[BaseModel], path: str) -> dict[str, Any]:
    key, rest = keys[0], keys[1:]
    if key not in model.model_fields:
        raise UserError(f"vary: no key '{path}'{nearest(key, list(model.model_fields))}")
    if not rest:
        return data | {key: list(value) if isinstance(value, tuple) else value}
    inner = model.model_fields[key].annotation
    if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
        raise UserError(f"vary: '{path}' goes deeper than the recipe's keys; '{key}' has no parts")
    return data | {key: _set(data.get(key) or {}, rest, value, inner, path)}


def _written(value: Value) -> str:
    if isinstance(value, tuple):
        return "/".join(_written(part) for part in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
