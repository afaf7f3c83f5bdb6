"""`heroprop convert`: a dataset or view in another format."""

from __future__ import annotations

import importlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..document import UserError, nearest, scratch_name
from ..manifest import Dataset
from .clips import Clip, Frame, outgoing

EXPORTS = ("davis", "youtubevos", "sav", "coco", "rerun")
"""Formats that datasets can be converted to: each a module of this package with a function `write(clips, out)`."""


@dataclass(frozen=True)
class Converted:
    """How much was written."""

    clips: int
    frames: int


def convert(dataset: Path | str, to: str, out: Path, on_clip: Callable[[str], None] = lambda clip: None) -> Converted:
    """Write a dataset, or one of its views, into `out` in another format; `on_clip` hears of each clip that is begun.

    `out` appears when it is whole, or not at all. UserError for an unknown format and a folder that is not empty.
    """
    if to not in EXPORTS:
        raise UserError(f"--to: no format '{to}'{nearest(to, list(EXPORTS))}")
    data = Dataset.open(dataset)
    module = importlib.import_module(f"{__package__}.{to}")
    count = [0, 0]

    def told() -> Iterator[Clip]:
        for clip in outgoing(data):
            on_clip(clip.name)
            count[0] += 1
            count[1] += len(clip.numbers)
            yield clip

    with whole_folder(out) as folder:
        module.write(told(), folder)
    return Converted(*count)


@contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """A folder to fill that becomes `out` at the end, and vanishes if anything goes wrong before.

    UserError where `out` is a file or not empty.
    """
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise UserError(f"{out}: is a file or link; give --out a new or an empty folder")
    if out.is_dir() and any(out.iterdir()):
        raise UserError(f"{out}: is not empty; give --out a new or an empty folder")
    out.parent.mkdir(parents=True, exist_ok=True)
    folder = scratch_name(out)
    folder.mkdir()
    try:
        yield folder
        if out.is_dir():
            out.rmdir()
        os.replace(folder, out)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


__all__ = ["EXPORTS", "Clip", "Converted", "Frame", "convert", "whole_folder"]
