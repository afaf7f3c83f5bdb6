"""One clip's rendering: its work folder, and child processes until it is whole or set aside."""

from __future__ import annotations

import contextlib
import shutil
import signal
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..asset import Library
from ..cores import cores
from ..dataset import provenance
from ..dataset.commit import WORK, Attempt, FailedClip
from ..dataset.provenance import ClipRecord, Provenance
from ..document import UserError, write_atomic
from ..frames import framefile
from ..planning.planfile import PlanHeader
from ..spec import ClipSpec
from . import child
from .machine import Found, Gpus
from .setup import Setup
from .watch import Watcher

RETRIES = 2
LOW_DISK = 32 * 2**20
"""A child that fails with less than this many bytes free is taken to have failed for want of disk."""


@dataclass(frozen=True)
class Job:
    """What the children of a run have in common."""

    work: Path
    setup: Setup
    assets: tuple[Path, ...]
    workers: int
    blender: str
    gpus: Gpus
    watcher: Watcher
    stop: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def of(cls, dataset: Path, header: PlanHeader, setup: Setup, found: Found, workers: int, watcher: Watcher) -> Job:
        """A run of a dataset's plan, so many clips at a time."""
        named = setup.assets or tuple(Path(folder) for folder in header.asset_folders)
        assets = tuple(folder.absolute() for folder in named)  # a wrapper around Blender may change its folder
        work = (dataset / WORK).absolute()
        return cls(work, setup, assets, workers, found.blender, Gpus(found.gpus, workers), watcher)

    @property
    def threads(self) -> int:
        """CPU threads that each child renders with."""
        return max(1, cores() // self.workers)

    def command(self, work: Path, gpu: int | None) -> list[str]:
        """The child process that renders the clip whose folder is `work`."""
        options = ["--work", str(work), "--threads", str(self.threads), "--device", self.setup.device]
        options += [] if gpu is None else ["--gpu", str(gpu)]
        options += [part for folder in self.assets for part in ("--assets", str(folder))]
        return self.setup.command("clip", str(work / "spec.json"), *options)


def render_clip(job: Job, record: ClipRecord) -> FailedClip | None:
    """Render what is missing of one clip, trying again after a crash; None when it is whole, else what went wrong."""
    spec = record.spec
    work = job.work / spec.clip
    begin(work, record)
    log = work / "log.txt"
    attempts: list[Attempt] = []

    def told(frame: int) -> None:
        job.watcher.frame(spec.clip, frame)

    while len(attempts) <= RETRIES:
        with job.gpus.one() as gpu:
            code, reason = child.run(job.command(work, gpu), log, job.setup.timeout, job.stop, told)
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


def records(specs: Sequence[ClipSpec], job: Job) -> dict[str, ClipRecord]:
    """What each clip's record will say; UserError now, before rendering, for an asset that is missing or changed."""
    if not specs:
        return {}
    library = Library.open(list(job.assets))
    made_by = Provenance(generator=provenance.generator(), blender=job.blender)
    return {s.clip: ClipRecord(spec=s, provenance=made_by, licences=provenance.licences(s, library)) for s in specs}


def begin(work: Path, record: ClipRecord) -> None:
    """Make a clip's work folder. Half a clip that another version began is begun anew: a clip has one provenance."""
    path = work / "record.json"
    told = path.read_text(encoding="utf-8") if path.is_file() else ""
    if told == record.canonical() or (told and is_whole(work, record.spec) and read_record(work).spec == record.spec):
        return
    if told:
        shutil.rmtree(work, ignore_errors=True)
    write_atomic(work / "spec.json", record.spec.canonical())
    write_atomic(path, record.canonical())


def read_record(work: Path) -> ClipRecord:
    return ClipRecord.read_json(work / "record.json")


def frames_done(work: Path, spec: ClipSpec) -> int:
    """How many of a clip's frames are there, by one look at its folder: over a network each look costs a round trip."""
    try:
        there = {path.name for path in work.iterdir()}
    except (FileNotFoundError, NotADirectoryError):
        return 0
    return sum(framefile.path(work, frame).name in there for frame in range(spec.film.frames))


def is_whole(work: Path, spec: ClipSpec) -> bool:
    """Whether every frame is there, undamaged, with a record."""
    return (work / "record.json").is_file() and all(
        framefile.is_whole(work, spec, frame) for frame in range(spec.film.frames)
    )


def refuse_full_disk(dataset: Path) -> None:
    """UserError where a child will have failed for want of disk."""
    free = shutil.disk_usage(dataset).free
    if free < LOW_DISK:
        raise UserError(f"{dataset}: its disk is full ({free / 2**20:.0f} MiB left); make room and render again")


@contextlib.contextmanager
def sigterm_interrupts() -> Iterator[None]:
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
