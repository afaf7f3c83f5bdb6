"""Job files for farms that heroprop does not drive itself. Their tasks do nothing but call `heroprop render-task`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from . import flamenco, opencue, openjd, slurm
from .order import Order, order, ranges

Format = Literal["openjd", "slurm", "opencue", "flamenco"]

WRITERS: dict[str, Callable[[Order, Path], list[Path]]] = {
    "openjd": openjd.write,
    "slurm": slurm.write,
    "opencue": opencue.write,
    "flamenco": flamenco.write,
}

__all__ = ["WRITERS", "Format", "Order", "order", "ranges"]
