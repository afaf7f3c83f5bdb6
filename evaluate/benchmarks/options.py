"""What the tracker's options cost in J&F and gain in speed: `python -m evaluate.benchmarks.options`.

Drawn clips (a textured shape that swings over a textured ground, a bar that hides it for a while, a twin of it that
passes) and, with `--data`, a split of a dataset. Variants take turns clip by clip, so that other work on the machine
slows all alike. Differences are paired by clip, with a bootstrap 95 % interval.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from render.manifest import Dataset
from train import models

from ..metrics import j_and_f
from ..tracker import Prompt, Tracker, suited_threads
from ..tracking.options import parse

Mask = NDArray[np.bool_]
Frame = NDArray[np.uint8]

VARIANTS = (
    *("default", "no-lean", "bfloat16", "int8", "memories=4", "memories=3", "memories=2", "memories=1"),
    *("every=2", "every=3", "memory-choice=reliable", "fill-holes=8,remove-sprinkles=8"),
)
SIDE, LENGTH = 160, 40


@dataclass(frozen=True)
class Clip:
    """Frames and the target's true masks; the first frame is the prompt."""

    kind: str
    frames: list[Frame]
    masks: list[Mask]


def drawn_clip(seed: int) -> Clip:
    """A clip of LENGTH frames: every second one with a bar that hides the target, every third with a twin."""
    rng = np.random.default_rng([7, seed])
    ground, skin, bar = (_texture(rng) for _ in range(3))
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5
    radius = rng.uniform(12, 20)
    lobes, phase = rng.integers(2, 6), rng.uniform(0, 6)
    swing, height, pace = rng.uniform(35, 55), rng.uniform(50, 110), rng.uniform(0.09, 0.16)
    hides, twin = seed % 2 == 0, seed % 3 == 0
    left, width = rng.uniform(60, 85), rng.uniform(2.2, 3.5) * radius

    def shape(cx: float, cy: float, turn: float) -> Mask:
        angle = np.arctan2(y - cy, x - cx) + turn
        edge = radius * (1 + 0.25 * np.cos(lobes * angle + phase))
        inside: Mask = np.hypot(x - cx, y - cy) < edge
        return inside

    frames, masks = [], []
    for t in range(LENGTH):
        cx, cy = SIDE / 2 - swing * np.cos(pace * t), height + 12 * np.sin(0.2 * t)
        frame = np.roll(ground, t, axis=1).copy()
        if twin:
            other = shape(SIDE / 2 + 60 * np.cos(0.11 * t + 0.5), height + 26, -0.05 * t)
            frame[other] = np.roll(skin, (5, 9), axis=(0, 1))[other]
        mask = shape(cx, cy, 0.06 * t)
        frame[mask] = np.roll(skin, (round(cy), round(cx)), axis=(0, 1))[mask]
        if hides and t > 0:
            cover = (x > left) & (x < left + width)
            frame[cover] = bar[cover]
            mask = mask & ~cover
        frames.append(frame)
        masks.append(mask)
    kind = " and ".join(name for name, on in (("hidden", hides), ("twin", twin)) if on) or "plain"
    return Clip(kind, frames, masks)


def dataset_clips(folder: Path, split: str) -> Iterator[Clip]:
    """Each object of a split, from the first frame that shows it."""
    dataset = Dataset.open(folder)
    for name in dataset.clips(split):
        count = dataset.frame_count(name)
        for number in dataset.objects(name):
            masks = [dataset.mask(name, frame, number) for frame in range(count)]
            start = next((index for index, mask in enumerate(masks) if mask.any()), count)
            if start < count - 1:
                yield Clip("rendered", [dataset.rgb(name, frame) for frame in range(start, count)], masks[start:])


