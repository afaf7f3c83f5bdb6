"""Ctrl-C that lets the step in flight end."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

from render import screen


class Interrupt:
    """Inside the block the first SIGINT or SIGTERM only sets `asked`; a second one acts as ever."""

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interrupt:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._ask) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        signal.signal(number, self._before[number])
        screen.notes.print("stopping after this step; once more to stop at once")
