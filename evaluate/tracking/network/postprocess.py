"""Mask clean-up: holes filled, specks removed, by sam2's compiled CUDA op where there is one, else equally by SciPy."""

from __future__ import annotations

import importlib.util

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

EIGHT = np.ones((3, 3), np.int8)
"""Pixels that touch by a corner belong together, as in sam2's op."""

FILLED, REMOVED = 0.1, -0.1
"""Logits given to what is filled (as in `sam2.utils.misc.fill_holes_in_mask_scores`) and to what is removed."""


class Cleaner:
    """Fills holes of up to `holes` pixels, then removes specks of up to `sprinkles`; the largest part always stays."""

    def __init__(self, holes: int, sprinkles: int) -> None:
        self.holes, self.sprinkles = holes, sprinkles

    @property
    def active(self) -> bool:
        return bool(self.holes or self.sprinkles)

    def __call__(self, logits_B1HW: Tensor) -> Tensor:
        """Cleaned logits, float32; the input where there is nothing to do."""
        if self.holes:
            area = component_areas(logits_B1HW <= 0)
            logits_B1HW = torch.where((area > 0) & (area <= self.holes), FILLED, logits_B1HW)
        if self.sprinkles:
            area = component_areas(logits_B1HW > 0)
            small = (area > 0) & (area <= self.sprinkles) & (area < area.amax(dim=(2, 3), keepdim=True))
            logits_B1HW = torch.where(small, REMOVED, logits_B1HW)
        return logits_B1HW


def component_areas(mask_B1HW: Tensor) -> Tensor:
    """int (B, 1, H, W): the area of the 8-connected part that a set pixel belongs to, 0 elsewhere."""
    if runs_on(mask_B1HW.device) == "cuda":
        from sam2.utils.misc import get_connected_components

        areas: Tensor = get_connected_components(mask_B1HW)[1]
        return areas
    found = np.zeros(mask_B1HW.shape, np.int32)
    for out, mask in zip(found[:, 0], mask_B1HW[:, 0].cpu().numpy(), strict=True):
        labels, _ = ndimage.label(mask, EIGHT)
        counts = np.bincount(labels.ravel())
        counts[0] = 0
        out[:] = counts[labels]
    return torch.from_numpy(found).to(mask_B1HW.device)


def runs_on(device: torch.device) -> str:
    """`cuda` where sam2's extension is built and the masks are on a GPU, else `scipy`."""
    return "cuda" if device.type == "cuda" and importlib.util.find_spec("sam2._C") is not None else "scipy"
