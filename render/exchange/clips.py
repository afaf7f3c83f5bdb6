"""What every format is translated to and from: clips of frames, each a JPEG and a binary mask for each object."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..document import UserError
from ..manifest import Dataset
from ..products import Product

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Frame:
    """One frame: its JPEG (RGB) as stored, and a mask, bool (H, W), for every object of the clip, empty ones too."""

    jpeg: bytes
    masks: Mapping[int, Mask]


@dataclass(frozen=True)
class Clip:
    """One clip. `numbers` are its frames' numbers in the source, ascending; `read` gives a frame by its place in them.

    `labels` by object id (1..254). `unlabelled` frames of the source had no annotation at all, and are not among them.
    `attributes` of an object, arrays over the frames, are those of `render.frames.measure`, where they were measured.
    """

    name: str
    split: str
    width: int
    height: int
    numbers: tuple[int, ...]
    labels: Mapping[int, str]
    read: Callable[[int], Frame]
    fps: float | None = None
    source_ids: Mapping[int, str] = field(default_factory=dict)
    unlabelled: int = 0
    attributes: Callable[[int], Mapping[str, NDArray[Any]]] | None = None

    def frames(self) -> Iterator[tuple[int, Frame]]:
        """Number and frame, in order; each is read when it is asked for."""
        return ((number, self.read(place)) for place, number in enumerate(self.numbers))


_FOLDER = re.compile(r"\w[\w .()-]{0,127}")
"""Names that a folder can have anywhere, and that lead nowhere else."""


def outgoing(data: Dataset) -> Iterator[Clip]:
    """The clips of a dataset or view, by id; of real footage with the numbers and, if a folder can be called so, under
    the names that it came with."""
    splits = {clip: split for split, clips in data.manifest.splits.items() for clip in clips}
    names: set[str] = set()
    for clip in data.with_records(data.clips()):
        spec = data.spec(clip)
        film, real = spec["film"], data.is_real(clip)
        name = spec["source"]["name"] if real and _FOLDER.fullmatch(spec["source"]["name"]) else clip
        if name in names:
            raise UserError(f"{data.folder}: two clips are called '{name}'; convert a view that holds one of them")
        names.add(name)
        yield Clip(
            name=name,
            split=splits[clip],
            width=film["width"],
            height=film["height"],
            numbers=tuple(spec["source"]["frames"]) if real else tuple(range(data.frame_count(clip))),
            labels={i: data.label(clip, i) for i in data.objects(clip)},
            read=_reader(data, clip),
            fps=film["fps"],
            attributes=functools.partial(data.attributes, clip),
        )


def _reader(data: Dataset, clip: str) -> Callable[[int], Frame]:
    frames, objects = range(data.frame_count(clip)), data.objects(clip)

    def read(place: int) -> Frame:
        data.prefetch_next(clip, frames, place, objects)
        jpeg = data.encoded(clip, place, Product.RGB)
        return Frame(jpeg, {i: data.mask(clip, place, i) for i in objects})

    return read


MAX_OBJECTS = 254


def number_objects(found: Iterable[int], where: str) -> dict[int, int]:
    """Object ids from 1 to 254 for a clip's objects by their ids in the source: the same ones where they can be.

    Where some are outside, all are numbered anew in ascending order. UserError for too many.
    """
    ids = sorted(set(found))
    if len(ids) > MAX_OBJECTS:
        raise UserError(f"{where}: {len(ids)} objects in one clip; at most {MAX_OBJECTS}")
    if all(1 <= i <= MAX_OBJECTS for i in ids):
        return {i: i for i in ids}
    return {i: number for number, i in enumerate(ids, 1)}


def index_map(masks: Mapping[int, Mask]) -> tuple[NDArray[np.uint8], list[int]]:
    """Masks as one picture of object ids, uint8 (H, W), and the objects that lose pixels by it.

    Masks of blurred objects may overlap, which an index picture cannot show: such a pixel goes to the smaller mask.
    """
    order = sorted(masks, key=lambda i: (-int(masks[i].sum()), i))
    drawn = np.zeros(next(iter(masks.values())).shape, np.uint8)
    for i in order:
        drawn[masks[i]] = i
    return drawn, [i for i in sorted(masks) if (masks[i] & (drawn != i)).any()]
