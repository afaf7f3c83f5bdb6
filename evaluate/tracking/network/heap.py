"""Memory that was freed stays with the process, in place of going back to the system after every layer."""

from __future__ import annotations

import ctypes

TRIM_THRESHOLD, TOP_PAD, MMAP_MAX = -1, -2, -4
"""Names of settings in glibc's <malloc.h>."""


def keep_freed_memory() -> bool:
    """Make glibc's malloc keep and reuse what is freed, in the whole process, from now on; False where it is not glibc.

    By default it maps every tensor over 32 MiB anew and unmaps it afterwards, so that the system finds and clears its
    pages each time: a frame of sam2.1-hiera-tiny is half a million page faults, a seventh of its time on a CPU. What
    the process holds is then its peak, which the next frame needs again.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, TypeError, AttributeError):
        return False
    return all(mallopt(name, value) == 1 for name, value in ((MMAP_MAX, 0), (TRIM_THRESHOLD, 2**31 - 1)))
