"""Activation checkpointing: of the parts that keep most for the backward pass, keep the inputs and compute them again.

Gradients are those without it, dropout included, for about a third more time.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint


def recompute(model: Any) -> None:
    """Let a SAM2Train compute again, in the backward pass, the encoder's blocks, the layers of memory attention, the
    memory encoder and the mask decoder, in place. Names and values of the weights stay as they are. An encoder that
    does not learn keeps nothing anyway; it looks at one picture after the other, so that it needs room for one."""
    _wrap_encoder(model.image_encoder)
    for module in (
        *model.image_encoder.trunk.blocks,
        *model.memory_attention.layers,
        model.memory_encoder,
        model.sam_mask_decoder,
    ):
        _wrap(module)


def _wrap_encoder(encoder: torch.nn.Module) -> None:
    forward = encoder.forward

    def lean(images_NCHW: Tensor) -> dict[str, Any]:
        if learns(encoder, images_NCHW):
            return forward(images_NCHW)
        found = [forward(image_CHW[None]) for image_CHW in images_NCHW]
        levels = ("vision_pos_enc", "backbone_fpn")
        return {
            "vision_features": torch.cat([one["vision_features"] for one in found]),
            **{
                name: [torch.cat(level) for level in zip(*(one[name] for one in found), strict=True)] for name in levels
            },
        }

    encoder.forward = lean


def _wrap(module: torch.nn.Module) -> None:
    forward = module.forward

    def lean(*args: Any, **kwargs: Any) -> Any:
        if not torch.is_grad_enabled() or not learns(module, *args, *kwargs.values()):
            return forward(*args, **kwargs)
        names, count = list(kwargs), len(args)

        def again(*values: Any) -> Any:
            return forward(*values[:count], **dict(zip(names, values[count:], strict=True)))

        # by place, for checkpoint keeps only those as autograd keeps what it saves
        return checkpoint(again, *args, *kwargs.values(), use_reentrant=False)

    module.forward = lean


def learns(module: torch.nn.Module, *values: Any) -> bool:
    """Whether the backward pass will come by."""
    tensors = (value for value in values if isinstance(value, Tensor))
    return any(one.requires_grad for one in (*module.parameters(), *tensors))
