"""What of a model learns: all of it, all but its frozen parts, or low-rank adapters (LoRA) in some of them.

LoRA (arXiv:2106.09685) is `peft`'s. Adapters exist only while a run learns: what is validated, saved and exported are
plain weights with the adapters merged into them, so nothing else knows of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from render.document import UserError

from ..config import Adapt, Lora

ADAPTER = "default"
BASE, A, B = ".base_layer.", f".lora_A.{ADAPTER}.weight", f".lora_B.{ADAPTER}.weight"
"""How peft names a wrapped layer's own values and its two factors."""


def adapt(model: Any, config: Adapt, seed: int) -> None:
    """Take out of learning what the recipe says keeps its weights, and put its adapters in, in place.

    The adapters start as nothing, from draws that follow from the seed. UserError where peft is missing.
    """
    for part in (*config.freeze, *(config.lora.parts if config.lora else ())):
        getattr(model, part).requires_grad_(False)
    if config.lora:
        add_adapters(model, config.lora, seed)


def add_adapters(model: Any, lora: Lora, seed: int) -> None:
    """An adapter for every linear layer of the parts, in place; what learned before still does."""
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError:
        raise UserError(
            "adapt.lora: needs peft, which is not installed; pip install 'heroprop[lora]', or freeze the parts instead"
        ) from None
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    linear = [
        f"{part}.{name}"
        for part in lora.parts
        for name, module in getattr(model, part).named_modules()
        if isinstance(module, torch.nn.Linear)
    ]
    device = next(model.parameters()).device
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        inject_adapter_in_model(LoraConfig(r=lora.rank, lora_alpha=lora.alpha, target_modules=linear), model, ADAPTER)
    model.to(device)
    for parameter in learned:  # peft leaves nothing but adapters learning
        parameter.requires_grad_(True)


def merged(state: Mapping[str, Tensor], lora: Lora | None) -> dict[str, Tensor]:
    """The plain weights that do what a state dict with adapters does: W + alpha / rank · B · A, by the plain names."""
    if lora is None:
        return dict(state)
    plain = {}
    for name, value in state.items():
        if name.endswith((A, B)):
            continue
        layer, _, rest = name.partition(BASE)
        if rest == "weight":
            value = value + (state[layer + B] @ state[layer + A]) * (lora.alpha / lora.rank)
        plain[f"{layer}.{rest}" if rest else name] = value
    return plain
