"""Where a recipe's windows and held-out clips come from."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from render.document import UserError
from render.manifest import Dataset

from ..config import TrainConfig
from ..models import image_size
from .generic import Generic
from .held_out import HeldOut, generic_held_out, held_out
from .rendered import Rendered
from .window import Source, Window


@dataclass(frozen=True)
class Sources:
    """Windows to learn from, clips to validate on, how many steps to take, and what a resumed run must share."""

    train: Source
    held_out: list[HeldOut]
    steps: int
    identity: str


def open_sources(config: TrainConfig, data: Path | str | None) -> Sources:
    """Open what the recipe asks for; UserError where --data is missing, not needed, or holds too little."""
    size = image_size(config.model.name)
    if config.data.source == "generic":
        if data is not None:
            raise UserError(f'--data {data}: this recipe makes its own data (data.source = "generic"); leave it out')
        clips = generic_held_out(config.seed, 1, config.validation.clips, config.validation.frames, size)
        assert config.steps is not None
        return Sources(generic_windows(config, size), clips, config.steps, "generic")
    if data is None:
        raise UserError(
            "--data is missing: this recipe learns from a dataset; give the folder that 'heroprop render' filled"
        )
    dataset = Dataset.open(data)
    windows = Rendered(dataset, config.data, size, config.seed)
    generic = generic_windows(config, size)
    steps = config.steps or math.ceil(
        (config.epochs or 0) * len(windows) / (config.data.batch * config.optimiser.accumulate)
    )
    clips = held_out(dataset, "val", config.validation.clips, config.validation.frames)
    mixed = Mixed(windows, generic, config.data.generic, config.seed)
    return Sources(mixed, clips, steps, identity(dataset))


def identity(dataset: Dataset) -> str:
    """SHA-256 (hex) over what a dataset holds: its shards' hashes and its splits, whenever its manifest was written."""
    held = [f"{shard.name} {shard.tar.sha256}" for shard in dataset.manifest.shards]
    splits = [f"{split} {clip}" for split in ("train", "val", "test") for clip in dataset.clips(split)]
    return hashlib.sha256("\n".join([*sorted(held), *splits]).encode()).hexdigest()


@dataclass(frozen=True)
class Mixed:
    """Two streams in one: window i is the second's with chance `share`, drawn from (seed, i)."""

    first: Source
    second: Source
    share: float
    seed: int

    def window(self, index: int) -> Window:
        second = np.random.default_rng([self.seed, 2, index]).random() < self.share
        return (self.second if second else self.first).window(index)


def generic_windows(config: TrainConfig, size: int) -> Generic:
    """The generic stream that the recipe describes."""
    options = config.data
    return Generic(config.seed, 0, options.frames, size, options.easy, options.hardest, options.slowest)
