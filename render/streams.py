"""Named random streams: adding a draw to one never reshuffles another, and no library update changes a plan."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import lru_cache
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
    place in its dataset (0 first, 1 last), which recipes' schedules go by. `dealt` are draws that come first, in place
    of the stream's own: see `deal`.
    """

    def __init__(
        self, seed: int, clip: int, name: str, attempt: int = 0, share: float = 0.0, dealt: Sequence[float] = ()
    ) -> None:
        key = (zlib.crc32(name.encode()), attempt)
        self._words = np.random.PCG64(np.random.SeedSequence([seed, clip], spawn_key=key))
        self._dealt = list(reversed(dealt))
        self.clip, self.share = clip, share

    def random(self) -> float:
        """Uniform in [0, 1), 53 bits; the first ones are those that were dealt."""
        if self._dealt:
            return self._dealt.pop()
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


DECK = 24
"""Clips that one shuffled deck is dealt to."""


def deal(seed: int, clip: int, name: str) -> float:
    """A draw in [0, 1), uniform for each clip, and evenly spread over every `DECK` clips from a multiple of it on.

    A deck holds the `DECK` equal parts of [0, 1), shuffled anew for each run of clips; a clip gets one of them and a
    random place in it (Latin hypercube sampling, McKay et al. 1979, when done for several names). What a clip gets
    depends on seed, index and name alone, so that a longer plan begins with the shorter one.
    """
    run, place = divmod(clip, DECK)
    return (_deck(seed, run, name)[place] + Stream(seed, clip, f"deal/{name}").random()) / DECK


@lru_cache(maxsize=256)
def _deck(seed: int, run: int, name: str) -> tuple[int, ...]:
    """0 to `DECK` - 1 in an order of their own: Fisher and Yates' shuffle."""
    stream, cards = Stream(seed, run, f"deck/{name}"), list(range(DECK))
    for last in range(DECK - 1, 0, -1):
        other = stream.integer(last + 1)
        cards[last], cards[other] = cards[other], cards[last]
    return tuple(cards)
