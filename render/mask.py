"""The mask rule, one for benchmark and training: which pixels a blurred prop covers, and when it is present at all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RULE = "half-maximum-v1"
"""The rule's name in the manifest."""

PRESENT_PIXELS = 4.0
"""The target is present where its coverage sums to at least this many pixels."""


def is_present(coverage: NDArray[np.uint8]) -> bool:
    """Whether the target counts as present. `coverage` is uint8 (H, W), 255 = fully covered."""
    return float(coverage.sum(dtype=np.int64)) / 255.0 >= PRESENT_PIXELS


def binary_mask(coverage: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Half maximum: coverage >= 1/2 of the object's peak coverage in this frame; empty where the target is absent.

    Continuous in blur, and equal to coverage >= 0.5 for an unblurred object. uint8 (H, W) in, bool (H, W) out.
    """
    if not is_present(coverage):
        return np.zeros(coverage.shape, np.bool_)
    return coverage.astype(np.uint16) * 2 >= int(coverage.max())
