"""What an evaluation has done so far, clip by clip, so that one that was stopped goes on where it was.

`traces/CLIP.json` appears when a clip has gone through every method, its masks written before it. `traces/run.json`
says what was run on what; where that has changed, everything is done anew.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from render.document import write_atomic
from render.manifest import Dataset
from render.products import Product, decode, encode

from .clips import Mask
from .methods import Method, PromptKind

FORMAT = 1
RUN = "run.json"
Record = dict[str, Any]
"""By method: `seconds`, and by object (a string) `score` (a ClipScore) and `trace` (see `Trace.dump`)."""


def run_key(dataset: Dataset, split: str, prompt: PromptKind, methods: list[Method], precision: str) -> str:
    """A hash of all that the scores follow from."""
    told = {
        "format": FORMAT,
        "generator": dataset.manifest.generator,
        "shards": [shard.tar.sha256 for shard in dataset.manifest.shards],
        "clips": dataset.clips(split),
        "prompt": prompt,
        "precision": precision,
        "methods": [(method.name, method.model, method.sha256) for method in methods],
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


class Records:
    """The records in a folder, and the masks in another; either may be None."""

    def __init__(self, folder: Path | None, predictions: Path | None) -> None:
        self.folder, self.predictions = folder, predictions

    def begin(self, key: str) -> None:
        """Empty both folders, unless they are of the very same run."""
        if self.folder is not None and _said(self.folder / RUN) == {"key": key}:
            return
        for old in (self.folder, self.predictions):
            if old is not None:
                shutil.rmtree(old, ignore_errors=True)
        if self.folder is not None:
            write_atomic(self.folder / RUN, json.dumps({"key": key}) + "\n")

    def done(self, clip: str) -> Record | None:
        """A finished clip's record; None where it is still to be run."""
        return None if self.folder is None else _said(self.folder / f"{clip}.json")

    def write_masks(self, method: str, clip: str, masks: Mapping[int, list[Mask]]) -> None:
        """Every mask as a 1-bit PNG, where there is a folder for them."""
        if self.predictions is None:
            return
        folder = self.predictions / method / clip
        folder.mkdir(parents=True, exist_ok=True)
        for object_id, one in masks.items():
            for frame, mask in enumerate(one):
                (folder / f"{frame:04d}-{object_id}.png").write_bytes(encode(Product.AMODAL, mask))

    def finish(self, clip: str, record: Record) -> None:
        if self.folder is not None:
            write_atomic(self.folder / f"{clip}.json", json.dumps(record, allow_nan=False) + "\n")


def predicted(folder: Path, method: str, clip: str, frame: int, object_id: int) -> Mask:
    """A mask that `evaluate` wrote below `folder`; bool (H, W)."""
    data = (folder / method / clip / f"{frame:04d}-{object_id}.png").read_bytes()
    found: Mask = decode(Product.AMODAL, data).astype(bool)
    return found


def _said(path: Path) -> Record | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
