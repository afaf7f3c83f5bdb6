"""Buckets by Arrow's own clients (S3, Google), everything else by fsspec."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from pyarrow import fs

from ..document import UserError

MAX_OPEN = 256
"""Files that are kept open (no connection of their own, only their known size)."""


class Arrow:
    """A folder in a bucket. See `place.Service`."""

    def __init__(self, url: str) -> None:
        scheme, _, path = url.partition("://")
        self._files, self._base = _filesystem(scheme, url), unquote(path).strip("/")
        self._open: dict[str, Any] = {}

    def size(self, name: str) -> int | None:
        try:
            return int(self._handle(name).size())
        except FileNotFoundError:
            return None

    def read(self, name: str, offset: int, size: int) -> bytes:
        return bytes(self._handle(name).read_at(size, offset))

    def write(self, name: str, blocks: Iterator[bytes]) -> None:
        path = self._path(name)
        self._open.pop(name, None)
        if self._files.type_name not in ("s3", "gcs"):  # buckets have no folders
            self._files.create_dir(path.rpartition("/")[0], recursive=True)
        with self._files.open_output_stream(path) as out:
            for block in blocks:
                out.write(block)

    def delete(self, name: str) -> None:
        self._open.pop(name, None)
        self._files.delete_file(self._path(name))

    def names(self, folder: str) -> list[str] | None:
        found = self._files.get_file_info(fs.FileSelector(self._path(folder), allow_not_found=True))
        return [one.base_name for one in found if one.type == fs.FileType.File]

    def _handle(self, name: str) -> Any:
        handle = self._open.get(name)
        if handle is None:
            handle = self._open[name] = self._files.open_input_file(self._path(name))
            for oldest in list(self._open)[:-MAX_OPEN]:
                self._open.pop(oldest, None)
        return handle

    def _path(self, name: str) -> str:
        return f"{self._base}/{name}" if self._base else name


def _filesystem(scheme: str, url: str) -> Any:
    if scheme == "s3":
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        anonymous = os.environ.get("HEROPROP_S3_ANONYMOUS", "") not in ("", "0")
        region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        return fs.S3FileSystem(
            endpoint_override=endpoint, anonymous=anonymous, region=region, connect_timeout=10, request_timeout=60
        )
    if scheme == "gs":
        return fs.GcsFileSystem(anonymous=os.environ.get("HEROPROP_GCS_ANONYMOUS", "") not in ("", "0"))
    try:
        import fsspec
    except ModuleNotFoundError:
        raise UserError(
            f"{url}: needs fsspec, which is not installed; install it with: pip install '.[cloud]'"
        ) from None
    try:
        return fs.PyFileSystem(fs.FSSpecHandler(fsspec.filesystem(scheme)))
    except ImportError as error:
        raise UserError(f"{url}: {' '.join(str(error).split())}; install that package into this environment") from None
    except ValueError:
        raise UserError(
            f"{url}: no kind of address that heroprop knows; e.g. s3://bucket/folder or https://…"
        ) from None
