"""Packing: clips into a shard's tar, and that tar into its index."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from .. import shards
from ..document import UserError, write_atomic
from ..frames import framefile, measure
from ..products import CHANNELS
from . import tar
from .provenance import ClipRecord, RealRecord, Record, parse_record

_ARROW = {int: pa.int64(), float: pa.float64(), bool: pa.bool_()}


def write_tar(folder: Path, name: str, clips: Sequence[tuple[ClipRecord, Path]], replace: bool = True) -> Path:
    """Pack clips, each given as its record and its folder of frame files, into a shard's tar.

    Equal clips give equal bytes: nothing of time, host or order of completion enters. UserError for a bad frame file;
    FileExistsError where the shard is there already and `replace` is false.
    """

    def members() -> Iterator[tuple[str, bytes]]:
        for record, work in clips:
            yield f"{record.spec.clip}.json", record.canonical().encode()
            for frame in range(record.spec.film.frames):
                yield from framefile.read(work, record.spec, frame).items()

    path = shards.tar_path(folder, name)
    tar.write(path, members(), replace)
    return path


def write_index(folder: Path, name: str) -> tuple[shards.IndexedClip, ...]:
    """Make a shard's two index files from its tar (UserError if that is damaged) and say what they hold."""
    path = shards.tar_path(folder, name)
    clips, frame_rows, object_rows = _scan(path)
    used = {column for row in frame_rows for column in row["members"]}
    ids = sorted({i for clip in clips for i in clip.labels})
    kept = [column for column in shards.columns(ids, list(CHANNELS)) if column in used]
    absent = (tar.Entry("", 0, 0), 0)
    frame_columns: dict[str, Any] = {
        "clip": pa.array([row["clip"] for row in frame_rows], pa.string()).dictionary_encode(),
        "frame": pa.array([row["frame"] for row in frame_rows], pa.int32()),
    }
    for column in kept:
        found = [row["members"].get(column, absent) for row in frame_rows]
        frame_columns[f"{column}.offset"] = pa.array([entry.offset for entry, _ in found], pa.int64())
        frame_columns[f"{column}.size"] = pa.array([entry.size for entry, _ in found], pa.int32())
        frame_columns[f"{column}.crc32"] = pa.array([crc for _, crc in found], pa.uint32())
    object_columns: dict[str, Any] = {
        "clip": pa.array([row["clip"] for row in object_rows], pa.string()).dictionary_encode(),
        "object_id": pa.array([row["object_id"] for row in object_rows], pa.int16()),
        "label": pa.array([row["label"] for row in object_rows], pa.string()).dictionary_encode(),
        "frame": pa.array([row["frame"] for row in object_rows], pa.int32()),
    }
    for column, kind in measure.COLUMNS.items():
        object_columns.setdefault(column, pa.array([row[column] for row in object_rows], _ARROW[kind]))
    stated = {shards.CLIPS_KEY: shards.IndexedClips(clips=clips).canonical().encode()}
    # The frames index comes last: where it is there, the whole shard is.
    _write_arrow(shards.objects_path(folder, name), pa.table(object_columns))
    _write_arrow(shards.frames_path(folder, name), pa.table(frame_columns).replace_schema_metadata(stated))
    return clips


def _scan(path: Path) -> tuple[tuple[shards.IndexedClip, ...], list[dict[str, Any]], list[dict[str, Any]]]:
    """Clips, rows of the frames table (`members`: entry and CRC by column) and rows of the objects table of a tar."""
    records: dict[str, tuple[Record, tar.Entry, int]] = {}
    frames: dict[str, dict[int, dict[str, tuple[tar.Entry, int]]]] = {}
    stated: dict[tuple[str, int], bytes] = {}
    for entry, data in tar.members(path):
        clip, frame, column = shards.parse_member(entry.name, str(path))
        by_frame = frames.setdefault(clip, {})
        if frame is None:
            where = f"{path}: {entry.name}"
            records[clip] = (parse_record(shards.load_json(data, where), where), entry, zlib.crc32(data))
        else:
            by_frame.setdefault(frame, {})[column] = (entry, zlib.crc32(data))
            if column == shards.MEASURE:
                stated[clip, frame] = data
    clips, frame_rows, object_rows = [], [], []
    for clip, by_frame in frames.items():
        if clip not in records or records[clip][0].spec.clip != clip:
            raise UserError(f"{path}: lacks '{clip}.json'; the file is damaged")
        record, entry, crc = records[clip]
        labels = {target.object_id: target.label for target in record.spec.targets}
        real = isinstance(record, RealRecord)
        wanted = shards.columns(list(labels), record.spec.film.extras, real)
        measures = []
        for frame in range(record.spec.film.frames):
            for column in wanted:
                if column not in by_frame.get(frame, {}):
                    raise UserError(f"{path}: lacks '{shards.member_name(clip, frame, column)}'; the file is damaged")
            where = f"{path}: {framefile.measure_name(clip, frame)}"
            measures.append(measure.FrameMeasure.parse_json(stated[clip, frame], where))
            frame_rows.append({"clip": clip, "frame": frame, "members": by_frame[frame]})
        rows: list[dict[str, Any]] = measure.link(measures, record.spec.film)
        rows.sort(key=lambda row: (row["object_id"], row["frame"]))
        object_rows += [{"clip": clip, "label": labels[row["object_id"]], **row} for row in rows]
        clips.append(
            shards.IndexedClip(
                clip=clip,
                split=record.spec.split,
                frames=record.spec.film.frames,
                labels=labels,
                picture=(record.spec.film.width, record.spec.film.height),
                extras=record.spec.film.extras,
                real=real,
                twin_of=record.spec.twin_of,
                licences=record.licences,
                record_offset=entry.offset,
                record_size=entry.size,
                record_crc32=crc,
            )
        )
    if not clips:
        raise UserError(f"{path}: holds no clips; the file is damaged")
    return tuple(clips), frame_rows, object_rows


def _write_arrow(path: Path, table: Any) -> None:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks(), max_chunksize=max(1, len(table)))
    write_atomic(path, sink.getvalue().to_pybytes())
