"""One dataset of several, without rewriting a shard: their files are linked (or copied), and a manifest lists them.

Clips keep their order and their splits. Those of the first dataset keep their ids; clip n of a later one becomes clip
n + offset, and the manifest says what it is called in its shard (`stored`). Shards are numbered anew.
"""

from __future__ import annotations

import datetime
import hashlib
import itertools
import os
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import mask, shards
from ..document import UserError, sync
from ..exchange.convert import whole_folder
from ..manifest import SHARDS, SPLITS, VIEWS, Dataset, FileEntry, Manifest, Part, PlanEntry, RecipeEntry, ShardEntry
from . import provenance

MOST = 10**6
"""Clips have six digits."""


@dataclass(frozen=True)
class Merged:
    """What came together, and how many files had to be copied since they could not be linked."""

    clips: int
    shards: int
    copied: int
    parts: tuple[Part, ...]


def merge(out: Path, datasets: Sequence[Path], on_shard: Callable[[str], None] = lambda name: None) -> Merged:
    """Merge `datasets` into the new folder `out`, which appears when it is whole.

    UserError for fewer than two, views and URLs, another schema version or mask rule, a shard that is in two of them,
    an `out` that is not empty, and more than a million clips.
    """
    if len(datasets) < 2:
        raise UserError("merge: give two datasets or more, after the folder for the new one")
    held = [_read(folder) for folder in datasets]
    _refuse_doubles(datasets, held)
    parts: list[Part] = []
    clips: dict[str, Any] = {}
    splits: dict[str, list[str]] = {split: [] for split in SPLITS}
    listed: list[ShardEntry] = []
    copied, offset, numbers = 0, 0, itertools.count()
    with whole_folder(out) as folder:
        (folder / SHARDS).mkdir()
        for source, one in zip(datasets, held, strict=True):
            called = {name: f"clip-{_number(name) + offset:06d}" for name in one.clips}
            anew = {entry.name: shards.shard_name(next(numbers)) for entry in one.shards}
            for entry in one.shards:
                copied += _bring(source, folder, entry, anew[entry.name])
                on_shard(anew[entry.name])
            listed += [entry.model_copy(update={"name": anew[entry.name]}) for entry in one.shards]
            for name, clip in one.clips.items():
                stored = clip.stored or name
                told = {
                    "shard": anew[clip.shard],
                    "twin_of": called.get(clip.twin_of or "", clip.twin_of if offset == 0 else None),
                    "stored": None if stored == called[name] else stored,
                }
                clips[called[name]] = clip.model_copy(update=told)
            for split, names in one.splits.items():
                splits[split] += [called[name] for name in names]
            parts += _parts(source, one, offset)
            offset = max((_number(name) for name in clips), default=-1) + 1
            if offset > MOST:
                raise UserError(f"{source}: with it there would be clips above {MOST - 1}; merge fewer")
        sync(folder / SHARDS)
        _manifest(held, tuple(parts), clips, splits, tuple(listed)).write(folder)
    return Merged(len(clips), len(listed), copied, tuple(parts))


def _read(folder: Path) -> Manifest:
    if re.match(r"[a-z][a-z0-9+.-]+:/", str(folder)):
        raise UserError(f"{folder}: merge takes folders; copy that dataset here first")
    if folder.suffix == ".json" and folder.parent.name == VIEWS:
        raise UserError(f"{folder}: is a view; merge the datasets, then select from the whole")
    found = Dataset.open(folder).manifest
    if found.mask_rule != mask.RULE:
        raise UserError(
            f"{folder}: has the mask rule '{found.mask_rule}', this heroprop '{mask.RULE}'; render it again"
        )
    return found


def _refuse_doubles(datasets: Sequence[Path], held: Sequence[Manifest]) -> None:
    homes: dict[str, Path] = {}
    for folder, one in zip(datasets, held, strict=True):
        for entry in one.shards:
            first = homes.setdefault(entry.tar.sha256, folder)
            if first is not folder:
                raise UserError(f"{folder}: {entry.name} is in {first} too; its clips would count twice: leave one out")


def _bring(source: Path, folder: Path, entry: ShardEntry, name: str) -> int:
    """Link a shard's files under another name, or copy them; how many were copied."""
    copied = 0
    stated = (entry.tar, entry.frames_index, entry.objects_index)
    pairs = zip(shards.paths(source / SHARDS, entry.name), shards.paths(folder / SHARDS, name), stated, strict=True)
    for old, new, file in pairs:
        try:
            os.link(old, new)
        except OSError:  # another file system, or one without links
            shutil.copyfile(old, new)
            sync(new)
            copied += 1
            if FileEntry.of(new) != file:
                raise UserError(
                    f"{old}: differs from its manifest; 'heroprop verify {source}' says what to do"
                ) from None
    return copied


def _parts(source: Path, one: Manifest, offset: int) -> list[Part]:
    """Where a dataset's clips come from; of a merged one, the datasets that it was made of."""
    if one.merged:
        return [part.model_copy(update={"offset": part.offset + offset}) for part in one.merged]
    told = one.model_dump(include={"generator", "blender", "created", "recipe", "plan"})
    return [Part.model_validate(told | {"name": source.resolve().name, "clips": len(one.clips), "offset": offset})]


def _manifest(
    held: Sequence[Manifest],
    parts: tuple[Part, ...],
    clips: dict[str, Any],
    splits: dict[str, list[str]],
    listed: tuple[ShardEntry, ...],
) -> Manifest:
    licences = {licence for one in held for licence in one.licences}

    def digest(of: Sequence[str]) -> str:
        return hashlib.sha256("\n".join(of).encode()).hexdigest()

    return Manifest(
        generator=provenance.generator(),
        blender=", ".join(sorted({one.blender for one in held})),
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        mask_rule=mask.RULE,
        recipe=RecipeEntry(name="merged", sha256=digest([part.recipe.sha256 for part in parts])),
        plan=PlanEntry(sha256=digest([entry.tar.sha256 for entry in listed]), clips=len(clips), seed=0),
        splits={split: tuple(sorted(names)) for split, names in splits.items()},
        clips=dict(sorted(clips.items())),
        shards=listed,
        licences=tuple(sorted(licences, key=lambda asset: (asset.asset, asset.sha256))),
        failed=(),
        merged=parts,
    )


def _number(clip: str) -> int:
    return int(clip.removeprefix("clip-"))
