"""Where frames come from: a video file, a folder of pictures, a camera, or arrays: uint8 RGB (H, W, 3) one by one."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import av
import imageio.v3 as iio
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from render.document import UserError, nearest_path

Frame = NDArray[np.uint8]

PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
DEFAULT_FPS = 24.0
"""For sources that do not say."""

CHUNK = 32
"""Frames of a video that are held at a time when it is read backwards."""

CAMERA = "camera:"
"""`camera:/dev/video0`: a live source by its device; `camera:lavfi:testsrc` names FFmpeg's input format too."""


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

    def backwards(self, last: int) -> Iterator[Frame]:
        """Frames `last`, `last` - 1, …, 0."""
        return iter(self.frames[last::-1])

    def count(self) -> int:
        return len(self.frames)


@dataclass(frozen=True)
class FolderFrames:
    """The pictures of a folder, in natural order (frame 10 after frame 9, padded with zeros or not)."""

    folder: Path
    fps: float = DEFAULT_FPS

    def __iter__(self) -> Iterator[Frame]:
        return map(_picture, self.paths())

    def backwards(self, last: int) -> Iterator[Frame]:
        """Frames `last`, `last` - 1, …, 0."""
        return map(_picture, self.paths()[last::-1])

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
    """A video file, decoded by PyAV (FFmpeg) as it is read, turned upright where the file says that it lies."""

    path: Path
    fps: float
    frames: int | None

    @classmethod
    def open(cls, path: Path) -> VideoFrames:
        """UserError for a file that holds no video."""
        try:
            with av.open(str(path)) as file:
                stream = file.streams.video[0]
                fps = float(stream.average_rate or stream.guessed_rate or DEFAULT_FPS)
                frames = stream.frames or _frames_by_duration(stream.duration, stream.time_base, fps)
                next(file.decode(stream))
        except (OSError, ValueError, IndexError, StopIteration) as error:
            raise UserError(f"{path}: not a video that FFmpeg can read ({_first_line(error)})") from None
        return cls(path, fps, frames)

    def __iter__(self) -> Iterator[Frame]:
        read = 0
        try:
            with av.open(str(self.path)) as file:
                file.streams.video[0].thread_type = "AUTO"
                for picture in file.decode(video=0):
                    read += 1
                    yield _upright(picture)
        except (OSError, ValueError) as error:
            raise UserError(f"{self.path}: damaged after {read} frames ({_first_line(error)})") from None

    def backwards(self, last: int) -> Iterator[Frame]:
        """Frames `last`, `last` - 1, …, 0, a few at a time: memory does not grow with the video.

        UserError for a file whose frames carry no times to seek by, and for a `last` beyond its end.
        """
        times = self._times
        if last >= len(times):
            raise UserError(f"{self.path}: has {len(times)} frames; there is no frame {last}")
        while last >= 0:
            first = max(0, last + 1 - CHUNK)
            yield from reversed(self._between(times, first, last))
            last = first - 1

    def starting(self, first: int) -> Iterator[Frame]:
        """Frames `first`, `first` + 1, …, without decoding those before the nearest key frame."""
        times = self._times
        if first >= len(times):
            return
        try:
            with av.open(str(self.path)) as file:
                stream = file.streams.video[0]
                stream.thread_type = "AUTO"
                file.seek(times[first], stream=stream)
                for picture in file.decode(stream):
                    if picture.pts is not None and picture.pts >= times[first]:
                        yield _upright(picture)
        except (OSError, ValueError) as error:
            raise UserError(f"{self.path}: damaged after frame {first} ({_first_line(error)})") from None

    def count(self) -> int | None:
        return self.frames

    @cached_property
    def _times(self) -> list[int]:
        """When each frame is shown, in the stream's own unit: read from the packets, nothing is decoded."""
        with av.open(str(self.path)) as file:
            packets = list(file.demux(video=0))
        times = sorted({packet.pts for packet in packets if packet.size and packet.pts is not None})
        if len(times) < sum(1 for packet in packets if packet.size):
            raise UserError(
                f"{self.path}: its frames carry no times, so it can't be read backwards; turn it into pictures first"
            )
        return times

    def _between(self, times: list[int], first: int, last: int) -> list[Frame]:
        """Frames `first` to `last`, decoded from the key frame before."""
        wanted = {time: place for place, time in enumerate(times[first : last + 1])}
        found: dict[int, Frame] = {}
        with av.open(str(self.path)) as file:
            stream = file.streams.video[0]
            stream.thread_type = "AUTO"
            file.seek(times[first], stream=stream)
            for picture in file.decode(stream):
                if picture.pts in wanted:
                    found[wanted[picture.pts]] = _upright(picture)
                if len(found) == len(wanted):
                    break
        if len(found) < len(wanted):
            raise UserError(f"{self.path}: damaged between frames {first} and {last}: some can't be decoded backwards")
        return [found[place] for place in range(len(wanted))]


