"""A folder at a URL, whichever service keeps it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from ..document import UserError
from .errors import explained
from .recent import Recent

BLOCK = 8 * 2**20
"""Bytes that are fetched or sent at a time where a whole file is."""
RECENT = 2**28
"""Bytes of byte ranges that are remembered."""


class Service(Protocol):
    """What a kind of storage can do; names are relative, with `/`. OSError where something fails."""

    def size(self, name: str) -> int | None:
        """Bytes of a file; None where there is none."""

    def read(self, name: str, offset: int, size: int) -> bytes:
        """A byte range; what comes may be shorter than asked for, never longer."""

    def write(self, name: str, blocks: Iterator[bytes]) -> None:
        """A whole file, in place of what is there."""

    def delete(self, name: str) -> None: ...

    def names(self, folder: str) -> list[str] | None:
        """Names of the files in a folder; None where the service cannot say."""


def place(where: str | Path | Remote) -> Path | Remote:
    """A local folder for a path or `file://` URL, else the folder at that URL; UserError as `Remote`."""
    if not isinstance(where, str) or "://" not in where:
        return Path(where) if isinstance(where, str) else where
    scheme, rest = where.split("://", 1)
    if scheme == "file":
        return Path(unquote(rest.removeprefix("localhost")))
    return Remote(where)


class Remote:
    """A folder at a URL. Any number of threads may read it; it pickles, and survives a fork, by its URL.

    Every failure is a UserError of one line, without what the service itself said: that may name keys.
    """

    def __init__(self, url: str) -> None:
        """UserError for a URL with a user, password, query or fragment in it, or of an unknown kind."""
        parts = urlsplit(url)
        if "@" in parts.netloc:
            raise UserError(
                f"{parts.scheme}://…@{parts.netloc.rpartition('@')[2]}: passwords do not belong in a URL, where "
                "others can read them; use the service's own settings (for S3, AWS_PROFILE)"
            )
        if parts.query or parts.fragment or "\\" in url or any(part in (".", "..") for part in parts.path.split("/")):
            raise UserError(f"{url.split('?')[0]}: give the plain URL of a folder, without '?', '#', '.' or '..'")
        if not parts.netloc and parts.scheme != "memory":
            raise UserError(f"{url}: names no host or bucket; write e.g. s3://bucket/folder")
        self.url = url.rstrip("/")
        self.recent = Recent(RECENT)
        self._service: Service | None = None  # made when it is first used
        self._process = os.getpid()

    def __str__(self) -> str:
        return self.url

    def __reduce__(self) -> tuple[Any, ...]:
        return Remote, (self.url,)

    def __truediv__(self, name: str) -> Remote:
        return Remote(f"{self.url}/{name}")

    @property
    def name(self) -> str:
        """The last part of the URL."""
        return self.url.rpartition("/")[2]

    @property
    def parent(self) -> Remote:
        return Remote(self.url.rpartition("/")[0])

    def size(self, name: str) -> int | None:
        """Bytes of a file; None where there is none."""
        with explained(f"{self}/{name}"):
            return self._own.size(name)

    def read(self, name: str, offset: int, size: int) -> bytes:
        """Exactly this byte range of a file; UserError where something else comes."""
        with explained(f"{self}/{name}"):
            data = self._own.read(name, offset, size)
        if len(data) != size:
            raise UserError(
                f"{self}/{name}: {len(data)} bytes came, {size} were asked for at {offset}; publish it again"
            )
        return data

    def whole(self, name: str, limit: int) -> bytes | None:
        """A whole file of at most `limit` bytes; None where there is none."""
        size = self.size(name)
        if size is not None and size > limit:
            raise UserError(f"{self}/{name}: has {size} bytes, more than {limit}; not made by heroprop")
        return None if size is None else b"".join(self.blocks(name, size))

    def blocks(self, name: str, size: int) -> Iterator[bytes]:
        """A file of `size` bytes, piece by piece."""
        for offset in range(0, size, BLOCK):
            yield self.read(name, offset, min(BLOCK, size - offset))

    def fetch(self, name: str, path: Path, size: int, sha256: str) -> None:
        """Copy a file to `path`; UserError, and no file, where its size or hash differs."""
        found = self.size(name)
        if found != size:
            told = "missing" if found is None else f"{found} bytes, {size} expected"
            raise UserError(f"{self}/{name}: {told}; publish the dataset again")
        sha = hashlib.sha256()
        temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}.tmp")
        try:
            with temporary.open("xb") as file:
                for block in self.blocks(name, size):
                    sha.update(block)
                    file.write(block)
            if sha.hexdigest() != sha256:
                raise UserError(f"{self}/{name}: its SHA-256 differs from the manifest's; publish the dataset again")
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)

    def write(self, name: str, blocks: Iterator[bytes]) -> None:
        """Write a whole file, in place of what is there."""
        with explained(f"{self}/{name}"):
            self._own.write(name, blocks)

    def delete(self, name: str) -> None:
        with explained(f"{self}/{name}"):
            self._own.delete(name)

    def names(self, folder: str) -> list[str] | None:
        """Sorted names of the files in a folder; None where the service cannot say."""
        with explained(f"{self}/{folder}"):
            found = self._own.names(folder)
        return None if found is None else sorted(found)

    @property
    def _own(self) -> Service:
        """The service, made anew in a forked process: connections are not shared."""
        if self._service is None or self._process != os.getpid():
            self._service, self._process = _service(self.url), os.getpid()
        return self._service


def _service(url: str) -> Service:
    scheme = url.partition("://")[0]
    if scheme in ("http", "https"):
        from .web import Web

        return Web(url)
    from .arrow import Arrow

    with explained(url):
        return Arrow(url)
