"""What is run on the clips: checkpoints and baselines, all from the same prompts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from scipy import ndimage

from render.document import UserError
from train import models

from ..baselines import BASELINES, COPY_LAST, Baseline, lag
from ..baselines.box import check_csrt
from ..tracker import Prompt, Tracker, suited_threads
from .clips import Clip, Mask, Truth

PromptKind = Literal["mask", "box", "point"]
Answer = tuple[Mapping[int, Mask], Mapping[int, float]]
"""One frame: each prompted object's bool (H, W) mask, and the belief that it is there, of methods that have one."""


@dataclass(frozen=True)
class Method:
    """Something that masks clips, frame by frame."""

    name: str
    kind: Literal["checkpoint", "baseline"]
    run: Callable[[Clip, PromptKind], Iterator[Answer]]
    source: str
    model: str | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class Run:
    """A method's answers to one clip: by object a mask and a score a frame, and how long it took."""

    masks: dict[int, list[Mask]]
    scores: dict[int, list[float]]
    seconds: float


def load_methods(
    checkpoints: Sequence[str], device: str, model: str | None = None
) -> tuple[list[Method], list[Tracker]]:
    """Checkpoints (see `train.models.resolve`), in order, then all baselines; and the checkpoints' trackers.

    `model` is what `.pt` files are for that do not say it themselves.

    UserError for none, for one twice, for one that cannot be loaded, and where a baseline cannot run.
    """
    check_csrt()
    methods, trackers = _checkpoint_methods(checkpoints, device, model)
    methods += [Method(name, "baseline", _run_baseline(run), "heroprop") for name, run in BASELINES.items()]
    methods.append(Method(COPY_LAST, "baseline", _copy_last, "heroprop, which knows the truth"))
    return methods, trackers


def apply(method: Method, clip: Clip, prompt: PromptKind) -> Run:
    """Every object's mask on every frame (empty before its prompt)."""
    nothing = np.zeros(clip.frames[0].shape[:2], np.bool_)
    masks: dict[int, list[Mask]] = {object_id: [] for object_id in clip.objects}
    scores: dict[int, list[float]] = {object_id: [] for object_id in clip.objects}
    start = time.perf_counter()
    for found, said in method.run(clip, prompt) if masks else ():
        for object_id in masks:
            masks[object_id].append(found.get(object_id, nothing))
            scores[object_id].append(said.get(object_id, float("nan")))
    return Run(masks, scores, time.perf_counter() - start)


def make_prompt(object_id: int, truth: Truth, kind: PromptKind) -> Prompt:
    """The true mask of the prompted frame, the box around it, or the one point deepest inside it."""
    mask = truth.masks[truth.prompted]
    if kind == "mask":
        return Prompt(object_id, truth.prompted, mask=mask)
    if kind == "box":
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        box = (float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))
        return Prompt(object_id, truth.prompted, box=box)
    depth = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    y, x = np.unravel_index(int(np.argmax(depth)), mask.shape)
    return Prompt(object_id, truth.prompted, points=((float(x) + 0.5, float(y) + 0.5),))


def _checkpoint_methods(
    checkpoints: Sequence[str], device: str, named: str | None
) -> tuple[list[Method], list[Tracker]]:
    if not checkpoints:
        raise UserError("no checkpoint; name at least one, e.g. --checkpoint nano-base")
    twice = [checkpoint for checkpoint in checkpoints if checkpoints.count(checkpoint) > 1]
    if twice:
        raise UserError(f"checkpoint '{twice[0]}' is given twice; each is run once")
    methods: list[Method] = []
    trackers: list[Tracker] = []
    for checkpoint, name in zip(checkpoints, _names(checkpoints), strict=True):
        loaded = models.resolve(checkpoint, named if Path(checkpoint).suffix in (".pt", ".pth") else None)
        model = models.build_video(loaded.name)
        models.load_weights(model, loaded)
        tracker = Tracker(model, device)
        trackers.append(tracker)
        run = _run_tracker(tracker)
        methods.append(Method(name, "checkpoint", run, loaded.source, model=loaded.name, sha256=loaded.sha256))
    return methods, trackers


def _names(checkpoints: Sequence[str]) -> list[str]:
    """Short names that differ: the last part of a path where that tells them apart; fit for file names."""
    short = [Path(checkpoint).name.removesuffix(".safetensors").removesuffix(".pt") for checkpoint in checkpoints]
    chosen = short if len(set(short)) == len(short) else list(checkpoints)
    clean = ["".join(c if c.isalnum() or c in "-._" else "-" for c in name).strip(".-") or "x" for name in chosen]
    return [
        name if name not in (*BASELINES, COPY_LAST) and clean.count(name) == 1 else f"{name}-{number}"
        for number, name in enumerate(clean, 1)
    ]


def _run_tracker(tracker: Tracker) -> Callable[[Clip, PromptKind], Iterator[Answer]]:
    def run(clip: Clip, kind: PromptKind) -> Iterator[Answer]:
        prompts = [make_prompt(object_id, truth, kind) for object_id, truth in clip.objects.items()]
        with suited_threads(tracker.model, tracker.device.type):
            for tracked in tracker.track(clip.frames, prompts):
                yield tracked.masks, tracked.scores

    return run


def _run_baseline(baseline: Baseline) -> Callable[[Clip, PromptKind], Iterator[Answer]]:
    """A baseline is always given the true first mask, whatever the checkpoints are prompted with."""

    def run(clip: Clip, kind: PromptKind) -> Iterator[Answer]:
        running = {
            object_id: baseline(clip.frames[truth.prompted :], truth.masks[truth.prompted])
            for object_id, truth in clip.objects.items()
        }
        yield from _in_step(clip, running)

    return run


def _copy_last(clip: Clip, kind: PromptKind) -> Iterator[Answer]:
    yield from _in_step(clip, {i: lag(truth.masks, truth.prompted) for i, truth in clip.objects.items()})


def _in_step(clip: Clip, running: Mapping[int, Iterator[Mask]]) -> Iterator[Answer]:
    """Objects that each begin on their own prompted frame."""
    for frame in range(len(clip.frames)):
        started = [object_id for object_id, truth in clip.objects.items() if truth.prompted <= frame]
        yield {object_id: next(running[object_id]) for object_id in started}, {}
