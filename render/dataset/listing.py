"""Making a manifest out of the shards that are there."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from pathlib import Path

from .. import mask, shards
from ..manifest import SPLITS, ClipEntry, FileEntry, Manifest, PlanEntry, RecipeEntry, ShardEntry
from . import provenance
from .provenance import AssetLicence


def build(
    known: Mapping[str, tuple[ShardEntry, tuple[shards.IndexedClip, ...]]],
    recipe: RecipeEntry,
    plan: PlanEntry,
    blender: str,
    failed: Iterable[str],
) -> Manifest:
    """The manifest of a dataset whose shards are `known`: by name, each one's entry and what its index lists."""
    entries: dict[str, ClipEntry] = {}
    splits: dict[str, list[str]] = {split: [] for split in SPLITS}
    licences: set[AssetLicence] = set()
    for name, (_, clips) in known.items():
        for clip in clips:
            entries[clip.clip] = ClipEntry(
                shard=name, frames=clip.frames, labels=clip.labels, twin_of=clip.twin_of, real=clip.real
            )
            splits[clip.split].append(clip.clip)
            licences.update(clip.licences)
    return Manifest.model_validate(
        {
            "generator": provenance.generator(),
            "blender": blender,
            "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "mask_rule": mask.RULE,
            "recipe": recipe,
            "plan": plan,
            "splits": {split: sorted(clips) for split, clips in splits.items()},
            "clips": dict(sorted(entries.items())),
            "shards": [known[name][0] for name in sorted(known, key=_shard_order)],
            "licences": sorted(licences, key=lambda asset: (asset.asset, asset.sha256)),
            "failed": sorted(failed),
        }
    )


def measure_shard(folder: Path, name: str) -> tuple[ShardEntry, tuple[shards.IndexedClip, ...]]:
    """A shard's manifest entry and what its index lists, from its files in `folder` (the dataset's `shards/`)."""
    tar_file, frames_file, objects_file = shards.paths(folder, name)
    clips = tuple(shards.Shard(folder, name).clips.values())
    entry = ShardEntry(
        name=name,
        clips=len(clips),
        frames=sum(clip.frames for clip in clips),
        tar=FileEntry.of(tar_file),
        frames_index=FileEntry.of(frames_file),
        objects_index=FileEntry.of(objects_file),
    )
    return entry, clips


def _shard_order(name: str) -> tuple[int, int]:
    group, _, part = name.removeprefix("shard-").partition(".")
    return int(group), int(part or 0)
