"""Where a recipe's windows and held-out clips come from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from render.document import UserError
from render.manifest import FILE, Dataset
from render.mask import binary_mask

from .config import TrainConfig
from .dataset import Rendered, held_out
from .generic import Generic
from .models import image_size, sha256
from .validate import HeldOut
from .window import Source


@dataclass(frozen=True)
class Sources:
    """Windows to learn from, clips to validate on, how many steps to take, and what a resumed run must share."""

    train: Source
    held_out: list[HeldOut]
    steps: int
    identity: str


def open_sources(config: TrainConfig, data: Path | None) -> Sources:
    """Open what the recipe asks for; UserError where --data is missing, not needed, or holds too little."""
    size = image_size(config.model.name)
    if config.data.source == "generic":
        if data is not None:
            raise UserError(f'--data {data}: this recipe makes its own data (data.source = "generic"); leave it out')
        options = config.data
        train = Generic(config.seed, 0, options.frames, size, options.easy, options.hardest, options.slowest)
        clips = generic_held_out(config.seed, 1, config.validation.clips, config.validation.frames, size)
        assert config.steps is not None
        return Sources(train, clips, config.steps, "generic")
    if data is None:
        raise UserError(
            "--data is missing: this recipe learns from a dataset; give the folder that 'heroprop render' filled"
        )
    dataset = Dataset.open(data)
    windows = Rendered(dataset, config.data, size, config.seed)
    steps = config.steps or math.ceil(
        (config.epochs or 0) * len(windows) / (config.data.batch * config.optimiser.accumulate)
    )
    clips = held_out(dataset, "val", config.validation.clips, config.validation.frames)
    return Sources(windows, clips, steps, sha256(data / FILE))


def generic_held_out(seed: int, part: int, clips: int, frames: int, size: int) -> list[HeldOut]:
    """The first `clips` clips of a part of the generic stream."""
    windows = [Generic(seed, part, frames, size).window(index) for index in range(clips)]
    return [
        HeldOut(window.name, list(window.rgb), [binary_mask(frame) for frame in window.coverage]) for window in windows
    ]
