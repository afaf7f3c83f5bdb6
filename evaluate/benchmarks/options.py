"""What the tracker's options cost in J&F and gain in speed: `python -m evaluate.benchmarks.options --data BENCH`.

Clips of a dataset's split (`--data`), else drawn ones (a textured shape that swings over a textured ground, a bar that
hides it for a while, a twin of it that passes). Variants, sam2's own predictor among them, take turns clip by clip, so
that other work on the machine slows all alike. Differences are paired by clip, with a bootstrap 95 % interval.

A small model's speeds say little of a large one's: `--timing MODEL` adds a column of how fast that model is with the
same options, at random weights, as `heroprop speed` measures it.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from render.manifest import Dataset
from render.screen import notes
from train import models

from ..metrics import j_and_f
from ..running.statistics import mean
from ..speed import OFFICIAL, Job, speed
from ..tracker import Prompt, Tracker
from ..tracking.official import official
from ..tracking.options import parse
from .drawn import Clip, Mask, drawn_clip

VARIANTS = (
    *(OFFICIAL, "default", "no-lean", "bfloat16", "int8", "compile", "memories=4", "memories=3", "memories=2"),
    *("memories=1", "every=2", "every=3", "memory-choice=reliable", "fill-holes=8,remove-sprinkles=8"),
)
REFERENCE = "default"
"""What differences in J&F are to: the same masks as the official predictor's."""
TIMED = (OFFICIAL, "default", "bfloat16", "memories=3", "memories=1", "compile,memories=1")

Run = Callable[[Clip], Iterator[Mask]]
Row = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", default="nano-base")
    parser.add_argument("--data", type=Path, help="a dataset whose split is run in place of drawn clips")
    parser.add_argument("--split", default="test")
    parser.add_argument("--clips", type=int, help="at most so many clips (default: 24 drawn ones, all of a split)")
    parser.add_argument("--variant", action="append", help="options as of `heroprop track`, or official; repeatable")
    parser.add_argument("--timing", metavar="MODEL", help="also time this model at random weights (minutes on a CPU)")
    parser.add_argument("--timed", action="append", help=f"variants to time; default: {', '.join(TIMED)}")
    parser.add_argument("--timing-frames", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    if asked.data:
        clips = list(dataset_clips(asked.data, asked.split))[: asked.clips]
    else:
        clips = [drawn_clip(seed) for seed in range(asked.clips or 24)]
    rows = compare(asked.checkpoint, clips, asked.variant or VARIANTS)
    if asked.timing:
        for name, ratio in timed(asked.timing, asked.timed or TIMED, asked.timing_frames, asked.threads).items():
            rows.setdefault(name, {})["timed"] = ratio
    frames = sum(len(clip.frames) for clip in clips)
    shown = table(rows, f"{len(clips)} clips, {frames} frames, {asked.checkpoint}", asked.timing)
    print(json.dumps(rows, indent=2) if asked.json else shown)


def dataset_clips(folder: Path, split: str) -> Iterator[Clip]:
    """Each object of a split, from the first frame that shows it."""
    dataset = Dataset.open(folder)
    for name in dataset.clips(split):
        count = dataset.frame_count(name)
        for number in dataset.objects(name):
            masks = [dataset.mask(name, frame, number) for frame in range(count)]
            start = next((index for index, mask in enumerate(masks) if mask.any()), count)
            if any(mask.any() for mask in masks[start + 1 :]):
                shot = dataset.manifest.clips[name].twin_of or name
                yield Clip(shot, [dataset.rgb(name, frame) for frame in range(start, count)], masks[start:])


def score(found: list[Mask], clip: Clip) -> float:
    """Mean J&F over the frames after the first that show the target."""
    pairs = zip(found[1:], clip.masks[1:], strict=True)
    return float(np.mean([np.mean(j_and_f(mask, truth)) for mask, truth in pairs if truth.any()]))


def compare(checkpoint: str, clips: Sequence[Clip], variants: Sequence[str]) -> dict[str, Row]:
    """By variant: J&F, its paired difference to REFERENCE, and speed as a ratio to the official predictor's, of those
    that are run. Each clip's first frame, before which the official predictor reads all of them from disk, is not in
    the time."""
    runs = {name: _runner(checkpoint, name) for name in variants}
    for run in runs.values():  # what is compiled or loaded at first use is not what is measured
        list(run(Clip("warm", clips[0].frames[:3], clips[0].masks[:3])))
    scores: dict[str, list[float]] = {name: [] for name in variants}
    seconds = dict.fromkeys(variants, 0.0)
    for number, clip in enumerate(clips, 1):
        for name, run in runs.items():
            answers = run(clip)
            first, start = next(answers), time.perf_counter()
            found = [first, *answers]
            seconds[name] += time.perf_counter() - start
            scores[name].append(score(found, clip))
        notes.print(f"{number} of {len(clips)} clips", markup=False)
    groups = [clip.group for clip in clips]
    base = scores.get(REFERENCE)
    rows = {}
    for name in variants:
        row: Row = {"jf": float(np.mean(scores[name]))}
        if base is not None:
            gap = mean([one - other for one, other in zip(scores[name], base, strict=True)], groups)
            row |= {"difference": gap.value, "low": gap.low, "high": gap.high}
        if OFFICIAL in seconds:
            row["speed"] = seconds[OFFICIAL] / seconds[name]
        rows[name] = row
    return rows


def timed(model: str, variants: Sequence[str], frames: int, threads: int) -> dict[str, float]:
    """Frames a second of a model at random weights, as a ratio to the official predictor's, memories full."""
    job = Job(None, model, "cpu", frames, 1, 1280, 720, threads)
    report = speed(job, variants, lambda done, total: notes.print(f"timing {done} of {total}", markup=False))
    return {one.variant: one.ratio for one in report.variants if one.ratio is not None}


def table(rows: dict[str, Row], title: str, model: str | None) -> str:
    """As Markdown."""
    heads = ["variant", "J&F", "less default [95 %]", "speed, official = 1"] + ([f"speed of {model}"] if model else [])
    lines = [title, "", f"| {' | '.join(heads)} |", "| --- " * len(heads) + "|"]
    for name, row in rows.items():
        cells = [f"`{name}`", _number(row.get("jf"), ".3f"), _number(row.get("difference"), "+.3f")]
        if row.get("low") is not None:
            cells[-1] += f" [{row['low']:+.3f}, {row['high']:+.3f}]"
        cells.append(_number(row.get("speed"), ".2f"))
        cells += [_number(row.get("timed"), ".2f")] if model else []
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines).replace("-0.", "−0.")


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def _runner(checkpoint: str, variant: str) -> Run:
    loaded = models.resolve(checkpoint)
    model = models.build_video(loaded.name)
    models.load_weights(model, loaded)
    if variant == OFFICIAL:
        return lambda clip: (masks[1] for masks in official(model, clip.frames, [Prompt(1, mask=clip.masks[0])]))
    tracker = Tracker(model, "cpu", options=parse(variant))
    return lambda clip: (one.masks[1] for one in tracker.track(clip.frames, [Prompt(1, mask=clip.masks[0])]))


if __name__ == "__main__":
    torch.manual_seed(0)
    main()
