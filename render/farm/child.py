"""One child process, watched: its frames as they come, its log, and an end if it stops making progress."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from ..document import write_atomic

POLL = 0.1
GRACE = 3.0
"""Seconds that a child may take to end when asked to, before it is killed."""
LONGEST_LOG = 64 * 2**20
"""Bytes; a child that says more is ended: at that rate it fills the disk before it renders."""
KEPT_LOG = 2**18
"""Bytes of a clip's log that outlast the next attempt."""


class StoppedError(Exception):
    """The run is being stopped; the child has been ended for that."""


def run(
    command: list[str],
    log: Path,
    timeout: float,
    stop: threading.Event,
    on_frame: Callable[[int], None],
) -> tuple[int, str]:
    """Run a child to its end: its exit code, and in words why it failed (empty for code 0).

    `command` ends with us (`Setup.command`). `on_frame` is called with the number of each frame that the child reports
    as a JSON line; everything else it says goes to the end of `log`. It is ended after `timeout` seconds without
    progress, and when `stop` is set (raising StoppedError).
    """
    progress = [time.monotonic()]
    shorten(log)
    with log.open("ab") as file:
        process = _start(command, file)
        assert process.stdout
        reader = threading.Thread(target=_read, args=(process.stdout, file, progress, on_frame), daemon=True)
        reader.start()
        silent = verbose = False
        try:
            while process.poll() is None:
                silent = time.monotonic() - progress[0] > timeout
                verbose = os.fstat(file.fileno()).st_size > LONGEST_LOG
                if silent or verbose or stop.is_set():
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
    if verbose:
        return process.returncode, f"wrote more than {LONGEST_LOG // 2**20} MiB of log and was ended"
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


def shorten(log: Path) -> None:
    """Keep the end of a log that has grown long over many attempts."""
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > KEPT_LOG:
            with log.open("rb") as file:
                file.seek(-KEPT_LOG, os.SEEK_END)
                kept = file.read().partition(b"\n")[2]
            write_atomic(log, kept)


def _start(command: list[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start it in a process group of its own: Ctrl-C reaches the parent alone, which then ends the children."""
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
        _signal(process, signal.SIGTERM)
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()
    # What is left of its group: a wrapper script around Blender ends before Blender does.
    if sys.platform != "win32":
        _signal(process, signal.SIGKILL)
    if process.stdin:
        process.stdin.close()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal to a child and to whatever it started, which stayed in its group."""
    if sys.platform == "win32":
        process.terminate()
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _reason(code: int, log: Path) -> str:
    if code == 0:
        return ""
    said = last_lines(log, 1)
    if code < 0:
        return f"killed by signal {-code}"
    return f"exit code {code}" + (f": {said[0].strip()}" if said else "")
