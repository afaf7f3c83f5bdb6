"""Plain USTAR archives, written reproducibly and read with suspicion.

Only what shards and frame files need: regular files with short names. Nothing is ever extracted to disk.
"""

from __future__ import annotations

import contextlib
import errno
import os
import tarfile
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ..document import UserError, scratch_name

BLOCK = 512
RECORD = 20 * BLOCK
SYNC = 2**24
"""After so many bytes what was written is sent to the disk, while the next are written."""
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
    temporary = scratch_name(path)
    try:
        with temporary.open("xb") as file, ThreadPoolExecutor(1) as disk:
            synced, waited = 0, list[Future[None]]()
            for name, data in members:
                file.write(_header(name, len(data)))
                file.write(data)
                file.write(bytes(-len(data) % BLOCK))
                if file.tell() - synced > SYNC:
                    synced = file.tell()
                    file.flush()
                    waited.append(disk.submit(os.fsync, file.fileno()))
            for one in waited:
                one.result()  # an error is told to one call alone
            file.write(bytes(2 * BLOCK))
            file.write(bytes(-file.tell() % RECORD))
            file.flush()
            os.fsync(file.fileno())
        if replace:
            os.replace(temporary, path)
        else:
            _claim(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):  # where nothing can be written, nothing can be removed either
            temporary.unlink()
        raise OSError(error.errno, error.strerror, str(path)) from None
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _claim(temporary: Path, path: Path) -> None:
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
        temporary.unlink()


def entries(path: Path) -> list[Entry]:
    """Every member of a tar file, in order.

    UserError for a truncated or damaged archive, and for anything but regular files with plain names (no links, no
    devices, no folders, no absolute names, no `..`), given twice or larger than MAX_MEMBER.
    """
    return [entry for entry, _ in _scan(path, contents=False)]


def members(path: Path) -> Iterator[tuple[Entry, bytes]]:
    """Every member of a tar file with its bytes, in order, in one pass through the file. UserError as `entries`."""
    return _scan(path, contents=True)


def read(path: Path, entry: Entry) -> bytes:
    """The bytes of one member; UserError where the file is too short. The file is opened anew for every call, so that
    threads and forked processes never share a file position."""
    try:
        with path.open("rb", buffering=0) as file:
            file.seek(entry.offset)
            data = file.read(entry.size)
            while len(data) < entry.size and (more := file.read(entry.size - len(data))):  # one call may give less
                data += more
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    if len(data) != entry.size:
        raise UserError(f"{path}: ends inside '{entry.name}'; the file is truncated")
    return data


def _header(name: str, size: int) -> bytes:
    """A member's header, byte for byte what `tarfile` makes of it, many times faster."""
    stored, length = name.encode("ascii"), b"%011o" % size
    if not 0 < len(stored) <= 100 or len(length) != 11:
        raise ValueError(f"'{name}' of {size} bytes: does not fit a tar file")
    total = b"%06o" % (_BLANK_SUM + sum(stored) + sum(length))
    return b"".join((stored.ljust(100, b"\0"), _BLANK[100:124], length, _BLANK[135:148], total, _BLANK[154:]))


def _blank() -> bytes:
    info = tarfile.TarInfo("")
    info.mode = 0o644
    return info.tobuf(tarfile.USTAR_FORMAT, "ascii", "strict")


_BLANK = _blank()
_BLANK_SUM = int(_BLANK[148:154], 8) - sum(_BLANK[124:135])
"""The checksum of a header without name and size."""
_END = bytes(BLOCK)


def _scan(path: Path, contents: bool) -> Iterator[tuple[Entry, bytes]]:
    """Every member, in order, with its bytes or, where `contents` are not wanted, with none."""
    try:
        length = path.stat().st_size
        file = path.open("rb")
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    seen: set[str] = set()
    offset, data = BLOCK, b""
    with file:
        while (header := file.read(BLOCK)) != _END:
            if len(header) < BLOCK:
                raise UserError(f"{path}: ends without an end mark; the file is truncated")
            entry = _entry(path, header, offset)
            if entry.name in seen:
                raise UserError(f"{path}: '{entry.name}' is in it twice; the file is damaged")
            seen.add(entry.name)
            if offset + entry.size > length:
                raise UserError(f"{path}: ends inside '{entry.name}'; the file is truncated")
            if contents:
                data = file.read(entry.size)
                if len(data) != entry.size:  # cut short since it was opened
                    raise UserError(f"{path}: ends inside '{entry.name}'; the file is truncated")
            yield entry, data
            padding = -entry.size % BLOCK
            file.seek(padding if contents else entry.size + padding, os.SEEK_CUR)
            offset += entry.size + padding + BLOCK
        while rest := file.read(2**16):
            if rest != bytes(len(rest)):
                raise UserError(f"{path}: holds bytes after its end mark; the file is damaged")


def _entry(path: Path, header: bytes, offset: int) -> Entry:
    """The member that a header speaks of; UserError for any that this program does not write."""
    try:
        name, size = header[:100].partition(b"\0")[0].decode("ascii"), int(header[124:135], 8)
        ours = header == _header(name, size)
    except ValueError:
        ours = False
    if not ours:  # of another writer, or damaged
        name, size = _looked_at(path, header, offset)
    if not name or "/" in name or "\\" in name or name.startswith("."):
        raise UserError(f"{path}: unsafe member name '{name}'; not made by heroprop")
    if not 0 < size <= MAX_MEMBER:
        raise UserError(f"{path}: '{name}' has {size} bytes, outside 1..{MAX_MEMBER}; not made by heroprop")
    return Entry(name, offset, size)


def _looked_at(path: Path, header: bytes, offset: int) -> tuple[str, int]:
    """Name and size in the header of any regular USTAR file."""
    try:
        info = tarfile.TarInfo.frombuf(header, "ascii", "strict")
    except (tarfile.HeaderError, UnicodeDecodeError):
        raise UserError(f"{path}: not a tar header at byte {offset - BLOCK}; the file is damaged") from None
    if header[257:263] != b"ustar\0" or info.type not in (tarfile.REGTYPE, tarfile.AREGTYPE):
        raise UserError(f"{path}: '{info.name}' is no regular USTAR file; not made by heroprop")
    return info.name, info.size
