"""Shards: many clips' frames in one tar file, and the index that says where everything lies in it.

A shard is three files. `shard-000000.tar` holds, for every clip, its record `clip-000012.json` (spec, provenance,
licences) and then, frame by frame, the pictures and the measures (`clip-000012.0007.json`). The two Arrow files beside
it follow from the tar alone (`render.dataset.pack`), so they can always be made again:

- `.frames.arrow`, one row a frame: clip, frame, and for every product (`rgb`, `coverage-1`, ...) and `measure` its
  `<column>.offset`, `<column>.size` in bytes and `<column>.crc32`; size 0 where a frame has no such product;
- `.objects.arrow`, one row a target and frame: clip, object id, label, frame, and every attribute of `measure.link`.

Rows are sorted by clip (then object), then frame, without gaps, so that looking up a frame is arithmetic. Both are
memory-mapped: a reader touches the rows it asks for, and of the tar the bytes it asks for.
"""

from __future__ import annotations

import json
import mmap
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Annotated, Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field

from .dataset import tar
from .dataset.provenance import AssetLicence
from .document import Document, UserError
from .frames import framefile
from .products import Member, Product, held

NAME = re.compile(r"shard-[0-9]{6,}(\.[1-9][0-9]*)?")
MEASURE = "measure"
CLIPS_KEY = b"heroprop.clips"


class IndexedClip(Document):
    """What the index says of a clip: labels by object id, the pictures' (width, height) in px (None in an index of an
    earlier version), products on request, whether it is real footage, and where its record lies in the tar."""

    clip: str = Field(pattern=r"^clip-[0-9]{6}$")
    split: str
    frames: int = Field(gt=0)
    labels: dict[int, str]
    picture: tuple[Annotated[int, Field(gt=0)], Annotated[int, Field(gt=0)]] | None = None
    extras: tuple[str, ...] = ()
    real: bool = False
    twin_of: str | None
    licences: tuple[AssetLicence, ...]
    record_offset: int = Field(ge=0)
    record_size: int = Field(gt=0, le=tar.MAX_MEMBER)
    record_crc32: int = Field(ge=0, lt=2**32)


class IndexedClips(Document):
    """The clips of a shard in stored order, as the frames index holds them under CLIPS_KEY in its schema's metadata."""

    clips: tuple[IndexedClip, ...]


def shard_name(group: int, part: int = 0) -> str:
    """`shard-000003`; `shard-000003.1` for the first supplement, with clips of that group that came late."""
    return f"shard-{group:06d}" + (f".{part}" if part else "")


def tar_path(folder: Path, name: str) -> Path:
    return folder / f"{name}.tar"


def frames_path(folder: Path, name: str) -> Path:
    return folder / f"{name}.frames.arrow"


def objects_path(folder: Path, name: str) -> Path:
    return folder / f"{name}.objects.arrow"


def paths(folder: Path, name: str) -> tuple[Path, Path, Path]:
    """A shard's tar, frames index and objects index."""
    return tar_path(folder, name), frames_path(folder, name), objects_path(folder, name)


def columns(object_ids: Sequence[int], extras: Sequence[str] = (), real: bool = False) -> list[str]:
    """The columns that every frame with these targets and `Film.extras` must have, in the order they are stored in."""
    return [*(str(p) if i is None else f"{p}-{i}" for p, i in held(object_ids, extras, real)), MEASURE]


def member_name(clip: str, frame: int, column: str) -> str:
    """Name of the member that holds one column of one frame, e.g. `clip-000012.0007.coverage-1.png`."""
    if column == MEASURE:
        return framefile.measure_name(clip, frame)
    return f"{clip}.{frame:04d}.{_file_name(column)}"


@lru_cache(maxsize=4096)
def _file_name(column: str) -> str:
    """`coverage-1.png`: the part of a member's name that every frame has."""
    product, _, object_id = column.partition("-")
    return str(Member("", 0, Product(product), int(object_id) if object_id else None)).removeprefix(".0000.")


def parse_member(name: str, where: str) -> tuple[str, int | None, str]:
    """Clip, frame and column of a shard's member; frame is None for a clip's record. UserError for any other name."""
    clip, _, rest = name.partition(".")
    number, _, file = rest.partition(".")
    if _CLIP.fullmatch(clip):
        if rest == "json":
            return clip, None, "record"
        if _NUMBER.fullmatch(number) and (column := _column(file)):
            return clip, int(number), column
    raise UserError(f"{where}: '{name}' does not belong in a shard; not made by heroprop")


_CLIP = re.compile(r"clip-[0-9]{6}")
_NUMBER = re.compile(r"[0-9]{4}|[1-9][0-9]{4,}")


