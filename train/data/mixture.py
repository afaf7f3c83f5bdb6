"""Several streams of windows as one."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .window import Source, Window


@dataclass(frozen=True)
class Mixture:
    """Two streams in one: of the first n windows, floor(n * share) are the second's, spread evenly.

    Each stream's own windows come in their own order and none is left out, so that a pass over a dataset stays one.
    Three and more are mixtures of mixtures (`mixture`).
    """

    first: Source
    second: Source
    share: float

    def window(self, index: int) -> Window:
        before, now = (math.floor(n * self.share + 1e-9) for n in (index, index + 1))
        return self.second.window(before) if now > before else self.first.window(index - before)


def mixture(parts: list[tuple[Source, float]]) -> Source:
    """One stream of (stream, share) parts; the shares count in proportion to their sum, those of 0 are left out."""
    used = [(source, share) for source, share in parts if share > 0]
    whole, total = used[0]
    for source, share in used[1:]:
        total += share
        whole = Mixture(whole, source, share / total)
    return whole
