"""SAM2Train with its prompts mended for objects that are not in the picture that is prompted on."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from training.model.sam2 import SAM2Train

NOT_ON_IT, NO_POINT, TOP_LEFT = 0, -1, 2
"""SAM's labels of points: off the object, padding, a box's first corner."""


class PromptedSAM2(SAM2Train):  # type: ignore[misc]
    """SAM2Train, except that an absent object gets no box, and that the frame tracked last leaves no memory.

    A second prompted frame may lie where an object is hidden, and an object of several may enter late. SAM2Train then
    gives an empty mask ("it is not here": sound), a click off it (sound), or a box from the far corner to the near one,
    which is nonsense; here that box is a click off the object as well. Of the frame tracked last SAM2Train encodes a
    memory that nothing reads. Nothing else differs, random draws included.
    """

    def prepare_prompt_inputs(self, backbone_out: Any, input: Any, start_frame_idx: int = 0) -> Any:
        prepared = super().prepare_prompt_inputs(backbone_out, input, start_frame_idx)
        for frame, points in prepared["point_inputs_per_frame"].items():
            mask_N1HW = prepared["gt_masks_per_frame"][frame]
            mend_boxes(points["point_coords"], points["point_labels"], mask_N1HW)
        return prepared

    def track_step(self, *args: Any, output_dict: Any, num_frames: int, **options: Any) -> Any:
        tracked = len(output_dict["cond_frame_outputs"]) + len(output_dict["non_cond_frame_outputs"])
        return super().track_step(
            *args,
            output_dict=output_dict,
            num_frames=num_frames,
            **{"run_mem_encoder": tracked + 1 < num_frames} | options,
        )


def mend_boxes(corners_NP2: Tensor, labels_NP: Tensor, mask_N1HW: Tensor) -> None:
    """In place: where a mask is empty, a box becomes one click anywhere and a padding point."""
    absent_N = ~mask_N1HW.flatten(1).any(-1)
    boxless_N = absent_N & (labels_NP[:, 0] == TOP_LEFT)
    if not boxless_N.any():
        return
    height, width = mask_N1HW.shape[-2:]
    size = torch.tensor([width, height], device=corners_NP2.device)
    count = int(boxless_N.sum())
    clicks_K2 = (torch.rand(count, 2, device=corners_NP2.device) * size).floor()
    corners_NP2[boxless_N] = torch.stack([clicks_K2, torch.zeros_like(clicks_K2)], dim=1)
    labels_NP[boxless_N] = torch.tensor([NOT_ON_IT, NO_POINT], dtype=labels_NP.dtype, device=labels_NP.device)
