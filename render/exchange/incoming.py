"""`heroprop import`: real, labelled footage as a dataset: the same shards and manifest, marked real."""

from __future__ import annotations

import hashlib
import importlib
import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .. import manifest, shards
from ..dataset import listing, pack, provenance, tar
from ..dataset.provenance import Provenance, RealRecord
from ..document import UserError, nearest, no_folder
from ..frames import framefile, measure
from ..products import Member, Product, encode
from ..spec import RealClip, RealFilm, RealTarget, Source
from .clips import Clip, Frame, index_map
from .convert import whole_folder

IMPORTS = ("davis", "youtubevos", "sav", "coco", "cvat", "solo")
"""Formats that can be imported: each a module of this package with a function `read(folder)` that gives clips."""
SHARD_FRAMES = 2000
"""A shard takes clips until it has this many frames."""


@dataclass(frozen=True)
class Imported:
    """How much was read; `unlabelled` frames had no annotation and were left out, `empty` clips no object at all."""

    clips: int
    frames: int
    shards: int
    unlabelled: int
    empty: int


def import_clips(
    folder: Path,
    source: str,
    out: Path,
    fps: float | None = None,
    split: str | None = None,
    on_clip: Callable[[str], None] = lambda clip: None,
) -> Imported:
    """Make a dataset of the footage in `folder`; `on_clip` hears of each clip that is begun.

    `fps`: frames a second where the format does not say. `split`: put all clips there. `out` appears when it is whole,
    or not at all. UserError for an unknown format, for anything in the folder that can't be read or leads out of it,
    and for an `out` that is not empty.
    """
    if source not in IMPORTS:
        raise UserError(f"--from: no format '{source}'{nearest(source, list(IMPORTS))}")
    if split is not None and split not in manifest.SPLITS:
        raise UserError(f"--split: no split '{split}'{nearest(split, list(manifest.SPLITS))}")
    if not folder.is_dir():
        raise UserError(f"{folder}: {no_folder(folder)}; give a folder of labelled footage")
    module = importlib.import_module(f"{__package__}.{source}")
    made_by = Provenance(generator=f"{provenance.generator()}, imported from {source}", blender="none")
    taken: set[str] = set()
    digest = hashlib.sha256()
    tally = {"unlabelled": 0, "empty": 0, "frames": 0}

    def records() -> Iterator[tuple[RealRecord, Clip]]:
        for clip in module.read(folder):
            on_clip(clip.name)
            tally["unlabelled"] += clip.unlabelled
            if not clip.labels or not clip.numbers:
                tally["empty"] += 1
                continue
            tally["frames"] += len(clip.numbers)
            name = _clip_id(clip.name, taken, folder)
            record = RealRecord(spec=_spec(name, clip, source, fps, split), provenance=made_by)
            digest.update(record.canonical().encode())
            yield record, clip

    with whole_folder(out) as made:
        home = made / manifest.SHARDS
        home.mkdir()
        known = {}
        for group, some in enumerate(_groups(records())):
            name = shards.shard_name(group)
            tar.write(shards.tar_path(home, name), _members(some))
            pack.write_index(home, name)
            known[name] = listing.measure_shard(home, name)
        if not known:
            raise UserError(f"{folder}: holds no labelled clip in the {source} format; {module.LAYOUT}")
        recipe = manifest.RecipeEntry(name=f"imported from {source}", sha256=digest.hexdigest())
        plan = manifest.PlanEntry(sha256=digest.hexdigest(), clips=len(taken), seed=0)
        listing.build(known, recipe, plan, "none", ()).write(made)
    return Imported(len(taken), tally["frames"], len(known), tally["unlabelled"], tally["empty"])


def _groups(records: Iterable[tuple[RealRecord, Clip]]) -> Iterator[list[tuple[RealRecord, Clip]]]:
    """Clips by shard."""
    some: list[tuple[RealRecord, Clip]] = []
    for pair in records:
        some.append(pair)
        if sum(len(clip.numbers) for _, clip in some) >= SHARD_FRAMES:
            yield some
            some = []
    if some:
        yield some


def _members(some: Iterable[tuple[RealRecord, Clip]]) -> Iterator[tuple[str, bytes]]:
    for record, clip in some:
        yield f"{record.spec.clip}.json", record.canonical().encode()
        for place, (_, frame) in enumerate(clip.frames()):
            yield from _frame(record.spec, place, frame)


def _frame(spec: RealClip, place: int, frame: Frame) -> Iterator[tuple[str, bytes]]:
    """The members of one frame, in the order in which shards hold them."""
    ids = sorted(target.object_id for target in spec.targets)
    visible, _ = index_map(frame.masks)
    yield str(Member(spec.clip, place, Product.RGB)), frame.jpeg
    for i in ids:
        coverage = np.where(frame.masks[i], 255, 0).astype(np.uint8)
        yield str(Member(spec.clip, place, Product.COVERAGE, i)), encode(Product.COVERAGE, coverage)
    yield str(Member(spec.clip, place, Product.VISIBLE)), encode(Product.VISIBLE, visible)
    measured = measure.measure_real(place, frame.masks, visible)
    yield framefile.measure_name(spec.clip, place), measured.canonical().encode()


def _spec(name: str, clip: Clip, source: str, fps: float | None, split: str | None) -> RealClip:
    told = {
        "clip": name,
        "split": split or clip.split,
        "film": RealFilm(width=clip.width, height=clip.height, frames=len(clip.numbers), fps=clip.fps or fps),
        "targets": [
            RealTarget(object_id=i, label=clip.labels[i], source_id=clip.source_ids.get(i)) for i in sorted(clip.labels)
        ],
        "source": Source(format=source, name=clip.name, frames=clip.numbers),
    }
    return RealClip.parse(told, clip.name)


def _clip_id(name: str, taken: set[str], folder: Path) -> str:
    """The clip's id in the dataset: its own name where that is one, else the next free number."""
    if re.fullmatch(r"clip-\d{6}", name):
        found = name
    else:
        found = next(i for i in (f"clip-{n:06d}" for n in itertools.count(len(taken))) if i not in taken)
    if found in taken:
        raise UserError(f"{folder}: '{name}' and another clip would both be {found}; rename one")
    taken.add(found)
    return found
