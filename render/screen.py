"""What every verb shares on screen: progress and notes on stderr, results on stdout, `--json` for machines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from .document import UserError

notes = Console(stderr=True, highlight=False, soft_wrap=True)
"""Progress, warnings and errors."""

results = Console(highlight=False)
"""What the user asked for."""


class _Late(Progress):
    """A display that appears when something gets anywhere, or is started, and goes again where a mistake is found: that
    is said in one line, without a bar above it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, raised: object, trace: object) -> None:
        if not self.live.is_started:
            return
        if isinstance(raised, UserError):
            self.live.transient = True  # takes back what it drew
            self.live.stop()
        else:
            self.stop()

    def update(self, *told: Any, **more: Any) -> None:
        super().update(*told, **more)
        self.start()


def progress() -> Progress:
    """A progress display on stderr: `with progress() as bar: task = bar.add_task("render", total=n)`.

    It appears at the first `update`, or with `bar.start()`, for work whose first step takes long.
    """
    return _Late(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[status]}"),
        console=notes,
    )


def show(data: Mapping[str, Any] | list[Any], shown: Any, as_json: bool) -> None:
    """Print a result: `data` as one JSON document where `as_json`, else the rich renderable `shown`."""
    if as_json:
        print(json.dumps(data, indent=2, sort_keys=True, allow_nan=False))
    else:
        results.print(shown)


def counted(count: int, thing: str) -> str:
    """`1 clip`, `2 clips`: for things whose plural takes an s."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def table(title: str, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> Table:
    """A plain table: the first column left-aligned, the others right-aligned."""
    drawn = Table(title=Text(title), title_justify="left")
    for number, column in enumerate(columns):
        drawn.add_column(column, justify="left" if number == 0 else "right", overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(str(cell)) for cell in row))
    return drawn
