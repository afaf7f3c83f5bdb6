"""What there is to measure on a CUDA device, in one command: `python -m train.benchmarks.gpu --out FOLDER`.

Each measurement is one of the benchmarks' own commands, in a process of its own with a time limit. After each of them
FOLDER has `gpu.json` and `gpu.md` anew, so a run that is cut off keeps what it had, and the same command goes on with
what is missing or failed. Nothing is downloaded: weights are random, pictures are made. From a checkout, which has the
tests. `--dry-run` runs all of it with nano at its smallest, wherever it is: its figures mean nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from render import screen
from render.document import write_atomic

from ..config import RECIPES, TrainConfig, read_config
from ..models import build_train

MODEL = "sam2.1-hiera-tiny"
WAYS = ("official", "heroprop")
VARIANTS = ("official", "default", "memories=3", "cuda-graphs", "compile")
Found = dict[str, Any]


@dataclass(frozen=True)
class Task:
    """One measurement: a Python module's arguments, its limit in seconds, and its figures in words."""

    name: str
    command: tuple[str, ...]
    limit: int
    told: Callable[[Any], str]
    before: Callable[[], None] = lambda: None


def tasks(folder: Path, dry: bool) -> list[Task]:
    """What is measured, the most wanted first."""
    device = "cpu" if dry else "cuda"
    tracker = ("--checkpoint", "nano-base", "--size", "160x96") if dry else ("--random", MODEL)
    speed = ("heroprop", "speed", *tracker, "--device", device, "--json")
    variants = VARIANTS[:2] if dry else VARIANTS
    step = ("--size", "128", "--frames", "2", "--rounds", "1") if dry else ("--size", "1024", "--frames", "8")
    clips, run = folder / "clips", folder / "run"
    loader = ("--sizes", "128", "--rounds", "1") if dry else ("--rounds", "3")
    recipe, data = folder / "16gb.json", clips / "split"
    learn = ("heroprop", "train", str(recipe), "--data", str(data), "--out", str(run), "--json")
    return [
        Task(
            "step beside sam2's",
            ("train.benchmarks.step", "--model", "nano" if dry else MODEL, *step, "--batch", "1", "--device", device)
            + ("--threads", "1" if dry else "4", "--json"),
            150,
            lambda found: (
                f"{found['ratio']:.2f} x ({found['least']:.2f} to {found['most']:.2f}): "
                + ", ".join(f"{way} {found[way]['seconds']:.3f} s, {found[way]['peak_gib']:.2f} GiB" for way in WAYS)
            ),
        ),
        Task("loader beside sam2's, a core", ("train.benchmarks.loader", str(clips), *loader), 120, str),
        Task(
            "16gb: memory, pace, wait for data",
            learn,
            120,
            lambda found: (
                f"{found['gpu_gib'] or 0:.2f} GiB, {found['samples_a_second']:.2f} windows/s, "
                f"waiting for data {found['data_wait']:.1%}"
            ),
            lambda: prepare(clips, run, recipe, dry),
        ),
        Task("tracker", (*speed, "--frames", "2" if dry else "100", *_each("--variant", variants)), 180, _variants),
        Task(
            "tracker, three objects",
            (*speed, "--frames", "2" if dry else "60", "--objects", "3", *_each("--variant", VARIANTS[:2])),
            60,
            _variants,
        ),
        Task(
            "tests",
            ("pytest", "-q", "-m", "gpu", "--continue-on-collection-errors", "tests/evaluate", "tests/train"),
            90,
            lambda text: text[-400:],
        ),
    ]


def prepare(clips: Path, run: Path, recipe: Path, dry: bool) -> None:
    """The loader's footage as a dataset with a validation clip, and the preset for a few steps from random weights."""
    footage, data = clips / "footage", clips / "split"
    if not data.exists():
        write_atomic(footage / "ImageSets/2017/val.txt", b"clip-3\n")
        command = ("heroprop", "import", str(footage), "--from", "davis", "--out", str(data))
        subprocess.run([sys.executable, "-m", *command], check=True, stdout=subprocess.DEVNULL)
    if run.exists():  # of an earlier try
        run.rename(run.with_name(f"run-{time.time_ns()}"))
    document = read_config(RECIPES / "16gb.toml").model_dump(mode="json", exclude_none=True)
    start = recipe.with_name("random.pt")
    del document["epochs"]
    document |= {"steps": 1 if dry else 4, "device": "cpu" if dry else "cuda"}
    document["model"] |= {"start": str(start)} | ({"name": "nano"} if dry else {})
    document["validation"] = {"every": 100, "clips": 1, "frames": 2 if dry else 8, "worst": 0}
    document["keep"]["blend"] = []
    if dry:
        document["data"] |= {"frames": 2, "workers": 1, "strides": [1]}
        document["optimiser"]["accumulate"] = 2
    torch.manual_seed(0)
    torch.save({"model": build_train(document["model"]["name"]).state_dict()}, start)
    write_atomic(recipe, TrainConfig.parse(document, str(recipe)).model_dump_json(exclude_none=True).encode())


