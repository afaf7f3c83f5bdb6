"""Every checkpoint and every baseline through the same held-out clips, from the same first-frame prompts."""

from __future__ import annotations

import datetime
import importlib.metadata
import platform
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from render.document import UserError, nearest
from render.manifest import Dataset
from render.products import Product, decode, encode
from train import models

from . import results
from .baselines import BASELINES, Baseline
from .metrics import Protocol, j_and_f, scored_frames
from .results import ClipScore, MethodScore, Results
from .tracker import Prompt, Tracker, suited_threads

Frame = NDArray[np.uint8]
Mask = NDArray[np.bool_]
PromptKind = Literal["mask", "box", "point"]
Progress = Callable[[str, int, int], None]
"""(what is running, frames done, frames in all)."""

MOVING_DIAMETERS = 1.0


@dataclass(frozen=True)
class Clip:
    """A clip in memory: its frames, and the truth of every object that can be prompted."""

    name: str
    cluster: str
    frames: list[Frame]
    objects: dict[int, Truth]


@dataclass(frozen=True)
class Truth:
    """One object's true masks, bool (frames, H, W), the frame it is prompted on, and how far it moves."""

    label: str
    masks: Mask
    prompted: int
    displacement: float


@dataclass
class Method:
    """Something that masks clips: gives, frame by frame, each prompted object's bool (H, W) mask."""

    name: str
    kind: Literal["checkpoint", "baseline"]
    run: Callable[[Clip, PromptKind], Iterator[Mapping[int, Mask]]]
    source: str
    model: str | None = None
    sha256: str | None = None
    clips: list[ClipScore] = field(default_factory=list)
    seconds: float = 0.0
    frames: int = 0


def evaluate(
    dataset: Dataset,
    checkpoints: Sequence[str],
    split: str = "test",
    prompt: PromptKind = "mask",
    device: str | None = None,
    predictions: Path | None = None,
    progress: Progress = lambda what, done, total: None,
) -> Results:
    """Run `checkpoints` (see `train.models.resolve`) and all baselines on a split, and score them.

    Each object is prompted on the first frame that shows it; frames after that count. `predictions` is a folder to
    (over)write with every predicted mask as a 1-bit PNG, for reports and for other tools. UserError for an empty split,
    a checkpoint that cannot be loaded or is given twice.
    """
    names = dataset.clips(split)
    if not names:
        full = ", ".join(f"{name} {len(clips)}" for name, clips in dataset.manifest.splits.items())
        raise UserError(f"{dataset.folder}: split '{split}' has no clips (there are: {full}); choose another")
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    methods, trackers = _checkpoint_methods(checkpoints, device)
    methods += [Method(name, "baseline", _run_baseline(run), "heroprop") for name, run in BASELINES.items()]
    if predictions is not None:
        shutil.rmtree(predictions, ignore_errors=True)
    total = sum(dataset.frame_count(name) for name in names) * len(methods)
    done, unseen = 0, []
    for name in names:
        clip = read_clip(dataset, name)
        unseen += [f"{name}/{number}" for number in dataset.objects(name) if number not in clip.objects]
        for method in methods:
            progress(f"{method.name} · {name}", done, total)
            masks = _timed(method, clip, prompt)
            done += len(clip.frames)
            method.clips += [score(clip, number, masks[number]) for number in clip.objects]
            if predictions is not None:
                _write_masks(predictions / method.name / name, masks)
    progress("scored", done, total)
    scored = tuple(_conclude(method) for method in methods)
    if not scored[0].clips:
        raise UserError(
            f"{dataset.folder}: split '{split}' shows no object on any frame but the last; nothing to score"
        )
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
        never_visible=tuple(unseen),
        methods=scored,
        comparisons=tuple(results.compare(other, after) for other in scored if other.name != after.name),
    )


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


def read_clip(dataset: Dataset, name: str) -> Clip:
    """Load a clip. Objects that show on no frame before the last are left out: there is nothing to score them on."""
    count = dataset.frame_count(name)
    objects = {}
    for object_id in dataset.objects(name):
        masks = np.stack([dataset.mask(name, frame, object_id) for frame in range(count)])
        seen = np.flatnonzero(masks.any(axis=(1, 2)))
        if len(seen) and seen[0] < count - 1:
            prompted = int(seen[0])
            moved = displacement(dataset.attributes(name, object_id), prompted)
            objects[object_id] = Truth(dataset.label(name, object_id), masks, prompted, moved)
    frames = [dataset.rgb(name, frame) for frame in range(count)]
    return Clip(name, dataset.manifest.clips[name].twin_of or name, frames, objects)


def displacement(attributes: Mapping[str, NDArray[Any]], prompted: int) -> float:
    """Farthest distance of the object's measured (amodal) centre from where it was prompted, in median diameters."""
    centres_T2 = np.stack([attributes["amodal_centroid_x"], attributes["amodal_centroid_y"]], axis=1)[prompted:]
    diameters = attributes["amodal_diameter_px"][prompted:]
    known = np.isfinite(centres_T2).all(axis=1) & (diameters > 0)
    if not known[0]:
        return 0.0
    distance = np.linalg.norm(centres_T2[known] - centres_T2[0], axis=1)
    return float(distance.max() / np.median(diameters[known]))


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


