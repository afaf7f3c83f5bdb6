"""Assets of known geometry, written as bare glTF files: what the exactness tests render."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

BOX = (0.6, 0.3, 0.4)
"""Sides of the test box along x, y and z, in metres."""

STRENGTH = 0.6
"""Light that the box emits when it is charged; below 1, so that the picture of it does not clip."""

_TOML = """
name = "{name}"
kind = "{kind}"
{extra}
file = "shape.glb"
licence = "CC0-1.0"
author = "tests"
source = "tests"
"""


def write_assets(folder: Path) -> Path:
    """`test-box` (prop, can be charged), `test-slab` (occluder) and `test-floor` (set) below `folder`."""
    charge = f'charge = {{ materials = ["Skin"], strength = {STRENGTH} }}'
    _write(folder / "test-box", "prop", f'label = "box"\nsize = {max(BOX)}\n{charge}', box_corners())
    slab = box_corners() / np.array(BOX) * (0.8, 0.05, 2.0)
    _write(folder / "test-slab", "occluder", "size = 2.0", slab)
    floor = box_corners() / np.array(BOX) * (20.0, 20.0, 0.1) - (0, 0, 0.05)
    _write(folder / "test-floor", "set", "action_box = [[-2.0, -2.0, 0.0], [2.0, 2.0, 3.0]]", floor)
    return folder


def box_corners() -> NDArray[np.float64]:
    """(8, 3) corners of the test box around the origin, in the prop's own frame."""
    signs = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)])
    return signs * np.array(BOX)


_FACES = np.array(
    [[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1], [2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4]]
    + [[1, 5, 7], [1, 7, 3]],
    np.uint16,
)


def _write(folder: Path, kind: str, extra: str, corners_83: NDArray[np.float64]) -> None:
    folder.mkdir(parents=True)
    (folder / "asset.toml").write_text(_TOML.format(name=folder.name, kind=kind, extra=extra))
    (folder / "shape.glb").write_bytes(_glb(corners_83))


def _glb(corners_83: NDArray[np.float64]) -> bytes:
    """A binary glTF with one box; glTF has +Y up, so (x, y, z) here is (x, z, -y) there."""
    points = np.ascontiguousarray(corners_83[:, [0, 2, 1]] * (1, 1, -1), np.float32)
    faces = np.ascontiguousarray(_FACES.ravel())
    data = points.tobytes() + faces.tobytes()
    bounds = {"min": points.min(axis=0).tolist(), "max": points.max(axis=0).tolist()}
    document = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": "Shape"}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1, "material": 0}]}],
        "materials": [{"name": "Skin"}],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 8, "type": "VEC3", **bounds},
            {"bufferView": 1, "componentType": 5123, "count": faces.size, "type": "SCALAR"},
        ],
        "bufferViews": [
            {"buffer": 0, "byteOffset": 0, "byteLength": points.nbytes},
            {"buffer": 0, "byteOffset": points.nbytes, "byteLength": faces.nbytes},
        ],
        "buffers": [{"byteLength": len(data)}],
    }
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    data += b"\0" * (-len(data) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(data), b"BIN\0") + data
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks
