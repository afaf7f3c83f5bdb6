"""Servers on loopback for datasets at URLs: an S3-compatible one that counts, and a web server that can misbehave."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest


@dataclass
class Seen:
    """Requests and bytes of bodies that a server has answered with, by method."""

    requests: list[tuple[str, str]] = field(default_factory=list)
    sent: int = 0

    def clear(self) -> None:
        self.requests.clear()
        self.sent = 0

    def got(self, part: str = "") -> int:
        """How many GET requests there were for paths with `part` in them."""
        return sum(method == "GET" and part in path for method, path in self.requests)


@contextlib.contextmanager
def s3_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Seen]:
    """moto's S3 server with a bucket called `studio`, and the environment that leads there."""
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log(self, type: str, message: str, *args: object) -> None:
            return

    seen = Seen()
    app = DomainDispatcherApplication(create_backend_app)

    def counted(environ: dict[str, str], start: Callable[..., object]) -> Iterator[bytes]:
        seen.requests.append((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        for block in app(environ, start):
            seen.sent += len(block) if environ["REQUEST_METHOD"] == "GET" else 0
            yield block

    server = make_server("127.0.0.1", 0, counted, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    settings = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
        "AWS_ACCESS_KEY_ID": "AKIASECRETNAME",
        "AWS_SECRET_ACCESS_KEY": "verysecretword",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    try:
        from pyarrow.fs import S3FileSystem

        S3FileSystem(endpoint_override=settings["AWS_ENDPOINT_URL"], allow_bucket_creation=True).create_dir("studio")
        seen.clear()
        yield seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Files(BaseHTTPRequestHandler):
    """Serves a folder with range requests; `bad` names the way in which it misbehaves for tars."""

    protocol_version = "HTTP/1.1"
    bad = ""

    def __init__(self, folder: Path, seen: Seen, *args: object) -> None:
        self.folder, self.seen = folder, seen
        super().__init__(*args)  # type: ignore[arg-type]

    def do_HEAD(self) -> None:
        self._answer(False)

    def do_GET(self) -> None:
        self._answer(True)

    def _answer(self, body: bool) -> None:
        self.seen.requests.append((self.command, self.path))
        path = self.folder / self.path.lstrip("/")
        bad = Files.bad if path.suffix == ".tar" and body else ""
        if bad in ("301", "403", "500"):
            return self._send(int(bad), {"Location": "http://127.0.0.1:9/secret"}, b"")
        if not path.is_file():
            return self._send(404, {}, b"")
        data = path.read_bytes()
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if not body or not asked or bad == "whole":
            return self._send(200, {}, data, body)
        first, last = int(asked[1]), int(asked[2])
        part = data[first : last + 1]
        if bad == "short":
            part = part[:-1]
        if bad == "long":
            part += b"x" * 100
        if bad == "other":
            first += 1
        self.seen.sent += len(part)
        return self._send(206, {"Content-Range": f"bytes {first}-{last}/{len(data)}"}, part)

    def _send(self, status: int, headers: dict[str, str], data: bytes, body: bool = True) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        return


@contextlib.contextmanager
def web_server(folder: Path) -> Iterator[tuple[str, Seen]]:
    """A web server of a folder: its URL, and what it has seen."""
    seen = Seen()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, folder, seen))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        Files.bad = ""
        server.shutdown()
        thread.join()
        server.server_close()
