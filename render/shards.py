"""Shards: many clips' frames in one tar file, and the index that says where everything lies in it.

A shard is three files. `shard-000000.tar` holds, for every clip, its record `clip-000012.json` (spec, provenance,
licences) and then, frame by frame, the pictures and the measures (`clip-000012.0007.json`). The two Arrow files beside
it follow from the tar alone (`write_index`), so they can always be made again:

- `.frames.arrow`, one row a frame: clip, frame, and `<column>.offset` / `<column>.size` in bytes for every product
  (`rgb`, `coverage-1`, ...) and `measure`; size 0 where a frame has no such product;
- `.objects.arrow`, one row a target and frame: clip, object id, label, frame, and every attribute of `measure.link`.

Rows are sorted by clip (then object), then frame, without gaps, so that looking up a frame is arithmetic. Both are
memory-mapped: a reader touches the rows it asks for, and of the tar the bytes it asks for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field

from . import framefile, measure, tar
from .document import Document, UserError, write_atomic
from .products import Member, Product
from .provenance import AssetLicence, ClipRecord

NAME = re.compile(r"shard-\d{6,}(\.[1-9]\d*)?")
MEASURE = "measure"
_CLIPS_KEY = b"heroprop.clips"
_ARROW = {int: pa.int64(), float: pa.float64(), bool: pa.bool_()}


class IndexedClip(Document):
    """What the index says of a clip: its labels by object id, and where its record lies in the tar."""

    clip: str = Field(pattern=r"^clip-[0-9]{6}$")
    split: str
    frames: int = Field(gt=0)
    labels: dict[int, str]
    twin_of: str | None
    licences: tuple[AssetLicence, ...]
    record_offset: int = Field(ge=0)
    record_size: int = Field(gt=0, le=tar.MAX_MEMBER)


class _Clips(Document):
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


def columns(object_ids: Sequence[int]) -> list[str]:
    """The columns that every frame with these targets must have, in the order in which they are stored."""
    found = []
    for product in Product:
        found += [f"{product}-{i}" for i in sorted(object_ids)] if product.per_object else [str(product)]
    return [*found, MEASURE]


def member_name(clip: str, frame: int, column: str) -> str:
    """Name of the member that holds one column of one frame, e.g. `clip-000012.0007.coverage-1.png`."""
    if column == MEASURE:
        return framefile.measure_name(clip, frame)
    product, _, object_id = column.partition("-")
    return str(Member(clip, frame, Product(product), int(object_id) if object_id else None))


# Writing -------------------------------------------------------------------------------------------------------------


def write_tar(folder: Path, name: str, clips: Sequence[tuple[ClipRecord, Path]]) -> Path:
    """Pack clips, each given as its record and its folder of frame files, into a shard's tar.

    Equal clips give equal bytes: nothing of time, host or order of completion enters. UserError for a bad frame file.
    """

    def members() -> Iterator[tuple[str, bytes]]:
        for record, work in clips:
            yield f"{record.spec.clip}.json", record.canonical().encode()
            for frame in range(record.spec.film.frames):
                yield from framefile.read(work, record.spec, frame).items()

    path = tar_path(folder, name)
    tar.write(path, members())
    return path


def write_index(folder: Path, name: str) -> tuple[IndexedClip, ...]:
    """Make a shard's two index files from its tar (UserError if that is damaged) and say what they hold."""
    path = tar_path(folder, name)
    clips, frame_rows, object_rows = _scan(path)
    used = {column for row in frame_rows for column in row["members"]}
    ids = sorted({i for clip in clips for i in clip.labels})
    kept = [column for column in columns(ids) if column in used]
    absent = tar.Entry("", 0, 0)
    frame_columns: dict[str, Any] = {
        "clip": pa.array([row["clip"] for row in frame_rows], pa.string()).dictionary_encode(),
        "frame": pa.array([row["frame"] for row in frame_rows], pa.int32()),
    }
    for column in kept:
        found = [row["members"].get(column, absent) for row in frame_rows]
        frame_columns[f"{column}.offset"] = pa.array([entry.offset for entry in found], pa.int64())
        frame_columns[f"{column}.size"] = pa.array([entry.size for entry in found], pa.int32())
    object_columns: dict[str, Any] = {
        "clip": pa.array([row["clip"] for row in object_rows], pa.string()).dictionary_encode(),
        "object_id": pa.array([row["object_id"] for row in object_rows], pa.int16()),
        "label": pa.array([row["label"] for row in object_rows], pa.string()).dictionary_encode(),
        "frame": pa.array([row["frame"] for row in object_rows], pa.int32()),
    }
    for column, kind in measure.COLUMNS.items():
        object_columns.setdefault(column, pa.array([row[column] for row in object_rows], _ARROW[kind]))
    stated = {_CLIPS_KEY: _Clips(clips=clips).canonical().encode()}
    # The frames index comes last: where it is there, the whole shard is.
    _write_arrow(objects_path(folder, name), pa.table(object_columns))
    _write_arrow(frames_path(folder, name), pa.table(frame_columns).replace_schema_metadata(stated))
    return clips


