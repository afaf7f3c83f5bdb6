"""The official SAM 2 training loss: 20 focal + dice + IoU (L1) + object score, over frames and clicks.

Same maths as `training.loss_fns.MultiStepMultiMasksAndIous` with the published fine-tuning weights (SAM 2 paper,
appendix; its config sam2.1_hiera_b+_MOSE_finetune.yaml), written anew because importing that module drags in its whole
trainer, and in forms that also take a soft target and are least where the prediction equals it. On a target of zeros
and ones they are the official ones. Shape suffixes: N objects, M candidate masks, H and W of the model's input.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.utils.checkpoint import checkpoint

from ..config import Loss

TERMS = ("mask", "dice", "iou", "score")
FOCAL_ALPHA = 0.25


def focal(logits_NMHW: Tensor, target_NMHW: Tensor) -> Tensor:
    """Focal loss (arXiv:1708.02002, gamma 2), the mean over pixels, for targets in 0..1.

    The modulating factor is |target - probability|, as in the quality focal loss (arXiv:2006.04388): for a target of 0
    or 1 that is the focal loss's 1 - p of the true class, and for one in between the loss is 0 where it is met.
    """
    entropy = binary_cross_entropy_with_logits(logits_NMHW, target_NMHW, reduction="none")
    miss = target_NMHW - logits_NMHW.sigmoid()
    balance = (1 - FOCAL_ALPHA) + (2 * FOCAL_ALPHA - 1) * target_NMHW
    return (balance * entropy * miss.square()).flatten(2).mean(-1)


def dice(logits_NMHW: Tensor, target_NMHW: Tensor) -> Tensor:
    """1 - Dice of the probabilities, smoothed by one pixel, for targets in 0..1.

    Dice's intersection p · t as (p + t - |p - t|) / 2 (the Dice semimetric loss, arXiv:2303.16296): the same for a
    target of 0 or 1; for one in between, p · t would be best served by a hard mask, and this by p = t.
    """
    probability_NMP, target_NMP = logits_NMHW.sigmoid().flatten(2), target_NMHW.flatten(2)
    miss = (probability_NMP - target_NMP).abs().sum(-1)
    return miss / (probability_NMP.sum(-1) + target_NMP.sum(-1) + 1)


def iou_error(logits_NMHW: Tensor, mask_N1HW: Tensor, predicted_NM: Tensor) -> Tensor:
    """How far the model's estimate of its own IoU with the true mask (bool) is off, absolutely."""
    answer, truth = logits_NMHW.flatten(2) > 0, mask_N1HW.flatten(2)
    union = (answer | truth).sum(-1).clamp(min=1)
    return (predicted_NM - (answer & truth).sum(-1) / union).abs()


def soft_target(coverage_THW: Tensor, mask_THW: Tensor) -> Tensor:
    """Coverage over its peak in the frame, float in 0..1; 0 where the object is absent by the mask rule.

    Half of it is where the mask rule draws the line, so that a mask at logits above 0 is the mask rule's, and an object
    blurred to a shadow is supervised as fully as a sharp one. Any leading shape; coverage is uint8, the mask bool.
    """
    peak = coverage_THW.flatten(-2).amax(-1).clamp(min=1)[..., None, None]
    present = mask_THW.flatten(-2).any(-1)[..., None, None]
    return coverage_THW / peak * present


def frame_loss(outputs: dict[str, Any], mask_NHW: Tensor, target_NHW: Tensor, weights: Loss) -> dict[str, Tensor]:
    """The unweighted terms of one frame, summed over its prediction steps (the first answer, then one a click).

    Of the candidate masks only the best by weighted focal + dice is taught (or all, if so configured); every
    candidate's IoU estimate is. An absent object teaches nothing but its score.
    """
    present_N1 = mask_NHW.flatten(1).any(-1, keepdim=True).float()
    terms = {name: target_NHW.new_zeros(()) for name in TERMS}
    steps = zip(
        outputs["multistep_pred_multimasks_high_res"],
        outputs["multistep_pred_ious"],
        outputs["multistep_object_score_logits"],
        strict=True,
    )
    for logits_NMHW, iou_NM, score_N1 in steps:
        target_NMHW = target_NHW.unsqueeze(1).expand_as(logits_NMHW)
        focal_NM, dice_NM = focal(logits_NMHW, target_NMHW), dice(logits_NMHW, target_NMHW)
        if weights.candidates == "best":
            best_N1 = (weights.mask * focal_NM + weights.dice * dice_NM).argmin(-1, keepdim=True)
            focal_NM, dice_NM = focal_NM.gather(1, best_N1), dice_NM.gather(1, best_N1)
        iou_N1 = iou_error(logits_NMHW, mask_NHW.unsqueeze(1), iou_NM).mean(-1, keepdim=True)
        terms["mask"] = terms["mask"] + (focal_NM.mean(-1, keepdim=True) * present_N1).sum()
        terms["dice"] = terms["dice"] + (dice_NM.mean(-1, keepdim=True) * present_N1).sum()
        terms["iou"] = terms["iou"] + (iou_N1 * present_N1).sum()
        terms["score"] = terms["score"] + binary_cross_entropy_with_logits(score_N1, present_N1, reduction="sum")
    return {name: value / len(mask_NHW) for name, value in terms.items()}


def window_loss(
    outputs: Sequence[dict[str, Any]],
    masks_TNHW: Tensor,
    weights: Loss,
    coverage_TNHW: Tensor | None = None,
    again: bool = False,
) -> dict[str, Tensor]:
    """Terms summed over frames, and their weighted sum `total`; all are means over the N objects.

    `outputs`: what SAM2Train returns, a dict a frame. Masks are bool, by the mask rule. `coverage` (uint8, 255 = 1) is
    needed where the recipe's target is coverage. `again` keeps nothing for the backward pass, which
    then computes each frame's terms once more.
    """
    if weights.target == "coverage":
        assert coverage_TNHW is not None
        targets_TNHW = soft_target(coverage_TNHW, masks_TNHW)
    else:
        targets_TNHW = masks_TNHW.float()
    frames = [
        checkpoint(frame_loss, output, mask_NHW, target_NHW, weights, use_reentrant=False)
        if again
        else frame_loss(output, mask_NHW, target_NHW, weights)
        for output, mask_NHW, target_NHW in zip(outputs, masks_TNHW, targets_TNHW, strict=True)
    ]
    terms = {name: torch.stack([frame[name] for frame in frames]).sum() for name in TERMS}
    return terms | {"total": torch.stack([getattr(weights, name) * value for name, value in terms.items()]).sum()}
