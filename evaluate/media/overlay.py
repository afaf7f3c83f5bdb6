"""Masks drawn over frames: a light tint and a clean outline, on stills and in videos."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import imageio.v3 as iio
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Frame = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Colour = tuple[int, int, int]

COLOURS: tuple[Colour, ...] = (
    (255, 94, 20),
    (56, 180, 255),
    (0, 200, 130),
    (255, 214, 10),
    (230, 110, 190),
    (120, 120, 255),
)
"""sRGB, told apart with any colour vision (after Okabe and Ito, brightened); object ids take them in turn."""


def object_colour(object_id: int) -> Colour:
    """The colour of an object, from its id (1 is the first)."""
    return COLOURS[(object_id - 1) % len(COLOURS)]


def paint(frame: Frame, masks: Mapping[int, Mask], tint: float = 0.35, line: int = 2) -> Frame:
    """A copy of an RGB uint8 (H, W, 3) frame with each object's bool (H, W) mask tinted and outlined in its colour."""
    painted = frame.copy()
    for object_id, mask in sorted(masks.items()):
        colour = np.array(object_colour(object_id), np.float32)
        painted[mask] = (painted[mask] * (1 - tint) + colour * tint).astype(np.uint8)
        draw_outline(painted, mask, object_colour(object_id), line)
    return painted


def draw_outline(picture: Frame, mask: Mask, colour: Colour, line: int = 2) -> None:
    """Outline a mask in place: `line` pixels just inside its edge, one dark pixel outside, to show on any ground."""
    if not mask.any():
        return
    grown = line + 1
    (rows,), (columns,) = (np.nonzero(mask.any(axis=axis)) for axis in (1, 0))
    window = (
        slice(max(rows[0] - grown, 0), rows[-1] + grown + 1),
        slice(max(columns[0] - grown, 0), columns[-1] + grown + 1),
    )
    inside, view = mask[window], picture[window]
    edge = inside & ~ndimage.binary_erosion(inside, iterations=line, border_value=1)
    halo = ndimage.binary_dilation(inside) & ~inside
    view[halo] = view[halo] // 3
    view[edge] = colour


class VideoWriter:
    """Writes RGB frames to an H.264 MP4 that any player opens: `with VideoWriter(path, fps) as video: video.add(f)`."""

    def __init__(self, path: Path, fps: float) -> None:
        self.path, self.fps = path, fps
        self._file: Any = None

    def __enter__(self) -> Self:
        self._file = iio.imopen(self.path, "w", plugin="pyav")
        self._file.init_video_stream("libx264", fps=round(self.fps, 3))
        return self

    def add(self, frame: Frame) -> None:
        """Append one frame; odd sizes are padded by repeating the last row or column (4:2:0 video needs even ones)."""
        height, width = frame.shape[:2]
        self._file.write_frame(np.pad(frame, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge"))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
