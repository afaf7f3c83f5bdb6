"""Track prompted objects through a video and write what artists use: masks, mattes, overlay, numbers, timeline."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from render.document import UserError
from render.products import Product, decode, encode
from train import models

from .delivery.table import Row, Watch, write_table
from .delivery.timeline import timeline
from .media.frames import CAMERA, Part, open_frames
from .media.overlay import VideoWriter, paint
from .tracker import Direction, Options, Prompt, Tracked, Tracker, suited_threads

Frame = NDArray[np.uint8]
Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class Settings:
    """How `track` runs, beyond what it tracks."""

    model: str | None = None
    """Names the model where the checkpoint itself does not say."""
    device: str | None = None
    direction: Direction = "forward"
    first: int = 0
    last: int | None = None
    """Frames to read, the last one included; they keep their numbers."""
    mattes: bool = False
    """Soft-edge OpenEXR mattes beside the masks."""
    stop_at_cut: bool = False
    options: Options = field(default_factory=Options)


@dataclass(frozen=True)
class TrackReport:
    """What `track` did. `absent` counts the frames with an empty mask after the prompt, by object."""

    out: Path
    frames: int
    seconds: float
    objects: tuple[int, ...]
    absent: dict[int, int]
    lowest_score: dict[int, float]
    checks: dict[int, int]
    """Frames to check, by object."""
    cuts: tuple[int, ...]
    stopped: int | None
    """The frame of the scene cut that tracking stopped before."""

    @property
    def frames_per_second(self) -> float:
        return self.frames / self.seconds if self.seconds else 0.0


def track(
    source: Path | str,
    checkpoint: str,
    prompts: Sequence[Prompt],
    out: Path,
    settings: Settings | None = None,
    progress: Progress = lambda done, total: None,
) -> TrackReport:
    """Track `prompts` through a video file, a folder of pictures or a `camera:DEVICE`, as frames are read.

    Writes `out/masks/00000.png` … (palette PNGs, pixel = object id), `out/overlay.mp4`, `out/track.csv`,
    `out/timeline.html`, `out/track.json` (what was run) and, if asked for, `out/mattes/00000.exr` …. `out` appears
    whole at the end or not at all. UserError for a source that is no video, prompts that do not fit its frames, a
    checkpoint that cannot be loaded, or an `out` that holds files already.
    """
    settings = settings or Settings()
    check_out(out)
    _check_settings(source, prompts, settings)
    frames = Part(open_frames(source), settings.first, settings.last)
    device = settings.device or ("cuda" if torch.cuda.is_available() else "cpu")
    settings.options.check(device)
    if not str(source).startswith(CAMERA):
        _check_frames(frames, prompts, source, settings.direction == "backward")
    loaded = models.resolve(checkpoint, settings.model)
    model = models.build_video(loaded.name)
    models.load_weights(model, loaded)
    tracker = Tracker(model, device, options=settings.options)
    start = time.perf_counter()
    with suited_threads(model, device), whole(out) as folder:
        run = _Run(tracker, frames, prompts, settings, folder, progress)
        run.go()
        write_table(folder / "track.csv", run.rows)
        title = f"{Path(source).name}, {loaded.name}"
        (folder / "timeline.html").write_text(timeline(title, run.rows, sorted(run.cuts)), encoding="utf-8")
        facts = {
            "source": Path(source).name,
            "frames": len(run.seen),
            "model": loaded.name,
            "checkpoint": loaded.source,
            "sha256": loaded.sha256,
            "device": device,
            "precision": tracker.precision,
            "direction": settings.direction,
            "options": asdict(settings.options),
            "masks_cleaned_with": tracker.cleans_with,
            "cuts": sorted(run.cuts),
            "stopped_before": run.stopped,
            "prompts": [_described(prompt) for prompt in prompts],
            "versions": {name: importlib.metadata.version(name) for name in ("torch", "sam2", "numpy", "av")},
        }
        (folder / "track.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    ids = tuple(sorted({row["object"] for row in run.rows}))
    own = {i: [row for row in run.rows if row["object"] == i] for i in ids}
    return TrackReport(
        out=out,
        frames=len(run.seen),
        seconds=time.perf_counter() - start,
        objects=ids,
        absent={i: sum(row["area"] == 0 for row in own[i]) for i in ids},
        lowest_score={i: min(row["score"] for row in own[i]) for i in ids},
        checks={i: sum(bool(row["check"]) for row in own[i]) for i in ids},
        cuts=tuple(sorted(run.cuts)),
        stopped=run.stopped,
    )


class _Run:
    """One run: masks and mattes are written as they come, in any order of frames; the overlay in theirs."""

    def __init__(
        self,
        tracker: Tracker,
        frames: Part,
        prompts: Sequence[Prompt],
        settings: Settings,
        folder: Path,
        progress: Progress,
    ) -> None:
        self.tracker, self.frames, self.prompts = tracker, frames, prompts
        self.settings, self.folder, self.progress = settings, folder, progress
        self.rows: list[Row] = []
        self.seen: set[int] = set()
        self.cuts: set[int] = set()
        self.stopped: int | None = None
        self._watches: dict[int, Watch] = {}
        self._size = (0, 0)

    def go(self) -> None:
        (self.folder / "masks").mkdir()
        if self.settings.mattes:
            (self.folder / "mattes").mkdir()
        if self.settings.direction == "forward":
            self._forward()
        else:
            for tracked in self.tracker.track(self._sized(), self.prompts, self.settings.direction, self.frames.first):
                self._take(tracked)
            self._overlay()

    def _forward(self) -> None:
        """Frames are read once, so that a camera will do."""
        waiting: list[Frame] = []  # frames that the tracker has taken and not answered yet

        def watched() -> Iterator[Frame]:
            for frame in self.frames:
                waiting.append(frame)
                yield frame

        with VideoWriter(self.folder / "overlay.mp4", self.frames.fps) as video:
            for tracked in self.tracker.track(watched(), self.prompts, "forward", self.frames.first):
                frame = waiting.pop(0)
                self._size = (frame.shape[0], frame.shape[1])
                if self.settings.stop_at_cut and tracked.cut and tracked.logits:
                    self.stopped = tracked.index
                    self.cuts.add(tracked.index)
                    break
                ids = self._take(tracked)
                video.add(paint(frame, {object_id: ids == object_id for object_id in tracked.logits}))

    def _sized(self) -> Part:
        first = next(iter(self.frames))
        self._size = (first.shape[0], first.shape[1])
        return self.frames

    def _take(self, tracked: Tracked) -> NDArray[np.uint8]:
        """Write one answer, over what an earlier one of the same frame found; its mask picture."""
        path = self.folder / "masks" / f"{tracked.index:05d}.png"
        ids = index_picture(tracked, *self._size)
        if path.exists():
            before: NDArray[Any] = decode(Product.VISIBLE, path.read_bytes())
            ids = np.where(before > 0, before, ids).astype(np.uint8)
        path.write_bytes(encode(Product.VISIBLE, ids))
        if self.settings.mattes and tracked.logits:
            from .delivery.mattes import write_mattes

            write_mattes(self.folder / "mattes" / f"{tracked.index:05d}.exr", tracked.logits)
        for object_id in tracked.logits:
            self.rows.append(self._watches.setdefault(object_id, Watch()).see(tracked, object_id))
        if tracked.cut and tracked.index not in self.seen:
            # Going backwards a cut is noticed on the frame before it.
            self.cuts.add(tracked.index + (self.settings.direction == "backward"))
        self.seen.add(tracked.index)
        self.progress(len(self.seen), self.frames.count())
        return ids

    def _overlay(self) -> None:
        with VideoWriter(self.folder / "overlay.mp4", self.frames.fps) as video:
            for index, frame in enumerate(self.frames, self.frames.first):
                path = self.folder / "masks" / f"{index:05d}.png"
                if index not in self.seen:
                    continue
                ids = decode(Product.VISIBLE, path.read_bytes())
                video.add(paint(frame, {int(number): ids == number for number in np.unique(ids) if number}))


def index_picture(tracked: Tracked, height: int, width: int) -> NDArray[np.uint8]:
    """uint8 (H, W): the id of the object with the highest logit above 0 at each pixel, 0 for none."""
    ids = np.zeros((height, width), np.uint8)
    best = np.zeros((height, width), np.float32)
    for object_id, logits in sorted(tracked.logits.items()):
        ids[logits > best] = object_id
        best = np.maximum(best, logits)
    return ids


def _check_settings(source: Path | str, prompts: Sequence[Prompt], settings: Settings) -> None:
    for prompt in prompts:
        if not 1 <= prompt.object_id <= 254:
            raise UserError(f"object id {prompt.object_id}: must be 1 to 254, the values that a mask picture can hold")
        if prompt.frame < settings.first or (settings.last is not None and prompt.frame > settings.last):
            end = "the end" if settings.last is None else settings.last
            raise UserError(
                f"prompt of object {prompt.object_id} is on frame {prompt.frame}, outside of frames "
                f"{settings.first} to {end} that are to be read"
            )
    if settings.last is not None and settings.last < settings.first:
        raise UserError(f"frames {settings.first} to {settings.last}: the last comes before the first")
    if settings.direction != "forward":
        if str(source).startswith(CAMERA):
            raise UserError("a camera can't be read backwards; record it first")
        if settings.stop_at_cut:
            raise UserError("stopping at a cut goes forwards only; give --to-frame to stay within a shot")


def _check_frames(frames: Part, prompts: Sequence[Prompt], source: Path | str, backward: bool) -> None:
    first = next(iter(frames), None)
    if first is None:
        raise UserError(f"{source}: the video has no frames" + (f" from {frames.first} on" if frames.first else ""))
    started: set[int] = set()
    for prompt in sorted(prompts, key=lambda one: one.frame, reverse=backward):
        prompt.check(first.shape[0], first.shape[1], correction=prompt.object_id in started)
        started.add(prompt.object_id)


def check_out(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out}: exists and is not an empty folder; choose another --out")


@contextmanager
def whole(out: Path) -> Iterator[Path]:
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
