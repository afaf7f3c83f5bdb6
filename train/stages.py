"""A run as a sequence of stages, each with the recipe as it stands there, its data and its length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .config import TrainConfig
from .data.sources import Sources, Where, open_sources


@dataclass(frozen=True)
class Stage:
    """One stage. `first` is its first step's place in the plan, which stages that end early do not move."""

    name: str
    config: TrainConfig
    sources: Sources
    promote: float | None
    first: int

    @property
    def steps(self) -> int:
        """How many steps it takes at most."""
        return self.sources.steps


def open_stages(config: TrainConfig, data: Where | Sequence[Where] | None) -> list[Stage]:
    """The recipe's stages, or the whole run as one; UserError where the data does not serve one of them."""
    parts = [(stage.name, config.at(stage), stage.promote) for stage in config.stages] or [("", config, None)]
    stages: list[Stage] = []
    for name, part, promote in parts:
        first = stages[-1].first + stages[-1].steps if stages else 0
        stages.append(Stage(name, part, open_sources(part, data), promote, first))
    return stages
