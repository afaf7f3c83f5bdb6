"""What a dataset holds, in figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..manifest import SPLITS, Dataset

RANGES = {
    "occlusion": "occlusion (share of the target)",
    "speed_diameters": "speed (diameters a frame)",
    "blur_diameters": "blur (diameters)",
    "veil_mean": "veil over the target",
}
"""Attributes whose spread `info` shows, and how they are called there."""


@dataclass(frozen=True)
class SplitInfo:
    """One split: clips, frames, targets, targets by label, and bytes of all its pictures and measures."""

    clips: int
    frames: int
    objects: int
    labels: dict[str, int]
    bytes: int


@dataclass(frozen=True)
class Spread:
    """How an attribute spreads over all frames in which its target is present; None where there are none."""

    low: float | None
    median: float | None
    high: float | None


@dataclass(frozen=True)
class Info:
    """A dataset in figures. `due` clips are planned and neither there nor failed."""

    recipe: str
    generator: str
    blender: str
    created: str
    mask_rule: str
    planned: int
    clips: int
    due: int
    failed: tuple[str, ...]
    shards: int
    bytes: int
    splits: dict[str, SplitInfo]
    attributes: dict[str, Spread]
    licences: dict[str, str]

    def as_json(self) -> dict[str, Any]:
        """The figures as one JSON document."""
        return asdict(self)


def info(folder: Path | str) -> Info:
    """Count what a dataset holds. UserError where it cannot be opened."""
    data = Dataset.open(folder)
    held = data.manifest
    values: dict[str, list[float]] = {name: [] for name in RANGES}
    for clip in data.clips():
        for object_id in data.objects(clip):
            columns = data.attributes(clip, object_id)
            for name, found in values.items():
                found += columns[name][columns["present"].astype(bool)].astype(float).tolist()
    return Info(
        recipe=held.recipe.name,
        generator=held.generator,
        blender=held.blender,
        created=held.created,
        mask_rule=held.mask_rule,
        planned=held.plan.clips,
        clips=len(held.clips),
        due=held.plan.clips - len(held.clips) - len(set(held.failed) - set(held.clips)),
        failed=held.failed,
        shards=len(held.shards),
        bytes=sum(s.tar.bytes + s.frames_index.bytes + s.objects_index.bytes for s in held.shards),
        splits={split: _split(data, data.clips(split)) for split in SPLITS},
        attributes={name: _spread(found) for name, found in values.items()},
        licences={asset.asset: asset.licence for asset in held.licences},
    )


def _split(data: Dataset, clips: Iterable[str]) -> SplitInfo:
    entries = {clip: data.manifest.clips[clip] for clip in clips}
    labels = Counter(label for entry in entries.values() for label in entry.labels.values())
    return SplitInfo(
        clips=len(entries),
        frames=sum(entry.frames for entry in entries.values()),
        objects=sum(labels.values()),
        labels=dict(sorted(labels.items())),
        bytes=sum(data.size(clip) for clip in entries),
    )


def _spread(found: list[float]) -> Spread:
    numbers = np.array(found, np.float64)
    numbers = numbers[~np.isnan(numbers)]
    if not numbers.size:
        return Spread(None, None, None)
    return Spread(*(round(float(x), 4) for x in (numbers.min(), np.median(numbers), numbers.max())))
