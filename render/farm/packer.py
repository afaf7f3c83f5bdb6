"""When clips become shards: each group of clips, in plan order, once all of it is whole or set aside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ..dataset.commit import Between, Store
from ..spec import ClipSpec
from . import clips
from .watch import Watcher


class Packer:
    """Packs the groups that hold any of `mine` (all groups by default). Owner of `whole` and `failed`."""

    def __init__(self, store: Store, work: Path, specs: Sequence[ClipSpec], watcher: Watcher, between: Between) -> None:
        self._store, self._work, self._watcher, self._between = store, work, watcher, between
        size, packed = store.header.clips_per_shard, store.packed
        self._groups = {i // size: specs[i : i + size] for i in range(0, len(specs), size)}
        self.whole = {spec.clip for spec in specs if spec.clip not in packed and self._is_whole(spec)}
        self.failed: set[str] = set()

    def pack_settled(self) -> None:
        """Pack every group whose clips are all whole, set aside or packed already."""
        packed = self._store.packed
        settled = self.whole | self.failed | packed
        for number, group in list(self._groups.items()):
            if all(spec.clip in settled for spec in group):
                del self._groups[number]
                self.pack(number, [spec for spec in group if spec.clip in self.whole and spec.clip not in packed])

    def pack(self, number: int, ready: Iterable[ClipSpec]) -> None:
        """Pack these whole clips of group `number`, if there are any."""
        chosen = [(clips.read_record(self._work / spec.clip), self._work / spec.clip) for spec in ready]
        if chosen:
            self._watcher.packed(self._store.pack(number, chosen, self._between), len(chosen))

    def _is_whole(self, spec: ClipSpec) -> bool:
        return clips.is_whole(self._work / spec.clip, spec)
