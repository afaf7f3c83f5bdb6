"""`python -m render.benchmarks.windows DATASET`: random training windows by the index, and by streaming the same tars.

A window is eight frames' pictures and one target's coverage, undecoded. Ours: a random clip, target and first frame,
each member by its own range. WebDataset: it streams the shards in random order, one sample a clip, of which one random
window is taken. The two take turns. Bytes are those that the process asked the system for (`rchar` of /proc/self/io).
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from .. import shards
from ..manifest import SHARDS, Dataset
from ..products import Product
from ..screen import results as console
from ..screen import table

FRAMES = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    data = Dataset.open(options.dataset)
    clips = [clip for clip in data.clips() if data.frame_count(clip) >= FRAMES]
    ways: dict[str, Callable[[int], int]] = {
        "by the index": lambda seed: by_index(data, clips, seed),
        "streaming with WebDataset": lambda seed: streaming(data, options.dataset, seed),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    bytes_each: dict[str, float] = {}
    for seed in range(options.repeats + 1):
        for name, way in ways.items():
            before, started = _asked(), time.perf_counter()
            windows = way(seed)
            if seed:  # the first turn opens and imports things
                rates[name].append(windows / (time.perf_counter() - started))
                bytes_each[name] = (_asked() - before) / windows
    rows = [
        (name, f"{statistics.median(found):.0f}", f"{bytes_each[name] / 1e3:.0f} kB") for name, found in rates.items()
    ]
    console.print(table(f"{len(clips)} clips, {options.dataset}", ["windows", "a second", "bytes read for each"], rows))


def by_index(data: Dataset, clips: list[str], seed: int) -> int:
    """As many random windows as there are clips; how many those were."""
    draw = random.Random(seed)
    for _ in clips:
        clip = draw.choice(clips)
        first, object_id = draw.randrange(data.frame_count(clip) - FRAMES + 1), draw.choice(data.objects(clip))
        for frame in range(first, first + FRAMES):
            data.encoded(clip, frame, Product.RGB)
            data.encoded(clip, frame, Product.COVERAGE, object_id)
    return len(clips)


def streaming(data: Dataset, folder: Path, seed: int) -> int:
    """One random window of every clip that comes by; how many those were."""
    import webdataset

    draw = random.Random(seed)
    files = [str(shards.tar_path(folder / SHARDS, shard.name)) for shard in data.manifest.shards]
    draw.shuffle(files)
    count = 0
    for sample in webdataset.WebDataset(files, shardshuffle=False):
        length = sum(name.endswith(".rgb.jpg") for name in sample)
        if length >= FRAMES:
            first = draw.randrange(length - FRAMES + 1)
            window = [
                sample[f"{first + n:04d}.{what}"] for n in range(FRAMES) for what in ("rgb.jpg", "coverage-1.png")
            ]
            count += len(window) == 2 * FRAMES
    return count


def _asked() -> int:
    return int(Path("/proc/self/io").read_text().split()[1])


if __name__ == "__main__":
    main()
