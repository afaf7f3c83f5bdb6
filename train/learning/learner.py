"""What learns: the model with its simulated prompts, its optimiser, and the moving average of its weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ..config import Prompts, TrainConfig
from ..models import Loaded, build_train, load_weights
from .adapt import adapt, merged
from .average import Average
from .optimise import build_optimiser, load_named_state, named_state
from .recompute import recompute

State = dict[str, Any]
"""Tensors and strings only, so that it can be saved without pickle: `model`, `optimiser` and `average`, by name."""


class Learner:
    """Made anew for each stage from the recipe as it stands there; `load` gives it what the one before had learned."""

    def __init__(self, config: TrainConfig, device: torch.device, loaded: Loaded) -> None:
        self.model = build_model(config)
        load_weights(self.model, loaded)
        adapt(self.model, config.adapt, config.seed)
        self.model.to(device)
        self.lora = config.adapt.lora
        self.optimiser = build_optimiser(config.optimiser, self.model, self.lora.rate if self.lora else 1.0)
        decay = config.optimiser.average
        self.average = Average(self.model, decay) if decay else None

    def weights(self) -> Mapping[str, Tensor]:
        """The weights to be judged and kept, adapters merged: the average where there is one, else the model's."""
        return merged(self.average.state if self.average else self.model.state_dict(), self.lora)

    def state(self) -> State:
        """Everything that a step changes."""
        return {
            "model": self.model.state_dict(),
            "optimiser": named_state(self.optimiser, self.model),
            "average": self.average.state if self.average else {},
        }

    def load(self, state: State) -> None:
        """Go on from a `state()`, of this recipe or of the stage before it."""
        self.model.load_state_dict(state["model"], strict=True)
        load_named_state(self.optimiser, self.model, state["optimiser"])
        if self.average:
            known = state["average"] or state["model"]
            for name, value in self.average.state.items():
                value.copy_(known[name])


def build_model(config: TrainConfig) -> Any:
    """SAM2Train with the recipe's prompts and input size."""
    target = "train.learning.prompting.PromptedSAM2"
    options = prompt_options(config.prompts)
    model = build_train(config.model.name, config.model.size, _target_=target, **options)
    if config.model.activation_checkpointing:
        recompute(model)
    return model


def prompt_options(prompts: Prompts) -> dict[str, Any]:
    """The recipe's prompts as SAM2Train's own options."""
    shown = prompts.point + prompts.box
    return {
        "prob_to_use_pt_input_for_train": shown,
        "prob_to_use_box_input_for_train": prompts.box / shown if shown else 0.0,
        "prob_to_sample_from_gt_for_train": 0.1,
        "num_frames_to_correct_for_train": prompts.corrected_frames,
        "rand_frames_to_correct_for_train": prompts.corrected_frames > 1,
        "add_all_frames_to_correct_as_cond": True,
        "num_init_cond_frames_for_train": prompts.prompted_frames,
        "rand_init_cond_frames_for_train": True,
        "num_correction_pt_per_frame": prompts.clicks,
    }
