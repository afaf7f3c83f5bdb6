"""Reading ahead: the next items of an iterator are made in a thread while the last one is worked on."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Iterable[T], depth: int) -> Generator[T]:
    """The same items in the same order, up to `depth` of them made before they are asked for.

    What the items' own code raises is raised here, in its place. The thread ends when the iterator is used up or closed
    (closing waits for the item being made), and does not keep the program from ending.
    """
    made: queue.Queue[tuple[T] | BaseException | None] = queue.Queue(maxsize=depth)
    closed = threading.Event()

    def work() -> None:
        try:
            for item in items:
                if not _put(made, (item,), closed):
                    return
            _put(made, None, closed)
        except BaseException as error:  # handed over, whatever it is
            _put(made, error, closed)

    thread = threading.Thread(target=work, name="read ahead", daemon=True)
    thread.start()
    try:
        while True:
            found = made.get()
            if found is None:
                return
            if isinstance(found, BaseException):
                raise found
            yield found[0]
    finally:
        closed.set()
        thread.join()


def _put(made: queue.Queue[T], item: T, closed: threading.Event) -> bool:
    while not closed.is_set():
        try:
            made.put(item, timeout=0.1)
            return True
        except queue.Full:
            continue
    return False
