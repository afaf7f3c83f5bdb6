"""How fast the tracker is, option by option, beside the official predictor in the same run.

Each variant lives in a process of its own, so that its peak of memory is its own; they take turns frame by frame, so
that a busy machine slows all of them alike. Frames count once the memory is full.
"""

from __future__ import annotations

import difflib
import itertools
import multiprocessing
import platform
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from render.document import UserError
from render.interrupts import end_quietly, unheard
from train import models

from .benchmarks.drawn import drifting
from .metrics import jaccard
from .tracker import Prompt, Tracker
from .tracking.official import official
from .tracking.options import Options, parse

OFFICIAL = "official"
DEFAULT_VARIANTS = (OFFICIAL, "default", "bfloat16", "memories=3", "bfloat16,memories=3", "every=2")

MIN_AREA = 64
"""Pixels; a pixel more or less says nothing of a smaller mask."""
FOLLOWED = 0.5
"""IoU with the truth from which on an object counts as followed."""

Masks = list[NDArray[np.bool_]]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Job:
    """What is measured."""

    checkpoint: str | None
    """None: random weights, good for timing only."""
    model: str | None
    device: str
    frames: int
    objects: int
    width: int
    height: int
    threads: int


@dataclass(frozen=True)
class Measured:
    """One variant. Latencies in milliseconds a frame, memory in MiB of the whole process (CUDA: of the device)."""

    variant: str
    frames_per_second: float
    p50_ms: float
    p95_ms: float
    cpu_seconds: float
    """CPU time that a frame takes in all threads, their waiting for one another included: with one thread, what it
    costs however busy the machine is."""
    ratio: float | None
    """Frames a second to those of the official predictor in this run; None where that did not run."""
    lowest_iou: float | None
    """Of a frame's mask with the official predictor's, wherever that follows the object (with random weights: wherever
    it has a mask of MIN_AREA); None where it never does, or did not run."""
    warm_mb: float
    """When the memories were full."""
    peak_mb: float


@dataclass(frozen=True)
class SpeedReport:
    """A run of `speed`."""

    model: str
    weights: str
    machine: str
    threads: int
    torch: str
    size: str
    objects: int
    frames: int
    variants: tuple[Measured, ...]


def speed(job: Job, variants: Sequence[str], progress: Progress = lambda done, total: None) -> SpeedReport:
    """Measure the variants: `official`, or words of `Options`. UserError for unknown ones or a checkpoint that is."""
    if len(set(variants)) < len(variants):
        raise UserError("a variant is given twice; each is measured once")
    if not 1 <= job.objects <= 8:
        raise UserError(f"--objects {job.objects}: give 1 to 8")
    for variant in variants:
        if variant != OFFICIAL:
            if difflib.get_close_matches(variant, [OFFICIAL]):
                raise UserError(f"variant '{variant}': unknown; did you mean '{OFFICIAL}'?")
            parse(variant).check(job.device)
    name = _name(job)
    warm = int(models.config(name).get("num_maskmem", 7)) + 1
    progress(0, warm + job.frames)
    context = multiprocessing.get_context("spawn")
    times: dict[str, list[float]] = {variant: [] for variant in variants}
    efforts: dict[str, list[float]] = {variant: [] for variant in variants}
    overlaps: dict[str, list[float]] = {variant: [] for variant in variants}
    marks: dict[str, tuple[float, float]] = {}
    with ExitStack() as stack:
        pipes: dict[str, Connection] = {}
        for variant in variants:
            ours, theirs = context.Pipe()
            child = context.Process(target=_serve, args=(theirs, job, variant, warm), daemon=True)
            with unheard():
                child.start()
            theirs.close()
            for end in (child.join, child.terminate, ours.close):  # the last one first
                stack.callback(end)
            pipes[variant] = ours
        for step, (_, truth) in zip(range(warm + job.frames), _video(job), strict=False):
            answers = {variant: _ask(pipe, variant) for variant, pipe in pipes.items()}
            for variant, (seconds, effort, masks) in answers.items():
                if step >= warm:
                    times[variant].append(seconds)
                    efforts[variant].append(effort)
                if OFFICIAL in answers:
                    overlaps[variant] += _overlaps(masks, answers[OFFICIAL][2], truth if job.checkpoint else None)
            progress(step + 1, warm + job.frames)
        for variant, pipe in pipes.items():
            pipe.send("end")
            marks[variant] = pipe.recv()
    rates = {variant: len(own) / sum(own) for variant, own in times.items()}
    reference = rates.get(OFFICIAL)
    measured = tuple(
        Measured(
            variant=variant,
            frames_per_second=rates[variant],
            p50_ms=float(np.percentile(own, 50)) * 1000,
            p95_ms=float(np.percentile(own, 95)) * 1000,
            cpu_seconds=float(np.median(efforts[variant])),
            ratio=rates[variant] / reference if reference else None,
            lowest_iou=min(overlaps[variant], default=None),
            warm_mb=marks[variant][0],
            peak_mb=marks[variant][1],
        )
        for variant, own in times.items()
    )
    weights = job.checkpoint or "random: for timing only, its masks mean nothing"
    size = f"{job.width}x{job.height}"
    return SpeedReport(
        name, weights, machine(job.device), job.threads, torch.__version__, size, job.objects, job.frames, measured
    )


