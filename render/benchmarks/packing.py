"""`python -m render.benchmarks.packing DATASET FOLDER`: packing clips, beside plain writes of as many bytes.

The clips of a rendered dataset are laid out under FOLDER as the renderer leaves them, frame files with all their
products, the picture replaced by --picture random bytes. They are packed into a shard, indexed and hashed there; as
many bytes are written to one file, with one fsync at its end, as a shard has. Both in turn, --repeats times. The page
cache holds what is packed, as it does just after rendering. FOLDER must be new; it is removed at the end.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import time
from pathlib import Path

from .. import shards
from ..dataset import pack, tar
from ..dataset.listing import measure_shard
from ..dataset.provenance import ClipRecord
from ..frames import framefile
from ..manifest import Dataset
from ..screen import results as console
from ..screen import table

BLOCK = os.urandom(2**20)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--picture", type=int, default=300_000, help="Bytes of a picture; about 1080p at quality 95.")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    options.folder.mkdir(parents=True)
    try:
        clips = lay_out(Dataset.open(options.dataset), options.folder, options.picture)
        taken: dict[str, list[float]] = {"tar": [], "index": [], "hashes": [], "plain": []}
        for _ in range(options.repeats):
            started = time.perf_counter()
            path = pack.write_tar(options.folder, "shard-000000", clips)
            taken["tar"].append(time.perf_counter() - started)
            started = time.perf_counter()
            pack.write_index(options.folder, "shard-000000")
            taken["index"].append(time.perf_counter() - started)
            started = time.perf_counter()
            measure_shard(options.folder, "shard-000000")
            taken["hashes"].append(time.perf_counter() - started)
            size = path.stat().st_size
            for old in shards.paths(options.folder, "shard-000000"):
                old.unlink()
            taken["plain"].append(plain(options.folder / "plain", size))
        both = [a + b for a, b in zip(taken["tar"], taken["index"], strict=True)]
        whole = [a + b for a, b in zip(both, taken["hashes"], strict=True)]
        rows = [
            (what, *(f"{size / 1e6 / seconds:.0f}" for seconds in (statistics.median(of), min(of))))
            for what, of in (
                ("tar and index", both),
                ("tar alone", taken["tar"]),
                ("index alone (reads all again)", taken["index"]),
                ("tar, index and the manifest's SHA-256s", whole),
                ("plain sequential write", taken["plain"]),
            )
        ]
        console.print(table(f"{len(clips)} clips, {size / 1e6:.0f} MB", ["MB/s", "median", "best"], rows))
    finally:
        shutil.rmtree(options.folder)


def lay_out(data: Dataset, folder: Path, picture: int) -> list[tuple[ClipRecord, Path]]:
    """Frame files of every rendered clip of one shard's worth, with pictures of `picture` bytes."""
    found = []
    for clip in data.clips():
        if data.is_real(clip):
            continue
        record, work = ClipRecord.parse(data.record(clip), clip), folder / "work" / clip
        work.mkdir(parents=True)
        for frame in range(data.frame_count(clip)):
            members = []
            for name in framefile.member_names(record.spec, frame):
                column = shards.parse_member(name, clip)[2]
                place = data.locate(clip, frame, column)
                stored = tar.read(Path(str(data.folder)) / "shards" / f"{data.manifest.clips[clip].shard}.tar", place)
                members.append((name, os.urandom(picture) if column == "rgb" else stored))
            tar.write(framefile.path(work, frame), members)
        found.append((record, work))
    return found


def plain(path: Path, size: int) -> float:
    """Seconds that writing and syncing a file of `size` bytes takes."""
    started = time.perf_counter()
    with path.open("wb", buffering=0) as file:
        for start in range(0, size, len(BLOCK)):
            file.write(BLOCK[: min(len(BLOCK), size - start)])
        os.fsync(file.fileno())
    taken = time.perf_counter() - started
    path.unlink()
    return taken


if __name__ == "__main__":
    main()
