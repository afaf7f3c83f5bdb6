"""One optimiser step on the mean gradient of some batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from render.document import UserError

from ..config import TrainConfig
from ..data.batch import Batch
from ..distributed import World
from .losses import TERMS, window_loss


@dataclass(frozen=True)
class Numbered:
    """A batch and its place in the run's endless stream, from which every random draw that it needs follows."""

    number: int
    batch: Batch


def take_step(
    config: TrainConfig, model: Any, optimiser: torch.optim.Optimizer, shown: Sequence[Numbered], world: World
) -> dict[str, float]:
    """Learn from this process's share of a step's batches; a step that is not finite changes nothing.

    The loss is the mean over all objects of all batches of all processes, as in SAM 2's own trainer. Returns the loss
    terms, their `total`, the gradient's norm before clipping, and if all was `finite` (1 or 0): equal in all processes.
    UserError where memory runs out.
    """
    model.train()
    still(model)
    optimiser.zero_grad(set_to_none=True)
    objects = sum(numbered.batch.masks.shape[1] for numbered in shown)
    every = float(world.sum(torch.tensor(float(objects))))
    sums = torch.zeros(len(TERMS) + 1, dtype=torch.float64)
    for numbered in shown:
        share = numbered.batch.masks.shape[1] / every
        try:
            losses = batch_loss(config, model, numbered, world.device)
            (share * losses["total"]).backward()  # type: ignore[no-untyped-call]
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            raise UserError(out_of_memory(config, numbered.batch, world.device)) from error
        sums += share * torch.stack([losses[name].detach().double().cpu() for name in (*TERMS, "total")])
    world.sum_gradients(model.parameters())
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), config.optimiser.clip)
    row = dict(zip((*TERMS, "total"), world.sum(sums).tolist(), strict=True)) | {"gradient": norm.item()}
    finite = bool(np.isfinite(row["gradient"])) and bool(np.isfinite(row["total"]))
    if finite:
        optimiser.step()
    return {name: value if np.isfinite(value) else 0.0 for name, value in row.items()} | {"finite": float(finite)}


def batch_loss(config: TrainConfig, model: Any, numbered: Numbered, device: torch.device) -> dict[str, Tensor]:
    """Forward pass and loss of one batch: the terms and their weighted `total`, means over its objects."""
    batch = numbered.batch
    seed_draws(model, config.seed, numbered.number)
    inputs = batch.to_sam2(device)
    with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
        outputs = model(inputs)
    coverage = batch.coverage.to(device) if config.loss.target == "coverage" else None
    return window_loss(outputs, inputs.masks, config.loss, coverage, config.model.activation_checkpointing)


def seed_draws(model: Any, seed: int, number: int) -> None:
    """Let every draw of batch `number` (clicks, boxes, dropout) follow from the run's seed and that number alone.

    So there is no random state to keep: a resumed run draws what the unbroken one would have, and so does a run on
    another number of processes.
    """
    words = np.random.SeedSequence([seed, 1, number]).generate_state(4)
    torch.manual_seed(int(words[0]) << 31 | int(words[1]) >> 1)
    model.rng = np.random.default_rng(words[2:])


def still(model: Any) -> None:
    """Put what is frozen whole (no parameter of it learns) out of training mode: no dropout, no dropped paths."""
    for module in model.children():
        parameters = list(module.parameters())
        if parameters and not any(parameter.requires_grad for parameter in parameters):
            module.eval()


def is_out_of_memory(error: Exception) -> bool:
    """Whether torch ran out of the device's memory, or of the machine's (which it says in words alone)."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in str(error)


def out_of_memory(config: TrainConfig, batch: Batch, device: torch.device) -> str:
    """What was too large, what was in use, and what to lower: one line."""
    frames, objects, side = batch.masks.shape[0], batch.masks.shape[1], batch.masks.shape[-1]
    line = f"out of memory on {frames} frames of {side} px with {objects} objects"
    if device.type == "cuda":
        peak, whole = torch.cuda.max_memory_allocated(device), torch.cuda.get_device_properties(device).total_memory
        line += f" ({peak / 2**30:.1f} GiB in use at the peak, the card has {whole / 2**30:.1f})"
    if config.data.batch > 1 and config.data.batch % 2 == 0:
        half, twice = config.data.batch // 2, config.optimiser.accumulate * 2
        return f"{line}; data.batch = {half} with optimiser.accumulate = {twice} is the same step in half the memory"
    if config.data.batch > 1:
        whole_step = config.optimiser.accumulate * config.data.batch
        return f"{line}; data.batch = 1 with optimiser.accumulate = {whole_step} is the same step in less memory"
    if frames > 2:
        return f"{line}; lower data.frames to {max(frames * 2 // 3, 2)} (memory grows with it), then prompts.clicks"
    return f"{line}; lower prompts.clicks, or take a smaller model"
