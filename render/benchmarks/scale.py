"""`python -m render.benchmarks.scale FOLDER`: opening a dataset of 100,000 clips (15 million frames), and lookups.

The index is synthesised (a few gigabytes, under FOLDER; shards are sparse files without content), then read by a fresh
process as a trainer does: open the manifest, look up where random 8-frame windows lie and what their attributes are.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from .. import manifest, shards
from ..frames import measure
from ..manifest import SHARDS, Dataset
from ..screen import results as console
from ..screen import table

FRAMES, CLIPS_PER_SHARD, WINDOW = 150, 32, 8
PRODUCTS = {"rgb": 30_000, "coverage-1": 4_000, "visible": 1_000, "amodal-1": 500, "veil": 6_000, "measure": 700}
"""Products and bytes of each, about those of 512 x 288 frames."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clips", type=int, default=100_000)
    parser.add_argument("--lookups", type=int, default=2_000)
    parser.add_argument("--read", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read:
        print(json.dumps(read(options.folder, options.lookups)))
        return
    if not (options.folder / manifest.FILE).exists():
        started = time.perf_counter()
        synthesise(options.folder, options.clips)
        print(f"index made in {time.perf_counter() - started:.0f} s", file=sys.stderr)
    command = [sys.executable, "-m", "render.benchmarks.scale", str(options.folder), "--read"]
    command += ["--lookups", str(options.lookups)]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    console.print(table(f"{found.pop('clips'):,} clips on {platform.processor() or platform.machine()}", ["", ""],
                        [(name, f"{value:.3g}") for name, value in found.items()]))  # fmt: skip


def synthesise(folder: Path, clips: int) -> None:
    """Write a valid manifest, and index files for shards whose tars are as large as stated but hold nothing."""
    home = folder / SHARDS
    home.mkdir(parents=True)
    entries: dict[str, dict[str, object]] = {}
    listed = []
    frame_table, object_table, size = _tables()
    for group, start in enumerate(range(0, clips, CLIPS_PER_SHARD)):
        names = [f"clip-{index:06d}" for index in range(start, min(start + CLIPS_PER_SHARD, clips))]
        shard = shards.shard_name(group)
        tar, frames_path, objects_path = shards.paths(home, shard)
        with tar.open("wb") as file:
            file.truncate(size)
        rows = len(names) * FRAMES
        stated = shards.IndexedClips(clips=tuple(_indexed(name) for name in names)).canonical().encode()
        clip_column = pa.DictionaryArray.from_arrays(
            pa.array(np.repeat(np.arange(len(names), dtype=np.int32), FRAMES)), pa.array(names)
        )
        _write(frames_path, frame_table.slice(0, rows).add_column(0, "clip", clip_column), stated)
        _write(objects_path, object_table.slice(0, rows).add_column(0, "clip", clip_column), None)
        listed.append(
            {
                "name": shard, "clips": len(names), "frames": rows,
                "tar": {"bytes": size, "sha256": "0" * 64},
                "frames_index": {"bytes": frames_path.stat().st_size, "sha256": "0" * 64},
                "objects_index": {"bytes": objects_path.stat().st_size, "sha256": "0" * 64},
            }
        )  # fmt: skip
        entries |= {name: {"shard": shard, "frames": FRAMES, "labels": {1: "hammer"}} for name in names}
    told = {
        "generator": "benchmark", "blender": "none", "created": "2000-01-01T00:00:00+00:00", "mask_rule": "none",
        "recipe": {"name": "scale", "sha256": "0" * 64}, "plan": {"sha256": "0" * 64, "clips": clips, "seed": 0},
        "splits": {"train": sorted(entries), "val": [], "test": []},
        "clips": entries, "shards": listed, "licences": [], "failed": [],
    }  # fmt: skip
    manifest.Manifest.model_validate(told).write(folder)


def read(folder: Path, lookups: int) -> dict[str, float]:
    """Time and memory of opening, and of looking windows up at random."""
    started = time.perf_counter()
    data = Dataset.open(folder)
    opened = time.perf_counter() - started
    draw = random.Random(1)
    clips = data.clips("train")
    taken = []
    for _ in range(lookups):
        clip, first = draw.choice(clips), draw.randrange(FRAMES - WINDOW)
        started = time.perf_counter()
        places = [data.locate(clip, first + k, column) for k in range(WINDOW) for column in ("rgb", "coverage-1")]
        float(data.attributes(clip, 1)["occlusion"][first : first + WINDOW].mean())
        taken.append(time.perf_counter() - started)
        assert len(places) == 2 * WINDOW
    return {
        "clips": len(clips),
        "open, s": opened,
        "resident memory, GiB": _resident() / 2**30,
        "window lookup, median ms": 1e3 * float(np.median(taken)),
        "window lookup, 99th percentile ms": 1e3 * float(np.quantile(taken, 0.99)),
    }


def _resident() -> int:
    """Bytes that this process alone holds in memory: without the pages of mapped files, which the system may drop."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(next(line for line in status.splitlines() if line.startswith("RssAnon")).split()[1])


def _tables() -> tuple[pa.Table, pa.Table, int]:
    """A full shard's two tables without their clip column, and the size of its tar."""
    rows = CLIPS_PER_SHARD * FRAMES
    columns: dict[str, pa.Array] = {"frame": pa.array(np.tile(np.arange(FRAMES, dtype=np.int32), CLIPS_PER_SHARD))}
    step = sum(512 + size + -size % 512 for size in PRODUCTS.values())
    offset = 512
    for name, size in PRODUCTS.items():
        columns[f"{name}.offset"] = pa.array(offset + step * np.arange(rows, dtype=np.int64))
        columns[f"{name}.size"] = pa.array(np.full(rows, size, np.int32))
        columns[f"{name}.crc32"] = pa.array(np.zeros(rows, np.uint32))
        offset += 512 + size + -size % 512
    kinds = {int: np.int64, float: np.float64, bool: np.bool_}
    objects: dict[str, pa.Array] = {
        "object_id": pa.array(np.ones(rows, np.int16)),
        "label": pa.array(["hammer"] * rows).dictionary_encode(),
        "frame": columns["frame"],
    }
    for name, kind in measure.COLUMNS.items():
        objects.setdefault(name, pa.array(np.zeros(rows, kinds[kind])))
    return pa.table(columns), pa.table(objects), step * rows + 1024


def _indexed(clip: str) -> shards.IndexedClip:
    return shards.IndexedClip(
        clip=clip, split="train", frames=FRAMES, labels={1: "hammer"}, picture=(512, 288), twin_of=None, licences=(),
        record_offset=512, record_size=1, record_crc32=0,
    )  # fmt: skip


def _write(path: Path, rows: pa.Table, stated: bytes | None) -> None:
    if stated is not None:
        rows = rows.replace_schema_metadata({shards.CLIPS_KEY: stated})
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, rows.schema) as writer:
        writer.write_table(rows.combine_chunks())


if __name__ == "__main__":
    main()
