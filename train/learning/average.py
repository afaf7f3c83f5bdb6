"""Weights that are means of weights: over the steps of a run, and between its start and its end."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor


class Average:
    """Exponential moving average of a model's weights: `decay` of the old and the rest of the new at every step.

    Young averages forget faster, (1 + n) / (10 + n) after n steps, so that the start's weights don't linger. Averaged
    are floating-point entries of the state dict; others are the model's latest.
    """

    def __init__(self, model: torch.nn.Module, decay: float) -> None:
        self.decay = decay
        self.state = {name: value.detach().clone() for name, value in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: torch.nn.Module, step: int) -> None:
        """Take in the weights after step number `step` (from 1)."""
        weight = 1 - min(self.decay, (1 + step) / (10 + step))
        for name, value in model.state_dict().items():
            if value.is_floating_point():
                self.state[name].lerp_(value, weight)
            else:
                self.state[name].copy_(value)


def blend(start: Mapping[str, Tensor], end: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
    """Weights that lie `share` of the way from `start` to `end` (WiSE-FT, arXiv:2109.01903)."""
    return {
        name: torch.lerp(start[name].to(value), value, share) if value.is_floating_point() else value
        for name, value in end.items()
    }
