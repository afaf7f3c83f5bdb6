"""Locks on files, between processes and, where the file system carries them, between machines.

They keep two workers from doing the same work; that nothing is torn rests on renames and links, never on a lock. A
killed process's locks end with it. On a file system without locks every lock is granted.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from ..document import UserError

LOOK = 0.1
"""Seconds, far longer than a look at a lease takes."""
_TAKEN = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK}


@contextlib.contextmanager
def lock(dataset: Path) -> Iterator[None]:
    """Hold a whole dataset: nobody else renders or indexes it meanwhile. UserError if somebody does."""
    with (dataset / ".lock").open("a+") as file:
        if not _try(file.fileno(), shared=False) and not _again(file.fileno()):
            file.seek(0)
            holder = file.read().strip()
            by = f"by process {holder}" if holder else "by render tasks"
            raise UserError(f"{dataset}: is being rendered {by}; wait for that to end, or stop it")
        file.truncate(0)
        with contextlib.suppress(OSError):  # a courtesy to who waits, not worth failing over on a full disk
            os.write(file.fileno(), str(os.getpid()).encode())
        try:
            yield
        finally:
            file.truncate(0)


@contextlib.contextmanager
def share(dataset: Path) -> Iterator[None]:
    """Hold a dataset together with other tasks; UserError if one process holds all of it."""
    with (dataset / ".lock").open("a+") as file:
        if not _try(file.fileno(), shared=True):
            file.seek(0)
            raise UserError(f"{dataset}: is held by process {file.read().strip()}; wait for it to end, or stop it")
        yield


@contextlib.contextmanager
def lease(path: Path) -> Iterator[bool]:
    """Try to hold `path`, a file made for nothing else; whether it was free."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        yield _try(file.fileno(), shared=False)


def held(path: Path) -> bool:
    """Whether somebody holds a lease, or a whole dataset by its lock file; False on a file system without locks.

    Only looks: whoever tries to take it in that instant tries again.
    """
    try:
        with path.open("r") as file:
            return not _try(file.fileno(), shared=sys.platform != "win32")
    except FileNotFoundError:
        return False


def _again(handle: int) -> bool:
    """Try for all of a dataset once more: the first time somebody may just have been looking (`held`)."""
    time.sleep(LOOK)
    return _try(handle, shared=False)


def _try(handle: int, shared: bool) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            # One byte far behind the end, so that the holder's number stays readable. It knows no shared locks: tasks
            # there share a byte of their own by not locking it.
            if not shared:
                os.lseek(handle, 2**20, os.SEEK_SET)
                msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _TAKEN
    return True
