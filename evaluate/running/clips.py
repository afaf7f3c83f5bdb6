"""Clips in memory: frames, and the truth of every object that can be prompted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from render.manifest import Dataset

from ..axes.trace import Floats, Shot

Frame = NDArray[np.uint8]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Clip:
    """A clip in memory: its frames, and the truth of every object that can be prompted."""

    name: str
    cluster: str
    frames: list[Frame]
    objects: dict[int, Truth]


@dataclass(frozen=True)
class Truth:
    """One object's true masks, bool (frames, H, W), the frame it is prompted on, and how far it moves.

    `shot` is what is known of it frame by frame; `coverage` its soft matte, uint8 (H, W) a frame, 255 = wholly.
    """

    label: str
    masks: Mask
    prompted: int
    displacement: float
    shot: Shot | None = None
    coverage: tuple[NDArray[np.uint8], ...] = ()


def read_clip(dataset: Dataset, name: str) -> Clip:
    """Load a clip. Objects that show on no frame before the last are left out: there is nothing to score them on."""
    count = dataset.frame_count(name)
    objects, frames = {}, []
    mattes: dict[int, list[NDArray[np.uint8]]] = {object_id: [] for object_id in dataset.objects(name)}
    drawn: dict[int, list[Mask]] = {object_id: [] for object_id in mattes}
    for frame in range(count):
        dataset.prefetch_next(name, range(count), frame, mattes)
        frames.append(dataset.rgb(name, frame))
        for object_id in mattes:
            mattes[object_id].append(dataset.coverage(name, frame, object_id))
            drawn[object_id].append(dataset.mask(name, frame, object_id))
    cluster = dataset.manifest.clips[name].twin_of or name
    for object_id in mattes:
        masks = np.stack(drawn[object_id])
        seen = np.flatnonzero(masks.any(axis=(1, 2)))
        if len(seen) and seen[0] < count - 1:
            prompted = int(seen[0])
            attributes = dataset.attributes(name, object_id)
            objects[object_id] = Truth(
                label=dataset.label(name, object_id),
                masks=masks,
                prompted=prompted,
                displacement=displacement(attributes, prompted),
                shot=make_shot(dataset, name, object_id, masks, attributes),
                coverage=tuple(mattes[object_id]),
            )
    return Clip(name, cluster, frames, objects)


def make_shot(
    dataset: Dataset, name: str, object_id: int, masks_THW: Mask, attributes: Mapping[str, NDArray[Any]]
) -> Shot:
    """What is known of an object: its measured attributes, present where the mask rule gives it a mask."""
    present = masks_THW.any(axis=(1, 2))

    def known(column: str) -> Floats:
        return np.asarray(attributes[column], np.float64)

    return Shot(
        clip=name,
        object_id=object_id,
        label=dataset.label(name, object_id),
        cluster=dataset.manifest.clips[name].twin_of or name,
        title=dataset.spec(name).get("twin_factor"),
        prompted=int(np.argmax(present)),
        present_T=present,
        occlusion_T=known("occlusion"),
        veil_T=known("veil_mean"),
        speed_T=known("speed_diameters"),
        blur_T=known("blur_diameters"),
        charge_T=known("charge"),
        centre_T2=np.stack([known("amodal_centroid_x"), known("amodal_centroid_y")], axis=1),
        diameter_T=known("amodal_diameter_px"),
    )


def displacement(attributes: Mapping[str, NDArray[Any]], prompted: int) -> float:
    """Farthest distance of the object's measured (amodal) centre from where it was prompted, in median diameters."""
    centres_T2 = np.stack([attributes["amodal_centroid_x"], attributes["amodal_centroid_y"]], axis=1)[prompted:]
    diameters = attributes["amodal_diameter_px"][prompted:]
    known = np.isfinite(centres_T2).all(axis=1) & (diameters > 0)
    if not known[0]:
        return 0.0
    distance = np.linalg.norm(centres_T2[known] - centres_T2[0], axis=1)
    return float(distance.max() / np.median(diameters[known]))
