"""COCO: `annotations/instances_train.json`, pictures in `images/train/CLIP/00000.jpg`; for `val` and `test` likewise.

COCO knows pictures alone. What makes clips of them is said as CocoVID does: `videos`, the pictures' `video_id` and
`frame_id`, the annotations' `instance_id` (`track_id` is read, too). Pictures whose annotations have no such id are
clips of one frame each when they are read.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any

import numpy as np

from ..document import UserError
from . import files, rle
from .clips import Clip, Frame, Mask, number_objects
from .files import Foreign

LAYOUT = "expected annotations/instances_train.json and its pictures in images/train"


class Shot(Foreign):
    """A picture."""

    id: int
    file_name: str
    width: int
    height: int
    video_id: int | None = None
    frame_id: int | None = None


class Annotation(Foreign):
    """One object in one picture."""

    image_id: int
    category_id: int
    segmentation: dict[str, Any] | list[Any] | None = None
    iscrowd: int = 0
    instance_id: int | None = None
    track_id: int | None = None
    attributes: dict[str, Any] = {}

    @property
    def track(self) -> int | None:
        """The object's id over the frames, wherever it is said."""
        said = self.attributes.get("track_id") if isinstance(self.attributes.get("track_id"), int) else None
        return next((i for i in (self.instance_id, self.track_id, said) if i is not None), None)


class Category(Foreign):
    """A class."""

    id: int
    name: str


class VideoObject(Foreign):
    """An object of a clip, which need not be seen in any frame."""

    id: int
    category_id: int


class Video(Foreign):
    """A clip."""

    id: int
    name: str
    fps: float | None = None
    objects: tuple[VideoObject, ...] = ()


class Instances(Foreign):
    """`instances_*.json`."""

    images: tuple[Shot, ...]
    annotations: tuple[Annotation, ...]
    categories: tuple[Category, ...]
    videos: tuple[Video, ...] = ()


def write(clips: Iterable[Clip], out: Path) -> None:
    """Write clips into an empty folder. Annotations go through scratch files: they need not fit into memory."""
    categories: dict[str, int] = {}
    parts: dict[str, _Part] = {}
    with contextlib.ExitStack() as scratch:
        for clip in clips:
            if clip.split not in parts:
                parts[clip.split] = _Part(*(scratch.enter_context(_scratch(out)) for _ in range(2)))
            parts[clip.split].add(clip, out / "images" / clip.split, categories)
        named = [{"id": number, "name": label, "supercategory": ""} for label, number in categories.items()]
        for split, part in parts.items():
            part.write(out / f"annotations/instances_{split}.json", named)


def _scratch(out: Path) -> IO[str]:
    return tempfile.TemporaryFile("w+", encoding="utf-8", dir=out)


