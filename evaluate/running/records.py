"""What an evaluation has done so far, so that one that was stopped goes on, and a further checkpoint costs no more than
its own time.

`traces/METHOD/CLIP.json` appears when a method has gone through a clip, its masks written before it.
`traces/METHOD/run.json` says what was run on what; where that has changed, the method is run anew.
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

FORMAT = 2
RUN = "run.json"
Record = dict[str, Any]
"""`seconds`, and by object (a string) `score` (a ClipScore) and `trace` (see `Trace.dump`)."""


def run_key(dataset: Dataset, split: str, prompt: PromptKind, method: Method, precision: str) -> str:
    """A hash of all that a method's scores follow from."""
    told = {
        "format": FORMAT,
        "generator": dataset.manifest.generator,
        "shards": [shard.tar.sha256 for shard in dataset.manifest.shards],
        "clips": dataset.clips(split),
        "prompt": prompt,
        "precision": precision,
        "method": (method.name, method.model, method.sha256),
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


class Records:
    """The records in a folder, and the masks in another; either may be None."""

    def __init__(self, folder: Path | None, predictions: Path | None) -> None:
        self.folder, self.predictions = folder, predictions

    def begin(self, keys: Mapping[str, str]) -> None:
        """By method the key of its run: whatever is not of the very same run is removed, other methods wholly."""
        for folder in (self.folder, self.predictions):
            for old in sorted(folder.iterdir()) if folder is not None and folder.is_dir() else ():
                if not old.is_dir():
                    old.unlink()
                elif self.folder is None or _said(self.folder / old.name / RUN) != {"key": keys.get(old.name)}:
                    shutil.rmtree(old)
        for method, key in keys.items():
            if self.folder is not None:
                write_atomic(self.folder / method / RUN, json.dumps({"key": key}) + "\n")

    def done(self, method: str, clip: str) -> Record | None:
        """What a method made of a clip; None where it is still to be run."""
        return None if self.folder is None else _said(self.folder / method / f"{clip}.json")

    def write_masks(self, method: str, clip: str, masks: Mapping[int, list[Mask]]) -> None:
        """Every mask as a 1-bit PNG, where there is a folder for them."""
        if self.predictions is None:
            return
        folder = self.predictions / method / clip
        folder.mkdir(parents=True, exist_ok=True)
        for object_id, one in masks.items():
            for frame, mask in enumerate(one):
                (folder / f"{frame:04d}-{object_id}.png").write_bytes(encode(Product.AMODAL, mask))

    def finish(self, method: str, clip: str, record: Record) -> None:
        if self.folder is not None:
            write_atomic(self.folder / method / f"{clip}.json", json.dumps(record, allow_nan=False) + "\n")


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
