"""How a run is going, for people: its pace, TensorBoard, Weights & Biases."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from PIL import Image

from render.document import UserError

from .config import TrainConfig
from .data.batch import Batch


class Board:
    """TensorBoard, Weights & Biases where the recipe asks for it, and the run's `worst/`; silent where not leading."""

    def __init__(self, folder: Path, config: TrainConfig, step: int, leads: bool) -> None:
        self.folder, self.step = folder, step
        self._tensorboard: Any = None
        self._wandb = _wandb_run(config, folder) if leads and config.wandb else None
        self._leads = leads

    def __enter__(self) -> Board:
        if self._leads:
            from torch.utils.tensorboard import SummaryWriter

            self._tensorboard = SummaryWriter(str(self.folder / "tensorboard"), purge_step=self.step + 1)
        return self

    def __exit__(self, *_: object) -> None:
        if self._tensorboard is not None:
            self._tensorboard.close()
        if self._wandb is not None:
            self._wandb.finish()

    def numbers(self, group: str, values: Mapping[str, float], step: int) -> None:
        """Log numbers as `group/name`."""
        if self._tensorboard is None:
            return
        for name, value in values.items():
            self._tensorboard.add_scalar(f"{group}/{name}", value, step)
        if self._wandb is not None:
            self._wandb.log({f"{group}/{name}": value for name, value in values.items()}, step=step)

    def picture(self, name: str, rgb_HWC: NDArray[Any], step: int) -> None:
        """Log a picture, and write it to `NAME/STEP.png` in the run folder."""
        if self._tensorboard is None:
            return
        (self.folder / name).mkdir(exist_ok=True)
        Image.fromarray(rgb_HWC).save(self.folder / name / f"{step:06d}.png")
        self._tensorboard.add_image(name, rgb_HWC, step, dataformats="HWC")


def _wandb_run(config: TrainConfig, folder: Path) -> Any:
    try:
        import wandb
    except ImportError:
        raise UserError(
            f'wandb = "{config.wandb}": Weights & Biases is not installed; pip install wandb, or leave the key out'
        ) from None
    return wandb.init(
        project=config.wandb, name=folder.name, dir=str(folder.parent), config=config.model_dump(), resume="allow"
    )


class Clock:
    """How long steps take, and which share of that was spent waiting for data."""

    def __init__(self) -> None:
        self.started = self.mark = time.monotonic()
        self.waited, self.samples = 0.0, 0

    def waiting(self, stream: Iterator[Batch], count: int) -> Iterator[Batch]:
        """The next `count` batches, the time until each arrives counted as waiting."""
        for _ in range(count):
            asked = time.monotonic()
            batch = next(stream)
            self.waited += time.monotonic() - asked
            yield batch

    def lap(self, samples: int) -> float:
        """Seconds since the last lap, in which so many samples were learned from."""
        now = time.monotonic()
        lap, self.mark = now - self.mark, now
        self.samples += samples
        return lap

    @property
    def samples_a_second(self) -> float:
        return self.samples / max(time.monotonic() - self.started, 1e-9)

    @property
    def wait_share(self) -> float:
        return self.waited / max(time.monotonic() - self.started, 1e-9)


def gpu_gib(device: torch.device) -> float | None:
    """The most memory that tensors have taken on the GPU so far, in GiB; None on a CPU."""
    return torch.cuda.max_memory_allocated(device) / 2**30 if device.type == "cuda" else None