def score(clip: Clip, object_id: int, masks: Sequence[Mask]) -> ClipScore:
    """Score one object's predicted masks, one a frame of the clip (those up to the prompt are not looked at)."""
    truth = clip.objects[object_id]
    count = len(clip.frames)
    j_frames: list[float | None] = [None] * count
    f_values, absent = [], []
    for frame in scored_frames(count, truth.prompted, Protocol.HELD_OUT):
        if truth.masks[frame].any():
            j_frames[frame], f = j_and_f(masks[frame], truth.masks[frame])
            f_values.append(f)
        else:
            absent.append(float(masks[frame].mean()))
    return ClipScore(
        clip=clip.name,
        object_id=object_id,
        label=truth.label,
        cluster=clip.cluster,
        prompted=truth.prompted,
        frames=count,
        displacement=truth.displacement,
        moving=truth.displacement > MOVING_DIAMETERS,
        visible_frames=len(f_values),
        absent_frames=len(absent),
        j=float(np.mean([j for j in j_frames if j is not None])) if f_values else None,
        f=float(np.mean(f_values)) if f_values else None,
        absent_area=float(np.mean(absent)) if absent else None,
        j_frames=tuple(j_frames),
    )


def predicted(folder: Path, method: str, clip: str, frame: int, object_id: int) -> Mask:
    """A mask that `evaluate` wrote below `folder`; bool (H, W)."""
    data = (folder / method / clip / f"{frame:04d}-{object_id}.png").read_bytes()
    return decode(Product.AMODAL, data).astype(np.bool_)


def _checkpoint_methods(checkpoints: Sequence[str], device: str) -> tuple[list[Method], list[Tracker]]:
    if not checkpoints:
        raise UserError("no checkpoint; name at least one, e.g. --checkpoint nano-base")
    twice = [checkpoint for checkpoint in checkpoints if checkpoints.count(checkpoint) > 1]
    if twice:
        raise UserError(f"checkpoint '{twice[0]}' is given twice; each is run once")
    methods, trackers = [], []
    for checkpoint, name in zip(checkpoints, _names(checkpoints), strict=True):
        loaded = models.resolve(checkpoint)
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
        name if name not in BASELINES and clean.count(name) == 1 else f"{name}-{number}"
        for number, name in enumerate(clean, 1)
    ]


def _run_tracker(tracker: Tracker) -> Callable[[Clip, PromptKind], Iterator[Mapping[int, Mask]]]:
    def run(clip: Clip, kind: PromptKind) -> Iterator[Mapping[int, Mask]]:
        prompts = [make_prompt(object_id, truth, kind) for object_id, truth in clip.objects.items()]
        with suited_threads(tracker.model, tracker.device.type):
            for tracked in tracker.track(clip.frames, prompts):
                yield tracked.masks

    return run


def _run_baseline(baseline: Baseline) -> Callable[[Clip, PromptKind], Iterator[Mapping[int, Mask]]]:
    """A baseline is always given the true first mask, whatever the checkpoints are prompted with."""

    def run(clip: Clip, kind: PromptKind) -> Iterator[Mapping[int, Mask]]:
        running = {
            object_id: baseline(clip.frames[truth.prompted :], truth.masks[truth.prompted])
            for object_id, truth in clip.objects.items()
        }
        for frame in range(len(clip.frames)):
            started = [object_id for object_id, truth in clip.objects.items() if truth.prompted <= frame]
            yield {object_id: next(running[object_id]) for object_id in started}

    return run


def _timed(method: Method, clip: Clip, prompt: PromptKind) -> dict[int, list[Mask]]:
    """Every object's mask on every frame (empty before its prompt); adds the time spent to the method's account."""
    nothing = np.zeros(clip.frames[0].shape[:2], np.bool_)
    masks: dict[int, list[Mask]] = {object_id: [] for object_id in clip.objects}
    if not masks:
        return masks
    start = time.perf_counter()
    for found in method.run(clip, prompt):
        for object_id, one in masks.items():
            one.append(found.get(object_id, nothing))
    method.seconds += time.perf_counter() - start
    method.frames += len(clip.frames)
    return masks


def _write_masks(folder: Path, masks: Mapping[int, Iterable[Mask]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for object_id, one in masks.items():
        for frame, mask in enumerate(one):
            (folder / f"{frame:04d}-{object_id}.png").write_bytes(encode(Product.AMODAL, mask))


def _conclude(method: Method) -> MethodScore:
    clips = method.clips
    return MethodScore(
        name=method.name,
        kind=method.kind,
        model=method.model,
        source=method.source,
        sha256=method.sha256,
        scores=results.scores(clips),
        moving=results.scores([clip for clip in clips if clip.moving]),
        absent_area=results.mean([clip.absent_area for clip in clips], [clip.cluster for clip in clips]),
        frames_per_second=round(method.frames / method.seconds, 2) if method.seconds else None,
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
