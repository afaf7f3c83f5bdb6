"""What every job file is written from: which clips are due, and the command that renders some of them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...document import UserError
from ..setup import USUAL, Setup
from ..stock import Stock

HEROPROP = ("-u", "-m", "heroprop")
"""What Python is called with, before the verb. Unbuffered: a farm reads the log while a task runs."""


@dataclass(frozen=True)
class Order:
    """A dataset to be rendered: its absolute path, the clips that are due by index, clips a task, the Python that the
    nodes run, and with what they render."""

    dataset: Path
    due: tuple[int, ...]
    clips: int
    python: str
    setup: Setup = USUAL

    @property
    def name(self) -> str:
        """What the job is called on the farm."""
        return f"heroprop {self.dataset.name}"[:128]

    def command(self, verb: str) -> list[str]:
        """The command line of a verb on this dataset, up to its options."""
        return [self.python, *HEROPROP, verb, str(self.dataset)]

    def tasks(self) -> list[list[int]]:
        """The due clips, task by task: never clips of two shards in one task, where a task holds at most a shard."""
        groups: dict[int, list[int]] = {}
        for index in self.due:
            groups.setdefault(index // self.clips, []).append(index)
        return list(groups.values())


def order(dataset: Path, setup: Setup = USUAL, *, clips: int | None = None, python: str | None = None) -> Order:
    """What is due of a planned dataset. UserError for no plan, or nothing to do."""
    stock = Stock(dataset)
    due = tuple(spec.index for spec in stock.due())
    if not due:
        raise UserError(f"{dataset}: every clip is in a shard; there is nothing to render")
    size = clips or stock.header.clips_per_shard
    return Order(dataset.resolve(), due, size, python or sys.executable, setup)


def ranges(indices: Iterable[int]) -> str:
    """Sorted clip numbers as `--clips` takes them: `0-7,12,20-23`."""
    runs: list[list[int]] = []
    for index in indices:
        if runs and index == runs[-1][1] + 1:
            runs[-1][1] = index
        else:
            runs.append([index, index])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def span(indices: Sequence[int]) -> str:
    """From the first to the last: for lists too long to write down. A task whose clips are all there ends at once."""
    return f"{indices[0]}-{indices[-1]}"
