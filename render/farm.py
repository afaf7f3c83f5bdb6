"""The local render farm: a plan's clips, each in a fresh child process, several at a time, into a finished dataset.

A clip's child writes frame files into its work folder, so that a run killed at any moment loses at most the frames in
flight. When all clips of a group are whole (or set aside), the group is packed into a shard and listed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import child, framefile, provenance
from .asset import Library
from .commit import WORK, Attempt, Between, FailedClip, Store, lock
from .document import UserError, nearest, write_atomic
from .planning.plan import read_plan
from .provenance import ClipRecord, Provenance
from .spec import ClipSpec
from .watch import Silent, Watcher

CHILD = ("-m", "blender_scenes")
"""The program that renders clips, as `render.leash` takes it; `clip SPEC.json --work DIR ...` is appended."""
RETRIES = 2
TIMEOUT = 1200.0
"""Seconds without a new frame after which a child counts as hung."""
CHILD_MEMORY = 2 * 2**30
"""Bytes that one child is taken to need, when choosing how many run at a time."""
LOW_DISK = 32 * 2**20
"""A child that fails with less than this many bytes free is taken to have failed for want of disk."""


@dataclass(frozen=True)
class Summary:
    """What a run did: clips in all, in shards, whole but waiting for the rest of their shard, rendered by this run,
    set aside, still due; frames rendered by this run and its seconds."""

    planned: int
    packed: int
    waiting: int
    rendered: int
    failed: tuple[str, ...]
    due: int
    frames: int
    seconds: float


@dataclass(frozen=True)
class _Job:
    """What the children of a run have in common."""

    work: Path
    assets: tuple[Path, ...]
    program: tuple[str, ...]
    threads: int
    timeout: float
    stop: threading.Event
    watcher: Watcher


def render(
    dataset: Path,
    *,
    only: Sequence[str] = (),
    workers: int | None = None,
    assets: Sequence[Path] = (),
    timeout: float = TIMEOUT,
    program: Sequence[str] = CHILD,
    watcher: Watcher | None = None,
    between: Between = lambda step: None,
) -> Summary:
    """Render what is due of a planned dataset (of its clips `only`, if given) and bring its manifest up to date.

    `assets` replaces the asset folders that the plan names. Safe to interrupt and to repeat; KeyboardInterrupt (also
    on SIGTERM) passes through when every child has been ended. UserError for no plan, a clip that is not planned,
    assets missing or changed, a dataset that is being rendered already, or a full disk.
    """
    started = time.monotonic()
    header, specs = read_plan(dataset)
    planned = {spec.clip: spec for spec in specs}
    for clip in only:
        if clip not in planned:
            raise UserError(f"--only: '{clip}' is not in the plan{nearest(clip, list(planned))}")
    folders = tuple(assets) or tuple(Path(folder) for folder in header.asset_folders)
    watcher = watcher or Silent()
    with lock(dataset), _sigterm_interrupts():
        store = Store(dataset, header, provenance.blender(), watcher.note)
        store.recover(list(planned))
        wanted = [spec for spec in specs if spec.clip not in store.packed and (not only or spec.clip in only)]
        count = min(workers or default_workers(), max(1, len(wanted)))
        threads = max(1, (os.cpu_count() or 1) // count)
        job = _Job(dataset / WORK, folders, tuple(program), threads, timeout, threading.Event(), watcher)
        _prepare(job.work, wanted, _records(wanted, folders) if wanted else {})
        packer = _Packer(job, store, specs, between)
        packer.failed = set(store.failed()) - {spec.clip for spec in wanted}
        rendered = _run(job, store, packer, wanted, count)
        store.write_manifest()
    packed, failed = store.packed, store.failed()
    waiting = len(packer.whole - packed)
    return Summary(
        planned=len(specs),
        packed=len(packed),
        waiting=waiting,
        rendered=rendered,
        failed=tuple(failed),
        due=len(specs) - len(packed) - waiting - len(failed),
        frames=watcher.frames,
        seconds=round(time.monotonic() - started, 1),
    )


def default_workers() -> int:
    """Children to run at a time: one a physical core, as far as the free memory carries them."""
    try:
        import psutil
    except ModuleNotFoundError:
        return max(1, os.cpu_count() or 1)
    cores = psutil.cpu_count(logical=False) or os.cpu_count() or 1
    return max(1, min(cores, psutil.virtual_memory().available // CHILD_MEMORY))


def _run(job: _Job, store: Store, packer: _Packer, wanted: Sequence[ClipSpec], workers: int) -> int:
    """Render the wanted clips and pack every group that is settled; how many clips were rendered."""
    before = sum(_done(job.work, spec) for spec in wanted)
    job.watcher.begin(len(wanted), sum(spec.film.frames for spec in wanted), before)
    due = [spec for spec in wanted if spec.clip not in packer.whole]
    with ThreadPoolExecutor(max_workers=workers) as pool:
        running: dict[Future[FailedClip | None], ClipSpec] = {}
        try:
            packer.pack_settled()
            running |= {pool.submit(_clip, job, spec): spec for spec in due}
            while running:
                for future in wait(running, timeout=0.5, return_when=FIRST_COMPLETED).done:
                    spec, failure = running.pop(future), future.result()
                    if failure is None:
                        store.forgive(spec.clip)
                        packer.whole.add(spec.clip)
                    else:
                        _refuse_full_disk(store.dataset)
                        store.set_aside(failure)
                        packer.failed.add(spec.clip)
                    job.watcher.clip(spec.clip, failure.attempts[-1].reason if failure else None)
                    packer.pack_settled()
        except KeyboardInterrupt:
            job.stop.set()
            pool.shutdown(cancel_futures=True)
            job.watcher.stopped()
            raise
        finally:
            job.stop.set()
            pool.shutdown(cancel_futures=True)
            job.watcher.end()
    return sum(spec.clip in packer.whole for spec in due)


class _Packer:
    """Packs each group of clips (in plan order, as many as a shard holds) once all of it is whole or set aside."""

    def __init__(self, job: _Job, store: Store, specs: Sequence[ClipSpec], between: Between) -> None:
        size, packed = store.header.clips_per_shard, store.packed
        self._groups = {i // size: specs[i : i + size] for i in range(0, len(specs), size)}
        self._job, self._store, self._between = job, store, between
        self.whole = {spec.clip for spec in specs if spec.clip not in packed and _whole(job.work, spec)}
        self.failed: set[str] = set()

    def pack_settled(self) -> None:
        packed = self._store.packed
        settled = self.whole | self.failed | packed
        for number, group in list(self._groups.items()):
            if all(spec.clip in settled for spec in group):
                del self._groups[number]
                ready = [spec for spec in group if spec.clip in self.whole and spec.clip not in packed]
                if ready:
                    clips = [(_read_record(self._job.work, spec), self._job.work / spec.clip) for spec in ready]
                    self._job.watcher.packed(self._store.pack(number, clips, self._between), len(ready))


def _clip(job: _Job, spec: ClipSpec) -> FailedClip | None:
    """Render one clip, trying again after a crash; None when it is whole, else what went wrong."""
    work = job.work / spec.clip
    log = work / "log.txt"
    attempts: list[Attempt] = []
    folders = [part for folder in job.assets for part in ("--assets", str(folder))]
    arguments = ["clip", str(work / "spec.json"), "--work", str(work), "--threads", str(job.threads), *folders]
    while len(attempts) <= RETRIES:
        code, reason = child.run(
            [*job.program, *arguments], log, job.timeout, job.stop, lambda frame: job.watcher.frame(spec.clip, frame)
        )
        if code == 0 and not reason:
            missing = [frame for frame in range(spec.film.frames) if not framefile.is_whole(work, spec, frame)]
            if not missing:
                return None
            reason = f"the child ended well but frame {missing[0]} is missing or damaged"
        attempts.append(Attempt(code=code, reason=reason))
        if code == 2:  # a user's mistake, worded by the child: trying again changes nothing
            break
        job.watcher.retry(spec.clip, reason, len(attempts))
    return FailedClip(clip=spec.clip, attempts=tuple(attempts), log=tuple(child.last_lines(log)))


# Work folders --------------------------------------------------------------------------------------------------------


def _records(specs: Sequence[ClipSpec], folders: Sequence[Path]) -> dict[str, ClipRecord]:
    """What each clip's record will say; UserError now, before rendering, for an asset that is missing."""
    library = Library.open(list(folders))
    made_by = Provenance(generator=provenance.generator(), blender=provenance.blender())
    return {s.clip: ClipRecord(spec=s, provenance=made_by, licences=provenance.licences(s, library)) for s in specs}