@lru_cache(maxsize=4096)
def _column(file: str) -> str | None:
    """The inverse of `_file_name`, also for a frame's measures; None for any other name."""
    if file == "json":
        return MEASURE
    try:
        return Member.parse(f"clip-000000.0000.{file}").column
    except ValueError:
        return None


def load_json(data: bytes, where: str) -> Any:
    """Parse JSON bytes; UserError naming `where` for damaged ones."""
    try:
        return json.loads(data)
    except ValueError:
        raise UserError(f"{where}: not valid JSON; the file is damaged") from None


class Away(Protocol):
    """Where a shard that lies elsewhere is read from: local copies of its indexes, and ranges of its tar."""

    path: str
    frames_path: Path
    objects_path: Path

    def read(self, entry: tar.Entry) -> bytes: ...
    def prefetch(self, entries: Iterable[tar.Entry]) -> None: ...


class Shard:
    """Reads one shard through its index. Safe to use from threads and from forked processes."""

    def __init__(self, folder: Path, name: str, away: Away | None = None) -> None:
        """A shard in `folder`, or `away`. UserError where an index is missing, damaged, or disagrees with itself."""
        self.name = name
        self.path: Path | str
        if away is None:
            self.path, self._frames_path, self._objects_path = paths(folder, name)
            self._member: Callable[[tar.Entry], bytes] = partial(tar.read, self.path)
        else:
            self.path, self._frames_path, self._objects_path = away.path, away.frames_path, away.objects_path
            self._member = away.read
        self._away = away
        self._frames = _Table(self._frames_path)
        self._objects = _Table(self._objects_path)
        stated = self._frames.metadata.get(CLIPS_KEY)
        if stated is None:
            raise UserError(f"{self._frames_path}: not a heroprop index; {_REMAKE}")
        self.clips = {clip.clip: clip for clip in IndexedClips.parse_json(stated, str(self._frames_path)).clips}
        self._first_frame, self._first_object = {}, {}
        frames = objects = 0
        for clip in self.clips.values():
            self._first_frame[clip.clip], self._first_object[clip.clip] = frames, objects
            frames += clip.frames
            objects += clip.frames * len(clip.labels)
        if frames != self._frames.rows or objects != self._objects.rows:
            raise UserError(f"{self._frames_path}: disagrees with itself on the number of rows; {_REMAKE}")

    def locate(self, clip: str, frame: int, column: str) -> tar.Entry:
        """Where one product (or `measure`) of one frame lies in the tar. KeyError for what is not there."""
        if not 0 <= frame < self.clips[clip].frames:
            raise KeyError(f"{clip} has frames 0..{self.clips[clip].frames - 1}, not {frame}")
        row = self._first_frame[clip] + frame
        size = self._number(f"{column}.size", row)
        if size == 0:
            raise KeyError(f"{clip} frame {frame} has no {column}")
        offset = self._number(f"{column}.offset", row)
        name = member_name(clip, frame, column)
        if not 0 < size <= tar.MAX_MEMBER or offset < tar.BLOCK:
            raise UserError(f"{self._frames_path}: impossible place of '{name}'; {_REMAKE}")
        return tar.Entry(name, offset, size)

    def read(self, clip: str, frame: int, column: str) -> bytes:
        """The encoded bytes of one product (or `measure`) of one frame, and only those. UserError if damaged."""
        entry = self.locate(clip, frame, column)
        row = self._first_frame[clip] + frame
        return self._checked(entry, self._number(f"{column}.crc32", row))

    def prefetch(self, clip: str, frames: Iterable[int], columns: Iterable[str]) -> None:
        """Fetch what will be read next in few requests, where the shard lies elsewhere. KeyError as `locate`."""
        if self._away is not None:
            wanted = list(columns)
            self._away.prefetch([self.locate(clip, frame, column) for frame in frames for column in wanted])

    def prefetch_records(self, clips: Iterable[str]) -> None:
        """The same for clips' records."""
        if self._away is not None:
            self._away.prefetch([self._record(clip) for clip in clips])

    def record(self, clip: str) -> dict[str, Any]:
        """The clip's record: `spec`, `provenance`, `licences`."""
        entry = self._record(clip)
        data = self._checked(entry, self.clips[clip].record_crc32)
        found: dict[str, Any] = load_json(data, f"{self.path}: {entry.name}")
        return found

    def _record(self, clip: str) -> tar.Entry:
        known = self.clips[clip]
        return tar.Entry(f"{clip}.json", known.record_offset, known.record_size)

    def attributes(self, clip: str, object_id: int) -> Mapping[str, NDArray[np.generic]]:
        """Every attribute of one target, each an array over the clip's frames; NaN where a number is not defined.

        A column is looked at when it is asked for.
        """
        known = self.clips[clip]
        place = sorted(known.labels).index(object_id)
        start = self._first_object[clip] + place * known.frames
        return _Rows(self._objects, start, start + known.frames)

    def size(self, clip: str) -> int:
        """Bytes of all the clip's products and measures."""
        rows = slice(self._first_frame[clip], self._first_frame[clip] + self.clips[clip].frames)
        return sum(int(self._frames.column(f"{column}.size")[rows].sum()) for column in self.columns)

    def rows(self) -> tuple[list[tuple[str, int]], list[tuple[str, int, int]]]:
        """The keys of both tables as they stand, for checking: (clip, frame) and (clip, object_id, frame)."""
        frames = zip(self._frames.values("clip"), self._frames.values("frame"), strict=True)
        objects = (self._objects.values(name) for name in ("clip", "object_id", "frame"))
        return list(frames), list(zip(*objects, strict=True))

    def _number(self, column: str, row: int) -> int:
        """A whole number of the frames table; UserError for a null, which only damage can put there."""
        values = self._frames.column(column)
        if values.dtype.kind not in "iu":
            raise UserError(f"{self._frames_path}: '{column}' has gaps; {_REMAKE}")
        return int(values[row])

    def _checked(self, entry: tar.Entry, crc: int) -> bytes:
        data = self._member(entry)
        if zlib.crc32(data) != crc:
            raise UserError(f"{self.path}: '{entry.name}' is damaged; 'heroprop verify' says what to do")
        return data

    @property
    def columns(self) -> list[str]:
        """Every column that some frame of this shard has: `rgb`, `coverage-1`, ..., `measure`."""
        return [name.removesuffix(".size") for name in self._frames.names if name.endswith(".size")]


