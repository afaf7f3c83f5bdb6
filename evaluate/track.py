"""Track prompted objects through a user's video and write what artists use: mask sequence, overlay video, numbers."""

from __future__ import annotations

import csv
import importlib.metadata
import json
import math
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from render.document import UserError
from render.products import Product, encode
from train import models

from .frames import FrameSource, open_frames, read_mask
from .overlay import VideoWriter, paint
from .tracker import Prompt, Tracked, Tracker, suited_threads

COLUMNS = ("frame", "object", "area", "centroid_x", "centroid_y", "x0", "y0", "x1", "y1", "score")
"""Of track.csv. Areas and places in pixels from the top left, x1 and y1 exclusive, empty where there is no mask; score
is the model's belief that the object is in the picture, 0..1."""


@dataclass(frozen=True)
class TrackReport:
    """What `track` did. `absent` counts the frames with an empty mask after the prompt, by object."""

    out: Path
    frames: int
    seconds: float
    objects: tuple[int, ...]
    absent: dict[int, int]
    lowest_score: dict[int, float]

    @property
    def frames_per_second(self) -> float:
        return self.frames / self.seconds if self.seconds else 0.0


def track(
    source: Path,
    checkpoint: str,
    prompts: Sequence[Prompt],
    out: Path,
    device: str | None = None,
    progress: Callable[[int, int | None], None] = lambda done, total: None,
) -> TrackReport:
    """Track `prompts` through a video file or folder of pictures, as frames are read.

    Writes `out/masks/00000.png` … (palette PNGs, pixel = object id), `out/overlay.mp4`, `out/track.csv` and
    `out/track.json` (what was run). `out` appears whole at the end or not at all. UserError for a source that is no
    video, prompts that do not fit its frames, a checkpoint that cannot be loaded, or an `out` that holds files already.
    """
    _check_out(out)
    for prompt in prompts:
        if not 1 <= prompt.object_id <= 254:
            raise UserError(f"object id {prompt.object_id}: must be 1 to 254, the values that a mask picture can hold")
    frames = open_frames(source)
    _check_prompts(frames, prompts, source)
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    loaded = models.resolve(checkpoint)
    model = models.build_video(loaded.name)
    models.load_weights(model, loaded)
    tracker = Tracker(model, device)
    start = time.perf_counter()
    with suited_threads(model, device), _whole(out) as folder:
        rows = []
        for tracked in _write(tracker, frames, prompts, folder, progress):
            rows += [measure(tracked, object_id) for object_id in tracked.logits]
        _write_csv(folder / "track.csv", rows)
        facts = {
            "source": source.name,
            "frames": tracked.index + 1,
            "model": loaded.name,
            "checkpoint": loaded.source,
            "sha256": loaded.sha256,
            "device": device,
            "precision": tracker.precision,
            "prompts": [_described(prompt) for prompt in prompts],
            "versions": {name: importlib.metadata.version(name) for name in ("torch", "sam2", "numpy")},
        }
        (folder / "track.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    ids = tuple(sorted(prompt.object_id for prompt in prompts))
    return TrackReport(
        out=out,
        frames=tracked.index + 1,
        seconds=time.perf_counter() - start,
        objects=ids,
        absent={i: sum(row["object"] == i and row["area"] == 0 for row in rows) for i in ids},
        lowest_score={i: min(row["score"] for row in rows if row["object"] == i) for i in ids},
    )


def parse_point(text: str) -> tuple[tuple[float, float], int]:
    """`X,Y` (on the object) or `X,Y,0` (off it) to ((x, y), label)."""
    numbers = _numbers(text, "point", "X,Y or X,Y,0 in pixels, e.g. 320,180", (2, 3))
    label = numbers[2] if len(numbers) == 3 else 1.0
    if label not in (0.0, 1.0):
        raise UserError(f"point '{text}': the third number is 1 (on the object) or 0 (off it)")
    return (numbers[0], numbers[1]), int(label)


def parse_box(text: str) -> tuple[float, float, float, float]:
    """`X0,Y0,X1,Y1` in pixels."""
    x0, y0, x1, y1 = _numbers(text, "box", "X0,Y0,X1,Y1 in pixels, e.g. 100,80,220,190", (4,))
    return x0, y0, x1, y1


def make_prompts(
    points: Sequence[str] = (), box: str | None = None, mask: Path | None = None, frame: int = 0
) -> list[Prompt]:
    """Prompts from command-line words. A palette PNG is one object a palette index, any other mask is object 1."""
    if not points and box is None and mask is None:
        raise UserError("no prompt: say what to track with --point X,Y, --box X0,Y0,X1,Y1 or --mask PNG")
    if mask is not None:
        if points or box is not None:
            raise UserError("--mask: give a mask, or a box and points, not both")
        return [Prompt(object_id, frame, mask=one) for object_id, one in _masks(mask).items()]
    parsed = [parse_point(point) for point in points]
    return [
        Prompt(
            frame=frame,
            points=tuple(place for place, _ in parsed),
            labels=tuple(label for _, label in parsed),
            box=parse_box(box) if box is not None else None,
        )
    ]


def measure(tracked: Tracked, object_id: int) -> dict[str, Any]:
    """One row of track.csv."""
    mask = tracked.logits[object_id] > 0
    row: dict[str, Any] = dict.fromkeys(COLUMNS, "")
    row |= {"frame": tracked.index, "object": object_id, "area": int(mask.sum())}
    row["score"] = round(tracked.scores[object_id], 4)
    ys, xs = np.nonzero(mask)
    if len(xs):
        row |= {"centroid_x": round(float(xs.mean()) + 0.5, 2), "centroid_y": round(float(ys.mean()) + 0.5, 2)}
        row |= {"x0": int(xs.min()), "y0": int(ys.min()), "x1": int(xs.max()) + 1, "y1": int(ys.max()) + 1}
    return row


def index_picture(tracked: Tracked, height: int, width: int) -> NDArray[np.uint8]:
    """uint8 (H, W): the id of the object with the highest logit above 0 at each pixel, 0 for none."""
    ids = np.zeros((height, width), np.uint8)
    best = np.zeros((height, width), np.float32)
    for object_id, logits in sorted(tracked.logits.items()):
        ids[logits > best] = object_id
        best = np.maximum(best, logits)
    return ids


def _write(
    tracker: Tracker,
    frames: FrameSource,
    prompts: Sequence[Prompt],
    folder: Path,
    progress: Callable[[int, int | None], None],
) -> Iterator[Tracked]:
    """Track, writing masks and video as they come."""
    (folder / "masks").mkdir()
    last: list[NDArray[np.uint8]] = []  # frames that the tracker has taken and not answered yet

    def watched() -> Iterator[NDArray[np.uint8]]:
        for frame in frames:
            last.append(frame)
            yield frame

    total = frames.count()
    with VideoWriter(folder / "overlay.mp4", frames.fps) as video:
        for tracked in tracker.track(watched(), prompts):
            frame = last.pop(0)
            ids = index_picture(tracked, *frame.shape[:2])
            (folder / "masks" / f"{tracked.index:05d}.png").write_bytes(encode(Product.VISIBLE, ids))
            video.add(paint(frame, {object_id: ids == object_id for object_id in tracked.logits}))
            progress(tracked.index + 1, total)
            yield tracked


def _write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


def _check_prompts(frames: FrameSource, prompts: Sequence[Prompt], source: Path) -> None:
    """Refuse bad prompts from the first frame alone, before a model is loaded."""
    first = next(iter(frames), None)
    if first is None:
        raise UserError(f"{source}: the video has no frames")
    for prompt in prompts:
        prompt.check(*first.shape[:2])


def _check_out(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out}: exists and is not an empty folder; choose another --out")


@contextmanager
def _whole(out: Path) -> Iterator[Path]:
    """A temporary folder beside `out` that becomes `out` when all went well, and goes away otherwise."""
    out = out.absolute()
    out.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}.", suffix=".tmp"))
    try:
        yield folder
        folder.chmod(0o755)
        if out.is_dir():
            out.rmdir()
        os.replace(folder, out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _masks(path: Path) -> dict[int, NDArray[np.bool_]]:
    """Object id to mask. A palette picture has an object an index (0 is background); any other is one object."""
    mask = read_mask(path)
    with Image.open(path) as image:
        if image.mode != "P":
            return {1: mask}
        ids = np.asarray(image)
    found = {int(number): ids == number for number in np.unique(ids) if number != 0}
    return found or {1: ids != 0}


def _numbers(text: str, what: str, form: str, counts: tuple[int, ...]) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        raise UserError(f"{what} '{text}': not numbers; give {form}") from None
    if len(numbers) not in counts or not all(math.isfinite(number) for number in numbers):
        raise UserError(f"{what} '{text}': give {form}")
    return numbers


def _described(prompt: Prompt) -> dict[str, Any]:
    shown: dict[str, Any] = {"object": prompt.object_id, "frame": prompt.frame}
    if prompt.mask is not None:
        return shown | {"mask_area": int(prompt.mask.sum())}
    labels = prompt.labels or (1,) * len(prompt.points)
    return (
        shown
        | {"points": [[*point, label] for point, label in zip(prompt.points, labels, strict=True)]}
        | ({"box": list(prompt.box)} if prompt.box is not None else {})
    )
