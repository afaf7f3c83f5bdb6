"""What is due of a dataset and what it will cost, before anything is submitted: a few frames of a few clips, spread
over the plan, are really rendered, as many at a time as in earnest.

The probe is kept in the dataset (`probe.json`) and serves again for the same plan, Blender, machine and settings.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import fmean

from ..dataset.commit import WORK
from ..dataset.provenance import ClipRecord
from ..document import Document, UserError, write_atomic
from ..frames import framefile
from ..spec import ClipSpec
from . import child, clips, machine
from .clips import Job
from .setup import Setup
from .stock import Stock
from .watch import Watcher

FILE = "probe.json"
CLIPS = 4
"""Clips that a probe renders frames of, where nobody says how many."""
FRAMES = 3
"""Frames of a clip that a probe renders: the first, a middle one, the last."""


class ClipProbe(Document):
    """One probed clip: seconds from the start of its process until its first frame was there, and the process's end
    after the last; seconds a further frame (None for a clip of one frame); mean bytes a frame."""

    clip: str
    lead: float
    frame: float | None
    bytes: int

    def seconds(self, frames: int) -> float:
        """What a clip of so many frames takes if it is like this one."""
        return self.lead + max(frames - 1, 0) * (self.lead if self.frame is None else self.frame)


class Conditions(Document):
    """What a probe was rendered with; under other conditions it says nothing."""

    plan: str
    blender: str
    machine: str
    device: str
    workers: int
    threads: int


class Probe(Document):
    """`probe.json`."""

    conditions: Conditions
    clips: tuple[ClipProbe, ...]


@dataclass(frozen=True)
class Spread:
    """The estimate (as if every clip were like the mean of those probed), and what it would be if all were like the
    cheapest, or the dearest."""

    low: float
    mean: float
    high: float

    def times(self, factor: float) -> Spread:
        return Spread(self.low * factor, self.mean * factor, self.high * factor)


@dataclass(frozen=True)
class Estimate:
    """What is due: `clips`, their `frames` that are not there yet, `tasks` of a farm. `worker_seconds` is the time of
    all children together, `core_seconds` that of the cores they are given; `wall_seconds` None where nobody knows how
    many run `at_a_time`. `bytes` is what the frames will take, `bytes_free` what the disk has. Packing is not in it."""

    clips: int
    frames: int
    tasks: int
    at_a_time: int | None
    threads: int
    worker_seconds: Spread
    core_seconds: Spread
    wall_seconds: Spread | None
    bytes: int
    bytes_free: int
    probe: Probe

    def cost(self, price: float) -> Spread:
        """At a price for a core-hour."""
        return self.core_seconds.times(price / 3600)


def estimate(
    dataset: Path,
    setup: Setup,
    *,
    probes: int | None = None,
    clips_a_task: int | None = None,
    tasks_at_a_time: int | None = 1,
    watcher: Watcher | None = None,
    on_clip: Callable[[], None] = lambda: None,
) -> Estimate | None:
    """What the rest of a planned dataset will take; None where nothing is due.

    `clips_a_task` defaults to what a shard holds; `tasks_at_a_time` None: nobody knows. `on_clip` is called for each
    clip that has been probed. UserError as for rendering, and where a probed clip can't be rendered.
    """
    stock = Stock(dataset)
    due = stock.due()
    left = [spec.film.frames - clips.frames_done(dataset / WORK / spec.clip, spec) for spec in due]
    if not any(left):
        return None
    found = machine.look(setup)
    workers = min(setup.workers or machine.default_workers(found.gpus), len(due))
    job = Job.of(dataset, stock.header, setup, found, workers, watcher or Watcher())
    conditions = Conditions(
        plan=stock.header.plan_digest,
        blender=found.blender,
        machine=_machine(),
        device=setup.device,
        workers=workers,
        threads=job.threads,
    )
    probe = measured(dataset, job, conditions, due, probes, on_clip)
    totals = [sum(one.seconds(frames) for frames in left if frames) for one in probe.clips]
    spread = Spread(min(totals), fmean(totals), max(totals))
    at_a_time = None if tasks_at_a_time is None else min(workers * tasks_at_a_time, len(due))
    size = clips_a_task or stock.header.clips_per_shard
    return Estimate(
        clips=len(due),
        frames=sum(left),
        tasks=len({spec.index // size for spec in due}),
        at_a_time=at_a_time,
        threads=job.threads,
        worker_seconds=spread,
        core_seconds=spread.times(job.threads),
        wall_seconds=None if at_a_time is None else spread.times(1 / at_a_time),
        bytes=round(sum(left) * fmean(one.bytes for one in probe.clips)),
        bytes_free=shutil.disk_usage(dataset).free,
        probe=probe,
    )


def measured(
    dataset: Path,
    job: Job,
    conditions: Conditions,
    due: Sequence[ClipSpec],
    count: int | None,
    on_clip: Callable[[], None],
) -> Probe:
    """The probe of so many of the clips that are due: the one that is kept in the dataset, or one made now."""
    wanted = min(count or CLIPS, len(due))
    with contextlib.suppress(UserError):
        kept = Probe.read_json(dataset / FILE)
        if kept.conditions == conditions and len(kept.clips) >= (wanted if count else 1):
            return kept
    chosen = [due[(2 * i + 1) * len(due) // (2 * wanted)] for i in range(wanted)]
    records = clips.records(chosen, job)
    with (
        tempfile.TemporaryDirectory(dir=dataset, prefix=".probe-") as folder,
        ThreadPoolExecutor(max_workers=job.workers) as pool,
    ):
        elsewhere = replace(job, work=Path(folder).absolute())
        try:
            running = [pool.submit(_probe, elsewhere, records[spec.clip], on_clip) for spec in chosen]
            probe = Probe(conditions=conditions, clips=tuple(one.result() for one in running))
        finally:
            job.stop.set()
            pool.shutdown(cancel_futures=True)
    write_atomic(dataset / FILE, probe.model_dump_json(indent=1) + "\n")
    return probe


def _probe(job: Job, record: ClipRecord, on_clip: Callable[[], None]) -> ClipProbe:
    spec = record.spec
    work = job.work / spec.clip
    clips.begin(work, record)
    last = spec.film.frames - 1
    frames = sorted({round(i * last / (FRAMES - 1)) for i in range(FRAMES)})
    times = [time.monotonic()]
    log = work / "log.txt"
    with job.gpus.one() as gpu:
        command = [*job.command(work, gpu), "--frames", ",".join(map(str, frames))]
        code, reason = child.run(
            command, log, job.setup.timeout, job.stop, lambda frame: times.append(time.monotonic())
        )
    end = time.monotonic()
    if code or len(times) <= len(frames):
        raise UserError(f"{spec.clip}: the probe failed: {reason or 'frames are missing'}")
    gaps = [after - before for before, after in pairwise(times[1:])]
    sizes = [framefile.path(work, frame).stat().st_size for frame in frames]
    on_clip()
    return ClipProbe(
        clip=spec.clip,
        lead=round(times[1] - times[0] + end - times[-1], 3),
        frame=round(fmean(gaps), 3) if gaps else None,
        bytes=round(fmean(sizes)),
    )


def _machine() -> str:
    """What this machine's processor calls itself, and how many cores there are."""
    name = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), name)
    return f"{platform.node()}: {name}, {os.cpu_count()} cores"