def machine(device: str) -> str:
    """The name of the GPU or CPU, and for a CPU what it knows of bfloat16."""
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    facts = dict(line.partition(":")[::2] for line in text.split("\n\n")[0].splitlines())
    facts = {key.strip(): value.strip() for key, value in facts.items()}
    known = [flag for flag in ("avx512f", "avx512_bf16", "amx_bf16") if flag in facts.get("flags", "").split()]
    return f"{facts.get('model name', platform.machine())} ({', '.join(known) or 'no AVX-512'})"


def _name(job: Job) -> str:
    if job.checkpoint is None:
        return models.model_name(job.model or "")
    return models.resolve(job.checkpoint, job.model).name


def _ask(pipe: Connection, variant: str) -> tuple[float, float, Masks]:
    pipe.send("step")
    try:
        answer = pipe.recv()
    except EOFError:
        raise UserError(f"{variant}: its process ended; is there enough memory?") from None
    if isinstance(answer, str):
        raise UserError(f"{variant}: {answer}")
    return answer


def _overlaps(masks: Masks, official: Masks, truth: Masks | None) -> list[float]:
    """IoU of each mask with the official one, where that is no mere speck, and is where the object is (if told): what
    becomes of an object that was lost goes by the last bits."""
    sizeable = [number for number, mask in enumerate(official) if mask.sum() >= MIN_AREA]
    followed = [i for i in sizeable if truth is None or jaccard(official[i], truth[i]) >= FOLLOWED]
    return [jaccard(masks[i], official[i]) for i in followed]


def _serve(pipe: Connection, job: Job, variant: str, warm: int) -> None:
    """A child: answers as `_answer` does until nobody asks any more: it was done, another one failed, or Ctrl-C."""
    end_quietly()
    with suppress(EOFError, ConnectionError):
        _answer(pipe, job, variant, warm)


def _answer(pipe: Connection, job: Job, variant: str, warm: int) -> None:
    """Track a frame at each call, say how long it took, by the clock and of the CPU, and what was found."""
    torch.set_num_threads(job.threads)
    try:
        model = _model(job)
        steps = _official(model, job, warm) if variant == OFFICIAL else _ours(model, job, parse(variant))
        done, at_warm = 0, 0.0
        while pipe.recv() == "step":
            start, worked = time.perf_counter(), time.process_time()
            masks = next(steps)
            if job.device.startswith("cuda"):
                torch.cuda.synchronize()
            seconds, effort = time.perf_counter() - start, time.process_time() - worked
            done += 1
            at_warm = peak(job.device) if done == warm else at_warm
            pipe.send((seconds, effort, masks))
        pipe.send((at_warm, peak(job.device)))
        steps.close()
    except (UserError, RuntimeError) as error:
        pipe.send(str(error).splitlines()[0])


def _ours(model: Any, job: Job, options: Options) -> Generator[Masks, None, None]:
    tracker = Tracker(model, job.device, options=options)
    for tracked in tracker.track(_frames(job), _prompts(job)):
        yield [tracked.masks[number] for number in sorted(tracked.masks)]


def _official(model: Any, job: Job, warm: int) -> Generator[Masks, None, None]:
    frames = itertools.islice(_frames(job), warm + job.frames)
    with closing(official(model, frames, _prompts(job), job.device)) as answers:
        for masks in answers:
            yield list(masks.values())


def _model(job: Job) -> Any:
    if job.checkpoint is not None:
        loaded = models.resolve(job.checkpoint, job.model)
        model = models.build_video(loaded.name)
        models.load_weights(model, loaded)
        return model
    torch.manual_seed(0)
    model = models.build_video(_name(job))
    with torch.no_grad():  # the object counts as present, so that masks can be compared
        model.sam_mask_decoder.pred_obj_score_head.layers[-1].bias.fill_(1.0)
    return model


def _video(job: Job) -> Iterator[tuple[NDArray[np.uint8], Masks]]:
    """Frames with the true masks, endless; the same from every process."""
    return drifting(job.width, job.height, job.objects)


def _frames(job: Job) -> Iterator[NDArray[np.uint8]]:
    for frame, _ in _video(job):
        yield frame


def _prompts(job: Job) -> list[Prompt]:
    """A mask an object."""
    _, masks = next(_video(job))
    return [Prompt(number, mask=mask) for number, mask in enumerate(masks, 1)]


def peak(device: str) -> float:
    """The most memory so far, in MiB."""
    if device.startswith("cuda"):
        return torch.cuda.max_memory_allocated(device) / 2**20
    try:
        text = Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return float(next(line.split()[1] for line in text.splitlines() if line.startswith("VmHWM"))) / 1024
