"""`python -m render.benchmarks.remote DATASET`: random training windows of a dataset at a URL.

The dataset's folder is served on loopback, each answer after --delay milliseconds, as a bucket takes. A window is eight
frames' pictures and one target's coverage, undecoded, read in three ways: prefetched as the trainer does it, neighbours
in one request; prefetched, each frame in a request of its own; and member by member. The ways take turns on the same
windows and remember nothing of each other's.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import statistics
import tempfile
import threading
import time
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from ..manifest import Dataset
from ..products import Product
from ..screen import results as console
from ..screen import table
from ..storage import Remote
from ..storage import shard as remote_shard

FRAMES = 8
WAYS: dict[str, int | None] = {"prefetched": remote_shard.GAP, "prefetched, frame by frame": 1024, "not": None}
"""Below which gap members come in one request; None: each by itself."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--delay", type=float, default=30, help="Milliseconds before each answer.")
    parser.add_argument("--windows", type=int, default=40)
    options = parser.parse_args()
    seen = Seen()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Slow, options.dataset, options.delay / 1e3, seen))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as cache:
        os.environ["HEROPROP_CACHE"] = cache
        rows = compare(Dataset.open(f"http://127.0.0.1:{server.server_port}"), seen, options.windows)
    server.shutdown()
    heading = f"{options.windows} windows of {FRAMES} frames, {options.delay:g} ms an answer"
    console.print(table(heading, ["", "ms each, median", "requests", "kB"], rows))


class Seen:
    """What the server was asked for and sent."""

    def __init__(self) -> None:
        self.requests = self.bytes = 0


class Slow(BaseHTTPRequestHandler):
    """Serves a folder's files, or ranges of them, after a while."""

    protocol_version, disable_nagle_algorithm = "HTTP/1.1", True

    def __init__(self, folder: Path, delay: float, seen: Seen, *args: object) -> None:
        self.folder, self.delay, self.seen = folder, delay, seen
        super().__init__(*args)  # type: ignore[arg-type]

    def do_HEAD(self) -> None:
        self._answer(200, self._file().stat().st_size, b"")

    def do_GET(self) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers["Range"])
        assert asked
        first, last = int(asked[1]), int(asked[2])
        with self._file().open("rb") as file:
            file.seek(first)
            data = file.read(last - first + 1)
        self.seen.requests += 1
        self.seen.bytes += len(data)
        self._answer(206, len(data), data, f"bytes {first}-{last}/{self._file().stat().st_size}")

    def _file(self) -> Path:
        return self.folder / self.path.lstrip("/")

    def _answer(self, status: int, length: int, data: bytes, place: str = "") -> None:
        time.sleep(self.delay)
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        if place:
            self.send_header("Content-Range", place)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        return


def compare(data: Dataset, seen: Seen, windows: int) -> list[tuple[str, ...]]:
    """A row for each way: its name, milliseconds, requests and kB a window."""
    assert isinstance(data.folder, Remote)
    taken: dict[str, list[float]] = {way: [] for way in WAYS}
    asked = {way: [0, 0] for way in WAYS}
    draw = random.Random(1)
    clips = [clip for clip in data.with_records(data.clips()) if data.frame_count(clip) >= FRAMES]
    for clip in clips:
        data.rgb(clip, 0)  # each shard's size has been asked for before time is taken
    for _ in range(windows):
        clip = draw.choice(clips)
        first, object_id = draw.randrange(data.frame_count(clip) - FRAMES + 1), draw.choice(data.objects(clip))
        frames = range(first, first + FRAMES)
        for way, gap in WAYS.items():
            data.folder.recent.clear()
            before, started = (seen.requests, seen.bytes), time.perf_counter()
            if gap is not None:
                remote_shard.GAP = gap
                data.prefetch(clip, frames, [object_id])
            for frame in frames:
                data.encoded(clip, frame, Product.RGB)
                data.encoded(clip, frame, Product.COVERAGE, object_id)
            taken[way].append(time.perf_counter() - started)
            asked[way] = [asked[way][0] + seen.requests - before[0], asked[way][1] + seen.bytes - before[1]]
    return [
        (
            way,
            f"{1e3 * statistics.median(taken[way]):.0f}",
            f"{asked[way][0] / windows:.1f}",
            f"{asked[way][1] / windows / 1e3:.0f}",
        )
        for way in WAYS
    ]


if __name__ == "__main__":
    main()
