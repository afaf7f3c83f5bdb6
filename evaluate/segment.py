"""One picture, a grid of points, a mask a point: the quickest look at what a model sees (sam2's image predictor)."""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from sam2.sam2_image_predictor import SAM2ImagePredictor

from render.document import UserError
from render.products import Product, encode
from train import models

from .media.frames import read_picture
from .media.overlay import object_colour, paint
from .track import check_out, whole
from .tracker import suited_threads

SAME = 0.9
"""Masks that overlap so much (IoU) are taken for one thing."""


@dataclass(frozen=True)
class Segment:
    """The best of the model's three masks at one point."""

    number: int
    x: float
    y: float
    score: float
    """The model's own estimate of the mask's IoU, 0..1."""
    area: int
    box: tuple[int, int, int, int] | None
    """x0, y0, x1, y1 in pixels, the latter two exclusive; None for an empty mask."""
    same_as: int | None
    """The number of an earlier segment with (nearly) the same mask."""
    file: str


@dataclass(frozen=True)
class SegmentReport:
    """What `segment` did."""

    out: Path
    model: str
    device: str
    encode_seconds: float
    """For the picture, once."""
    point_seconds: float
    """For each point, on average."""
    segments: tuple[Segment, ...]


def segment(
    picture: Path, checkpoint: str, out: Path, grid: int = 3, device: str | None = None, model: str | None = None
) -> SegmentReport:
    """Prompt a picture with `grid` x `grid` points, one at a time, and keep the best-scored mask of each.

    Writes `out/masks/1.png` … (1-bit), `out/overlay.png` and `out/segments.json`; `out` appears whole or not at all.
    UserError for a picture that can't be read, a grid of none, a checkpoint that cannot be loaded, an `out` in use.
    """
    check_out(out)
    if not 1 <= grid <= 32:
        raise UserError(f"--grid {grid}: give 1 to 32, the points in each direction")
    frame = read_picture(picture)
    loaded = models.resolve(checkpoint, model)
    network = models.build_video(loaded.name)
    models.load_weights(network, loaded)
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    predictor = SAM2ImagePredictor(network.to(device))
    side = network.image_size  # sam2's class takes it for 1024
    predictor._bb_feat_sizes = [(side // stride, side // stride) for stride in (4, 8, 16)]
    with suited_threads(network, device), whole(out) as folder, _precision(device):
        start = time.perf_counter()
        predictor.set_image(frame)
        encoded = time.perf_counter()
        found = [_at(predictor, x, y) for x, y in grid_points(frame.shape[1], frame.shape[0], grid)]
        ended = time.perf_counter()
        segments = _describe(found)
        (folder / "masks").mkdir()
        for one, (_, _, mask, _) in zip(segments, found, strict=True):
            (folder / one.file).write_bytes(encode(Product.AMODAL, mask))
        Image.fromarray(_overlay(frame, segments, [mask for _, _, mask, _ in found])).save(folder / "overlay.png")
        report = SegmentReport(out, loaded.name, device, encoded - start, (ended - encoded) / len(found), segments)
        facts: dict[str, Any] = asdict(report) | {"picture": picture.name, "sha256": loaded.sha256}
        facts["checkpoint"] = loaded.source
        del facts["out"]
        (folder / "segments.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    return report


def grid_points(width: int, height: int, grid: int) -> list[tuple[float, float]]:
    """(x, y) of the centres of `grid` x `grid` equal cells, row by row."""
    shares = (np.arange(grid) + 0.5) / grid
    return [(float(x * width), float(y * height)) for y in shares for x in shares]


Found = tuple[float, float, NDArray[np.bool_], float]


def _at(predictor: SAM2ImagePredictor, x: float, y: float) -> Found:
    masks, scores, _ = predictor.predict(np.array([[x, y]], np.float32), np.array([1], np.int32), multimask_output=True)
    best = int(np.argmax(scores))
    return x, y, masks[best] > 0, float(scores[best])


def _describe(found: list[Found]) -> tuple[Segment, ...]:
    segments: list[Segment] = []
    for number, (x, y, mask, score) in enumerate(found, 1):
        twins = (other for other in range(number - 1) if mask.any() and _iou(mask, found[other][2]) >= SAME)
        same = next(twins, None)
        ys, xs = np.nonzero(mask)
        box = (int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1) if len(xs) else None
        segments.append(
            Segment(
                number,
                round(x, 1),
                round(y, 1),
                round(score, 4),
                int(mask.sum()),
                box,
                None if same is None else same + 1,
                f"masks/{number}.png",
            )
        )
    return tuple(segments)


def _iou(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    return float((a & b).sum() / max((a | b).sum(), 1))


def _overlay(
    frame: NDArray[np.uint8], segments: tuple[Segment, ...], masks: list[NDArray[np.bool_]]
) -> NDArray[np.uint8]:
    """Every thing once, largest first so that small ones lie on top, and the points in their colours."""
    shown = frame
    for one in sorted(segments, key=lambda segment: -segment.area):
        if one.same_as is None:
            shown = paint(shown, {one.number: masks[one.number - 1]})
    radius = max(2, min(frame.shape[:2]) // 100)
    y, x = np.mgrid[: frame.shape[0], : frame.shape[1]]
    for one in segments:
        distance = (x + 0.5 - one.x) ** 2 + (y + 0.5 - one.y) ** 2
        shown[distance <= (radius + 2) ** 2] = 255
        shown[distance <= radius**2] = object_colour(one.number)
    return shown


def _precision(device: str) -> contextlib.AbstractContextManager[Any]:
    return torch.autocast("cuda", dtype=torch.bfloat16) if device.startswith("cuda") else contextlib.nullcontext()
