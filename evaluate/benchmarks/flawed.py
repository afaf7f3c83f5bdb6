"""Trackers made of the truth, each with one known flaw, by which the axes are tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from render.manifest import Dataset

from ..axes.transformation import LEAST
from ..running.clips import Clip, read_clip

Masks = NDArray[np.bool_]


@dataclass(frozen=True)
class Scene:
    """A clip, and the effects' veil over it, float (T, H, W), 0 to 1."""

    clip: Clip
    veil: NDArray[np.float64]


Tracker = Callable[[Scene, int], Masks]
"""(scene, object id) -> bool (T, H, W)."""


def scene_of(dataset: Dataset, name: str) -> Scene:
    """A rendered clip."""
    clip = read_clip(dataset, name)
    return Scene(clip, np.stack([dataset.veil(name, frame) / 255 for frame in range(len(clip.frames))]))


def faithful(scene: Scene, number: int) -> Masks:
    """The truth, off by up to a pixel: nobody is perfect."""
    return shifted(scene, number, 1)


def lags(scene: Scene, number: int) -> Masks:
    """Two frames late."""
    masks = faithful(scene, number)
    return np.concatenate([masks[:1], masks[:1], masks[:-2]])


def dies(scene: Scene, number: int) -> Masks:
    """Never finds again what was hidden once."""
    masks = faithful(scene, number).copy()
    gone = hidden(scene, number)
    if len(gone):
        masks[gone[0] :] = False
    return masks


def leaks(scene: Scene, number: int) -> Masks:
    """Takes what glows for the object."""
    return faithful(scene, number) | (scene.veil > 0.5)


def swaps(scene: Scene, number: int) -> Masks:
    """After an occlusion it goes on with the other object."""
    masks = faithful(scene, number).copy()
    gone = hidden(scene, number)
    others = [one.masks for other, one in scene.clip.objects.items() if other != number]
    if len(gone) and others:
        masks[gone[-1] :] = others[0][gone[-1] :]
    return masks


def forgets(scene: Scene, number: int) -> Masks:
    """Loses what has changed its looks."""
    masks, shot = faithful(scene, number).copy(), scene.clip.objects[number].shot
    assert shot is not None
    charge = np.nan_to_num(shot.charge_T)
    if np.ptp(charge) >= LEAST:
        masks[charge > 0.5 * charge.max()] = False
    return masks


def trembles(scene: Scene, number: int) -> Masks:
    """Right on average, and off by up to three pixels, another way in every frame."""
    return shifted(scene, number, 3)


def hidden(scene: Scene, number: int) -> NDArray[np.intp]:
    """Frames in which something stands before it."""
    shot = scene.clip.objects[number].shot
    assert shot is not None
    return np.flatnonzero(np.nan_to_num(shot.occlusion_T) >= 0.95)


def shifted(scene: Scene, number: int, most: int) -> Masks:
    rng = np.random.default_rng([8, number, most, *scene.clip.cluster.encode()])
    masks = scene.clip.objects[number].masks
    steps = rng.integers(-most, most + 1, (len(masks), 2))
    return np.stack([np.roll(mask, tuple(step), (0, 1)) for mask, step in zip(masks, steps, strict=True)])


OWN = {
    "lags": "movement",
    "leaks": "effects",
    "trembles": "trajectory",
    "dies": "occlusion",
    "swaps": "occlusion",
    "forgets": "transformation",
}
"""The axis that each flaw belongs to."""
FLAWED: dict[str, Tracker] = {
    "lags": lags, "leaks": leaks, "trembles": trembles, "dies": dies, "swaps": swaps, "forgets": forgets
}  # fmt: skip
