"""A whole dataset: what belongs together, and every shard, several at a time."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path

from .. import manifest, shards
from ..document import UserError
from ..manifest import SHARDS, Manifest, ShardEntry
from ..mask import RULE
from ..planning.planfile import HEADER, read_plan
from ..spec import ClipSpec
from .notes import Notes
from .report import Checked, Problem, Report, redo
from .shard import check_shard


def verify(
    folder: Path, on_clips: Callable[[str, int], None] = lambda shard, clips: None, workers: int | None = None
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
    notes = Notes(folder)
    seen: dict[str, str] = {}
    with contextlib.ExitStack() as stack:
        for entry, checked in _each(folder, held, planned, notes, workers, stack):
            report.bytes += entry.tar.bytes + entry.frames_index.bytes + entry.objects_index.bytes
            report.frames += entry.frames
            report.problems += checked.problems
            for clip, content in checked.contents.items():
                first = seen.setdefault(content, clip)
                if first != clip:
                    place = f"{SHARDS}/{entry.name}.tar"
                    report.problems.append(
                        Problem(place, clip, None, f"shows the same as {first}", redo(folder, entry.name))
                    )
            on_clips(entry.name, entry.clips)
    notes.forget()
    return report


def _each(
    folder: Path,
    held: Manifest,
    planned: dict[str, ClipSpec],
    notes: Notes,
    workers: int | None,
    stack: contextlib.ExitStack,
) -> Iterator[tuple[ShardEntry, Checked]]:
    """Every shard and what was found in it, in order, checked in processes of their own where there are several."""
    due = [entry for entry in held.shards if notes.recall(entry) is None]
    count = min(workers or os.cpu_count() or 1, len(due))
    futures: dict[str, Future[Checked]] = {}
    if count > 1:
        # Spawned, not forked: a forked child may hang on a lock that some other thread held.
        pool = stack.enter_context(ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn")))
        stack.callback(pool.shutdown, wait=True, cancel_futures=True)
        for entry in due:
            futures[entry.name] = pool.submit(check_shard, folder, _part(held, entry), _of(planned, held, entry))
    for entry in held.shards:
        checked = notes.recall(entry)
        if checked is None:
            future = futures.get(entry.name)
            checked = future.result() if future else check_shard(folder, _part(held, entry), _of(planned, held, entry))
            notes.keep(entry, checked)
        yield entry, checked


def _part(held: Manifest, entry: ShardEntry) -> Manifest:
    """The manifest as far as it speaks of one shard: what its checker needs to know."""
    clips = {clip: found for clip, found in held.clips.items() if found.shard == entry.name}
    splits = {split: tuple(clip for clip in names if clip in clips) for split, names in held.splits.items()}
    return held.model_copy(update={"clips": clips, "splits": splits, "shards": (entry,)})


def _of(planned: dict[str, ClipSpec], held: Manifest, entry: ShardEntry) -> dict[str, ClipSpec]:
    return {clip: planned[clip] for clip, found in held.clips.items() if found.shard == entry.name and clip in planned}


def _manifest_problems(folder: Path, held: Manifest) -> Iterator[Problem]:
    """Files that do not belong, and statements of the manifest that cannot be."""
    known = {path.name for shard in held.shards for path in shards.paths(folder / SHARDS, shard.name)}
    strays = [path.name for path in sorted((folder / SHARDS).glob("*")) if path.name not in known]
    for name in strays:
        cure = f"run 'heroprop render {folder}', which adopts or removes what it left, or remove the file"
        yield Problem(f"{SHARDS}/{name}", None, None, f"not listed in {manifest.FILE}", cure)
    if held.mask_rule != RULE:
        cure = "read it with the heroprop version that made it"
        yield Problem(manifest.FILE, None, None, f"mask rule '{held.mask_rule}', this version has '{RULE}'", cure)


def _planned(folder: Path, report: Report) -> dict[str, ClipSpec]:
    """The plan's specs by clip; empty where the dataset came without its plan."""
    if not (folder / HEADER).exists():
        return {}
    try:
        return {spec.clip: spec for spec in read_plan(folder)[1]}
    except UserError as error:
        report.problems.append(Problem(HEADER, None, None, str(error), "plan again into a new folder and compare"))
        return {}


def _missing_clips(folder: Path, held: Manifest, planned: dict[str, ClipSpec]) -> Iterator[Problem]:
    """Planned clips that no shard holds."""
    for clip in sorted(set(planned) - set(held.clips)):
        what = "was set aside: it kept failing" if clip in held.failed else "is planned, but not rendered yet"
        yield Problem(HEADER, clip, None, what, f"run 'heroprop render {folder}'")