def _scan(path: Path) -> tuple[tuple[IndexedClip, ...], list[dict[str, Any]], list[dict[str, Any]]]:
    """Clips, rows of the frames table (with `members`: column to tar entry) and rows of the objects table of a tar."""
    records: dict[str, tuple[ClipRecord, tar.Entry]] = {}
    frames: dict[str, dict[int, dict[str, tar.Entry]]] = {}
    for entry in tar.entries(path):
        clip, frame, column = parse_member(entry.name, str(path))
        if frame is None:
            record = ClipRecord.parse(load_json(tar.read(path, entry), f"{path}: {entry.name}"), f"{path}: {clip}.json")
            records[clip] = (record, entry)
        frames.setdefault(clip, {})
        if frame is not None:
            frames[clip].setdefault(frame, {})[column] = entry
    clips, frame_rows, object_rows = [], [], []
    for clip, by_frame in frames.items():
        if clip not in records:
            raise UserError(f"{path}: lacks '{clip}.json'; the file is damaged")
        record, entry = records[clip]
        labels = {target.object_id: target.label for target in record.spec.targets}
        wanted = columns(list(labels))
        measures = []
        for frame in range(record.spec.film.frames):
            for column in wanted:
                if column not in by_frame.get(frame, {}):
                    raise UserError(f"{path}: lacks '{member_name(clip, frame, column)}'; the file is damaged")
            data = tar.read(path, by_frame[frame][MEASURE])
            where = f"{path}: {framefile.measure_name(clip, frame)}"
            measures.append(measure.FrameMeasure.parse(load_json(data, where), where))
            frame_rows.append({"clip": clip, "frame": frame, "members": by_frame[frame]})
        rows: list[dict[str, Any]] = measure.link(measures, record.spec.film)
        rows.sort(key=lambda row: (row["object_id"], row["frame"]))
        object_rows += [{"clip": clip, "label": labels[row["object_id"]], **row} for row in rows]
        clips.append(
            IndexedClip(
                clip=clip,
                split=record.spec.split,
                frames=record.spec.film.frames,
                labels=labels,
                twin_of=record.spec.twin_of,
                licences=record.licences,
                record_offset=entry.offset,
                record_size=entry.size,
            )
        )
    if not clips:
        raise UserError(f"{path}: holds no clips; the file is damaged")
    return tuple(clips), frame_rows, object_rows


def parse_member(name: str, where: str) -> tuple[str, int | None, str]:
    """Clip, frame and column of a shard's member; frame is None for a clip's record. UserError for any other name."""
    if match := re.fullmatch(r"(clip-\d{6})(?:\.(\d{4,}))?\.json", name):
        return match[1], int(match[2]) if match[2] else None, MEASURE if match[2] else "record"
    try:
        member = Member.parse(name)
    except ValueError:
        raise UserError(f"{where}: '{name}' does not belong in a shard; not made by heroprop") from None
    return member.clip, member.frame, member.column


def load_json(data: bytes, where: str) -> Any:
    """Parse JSON bytes; UserError naming `where` for damaged ones."""
    try:
        return json.loads(data)
    except ValueError:
        raise UserError(f"{where}: not valid JSON; the file is damaged") from None


def _write_arrow(path: Path, table: Any) -> None:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks(), max_chunksize=max(1, len(table)))
    write_atomic(path, sink.getvalue().to_pybytes())


# Reading -------------------------------------------------------------------------------------------------------------


