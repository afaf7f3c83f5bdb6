"""SAM 2's image encoder with its own weights and the same mathematics, less what is worked out again for every frame.

Two things cost time in `sam2.modeling.backbones` and need not be done: embeddings of places are resized and copied for
each picture, though pictures have one size; and features of the two finer levels are first made `d_model` wide and then
projected down for the mask decoder, each by a matrix (a convolution of one pixel) with nothing in between, where their
product does the same. Results differ from sam2's by rounding alone.
"""

from __future__ import annotations

from typing import Any

import torch
from sam2.modeling.backbones.hieradet import Hiera
from sam2.modeling.backbones.image_encoder import FpnNeck
from torch import Tensor
from torch.nn.functional import interpolate, linear

Features = dict[str, Any]
Matrix = tuple[Tensor, Tensor]
"""Weights (out, in) and bias (out)."""


def lean_encoder(model: Any) -> LeanEncoder | None:
    """The fast image encoder of a SAM2Base; None where it is not built as in sam2's configs."""
    trunk, neck = model.image_encoder.trunk, model.image_encoder.neck
    if not (isinstance(trunk, Hiera) and isinstance(neck, FpnNeck) and model.use_high_res_features_in_sam):
        return None
    if {0, 1, 2} & set(neck.fpn_top_down_levels) != {2}:
        return None
    if neck.fuse_type != "sum" or neck.fpn_interp_model != "nearest":
        return None
    if any(conv.conv.kernel_size != (1, 1) for conv in neck.convs) or len(neck.convs) != 4:
        return None
    return LeanEncoder(model) if model.image_encoder.scalp == 1 else None


class LeanEncoder:
    """Callable like `SAM2Base.forward_image`, on pictures (1, 3, S, S) of the model's own size.

    The trunk is the model's; the neck's weights are copied when this is made.
    """

    def __init__(self, model: Any) -> None:
        self.trunk, neck, decoder = model.image_encoder.trunk, model.image_encoder.neck, model.sam_mask_decoder
        laterals = [_matrix(one.conv) for one in reversed(neck.convs)]
        self.fine = [
            _product(_matrix(narrow), wide)
            for narrow, wide in zip((decoder.conv_s0, decoder.conv_s1), laterals, strict=False)
        ]
        self.coarse = laterals[2:]
        device, size = laterals[0][0].device, model.image_size
        side = size // self.trunk.patch_embed.proj.stride[0]
        self.place_1HWC = self.trunk._get_pos_embed((side, side)).detach().contiguous()
        sides = [side, side // 2, side // 4]
        blank = torch.zeros(1, 1, 1, 1, device=device)
        self.places = [neck.position_encoding(blank.expand(1, 1, one, one)).contiguous() for one in sides]

    def __call__(self, image_13SS: Tensor) -> Features:
        """The dictionary that `forward_image` gives: features and places of three levels, the finest first."""
        finest, finer, middle, last = self._levels(image_13SS)
        fine = [linear(level, *matrix) for level, matrix in zip((finest, finer), self.fine, strict=True)]
        deep = linear(last, *self.coarse[1]).permute(0, 3, 1, 2)
        above = interpolate(deep.float(), scale_factor=2.0, mode="nearest")
        coarse = linear(middle, *self.coarse[0]).permute(0, 3, 1, 2) + above
        features = [*(level.permute(0, 3, 1, 2) for level in fine), coarse]
        places = [place.to(level.dtype) for place, level in zip(self.places, features, strict=True)]
        return {"vision_features": coarse, "vision_pos_enc": places, "backbone_fpn": features}

    def _levels(self, image_13SS: Tensor) -> list[Tensor]:
        """What the trunk gives at the end of each stage, (1, H, W, C)."""
        x_1HWC = self.trunk.patch_embed(image_13SS) + self.place_1HWC
        levels = []
        for number, block in enumerate(self.trunk.blocks):
            x_1HWC = block(x_1HWC)
            if number in self.trunk.stage_ends:
                levels.append(x_1HWC)
        return levels


def _matrix(convolution: Any) -> Matrix:
    """A convolution of one pixel as what it is."""
    return convolution.weight.detach()[:, :, 0, 0].contiguous(), convolution.bias.detach()


def _product(second: Matrix, first: Matrix) -> Matrix:
    """The first one and then the second, worked out in double."""
    (outer, outer_bias), (inner, inner_bias) = ((weight.double(), bias.double()) for weight, bias in (second, first))
    return (outer @ inner).float().contiguous(), (outer @ inner_bias + outer_bias).float()
