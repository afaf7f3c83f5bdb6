"""Our step against the official one: sam2's own batch, SAM2Train and loss, from the same weights and seeds."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from render.mask import binary_mask
from train.config import Loss
from train.data.batch import MEAN_RGB, STD_RGB, Batch, collate
from train.data.window import Window
from train.learning.losses import window_loss
from train.learning.prompting import NO_POINT, NOT_ON_IT, PromptedSAM2, mend_boxes
from train.models import build_train, load_weights, resolve

OURS = "train.learning.prompting.PromptedSAM2"
FRAMES, SIDE = 3, 128
OBJECTS = ["steady", "absent in the middle", "late", "blurred to a shadow"]


def disc(x: float, y: float, radius: float, peak: float = 1.0) -> np.ndarray:
    rows, columns = np.mgrid[:SIDE, :SIDE]
    soft = np.clip(radius - np.hypot(columns - x, rows - y) + 0.5, 0, 1) * peak
    return np.round(255 * soft).astype(np.uint8)


def windows() -> list[Window]:
    """One window for each of OBJECTS: a disc that moves over noise."""
    rng = np.random.default_rng(4)
    made = []
    for index, name in enumerate(OBJECTS):
        peak = 0.35 if name == "blurred to a shadow" else 1.0
        coverage = np.stack([disc(40 + 12 * t, 50 + 9 * index, 14, peak) for t in range(FRAMES)])
        if name == "absent in the middle":
            coverage[1] = 0
        if name == "late":
            coverage[0] = 0
        rgb = rng.integers(0, 90, (FRAMES, SIDE, SIDE, 3)) + coverage[..., None] // 2
        made.append(Window(rgb.astype(np.uint8), coverage[None], name))
    return made


def official_batch(made: list[Window]) -> Any:
    """The same windows through sam2's own normalisation and collation."""
    from training.utils.data_utils import Frame, Object, VideoDatapoint, collate_fn

    mean, std = (torch.tensor(three).view(3, 1, 1) for three in (MEAN_RGB, STD_RGB))
    videos = []
    for number, window in enumerate(made):
        frames = []
        for t in range(FRAMES):
            picture = (torch.from_numpy(window.rgb[t]).permute(2, 0, 1).float() / 255 - mean) / std
            mask = torch.from_numpy(binary_mask(window.coverage[0, t]))
            frames.append(Frame(data=picture, objects=[Object(object_id=1, frame_index=t, segment=mask)]))
        videos.append(VideoDatapoint(frames=frames, video_id=number, size=(SIDE, SIDE)))
    return collate_fn(videos, dict_key="all")


def seeded(model: Any) -> Any:
    load_weights(model, resolve("nano-base"))
    model.rng = np.random.default_rng(11)
    torch.manual_seed(12)
    return model


def options(prompt: str, prompted_frames: int = 2) -> dict[str, Any]:
    return {
        "prob_to_use_pt_input_for_train": float(prompt != "mask"),
        "prob_to_use_box_input_for_train": float(prompt == "box"),
        "prob_to_sample_from_gt_for_train": 0.1,
        "num_frames_to_correct_for_train": 2,
        "rand_frames_to_correct_for_train": True,
        "add_all_frames_to_correct_as_cond": True,
        "num_init_cond_frames_for_train": prompted_frames,
        "num_correction_pt_per_frame": 2,
    }


def norms(model: torch.nn.Module) -> dict[str, Tensor]:
    return {name: p.grad.norm() for name, p in model.named_parameters() if p.grad is not None}