class Shard:
    """Reads one shard through its index. Safe to use from threads and from forked processes."""

    def __init__(self, folder: Path, name: str) -> None:
        """UserError where an index file is missing, damaged, or disagrees with itself."""
        self.name = name
        self.path, self._frames_path, self._objects_path = paths(folder, name)
        self._frames = _Table(self._frames_path)
        self._objects = _Table(self._objects_path)
        stated = self._frames.metadata.get(_CLIPS_KEY)
        if stated is None:
            raise UserError(f"{self._frames_path}: not a heroprop index; {_REMAKE}")
        where = str(self._frames_path)
        self.clips = {clip.clip: clip for clip in _Clips.parse(load_json(stated, where), where).clips}
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
        size = int(self._frames.column(f"{column}.size")[row])
        if size == 0:
            raise KeyError(f"{clip} frame {frame} has no {column}")
        offset = int(self._frames.column(f"{column}.offset")[row])
        name = member_name(clip, frame, column)
        if not 0 < size <= tar.MAX_MEMBER or offset < tar.BLOCK:
            raise UserError(f"{self._frames_path}: impossible place of '{name}'; {_REMAKE}")
        return tar.Entry(name, offset, size)

    def read(self, clip: str, frame: int, column: str) -> bytes:
        """The encoded bytes of one product (or `measure`) of one frame, and only those."""
        return tar.read(self.path, self.locate(clip, frame, column))

    def record(self, clip: str) -> dict[str, Any]:
        """The clip's record: `spec`, `provenance`, `licences`."""
        known = self.clips[clip]
        entry = tar.Entry(f"{clip}.json", known.record_offset, known.record_size)
        found: dict[str, Any] = load_json(tar.read(self.path, entry), f"{self.path}: {entry.name}")
        return found

    def attributes(self, clip: str, object_id: int) -> dict[str, NDArray[np.generic]]:
        """Every attribute of one target, each an array over the clip's frames; NaN where a number is not defined."""
        known = self.clips[clip]
        place = sorted(known.labels).index(object_id)
        start = self._first_object[clip] + place * known.frames
        names = [name for name in self._objects.names if name not in ("clip", "object_id", "label", "frame")]
        return {name: self._objects.column(name)[start : start + known.frames] for name in names}

    def rows(self) -> tuple[list[tuple[str, int]], list[tuple[str, int, int]]]:
        """The keys of both tables as they stand, for checking: (clip, frame) and (clip, object_id, frame)."""
        frames = zip(self._frames.values("clip"), self._frames.values("frame"), strict=True)
        objects = (self._objects.values(name) for name in ("clip", "object_id", "frame"))
        return list(frames), list(zip(*objects, strict=True))

    @property
    def columns(self) -> list[str]:
        """Every column that some frame of this shard has: `rgb`, `coverage-1`, ..., `measure`."""
        return [name.removesuffix(".size") for name in self._frames.names if name.endswith(".size")]


_REMAKE = "remove it and run 'heroprop render' on the dataset again, which makes it anew from the shard"


class _Table:
    """A memory-mapped Arrow file of one record batch; numeric columns become NumPy views on first use."""

    def __init__(self, path: Path) -> None:
        try:
            self._table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
        except FileNotFoundError:
            raise UserError(f"{path}: no such file; run 'heroprop render' on the dataset again to make it") from None
        except (pa.ArrowException, OSError, ValueError) as error:
            first = str(error).splitlines()[0]
            raise UserError(f"{path}: not a readable index ({first}); {_REMAKE}") from None
        self._path = path
        self._views: dict[str, NDArray[Any]] = {}

    @property
    def rows(self) -> int:
        return int(self._table.num_rows)

    @cached_property
    def names(self) -> list[str]:
        return [str(name) for name in self._table.column_names]

    @property
    def metadata(self) -> dict[bytes, bytes]:
        return dict(self._table.schema.metadata or {})

    def column(self, name: str) -> NDArray[Any]:
        """A column as a read-only array; KeyError if there is none."""
        if name not in self._views:
            if name not in self.names:
                raise KeyError(f"{self._path.name} has no column {name}")
            view = self._table.column(name).to_numpy()
            view.flags.writeable = False
            self._views[name] = view
        return self._views[name]

    def values(self, name: str) -> list[Any]:
        found: list[Any] = self._table.column(name).to_pylist()
        return found
