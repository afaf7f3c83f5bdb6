"""Run lengths: COCO's, column by column, plain or packed into text; and CVAT's, row by row inside a box.

COCO's text holds each run's length (from the fourth run on, its difference to the run two before) in base 32, least
digit first, a sixth bit for "more digits follow", each digit as the character 48 higher (pycocotools, `maskApi.c`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


def encode(mask_HW: Mask) -> dict[str, Any]:
    """A mask as COCO's compressed run lengths: `size` (height, width) and `counts`, a text."""
    return {"size": list(mask_HW.shape), "counts": _pack(_runs(mask_HW.ravel(order="F")))}


def decode(told: Any, width: int, height: int) -> Mask:
    """COCO's run lengths, compressed or not, as a mask, bool (H, W); ValueError for another size, and for damage."""
    if not isinstance(told, dict) or list(told.get("size", ())) != [height, width]:
        size = told.get("size") if isinstance(told, dict) else None
        raise ValueError(f"a mask of size {size}, [{height}, {width}] expected")
    counts = told.get("counts")
    runs = _unpack(counts, width * height) if isinstance(counts, str) else counts
    return _fill(runs, width * height).reshape((height, width), order="F")


def decode_box(runs: Sequence[int], box: tuple[int, int, int, int], width: int, height: int) -> Mask:
    """CVAT's run lengths, row by row in a box (left, top, width, height), as a bool (H, W); ValueError for damage."""
    left, top, wide, high = box
    if min(left, top) < 0 or min(wide, high) < 1 or left + wide > width or top + high > height:
        raise ValueError(f"a mask at {left}, {top} of {wide} x {high} pixels in a picture of {width} x {height}")
    mask = np.zeros((height, width), np.bool_)
    mask[top : top + high, left : left + wide] = _fill(runs, wide * high).reshape(high, wide)
    return mask


def _runs(flat: Mask) -> list[int]:
    """Lengths of the runs, the first one of False (0 where there is none)."""
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    runs = np.diff(np.concatenate([[0], edges, [flat.size]])).tolist()
    return [0, *runs] if flat[0] else runs


def _fill(runs: Any, length: int) -> Mask:
    if not isinstance(runs, (list, tuple)) or not all(isinstance(run, int) and 0 <= run <= length for run in runs):
        raise ValueError("run lengths that are none")
    if sum(runs) != length:
        raise ValueError(f"run lengths of {sum(runs)} pixels in all, {length} expected")
    return np.repeat(np.arange(len(runs)) % 2 == 1, runs)


def _pack(runs: Sequence[int]) -> str:
    text = []
    for place, run in enumerate(runs):
        number = run - runs[place - 2] if place > 2 else run
        while True:
            digit = number & 0x1F
            number >>= 5
            more = number != (-1 if digit & 0x10 else 0)
            text.append(chr(48 + digit + (0x20 if more else 0)))
            if not more:
                break
    return "".join(text)


def _unpack(text: str, length: int) -> list[int]:
    runs: list[int] = []
    number, shift = 0, 0
    for character in text:
        digit = ord(character) - 48
        if not 0 <= digit < 64 or shift > 40:
            raise ValueError("run lengths that are none")
        number |= (digit & 0x1F) << shift
        shift += 5
        if digit & 0x20:
            continue
        if digit & 0x10:
            number -= 1 << shift
        runs.append(number + (runs[-2] if len(runs) > 2 else 0))
        if not 0 <= runs[-1] <= length:
            raise ValueError("run lengths that are none")
        number, shift = 0, 0
    if shift:
        raise ValueError("run lengths that end in the middle of a number")
    return runs
