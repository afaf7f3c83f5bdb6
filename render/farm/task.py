"""One farm task: some clips of a plan, rendered and committed by whichever node it lands on.

Tasks may overlap, run twice, or be killed at any moment. A clip is leased while it is rendered, so that a second task
waits for it instead of doing it again; a shard's name can be claimed only once, so that of two packers one wins. Tasks
leave the manifest alone: `index` writes it when they are done.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from ..dataset.commit import Between, FailedClip, SharedStore
from ..dataset.provenance import ClipRecord
from ..document import UserError
from ..planning.planfile import PlanHeader, read_plan
from ..spec import ClipSpec
from . import child, clips, machine
from .clips import Job
from .lease import lease, share
from .setup import USUAL, Setup
from .watch import Silent, Watcher

POLL = 1.0
"""Seconds between two looks at a lease that another task holds."""
HELD: Final = "held"
"""Of a clip: another task holds its lease."""


@dataclass(frozen=True)
class TaskSummary:
    """What became of a task's clips: how many it has, those in shards, whole but waiting for others of their shard,
    set aside; frames rendered by this run and its seconds. `stopped`: it was asked to end before all was done."""

    clips: int
    packed: int
    waiting: int
    failed: tuple[str, ...]
    frames: int
    seconds: float
    stopped: bool

    @property
    def missing(self) -> int:
        """Clips that are neither whole nor packed."""
        return self.clips - self.packed - self.waiting


def render_task(
    dataset: Path,
    indices: Sequence[int],
    setup: Setup = USUAL,
    *,
    watcher: Watcher | None = None,
    between: Between = lambda step: None,
) -> TaskSummary:
    """Render clips of a plan, given by index, and pack every group of a shard that this settles. By default one worker.

    Doing it again is fine and quick. On SIGTERM and Ctrl-C its children are ended, what is settled is packed, and the
    summary says `stopped`. UserError for no plan, an index outside it, assets missing or changed, a Blender that won't
    do, a dataset that one process holds whole, or a full disk.
    """
    started = time.monotonic()
    header, specs = read_plan(dataset, sorted(set(indices)))
    watcher = watcher or Silent()
    found = machine.look(setup)
    with share(dataset), clips.sigterm_interrupts():
        store = SharedStore(dataset, header, found.blender, watcher.note)
        job = Job.of(dataset, header, setup, found, setup.workers or 1, watcher)
        task = _Task(job, store, header, between)
        stopped = False
        try:
            task.run(specs)
        except KeyboardInterrupt:
            stopped = True
            watcher.stopped()
        packed = task.pack_settled({spec.index // header.clips_per_shard for spec in specs})
        mine = {spec.clip for spec in specs}
        waiting = {s.clip for s in specs if s.clip not in packed and clips.is_whole(job.work / s.clip, s)}
    return TaskSummary(
        clips=len(mine),
        packed=len(mine & packed),
        waiting=len(waiting),
        failed=tuple(sorted(mine & set(store.failed()) - packed - waiting)),
        frames=watcher.frames,
        seconds=round(time.monotonic() - started, 1),
        stopped=stopped,
    )


class _Task:
    """The clips and groups of one task while it runs."""

    def __init__(self, job: Job, store: SharedStore, header: PlanHeader, between: Between) -> None:
        self.job, self.store, self.header, self.between = job, store, header, between

    def run(self, specs: Sequence[ClipSpec]) -> None:
        """Render what is due."""
        job, size = self.job, self.header.clips_per_shard
        packed = self._packed({spec.index // size for spec in specs})
        due = [spec for spec in specs if spec.clip not in packed]
        records = clips.records(due, job)
        before = sum(clips.frames_done(job.work / spec.clip, spec) for spec in due)
        job.watcher.begin(len(due), sum(spec.film.frames for spec in due), before)
        with ThreadPoolExecutor(max_workers=job.workers) as pool:
            running = {pool.submit(self._clip, record): record for record in records.values()}
            try:
                while running:
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        record, found = running.pop(future), future.result()
                        if found == HELD:  # behind all others, which may be free
                            running[pool.submit(self._clip, record, POLL)] = record
                        else:
                            self._settle(record.spec.clip, found)
            finally:
                job.stop.set()
                pool.shutdown(cancel_futures=True)
                job.watcher.end()

    def _settle(self, clip: str, failure: FailedClip | None) -> None:
        if failure is None:
            self.store.forgive(clip)
        else:
            clips.refuse_full_disk(self.store.dataset)
            self.store.set_aside(failure)
        self.job.watcher.clip(clip, failure.attempts[-1].reason if failure else None)

    def _clip(self, record: ClipRecord, pause: float = 0.0) -> FailedClip | Literal["held"] | None:
        """Render one clip while holding its lease; HELD where another task does, still after `pause` seconds."""
        if self.job.stop.wait(pause) or self.job.stop.is_set():
            raise child.StoppedError
        with lease(self.job.work / f"{record.spec.clip}.lease") as mine:
            return self._leased(record) if mine else HELD

    def _leased(self, record: ClipRecord) -> FailedClip | None:
        group = {record.spec.index // self.header.clips_per_shard}
        if record.spec.clip in self._packed(group):
            return None
        try:
            return clips.render_clip(self.job, record)
        except FileNotFoundError:  # without locks: another task packed the clip and cleared its folder away
            if record.spec.clip in self._packed(group):
                return None
            raise

    def pack_settled(self, groups: Iterable[int]) -> set[str]:
        """Pack each group all of whose clips are whole, set aside or packed; every clip of them that is packed then."""
        packed: set[str] = set()
        for group in sorted(groups):
            while True:
                with lease(self.job.work / f"group-{group:06d}.lease") as mine:
                    if mine:
                        packed |= self._pack(group)
                        break
                time.sleep(POLL)  # another task packs it: that ends soon
        return packed

    def _pack(self, group: int) -> set[str]:
        packed = self.store.look(group)
        size = self.header.clips_per_shard
        first = group * size
        _, specs = read_plan(self.store.dataset, range(first, min(first + size, self.header.clips)))
        due = [spec for spec in specs if spec.clip not in packed]
        ready = [spec for spec in due if clips.is_whole(self.job.work / spec.clip, spec)]
        settled = {spec.clip for spec in ready} | set(self.store.failed())
        if not ready or any(spec.clip not in settled for spec in due):
            return packed
        work = [(clips.read_record(self.job.work / spec.clip), self.job.work / spec.clip) for spec in ready]
        try:
            name = self.store.pack(group, work, self.between)
        except FileExistsError:  # on a file system without locks another task was quicker
            return self.store.look(group)
        self.job.watcher.packed(name, len(work))
        return packed | {spec.clip for spec in ready}

    def _packed(self, groups: Iterable[int]) -> set[str]:
        return {clip for group in groups for clip in self.store.look(group)}


def parse_clips(text: str) -> list[int]:
    """`120-127,130` as clip indices, in order; UserError for anything else."""
    found: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise UserError(f"--clips: '{text}' is not a list of clip numbers; write 7, 120-127 or 0-9,20")
        if dash and int(last) < int(first):
            raise UserError(f"--clips: '{part.strip()}' runs backwards; write {last}-{first}")
        if dash and int(last) - int(first) > 10_000_000:
            raise UserError(f"--clips: '{part.strip()}' is far longer than any plan")
        found.update(range(int(first), int(last or first) + 1))
    return sorted(found)
