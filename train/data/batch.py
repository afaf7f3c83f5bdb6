"""From windows to SAM2Train's batches: an endless seeded stream, the same in any number of worker processes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset

from render.mask import binary_mask

from .window import Source, Window

MEAN_RGB = (0.485, 0.456, 0.406)
STD_RGB = (0.229, 0.224, 0.225)
"""What sam2 subtracts and divides by, of pictures in 0..1 (its `SAM2Transforms`)."""


@dataclass(frozen=True)
class Batch:
    """B windows of T frames: rgb uint8 (B, T, 3, S, S), masks bool (T, B, S, S) by the mask rule and the uint8 coverage
    (T, B, S, S) that they are of, and what they are."""

    rgb: Tensor
    masks: Tensor
    coverage: Tensor
    names: tuple[str, ...]

    def to_sam2(self, device: torch.device) -> Any:
        """sam2's own batch type on `device`: one object a window, object b of frame t on picture (t, b)."""
        from training.utils.data_utils import BatchedVideoDatapoint, BatchedVideoMetaData

        masks_TBHW = self.masks.to(device, non_blocking=True)
        T, B = masks_TBHW.shape[:2]
        pairs_TB2 = torch.stack(torch.meshgrid(torch.arange(T), torch.arange(B), indexing="ij"), -1).int().to(device)
        mean, std = (torch.tensor(three, device=device).view(3, 1, 1) for three in (MEAN_RGB, STD_RGB))
        rgb_TBCHW = self.rgb.to(device, non_blocking=True).transpose(0, 1).float()
        nothing = BatchedVideoMetaData(
            unique_objects_identifier=torch.zeros(T, B, 3, dtype=torch.long),
            frame_orig_size=torch.zeros(T, B, 2, dtype=torch.long),
            batch_size=[T],
        )
        return BatchedVideoDatapoint(
            img_batch=(rgb_TBCHW / 255 - mean) / std,
            obj_to_frame_idx=pairs_TB2,
            masks=masks_TBHW,
            metadata=nothing,
            dict_key="all",
            batch_size=[T],
        )


def collate(windows: list[Window]) -> Batch:
    """Stack windows of equal length and size; coverage becomes masks by the mask rule, at the model's resolution."""
    rgb = torch.from_numpy(np.stack([window.rgb for window in windows])).permute(0, 1, 4, 2, 3).contiguous()
    masks = np.stack([[binary_mask(frame) for frame in window.coverage] for window in windows], axis=1)
    coverage = np.stack([window.coverage for window in windows], axis=1)
    return Batch(rgb, torch.from_numpy(masks), torch.from_numpy(coverage), tuple(window.name for window in windows))


class _Windows(TorchDataset[Window]):
    def __init__(self, source: Source) -> None:
        self.source = source

    def __getitem__(self, index: int) -> Window:
        return self.source.window(index)


def batches(source: Source, batch: int, first: int, last: int, workers: int, pin: bool = False) -> Iterator[Batch]:
    """Batches number `first` up to (not including) `last` of the stream: number k holds windows k * batch and on."""
    loader: DataLoader[Window] = DataLoader(
        _Windows(source),
        batch_size=batch,
        sampler=range(first * batch, last * batch),
        num_workers=workers,
        collate_fn=collate,
        pin_memory=pin,
        persistent_workers=False,
        generator=torch.Generator().manual_seed(0),  # so that starting it draws nothing from the global stream
    )
    yield from loader
