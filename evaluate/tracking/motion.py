"""Where an object should be next: a Kalman filter with constant velocity over a mask's centre and size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

DRIFT, JITTER = 0.05, 0.05
"""Standard deviations, in object diameters: of what moves the velocity from frame to frame, and of what is measured."""

AGREES = 0.3
"""A mask's box must overlap the predicted one by so much (IoU) to agree with its motion."""


class Motion:
    """Filters (centre x, centre y, width, height) of one object, in pixels, with a velocity for each."""

    def __init__(self) -> None:
        self._state: NDArray[np.float64] | None = None
        self._spread = np.zeros((2, 2))

    def predicted(self) -> NDArray[np.float64] | None:
        """(4,) where the next frame should find it; None before it was ever seen."""
        return None if self._state is None else self._state[0] + self._state[1]

    def see(self, mask: NDArray[np.bool_]) -> bool:
        """Take the next frame's mask (bool, H x W; empty: nothing measured); whether it agrees with the prediction."""
        box = box_of(mask)
        if self._state is None:
            if box is None:
                return False
            self._state = np.stack([box, np.zeros(4)])
            self._spread = np.diag([JITTER**2, 1.0])
            return True
        expected = self._state[0] + self._state[1]
        # One 2 x 2 covariance serves all four numbers: they share their noise, in diameters.
        step = np.array([[1.0, 1.0], [0.0, 1.0]])
        self._state = step @ self._state
        self._spread = step @ self._spread @ step.T + np.diag([0.0, DRIFT**2])
        if box is None:
            return False
        agrees = box_iou(expected, box) >= AGREES
        gain = self._spread[:, 0] / (self._spread[0, 0] + JITTER**2)
        self._state = self._state + gain[:, None] * (box - self._state[0])
        self._spread = self._spread - np.outer(gain, self._spread[0])
        return agrees


def box_of(mask: NDArray[np.bool_]) -> NDArray[np.float64] | None:
    """(centre x, centre y, width, height) around a mask in pixels; None for an empty one."""
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    if not len(columns):
        return None
    x0, x1, y0, y1 = columns[0], columns[-1] + 1, rows[0], rows[-1] + 1
    return np.array([(x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0], np.float64)


def box_iou(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Intersection over union of two (centre x, centre y, width, height) boxes."""
    low = np.maximum(a[:2] - a[2:] / 2, b[:2] - b[2:] / 2)
    high = np.minimum(a[:2] + a[2:] / 2, b[:2] + b[2:] / 2)
    both = float(np.prod(np.maximum(high - low, 0.0)))
    union = float(np.prod(a[2:]) + np.prod(b[2:])) - both
    return both / union if union > 0 else 0.0
