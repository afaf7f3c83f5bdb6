"""SOLO, the format of Unity Perception: `sequence.0/step0.frame_data.json` and the pictures that it names.

Each sequence and RGB camera is a clip. Masks are those of the instance segmentation: a picture in which each instance
has its own colour. Frames without one are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from ..document import UserError
from . import files
from .clips import Clip, Frame, Mask, number_objects
from .files import Foreign

LAYOUT = "expected sequence.0/step0.frame_data.json with instance segmentation"
CAMERA, SEGMENTATION = "RGBCamera", "InstanceSegmentationAnnotation"
SUBSETS = {"train": "train", "val": "val", "valid": "val", "test": "test"}


class Instance(Foreign):
    """A colour in the segmentation, and what it shows."""

    id: int = Field(alias="instanceId")
    label: str = Field(alias="labelName")
    colour: tuple[int, ...] = Field(alias="color", min_length=3, max_length=4)


class Annotation(Foreign):
    """An annotation of any kind; what is here belongs to instance segmentation."""

    kind: str = Field(alias="@type")
    filename: str | None = None
    instances: tuple[Instance, ...] | None = ()


class Capture(Foreign):
    """What one sensor saw."""

    kind: str = Field(alias="@type")
    id: str = "camera"
    filename: str | None = None
    annotations: tuple[dict[str, Any], ...] | None = ()


class Step(Foreign):
    """`step0.frame_data.json`."""

    step: int = Field(ge=0)
    timestamp: float | None = None
    captures: tuple[Capture, ...] = ()


class Shot(Foreign):
    """One frame of one camera: where its picture and its segmentation lie, and what colours mean."""

    step: int
    timestamp: float | None
    picture: str
    segmentation: str
    instances: tuple[Instance, ...]


def read(folder: Path) -> Iterator[Clip]:
    """The clips of a SOLO folder, or of its `train`, `valid` and `test`."""
    homes = [("train", folder)]
    if not list(folder.glob("sequence.*")):
        homes = [(split, folder / name) for name, split in SUBSETS.items() if (folder / name).is_dir()]
    for split, home in homes:
        sequences = [path for path in files.folders(home) if re.fullmatch(r"sequence\.\d{1,9}", path.name)]
        for sequence in sorted(sequences, key=lambda path: int(path.name.partition(".")[2])):
            yield from _sequence(sequence, split)


def _sequence(home: Path, split: str) -> Iterator[Clip]:
    cameras: dict[str, list[Shot]] = {}
    left_out: dict[str, int] = {}
    for path in home.glob("step*.frame_data.json"):
        step = files.parse(Step, files.inside(home, path.name))
        for capture in step.captures:
            if not capture.kind.endswith(CAMERA) or not capture.filename:
                continue
            shots = cameras.setdefault(capture.id, [])
            told = next((a for a in capture.annotations or () if str(a.get("@type", "")).endswith(SEGMENTATION)), None)
            if told is None:
                left_out[capture.id] = left_out.get(capture.id, 0) + 1
                continue
            one = Annotation.parse(told, f"{path}: {SEGMENTATION}")
            if one.filename is None:
                raise UserError(f"{path}: {SEGMENTATION}: filename: missing")
            shots.append(
                Shot(
                    step=step.step,
                    timestamp=step.timestamp,
                    picture=capture.filename,
                    segmentation=one.filename,
                    instances=one.instances or (),
                )
            )
    for camera, shots in sorted(cameras.items()):
        name = home.name if len(cameras) == 1 else f"{home.name}.{camera}"
        yield _clip(home, name, split, sorted(shots, key=lambda shot: shot.step), left_out.get(camera, 0))


def _clip(home: Path, name: str, split: str, shots: list[Shot], unlabelled: int) -> Clip:
    numbers = tuple(shot.step for shot in shots)
    if len(set(numbers)) != len(numbers):
        raise UserError(f"{home}: two files are of one step")
    found = {one.id: one.label for shot in reversed(shots) for one in shot.instances}
    ids = number_objects(found, str(home))
    size = files.size_of(files.inside(home, shots[0].picture)) if shots else (0, 0)

    def read(place: int) -> Frame:
        shot = shots[place]
        drawn = _packed(files.read_colours(files.inside(home, shot.segmentation), size).astype(np.uint32))
        masks: dict[int, Mask] = {i: np.zeros(drawn.shape, np.bool_) for i in ids.values()}
        for one in shot.instances:
            masks[ids[one.id]] |= drawn == int(_packed(np.array(one.colour[:3], np.uint32)))
        return Frame(files.read_jpeg(files.inside(home, shot.picture), size), masks)

    renamed = {i: str(one) for one, i in ids.items() if i != one}
    labels = {i: found[one] for one, i in ids.items()}
    return Clip(name, split, *size, numbers, labels, read, _fps(shots), renamed, unlabelled)


def _packed(colours: Any) -> Any:
    """Colours (..., 3) as one number each."""
    return (colours[..., 0] << 16) | (colours[..., 1] << 8) | colours[..., 2]


def _fps(shots: list[Shot]) -> float | None:
    """Frames a second by the timestamps, where they are evenly spaced."""
    times = np.array([shot.timestamp for shot in shots if shot.timestamp is not None], np.float64)
    steps = np.diff(times)
    if len(times) != len(shots) or not steps.size or steps.min() <= 0 or np.ptp(steps) > 0.01 * steps.min():
        return None
    return round(float(1 / np.median(steps)), 4)
