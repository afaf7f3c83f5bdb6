"""Repair: what is wrong with a dataset is rendered again, and that alone.

Frames of a damaged shard that nothing is wrong with go back into their clips' work folders; then the shard is removed
and the farm does the rest, as if it had been interrupted there.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .. import shards
from ..dataset import tar
from ..dataset.commit import WORK
from ..dataset.provenance import ClipRecord
from ..document import UserError
from ..farm import render
from ..farm.clips import Job, begin, records
from ..farm.lease import lock
from ..farm.machine import look
from ..farm.setup import USUAL, Setup
from ..farm.watch import Watcher
from ..frames import framefile
from ..manifest import SHARDS, FileEntry, Manifest, ShardEntry
from ..planning.planfile import HEADER, read_plan
from .report import Report


@dataclass(frozen=True)
class Repaired:
    """How many shards were taken apart, how many of their frames were good, and how many frames were rendered."""

    shards: int
    frames_kept: int
    frames: int


def repair(
    folder: Path,
    report: Report,
    setup: Setup = USUAL,
    watcher: Watcher | None = None,
) -> Repaired:
    """Mend what `report` found in a dataset. UserError for one without its plan; else as `farm.render`."""
    if not (folder / HEADER).exists():
        raise UserError(f"{folder}: came without its plan ({HEADER}): nothing can be rendered again; copy it anew")
    held = Manifest.read(folder)
    damaged = [entry.name for entry in held.shards if any(_of(problem.file, entry.name) for problem in report.problems)]
    kept = 0
    _refuse_if_hopeless(folder, setup, [clip for clip, found in held.clips.items() if found.shard in damaged])
    with lock(folder):
        for entry in (entry for entry in held.shards if entry.name in damaged):
            name, sound = entry.name, _can_be_told(folder, entry)
            listed = [clip for clip, found in held.clips.items() if found.shard == name]
            whole_clips = {p.clip for p in report.problems if _of(p.file, name) and p.frame is None}
            bad_frames = {(p.clip, p.frame) for p in report.problems if _of(p.file, name)}
            for clip in listed:
                if sound and clip not in whole_clips:
                    kept += _salvage(folder, name, clip, {frame for c, frame in bad_frames if c == clip})
            for path in shards.paths(folder / SHARDS, name):
                path.unlink(missing_ok=True)
    done = render(folder, setup, watcher=watcher)
    return Repaired(len(damaged), kept, done.frames)


def _can_be_told(folder: Path, entry: ShardEntry) -> bool:
    """Whether a shard's good frames could be told from its bad ones: its tar is as listed, or both its indexes are,
    which have the CRC of every member. Else damage could pass for good, and be packed under hashes of its own."""
    tar_file, *indexes = shards.paths(folder / SHARDS, entry.name)
    parts = [(tar_file, entry.tar)], list(zip(indexes, (entry.frames_index, entry.objects_index), strict=True))
    return any(all(path.is_file() and FileEntry.of(path) == stated for path, stated in part) for part in parts)


def _refuse_if_hopeless(folder: Path, setup: Setup, damaged: list[str]) -> None:
    """UserError where these clips could not be rendered again; before anything of them is taken away."""
    header, specs = read_plan(folder)
    wanted = [spec for spec in specs if spec.clip in set(damaged)]
    records(wanted, Job.of(folder, header, setup, look(setup), 1, Watcher()))


def _of(file: str, shard: str) -> bool:
    """Whether a file of the dataset, as a problem names it, belongs to a shard."""
    return file in [f"{SHARDS}/{path.name}" for path in shards.paths(Path(), shard)]


def _salvage(folder: Path, name: str, clip: str, bad: set[int | None]) -> int:
    """Put the good frames of a clip back into its work folder; how many that were. 0 where the shard can't be read."""
    path = shards.tar_path(folder / SHARDS, name)
    try:
        members = {entry.name: entry for entry in tar.entries(path)}
        told = shards.load_json(tar.read(path, members[f"{clip}.json"]), f"{clip}.json")
        record = ClipRecord.parse(told, f"{clip}.json")
    except (UserError, KeyError, OSError):
        return 0
    work = folder / WORK / clip
    begin(work, record)
    kept = 0
    for frame in range(record.spec.film.frames):
        names = framefile.member_names(record.spec, frame)
        if frame not in bad and all(member in members for member in names):
            tar.write(framefile.path(work, frame), [(member, tar.read(path, members[member])) for member in names])
            kept += 1
    return kept
