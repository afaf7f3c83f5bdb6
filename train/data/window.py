"""A window: frames of one clip, and the objects in them that the trainer learns to follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Window:
    """Frames already at the model's input size, every object present in the first.

    rgb: uint8 (T, S, S, 3); coverage: uint8 (N, T, S, S), 255 = 1: each object's exact soft matte.
    """

    rgb: NDArray[np.uint8]
    coverage: NDArray[np.uint8]
    name: str = ""


class Source(Protocol):
    """An endless, seeded stream of windows: the same index always gives the same window, in any process."""

    def window(self, index: int) -> Window: ...
