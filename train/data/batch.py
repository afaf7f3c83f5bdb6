"""From windows to SAM2Train's batches: an endless seeded stream, the same in any number of worker processes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Sampler
from torch.utils.data import Dataset as TorchDataset

from render.mask import PRESENT_PIXELS

from .window import Source, Window

MEAN_RGB = (0.485, 0.456, 0.406)
STD_RGB = (0.229, 0.224, 0.225)
"""What sam2 subtracts and divides by, of pictures in 0..1 (its `SAM2Transforms`)."""


@dataclass(frozen=True)
class Batch:
    """B windows of T frames with O objects in all.

    rgb uint8 (B, T, 3, S, S); coverage uint8 (T, O, S, S), 255 = 1; masks bool (T, O, S, S), which the mask rule makes
    of it; owners int64 (O,), in ascending order: the window that each object is in; names (B,).
    """

    rgb: Tensor
    coverage: Tensor
    masks: Tensor
    owners: Tensor
    names: tuple[str, ...]

    def pin_memory(self) -> Batch:
        """In page-locked memory, from which a GPU copies while the host goes on."""
        rgb, coverage, masks, owners = (x.pin_memory() for x in (self.rgb, self.coverage, self.masks, self.owners))
        return Batch(rgb, coverage, masks, owners, self.names)

    def to_sam2(self, device: torch.device) -> Any:
        """sam2's own batch type on `device`: its object o of frame t is on picture (t, owner of o)."""
        from training.utils.data_utils import BatchedVideoDatapoint, BatchedVideoMetaData

        masks_TOHW = self.masks.to(device, non_blocking=True)
        T, O = masks_TOHW.shape[:2]  # noqa: E741
        frames_TO = torch.arange(T, dtype=torch.int)[:, None].expand(T, O)
        pairs_TO2 = torch.stack([frames_TO, self.owners.int().expand(T, O)], -1)
        mean, std = (torch.tensor(three, device=device).view(3, 1, 1) for three in (MEAN_RGB, STD_RGB))
        rgb_TBCHW = self.rgb.to(device, non_blocking=True).transpose(0, 1)
        img_TBCHW = rgb_TBCHW.to(torch.float32, memory_format=torch.contiguous_format)
        nothing = BatchedVideoMetaData(
            unique_objects_identifier=torch.zeros(T, O, 3, dtype=torch.long),
            frame_orig_size=torch.zeros(T, O, 2, dtype=torch.long),
            batch_size=[T],
        )
        return BatchedVideoDatapoint(
            img_batch=img_TBCHW.div_(255).sub_(mean).div_(std),  # rounded as sam2's own transforms do
            obj_to_frame_idx=pairs_TO2.to(device),
            masks=masks_TOHW,
            metadata=nothing,
            dict_key="all",
            batch_size=[T],
        )


def collate(windows: list[Window]) -> Batch:
    """Stack windows of equal length and size; coverage becomes masks by the mask rule, at the model's resolution."""
    several = len(windows) > 1  # one by itself is not copied
    rgb = np.stack([window.rgb for window in windows]) if several else windows[0].rgb[None]
    coverage = np.concatenate([window.coverage for window in windows]) if several else windows[0].coverage
    masks = np.empty(coverage.shape, np.bool_)
    for matte, mask in zip(coverage.reshape(-1, *rgb.shape[2:4]), masks.reshape(-1, *rgb.shape[2:4]), strict=True):
        half_maximum(matte, mask)
    held = torch.tensor([len(window.coverage) for window in windows])
    return Batch(
        rgb=torch.from_numpy(rgb).permute(0, 1, 4, 2, 3),  # a view: it stays as it lies
        coverage=torch.from_numpy(coverage).transpose(0, 1),
        masks=torch.from_numpy(masks).transpose(0, 1),
        owners=torch.repeat_interleave(torch.arange(len(windows)), held),
        names=tuple(window.name for window in windows),
    )


def half_maximum(coverage: NDArray[np.uint8], out: NDArray[np.bool_]) -> None:
    """`render.mask.binary_mask` of a matte (H, W) into `out`, many times faster."""
    if cv2.sumElems(coverage)[0] < PRESENT_PIXELS * 255:
        out[:] = False
    else:
        np.greater_equal(coverage, (int(coverage.max()) + 1) // 2, out=out)


class _Windows(TorchDataset[Window]):
    def __init__(self, source: Source) -> None:
        self.source = source

    def __getitem__(self, index: int) -> Window:
        return self.source.window(index)


def batches(
    source: Source,
    batch: int,
    first: int,
    last: int,
    workers: int,
    pin: bool = False,
    rank: int = 0,
    world: int = 1,
) -> Iterator[Batch]:
    """Batches number `first` up to (not including) `last` of the stream, for process `rank` of `world`.

    Batch k of them all together holds windows k * world * batch and on; `batch` of these in a row are a process's. So
    which windows make a step depends on world * batch alone, and neither on `workers`. With any of these, OpenCV has no
    threads of its own from then on, in this process and in theirs: they would get in each other's way.
    """
    if workers:
        _alone()  # here too, where its threads are: a forked worker would wait for ever for them to end
    loader: DataLoader[Window] = DataLoader(
        _Windows(source),
        batch_size=batch,
        sampler=_Share(batch, first, last, rank, world),
        num_workers=workers,
        collate_fn=collate,
        pin_memory=pin,
        persistent_workers=False,
        worker_init_fn=_alone,
        generator=torch.Generator().manual_seed(0),  # so that starting it draws nothing from the global stream
    )
    yield from loader


@dataclass(frozen=True)
class _Share(Sampler[int]):
    """The numbers of the windows that are one process's."""

    batch: int
    first: int
    last: int
    rank: int
    world: int

    def __len__(self) -> int:
        return (self.last - self.first) * self.batch

    def __iter__(self) -> Iterator[int]:
        for number in range(self.first, self.last):
            start = (number * self.world + self.rank) * self.batch
            yield from range(start, start + self.batch)


def _alone(worker: int = 0) -> None:
    """No threads of OpenCV's."""
    cv2.setNumThreads(0)
