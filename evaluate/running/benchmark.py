"""Every checkpoint and every baseline through the same held-out clips, from the same first-frame prompts."""

from __future__ import annotations

import contextlib
import datetime
import importlib.metadata
import multiprocessing
import platform
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch

from render.document import UserError, nearest
from render.interrupts import begin, packed, unheard
from render.manifest import Dataset

from ..axes import Shot, Trace, measure_axes
from ..axes.general import general
from ..metrics import Protocol
from ..tracker import Tracker
from . import results
from .clips import Clip, Truth, displacement, read_clip
from .methods import Method, PromptKind, apply, load_methods, make_prompt
from .methods import _names as _names
from .records import Record, Records, predicted, run_key
from .results import ClipScore, MethodScore, Results
from .tracing import clip_score, follow, score

__all__ = [
    "Clip", "PromptKind", "Truth", "check_device", "displacement", "evaluate", "make_prompt", "predicted",
    "prompt_kind", "read_clip", "score",
]  # fmt: skip

Found = dict[tuple[str, str], Record]
"""By clip and method."""
Progress = Callable[[str, int, int], None]
"""(what is running, frames done, frames in all)."""


@dataclass(frozen=True)
class Job:
    """What a process needs to run clips."""

    dataset: Dataset
    checkpoints: tuple[str, ...]
    device: str
    prompt: PromptKind
    traces: Path | None
    predictions: Path | None
    model: str | None


def evaluate(
    dataset: Dataset,
    checkpoints: Sequence[str],
    split: str = "test",
    prompt: PromptKind = "mask",
    device: str | None = None,
    predictions: Path | None = None,
    progress: Progress = lambda what, done, total: None,
    traces: Path | None = None,
    workers: int = 1,
    model: str | None = None,
) -> Results:
    """Run `checkpoints` (see `train.models.resolve`) and all baselines on a split, and score them.

    Each object is prompted on the first frame that shows it; frames after that count. `predictions` is a folder for
    every predicted mask as a 1-bit PNG, for reports and for other tools; `traces` one for what was found, from which an
    evaluation goes on where it was stopped, and which another one with the same checkpoints among its own takes over.
    What is of other runs is removed from both. `workers` processes have clips of their own. `model` is what `.pt` files
    are for that do not say it. UserError for an empty split, a checkpoint that cannot be loaded or is given twice.
    """
    names = dataset.clips(split)
    if not names:
        full = ", ".join(f"{name} {len(clips)}" for name, clips in dataset.manifest.splits.items())
        raise UserError(f"{dataset.folder}: split '{split}' has no clips (there are: {full}); choose another")
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    methods, trackers = load_methods(checkpoints, device, model)
    records = Records(traces, predictions)
    records.begin({method.name: run_key(dataset, split, prompt, method, trackers[0].precision) for method in methods})
    job = Job(dataset, tuple(checkpoints), device, prompt, traces, predictions, model)
    pairs = [(name, method.name) for name in names for method in methods]
    found: Found = {pair: record for pair in pairs if (record := records.done(pair[1], pair[0])) is not None}
    due = {name: [method for one, method in pairs if one == name and (one, method) not in found] for name in names}
    due = {name: those for name, those in due.items() if those}
    total = sum(dataset.frame_count(name) for name, _ in pairs)
    done = sum(dataset.frame_count(name) for name, _ in found)
    progress("taken over" if found else "begun", done, total)
    if min(workers, len(due)) > 1:
        with _pool(min(workers, len(due)), job) as pool:
            with unheard():
                answers = pool.map(_run_there, due.items())
            for name, made in zip(due, answers, strict=True):
                found |= {(name, method): record for method, record in made}
                done += dataset.frame_count(name) * len(made)
                progress(name, done, total)
    else:
        for name, those in due.items():
            for method, record in run_clip(dataset, name, [m for m in methods if m.name in those], records, prompt):
                found[name, method] = record
                done += dataset.frame_count(name)
                progress(f"{method} · {name}", done, total)
    progress("scored", total, total)
    return _conclude_all(dataset, split, prompt, device, methods, found, trackers)


def run_clip(
    dataset: Dataset, name: str, methods: Sequence[Method], records: Records, prompt: PromptKind
) -> Iterator[tuple[str, Record]]:
    """A clip through some methods: each one's name and record, which is kept by then."""
    clip = read_clip(dataset, name)
    for method in methods:
        run = apply(method, clip, prompt)
        traces = {i: follow(clip, i, run.masks[i], run.scores[i]) for i in clip.objects}
        records.write_masks(method.name, name, run.masks)
        record: Record = {
            "seconds": run.seconds if clip.objects else 0.0,
            "frames": len(clip.frames) if clip.objects else 0,
            "objects": {
                str(i): {
                    "shot": trace.shot.dump(),
                    "trace": trace.dump(),
                    "score": clip_score(clip, trace).model_dump(mode="json"),
                }
                for i, trace in traces.items()
            },
        }
        records.finish(method.name, name, record)
        yield method.name, record


