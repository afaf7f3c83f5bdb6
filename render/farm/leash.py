"""`python -m render.farm.leash PARENT -m MODULE ARG…` (or `… SCRIPT ARG…`): run a program that dies with its parent.

However the parent ends, `kill -9` included, no orphan goes on rendering: on Linux the kernel is asked to kill this
process then; everywhere, the end of standard input, which the parent holds open, says so too.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading

PR_SET_PDEATHSIG = 1
"""`prctl` option, from Linux's `sys/prctl.h`."""


def command(program: list[str]) -> list[str]:
    """The command line that runs `program` (`["-m", "module", ...]` or `["script.py", ...]`) on this leash."""
    return [sys.executable, "-m", "render.farm.leash", str(os.getpid()), *program]


def tie(parent: int) -> None:
    """Make this process end when the process `parent`, which started it, does."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if sys.platform != "win32" and os.getppid() != parent:  # it died before we asked
        os._exit(1)
    threading.Thread(target=_wait_for_end_of_input, daemon=True).start()


def main() -> None:
    parent, *program = sys.argv[1:]
    tie(int(parent))
    if program[0] == "-m":
        sys.argv = program[1:]
        runpy.run_module(program[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = program
        runpy.run_path(program[0], run_name="__main__")


def _wait_for_end_of_input() -> None:
    while os.read(0, 4096):
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
