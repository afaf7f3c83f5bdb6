"""Frame files: one finished frame of a clip in progress, whole or not there at all.

`DIR/0007.tar` is an uncompressed USTAR of the frame's members plus `clip-000012.0007.json`, its measures.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..dataset import tar
from ..document import UserError
from ..products import Member, Product, encode, held
from ..spec import ClipSpec
from .measure import FrameMeasure

Products = Mapping[tuple[Product, int | None], NDArray[np.generic]]
"""The arrays of one frame, by product and object id."""


def path(work: Path, frame: int) -> Path:
    """Where the frame's file lies."""
    return work / f"{frame:04d}.tar"


def measure_name(clip: str, frame: int) -> str:
    """Member name of a frame's measures."""
    return f"{clip}.{frame:04d}.json"


def member_names(spec: ClipSpec, frame: int) -> list[str]:
    """Every member of a frame file of this clip, in the order in which they are written."""
    ids = tuple(target.object_id for target in spec.targets)
    files = _file_names(ids, tuple(spec.film.extras))
    return [*(f"{spec.clip}.{frame:04d}.{file}" for file in files), measure_name(spec.clip, frame)]


@lru_cache(maxsize=256)
def _file_names(object_ids: tuple[int, ...], extras: tuple[str, ...]) -> tuple[str, ...]:
    """`rgb.jpg`, `coverage-1.png`, ...: the parts of members' names that every frame has."""
    wanted = held(object_ids, extras)
    return tuple(str(Member("", 0, product, i)).removeprefix(".0000.") for product, i in wanted)


def write(work: Path, spec: ClipSpec, frame: int, products: Products, measured: FrameMeasure) -> None:
    """Encode a frame and write its file atomically; equal frames give equal bytes."""
    encoded = {str(Member(spec.clip, frame, p, i)): encode(p, array) for (p, i), array in products.items()}
    encoded[measure_name(spec.clip, frame)] = measured.canonical().encode()
    tar.write(path(work, frame), [(name, encoded[name]) for name in member_names(spec, frame)])


def read(work: Path, spec: ClipSpec, frame: int) -> dict[str, bytes]:
    """Members of a frame file by name, in order; UserError if it is missing, damaged, or of another clip or spec."""
    file = path(work, frame)
    found = {entry.name: data for entry, data in tar.members(file)}
    if list(found) != member_names(spec, frame):
        raise UserError(f"{file}: not a frame file of {spec.clip}; render the clip again")
    return found


def is_whole(work: Path, spec: ClipSpec, frame: int) -> bool:
    """Whether the frame is there, undamaged."""
    try:
        read(work, spec, frame)
    except UserError:
        return False
    return True


def clean(work: Path) -> None:
    """Make `work`, and clear away what a killed process left in its scratch folder.

    Half-written frame files stay until the clip is packed: on a file system without locks another task may be at them.
    """
    work.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(work / "scratch", ignore_errors=True)
