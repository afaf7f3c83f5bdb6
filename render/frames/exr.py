"""Half-float OpenEXR pictures in memory: single part, scan lines, ZIP compression, as any compositor opens them.

The format is that of the OpenEXR project's "OpenEXR File Layout"; equal pictures give equal bytes, and reading checks
every number of a file before it trusts it. NumPy alone, so that a machine that trains needs no OpenEXR library.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Halves = NDArray[np.float16]

_MAGIC = struct.pack("<II", 20000630, 2)
_ROWS = 16
"""Scan lines of one ZIP block."""
_HALF, _ZIP = 1, 3
LARGEST = 8192
"""Greatest width and height that is read."""


def encode(picture: NDArray[np.generic], channels: Sequence[str]) -> bytes:
    """float (H, W, C) as the bytes of an EXR with half-float `channels`, in the picture's order.

    Numbers beyond a half's range become infinite, as NumPy rounds them.
    """
    height, width, depth = picture.shape
    if depth != len(channels) or len(set(channels)) != depth:
        raise ValueError(f"{depth} planes for the channels {list(channels)}")
    order = sorted(range(depth), key=lambda i: channels[i])  # the format stores channels by name
    with np.errstate(over="ignore"):
        lines_HCW = np.ascontiguousarray(picture.astype("<f2").transpose(0, 2, 1)[:, order])
    blocks = [_block(y, lines_HCW[y : y + _ROWS].tobytes()) for y in range(0, height, _ROWS)]
    header = _header(width, height, [channels[i] for i in order])
    first = len(header) + 8 * len(blocks)
    places = first + np.cumsum([0, *(len(block) for block in blocks[:-1])])
    return b"".join([header, places.astype("<u8").tobytes(), *blocks])


def decode(data: bytes, channels: Sequence[str]) -> Halves:
    """The inverse of `encode`: float16 (H, W, C). ValueError for bytes that are no such picture."""
    try:
        return _decode(data, channels)
    except (struct.error, zlib.error, IndexError, UnicodeDecodeError) as error:
        raise ValueError(f"not a whole EXR: {error}") from None


def _decode(data: bytes, channels: Sequence[str]) -> Halves:
    attributes, at = _attributes(data)
    box = struct.unpack("<4i", attributes["dataWindow"])
    width, height = box[2] - box[0] + 1, box[3] - box[1] + 1
    order = sorted(channels)
    if not (0 < width <= LARGEST and 0 < height <= LARGEST):
        raise ValueError(f"{width} x {height} pixels")
    if attributes["compression"] != bytes([_ZIP]) or attributes["channels"] != _channel_list(order):
        raise ValueError(f"not ZIP-compressed half-float channels {order}")
    lines_HCW = np.empty((height, len(order), width), "<f2")
    count = -(-height // _ROWS)
    for y, place in zip(range(0, height, _ROWS), struct.unpack_from(f"<{count}Q", data, at), strict=True):
        if place + 8 > len(data):
            raise ValueError(f"row {y} lies beyond the end")
        row, size = struct.unpack_from("<ii", data, place)
        lines = lines_HCW[y : y + _ROWS]
        packed = data[place + 8 : place + 8 + size]
        if row - box[1] != y or size < 0 or len(packed) != size:
            raise ValueError(f"row {y} is not where it should be")
        lines[:] = np.frombuffer(_unpacked(packed, lines.nbytes), "<f2").reshape(lines.shape)
    return np.ascontiguousarray(lines_HCW[:, [order.index(name) for name in channels]].transpose(0, 2, 1))


def _attributes(data: bytes) -> tuple[dict[str, bytes], int]:
    """The header's attributes by name, and where the table of places begins."""
    if data[:8] != _MAGIC:
        raise ValueError("not an EXR")
    found: dict[str, bytes] = {"dataWindow": b"", "compression": b"", "channels": b""}
    at = 8
    while data[at] != 0:
        end = data.index(0, at)
        kind = data.index(0, end + 1)
        (size,) = struct.unpack_from("<i", data, kind + 1)
        if not 0 <= size <= len(data):
            raise ValueError("an attribute of impossible size")
        found[data[at:end].decode("ascii")] = data[kind + 5 : kind + 5 + size]
        at = kind + 5 + size
    return found, at + 1


def _header(width: int, height: int, channels: Sequence[str]) -> bytes:
    window = struct.pack("<4i", 0, 0, width - 1, height - 1)
    attributes = [
        ("channels", "chlist", _channel_list(channels)),
        ("compression", "compression", bytes([_ZIP])),
        ("dataWindow", "box2i", window),
        ("displayWindow", "box2i", window),
        ("lineOrder", "lineOrder", bytes(1)),
        ("pixelAspectRatio", "float", struct.pack("<f", 1.0)),
        ("screenWindowCenter", "v2f", struct.pack("<2f", 0.0, 0.0)),
        ("screenWindowWidth", "float", struct.pack("<f", 1.0)),
    ]
    written = [f"{name}\0{kind}\0".encode() + struct.pack("<i", len(value)) + value for name, kind, value in attributes]
    return b"".join([_MAGIC, *written, b"\0"])


def _channel_list(channels: Sequence[str]) -> bytes:
    return b"".join(f"{name}\0".encode() + struct.pack("<iiii", _HALF, 0, 1, 1) for name in channels) + b"\0"


def _block(row: int, raw: bytes) -> bytes:
    """One compressed block: halves of bytes apart, differences of neighbours, deflate; or as it is, if that is less."""
    apart = np.frombuffer(raw, np.uint8).reshape(-1, 2).T.ravel()
    steps = np.concatenate([apart[:1], apart[1:] - apart[:-1] + np.uint8(128)])
    packed = zlib.compress(steps.tobytes(), 4)
    payload = packed if len(packed) < len(raw) else raw
    return struct.pack("<ii", row, len(payload)) + payload


def _unpacked(packed: bytes, size: int) -> bytes:
    if len(packed) == size:
        return packed
    inflater = zlib.decompressobj()
    steps = np.frombuffer(inflater.decompress(packed, size), np.uint8)
    if len(steps) != size or not inflater.eof:
        raise ValueError("a block of another size than its rows")
    apart = np.cumsum(np.concatenate([steps[:1], steps[1:] - np.uint8(128)]), dtype=np.uint8)
    return apart.reshape(2, -1).T.tobytes()
