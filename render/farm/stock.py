"""What of a plan is there, as seen from outside while tasks run."""

from __future__ import annotations

from pathlib import Path

from ..dataset import provenance
from ..dataset.commit import WORK, SharedStore
from ..planning.planfile import read_plan
from ..spec import ClipSpec
from . import clips


class Stock:
    """The clips of a plan, and which of them are in no shard yet. Groups packed whole are not read again."""

    def __init__(self, dataset: Path) -> None:
        self.header, self.specs = read_plan(dataset)
        self._work = dataset / WORK
        self._store = SharedStore(dataset, self.header, provenance.blender(), lambda line: None)
        self._open: dict[int, list[ClipSpec]] = {}
        for spec in self.specs:
            self._open.setdefault(spec.index // self.header.clips_per_shard, []).append(spec)
        self.frames = sum(spec.film.frames for spec in self.specs)

    def due(self) -> list[ClipSpec]:
        """The clips that are in no shard yet."""
        found: list[ClipSpec] = []
        for group, specs in list(self._open.items()):
            packed = self._store.look(group)
            left = [spec for spec in specs if spec.clip not in packed]
            if not left:
                del self._open[group]
            found += left
        return found

    def done(self) -> int:
        """How many frames are there."""
        due = self.due()
        missing = sum(spec.film.frames - clips.frames_done(self._work / spec.clip, spec) for spec in due)
        return self.frames - missing
