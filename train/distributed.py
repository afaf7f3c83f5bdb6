"""Several processes, one run. `torchrun` or `accelerate launch` starts them, on one node or many.

Plain torch.distributed: a recipe's step is so many batches, which the processes share out; each adds up the gradients
of its own, and one all-reduce after the last makes them the step's. DistributedDataParallel (and accelerate, which
wraps it) would overlap that with the last backward pass, but must search every batch for parameters that it leaves
unused (which prompts a batch has changes that), and its mean is one of processes, not of objects. What is here gives
the gradients that one process computes on the same batches, so a run means the same on any number of processes.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor
from torch import distributed as dist

from render.document import UserError

PATIENCE = datetime.timedelta(hours=2)
"""How long a process waits for another: writing and first reads of a dataset may take one much longer than the rest."""


@dataclass(frozen=True)
class World:
    """The processes of a run, as one of them sees it."""

    device: torch.device
    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this is the process that writes the run folder."""
        return self.rank == 0

    def sum(self, values: Tensor) -> Tensor:
        """Sum of a tensor over all processes; float64 on the CPU, whatever it was."""
        total = values.detach().to(self.device, torch.float64)
        if self.size > 1:
            dist.all_reduce(total)
        return total.cpu()

    def any(self, flag: bool) -> bool:
        """Whether the flag is up in any process."""
        return bool(self.sum(torch.tensor(float(flag))) > 0)

    def from_leader(self, value: float) -> float:
        """The leader's value."""
        return float(self.sum(torch.tensor(value if self.leads else 0.0, dtype=torch.float64)))

    def sum_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """Sum the gradients over all processes, in place. Of a parameter that none of them used it stays None."""
        if self.size == 1:
            return
        learned = [parameter for parameter in parameters if parameter.requires_grad]
        used = torch.tensor([float(parameter.grad is not None) for parameter in learned], device=self.device)
        parts = [torch.zeros_like(p) if p.grad is None else p.grad for p in learned]
        flat = torch.cat([used, *(part.flatten().float() for part in parts)])
        dist.all_reduce(flat)
        sums = torch.split(flat[len(learned) :], [part.numel() for part in parts])
        for parameter, share, summed in zip(learned, flat[: len(learned)].tolist(), sums, strict=True):
            parameter.grad = summed.view_as(parameter).to(parameter.dtype) if share else None


@contextmanager
def joined(choice: str) -> Iterator[World]:
    """Join the other processes, if any: as many as WORLD_SIZE says. `choice` is the recipe's `device`.

    Each takes the GPU of its LOCAL_RANK. UserError where there is no such device.
    """
    rank, size = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    device = pick_device(choice, int(os.environ.get("LOCAL_RANK", 0)))
    if size == 1:
        yield World(device)
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=PATIENCE)
    try:
        yield World(device, rank, size)
    finally:
        dist.destroy_process_group()


def pick_device(choice: str, local_rank: int = 0) -> torch.device:
    """`auto`, `cpu` or `cuda` as a device; UserError where there is none."""
    if choice == "cuda" and not torch.cuda.is_available():
        raise UserError('device = "cuda", but torch sees no CUDA device; use "auto" or "cpu"')
    if choice == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    if local_rank >= torch.cuda.device_count():
        raise UserError(
            f"process {local_rank} of this node has no GPU of its own (there are {torch.cuda.device_count()}); "
            f"start that many processes"
        )
    return torch.device("cuda", local_rank)
