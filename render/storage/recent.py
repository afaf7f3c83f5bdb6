"""What was fetched last: one memory for all shards of a dataset."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict

Key = tuple[str, int]
"""A file's name and the offset in it."""


class Recent:
    """The byte ranges fetched last, up to so many bytes in all. Threads may share it; a forked process begins anew."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._begin()

    def get(self, key: Key, size: int) -> bytes | None:
        """What lies there, if it is known and of that size."""
        self._same_process()
        with self._lock:
            found = self._found.get(key)
            if found is None or len(found) != size:
                return None
            self._found.move_to_end(key)
            return found

    def put(self, key: Key, data: bytes) -> None:
        self._same_process()
        with self._lock:
            self._held += len(data) - len(self._found.pop(key, b""))
            self._found[key] = data
            while self._held > self._most and len(self._found) > 1:
                self._held -= len(self._found.popitem(last=False)[1])

    def clear(self) -> None:
        """Forget all of it."""
        self._begin()

    def _same_process(self) -> None:
        if self._process != os.getpid():  # a fork may have copied a lock that another thread held
            self._begin()

    def _begin(self) -> None:
        self._process, self._held, self._lock = os.getpid(), 0, threading.Lock()
        self._found: OrderedDict[Key, bytes] = OrderedDict()
