"""Pictures of held-out clips: the truth outlined in green, the answer in red."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageOps

from ..data.held_out import HeldOut
from .track import Masks

TILES, TILE = 6, (200, 150)
"""Frames a clip, and their width and height in pixels."""
GREEN, RED = (60, 230, 90), (255, 60, 60)


def strip(answer: Masks, clip: HeldOut, title: str) -> NDArray[np.uint8]:
    """TILES frames of a clip side by side, evenly spread from the first to the last, uint8 (H, W, 3)."""
    numbers = np.linspace(0, len(clip.masks) - 1, TILES).round().astype(int)
    picture = Image.fromarray(np.hstack([tile(clip.frames[n], clip.masks[n], answer[n]) for n in numbers]))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 0, pen.textlength(title) + 8, 14), fill=(0, 0, 0))
    pen.text((4, 1), title, fill=(255, 255, 255))
    return np.asarray(picture)


def tile(frame: NDArray[np.uint8], truth: NDArray[np.bool_], answer: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """One frame, darkened a little, with both outlines, fitted into a tile."""
    from evaluate.metrics.boundary import boundary

    picture = ImageOps.pad(Image.fromarray(frame), TILE)
    pixels = np.array(picture, np.uint16) * 3 // 4
    for mask, colour in ((truth, GREEN), (answer, RED)):
        fitted = np.asarray(
            ImageOps.pad(Image.fromarray(mask.astype(np.uint8)), TILE, method=Image.Resampling.NEAREST), np.bool_
        )
        pixels[boundary(fitted)] = colour
    return pixels.astype(np.uint8)
