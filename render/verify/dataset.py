"""A whole dataset: what belongs together, and every shard, several at a time."""

from __future__ import annotations

import contextlib
import dataclasses
import multiprocessing
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from .. import manifest, shards
from ..cores import cores
from ..document import UserError
from ..interrupts import die_quietly, end_quietly, unheard
from ..manifest import SHARDS, Manifest, ShardEntry
from ..mask import RULE
from ..planning.planfile import HEADER, read_plan
from ..spec import ClipSpec
from ..storage import Remote
from .notes import Notes
from .report import Checked, Problem, Report, redo
from .shard import check_shard


def verify(
    folder: Path | Remote, on_clips: Callable[[str, int], None] = lambda shard, clips: None, workers: int | None = None
) -> Report:
    """Check a whole dataset, `workers` shards at a time (default: one a core).

    `on_clips` hears of each shard that is done, and of how many clips it has. A check that was broken off is taken up
    where it was, shard by shard, as long as neither the files nor this program have changed. UserError for a folder
    without a manifest, or with one that can't be read.
    """
    held = Manifest.read(folder)
    report = Report(clips=len(held.clips), shards=len(held.shards))
    report.problems += _manifest_problems(folder, held)
    planned = _planned(folder, report)
    report.problems += _missing_clips(folder, held, planned)
    notes = Notes(folder) if isinstance(folder, Path) else None
    seen: dict[str, str] = {}
    names: dict[str, dict[str, str]] = {entry.name: {} for entry in held.shards}  # as called there -> as listed
    for clip, found in held.clips.items():
        names[found.shard][found.stored or clip] = clip
    with contextlib.ExitStack() as stack:
        for entry, checked in _each(folder, held, planned, notes, workers, stack):
            report.bytes += entry.tar.bytes + entry.frames_index.bytes + entry.objects_index.bytes
            report.frames += entry.frames
            called = names[entry.name]
            for problem in checked.problems:
                listed = called.get(problem.clip or "", problem.clip)
                report.problems.append(dataclasses.replace(problem, clip=listed))
            for stored, content in checked.contents.items():
                clip = called.get(stored, stored)
                first = seen.setdefault(content, clip)
                if first != clip:
                    place = f"{SHARDS}/{entry.name}.tar"
                    report.problems.append(
                        Problem(place, clip, None, f"shows the same as {first}", redo(folder, entry.name))
                    )
            on_clips(entry.name, entry.clips)
    if notes:
        notes.forget()
    return report


def _each(
    folder: Path | Remote,
    held: Manifest,
    planned: dict[str, ClipSpec],
    notes: Notes | None,
    workers: int | None,
    stack: contextlib.ExitStack,
) -> Iterator[tuple[ShardEntry, Checked]]:
    """Every shard and what was found in it, in order, checked in processes of their own where there are several."""
    known = {entry.name: notes.recall(entry) for entry in held.shards} if notes else {}
    due = [entry for entry in held.shards if known.get(entry.name) is None]
    count = min(workers or cores(), len(due))
    futures: dict[str, Future[Checked]] = {}
    if count > 1:
        # Spawned, not forked: a forked child may hang on a lock that some other thread held.
        spawn = multiprocessing.get_context("spawn")
        quietly = die_quietly if isinstance(folder, Path) else end_quietly  # which removes what it fetched
        pool = stack.enter_context(ProcessPoolExecutor(count, spawn, initializer=quietly))
        stack.callback(pool.shutdown, wait=True, cancel_futures=True)
        with unheard():
            for entry in due:
                futures[entry.name] = pool.submit(check, folder, _part(held, entry), _of(planned, held, entry))
    for entry in held.shards:
        checked = known.get(entry.name)
        if checked is None:
            future = futures.get(entry.name)
            try:
                checked = future.result() if future else check(folder, _part(held, entry), _of(planned, held, entry))
            except BrokenProcessPool:
                words = "a checking process was killed, perhaps for want of memory; the same command with --workers 1"
                raise UserError(f"{folder}: {words} goes on where this one stopped") from None
            if notes:
                notes.keep(entry, checked)
        yield entry, checked


