"""Small pictures for the report: a frame with what was predicted and what is true, as JPEG data URIs."""

from __future__ import annotations

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .overlay import Colour, draw_outline

Frame = NDArray[np.uint8]
Mask = NDArray[np.bool_]

WIDTH = 256
TRUTH: Colour = (255, 255, 255)


def thumbnail(frame: Frame, truth: Mask, found: Mask | None, colour: Colour, width: int = WIDTH) -> str:
    """`marked`, as a data URI."""
    buffer = io.BytesIO()
    Image.fromarray(marked(frame, truth, found, colour, width)).save(buffer, "JPEG", quality=82)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def marked(frame: Frame, truth: Mask, found: Mask | None, colour: Colour, width: int = WIDTH) -> Frame:
    """A picture: prediction (if any) tinted and outlined in `colour`, the truth outlined in white over it.

    It is scaled to `width` pixels before anything is drawn, so that outlines are thin at any frame size.
    """
    height = max(1, round(frame.shape[0] * width / frame.shape[1]))
    picture = np.array(Image.fromarray(frame).resize((width, height), Image.Resampling.LANCZOS))
    if found is not None:
        shape = _scaled(found, width, height)
        picture[shape] = (picture[shape] * 0.55 + np.array(colour, np.float32) * 0.45).astype(np.uint8)
        draw_outline(picture, shape, colour, 2)
    draw_outline(picture, _scaled(truth, width, height), TRUTH, 1)
    return picture


def _scaled(mask: Mask, width: int, height: int) -> Mask:
    soft = Image.fromarray(mask.astype(np.uint8) * 255).resize((width, height), Image.Resampling.BILINEAR)
    scaled: Mask = np.asarray(soft) >= 128
    return scaled
