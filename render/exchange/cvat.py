"""CVAT, as a task is exported with its images: `annotations.xml` (1.1, for video or for images) and `images/`.

Masks (run lengths) and polygons are read; boxes, points and tags are not. What is one object over the frames: a track;
a group (`group_id`); else, as brush masks are drawn frame by frame, a label. Parts of one object in a frame are joined.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from xml.etree.ElementTree import Element

import numpy as np

from ..document import UserError
from . import files, rle, xmlfile
from .clips import MAX_OBJECTS, Clip, Frame, Mask
from .coco import outline

LAYOUT = "expected annotations.xml and images/, as CVAT exports a task with its images"
Size = tuple[int, int]
Who = tuple[str, str]
"""What makes an object one: `track`, `group` or `label`, and its number or name."""


@dataclass(frozen=True)
class Shape:
    """A mask or polygon in one frame; `outside`: the object is known not to be there."""

    frame: int
    who: Who
    label: str
    outside: bool
    element: Element


def read(folder: Path) -> Iterator[Clip]:
    """The clips of an exported task, or of a folder of them. A file called `val.xml` or `test.xml` is of that split."""
    found = sorted(folder.glob("*.xml")) or [
        path for home in files.folders(folder) for path in sorted(home.glob("*.xml"))
    ]
    if not found:
        raise UserError(f"{folder}: has no annotations.xml; {LAYOUT}")
    for path in found:
        home = path.parent
        files.inside(home, path.name)
        root = xmlfile.read(path)
        if root.find("meta/project") is not None:
            raise UserError(f"{path}: is of a whole project; export its tasks one by one")
        if (home / "images").is_symlink() or not (home / "images").is_dir():
            raise UserError(f"{home / 'images'}: no such folder; export the task with its images")
        if root.find("image") is not None:
            yield from _images(path, root, home)
        else:
            yield _video(path, root, home)


def _video(path: Path, root: Element, home: Path) -> Clip:
    """A video task: tracks over frames whose pictures are numbered."""
    pictures = files.pictures(home / "images")
    shapes: list[Shape] = []
    known: set[int] = set()
    for track in root.iter("track"):
        drawn = [one for one in track if one.tag in ("mask", "polygon")]
        shown = [_whole(one, "frame", path) for one in drawn if one.get("outside") != "1"]
        label, number = _text(track, "label", path), _text(track, "id", path)
        single = len(shown) == 1  # a shape, which CVAT exports as a track of one frame and its end
        who = _who(track, label) if single else ("group", g) if (g := _group(track)) else ("track", number)
        for one in drawn:
            frame, outside = _whole(one, "frame", path), one.get("outside") == "1"
            if not (single and outside):
                shapes.append(Shape(frame, who, label, outside, one))
        known |= {number for number in pictures if number >= shown[0]} if len(shown) > 1 else set(shown)
    lost = sorted({shape.frame for shape in shapes if not shape.outside} - set(pictures))
    if lost:
        raise UserError(f"{home / 'images'}: has no picture of frame {lost[0]}; export the task with its images")
    numbers = [number for number in pictures if number in known]
    shots = {number: pictures[number] for number in numbers}
    size = files.size_of(shots[numbers[0]]) if numbers else (0, 0)
    return _clip(path, home.resolve().name, shots, size, shapes, len(pictures) - len(numbers))


def _images(path: Path, root: Element, home: Path) -> Iterator[Clip]:
    """A task of images: each folder of them a clip, in the order of their ids; those without a shape are left out."""
    groups: dict[str, list[Element]] = defaultdict(list)
    for image in root.iter("image"):
        groups[str(PurePosixPath(_text(image, "name", path)).parent)].append(image)
    for parent, images in groups.items():
        shots: dict[int, Path] = {}
        shapes: list[Shape] = []
        sizes: set[Size] = set()
        for image in images:
            frame, name = _whole(image, "id", path), _text(image, "name", path)
            found = [one for one in image if one.tag in ("mask", "polygon")]
            if not found:
                continue
            if frame in shots:
                raise UserError(f"{path}: two images have the id {frame}")
            sizes.add((_whole(image, "width", path), _whole(image, "height", path)))
            home_name = "images/default" if (home / "images/default" / name).exists() else "images"
            shots[frame] = files.inside(home / home_name, name)
            for one in found:
                label = _text(one, "label", path)
                shapes.append(Shape(frame, _who(one, label), label, False, one))
        name = home.resolve().name if parent == "." else PurePosixPath(parent).name
        if len(sizes) > 1:
            raise UserError(f"{path}: the images of '{name}' differ in size; a clip's frames have one size")
        size = sizes.pop() if sizes else (0, 0)
        yield _clip(path, name, dict(sorted(shots.items())), size, shapes, len(images) - len(shots))


def _clip(path: Path, name: str, shots: dict[int, Path], size: Size, shapes: list[Shape], unlabelled: int) -> Clip:
    order = {"track": 0, "group": 1, "label": 2}
    found = sorted(
        {shape.who for shape in shapes}, key=lambda w: (order[w[0]], len(w[1]) if w[0] != "label" else 0, w[1])
    )
    if len(found) > MAX_OBJECTS:
        raise UserError(f"{path}: {len(found)} objects in one clip; at most {MAX_OBJECTS}")
    ids = {who: number for number, who in enumerate(found, 1)}
    labels = {ids[shape.who]: shape.label for shape in shapes}
    by_frame: dict[int, list[Shape]] = defaultdict(list)
    for shape in shapes:
        twice = any(other.who == shape.who for other in by_frame[shape.frame])
        if twice and shape.who[0] != "group":
            kind, which = shape.who
            raise UserError(
                f"{path}: frame {shape.frame}: two shapes of {kind} '{which}'; track them, or give each object a group"
            )
        by_frame[shape.frame].append(shape)
    numbers = tuple(shots)

    def read(place: int) -> Frame:
        masks = {i: np.zeros((size[1], size[0]), np.bool_) for i in ids.values()}
        for shape in by_frame[numbers[place]]:
            if not shape.outside:
                masks[ids[shape.who]] |= _mask(shape, size, path)
        return Frame(files.read_jpeg(shots[numbers[place]], size), masks)

    sources = {i: f"{kind} {which}" for (kind, which), i in ids.items()}
    split = path.stem if path.stem in ("val", "test") else "train"
    return Clip(name, split, *size, numbers, labels, read, None, sources, unlabelled)


def _mask(shape: Shape, size: Size, path: Path) -> Mask:
    one = shape.element
    try:
        if one.tag == "mask":
            runs = [int(run) for run in _text(one, "rle", path).split(",")]
            left, top, wide, high = (_whole(one, key, path) for key in ("left", "top", "width", "height"))
            return rle.decode_box(runs, (left, top, wide, high), *size)
        points = [[float(value) for value in point.split(",")] for point in _text(one, "points", path).split(";")]
        return outline([[value for point in points for value in point]], *size)
    except ValueError as error:
        raise UserError(f"{path}: frame {shape.frame}: {one.tag} of '{shape.label}': {error}") from None


def _who(element: Element, label: str) -> Who:
    """What a shape belongs to that is no track: its group, else its label."""
    group = _group(element)
    return ("group", group) if group else ("label", label)


def _group(element: Element) -> str | None:
    group = element.get("group_id", "0")
    return None if group == "0" else group


def _text(element: Element, key: str, path: Path) -> str:
    value = element.get(key)
    if value is None:
        raise UserError(f"{path}: <{element.tag}> has no {key}")
    return value


def _whole(element: Element, key: str, path: Path) -> int:
    text = _text(element, key, path)
    if not text.isdecimal() or len(text) > 9:
        raise UserError(f"{path}: <{element.tag}> {key}: '{text[:20]}' is no whole number")
    return int(text)
