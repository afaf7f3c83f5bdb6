"""How a target is hidden over a clip, in a few numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Episode:
    """`peak`: the largest share hidden. `seconds`: how long, around it, at least half of that is. `moment`: its middle.

    Times in seconds. With `peak` 0 nothing is hidden, and `seconds` is 0.
    """

    peak: float
    seconds: float
    moment: float

    @classmethod
    def of(cls, hidden_F: Floats, times_F: Floats) -> Episode:
        """The longest run of the clip in which the target stays hidden by half of its peak or more.

        `hidden_F` is the share hidden at increasing times; nan (out of frame) counts as not hidden. Ends of the run are
        interpolated between moments.
        """
        share_F = np.nan_to_num(hidden_F)
        peak = float(share_F.max())
        if peak <= 0:
            return cls(0.0, 0.0, float(times_F[0]))
        level = peak / 2
        above_F = share_F >= level
        edges = np.flatnonzero(np.diff(np.concatenate([[False], above_F, [False]]).astype(int)))
        begins, ends = edges[::2], edges[1::2] - 1  # first and last moment of each run
        from_R = np.array([_cross(share_F, times_F, i - 1, i, level) if i > 0 else times_F[0] for i in begins])
        last = len(share_F) - 1
        to_R = np.array([_cross(share_F, times_F, i + 1, i, level) if i < last else times_F[-1] for i in ends])
        longest = int(np.argmax(to_R - from_R))
        span = float(to_R[longest] - from_R[longest])
        return cls(peak, span, float((to_R[longest] + from_R[longest]) / 2))


def _cross(share_F: Floats, times_F: Floats, outside: int, inside: int, level: float) -> float:
    """When the share passes `level` between two neighbouring moments."""
    rise = share_F[inside] - share_F[outside]
    x = (level - share_F[outside]) / rise if rise > 0 else 1.0
    return float(times_F[outside] + x * (times_F[inside] - times_F[outside]))
