"""Named random streams: adding a draw to one never reshuffles another, and no library update changes a plan."""

from __future__ import annotations

import zlib
from typing import Protocol, TypeVar

import numpy as np

T = TypeVar("T")


class Scheduled(Protocol):
    """A probability that a schedule gives."""

    def at(self, stream: Stream) -> float: ...


class Stream:
    """The stream `name` of one clip: raw PCG64 words (fixed for good by NumPy's policy), turned into draws here.

    NumPy promises that seeded bit generators never change but not that `Generator` methods don't (NEP 19), so a plan
    that must be equal on every machine and version takes the words and does the rest itself. `share` is the clip's
    place in its dataset (0 first, 1 last), which recipes' schedules go by.
    """

    def __init__(self, seed: int, clip: int, name: str, attempt: int = 0, share: float = 0.0) -> None:
        key = (zlib.crc32(name.encode()), attempt)
        self._words = np.random.PCG64(np.random.SeedSequence([seed, clip], spawn_key=key))
        self.clip, self.share = clip, share

    def random(self) -> float:
        """Uniform in [0, 1), 53 bits."""
        return (int(self._words.random_raw()) >> 11) * 2.0**-53

    def uniform(self, low: float, high: float) -> float:
        """Uniform in [low, high)."""
        return low + (high - low) * self.random()

    def sign(self) -> float:
        """1 or -1."""
        return 1.0 if self.random() < 0.5 else -1.0

    def chance(self, share: float | Scheduled) -> bool:
        """True with probability `share`, or with that which a schedule gives for the clip."""
        return self.random() < (share if isinstance(share, (int, float)) else share.at(self))

    def pick(self, items: list[T], weights: list[float] | None = None) -> T:
        """One of `items`, in proportion to `weights` (equal by default)."""
        shares = weights or [1.0] * len(items)
        place = self.random() * sum(shares)
        for item, share in zip(items, shares, strict=True):
            place -= share
            if place < 0:
                return item
        return next(item for item, share in zip(reversed(items), reversed(shares), strict=True) if share > 0)

    def integer(self, below: int) -> int:
        """Uniform in 0..below - 1."""
        return int(self.random() * below)
