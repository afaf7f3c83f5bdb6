"""Scene cuts: where the picture's colours and its structure change at once."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]

STRUCTURE = 0.4
"""Correlation of small grey pictures below which there may be a cut: 0.95 and more within a shot, 0.5 as a bus drives
by, 0.2 and less at real cuts. A flash keeps it: it does not feel gain."""

COLOURS = 0.1
"""Share of the pixels that change their colour at a cut (half the L1 distance of 8 x 8 x 8 histograms)."""

SUDDEN = 3.0
"""The structure must change so many times as much as it did lately: a whip pan changes it on every frame."""

SMALL = (48, 27)


class CutDetector:
    """Feed it the frames in order: `see` says whether a scene cut lies before this one."""

    def __init__(self) -> None:
        self._colours: NDArray[np.float32] | None = None
        self._grey: NDArray[np.float32] | None = None
        self._lately = 0.0

    def see(self, frame: Frame) -> bool:
        """`frame` is uint8 RGB (H, W, 3)."""
        small: Any = cv2.resize(frame, (SMALL[0] * 2, SMALL[1] * 2), interpolation=cv2.INTER_AREA)
        colours = _histogram(small)
        tiny: Any = cv2.resize(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), SMALL, interpolation=cv2.INTER_AREA)
        grey = _standardised(tiny)
        before, grey_before = self._colours, self._grey
        self._colours, self._grey = colours, grey
        if before is None or grey_before is None:
            return False
        change = float(np.abs(colours - before).sum() / 2)
        alike = float((grey * grey_before).mean())
        cut = alike < STRUCTURE and change > COLOURS and 1 - alike > SUDDEN * self._lately
        self._lately = 0.0 if cut else 0.7 * self._lately + 0.3 * (1 - alike)
        return cut


def _histogram(picture: Frame) -> NDArray[np.float32]:
    """Share of the pixels in each of 8 x 8 x 8 colours."""
    counts: Any = cv2.calcHist([picture], [0, 1, 2], None, [8, 8, 8], [0, 256] * 3)
    return np.asarray(counts / counts.sum(), np.float32)


def _standardised(picture: Frame) -> NDArray[np.float32]:
    plain = picture.astype(np.float32)
    return (plain - plain.mean()) / max(float(plain.std()), 4.0)
