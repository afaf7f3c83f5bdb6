"""A contact sheet: one picture with a row for each clip, its frames side by side under a line of words."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from .strips import overlay

GAP = 4
LETTERS = 13
"""Height of the words in px."""
GROUND, INK = (24, 24, 26), (225, 225, 225)
FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP"}
LARGEST = 16_383
"""Pixels of a side; WebP holds no more, and few viewers show more."""


@dataclass(frozen=True)
class Row:
    """A clip: `words`, its `pictures` (uint8 (H, W, 3), equal sizes), and for each of them the coverage of every
    target, uint8 (H, W), 255 = 1."""

    words: str
    pictures: Sequence[NDArray[np.uint8]]
    coverages: Sequence[list[NDArray[np.uint8]]]


def draw(rows: Sequence[Row], masks: bool, suffix: str) -> bytes:
    """The sheet as a picture file of the kind that `suffix` names (FORMATS), with masks laid over or without.

    Rows stand in as many columns as make the sheet no taller than twice its width.
    """
    strips = [_strip(row, masks) for row in rows]
    width, height = max(strip.width for strip in strips), max(strip.height for strip in strips)
    columns = 1
    while -(-len(strips) // columns) * height > 2 * columns * width:
        columns += 1
    lines = -(-len(strips) // columns)
    sheet = Image.new("RGB", (columns * (width + GAP) + GAP, lines * (height + GAP) + GAP), GROUND)
    for place, strip in enumerate(strips):
        column, line = divmod(place, lines)
        sheet.paste(strip, (GAP + column * (width + GAP), GAP + line * (height + GAP)))
    if max(sheet.size) > LARGEST:
        sheet.thumbnail((LARGEST, LARGEST), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    sheet.save(buffer, FORMATS[suffix.lower()], quality=92)
    return buffer.getvalue()


def _strip(row: Row, masks: bool) -> Image.Image:
    height, width, _ = row.pictures[0].shape
    strip = Image.new("RGB", (len(row.pictures) * (width + GAP) - GAP, height + LETTERS + 2 * GAP), GROUND)
    ImageDraw.Draw(strip).text((0, GAP), row.words, INK, ImageFont.load_default(LETTERS))
    for place, (picture, coverages) in enumerate(zip(row.pictures, row.coverages, strict=True)):
        corner = (place * (width + GAP), LETTERS + 2 * GAP)
        strip.paste(Image.fromarray(picture), corner)
        if masks:
            over = Image.fromarray(overlay(coverages, (width, height)), "RGBA")
            strip.paste(over, corner, over)
    return strip
