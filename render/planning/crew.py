"""Who composes a plan's clips: one process or several, for what a clip becomes is up to its index alone."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

from ..asset import Library
from ..document import UserError
from ..interrupts import begin, packed, unheard
from ..spec import ClipSpec
from .compose import compose_group
from .recipe import Recipe
from .sweeps import group_of

PIECE = 8
"""Clips, about, that a process composes before it hands them over: two seconds' work."""
WORTH = 2 * PIECE
"""With fewer clips a process, starting it takes longer than it saves."""


@dataclass(frozen=True)
class Source:
    """What clips are composed from."""

    recipe: Recipe
    library: Library
    seed: int

    def pieces(self, clips: int) -> Iterator[list[int]]:
        """Of all the groups that hold so many clips the first clips, some at a time."""
        piece: list[int] = []
        first, start = 0, 0
        while first < clips:
            piece.append(first)
            first += len(group_of(self.recipe.twins, self.recipe.sweep, first))
            if first - start >= PIECE or first >= clips:
                yield piece
                piece, start = [], first

    def compose(self, firsts: list[int]) -> list[ClipSpec]:
        """The clips of some groups; UserError where the recipe asks for what cannot be filmed."""
        groups = [group_of(self.recipe.twins, self.recipe.sweep, first) for first in firsts]
        return [spec for group in groups for spec in compose_group(self.recipe, self.library, self.seed, group)]


@dataclass(frozen=True)
class Crew:
    """How many processes compose at a time, and who is told how many clips are done, of how many."""

    workers: int = 1
    told: Callable[[int, int], None] = lambda done, total: None

    def compose(self, source: Source, clips: int) -> list[ClipSpec]:
        """Clips 0 to `clips - 1`."""
        specs: list[ClipSpec] = []
        for some in self._composed(source, clips):
            specs += some
            self.told(min(len(specs), clips), clips)
        return specs[:clips]

    def _composed(self, source: Source, clips: int) -> Iterator[list[ClipSpec]]:
        count = min(self.workers, clips // WORTH)
        if count < 2:
            yield from map(source.compose, source.pieces(clips))
            return
        spawn = multiprocessing.get_context("spawn")  # not forked: a child may hang on a lock that a thread held
        work = packed(_begin, source)
        pool = ProcessPoolExecutor(count, spawn, initializer=begin, initargs=(work,))
        try:
            with unheard():
                composed = pool.map(_compose, source.pieces(clips))
            yield from composed
        except BrokenProcessPool:
            words = "a planning process was killed, perhaps for want of memory"
            raise UserError(f"{words}; try again with --workers 1") from None
        finally:
            pool.shutdown(cancel_futures=True)


_source: Source | None = None
"""What a process of the crew composes clips of."""


def _begin(source: Source) -> None:
    global _source
    _source = source


def _compose(firsts: list[int]) -> list[ClipSpec]:
    assert _source is not None
    return _source.compose(firsts)
