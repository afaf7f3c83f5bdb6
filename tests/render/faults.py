"""Faults, injected into a dataset from outside: nothing here knows how verification works, nor the other way round.

Each fault changes a whole, valid dataset in place; `random` decides where.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import struct
import tarfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image

Fault = Callable[[Path, Random], None]


def tars(dataset: Path) -> list[Path]:
    return sorted((dataset / "shards").glob("*.tar"))


def indexes(dataset: Path) -> list[Path]:
    return sorted((dataset / "shards").glob("*.arrow"))


def members(path: Path) -> list[tarfile.TarInfo]:
    with tarfile.open(path) as archive:
        return archive.getmembers()


def flip(path: Path, offset: int, bit: int) -> None:
    data = bytearray(path.read_bytes())
    data[offset] ^= 1 << bit
    path.write_bytes(data)


def flip_in(kind: str) -> Fault:
    """One bit of one member of a kind (`rgb`, `coverage-1`, ..., `json`: a frame's measures)."""

    def fault(dataset: Path, random: Random) -> None:
        path = random.choice(tars(dataset))
        parts = [info.name.split(".") for info in members(path)]
        wanted = [info for info, part in zip(members(path), parts, strict=True) if len(part) > 2 and part[2] == kind]
        chosen = random.choice(wanted)
        flip(path, chosen.offset_data + random.randrange(chosen.size), random.randrange(8))

    return fault


def flip_record(dataset: Path, random: Random) -> None:
    """One bit of a clip's own record."""
    path = random.choice(tars(dataset))
    chosen = random.choice([info for info in members(path) if info.name.count(".") == 1])
    flip(path, chosen.offset_data + random.randrange(chosen.size), random.randrange(8))


def flip_header(dataset: Path, random: Random) -> None:
    """One bit of a tar header."""
    path = random.choice(tars(dataset))
    chosen = random.choice(members(path))
    flip(path, chosen.offset + random.randrange(300), random.randrange(8))


def flip_index(dataset: Path, random: Random) -> None:
    path = random.choice(indexes(dataset))
    flip(path, random.randrange(path.stat().st_size), random.randrange(8))


def truncate(dataset: Path, random: Random) -> None:
    path = random.choice([*tars(dataset), *indexes(dataset)])
    os.truncate(path, random.randrange(path.stat().st_size))


def grow(dataset: Path, random: Random) -> None:
    path = random.choice([*tars(dataset), *indexes(dataset)])
    with path.open("ab") as file:
        file.write(random.randbytes(random.randrange(1, 2000)))


def lose(dataset: Path, random: Random) -> None:
    random.choice([*tars(dataset), *indexes(dataset)]).unlink()


def lose_shard(dataset: Path, random: Random) -> None:
    name = random.choice(tars(dataset)).stem
    for path in (dataset / "shards").glob(f"{name}.*"):
        path.unlink()


def swap_tars(dataset: Path, random: Random) -> None:
    one, other = random.sample(tars(dataset), 2)
    swap(one, other)


def swap_shards(dataset: Path, random: Random) -> None:
    """Two shards with their indexes, each under the other's name."""
    one, other = random.sample(tars(dataset), 2)
    for end in (".tar", ".frames.arrow", ".objects.arrow"):
        swap(one.with_name(one.stem + end), other.with_name(other.stem + end))


def swap(one: Path, other: Path) -> None:
    between = one.with_name("between")
    one.rename(between)
    other.rename(one)
    between.rename(other)


def stale_index(dataset: Path, random: Random) -> None:
    """An index that was made from another shard."""
    one, other = random.sample(tars(dataset), 2)
    end = random.choice((".frames.arrow", ".objects.arrow"))
    shutil.copyfile(one.with_name(one.stem + end), other.with_name(other.stem + end))


def copy_shard(dataset: Path, random: Random) -> None:
    """A second copy of a shard under a name of its own."""
    one = random.choice(tars(dataset))
    for end in (".tar", ".frames.arrow", ".objects.arrow"):
        shutil.copyfile(one.with_name(one.stem + end), one.with_name("shard-000077" + end))


def link(dataset: Path, random: Random) -> None:
    """A shard that lies outside the dataset, with a link in its place."""
    path = random.choice(tars(dataset))
    outside = dataset.parent / f"outside-{path.name}"
    path.rename(outside)
    path.symlink_to(outside)


def manifest_value(dataset: Path, random: Random) -> None:
    """One number or name of the manifest's shard list changed."""
    path = dataset / "manifest.json"
    told = json.loads(path.read_text())
    shard = random.choice(told["shards"])
    part = shard[random.choice(("tar", "frames_index", "objects_index"))]
    if random.random() < 0.5:
        part["bytes"] += 1
    else:
        part["sha256"] = "0" * 64
    path.write_text(json.dumps(told))


FILE_FAULTS: dict[str, Fault] = {
    **{f"bit of {kind}": flip_in(kind) for kind in ("rgb", "coverage-1", "visible", "amodal-1", "veil", "json")},
    "bit of a clip's record": flip_record,
    "bit of a tar header": flip_header,
    "bit of an index": flip_index,
    "truncated file": truncate,
    "grown file": grow,
    "lost file": lose,
    "lost shard": lose_shard,
    "swapped tars": swap_tars,
    "swapped shards": swap_shards,
    "index of another shard": stale_index,
    "shard there twice": copy_shard,
    "shard behind a link": link,
    "changed manifest": manifest_value,
}
"""Faults of disks, copies and hands."""


# Pictures that are wrong although every hash is right: changes of a frame's members, given as name to bytes. ---------

Content = Callable[[dict[str, bytes], str, int], None]
"""Changes the members of one clip (`clip-000000`) at a frame."""


def black(held: dict[str, bytes], clip: str, frame: int) -> None:
    held[f"{clip}.{frame:04d}.rgb.jpg"] = jpeg(held, clip, frame, 0)


def blown(held: dict[str, bytes], clip: str, frame: int) -> None:
    held[f"{clip}.{frame:04d}.rgb.jpg"] = jpeg(held, clip, frame, 255)


def jpeg(held: dict[str, bytes], clip: str, frame: int, level: int) -> bytes:
    with Image.open(io.BytesIO(held[f"{clip}.{frame:04d}.rgb.jpg"])) as image:
        flat = Image.new("RGB", image.size, (level,) * 3)
    buffer = io.BytesIO()
    flat.save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def frozen(held: dict[str, bytes], clip: str, frame: int) -> None:
    held[f"{clip}.{frame + 1:04d}.rgb.jpg"] = held[f"{clip}.{frame:04d}.rgb.jpg"]


def mask_shifted(held: dict[str, bytes], clip: str, frame: int) -> None:
    """The sharp matte moved sideways, the amodal one left alone."""
    name = f"{clip}.{frame:04d}.visible.png"
    with Image.open(io.BytesIO(held[name])) as image:
        pixels, palette = np.roll(np.asarray(image), 9, axis=1), image.getpalette()
    shifted = Image.fromarray(pixels, "P")
    shifted.putpalette(palette)
    buffer = io.BytesIO()
    shifted.save(buffer, "PNG")
    held[name] = buffer.getvalue()


CONTENT_FAULTS: dict[str, Content] = {
    "black frame": black,
    "blown-out frame": blown,
    "frozen picture": frozen,
    "visible matte out of place": mask_shifted,
}


# Files made to harm: each returns a path that a reader must refuse. ---------------------------------------------------


def hostile_tar(
    path: Path, name: str, kind: bytes = tarfile.REGTYPE, target: str = "", size: int | None = None
) -> Path:
    """A tar with one member: of any name, a link or device, or with a header that claims any size."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, target, 4 if size is None else size
    header = info.tobuf(tarfile.GNU_FORMAT if (size or 0) >= 8**11 else tarfile.USTAR_FORMAT)
    path.write_bytes(header + b"abcd".ljust(512, b"\0") + bytes(1024))
    return path


def png_bomb(width: int = 60_000, height: int = 60_000) -> bytes:
    """A tiny PNG that unpacks to gigabytes."""
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
