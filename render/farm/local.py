"""The local engine: a plan's clips on this machine, several at a time, into a finished dataset.

A clip's child writes frame files into its work folder, so that a run killed at any moment loses at most the frames in
flight. When all clips of a group are whole (or set aside), the group is packed into a shard and listed.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from .. import shards
from ..dataset import provenance
from ..dataset.commit import WORK, Between, FailedClip, Store
from ..dataset.provenance import ClipRecord
from ..document import UserError, nearest
from ..planning.planfile import read_plan
from ..spec import ClipSpec
from . import clips, machine
from .clips import Job
from .lease import lock
from .packer import Packer
from .setup import USUAL, Setup
from .watch import Silent, Watcher


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


def render(
    dataset: Path,
    setup: Setup = USUAL,
    *,
    only: Sequence[str] = (),
    watcher: Watcher | None = None,
    between: Between = lambda step: None,
) -> Summary:
    """Render what is due of a planned dataset (of its clips `only`, if given) and bring its manifest up to date.

    By default one worker a GPU or core. Safe to interrupt and to repeat; KeyboardInterrupt (also on SIGTERM) passes
    through when every child has been ended. UserError for no plan, a clip that is not planned, assets missing or
    changed, a Blender that won't do, a dataset that is being rendered already, or a full disk.
    """
    started = time.monotonic()
    header, specs = read_plan(dataset)
    planned = {spec.clip: spec for spec in specs}
    for clip in only:
        if clip not in planned:
            raise UserError(f"--only: '{clip}' is not in the plan{nearest(clip, list(planned))}")
    watcher = watcher or Silent()
    found = machine.look(setup)
    with lock(dataset), clips.sigterm_interrupts():
        store = Store(dataset, header, found.blender, watcher.note)
        store.recover(list(planned))
        wanted = [spec for spec in specs if spec.clip not in store.packed and (not only or spec.clip in only)]
        workers = min(setup.workers or machine.default_workers(found.gpus), max(1, len(wanted)))
        job = Job.of(dataset, header, setup, found, workers, watcher)
        records = clips.records(wanted, job)
        packer = Packer(store, job.work, specs, watcher, between)
        packer.failed = set(store.failed()) - {spec.clip for spec in wanted}
        try:
            rendered = _run(job, store, packer, list(records.values()))
        except BaseException:
            with contextlib.suppress(OSError):  # what ended the run is what to tell
                store.write_manifest()
            raise
        store.write_manifest()
    return _summary(specs, store, packer.whole, rendered, watcher, started)


def _summary(
    specs: Sequence[ClipSpec], store: Store, whole: set[str], rendered: int, watcher: Watcher, started: float
) -> Summary:
    packed, failed = store.packed, store.failed()
    waiting = len(whole - packed)
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


def index(
    dataset: Path, *, incomplete: bool = False, watcher: Watcher | None = None, between: Between = lambda step: None
) -> Summary:
    """Pack what render tasks left whole and bring the manifest up to date; renders nothing.

    A shard is made when all its clips are whole or set aside; with `incomplete` of those that are whole by now.
    UserError for no plan, or a dataset that is being rendered.
    """
    started = time.monotonic()
    header, specs = read_plan(dataset)
    watcher = watcher or Silent()
    with lock(dataset):
        store = Store(dataset, header, provenance.blender(), watcher.note)
        store.recover([spec.clip for spec in specs])
        store.blender = _rendered_by(store) or store.blender
        packer = Packer(store, dataset / WORK, specs, watcher, between)
        packer.failed = set(store.failed()) if not incomplete else {spec.clip for spec in specs} - packer.whole
        packer.pack_settled()
        store.write_manifest()
    return _summary(specs, store, packer.whole, 0, watcher, started)


def _rendered_by(store: Store) -> str:
    """The Blender that a clip's record names: whoever indexes a farm's shards may have another, or none."""
    for name in store.known:
        shard = shards.Shard(store.folder, name)
        return str(shard.record(next(iter(shard.clips)))["provenance"]["blender"])
    return ""


def _run(job: Job, store: Store, packer: Packer, wanted: Sequence[ClipRecord]) -> int:
    """Render the wanted clips and pack every group that is settled; how many clips were rendered."""
    before = sum(clips.frames_done(job.work / one.spec.clip, one.spec) for one in wanted)
    job.watcher.begin(len(wanted), sum(one.spec.film.frames for one in wanted), before)
    due = [one for one in wanted if one.spec.clip not in packer.whole]
    with ThreadPoolExecutor(max_workers=job.workers) as pool:
        running: dict[Future[FailedClip | None], str] = {}
        try:
            packer.pack_settled()
            running |= {pool.submit(clips.render_clip, job, one): one.spec.clip for one in due}
            while running:
                for future in wait(running, timeout=0.5, return_when=FIRST_COMPLETED).done:
                    clip, failure = running.pop(future), future.result()
                    if failure is None:
                        store.forgive(clip)
                        packer.whole.add(clip)
                    else:
                        clips.refuse_full_disk(store.dataset)
                        store.set_aside(failure)
                        packer.failed.add(clip)
                    job.watcher.clip(clip, failure.attempts[-1].reason if failure else None)
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
    return sum(one.spec.clip in packer.whole for one in due)
