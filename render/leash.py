"""`python -m render.leash PARENT -m MODULE ARG…` (or `… SCRIPT ARG…`): run a program that dies with its parent.

However the parent ends, `kill -9` included, no orphan goes on rendering: on Linux the kernel is asked to kill this
process then; everywhere, the end of standard input, which the parent holds open, says so too. Every child passes
through here: nothing heavy is imported.
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
    return [sys.executable, "-m", "render.leash", str(os.getpid()), *program]


def tie(parent: int) -> None:
    """Make this process end when the process `parent` does, which started it, perhaps by way of a wrapper script."""
    if sys.platform == "linux" and os.getppid() == parent:
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    # Should it have died before that, its end of our standard input is closed by now.
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
