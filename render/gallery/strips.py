"""Filmstrips: a few frames of a clip side by side in one small picture, and their masks in another to lay over it."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..manifest import Dataset

FRAMES = 8
"""Frames of a strip (fewer where the clip is shorter)."""
WIDTH = 240
"""Width of a frame of the strip in px; narrower pictures are not enlarged."""
TALLEST = 400
"""Height that no frame of a strip exceeds, however upright the picture."""
COLOURS = ((255, 106, 0), (0, 174, 255), (190, 240, 30), (255, 70, 190))
"""Colour of the first, second, ... target, sRGB; then again from the first."""
TINT = 0.3
"""Opacity of the tint where coverage is whole; outlines are opaque."""


@dataclass(frozen=True)
class Strip:
    """Two WebP pictures of equal size, the second one transparent but for the masks; and which frames they show."""

    frames: tuple[int, ...]
    pictures: bytes
    masks: bytes
    width: int
    height: int


def strip(data: Dataset, clip: str) -> Strip:
    """The filmstrip of a clip. UserError for damaged pictures."""
    shown = spread(data.frame_count(clip), FRAMES)
    objects = data.objects(clip)
    data.prefetch(clip, shown, objects)
    pictures, masks = [], []
    for frame in shown:
        rgb = data.rgb(clip, frame)
        size = _size(*rgb.shape[:2])
        pictures.append(np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)))
        masks.append(overlay([data.coverage(clip, frame, i) for i in objects], size))
    width, height = sum(p.shape[1] for p in pictures), pictures[0].shape[0]
    return Strip(
        frames=shown,
        pictures=_webp(np.concatenate(pictures, axis=1), quality=80),
        masks=_webp(np.concatenate(masks, axis=1), quality=70),
        width=width,
        height=height,
    )


def spread(count: int, most: int) -> tuple[int, ...]:
    """Up to `most` of 0 .. count - 1, evenly from the first to the last."""
    if count <= most:
        return tuple(range(count))
    if most == 1:
        return (0,)
    return tuple(round(place * (count - 1) / (most - 1)) for place in range(most))


def overlay(coverages: list[NDArray[np.uint8]], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Soft coverage as a tint and the mask (half maximum) as an outline, RGBA (H, W, 4), of `size` (width, height)."""
    width, height = size
    drawn = np.zeros((height, width, 4), np.float32)
    for number, coverage in enumerate(coverages):
        colour = np.array(COLOURS[number % len(COLOURS)], np.float32)
        soft = np.asarray(Image.fromarray(coverage).resize(size, Image.Resampling.BOX), np.float32) / 255
        if soft.max() <= 0:
            continue
        alpha = np.where(_rim(soft >= 0.5 * soft.max()), 1.0, TINT * soft)
        over = alpha >= drawn[..., 3]
        drawn[over, :3], drawn[over, 3] = colour, alpha[over]
    drawn[..., 3] *= 255
    return np.asarray(np.rint(drawn), np.uint8)


def _rim(shape: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The pixels of a shape that touch its outside; the picture's edge is no outside."""
    padded = np.pad(shape, 1, mode="edge")
    inner = padded[1:-1, :-2] & padded[1:-1, 2:] & padded[:-2, 1:-1] & padded[2:, 1:-1]
    return np.asarray(shape & ~inner)


def _size(height: int, width: int) -> tuple[int, int]:
    """Width and height of a strip's frame."""
    scale = min(1.0, WIDTH / width, TALLEST / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _webp(picture: NDArray[np.uint8], quality: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "WEBP", quality=quality, method=3)
    return buffer.getvalue()