def prompt_kind(name: str) -> PromptKind:
    """`mask`, `box` or `point`; UserError for anything else."""
    kinds: dict[str, PromptKind] = {"mask": "mask", "box": "box", "point": "point"}
    if name not in kinds:
        raise UserError(f"--prompt '{name}': unknown{nearest(name, list(kinds))}")
    return kinds[name]


def check_device(device: str | None) -> None:
    """UserError for a device that torch does not know or does not find."""
    if device is None:
        return
    try:
        kind = torch.device(device).type
    except RuntimeError:
        raise UserError(f"--device '{device}': unknown; give cpu or cuda") from None
    if kind not in ("cpu", "cuda") or (kind == "cuda" and not torch.cuda.is_available()):
        raise UserError(f"--device '{device}': not available here; give cpu, or leave it out")


_here: tuple[Dataset, list[Method], Records, PromptKind] | None = None
"""What a worker process has loaded."""


@contextlib.contextmanager
def _pool(workers: int, job: Job) -> Iterator[ProcessPoolExecutor]:
    """Processes that have loaded the methods; at the end they finish what they are at, and nothing more."""
    work = packed(_begin, job)
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=begin, initargs=(work,))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(job: Job) -> None:
    global _here
    methods, _ = load_methods(job.checkpoints, job.device, job.model)
    _here = job.dataset, methods, Records(job.traces, job.predictions), job.prompt


def _run_there(due: tuple[str, list[str]]) -> list[tuple[str, Record]]:
    assert _here is not None
    dataset, methods, records, prompt = _here
    name, those = due
    return list(run_clip(dataset, name, [method for method in methods if method.name in those], records, prompt))


def _conclude_all(
    dataset: Dataset,
    split: str,
    prompt: PromptKind,
    device: str,
    methods: Sequence[Method],
    found: Found,
    trackers: Sequence[Tracker],
) -> Results:
    names = sorted({name for name, _ in found})
    scored = tuple(_conclude(method, [found[name, method.name] for name in names]) for method in methods)
    if not scored[0].clips:
        raise UserError(
            f"{dataset.folder}: split '{split}' shows no object on any frame but the last; nothing to score"
        )
    shown = {(clip.clip, clip.object_id) for clip in scored[0].clips}
    after = [method for method in scored if method.kind == "checkpoint"][-1]
    return Results(
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        dataset=dataset.name,
        recipe=dataset.manifest.recipe.name,
        recipe_sha256=dataset.manifest.recipe.sha256,
        plan_sha256=dataset.manifest.plan.sha256,
        mask_rule=dataset.manifest.mask_rule,
        generator=dataset.manifest.generator,
        blender=dataset.manifest.blender,
        split=split,
        prompt=prompt,
        protocol=Protocol.HELD_OUT,
        device=_device_name(device),
        precision=trackers[0].precision,
        fills_holes=any(tracker.fills_holes for tracker in trackers),
        versions=_versions(),
        never_visible=tuple(
            f"{name}/{number}" for name in names for number in dataset.objects(name) if (name, number) not in shown
        ),
        methods=scored,
        comparisons=tuple(results.compare(other, after) for other in scored if other.name != after.name),
    )


def _conclude(method: Method, records: Sequence[Record]) -> MethodScore:
    told = [one for record in records for one in record["objects"].values()]
    clips = [ClipScore.model_validate(one["score"]) for one in told]
    traces = [Trace.load(Shot.load(one["shot"]), one["trace"]) for one in told]
    seconds, frames = sum(record["seconds"] for record in records), sum(record["frames"] for record in records)
    return MethodScore(
        name=method.name,
        kind=method.kind,
        model=method.model,
        source=method.source,
        sha256=method.sha256,
        scores=results.scores(clips),
        moving=results.scores([clip for clip in clips if clip.moving]),
        absent_area=results.mean([clip.absent_area for clip in clips], [clip.cluster for clip in clips]),
        axes=measure_axes(traces),
        figures=general(traces),
        frames_per_second=round(frames / seconds, 2) if seconds else None,
        clips=tuple(clips),
    )


def _device_name(device: str) -> str:
    if torch.device(device).type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return f"{device} ({platform.machine()}, {torch.get_num_threads()} threads)"


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in ("heroprop", "torch", "sam2", "numpy", "scipy"):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found
