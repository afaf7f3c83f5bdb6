"""The Arrow IPC file format, as far as shard indexes use it, read with the standard library and NumPy alone.

Written after the format's own description (arrow.apache.org/docs/format/Columnar.html and its FlatBuffers schemas), so
that a dataset's indexes are read here by other code than the library that wrote them.
"""

from __future__ import annotations

import struct
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

INT, FLOAT, UTF8, BOOL = 2, 3, 5, 6  # of the union `Type`


class Table:
    """A FlatBuffers table: fields by their number in the schema, 0 or nothing where they are left out."""

    def __init__(self, data: bytes, at: int) -> None:
        self.data, self.at = data, at

    def _place(self, field: int) -> int:
        vtable = self.at - int(struct.unpack_from("<i", self.data, self.at)[0])
        (size,) = struct.unpack_from("<H", self.data, vtable)
        entry = 4 + 2 * field
        offset = struct.unpack_from("<H", self.data, vtable + entry)[0] if entry < size else 0
        return self.at + int(offset) if offset else 0

    def _follow(self, place: int) -> int:
        return place + int(struct.unpack_from("<I", self.data, place)[0])

    def number(self, field: int, kind: str = "<i") -> int:
        place = self._place(field)
        return int(struct.unpack_from(kind, self.data, place)[0]) if place else 0

    def table(self, field: int) -> Table | None:
        place = self._place(field)
        return Table(self.data, self._follow(place)) if place else None

    def text(self, field: int) -> str:
        place = self._place(field)
        if not place:
            return ""
        start = self._follow(place)
        (size,) = struct.unpack_from("<I", self.data, start)
        return self.data[start + 4 : start + 4 + size].decode()

    def tables(self, field: int) -> list[Table]:
        place = self._place(field)
        if not place:
            return []
        start = self._follow(place)
        (count,) = struct.unpack_from("<I", self.data, start)
        return [Table(self.data, self._follow(start + 4 + 4 * i)) for i in range(count)]

    def structs(self, field: int, kind: str) -> list[tuple[int, ...]]:
        place = self._place(field)
        if not place:
            return []
        start, size = self._follow(place), struct.calcsize(kind)
        (count,) = struct.unpack_from("<I", self.data, start)
        return [struct.unpack_from(kind, self.data, start + 4 + size * i) for i in range(count)]


def read(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """The columns of a file with one record batch, and its schema's metadata.

    Integers and floats come as they are stored; a column with nulls as float64 with NaN; strings and booleans with
    nulls as objects with None.
    """
    data = path.read_bytes()
    if data[:6] != b"ARROW1" or data[-6:] != b"ARROW1":
        raise ValueError(f"{path}: no Arrow file")
    (size,) = struct.unpack_from("<i", data, len(data) - 10)
    footer_bytes = data[len(data) - 10 - size : len(data) - 10]
    footer = Table(footer_bytes, struct.unpack_from("<I", footer_bytes)[0])
    schema = footer.table(1)
    assert schema is not None
    fields = schema.tables(1)
    dictionaries = {}
    for block in footer.structs(2, "<qixxxxq"):
        message, body = _message(data, block)
        values = message.table(1)
        assert values is not None
        field = next(f for f in fields if (coded := f.table(4)) and coded.number(0, "<q") == message.number(0, "<q"))
        dictionaries[message.number(0, "<q")] = _columns([field], values, body, {})[0]
    batches = footer.structs(3, "<qixxxxq")
    if len(batches) != 1:
        raise ValueError(f"{path}: {len(batches)} record batches")
    message, body = _message(data, batches[0])
    columns = _columns(fields, message, body, dictionaries)
    metadata = {pair.text(0): pair.text(1) for pair in schema.tables(2)}
    return {field.text(0): column for field, column in zip(fields, columns, strict=True)}, metadata


def _message(data: bytes, block: tuple[int, ...]) -> tuple[Table, bytes]:
    """The header of an encapsulated message, and its body."""
    offset, metadata_size, body_size = block
    mark, _ = struct.unpack_from("<Ii", data, offset)
    start = offset + (8 if mark == 0xFFFFFFFF else 4)
    metadata = data[start : offset + metadata_size]
    header = Table(metadata, struct.unpack_from("<I", metadata)[0]).table(2)
    assert header is not None
    body = offset + metadata_size
    return header, data[body : body + body_size]


def _columns(
    fields: list[Table], batch: Table, body: bytes, dictionaries: dict[int, NDArray[Any]]
) -> list[NDArray[Any]]:
    """A record batch's columns; the values of dictionaries themselves, where `dictionaries` is empty."""
    if batch.table(3) is not None:
        raise ValueError("compressed buffers")
    nodes = batch.structs(1, "<qq")
    buffers = iter([body[offset : offset + size] for offset, size in batch.structs(2, "<qq")])
    columns = []
    for field, (length, nulls) in zip(fields, nodes, strict=True):
        valid = np.ones(length, bool)
        bits = next(buffers)
        if nulls:
            valid = np.unpackbits(np.frombuffer(bits, np.uint8), bitorder="little")[:length].astype(bool)
        coded = field.table(4) if dictionaries else None
        if coded is not None:
            keys = np.frombuffer(next(buffers), _integer(coded.table(1)))[:length]
            column = dictionaries[coded.number(0, "<q")][np.where(valid, keys, 0)].astype(object)
            column[~valid] = None
        else:
            column = _values(field, length, valid, buffers)
        columns.append(column)
    return columns


def _integer(kind: Table | None) -> str:
    """NumPy's name of an integer type; absent, that of dictionary keys, is int32."""
    return f"<{'i' if kind.number(1, '<B') else 'u'}{kind.number(0) // 8}" if kind else "<i4"


def _values(field: Table, length: int, valid: NDArray[np.bool_], buffers: Any) -> NDArray[Any]:
    kind, told = field.number(2, "<B"), field.table(3)
    if kind == BOOL:
        column = np.unpackbits(np.frombuffer(next(buffers), np.uint8), bitorder="little")[:length].astype(bool)
        return column if valid.all() else np.where(valid, column, None)  # type: ignore[arg-type]
    if kind == UTF8:
        offsets, text = np.frombuffer(next(buffers), "<i4"), next(buffers)
        pairs = pairwise(offsets[: length + 1])
        return np.array([text[a:b].decode() for a, b in pairs], object)
    if kind == INT:
        column = np.frombuffer(next(buffers), _integer(told))[:length]
    elif kind == FLOAT:
        assert told is not None
        column = np.frombuffer(next(buffers), f"<f{2 << told.number(0, '<h')}")[:length]
    else:
        raise ValueError(f"{field.text(0)}: values of type {kind}")
    return column if valid.all() else np.where(valid, column, np.nan)