def _each(option: str, values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for value in values for word in (option, value))


def _variants(found: Any) -> str:
    return ", ".join(
        f"{one['variant']} {one['frames_per_second']:.1f} frames/s"
        + (f" ({one['ratio']:.2f} x official, {one['peak_mb']:.0f} MiB)" if one["ratio"] else "")
        for one in found["variants"]
    )


def measure(task: Task, folder: Path, limit: float) -> Found:
    """Run it: what it was, how it ended (`failed` says why it did, if it did), how long it took, what it found."""
    row: Found = {"command": " ".join(("python", "-m", *task.command)), "limit": round(limit)}
    log = folder / f"{task.name.split(':')[0].replace(' ', '-')}.log"
    started = time.monotonic()
    try:
        task.before()
        with log.open("w") as errors, log.with_suffix(".out").open("w+") as answers:
            child = subprocess.Popen(
                [sys.executable, "-m", *task.command], stdout=answers, stderr=errors, start_new_session=True
            )
            try:
                code = child.wait(max(limit - (time.monotonic() - started), 1))
            finally:
                if child.poll() is None:
                    os.killpg(child.pid, signal.SIGKILL)  # with the processes that it started
                    child.wait()
            answers.seek(0)
            text = answers.read()
        if code:
            row["failed"] = f"exit code {code}; see {log.name}"
        found = json.loads(text) if "--json" in task.command and not code else text.strip()
        row |= {"found": found} if code else {"found": found, "told": task.told(found)}
    except subprocess.TimeoutExpired:
        row["failed"] = f"not done after {limit:.0f} s"
    except (OSError, subprocess.CalledProcessError, json.JSONDecodeError, KeyError) as error:
        row["failed"] = f"{type(error).__name__}: {error}"
    return row | {"seconds": round(time.monotonic() - started, 1)}


def machine() -> Found:
    """Where this runs."""
    cuda = torch.cuda.is_available()
    return {
        "device": torch.cuda.get_device_name() if cuda else f"no CUDA device: {platform.machine()}",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
    }


def page(report: Mapping[str, Any]) -> str:
    """The report as Markdown."""
    lines = ["# Measured by train.benchmarks.gpu" + (" (dry run: no figures)" if report["dry"] else ""), ""]
    lines += [", ".join(f"{name} {value}" for name, value in report["machine"].items()), ""]
    for name, row in report["tasks"].items():
        lines += [f"## {name} ({row['seconds']} s)", "", f"`{row['command']}`", ""]
        lines += ["```", row.get("failed") or row["told"], "```", ""]
    return "\n".join(lines)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=9, help="no measurement goes on for longer than that in all")
    parser.add_argument("--dry-run", action="store_true")
    asked = parser.parse_args()
    if not asked.dry_run and not torch.cuda.is_available():
        raise SystemExit("error: torch sees no CUDA device; --dry-run tries the commands without one")
    end = time.monotonic() + 60 * asked.minutes
    asked.out.mkdir(parents=True, exist_ok=True)
    kept = asked.out / "gpu.json"
    report: Found = {"machine": machine(), "dry": asked.dry_run, "tasks": {}}
    if kept.exists():
        earlier = json.loads(kept.read_text())
        if (earlier["machine"], earlier["dry"]) != (report["machine"], report["dry"]):
            raise SystemExit(f"error: {kept} is of another machine or mode; give another folder")
        report = earlier
    for task in tasks(asked.out, asked.dry_run):
        row = report["tasks"].get(task.name)
        if row and "failed" not in row:
            continue
        left = end - time.monotonic()
        if left < 10:
            screen.notes.print("the time is up; the same command goes on")
            break
        row = report["tasks"][task.name] = measure(task, asked.out, min(task.limit, left))
        write_atomic(kept, json.dumps(report, indent=1).encode())
        write_atomic(asked.out / "gpu.md", page(report).encode())
        screen.results.print(f"{task.name}: {row.get('failed') or row['told']} ({row['seconds']} s)", markup=False)
    raise SystemExit(int(any("failed" in row for row in report["tasks"].values())))


if __name__ == "__main__":
    main()
