"""Starts Blender so that it sees no more cores than it is to use.

Blender's scheduler (TBB) has a thread for each core it sees. Where a clip renders with fewer, those left over are woken
by the first denoising and from then on wait for work by spinning: on two cores with one thread a clip, the idle one
burnt as many processor seconds as the one that rendered, and took them from the clip beside it. So the process is held
on as many cores as it has threads while Blender starts, and let go again after.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

_TASKS = Path("/proc/self/task")


def start_blender(threads: int) -> None:
    """Import bpy for rendering with `threads` threads; nothing is left to do where it is imported already.

    Only Linux lets a process be held on some of its cores; elsewhere this is a plain import.
    """
    if "bpy" in sys.modules:
        return
    if not hasattr(os, "sched_setaffinity"):
        import bpy

        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(cores)[:threads]))
    try:
        import bpy  # noqa: F401
    finally:
        for task in _TASKS.iterdir() if _TASKS.is_dir() else ():
            _let_go(int(task.name), cores)


def _let_go(task: int, cores: set[int]) -> None:
    """A thread of this process may use all cores again, and so may those it starts."""
    with contextlib.suppress(ProcessLookupError):  # one that has just ended
        os.sched_setaffinity(task, cores)
