"""SA-V: `sav_train/JPEGImages_24fps/CLIP/00000.jpg` and `sav_train/annotations/CLIP_manual.json`; so `sav_val`.

A clip's JSON holds `masklet`, a list of frames, each a list of COCO run lengths by object; `masklet_id` numbers the
objects. SA-V's own validation layout (`Annotations_6fps/CLIP/000/00000.png`, an object a folder) is read as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..document import UserError
from . import files, rle
from .clips import Clip, Frame, Mask, number_objects
from .files import Foreign

LAYOUT = "expected sav_train/JPEGImages_24fps/CLIP/00000.jpg and sav_train/annotations/CLIP_manual.json"
PICTURES = "JPEGImages_24fps"


class Masklets(Foreign):
    """`CLIP_manual.json`. `labels` is ours: SA-V's objects have no class."""

    video_height: int
    video_width: int
    video_frame_count: int
    video_duration: float | None = None
    masklet_id: tuple[int, ...]
    masklet: tuple[tuple[dict[str, Any] | None, ...] | None, ...]
    labels: tuple[str, ...] | None = None


def write(clips: Iterable[Clip], out: Path) -> None:
    """Write clips into an empty folder. Frames between numbered ones have no masks: `null`, as in SA-V."""
    listed: dict[str, list[str]] = {}
    for clip in clips:
        home = out / f"sav_{clip.split}"
        ids = sorted(clip.labels)
        masklet: list[list[dict[str, Any]] | None] = [None] * (clip.numbers[-1] + 1)
        for number, frame in clip.frames():
            files.write(home / PICTURES / clip.name / f"{number:05d}.jpg", frame.jpeg)
            masklet[number] = [rle.encode(frame.masks[i]) for i in ids]
        told = {
            "video_id": clip.name,
            "video_duration": len(masklet) / clip.fps if clip.fps else None,
            "video_frame_count": len(masklet),
            "video_height": clip.height,
            "video_width": clip.width,
            "video_split": clip.split,
            "masklet_id": ids,
            "masklet_num": len(ids),
            "masklet_type": ["manual"] * len(ids),
            "labels": [clip.labels[i] for i in ids],
            "masklet": masklet,
        }
        files.write_json(home / "annotations" / f"{clip.name}_manual.json", told)
        listed.setdefault(clip.split, []).append(clip.name)
    for split, names in listed.items():
        files.write(out / f"sav_{split}" / f"sav_{split}.txt", "".join(f"{name}\n" for name in names))


def read(folder: Path) -> Iterator[Clip]:
    """The clips of an SA-V folder (with its videos taken apart into frames), by split and name."""
    homes = [(split, folder / f"sav_{split}") for split in ("train", "val", "test")]
    homes = [(split, home) for split, home in homes if home.is_dir()]
    if (folder / PICTURES).is_dir():
        homes = [(next((s for s in ("val", "test") if s in folder.resolve().name), "train"), folder)]
    if not homes:
        raise UserError(f"{folder}: no folder of SA-V with its frames; {LAYOUT}")
    for split, home in homes:
        if home.is_symlink() or (home / PICTURES).is_symlink() or not (home / PICTURES).is_dir():
            raise UserError(f"{home / PICTURES}: no such folder; take the videos apart into frames first; {LAYOUT}")
        for shots in files.folders(home / PICTURES):
            pngs = home / "Annotations_6fps" / shots.name
            if pngs.is_dir():
                yield _from_pictures(shots, pngs, split)
            else:
                yield _from_json(home, shots, split)


def _from_json(home: Path, shots: Path, split: str) -> Clip:
    names = (f"annotations/{shots.name}_manual.json", f"{shots.name}_manual.json")
    path = files.inside(home, next((name for name in names if (home / name).exists()), names[0]))
    told = files.parse(Masklets, path)
    pictures = files.pictures(shots)
    size = told.video_width, told.video_height
    if not 0 < min(size) <= max(size) <= files.MAX_SIDE:
        raise UserError(f"{path}: {size[0]} x {size[1]} pixels; at most {files.MAX_SIDE} x {files.MAX_SIDE}")
    # SA-V's masks are of every fourth frame of its videos: how many frames there are tells which.
    step = max(1, round(told.video_frame_count / max(len(told.masklet), 1)))
    known = {place * step: frame for place, frame in enumerate(told.masklet) if frame and None not in frame}
    wrong = next((number for number, frame in known.items() if len(frame) != len(told.masklet_id)), None)
    if wrong is not None:
        raise UserError(f"{path}: frame {wrong} has another number of masks than masklet_id")
    numbers = tuple(number for number in pictures if number in known)
    if told.labels is not None and len(told.labels) != len(told.masklet_id):
        raise UserError(f"{path}: labels: must be as many as masklet_id")
    ids, named, renamed = _objects(told.masklet_id, told.labels, str(path))

    def read(place: int) -> Frame:
        masks: dict[int, Mask] = {}
        for i, one in zip(ids, known[numbers[place]], strict=True):
            try:
                masks[i] = rle.decode(one, *size)
            except ValueError as error:
                raise UserError(f"{path}: frame {numbers[place]}: {error}") from None
        return Frame(files.read_jpeg(pictures[numbers[place]], size), masks)

    fps = told.video_frame_count / told.video_duration if told.video_duration else None
    unlabelled = len(pictures) - len(numbers)
    return Clip(shots.name, split, *size, numbers, named, read, fps, renamed, unlabelled)


def _from_pictures(shots: Path, pngs: Path, split: str) -> Clip:
    """A clip whose masks are 1-bit pictures, a folder an object; an object without one in a frame is not in it."""
    pictures = files.pictures(shots)
    if pngs.is_symlink() or pngs.parent.is_symlink():
        raise UserError(f"{pngs}: is a link; replace it with the folder itself")
    homes = files.folders(pngs)
    odd = next((home for home in homes if not home.name.isdecimal()), None)
    if odd is not None:
        raise UserError(f"{odd}: is not named by an object's number")
    drawn = [files.pictures(home, (".png",)) for home in homes]
    numbers = tuple(number for number in pictures if any(number in one for one in drawn))
    ids, named, renamed = _objects(tuple(int(home.name) for home in homes), None, str(pngs))
    size = files.size_of(pictures[numbers[0]]) if numbers else (0, 0)

    def read(place: int) -> Frame:
        number = numbers[place]
        masks = {
            i: files.read_index(one[number], size) > 0 if number in one else np.zeros((size[1], size[0]), np.bool_)
            for i, one in zip(ids, drawn, strict=True)
        }
        return Frame(files.read_jpeg(pictures[number], size), masks)

    unlabelled = len(pictures) - len(numbers)
    return Clip(shots.name, split, *size, numbers, named, read, None, renamed, unlabelled)


def _objects(
    source: tuple[int, ...], labels: tuple[str, ...] | None, where: str
) -> tuple[list[int], dict[int, str], dict[int, str]]:
    """Our ids in the source's order, the labels by them, and what the source calls those that had to be numbered."""
    if len(set(source)) != len(source):
        raise UserError(f"{where}: two objects have one id")
    ids = number_objects(source, where)
    named = {ids[one]: labels[place] if labels else "object" for place, one in enumerate(source)}
    return [ids[one] for one in source], named, {i: str(one) for one, i in ids.items() if i != one}