_REMAKE = "remove it and run 'heroprop render' on the dataset again, which makes it anew from the shard"


class _Rows(Mapping[str, NDArray[Any]]):
    """Rows of the measured columns of an objects table, column by column as they are asked for."""

    def __init__(self, table: _Table, start: int, stop: int) -> None:
        self._table, self._rows = table, slice(start, stop)

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name in _KEYS:
            raise KeyError(name)
        return self._table.column(name)[self._rows]

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._table.names if name not in _KEYS)

    def __len__(self) -> int:
        return len(list(iter(self)))


_KEYS = ("clip", "object_id", "label", "frame")


class _Table:
    """A memory-mapped Arrow file of one record batch; numeric columns become NumPy views on first use."""

    def __init__(self, path: Path) -> None:
        try:
            with path.open("rb") as file:  # Arrow's own mapping asks the system to read all of the file ahead
                mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except FileNotFoundError:
            raise UserError(f"{path}: no such file; run 'heroprop render' on the dataset again to make it") from None
        except ValueError:  # it is empty; an OSError (too many open files, a server that is away) says nothing of it
            raise UserError(f"{path}: not a readable index (it is empty); {_REMAKE}") from None
        try:
            reader = pa.ipc.open_file(pa.py_buffer(mapped))
            if reader.num_record_batches != 1:
                raise ValueError(f"{reader.num_record_batches} record batches, not 1")
            self._table = reader.get_batch(0)
            self.names = [str(name) for name in self._table.schema.names]
        except (pa.ArrowException, OSError, ValueError) as error:
            first = str(error).splitlines()[0]
            raise UserError(f"{path}: not a readable index ({first}); {_REMAKE}") from None
        self._path = path
        self._views: dict[str, NDArray[Any]] = {}

    @property
    def rows(self) -> int:
        return int(self._table.num_rows)

    @property
    def metadata(self) -> dict[bytes, bytes]:
        return dict(self._table.schema.metadata or {})

    def column(self, name: str) -> NDArray[Any]:
        """A column as a read-only array; KeyError if there is none."""
        if name not in self._views:
            place = self._table.schema.get_field_index(name)
            if place < 0:
                raise KeyError(f"{self._path.name} has no column {name}")
            cells = self._table.column(place)
            if pa.types.is_boolean(cells.type) and cells.null_count:  # NumPy's truth values have no gaps
                cells = cells.cast(pa.float64())
            view = cells.to_numpy(zero_copy_only=False)
            view.flags.writeable = False
            self._views[name] = view
        return self._views[name]

    def values(self, name: str) -> list[Any]:
        found: list[Any] = self._table.column(name).to_pylist()
        return found
