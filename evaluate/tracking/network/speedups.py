"""Ways to run the image encoder faster. The CUDA one has not been run on a GPU yet."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..options import Options
from .encoder import Features, lean_encoder

Encoder = Callable[[Tensor], Features]


def faster_encoder(
    model: Any, options: Options, autocast: Callable[[], contextlib.AbstractContextManager[Any]]
) -> Encoder:
    """`model.forward_image` in fewer operations, or what the options make of it."""
    if options.int8:
        model = quantised(model)
    encode: Encoder = (lean_encoder(model) if options.lean else None) or model.forward_image
    if options.compile:
        encode = torch.compile(encode, dynamic=False)
    if options.cuda_graphs:
        return Graphed(encode, model.image_size, autocast)
    return encode


def quantised(model: Any) -> Any:
    """A shallow copy of the model whose image encoder's linear layers hold 8-bit weights (torch's own, CPU)."""
    other = copy.copy(model)
    other._modules = dict(model._modules)
    quantise: Any = torch.ao.quantization.quantize_dynamic
    other.image_encoder = quantise(model.image_encoder, {torch.nn.Linear}, torch.qint8)
    return other


class Graphed:
    """The encoder captured once as a CUDA graph and replayed with each frame: no launches to wait for."""

    def __init__(
        self, encode: Encoder, size: int, autocast: Callable[[], contextlib.AbstractContextManager[Any]]
    ) -> None:
        self.image = torch.zeros(1, 3, size, size, device="cuda")
        cuda: Any = torch.cuda
        with torch.inference_mode(), autocast():
            side = cuda.Stream()
            side.wait_stream(cuda.current_stream())
            with torch.cuda.stream(side):
                for _ in range(3):  # kernels are chosen and memory is found before the capture
                    encode(self.image)
            cuda.current_stream().wait_stream(side)
            self.graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self.graph):
                self.features = encode(self.image)

    def __call__(self, image_13SS: Tensor) -> Features:
        """Features that are overwritten by the next call; the tracker is done with them by then."""
        self.image.copy_(image_13SS)
        self.graph.replay()
        return self.features
