"""Makes the committed nano base from the runs that taught it: `python -m train.bundle RUN_1 RUN_2`.

The last run's best weights are rounded to bfloat16 (half the size), scored on generic clips that no run has seen, and
written to `train/weights/` with a JSON that says how they came about.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

import torch

from render.document import write_atomic

from .config import TrainConfig
from .data.held_out import generic_held_out
from .models import BUNDLED, image_size, resolve, save_weights, sha256
from .validation.score import score
from .validation.track import copy_first, track_all

TEST_CLIPS, TEST_FRAMES, TEST_SEED = 64, 16, 1


def bundle(runs: list[Path], out: Path = BUNDLED / "nano-base.safetensors") -> dict[str, Any]:
    """Write the base from the last of `runs`, and return (and write beside it) its record."""
    loaded = resolve(str(runs[-1]))
    state = {key: value.bfloat16() if value.is_floating_point() else value for key, value in loaded.state.items()}
    save_weights(out, state, {"model": loaded.name})
    base, untrained = resolve(str(out)), resolve("nano-random:1")
    clips = generic_held_out(TEST_SEED, 2, TEST_CLIPS, TEST_FRAMES, image_size(loaded.name))
    record = {
        "model": loaded.name,
        "sha256": sha256(out),
        "what": "trained from nothing on generic moving things (train.data.generic); holds no weights of Meta's SAM 2",
        "runs": [_facts(run) for run in runs],
        "hardware": f"{platform.machine()}, one of {os.cpu_count()} cores, torch {torch.__version__}",
        "test": {
            "clips": f"{TEST_CLIPS} generic clips of {TEST_FRAMES} frames, seed {TEST_SEED}, part 2",
            "base": score(track_all(base.name, base.state, clips, "cpu"), clips).as_dict(),
            "untrained": score(track_all(untrained.name, untrained.state, clips, "cpu"), clips).as_dict(),
            "copy-first": score(copy_first(clips), clips).as_dict(),
        },
    }
    write_atomic(out.with_suffix(".json"), json.dumps(record, indent=2) + "\n")
    return record


def _facts(run: Path) -> dict[str, Any]:
    """A run's resolved recipe, and how far it went."""
    config = json.loads((run / "config.json").read_text(encoding="utf-8"))["config"]
    return {
        "config": TrainConfig.parse(config, str(run)).model_dump(mode="json"),
        "best": json.loads((run / "best.json").read_text(encoding="utf-8")),
        "last": json.loads((run / "last.json").read_text(encoding="utf-8")),
    }


if __name__ == "__main__":
    print(json.dumps(bundle([Path(run) for run in sys.argv[1:]]), indent=2))
