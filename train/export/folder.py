"""Exports that are folders: made aside, checked there, and put in place whole."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from render.document import UserError

from .card import is_ours

CARD = "README.md"


@contextlib.contextmanager
def staged(out: Path) -> Iterator[Path]:
    """A new folder beside `out` to write into; it takes `out`'s place when the block ends well, else nothing stays.

    UserError where `out` is a file, or a folder that holds anything but an earlier export.
    """
    if out.exists() and not out.is_dir():
        raise UserError(f"{out}: is a file; name a folder for this format")
    if out.is_dir() and any(out.iterdir()) and not is_ours(out / CARD):
        raise UserError(f"{out}: is not empty and was not exported by heroprop; name a new folder")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.", suffix=".tmp") as scratch:
        made = Path(scratch) / "new"
        made.mkdir()
        yield made
        if out.exists():
            os.replace(out, Path(scratch) / "old")
        os.replace(made, out)


def names(folder: Path) -> tuple[str, ...]:
    """The files of a folder, by name."""
    return tuple(sorted(path.name for path in folder.iterdir()))