def check(folder: Path | Remote, held: Manifest, planned: dict[str, ClipSpec]) -> Checked:
    """Everything wrong with the one shard that `held` speaks of; one at a URL is copied here for that long."""
    if isinstance(folder, Path):
        return check_shard(folder, held, planned)
    entry = held.shards[0]
    cure = redo(folder, entry.name)
    with tempfile.TemporaryDirectory(prefix="heroprop-verify-") as copied:
        names = [path.name for path in shards.paths(Path(), entry.name)]
        (Path(copied) / SHARDS).mkdir()
        for name, stated in zip(names, (entry.tar, entry.frames_index, entry.objects_index), strict=True):
            try:
                folder.fetch(f"{SHARDS}/{name}", Path(copied) / SHARDS / name, stated.bytes, stated.sha256)
            except UserError as error:
                what = str(error).removeprefix(f"{folder}/{SHARDS}/{name}: ").split("; ")[0]
                return Checked([Problem(f"{SHARDS}/{name}", None, None, what, cure)], {})
        found = check_shard(Path(copied), held, planned)
    return Checked([dataclasses.replace(problem, cure=cure) for problem in found.problems], found.contents)


def _part(held: Manifest, entry: ShardEntry) -> Manifest:
    """The manifest as far as it speaks of one shard, with clips called as they are there: what its checker needs."""
    stored = {clip: found.stored or clip for clip, found in held.clips.items() if found.shard == entry.name}
    clips = {name: held.clips[clip] for clip, name in stored.items()}
    splits = {split: tuple(stored[clip] for clip in names if clip in stored) for split, names in held.splits.items()}
    return held.model_copy(update={"clips": clips, "splits": splits, "shards": (entry,)})


def _of(planned: dict[str, ClipSpec], held: Manifest, entry: ShardEntry) -> dict[str, ClipSpec]:
    return {clip: planned[clip] for clip, found in held.clips.items() if found.shard == entry.name and clip in planned}


def _manifest_problems(folder: Path | Remote, held: Manifest) -> Iterator[Problem]:
    """Files that do not belong, and statements of the manifest that cannot be."""
    known = {path.name for shard in held.shards for path in shards.paths(Path(), shard.name)}
    cure = "remove it, or publish the dataset again"
    if isinstance(folder, Path):
        there = sorted(path.name for path in (folder / SHARDS).glob("*"))
        cure = f"run 'heroprop render {folder}', which adopts or removes what it left, or remove the file"
    else:
        there = folder.names(SHARDS) or []
    for name in (name for name in there if name not in known):
        yield Problem(f"{SHARDS}/{name}", None, None, f"not listed in {manifest.FILE}", cure)
    if held.mask_rule != RULE:
        cure = "read it with the heroprop version that made it"
        yield Problem(manifest.FILE, None, None, f"mask rule '{held.mask_rule}', this version has '{RULE}'", cure)


def _planned(folder: Path | Remote, report: Report) -> dict[str, ClipSpec]:
    """The plan's specs by clip; empty where the dataset came without its plan, or lies at a URL."""
    if not isinstance(folder, Path) or not (folder / HEADER).exists():
        return {}
    try:
        return {spec.clip: spec for spec in read_plan(folder)[1]}
    except UserError as error:
        report.problems.append(Problem(HEADER, None, None, str(error), "plan again into a new folder and compare"))
        return {}


def _missing_clips(folder: Path | Remote, held: Manifest, planned: dict[str, ClipSpec]) -> Iterator[Problem]:
    """Planned clips that no shard holds."""
    for clip in sorted(set(planned) - set(held.clips)):
        what = "was set aside: it kept failing" if clip in held.failed else "is planned, but not rendered yet"
        yield Problem(HEADER, clip, None, what, f"run 'heroprop render {folder}'")
