"""What this machine has to render with: cores, memory, GPUs, and which Blender."""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..cores import cores
from ..dataset import provenance
from ..document import UserError
from .setup import Setup

CHILD_MEMORY = 2 * 2**30
"""Bytes that one child is taken to need, when choosing how many run at a time."""
GPU_SIGNS = ("nvidia[0-9]*", "nvidiactl", "kfd", "dri/renderD*", "dxg")
"""What drivers leave in /dev on Linux where there may be a GPU."""
ANSWER = 300.0
"""Seconds within which Blender must have said what it is; its first start from a network disk can take minutes."""


@dataclass(frozen=True)
class Found:
    """The Blender that renders here, as provenance names it, and how many GPUs it can use."""

    blender: str
    gpus: int = 0


class Gpus:
    """Gives each of several workers a GPU of its own; where there are more workers, each GPU to equally many."""

    def __init__(self, count: int, workers: int) -> None:
        self._free: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        for worker in range(workers):
            # A single worker has all GPUs: Cycles divides a frame among them.
            self._free.put(worker % count if count and workers > 1 else None)

    @contextlib.contextmanager
    def one(self) -> Iterator[int | None]:
        """The number of a GPU for as long as the block lasts; None for all, or where there is none."""
        number = self._free.get()
        try:
            yield number
        finally:
            self._free.put(number)


def look(setup: Setup) -> Found:
    """What there is. Blender is asked only where the answer is in doubt: its start takes a second.

    UserError, in Blender's words, where it can't render.
    """
    if setup.blender is None and (setup.device == "cpu" or not may_have_gpu()):
        return Found(provenance.blender())
    told = ask(setup)
    version, gpus = told.get("blender"), told.get("gpus")
    if not isinstance(version, str) or not isinstance(gpus, list):
        raise UserError(f"{_named(setup)}: did not say what it is, but {json.dumps(told)[:200]}")
    return Found(f"Blender {version}" if setup.blender else provenance.blender(), len(gpus))


def ask(setup: Setup) -> dict[str, object]:
    """What a child process tells of its Blender. UserError where it fails."""
    command = setup.command("about", "--device", setup.device)
    with tempfile.TemporaryFile("w+") as said:
        try:
            child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True)
        except OSError as error:
            raise UserError(f"{_named(setup)}: can't be started: {error.strerror}") from None
        late = threading.Timer(ANSWER, child.kill)
        late.start()
        with child:
            try:
                assert child.stdout
                printed = child.stdout.read()  # standard input stays open meanwhile: its end would end the child
            finally:
                late.cancel()
                child.kill()
        said.seek(0)
        lines = [line for line in (*printed.splitlines(), *said.read().splitlines()) if line.strip()]
    mistakes = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    if mistakes:
        raise UserError(mistakes[-1])
    for line in reversed(lines):
        with contextlib.suppress(ValueError):
            told = json.loads(line)
            if isinstance(told, dict):
                return told
    last = f": {lines[-1]}" if lines else ""
    raise UserError(f"{_named(setup)}: did not run our script (exit code {child.returncode}){last}")


def may_have_gpu() -> bool:
    """Whether it is worth asking Blender for GPUs."""
    return sys.platform != "linux" or any(True for sign in GPU_SIGNS for _ in Path("/dev").glob(sign))


def default_workers(gpus: int = 0) -> int:
    """Children to run at a time: one a GPU, or one a physical core that we may use; as far as free memory carries."""
    try:
        import psutil
    except ModuleNotFoundError:
        return gpus or cores()
    wanted = gpus or min(cores(), psutil.cpu_count(logical=False) or cores())
    return max(1, min(wanted, psutil.virtual_memory().available // CHILD_MEMORY))


def _named(setup: Setup) -> str:
    return str(setup.blender or "Blender")
