"""Memory over a clip's length: `python -m evaluate.benchmarks.memory`.

The tracker after 150 frames and after 10,000, in one run; the official predictor after 150 and after `--official`,
whose state holds every frame. Each in a process of its own; what is told is the process's most resident memory so far.
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import time
from multiprocessing.connection import Connection

import torch

from train import models

from ..speed import peak
from ..tracker import Prompt, Tracker
from ..tracking.official import official
from .drawn import drifting

SHORT = 150
WIDTH, HEIGHT = 64, 36


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", default="nano-base")
    parser.add_argument("--frames", type=int, default=10_000)
    parser.add_argument("--official", type=int, default=600, help="frames of the official predictor")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = {
        "tracker": measure(asked.checkpoint, (SHORT, asked.frames), False),
        "official": measure(asked.checkpoint, (SHORT, asked.official), True),
    }
    if asked.json:
        print(json.dumps(found, indent=2))
        return
    for name, (marks, seconds) in found.items():
        (short, first), (long, last) = marks.items()
        growth = (last - first) / (int(long) - int(short)) * 1000
        print(
            f"{name}: {first:.0f} MiB after {short} frames, {last:.0f} MiB after {long}: x {last / first:.3f}, "
            f"{growth:.1f} MiB a thousand frames; {seconds:.0f} s"
        )


def measure(checkpoint: str, marks: tuple[int, ...], theirs: bool) -> tuple[dict[str, float], float]:
    """MiB by the number of frames after which they were measured, in a fresh process; and how long it took."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    child = context.Process(target=_run, args=(there, checkpoint, marks, theirs), daemon=True)
    start = time.monotonic()
    child.start()
    there.close()
    found: dict[str, float] = here.recv()
    child.join()
    return found, round(time.monotonic() - start, 1)


def _run(pipe: Connection, checkpoint: str, marks: tuple[int, ...], theirs: bool) -> None:
    """The official predictor reads a whole clip before it begins, so that it has a clip for each mark."""
    torch.set_num_threads(1)
    loaded = models.resolve(checkpoint)
    model = models.build_video(loaded.name)
    models.load_weights(model, loaded)
    _, masks = next(drifting(WIDTH, HEIGHT, 1))
    prompts = [Prompt(1, mask=masks[0])]
    found: dict[str, float] = {}

    def frames(count: int) -> itertools.islice:  # type: ignore[type-arg]
        return itertools.islice((frame for frame, _ in drifting(WIDTH, HEIGHT, 1)), count)

    if theirs:
        for mark in marks:
            for _ in official(model, frames(mark), prompts):
                pass
            found[str(mark)] = round(peak("cpu"), 1)
    else:
        for tracked in Tracker(model, "cpu").track(frames(marks[-1]), prompts):
            if tracked.index + 1 in marks:
                found[str(tracked.index + 1)] = round(peak("cpu"), 1)
    pipe.send(found)


if __name__ == "__main__":
    main()
