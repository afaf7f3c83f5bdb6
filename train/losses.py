"""The official SAM 2 training loss: 20 focal + dice + IoU (L1) + object score, over frames and clicks.

Same maths as `training.loss_fns.MultiStepMultiMasksAndIous` with the published fine-tuning weights (SAM 2 paper,
appendix; its config sam2.1_hiera_b+_MOSE_finetune.yaml), written anew because importing that module drags in its whole
trainer. Shape suffixes: N objects, M candidate masks, H and W of the model's input.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from .config import Loss

TERMS = ("mask", "dice", "iou", "score")
FOCAL_ALPHA, FOCAL_GAMMA = 0.25, 2.0


def focal(logits_NMHW: Tensor, target_NMHW: Tensor) -> Tensor:
    """Sigmoid focal loss (arXiv:1708.02002), the mean over pixels."""
    probability = logits_NMHW.sigmoid()
    entropy = binary_cross_entropy_with_logits(logits_NMHW, target_NMHW, reduction="none")
    right = probability * target_NMHW + (1 - probability) * (1 - target_NMHW)
    balance = FOCAL_ALPHA * target_NMHW + (1 - FOCAL_ALPHA) * (1 - target_NMHW)
    return (balance * entropy * (1 - right) ** FOCAL_GAMMA).flatten(2).mean(-1)


def dice(logits_NMHW: Tensor, target_NMHW: Tensor) -> Tensor:
    """1 - Dice of the probabilities, smoothed by one pixel."""
    probability, target = logits_NMHW.sigmoid().flatten(2), target_NMHW.flatten(2)
    return 1 - (2 * (probability * target).sum(-1) + 1) / (probability.sum(-1) + target.sum(-1) + 1)


def iou_error(logits_NMHW: Tensor, target_NMHW: Tensor, predicted_NM: Tensor) -> Tensor:
    """How far the model's estimate of its own IoU is off, absolutely."""
    mask, truth = logits_NMHW.flatten(2) > 0, target_NMHW.flatten(2) > 0
    union = (mask | truth).sum(-1).clamp(min=1)
    return (predicted_NM - (mask & truth).sum(-1) / union).abs()


def frame_loss(outputs: dict[str, Any], mask_NHW: Tensor, weights: Loss) -> dict[str, Tensor]:
    """The unweighted terms of one frame, summed over its prediction steps (the first answer, then one a click).

    Of the candidate masks only the best by weighted focal + dice is taught (or all, if so configured); every
    candidate's IoU estimate is. An absent object teaches nothing but its score.
    """
    truth_N1HW = mask_NHW.unsqueeze(1).float()
    present_N1 = (truth_N1HW.flatten(1) > 0).any(-1, keepdim=True).float()
    terms = {name: truth_N1HW.new_zeros(()) for name in TERMS}
    steps = zip(
        outputs["multistep_pred_multimasks_high_res"],
        outputs["multistep_pred_ious"],
        outputs["multistep_object_score_logits"],
        strict=True,
    )
    for logits_NMHW, iou_NM, score_N1 in steps:
        target_NMHW = truth_N1HW.expand_as(logits_NMHW)
        focal_NM, dice_NM = focal(logits_NMHW, target_NMHW), dice(logits_NMHW, target_NMHW)
        if weights.candidates == "best":
            best_N1 = (weights.mask * focal_NM + weights.dice * dice_NM).argmin(-1, keepdim=True)
            focal_NM, dice_NM = focal_NM.gather(1, best_N1), dice_NM.gather(1, best_N1)
        iou_N1 = iou_error(logits_NMHW, target_NMHW, iou_NM).mean(-1, keepdim=True)
        terms["mask"] = terms["mask"] + (focal_NM.mean(-1, keepdim=True) * present_N1).sum()
        terms["dice"] = terms["dice"] + (dice_NM.mean(-1, keepdim=True) * present_N1).sum()
        terms["iou"] = terms["iou"] + (iou_N1 * present_N1).sum()
        terms["score"] = terms["score"] + binary_cross_entropy_with_logits(score_N1, present_N1, reduction="sum")
    return {name: value / len(mask_NHW) for name, value in terms.items()}


def window_loss(outputs: Sequence[dict[str, Any]], masks_TNHW: Tensor, weights: Loss) -> dict[str, Tensor]:
    """Terms summed over frames, and their weighted sum `total`. `outputs`: what SAM2Train returns, a dict a frame."""
    frames = [frame_loss(output, mask_NHW, weights) for output, mask_NHW in zip(outputs, masks_TNHW, strict=True)]
    terms = {name: torch.stack([frame[name] for frame in frames]).sum() for name in TERMS}
    return terms | {"total": torch.stack([getattr(weights, name) * value for name, value in terms.items()]).sum()}