class _Part:
    """One split's annotations on their way."""

    def __init__(self, images: IO[str], annotations: IO[str]) -> None:
        self._videos: list[dict[str, Any]] = []
        self._images, self._annotations = images, annotations
        self._counts = {"image": 0, "annotation": 0}

    def add(self, clip: Clip, pictures: Path, categories: dict[str, int]) -> None:
        for label in clip.labels.values():
            categories.setdefault(label, len(categories) + 1)
        video = len(self._videos) + 1
        objects = [{"id": i, "category_id": categories[label]} for i, label in clip.labels.items()]
        size = {"width": clip.width, "height": clip.height}
        self._videos.append({"id": video, "name": clip.name, **size, "fps": clip.fps, "objects": objects})
        for number, frame in clip.frames():
            name = f"{clip.name}/{number:05d}.jpg"
            files.write(pictures / name, frame.jpeg)
            image = self._put("image", self._images, {"file_name": name, **size, "video_id": video, "frame_id": number})
            for i, mask in frame.masks.items():
                if mask.any():
                    told = {"image_id": image, "category_id": categories[clip.labels[i]], "instance_id": i}
                    self._put("annotation", self._annotations, told | _shape(mask) | {"iscrowd": 0})

    def write(self, path: Path, categories: list[dict[str, Any]]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8") as file:
            head = {"info": {"description": "heroprop"}, "licenses": [], "categories": categories}
            file.write(json.dumps(head | {"videos": self._videos})[:-1])
            for key, lines in (("images", self._images), ("annotations", self._annotations)):
                file.write(f',\n"{key}": [')
                lines.seek(0)
                for line in lines:
                    file.write(line)
                file.write("]")
            file.write("}\n")

    def _put(self, kind: str, file: IO[str], told: dict[str, Any]) -> int:
        self._counts[kind] += 1
        lead = "" if self._counts[kind] == 1 else ","
        file.write(f"{lead}{json.dumps({'id': self._counts[kind]} | told, separators=(',', ':'))}\n")
        return self._counts[kind]


def _shape(mask: Mask) -> dict[str, Any]:
    """Run lengths, area and box (x, y, width, height) of a mask."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = [int(columns[0]), int(rows[0]), int(columns[-1] - columns[0]) + 1, int(rows[-1] - rows[0]) + 1]
    return {"segmentation": rle.encode(mask), "area": int(mask.sum()), "bbox": box}


def read(folder: Path) -> Iterator[Clip]:
    """The clips of a COCO folder: those that `videos` name, then each folder of pictures, or each picture.

    Crowds (`iscrowd`) and annotations without a mask are passed over.
    """
    found = sorted((folder / "annotations").glob("instances_*.json")) or sorted((folder / "annotations").glob("*.json"))
    found = found or sorted(folder.glob("*.json"))
    if not found:
        raise UserError(f"{folder}: has no annotations; {LAYOUT}")
    for path in found:
        files.inside(folder, str(path.relative_to(folder)))
        subset = path.stem.removeprefix("instances_")
        split = next((split for split in ("val", "test") if split in subset), "train")
        yield from _Reader(folder, path, subset, split).clips()


class _Reader:
    """One file of annotations."""

    def __init__(self, folder: Path, path: Path, subset: str, split: str) -> None:
        self._folder, self._path, self._subset, self._split = folder, path, subset, split
        told = files.parse(Instances, path)
        self._shots = {shot.id: shot for shot in told.images}
        self._labels = {category.id: category.name for category in told.categories}
        self._videos = {video.id: video for video in told.videos}
        self._of: dict[int, list[Annotation]] = defaultdict(list)
        for one in told.annotations:
            if one.image_id not in self._shots:
                raise UserError(f"{path}: an annotation is of image {one.image_id}, which is not listed")
            if one.category_id not in self._labels:
                raise UserError(f"{path}: an annotation is of category {one.category_id}, which is not listed")
            if one.segmentation and not one.iscrowd:
                self._of[one.image_id].append(one)

    def clips(self) -> Iterator[Clip]:
        groups: dict[tuple[str, int | str], list[Shot]] = defaultdict(list)
        for shot in self._shots.values():
            known = shot.video_id is not None
            parent = PurePosixPath(shot.file_name).parent
            groups["video" if known else "folder", shot.video_id if shot.video_id is not None else str(parent)].append(
                shot
            )
        for (kind, key), shots in groups.items():
            tracked = all(one.track is not None for shot in shots for one in self._of[shot.id])
            if kind == "video" and key not in self._videos:
                raise UserError(f"{self._path}: pictures are of video {key}, which is not listed")
            if not tracked or (kind == "folder" and key == "."):
                for shot in shots:
                    yield self._clip(PurePosixPath(shot.file_name).stem, [shot], None)
            elif kind == "video":
                yield self._clip(self._videos[int(key)].name, shots, self._videos[int(key)])
            else:
                yield self._clip(PurePosixPath(str(key)).name, shots, None)

    def _clip(self, name: str, shots: list[Shot], video: Video | None) -> Clip:
        """One clip; of a single picture whose annotations have no ids, they are counted."""
        if all(shot.frame_id is not None for shot in shots):
            shots = sorted(shots, key=lambda shot: shot.frame_id or 0)
            numbers = tuple(shot.frame_id or 0 for shot in shots)
        else:
            shots = sorted(shots, key=lambda shot: shot.file_name)
            numbers = tuple(range(len(shots)))
        size = shots[0].width, shots[0].height
        for shot in shots:
            if (shot.width, shot.height) != size:
                raise UserError(f"{self._path}: '{shot.file_name}' has another size than the first frame of its clip")
        if len(set(numbers)) != len(numbers) or min(numbers) < 0:
            raise UserError(f"{self._path}: '{name}': frame_id: must count up from 0")
        labels: dict[int, str] = {one.id: self._label(one.category_id) for one in video.objects} if video else {}
        seen: list[dict[int, Annotation]] = []
        for shot in shots:
            mine: dict[int, Annotation] = {}
            for count, one in enumerate(self._of[shot.id], 1):
                track = count if one.track is None else one.track
                if track in mine:
                    raise UserError(f"{self._path}: '{shot.file_name}': two annotations are of object {track}")
                mine[track] = one
                labels.setdefault(track, self._label(one.category_id))
            seen.append(mine)
        ids = number_objects(labels, f"{self._path}: '{name}'")

        def read(place: int) -> Frame:
            masks = {i: np.zeros((size[1], size[0]), np.bool_) for i in ids.values()}
            for track, one in seen[place].items():
                masks[ids[track]] = self._mask(one, shots[place])
            return Frame(files.read_jpeg(self._picture(shots[place].file_name), size), masks)

        renamed = {i: str(track) for track, i in ids.items() if i != track}
        named = {i: labels[track] for track, i in ids.items()}
        return Clip(name, self._split, *size, numbers, named, read, video.fps if video else None, renamed)

    def _label(self, category: int) -> str:
        if category not in self._labels:
            raise UserError(f"{self._path}: an object is of category {category}, which is not listed")
        return self._labels[category]

    def _mask(self, one: Annotation, shot: Shot) -> Mask:
        try:
            if isinstance(one.segmentation, list):
                return outline(one.segmentation, shot.width, shot.height)
            return rle.decode(one.segmentation, shot.width, shot.height)
        except ValueError as error:
            raise UserError(f"{self._path}: '{shot.file_name}': {error}") from None

    def _picture(self, name: str) -> Path:
        """Where a picture lies: layouts differ."""
        homes = (f"images/{self._subset}", "images", self._subset, "", f"data/{self._subset}", "data")
        for home in homes:
            if (self._folder / home / name).exists():
                return files.inside(self._folder, str(PurePosixPath(home) / name))
        return files.inside(self._folder / f"images/{self._subset}", name)  # says what is wrong with it


def outline(polygons: list[Any], width: int, height: int) -> Mask:
    """Polygons (x, y, x, y, ...; px) filled as COCO's own tools do, bool (H, W). ValueError for what is none."""
    from pycocotools import mask as tools

    for polygon in polygons:
        if not isinstance(polygon, list) or len(polygon) < 6 or len(polygon) % 2:
            raise ValueError("a polygon needs three points or more")
        if not all(isinstance(value, (int, float)) and abs(value) < 1e6 for value in polygon):
            raise ValueError("a polygon's points must be numbers")
    if not polygons:
        raise ValueError("a polygon needs three points or more")
    return np.asarray(tools.decode(tools.merge(tools.frPyObjects(polygons, height, width))), np.bool_)
