"""Our loss against the official one, on the same tensors."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from render.mask import binary_mask
from train.config import Loss
from train.learning.losses import TERMS, dice, focal, soft_target, window_loss


def outputs(frames: int, objects: int, side: int, seed: int) -> tuple[list[dict[str, Any]], Tensor]:
    """What SAM2Train might return: multimask and single-mask steps; truth with an absent object and a full frame."""
    rng = torch.Generator().manual_seed(seed)
    masks = torch.rand(frames, objects, side, side, generator=rng) > 0.8
    masks[1, 0] = False
    masks[-1, -1] = True
    frames_out = []
    for frame in range(frames):
        steps: dict[str, list[Tensor]] = {"masks": [], "ious": [], "scores": []}
        for candidates in (3, 1, 1) if frame == 0 else (3,):
            shape = (objects, candidates, side, side)
            steps["masks"].append((8 * torch.randn(shape, generator=rng)).requires_grad_())
            steps["ious"].append(torch.rand(objects, candidates, generator=rng).requires_grad_())
            steps["scores"].append((5 * torch.randn(objects, 1, generator=rng)).requires_grad_())
        frames_out.append(
            {
                "multistep_pred_multimasks_high_res": steps["masks"],
                "multistep_pred_ious": steps["ious"],
                "multistep_object_score_logits": steps["scores"],
            }
        )
    return frames_out, masks


def leaves(frames: list[dict[str, Any]]) -> list[Tensor]:
    return [leaf for frame in frames for values in frame.values() for leaf in values]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_term_and_gradient_equals_the_official_loss(seed: int) -> None:
    from training.loss_fns import CORE_LOSS_KEY, MultiStepMultiMasksAndIous

    official = MultiStepMultiMasksAndIous(
        {"loss_mask": 20, "loss_dice": 1, "loss_iou": 1, "loss_class": 1},
        supervise_all_iou=True,
        iou_use_l1_loss=True,
        pred_obj_scores=True,
        focal_gamma_obj_score=0.0,
        focal_alpha_obj_score=-1.0,
    )
    made, masks = outputs(frames=4, objects=3, side=16, seed=seed)
    theirs = official(made, masks)
    their_gradients = torch.autograd.grad(theirs[CORE_LOSS_KEY], leaves(made))
    ours = window_loss(made, masks, Loss())
    our_gradients = torch.autograd.grad(ours["total"], leaves(made))
    pairs = {"loss_mask": "mask", "loss_dice": "dice", "loss_iou": "iou", "loss_class": "score", CORE_LOSS_KEY: "total"}
    for their_name, our_name in pairs.items():
        assert ours[our_name].item() == pytest.approx(theirs[their_name].item(), rel=1e-5), our_name
    for mine, other in zip(our_gradients, their_gradients, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-5, atol=1e-9)


def test_an_absent_object_teaches_only_its_score() -> None:
    made, masks = outputs(frames=2, objects=2, side=8, seed=3)
    losses = window_loss(made, torch.zeros_like(masks), Loss())
    assert losses["score"] > 0
    assert [losses[name].item() for name in ("mask", "dice", "iou")] == [0, 0, 0]
    assert set(losses) == {*TERMS, "total"}


def test_all_candidates_are_taught_where_the_recipe_says_so() -> None:
    made, masks = outputs(frames=2, objects=2, side=8, seed=4)
    masks[:] = torch.rand(masks.shape, generator=torch.Generator().manual_seed(7)) > 0.8
    best = window_loss(made, masks, Loss())
    every = window_loss(made, masks, Loss(candidates="all"))
    assert every["total"] > best["total"], "the best candidate is the one of the least loss"
    assert every["score"] == best["score"]
    every["dice"].backward()
    assert all((logits.grad.abs().amax((-1, -2)) > 0).all() for logits in made[0]["multistep_pred_multimasks_high_res"])


def test_coverage_of_zeros_and_ones_is_the_mask() -> None:
    made, masks = outputs(frames=4, objects=3, side=16, seed=5)
    hard = window_loss(made, masks, Loss())
    soft = window_loss(made, masks, Loss(target="coverage"), masks.to(torch.uint8) * 255)
    assert {name: value.item() for name, value in hard.items()} == {name: value.item() for name, value in soft.items()}


def test_soft_terms_are_least_where_the_prediction_is_the_target() -> None:
    rng = torch.Generator().manual_seed(6)
    target = torch.rand(2, 1, 12, 12, generator=rng) * 0.9 + 0.05
    met = torch.logit(target)
    for term in (focal, dice):
        least = term(met, target)
        assert least.abs().max() < 1e-6
        assert term(met + 0.5, target).min() > 1e-3
        assert term(met - 0.5, target).min() > 1e-3
    hard = torch.where(target > 0.5, 20.0, -20.0)
    assert dice(hard, target).min() > 0.1, "a hard mask is not rewarded for a soft target"


def test_half_the_soft_target_is_the_mask_rule() -> None:
    """For an object blurred to a peak of 0.3 as for a sharp one; an absent one has no target."""
    rows, columns = np.mgrid[:40, :40]
    sharp = np.clip(9 - np.hypot(columns - 20, rows - 20), 0, 1)
    mattes = np.round(255 * np.stack([sharp, 0.3 * sharp, 0.004 * sharp])).astype(np.uint8)
    masks = torch.from_numpy(np.stack([binary_mask(matte) for matte in mattes]))
    assert masks.flatten(1).any(-1).tolist() == [True, True, False]
    target = soft_target(torch.from_numpy(mattes), masks)
    assert torch.equal(target >= 0.5, masks)
    assert target.flatten(1).amax(-1).tolist() == [1, 1, 0]