@dataclass(frozen=True)
class CameraFrames:
    """A live source that FFmpeg opens as a device; it ends when the device does, or after `limit` frames."""

    device: str
    kind: str = "v4l2"
    limit: int | None = None
    fps: float = DEFAULT_FPS

    def __iter__(self) -> Iterator[Frame]:
        try:
            with av.open(self.device, format=self.kind) as file:
                for index, picture in enumerate(file.decode(video=0)):
                    if self.limit is not None and index >= self.limit:
                        return
                    yield _upright(picture)
        except (OSError, ValueError) as error:
            raise UserError(f"{CAMERA}{self.device}: no frames from this camera ({_first_line(error)})") from None

    def count(self) -> int | None:
        return self.limit


@dataclass(frozen=True)
class Part:
    """Frames `first` to `last` (included; None: to the end) of another source, which keep their numbers."""

    source: FrameSource
    first: int = 0
    last: int | None = None

    @property
    def fps(self) -> float:
        return self.source.fps

    def __iter__(self) -> Iterator[Frame]:
        rest = (
            self.source.starting(self.first)
            if isinstance(self.source, VideoFrames) and self.first
            else itertools.islice(self.source, self.first, None)
        )
        return itertools.islice(rest, None if self.last is None else self.last + 1 - self.first)

    def backwards(self, last: int) -> Iterator[Frame]:
        """Frames `last`, …, `first`. UserError where the source can only be read forwards."""
        if not isinstance(self.source, VideoFrames | FolderFrames | ArrayFrames):
            raise UserError("a camera can't be read backwards; record it first")
        return itertools.islice(self.source.backwards(last), last + 1 - self.first)

    def count(self) -> int | None:
        known = self.source.count()
        if self.last is not None:
            known = self.last + 1 if known is None else min(known, self.last + 1)
        return None if known is None else max(known - self.first, 0)


def open_frames(path: Path | str) -> FrameSource:
    """The frames of a video file, of a folder of pictures or of a `camera:DEVICE`; UserError for anything else."""
    if str(path).startswith(CAMERA):
        first, _, rest = str(path).removeprefix(CAMERA).partition(":")
        return CameraFrames(rest, first) if rest else CameraFrames(first)
    path = Path(path)
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


def read_picture(path: Path) -> Frame:
    """A picture file as uint8 RGB (H, W, 3); UserError if it is missing or not a picture."""
    if not path.is_file():
        raise UserError(f"{path}: " + ("is a folder" if path.is_dir() else f"no such picture{nearest_path(path)}"))
    return _picture(path)


def read_mask(path: Path) -> NDArray[np.bool_]:
    """A mask picture as bool (H, W): set where any colour channel is not 0 (alpha does not count)."""
    if not path.is_file():
        raise UserError(f"{path}: no such mask{nearest_path(path)}")
    mask: NDArray[np.bool_] = _picture(path).any(axis=2)
    return mask


def _picture(path: Path) -> Frame:
    try:
        return to_rgb8(iio.imread(path, plugin="pillow"), path)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        # imageio's own words for a file of another kind are of no use
        why = "" if "can not handle" in str(error) else f" ({_first_line(error)})"
        raise UserError(f"{path}: not a readable picture{why}") from None


def _upright(picture: av.VideoFrame) -> Frame:
    """A decoded picture as an array, turned by what phones write into a file instead of turning the picture."""
    pixels = picture.to_ndarray(format="rgb24")
    quarters = round(picture.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(pixels, quarters)) if quarters else np.asarray(pixels, np.uint8)


def _frames_by_duration(duration: int | None, unit: Fraction | None, fps: float) -> int | None:
    return round(duration * float(unit) * fps) if duration and unit else None


def _natural(path: Path) -> tuple[list[int | str], str]:
    parts = re.split(r"(\d+)", path.name.lower())
    return [int(part) if part.isdigit() else part for part in parts], path.name


def _first_line(error: BaseException) -> str:
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
