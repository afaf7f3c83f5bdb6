"""One child process, watched: its frames as they come, its log, and an end if it stops making progress."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from . import leash

POLL = 0.1
GRACE = 3.0
"""Seconds that a child may take to end when asked to, before it is killed."""


class StoppedError(Exception):
    """The run is being stopped; the child has been ended for that."""


def run(
    program: list[str],
    log: Path,
    timeout: float,
    stop: threading.Event,
    on_frame: Callable[[int], None],
) -> tuple[int, str]:
    """Run a child to its end: its exit code, and in words why it failed (empty for code 0).

    `program` is what `leash.command` takes. `on_frame` is called with the number of each frame that the child reports
    as a JSON line; everything else it says goes to the end of `log`. It is ended after `timeout` seconds without
    progress, and when `stop` is set (raising StoppedError).
    """
    progress = [time.monotonic()]
    with log.open("ab") as file:
        process = _start(program, file)
        assert process.stdout
        reader = threading.Thread(target=_read, args=(process.stdout, file, progress, on_frame), daemon=True)
        reader.start()
        silent = False
        try:
            while process.poll() is None:
                silent = time.monotonic() - progress[0] > timeout
                if silent or stop.is_set():
                    break
                stop.wait(POLL)
        finally:
            _end(process)
            reader.join(GRACE)
            process.stdout.close()
    if stop.is_set():
        raise StoppedError
    if silent:
        return process.returncode, f"made no progress for {timeout:g} s and was ended"
    return process.returncode, _reason(process.returncode, log)


def last_lines(log: Path, count: int = 12) -> list[str]:
    """The last lines of a log, at most `count`; none where there is no log."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 2**14))
            text = file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return []
    return [line for line in text.splitlines() if line.strip()][-count:]


def _start(program: list[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start it in a process group of its own: Ctrl-C reaches the parent alone, which then ends the children."""
    command = leash.command(program)
    pipe = subprocess.PIPE
    if sys.platform == "win32":
        group = subprocess.CREATE_NEW_PROCESS_GROUP
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=log, creationflags=group)
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=log, process_group=0)


def _read(stdout: IO[bytes], log: IO[bytes], progress: list[float], on_frame: Callable[[int], None]) -> None:
    for line in stdout:
        try:
            frame = int(json.loads(line)["frame"])
        except (ValueError, TypeError, KeyError):
            log.write(line)
            log.flush()
            continue
        progress[0] = time.monotonic()
        on_frame(frame)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdin:
        process.stdin.close()


def _reason(code: int, log: Path) -> str:
    if code == 0:
        return ""
    said = last_lines(log, 1)
    if code < 0:
        return f"killed by signal {-code}"
    return f"exit code {code}" + (f": {said[0].strip()}" if said else "")