@pytest.mark.slow
@pytest.mark.parametrize("prompt", ["mask", "point", "box"])
def test_losses_and_gradients_equal_the_official_ones(prompt: str) -> None:
    """Objects that vanish, enter late and are blurred included; no late one with boxes, where theirs are nonsense."""
    from training.loss_fns import CORE_LOSS_KEY, MultiStepMultiMasksAndIous

    made = [window for window in windows() if prompt != "box" or window.name in ("steady", "blurred to a shadow")]
    theirs = seeded(build_train("nano", **options(prompt)))
    assert not isinstance(theirs, PromptedSAM2)
    batch = official_batch(made)
    official = MultiStepMultiMasksAndIous(
        {"loss_mask": 20, "loss_dice": 1, "loss_iou": 1, "loss_class": 1},
        supervise_all_iou=True,
        iou_use_l1_loss=True,
        pred_obj_scores=True,
        focal_gamma_obj_score=0.0,
        focal_alpha_obj_score=-1.0,
    )
    their_losses = official(theirs(batch), batch.masks)
    their_losses[CORE_LOSS_KEY].backward()

    ours = seeded(build_train("nano", _target_=OURS, **options(prompt)))
    inputs = collate(made).to_sam2(torch.device("cpu"))
    assert torch.equal(inputs.img_batch, batch.img_batch)
    assert torch.equal(inputs.masks, batch.masks)
    assert torch.equal(inputs.obj_to_frame_idx, batch.obj_to_frame_idx)
    our_losses = window_loss(ours(inputs), inputs.masks, Loss())
    our_losses["total"].backward()

    pairs = {"loss_mask": "mask", "loss_dice": "dice", "loss_iou": "iou", "loss_class": "score", CORE_LOSS_KEY: "total"}
    for their_name, our_name in pairs.items():
        assert our_losses[our_name].item() == pytest.approx(their_losses[their_name].item(), rel=1e-5), our_name
    their_norms, our_norms = norms(theirs), norms(ours)
    assert our_norms.keys() == their_norms.keys()
    assert torch.stack(list(our_norms.values())).norm().item() == pytest.approx(
        torch.stack(list(their_norms.values())).norm().item(), rel=1e-5
    )
    largest = max(norm.item() for norm in their_norms.values())
    for name, norm in their_norms.items():
        assert our_norms[name].item() == pytest.approx(norm.item(), rel=1e-4, abs=1e-6 * largest), name


@pytest.mark.slow
@pytest.mark.parametrize("prompt", ["mask", "point", "box"])
def test_an_object_that_enters_late_is_taught_as_absent_and_then_as_present(prompt: str) -> None:
    model = seeded(build_train("nano", _target_=OURS, **options(prompt, prompted_frames=1)))
    batch = collate([window for window in windows() if window.name == "late"])
    inputs = batch.to_sam2(torch.device("cpu"))
    outputs = model(inputs)
    first = outputs[0]["multistep_point_inputs"][0]
    if prompt == "mask":
        assert first is None
    else:
        assert first["point_labels"][0, 0] == NOT_ON_IT
        assert first["point_coords"].min() >= 0
        assert first["point_coords"].max() < SIDE
    losses = window_loss(outputs, inputs.masks, Loss())
    losses["total"].backward()
    assert all(torch.isfinite(norm) for norm in norms(model).values())
    assert losses["mask"] > 0, "its later frames teach its mask"
    assert losses["score"] > 0


def test_only_the_boxes_of_absent_objects_are_mended() -> None:
    masks = torch.zeros(3, 1, 40, 60, dtype=torch.bool)
    masks[0, 0, 5:9, 7:12] = True
    corners = torch.tensor([[[7.0, 5.0], [11.0, 8.0]], [[60.0, 40.0], [0.0, 0.0]], [[59.0, 39.0], [0.0, 0.0]]])
    labels = torch.tensor([[2, 3]] * 3, dtype=torch.int32)
    mend_boxes(corners, labels, masks)
    assert labels.tolist() == [[2, 3], [NOT_ON_IT, NO_POINT], [NOT_ON_IT, NO_POINT]]
    assert corners[0].tolist() == [[7, 5], [11, 8]]
    assert ((corners[1:, 0] >= 0) & (corners[1:, 0] < torch.tensor([60.0, 40.0]))).all()
    clicks = torch.zeros(3, 1, 2), torch.zeros(3, 1, dtype=torch.int32)
    mend_boxes(*clicks, masks)
    assert clicks[0].sum() == 0, "clicks are left alone"


def test_a_shadow_keeps_its_mask_and_its_supervision() -> None:
    batch: Batch = collate([window for window in windows() if window.name == "blurred to a shadow"])
    assert batch.masks.flatten(2).any(-1).all(), "present in every frame"
    assert (batch.coverage[batch.masks] < 128).all(), "though nowhere half covered"
