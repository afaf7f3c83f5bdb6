"""Memory of a check that may be broken off: shard by shard, what has been found so far."""

from __future__ import annotations

import contextlib
import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .. import shards
from ..dataset.provenance import generator
from ..document import write_atomic
from ..manifest import SHARDS, ShardEntry
from .report import Checked, Problem


class Notes:
    """What a check that may be broken off has found so far: `.verify/SHARD.json` in the dataset, removed at its end."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._home = folder, folder / ".verify"

    def recall(self, entry: ShardEntry) -> Checked | None:
        """What was found in a shard; None where it has not been checked, or something has changed since."""
        try:
            told = json.loads((self._home / f"{entry.name}.json").read_text(encoding="utf-8"))
            if told["state"] != self._state(entry):
                return None
            return Checked([Problem(**problem) for problem in told["problems"]], dict(told["contents"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, entry: ShardEntry, checked: Checked) -> None:
        """Note what was found; where a dataset can't be written to, a broken-off check starts anew."""
        told = {"state": self._state(entry)} | asdict(checked)
        with contextlib.suppress(OSError):
            write_atomic(self._home / f"{entry.name}.json", json.dumps(told))

    def forget(self) -> None:
        shutil.rmtree(self._home, ignore_errors=True)

    def _state(self, entry: ShardEntry) -> list[Any]:
        """What a finding rests on: the manifest's words, the files as they lie there, and this program."""
        files = shards.paths(self._folder / SHARDS, entry.name)
        stats = [path.lstat() if path.exists() else None for path in files]
        lie = [[found.st_size, found.st_mtime_ns] if found else None for found in stats]
        return [generator(), entry.model_dump(mode="json"), lie]