def _prepare(work: Path, specs: Sequence[ClipSpec], records: dict[str, ClipRecord]) -> None:
    """Make each clip's work folder. Half a clip that another version began is begun anew: a clip has one provenance."""
    for spec in specs:
        folder, record = work / spec.clip, records[spec.clip]
        path = folder / "record.json"
        told = path.read_text(encoding="utf-8") if path.is_file() else ""
        if told != record.canonical() and (not _whole(work, spec) or _read_record(work, spec).spec != spec):
            shutil.rmtree(folder, ignore_errors=True)
            write_atomic(folder / "spec.json", spec.canonical())
            write_atomic(path, record.canonical())


def _read_record(work: Path, spec: ClipSpec) -> ClipRecord:
    return ClipRecord.read_json(work / spec.clip / "record.json")


def _done(work: Path, spec: ClipSpec) -> int:
    """How many of a clip's frames are there."""
    return sum(framefile.path(work / spec.clip, frame).is_file() for frame in range(spec.film.frames))


def _whole(work: Path, spec: ClipSpec) -> bool:
    """Whether every frame is there, undamaged, with a record."""
    folder = work / spec.clip
    return (folder / "record.json").is_file() and all(
        framefile.is_whole(folder, spec, frame) for frame in range(spec.film.frames)
    )


def _refuse_full_disk(dataset: Path) -> None:
    free = shutil.disk_usage(dataset).free
    if free < LOW_DISK:
        raise UserError(f"{dataset}: its disk is full ({free / 2**20:.0f} MiB left); make room and render again")


@contextlib.contextmanager
def _sigterm_interrupts() -> Iterator[None]:
    """Let SIGTERM end the run as Ctrl-C does. Only a main thread may set signals; elsewhere nothing changes."""

    def interrupt(signum: int, frame: Any) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
