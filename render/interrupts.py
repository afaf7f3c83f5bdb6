"""Ctrl-C goes to every process of a command at once; the one that was started by hand answers for all of them."""

from __future__ import annotations

import contextlib
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any


@contextlib.contextmanager
def unheard() -> Iterator[None]:
    """Processes that are started inside the block don't hear Ctrl-C, so that none dies of it halfway through an import,
    with a traceback on the user's screen; nor does this one, for as long as it takes to start them."""
    if threading.current_thread() is not threading.main_thread():  # only that one may say what a signal does
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def die_quietly() -> None:
    """In such a process: from now on Ctrl-C ends it on the spot, without a word."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def end_quietly() -> None:
    """In such a process: from now on Ctrl-C and SIGTERM end it without a word, once it has put away what it has open.

    In a pool of processes only what one is at ends so, and the next piece of work begins.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(130))


def packed(function: Callable[..., None], *arguments: Any) -> bytes:
    """What `begin` does, for a process to be."""
    return pickle.dumps((function, arguments))


def begin(work: bytes) -> None:
    """In such a process, as the first thing it does: what was `packed`, which may take long to import. Ctrl-C ends it
    from its first moment on."""
    die_quietly()
    function, arguments = pickle.loads(work)
    function(*arguments)
