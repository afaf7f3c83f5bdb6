"""How long J and F take a 480p frame, beside davis2017-evaluation's way: `python -m evaluate.benchmarks.metrics`.

That way, written anew from its definition: both masks whole, their boundaries whole, each boundary dilated by a disk
over the whole picture, with OpenCV where it is installed (as the tool does it), else with SciPy. Both ways must agree
to the last digit, or there is no figure. One thread; the two take turns, frame by frame, so that other work on the
machine slows both alike; the median of the rounds is what counts.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..metrics import j_and_f
from ..metrics.davis import BOUND_TH

Mask = NDArray[np.bool_]
Pair = tuple[Mask, Mask]
SIZE_480P = (480, 854)


def whole_mask_j_and_f(pred: Mask, truth: Mask) -> tuple[float, float]:
    """J and F with every step over the whole picture."""
    inter, union = np.sum(pred & truth), np.sum(pred | truth)
    j = 1.0 if union == 0 else float(inter / union)
    radius = int(np.ceil(BOUND_TH * np.linalg.norm(truth.shape)))
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    disk = (x * x + y * y <= radius * radius).astype(np.uint8)
    pred_edge, truth_edge = _whole_boundary(pred), _whole_boundary(truth)
    pred_wide, truth_wide = dilation()(pred_edge, disk), dilation()(truth_edge, disk)
    pred_count, truth_count = np.sum(pred_edge), np.sum(truth_edge)
    if pred_count == 0 or truth_count == 0:
        return j, float(pred_count == truth_count)
    precision = np.sum(pred_edge * truth_wide) / float(pred_count)
    recall = np.sum(truth_edge * pred_wide) / float(truth_count)
    return j, 0.0 if precision + recall == 0 else float(2 * precision * recall / (precision + recall))


def dilation() -> Callable[[Mask, NDArray[np.uint8]], NDArray[np.uint8]]:
    """OpenCV's dilation where there is one, else SciPy's."""
    try:
        import cv2
    except ModuleNotFoundError:
        from scipy import ndimage

        return lambda edge, disk: ndimage.binary_dilation(edge, disk).astype(np.uint8)
    cv2.setNumThreads(1)
    return lambda edge, disk: np.asarray(cv2.dilate(edge.astype(np.uint8), disk))


def sequence(frames: int, size: tuple[int, int] = SIZE_480P, seed: int = 1) -> list[Pair]:
    """Masks as benchmarks have them: a rough blob, 3 to 30 % of the height across, that is tracked a little wrongly."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: size[0], : size[1]]
    pairs = []
    for frame in range(frames):
        radius = size[0] * rng.uniform(0.03, 0.3) / 2
        cy, cx = rng.uniform(0.2, 0.8) * size[0], size[1] * (0.1 + 0.8 * frame / max(frames - 1, 1))
        angle = np.arctan2(y - cy, x - cx)
        edge = radius * (1 + 0.15 * np.sin(5 * angle) + 0.08 * np.sin(11 * angle + frame))
        truth = np.hypot(y - cy, x - cx) < edge
        pred = np.hypot(y - cy - rng.normal(0, 2), x - cx - rng.normal(0, 2)) < edge * rng.uniform(0.9, 1.1)
        pairs.append((pred, truth))
    return pairs


def from_folders(pred: Path, truth: Path, most: int) -> list[Pair]:
    """Pairs of mask pictures of the same name in two folders, every object of them by itself."""
    pairs: list[Pair] = []
    for path in sorted(truth.rglob("*.png")):
        other = pred / path.relative_to(truth)
        if other.is_file() and len(pairs) < most:
            a, b = np.array(Image.open(other)), np.array(Image.open(path))
            pairs += [(a == number, b == number) for number in np.unique(b) if 0 < number < 255]
    return pairs[:most]


def measure(pairs: list[Pair], rounds: int = 5) -> dict[str, float]:
    """Milliseconds a frame and object of both ways (medians of the rounds' sums), and their ratio."""
    ours: list[float] = []
    whole: list[float] = []
    for _ in range(rounds):
        spent = [0.0, 0.0]
        for pred, truth in pairs:
            found = []
            for place, way in enumerate((j_and_f, whole_mask_j_and_f)):
                start = time.perf_counter()
                found.append(way(pred, truth))
                spent[place] += time.perf_counter() - start
            if not np.allclose(found[0], found[1], rtol=0, atol=1e-9):
                raise AssertionError(f"the two ways differ: {found}")
        ours.append(spent[0] / len(pairs) * 1000)
        whole.append(spent[1] / len(pairs) * 1000)
    ratio = statistics.median(b / a for a, b in zip(ours, whole, strict=True))
    return {
        "ours_ms": round(statistics.median(ours), 3),
        "whole_masks_ms": round(statistics.median(whole), 3),
        "ratio": round(ratio, 2),
    }


def _whole_boundary(mask: Mask) -> Mask:
    right, below, diagonal = np.zeros_like(mask), np.zeros_like(mask), np.zeros_like(mask)
    right[:, :-1], below[:-1], diagonal[:-1, :-1] = mask[:, 1:], mask[1:], mask[1:, 1:]
    edges: Mask = mask ^ right | mask ^ below | mask ^ diagonal
    edges[-1], edges[:, -1] = mask[-1] ^ right[-1], mask[:, -1] ^ below[:, -1]
    edges[-1, -1] = False
    return edges


def main() -> None:
    parser = argparse.ArgumentParser(description="Time J and F beside dilation over whole masks.")
    parser.add_argument("--frames", type=int, default=60, help="frames of the drawn sequence")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pred", type=Path, help="a folder of palette PNGs to use in place of drawn masks")
    parser.add_argument("--truth", type=Path, help="the folder of true ones, with the same names")
    parser.add_argument("--json", action="store_true")
    told = parser.parse_args()
    given = told.pred is not None and told.truth is not None
    pairs = from_folders(told.pred, told.truth, told.frames) if given else sequence(told.frames)
    if not pairs:
        parser.error("no pairs of mask pictures of the same names")
    found = measure(pairs, told.rounds)
    if told.json:
        print(json.dumps(found))
    else:
        print(
            f"{len(pairs)} frame-objects of {pairs[0][0].shape[1]} x {pairs[0][0].shape[0]}, one thread, "
            f"{told.rounds} rounds:\n"
            f"ours {found['ours_ms']} ms, dilation over whole masks {found['whole_masks_ms']} ms, "
            f"ratio {found['ratio']}"
        )


if __name__ == "__main__":
    main()
