"""Folders on a web server, read by range requests and with suspicion: no redirects, nothing longer than asked for."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

from ..document import UserError

TIMEOUT, TRIES = 60.0, 3


class Web:
    """A folder at an http(s) URL; read only. See `place.Service`."""

    def __init__(self, url: str) -> None:
        self.url, parts = url, urlsplit(url)
        self._kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._host, self._path = parts.netloc, parts.path.rstrip("/")
        self._idle: list[http.client.HTTPConnection] = []

    def size(self, name: str) -> int | None:
        status, headers, _ = self._ask("HEAD", name, {}, 0)
        if status in (404, 410):
            return None
        length = headers.get("Content-Length", "")
        if status != 200 or not length.isdigit():
            raise UserError(f"{self.url}/{name}: answered {status} without a length; use a server of plain files")
        return int(length)

    def read(self, name: str, offset: int, size: int) -> bytes:
        if size == 0:
            return b""
        wanted = f"bytes={offset}-{offset + size - 1}"
        status, headers, body = self._ask("GET", name, {"Range": wanted, "Accept-Encoding": "identity"}, size)
        if status in (404, 410):
            raise FileNotFoundError(name)
        if status == 200:
            raise UserError(f"{self.url}/{name}: the server sends whole files alone; use one that has range requests")
        told = headers.get("Content-Range", "").partition("/")[0]
        if status == 206 and told != f"bytes {wanted.removeprefix('bytes=')}":
            raise UserError(f"{self.url}/{name}: sent another range than was asked for; do not trust this server")
        return body if status == 206 else b""

    def write(self, name: str, blocks: Iterator[bytes]) -> None:
        raise UserError(f"{self.url}: a web server is only read from; write to a bucket, e.g. s3://bucket/folder")

    def delete(self, name: str) -> None:
        self.write(name, iter(()))

    def names(self, folder: str) -> list[str] | None:
        return None

    def _ask(
        self, method: str, name: str, headers: dict[str, str], most: int
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Status, headers and body of one request, tried again where the connection or the server fails."""
        for tried in range(1, TRIES + 1):
            connection = self._idle.pop() if self._idle else self._kind(self._host, timeout=TIMEOUT)
            try:
                connection.request(method, f"{self._path}/{quote(name)}", headers=headers)
                answer = connection.getresponse()
                good = answer.status == 206 and method == "GET"
                body = answer.read(most + 1) if good else b""
                if len(body) > most:
                    raise UserError(f"{self.url}/{name}: sent more than was asked for; do not trust this server")
                if answer.status in (401, 403):
                    raise PermissionError(name)
                if 300 <= answer.status < 400:
                    raise UserError(f"{self.url}/{name}: leads elsewhere, which is not followed; give its final URL")
                if answer.status >= 500 or answer.status == 429:
                    raise ConnectionError(f"HTTP status {answer.status}")
                if good or method == "HEAD":
                    answer.read(0)
                    self._idle.append(connection)
                else:
                    connection.close()
                return answer.status, answer.headers, body
            except (UserError, PermissionError):
                connection.close()
                raise
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                if tried == TRIES:
                    raise ConnectionError(f"timed out or refused: {type(error).__name__}") from None
                time.sleep(0.2 * tried)
        raise AssertionError  # the last try returns or raises