def score(found: list[Mask], clip: Clip) -> tuple[float, float]:
    """Mean J&F over frames that show the target; mean predicted area (share of the frame) on those that do not."""
    seen, absent = [], []
    for mask, truth in zip(found[1:], clip.masks[1:], strict=True):
        if truth.sum() >= 4:
            seen.append(np.mean(j_and_f(mask, truth)))
        else:
            absent.append(mask.mean())
    return float(np.mean(seen)), float(np.mean(absent)) if absent else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", default="nano-base")
    parser.add_argument("--data", type=Path, help="a dataset whose split is added to the drawn clips")
    parser.add_argument("--split", default="test")
    parser.add_argument("--clips", type=int, default=24, help="how many drawn clips")
    parser.add_argument("--variant", action="append", help="options as of `heroprop track`; repeatable")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    clips = [drawn_clip(seed) for seed in range(asked.clips)]
    clips += dataset_clips(asked.data, asked.split) if asked.data else []
    results = compare(asked.checkpoint, clips, asked.variant or VARIANTS)
    if asked.json:
        print(json.dumps(results, indent=2))
        return
    print(f"{len(clips)} clips, {sum(len(clip.frames) for clip in clips)} frames, {asked.checkpoint}")
    for name, row in results.items():
        low, high = row["difference_95"]
        kinds = "  ".join(f"{kind} {value:.3f}" for kind, value in row["by_kind"].items())
        print(
            f"{name:34} J&F {row['jf']:.4f}  {row['difference']:+.4f} [{low:+.4f}, {high:+.4f}]  x{row['speed']:.2f}  "
            f"false area {row['false_area']:.4f}  {kinds}"
        )


def compare(checkpoint: str, clips: list[Clip], variants: tuple[str, ...] | list[str]) -> dict[str, dict[str, Any]]:
    """J&F, its paired difference to the first variant, and speed as a ratio to it, by variant."""
    loaded = models.resolve(checkpoint)
    trackers = {}
    for name in variants:
        model = models.build_video(loaded.name)
        models.load_weights(model, loaded)
        trackers[name] = Tracker(model, "cpu", options=parse(name))
    scores: dict[str, list[tuple[float, float]]] = {name: [] for name in variants}
    seconds = dict.fromkeys(variants, 0.0)
    with suited_threads(next(iter(trackers.values())).model, "cpu"):
        for clip in clips:
            for name, tracker in trackers.items():
                start = time.perf_counter()
                found = [one.masks[1] for one in tracker.track(clip.frames, [Prompt(mask=clip.masks[0])])]
                seconds[name] += time.perf_counter() - start
                scores[name].append(score(found, clip))
    first = next(iter(variants))
    base = np.array([jf for jf, _ in scores[first]])
    rng = np.random.default_rng(0)
    draws = rng.integers(0, len(clips), (2000, len(clips)))
    kinds = sorted({clip.kind for clip in clips})
    results: dict[str, dict[str, Any]] = {}
    for name in variants:
        jf = np.array([one for one, _ in scores[name]])
        low, high = np.percentile((jf - base)[draws].mean(axis=1), (2.5, 97.5))
        results[name] = {
            "jf": float(jf.mean()),
            "difference": float((jf - base).mean()),
            "difference_95": (float(low), float(high)),
            "speed": seconds[first] / seconds[name],
            "false_area": float(np.mean([area for _, area in scores[name]])),
            "by_kind": {
                kind: float(np.mean([one for one, clip in zip(jf, clips, strict=True) if clip.kind == kind]))
                for kind in kinds
            },
        }
    return results


def _texture(rng: np.random.Generator) -> Frame:
    """(SIDE, SIDE, 3): two random colours mixed by smooth noise."""
    noise = ndimage.gaussian_filter(rng.standard_normal((SIDE, SIDE)), rng.uniform(1, 5), mode="wrap")
    share = np.clip(0.5 + 0.3 * noise / noise.std(), 0, 1)[..., None]
    first, second = rng.uniform(10, 245, (2, 3))
    return np.asarray(first * share + second * (1 - share), np.uint8)


if __name__ == "__main__":
    torch.manual_seed(0)
    main()
