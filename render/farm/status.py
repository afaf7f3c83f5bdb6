"""How far a dataset is, as seen from outside: nothing is written, and no more is read than names, sizes and times."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import mean, median

from .. import shards
from ..dataset.commit import FAILED, WORK, FailedClip
from ..document import UserError
from ..manifest import SHARDS
from ..planning.planfile import read_lengths
from .lease import held

RECENT = 20
"""How many frames of a running clip tell its pace."""


@dataclass(frozen=True)
class Failure:
    """A clip that was set aside: why the last attempt failed, and the last line of its log."""

    clip: str
    reason: str
    said: str


@dataclass(frozen=True)
class Status:
    """Clips: each is packed, running, set aside, waiting (whole, in no shard yet) or due (`begun`: with some frames).

    `retrying` of the set-aside ones are running, and counted there too. `rate` (frames/s) is None while nothing runs
    or no running clip has a frame; `seconds_left` with it. `bytes_left`: what the missing frames will take, at the mean
    size of those that are there.
    """

    clips: int
    packed: int
    waiting: int
    running: int
    failed: tuple[Failure, ...]
    retrying: tuple[str, ...]
    due: int
    begun: int
    frames: int
    frames_done: int
    rate: float | None
    seconds_left: float | None
    bytes: int
    bytes_left: int | None
    bytes_free: int


@dataclass(frozen=True)
class _Begun:
    """A clip's work folder: when each frame was finished, when the clip was begun, when anything last changed."""

    begun: float
    changed: float
    frames: tuple[float, ...]
    bytes: int

    def gaps(self) -> list[float]:
        """Seconds that each of the last frames took, start of the process included for the first."""
        times = sorted((self.begun, *self.frames))
        return [after - before for before, after in pairwise(times)][-RECENT:]


def status(dataset: Path) -> Status:
    """Take stock. UserError for no plan.

    A clip is running if a task holds its lease; under a local run, which holds the whole dataset instead, if its folder
    has changed since that run began.
    """
    _, lengths = read_lengths(dataset)
    packed, packed_bytes = _packed(dataset / SHARDS)
    packed &= set(lengths)
    left = lengths.keys() - packed
    work = {clip: _look(dataset / WORK / clip) for clip in _folders(dataset / WORK) if clip in left}
    whole = {clip for clip, found in work.items() if len(found.frames) >= lengths[clip]}
    running = _running(dataset, {clip: found for clip, found in work.items() if clip not in whole})
    failed = tuple(one for one in _failed(dataset / FAILED) if one.clip in left and one.clip not in whole)
    set_aside = {one.clip for one in failed}
    due = left - whole - running - set_aside
    frames = sum(lengths.values())
    done = sum(lengths[clip] for clip in packed) + sum(
        min(len(found.frames), lengths[clip]) for clip, found in work.items()
    )
    size = packed_bytes + sum(found.bytes for found in work.values())
    rate = _rate([work[clip] for clip in running if clip in work])
    return Status(
        clips=len(lengths),
        packed=len(packed),
        waiting=len(whole),
        running=len(running),
        failed=failed,
        retrying=tuple(sorted(set_aside & running)),
        due=len(due),
        begun=sum(bool(work[clip].frames) for clip in due if clip in work),
        frames=frames,
        frames_done=done,
        rate=rate,
        seconds_left=None if rate is None else (frames - done) / rate,
        bytes=size,
        bytes_left=round((frames - done) * size / done) if done else None,
        bytes_free=shutil.disk_usage(dataset).free,
    )


def duration(seconds: float) -> str:
    """`3 d 4 h`, `2 h 5 min`, `7 min`, `40 s`."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    hours, days = minutes // 60, minutes // 1440
    if days:
        return f"{days} d {hours % 24} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def _packed(folder: Path) -> tuple[set[str], int]:
    """Clips in shards that have an index, and the bytes of all shards' files."""
    found: set[str] = set()
    size = 0
    for entry in _scan(folder):
        size += _size(entry)
        name = entry.name.removesuffix(".frames.arrow")
        if name != entry.name and shards.NAME.fullmatch(name) and shards.tar_path(folder, name).exists():
            try:
                found |= set(shards.Shard(folder, name).clips)
            except UserError:  # being written, or damaged: `verify` says more
                continue
    return found, size


def _folders(work: Path) -> list[str]:
    return [entry.name for entry in _scan(work) if entry.is_dir(follow_symlinks=False)]


def _look(folder: Path) -> _Begun:
    """What is in a clip's work folder. It may be packed and removed while one looks."""
    frames: list[float] = []
    changed = size = 0.0
    begun = None
    for entry in _scan(folder):
        try:
            found = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue
        changed = max(changed, found.st_mtime)
        size += found.st_size
        if entry.name == "spec.json":
            begun = found.st_mtime
        elif entry.name.endswith(".tar") and entry.name[:-4].isdecimal():
            frames.append(found.st_mtime)
    return _Begun(min(frames, default=0.0) if begun is None else begun, changed, tuple(frames), int(size))


def _running(dataset: Path, unfinished: dict[str, _Begun]) -> set[str]:
    lock = dataset / ".lock"
    if held(lock):
        since = lock.stat().st_mtime
        return {clip for clip, found in unfinished.items() if found.changed >= since}
    leases = [entry.name.removesuffix(".lease") for entry in _scan(dataset / WORK) if entry.name.endswith(".lease")]
    return {clip for clip in leases if clip in unfinished and held(dataset / WORK / f"{clip}.lease")}


def _rate(running: list[_Begun]) -> float | None:
    """Frames a second: a clip gives one in the median gap between its last frames (a pause counts for nothing); clips
    without a frame yet are taken to run like the mean of the others."""
    paces = [1 / max(median(gaps), 1e-3) for found in running if (gaps := found.gaps())]
    return len(running) * mean(paces) if paces else None


def _failed(folder: Path) -> list[Failure]:
    found = []
    for entry in sorted(_scan(folder), key=lambda entry: entry.name):
        if entry.name.startswith("clip-") and entry.name.endswith(".json"):
            try:
                told = FailedClip.read_json(Path(entry.path))
            except UserError:  # forgiven in this moment
                continue
            reason = told.attempts[-1].reason if told.attempts else ""
            found.append(Failure(told.clip, reason, told.log[-1].strip() if told.log else ""))
    return found


def _scan(folder: Path) -> Iterable[os.DirEntry[str]]:
    """What a folder holds; nothing if it is not there."""
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError:
        return []


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except FileNotFoundError:
        return 0
