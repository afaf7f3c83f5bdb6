"""Where frames come from: a video file, a folder of pictures, or arrays. All give uint8 RGB (H, W, 3) one by one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import imageio.v3 as iio
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from render.document import UserError, nearest_path

Frame = NDArray[np.uint8]

PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
DEFAULT_FPS = 24.0
"""For sources that do not say."""


class FrameSource(Protocol):
    """Frames in order, any number of times over."""

    @property
    def fps(self) -> float: ...

    def __iter__(self) -> Iterator[Frame]: ...

    def count(self) -> int | None:
        """How many frames there should be, for progress displays; None if only reading them would tell."""


@dataclass(frozen=True)
class ArrayFrames:
    """Frames in memory."""

    frames: Sequence[Frame]
    fps: float = DEFAULT_FPS

    def __iter__(self) -> Iterator[Frame]:
        return iter(self.frames)

    def count(self) -> int:
        return len(self.frames)


@dataclass(frozen=True)
class FolderFrames:
    """The pictures of a folder, in natural order (frame 10 after frame 9, padded with zeros or not)."""

    folder: Path
    fps: float = DEFAULT_FPS

    def __iter__(self) -> Iterator[Frame]:
        for path in self.paths():
            try:
                yield to_rgb8(iio.imread(path, plugin="pillow"), path)
            except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
                raise UserError(f"{path}: not a readable picture ({_first_line(error)})") from None

    def count(self) -> int:
        return len(self.paths())

    def paths(self) -> list[Path]:
        """The picture files; UserError if there are none."""
        found = [path for path in self.folder.iterdir() if path.suffix.lower() in PICTURES and path.is_file()]
        if not found:
            raise UserError(f"{self.folder}: no pictures here; frames are {', '.join(PICTURES)} files")
        return sorted(found, key=_natural)


@dataclass(frozen=True)
class VideoFrames:
    """A video file, decoded by PyAV (FFmpeg) as it is read."""

    path: Path
    fps: float
    frames: int | None

    @classmethod
    def open(cls, path: Path) -> VideoFrames:
        """UserError for a file that holds no video."""
        try:
            meta: dict[str, Any] = iio.immeta(path, plugin="pyav")
            shape = iio.improps(path, plugin="pyav").shape
        except (OSError, ValueError, IndexError, StopIteration) as error:
            raise UserError(f"{path}: not a video that FFmpeg can read ({_first_line(error)})") from None
        frames = int(shape[0]) if len(shape) == 4 and shape[0] > 0 else None
        return cls(path, float(meta.get("fps") or DEFAULT_FPS), frames)

    def __iter__(self) -> Iterator[Frame]:
        read = 0
        try:
            for frame in iio.imiter(self.path, plugin="pyav", format="rgb24"):
                read += 1
                yield frame
        except (OSError, ValueError) as error:
            raise UserError(f"{self.path}: damaged after {read} frames ({_first_line(error)})") from None

    def count(self) -> int | None:
        return self.frames


def open_frames(path: Path) -> FrameSource:
    """The frames of a video file or of a folder of pictures; UserError for anything else."""
    if path.is_dir():
        folder = FolderFrames(path)
        folder.paths()
        return folder
    if not path.is_file():
        raise UserError(f"{path}: no such video or folder{nearest_path(path)}")
    if path.suffix.lower() in PICTURES:
        raise UserError(f"{path}: one picture, not a video; give the folder that holds the frames")
    return VideoFrames.open(path)


def to_rgb8(picture: NDArray[Any], path: Path) -> Frame:
    """Any 8- or 16-bit grey, RGB or RGBA picture (alpha dropped) as uint8 RGB (H, W, 3)."""
    if picture.dtype == np.uint16:
        picture = (picture >> 8).astype(np.uint8)
    if picture.dtype == np.bool_:
        picture = picture.astype(np.uint8) * 255
    if picture.dtype != np.uint8:
        raise UserError(f"{path}: {picture.dtype} pixels; frames must be 8- or 16-bit pictures")
    if picture.ndim == 2:
        picture = picture[:, :, None]
    if picture.ndim != 3:
        raise UserError(f"{path}: holds several pictures; a frame is one")
    if picture.shape[2] < 3:
        picture = np.repeat(picture[:, :, :1], 3, axis=2)
    return np.ascontiguousarray(picture[:, :, :3])


def read_mask(path: Path) -> NDArray[np.bool_]:
    """A mask picture as bool (H, W): set where any colour channel is not 0 (alpha does not count)."""
    if not path.is_file():
        raise UserError(f"{path}: no such mask{nearest_path(path)}")
    try:
        picture = iio.imread(path, plugin="pillow")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UserError(f"{path}: not a readable picture ({_first_line(error)})") from None
    mask: NDArray[np.bool_] = to_rgb8(picture, path).any(axis=2)
    return mask


def _natural(path: Path) -> tuple[list[int | str], str]:
    parts = re.split(r"(\d+)", path.name.lower())
    return [int(part) if part.isdigit() else part for part in parts], path.name


def _first_line(error: BaseException) -> str:
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
