"""The optimiser as SAM 2's own recipe sets it up: parameter groups, learning-rate schedule."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from ..config import Optimiser

TRUNK = "image_encoder.trunk"


def build_optimiser(config: Optimiser, model: Any, adapters: float = 1.0) -> torch.optim.AdamW:
    """AdamW with a group for each (rate, weight decay); a group's `peak` is its rate before the schedule.

    As in `training.optimizer`: the trunk's layer i of n runs at layer_decay ** (n + 1 - i) of the encoder's rate, its
    position embeddings at the full rate; biases and LayerNorms do not decay. LoRA's adapters learn at `adapters` times
    the rate of their layer.
    """
    norms = {
        f"{place}.{name}" if place else name
        for place, module in model.named_modules()
        if isinstance(module, torch.nn.LayerNorm)
        for name, _ in module.named_parameters(recurse=False)
    }
    groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        decay = 0.0 if name in norms or "bias" in name else config.weight_decay
        rate = _peak(config, model, name) * (adapters if ".lora_" in name else 1.0)
        groups.setdefault((rate, decay), []).append(parameter)
    return torch.optim.AdamW(
        [
            {"params": params, "lr": peak, "peak": peak, "weight_decay": decay}
            for (peak, decay), params in groups.items()
        ],
        fused=True,  # one pass over each tensor, where torch's default takes a dozen on a CPU
    )


def _peak(config: Optimiser, model: Any, name: str) -> float:
    """The learning rate of one parameter before the schedule."""
    if not name.startswith("image_encoder."):
        return config.lr
    rate = config.encoder_lr or config.lr
    if not name.startswith(TRUNK) or "pos_embed" in name:
        return rate
    trunk = model.image_encoder.trunk
    return float(rate * config.layer_decay ** (trunk.get_num_layers() + 1 - trunk.get_layer_id(name)))


def set_rates(config: Optimiser, optimiser: torch.optim.Optimizer, step: int, steps: int) -> float:
    """Set every group's rate for step number `step` (from 0) of `steps`; returns the factor on the peaks.

    Of a run with stages these are places in the whole plan: a stage that ends early leaves its remaining ones out.
    """
    factor = min((step + 1) / (config.warmup + 1), 1.0)
    if config.schedule == "cosine" and step >= config.warmup:
        done = (step - config.warmup) / max(steps - config.warmup, 1)
        factor = 0.1 + 0.9 * (1 + math.cos(math.pi * done)) / 2
    for group in optimiser.param_groups:
        group["lr"] = group["peak"] * factor
    return factor


def named_state(optimiser: torch.optim.Optimizer, model: Any) -> dict[str, dict[str, Tensor]]:
    """What the optimiser remembers of each parameter, by the parameter's name."""
    return {name: dict(optimiser.state[p]) for name, p in model.named_parameters() if p in optimiser.state}


def load_named_state(optimiser: torch.optim.Optimizer, model: Any, state: dict[str, dict[str, Tensor]]) -> None:
    """Put `named_state` back. Parameters that it does not know (they were frozen) start afresh."""
    learned = {p for group in optimiser.param_groups for p in group["params"]}
    for name, parameter in model.named_parameters():
        if name in state and parameter in learned:
            optimiser.state[parameter] = {
                key: value.to(parameter.device, copy=True) for key, value in state[name].items()
            }
