"""Where a recipe's windows and held-out clips come from."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from render.document import UserError
from render.manifest import Dataset

from ..config import TrainConfig
from ..models import image_size
from .generic.scenes import Generic
from .held_out import HeldOut, generic_held_out, held_out
from .mixture import mixture
from .rendered.windows import Rendered
from .window import Source

Where = Path | str
"""A dataset's folder or URL, or one of its views."""


@dataclass(frozen=True)
class Sources:
    """Windows to learn from, clips to validate on, how many steps to take, and what a resumed run must share."""

    train: Source
    held_out: list[HeldOut]
    steps: int
    identity: str


def open_sources(
    config: TrainConfig, data: Where | Sequence[Where] | None, size: int | None = None, world: int = 1
) -> Sources:
    """Open what the recipe asks for; UserError where --data is missing, not needed, or holds too little.

    `data` may be several datasets, learned from and validated on as if they were one. Windows are `size` pixels square
    (the model's own size where left out); `world` processes of `config.data.batch` windows each share a step.
    """
    size = size or config.model.size or image_size(config.model.name)
    folders = [data] if isinstance(data, (Path, str)) else list(data or [])
    generic = generic_windows(config, size)
    if config.data.source == "generic":
        if folders:
            raise UserError(
                f'--data {folders[0]}: this recipe makes its own data (data.source = "generic"); leave it out'
            )
        clips = generic_held_out(config.seed, 1, config.validation.clips, config.validation.frames, size)
        assert config.steps is not None
        return Sources(generic, clips, config.steps, "generic")
    if not folders:
        raise UserError(
            "--data is missing: this recipe learns from a dataset; give the folder that 'heroprop render' filled"
        )
    datasets = [Dataset.open(folder) for folder in folders]
    extra = [Dataset.open(one.dataset) for one in config.data.mix]
    named = len(folders) + len(extra) > 1
    own, others = (
        [Rendered(one, config.data, size, config.seed, f"{one.name}/" if named else "") for one in many]
        for many in (datasets, extra)
    )
    added: list[tuple[Source, float]] = [
        *zip(others, (one.share for one in config.data.mix), strict=True),
        (generic, config.data.generic),
    ]
    rest = 1 - sum(share for _, share in added)
    windows = sum(len(one) for one in own)
    stream = mixture([*((one, rest * len(one) / windows) for one in own), *added])
    steps = config.steps
    if steps is None:
        assert config.epochs is not None
        if rest < 1e-6:
            raise UserError("epochs: mix and generic leave no windows for --data, so that it has no passes; give steps")
        steps = math.ceil(config.epochs * windows / rest / (config.data.batch * config.optimiser.accumulate * world))
    return Sources(stream, _validation(datasets, config), steps, "\n".join(identity(one) for one in datasets + extra))


def _validation(datasets: list[Dataset], config: TrainConfig) -> list[HeldOut]:
    """Held-out clips of all datasets, as many of each as can be."""
    each = math.ceil(config.validation.clips / len(datasets))
    found = [clip for one in datasets for clip in held_out(one, "val", each, config.validation.frames)]
    return found[: config.validation.clips]


def identity(dataset: Dataset) -> str:
    """SHA-256 (hex) over what a dataset holds: its shards' hashes and its splits, whenever its manifest was written."""
    held = [f"{shard.name} {shard.tar.sha256}" for shard in dataset.manifest.shards]
    splits = [f"{split} {clip}" for split in ("train", "val", "test") for clip in dataset.clips(split)]
    return hashlib.sha256("\n".join([*sorted(held), *splits]).encode()).hexdigest()


def generic_windows(config: TrainConfig, size: int) -> Generic:
    """The generic stream that the recipe describes."""
    options = config.data
    return Generic(config.seed, 0, options.frames, size, options.easy, options.hardest, options.slowest)
