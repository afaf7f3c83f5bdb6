"""A shard at a URL: its indexes are kept here, by their hash; of its tar only what is asked for is fetched."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from ..dataset import tar
from ..document import UserError
from .place import Remote

FOLDER = "shards"
GAP = 2**16
"""Members less than this many bytes apart are fetched at once: to ask again takes longer than to read on."""
SPAN = 32 * 2**20
"""No more than this many bytes are asked for at once."""
REQUESTS = 8
"""Ranges that are fetched at a time."""
MAX_INDEX = 2**30


def cache_folder() -> Path:
    """Where indexes are kept, each under its SHA-256: `HEROPROP_CACHE`, else the user's cache folder."""
    given = os.environ.get("HEROPROP_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "heroprop"
    return (Path(given) if given else base) / "indexes"


class Stated(Protocol):
    """Size and SHA-256 of a file, as a manifest states them."""

    @property
    def bytes(self) -> int: ...
    @property
    def sha256(self) -> str: ...


class RemoteShard:
    """Where `shards.Shard` gets a remote shard's indexes and members from. Threads may share one; so may forks."""

    def __init__(self, remote: Remote, name: str, tar_bytes: int, frames: Stated, objects: Stated) -> None:
        self.remote, self.name, self.bytes = remote, f"{FOLDER}/{name}.tar", tar_bytes
        self.path = f"{remote}/{self.name}"
        self.frames_path = _cached(remote, f"{FOLDER}/{name}.frames.arrow", frames)
        self.objects_path = _cached(remote, f"{FOLDER}/{name}.objects.arrow", objects)
        self._checked, self._recent = False, remote.recent

    def read(self, entry: tar.Entry) -> bytes:
        """The bytes of one member; UserError where it cannot lie in the tar, or where something else comes."""
        found = self._recent.get((self.path, entry.offset), entry.size)
        if found is None:
            self._check()
            self._inside(entry)
            found = self.remote.read(self.name, entry.offset, entry.size)
            self._recent.put((self.path, entry.offset), found)
        return found

    def prefetch(self, entries: Iterable[tar.Entry]) -> None:
        """Fetch members that will be read next, several at a time, neighbours in one request."""
        due = {e.offset: e for e in entries if self._recent.get((self.path, e.offset), e.size) is None}
        if not due:
            return
        self._check()
        for entry in due.values():
            self._inside(entry)
        spans = list(_spans(sorted(due.values(), key=lambda e: e.offset)))
        with ThreadPoolExecutor(min(REQUESTS, len(spans))) as pool:
            for span, data in zip(spans, pool.map(self._span, spans), strict=True):
                for entry in span:
                    start = entry.offset - span[0].offset
                    self._recent.put((self.path, entry.offset), data[start : start + entry.size])

    def _span(self, span: list[tar.Entry]) -> bytes:
        start, end = span[0].offset, max(entry.offset + entry.size for entry in span)
        return self.remote.read(self.name, start, end - start)

    def _check(self) -> None:
        """Once: the tar is there, and as large as the manifest says."""
        if not self._checked:
            found = self.remote.size(self.name)
            if found != self.bytes:
                told = "missing" if found is None else f"{found} bytes, {self.bytes} expected"
                raise UserError(f"{self.path}: {told}; publish the dataset again")
            self._checked = True

    def _inside(self, entry: tar.Entry) -> None:
        if entry.offset + entry.size > self.bytes:
            raise UserError(f"{self.path}: ends inside '{entry.name}'; the index is damaged, publish the dataset again")


def _spans(entries: list[tar.Entry]) -> Iterator[list[tar.Entry]]:
    """Runs of members, sorted by offset, that are fetched in one request each."""
    span: list[tar.Entry] = []
    for entry in entries:
        end = span[-1].offset + span[-1].size if span else 0
        if span and (entry.offset - end > GAP or entry.offset + entry.size - span[0].offset > SPAN):
            yield span
            span = []
        span.append(entry)
    if span:
        yield span


def _cached(remote: Remote, name: str, stated: Stated) -> Path:
    """A local copy of an index, fetched and checked if it is not there yet."""
    if stated.bytes > MAX_INDEX:
        raise UserError(f"{remote}/{name}: an index of {stated.bytes} bytes; not made by heroprop")
    path = cache_folder() / f"{stated.sha256}.arrow"
    if not path.is_file() or path.stat().st_size != stated.bytes:
        path.parent.mkdir(parents=True, exist_ok=True)
        remote.fetch(name, path, stated.bytes, stated.sha256)
    return path
