"""Prompts from words: options of the command line, and files of many prompts (TOML or JSON)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field

from render.document import Document, UserError

from ..media.frames import read_mask
from .prompt import Prompt

Point = tuple[float, float] | tuple[float, float, int]


class Entry(Document):
    """One object on one frame."""

    frame: int = Field(default=0, ge=0)
    object: int = Field(default=1, ge=1, le=254)
    points: tuple[Point, ...] = ()
    """x, y in pixels, and 0 for a point off the object."""
    box: tuple[float, float, float, float] | None = None
    """x0, y0, x1, y1."""
    mask: str | None = None
    """A mask picture, from the file's own folder; a palette PNG marks several objects."""


class PromptFile(Document):
    """`[[prompt]]` tables, each an object on a frame: the first of an object starts it, later ones correct it."""

    prompt: tuple[Entry, ...] = Field(min_length=1)


def read_prompts(path: Path) -> list[Prompt]:
    """The prompts of a .toml or .json file; UserError for anything amiss."""
    if path.suffix.lower() not in (".toml", ".json"):
        raise UserError(f"{path}: prompts come as .toml or .json")
    file = PromptFile.read_json(path) if path.suffix.lower() == ".json" else PromptFile.read_toml(path)
    prompts = []
    for number, entry in enumerate(file.prompt, 1):
        where = f"{path}: prompt {number}"
        if entry.mask is not None:
            if entry.points or entry.box is not None:
                raise UserError(f"{where}: give a mask, or a box and points, not both")
            masks = masks_of(path.parent / entry.mask)
            ids = list(masks) if len(masks) > 1 else [entry.object]
            found = zip(ids, masks.values(), strict=True)
            prompts += [Prompt(object_id, entry.frame, mask=mask) for object_id, mask in found]
            continue
        labels = tuple(int(point[2]) if len(point) == 3 else 1 for point in entry.points)
        if not set(labels) <= {0, 1}:
            raise UserError(f"{where}: a point's third number is 1 (on the object) or 0 (off it)")
        places = tuple((point[0], point[1]) for point in entry.points)
        prompts.append(Prompt(entry.object, entry.frame, places, labels, entry.box))
    return prompts


def make_prompts(
    points: Sequence[str] = (), box: str | None = None, mask: Path | None = None, frame: int = 0
) -> list[Prompt]:
    """Prompts from command-line words. A palette PNG is one object a palette index, any other mask is object 1."""
    if not points and box is None and mask is None:
        raise UserError(
            "no prompt: say what to track with --point X,Y, --box X0,Y0,X1,Y1, --mask PNG or --prompts FILE"
        )
    if mask is not None:
        if points or box is not None:
            raise UserError("--mask: give a mask, or a box and points, not both")
        return [Prompt(object_id, frame, mask=one) for object_id, one in masks_of(mask).items()]
    parsed = [parse_point(point) for point in points]
    return [
        Prompt(
            frame=frame,
            points=tuple(place for place, _ in parsed),
            labels=tuple(label for _, label in parsed),
            box=parse_box(box) if box is not None else None,
        )
    ]


def make_corrections(words: Sequence[str]) -> list[Prompt]:
    """`FRAME:X,Y[,0]`, `FRAME:X0,Y0,X1,Y1` or `FRAME:MASK.png`, with `FRAME:OBJECT:…` for another than object 1.

    Points and the box of one object on one frame are one prompt.
    """
    found: dict[tuple[int, int], Prompt] = {}
    for word in words:
        head, _, what = word.rpartition(":")
        numbers = head.split(":")
        if not what or not 1 <= len(numbers) <= 2 or not all(number.isdecimal() for number in numbers):
            raise UserError(f"--correct '{word}': give FRAME:X,Y or FRAME:X,Y,0 or FRAME:X0,Y0,X1,Y1 or FRAME:MASK.png")
        frame, object_id = int(numbers[0]), int(numbers[1]) if len(numbers) == 2 else 1
        before = found.get((frame, object_id), Prompt(object_id, frame))
        if what.lower().endswith(".png"):
            found[frame, object_id] = Prompt(object_id, frame, mask=read_mask(Path(what)))
        elif what.count(",") == 3:
            found[frame, object_id] = Prompt(object_id, frame, before.points, before.labels, parse_box(what))
        else:
            place, label = parse_point(what)
            points, labels = (*before.points, place), (*before.labels, label)
            found[frame, object_id] = Prompt(object_id, frame, points, labels, before.box)
    return list(found.values())


def parse_point(text: str) -> tuple[tuple[float, float], int]:
    """`X,Y` (on the object) or `X,Y,0` (off it) to ((x, y), label)."""
    numbers = _numbers(text, "point", "X,Y or X,Y,0 in pixels, e.g. 320,180", (2, 3))
    label = numbers[2] if len(numbers) == 3 else 1.0
    if label not in (0.0, 1.0):
        raise UserError(f"point '{text}': the third number is 1 (on the object) or 0 (off it)")
    return (numbers[0], numbers[1]), int(label)


def parse_box(text: str) -> tuple[float, float, float, float]:
    """`X0,Y0,X1,Y1` in pixels."""
    x0, y0, x1, y1 = _numbers(text, "box", "X0,Y0,X1,Y1 in pixels, e.g. 100,80,220,190", (4,))
    return x0, y0, x1, y1


def masks_of(path: Path) -> dict[int, NDArray[np.bool_]]:
    """Object id to mask. A palette picture has an object an index (0 is background); any other is one object."""
    mask = read_mask(path)
    with Image.open(path) as image:
        if image.mode != "P":
            return {1: mask}
        ids = np.asarray(image)
    found = {int(number): ids == number for number in np.unique(ids) if number != 0}
    return found or {1: ids != 0}


def _numbers(text: str, what: str, form: str, counts: tuple[int, ...]) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        raise UserError(f"{what} '{text}': not numbers; give {form}") from None
    if len(numbers) not in counts or not all(math.isfinite(number) for number in numbers):
        raise UserError(f"{what} '{text}': give {form}")
    return numbers
