"""SAM 2's memory attention with its own weights and the same mathematics, in fewer operations.

Where most of a frame's time goes: `sam2.modeling.memory_attention` reads memories of 64 numbers a place (M), makes
keys and values of 256 numbers out of them, and weighs the values: P (M Wv). Here the memories themselves are weighed
first, (P M) Wv, a quarter of that work; rows of P sum to one, so the bias passes through. The rotary encoding works on
two halves instead of interleaved pairs, which needs no complex numbers: q and k have their channels reordered alike, in
their weights, and a dot product does not feel that. Results differ from sam2's by rounding alone.
"""

from __future__ import annotations

from typing import Any

import torch
from sam2.modeling.sam.transformer import RoPEAttention
from torch import Tensor
from torch.nn.functional import linear, scaled_dot_product_attention

ROWS = 256
"""Queries that are weighed at a time on a CPU, so that their weights stay in the cache: 64 to 512 were tried."""


def lean_attention(model: Any, dtype: torch.dtype) -> LeanAttention | None:
    """The fast reading of a SAM2Base's memories; None where its memory attention is not built as in sam2's configs."""
    attention = model.memory_attention
    for layer in attention.layers:
        if not (isinstance(layer.self_attn, RoPEAttention) and isinstance(layer.cross_attn_image, RoPEAttention)):
            return None
        if layer.self_attn.num_heads != 1 or layer.cross_attn_image.num_heads != 1:
            return None
        if layer.pos_enc_at_attn or not layer.pos_enc_at_cross_attn_keys:
            return None
    return LeanAttention(attention, model.image_size // model.backbone_stride, dtype)


class LeanAttention:
    """Callable like sam2's MemoryAttention, batch first. Weights are copied when it is made, to `dtype`."""

    def __init__(self, attention: Any, side: int, dtype: torch.dtype) -> None:
        self.dtype = dtype
        self.norm = attention.norm
        self.position_weight = 0.1 if attention.pos_enc_at_input else 0.0
        rope = attention.layers[0].self_attn.compute_cis(end_x=side, end_y=side)
        device = attention.norm.weight.device
        cos_sin = rope.real.to(device), rope.imag.to(device)
        self.layers = [_Layer(layer, *cos_sin, dtype) for layer in attention.layers]

    def __call__(
        self, current_BNC: Tensor, position_BNC: Tensor, memory_BKM: Tensor, position_BKM: Tensor, pointers: int
    ) -> Tensor:
        """Features (B, N, C) conditioned on memories (B, K, M), the last `pointers` of which have no place."""
        device = current_BNC.device.type
        with torch.autocast(device, enabled=False):
            x_BNC = current_BNC.float() + self.position_weight * position_BNC.float()
            values_BKM = memory_BKM.to(self.dtype)
            keys_BKM = (memory_BKM.float() + position_BKM.float()).to(self.dtype)
            for layer in self.layers:
                x_BNC = layer(x_BNC, position_BNC, keys_BKM, values_BKM, pointers)
            normed: Tensor = self.norm(x_BNC)
        return normed


class _Layer:
    def __init__(self, layer: Any, cos_ND: Tensor, sin_ND: Tensor, dtype: torch.dtype) -> None:
        self.dtype, self.cos, self.sin = dtype, cos_ND, sin_ND
        self.norms = layer.norm1, layer.norm2, layer.norm3
        self.activation = layer.activation
        self.place_asks = layer.pos_enc_at_cross_attn_queries
        own, cross = layer.self_attn, layer.cross_attn_image
        order = _halves(own.internal_dim)
        weights = [own.q_proj.weight[order], own.k_proj.weight[order], own.v_proj.weight]
        biases = [own.q_proj.bias[order], own.k_proj.bias[order], own.v_proj.bias]
        self.own_in = self._pair(torch.cat(weights), torch.cat(biases))
        self.own_out = self._pair(own.out_proj.weight, own.out_proj.bias)
        scale = cross.internal_dim**-0.5
        self.query = self._pair(cross.q_proj.weight[order] * scale, cross.q_proj.bias[order] * scale)
        self.key = self._pair(cross.k_proj.weight[order], cross.k_proj.bias[order])
        self.value = self._pair(cross.v_proj.weight, cross.v_proj.bias)
        self.cross_out = self._pair(cross.out_proj.weight, cross.out_proj.bias)
        # What is weighed goes through Wv and then through the output projection: one matrix does both.
        out = cross.out_proj.weight.double()
        both = out @ cross.v_proj.weight.double()
        bias = out @ cross.v_proj.bias.double() + cross.out_proj.bias.double()
        self.value_out = self._pair(both.float(), bias.float())
        self.first = self._pair(layer.linear1.weight, layer.linear1.bias)
        self.second = self._pair(layer.linear2.weight, layer.linear2.bias)

    def _pair(self, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        return weight.detach().to(self.dtype).contiguous(), bias.detach().to(self.dtype).contiguous()

    def __call__(
        self, x_BNC: Tensor, position_BNC: Tensor, keys_BKM: Tensor, values_BKM: Tensor, pointers: int
    ) -> Tensor:
        norm1, norm2, norm3 = self.norms
        qkv_BNC = linear(norm1(x_BNC).to(self.dtype), *self.own_in)
        query, key, value = qkv_BNC.chunk(3, dim=-1)
        query, key = self._rotated(query), self._rotated(key)
        own_BNC = scaled_dot_product_attention(query[:, None], key[:, None], value[:, None])[:, 0]
        x_BNC = x_BNC + linear(own_BNC, *self.own_out).float()

        asking_BNC = norm2(x_BNC) + position_BNC if self.place_asks else norm2(x_BNC)
        query_BNC = self._rotated(linear(asking_BNC.to(self.dtype), *self.query))
        key_BKC = linear(keys_BKM, *self.key)
        placed = key_BKC.shape[1] - pointers
        places = self.cos.shape[0]
        grids = key_BKC[:, :placed].view(len(key_BKC), placed // places, places, -1)
        key_BKC = torch.cat([self._rotated(grids).flatten(1, 2), key_BKC[:, placed:]], dim=1)
        x_BNC = x_BNC + self._read(query_BNC, key_BKC, values_BKM).float()

        hidden = self.activation(linear(norm3(x_BNC).to(self.dtype), *self.first))
        return x_BNC + linear(hidden, *self.second).float()

    def _read(self, query_BNC: Tensor, key_BKC: Tensor, values_BKM: Tensor) -> Tensor:
        if query_BNC.device.type == "cpu":
            return linear(weigh(query_BNC, key_BKC, values_BKM), *self.value_out)
        # A GPU's fused attention wants values as wide as keys, and is worth more than the saving.
        value_BKC = linear(values_BKM, *self.value)
        read = scaled_dot_product_attention(query_BNC[:, None], key_BKC[:, None], value_BKC[:, None], scale=1.0)
        return linear(read[:, 0], *self.cross_out)

    def _rotated(self, x: Tensor) -> Tensor:
        """(..., N, C) turned by each place's angles; channels are ordered in halves."""
        a, b = x.float().chunk(2, dim=-1)
        return torch.cat([a * self.cos - b * self.sin, a * self.sin + b * self.cos], dim=-1).to(self.dtype)


def weigh(query_BNC: Tensor, key_BKC: Tensor, value_BKM: Tensor) -> Tensor:
    """softmax(query keyᵀ) value, (B, N, M), for queries that are scaled already and values narrower than keys.

    torch's fused kernels for the CPU want values as wide as keys; this takes blocks of queries through plain products.
    """
    result = query_BNC.new_empty(*query_BNC.shape[:2], value_BKM.shape[2])
    for out, query, key, value in zip(result, query_BNC, key_BKC, value_BKM, strict=True):
        transposed = key.t()
        for start in range(0, len(query), ROWS):
            weights = torch.softmax(query[start : start + ROWS] @ transposed, dim=-1)
            torch.mm(weights, value, out=out[start : start + ROWS])
    return result


def _halves(width: int) -> Tensor:
    """The order that puts the first of each pair of channels before all the second ones."""
    return torch.cat([torch.arange(0, width, 2), torch.arange(1, width, 2)])
