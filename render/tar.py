"""Plain USTAR archives, written reproducibly and read with suspicion.

Only what shards and frame files need: regular files with short names. Nothing is ever extracted to disk.
"""

from __future__ import annotations

import errno
import os
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .document import UserError

BLOCK = 512
RECORD = 20 * BLOCK
MAX_MEMBER = 256 * 2**20
"""No picture or document of a frame is larger than this many bytes."""


@dataclass(frozen=True)
class Entry:
    """A member of a tar file: its bytes are `size` bytes from `offset` on."""

    name: str
    offset: int
    size: int


def write(path: Path, members: Iterable[tuple[str, bytes]], replace: bool = True) -> None:
    """Write a tar file of `(name, bytes)` members: either absent or whole, and equal bytes for equal members.

    Time, owner and mode are fixed (0, 0, 0644). OSError (with the file's name) for a full disk and the like;
    FileExistsError where the file is there already and `replace` is false, however late it came to be there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            for name, data in members:
                file.write(_header(name, len(data)))
                file.write(data)
                file.write(bytes(-len(data) % BLOCK))
            file.write(bytes(2 * BLOCK))
            file.write(bytes(-file.tell() % RECORD))
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        if replace:
            os.replace(temporary, path)
        else:
            _claim(temporary, path)
    except OSError as error:
        Path(temporary).unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(path)) from None
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _claim(temporary: str, path: Path) -> None:
    """Give a finished file its name unless the name is taken: of several writers, on any machine, one wins."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links: its users must not pack one shard twice at a time
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        os.replace(temporary, path)
    else:
        Path(temporary).unlink()


def entries(path: Path) -> list[Entry]:
    """Every member of a tar file, in order.

    UserError for a truncated or damaged archive, and for anything but regular files with plain names (no links, no
    devices, no folders, no absolute names, no `..`), given twice or larger than MAX_MEMBER.
    """
    found: dict[str, Entry] = {}
    for entry in _scan(path):
        if entry.name in found:
            raise UserError(f"{path}: '{entry.name}' is in it twice; the file is damaged")
        found[entry.name] = entry
    return list(found.values())


def read(path: Path, entry: Entry) -> bytes:
    """The bytes of one member; UserError where the file is too short. The file is opened anew for every call, so that
    threads and forked processes never share a file position."""
    try:
        with path.open("rb", buffering=0) as file:
            file.seek(entry.offset)
            data = file.read(entry.size)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    if len(data) != entry.size:
        raise UserError(f"{path}: ends inside '{entry.name}'; the file is truncated")
    return data


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o644
    return info.tobuf(tarfile.USTAR_FORMAT, "ascii", "strict")


def _scan(path: Path) -> Iterator[Entry]:
    try:
        length = path.stat().st_size
        file = path.open("rb")
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    with file:
        while True:
            header = file.read(BLOCK)
            if len(header) < BLOCK:
                raise UserError(f"{path}: ends without an end mark; the file is truncated")
            if not any(header):
                break
            entry = _entry(path, header, file.tell())
            if entry.offset + entry.size > length:
                raise UserError(f"{path}: ends inside '{entry.name}'; the file is truncated")
            yield entry
            file.seek(entry.size + -entry.size % BLOCK, os.SEEK_CUR)
        while rest := file.read(2**16):
            if any(rest):
                raise UserError(f"{path}: holds bytes after its end mark; the file is damaged")


def _entry(path: Path, header: bytes, offset: int) -> Entry:
    try:
        info = tarfile.TarInfo.frombuf(header, "ascii", "strict")
    except (tarfile.HeaderError, UnicodeDecodeError):
        raise UserError(f"{path}: not a tar header at byte {offset - BLOCK}; the file is damaged") from None
    if header[257:263] != b"ustar\0" or info.type not in (tarfile.REGTYPE, tarfile.AREGTYPE):
        raise UserError(f"{path}: '{info.name}' is no regular USTAR file; not made by heroprop")
    if not info.name or "/" in info.name or "\\" in info.name or info.name.startswith("."):
        raise UserError(f"{path}: unsafe member name '{info.name}'; not made by heroprop")
    if not 0 < info.size <= MAX_MEMBER:
        raise UserError(f"{path}: '{info.name}' has {info.size} bytes, outside 1..{MAX_MEMBER}; not made by heroprop")
    return Entry(info.name, offset, info.size)
