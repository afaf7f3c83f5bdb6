"""Drawn clips: textured shapes over textured grounds, for timing and for a first look at what options cost."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Mask = NDArray[np.bool_]
Frame = NDArray[np.uint8]

SIDE, LENGTH = 160, 40


@dataclass(frozen=True)
class Clip:
    """Frames and the target's true masks; the first frame is the prompt."""

    group: str
    """Clips of one shot share it."""
    frames: list[Frame]
    masks: list[Mask]


def drawn_clip(seed: int) -> Clip:
    """A clip of LENGTH frames: every second one with a bar that hides the target, every third with a twin."""
    rng = np.random.default_rng([7, seed])
    ground, skin, bar = (texture(rng) for _ in range(3))
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5
    radius = rng.uniform(12, 20)
    lobes, phase = rng.integers(2, 6), rng.uniform(0, 6)
    swing, height, pace = rng.uniform(35, 55), rng.uniform(50, 110), rng.uniform(0.09, 0.16)
    hides, twin = seed % 2 == 0, seed % 3 == 0
    left, width = rng.uniform(60, 85), rng.uniform(2.2, 3.5) * radius

    def shape(cx: float, cy: float, turn: float) -> Mask:
        angle = np.arctan2(y - cy, x - cx) + turn
        edge = radius * (1 + 0.25 * np.cos(lobes * angle + phase))
        inside: Mask = np.hypot(x - cx, y - cy) < edge
        return inside

    frames, masks = [], []
    for t in range(LENGTH):
        cx, cy = SIDE / 2 - swing * np.cos(pace * t), height + 12 * np.sin(0.2 * t)
        frame = np.roll(ground, t, axis=1).copy()
        if twin:
            other = shape(SIDE / 2 + 60 * np.cos(0.11 * t + 0.5), height + 26, -0.05 * t)
            frame[other] = np.roll(skin, (5, 9), axis=(0, 1))[other]
        mask = shape(cx, cy, 0.06 * t)
        frame[mask] = np.roll(skin, (round(cy), round(cx)), axis=(0, 1))[mask]
        if hides and t > 0:
            cover = (x > left) & (x < left + width)
            frame[cover] = bar[cover]
            mask = mask & ~cover
        frames.append(frame)
        masks.append(mask)
    kind = " and ".join(name for name, on in (("hidden", hides), ("twin", twin)) if on) or "plain"
    return Clip(f"{kind}, {seed}", frames, masks)


def drifting(width: int, height: int, objects: int) -> Iterator[tuple[Frame, list[Mask]]]:
    """Endless frames of textured disks, one under the other, that swing over a textured ground; and their masks."""
    rng = np.random.default_rng([9, objects])
    ground = texture(rng, height, width)
    skins = [texture(rng, height, width) for _ in range(objects)]
    lane = height / objects
    radius = min(0.35 * lane, 0.12 * width)
    y, x = np.mgrid[:height, :width] + 0.5
    index = 0
    while True:
        frame, masks = ground.copy(), []
        for number, skin in enumerate(skins):
            cx = width * (0.5 - 0.3 * math.cos(0.12 * index + number))
            mask: Mask = np.hypot(x - cx, y - lane * (number + 0.5)) < radius
            frame[mask] = np.roll(skin, round(cx), axis=1)[mask]
            masks.append(mask)
        yield frame, masks
        index += 1


def texture(rng: np.random.Generator, height: int = SIDE, width: int = SIDE) -> Frame:
    """(height, width, 3): two random colours mixed by smooth noise."""
    noise = ndimage.gaussian_filter(rng.standard_normal((height, width)), rng.uniform(1, 5), mode="wrap")
    share = np.clip(0.5 + 0.3 * noise / noise.std(), 0, 1)[..., None]
    first, second = rng.uniform(10, 245, (2, 3))
    return np.asarray(first * share + second * (1 - share), np.uint8)
