"""A nano-sized official predictor with seeded random weights, and a short clip of a moving disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from hydra.utils import instantiate
from numpy.typing import NDArray
from omegaconf import OmegaConf
from sam2.sam2_video_predictor import SAM2VideoPredictor

NANO = Path(__file__).parents[2] / "train" / "models" / "nano.yaml"


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def predictor() -> SAM2VideoPredictor:
    """Random weights, nudged so that the object counts as present and masks are neither empty nor full."""
    config = OmegaConf.load(NANO).model
    config._target_ = "sam2.sam2_video_predictor.SAM2VideoPredictor"
    torch.manual_seed(7)
    model = instantiate(config, _recursive_=True).eval()
    with torch.no_grad():
        model.sam_mask_decoder.pred_obj_score_head.layers[-1].bias.fill_(0.3)
    return model


@pytest.fixture
def disk_clip() -> Callable[[int], tuple[list[NDArray[np.uint8]], NDArray[np.bool_]]]:
    """Makes clips: how many frames in; frames and masks out."""
    return make_disk_clip


def make_disk_clip(
    frames: int, height: int = 90, width: int = 120
) -> tuple[list[NDArray[np.uint8]], NDArray[np.bool_]]:
    """RGB frames of a red disk crossing a coloured texture, and its mask (frames, H, W)."""
    y, x = np.mgrid[:height, :width]
    texture = np.random.default_rng(3).integers(0, 70, (height, width, 3)) + np.stack([x, y, x + y], 2) // 2
    pictures, masks = [], []
    for index in range(frames):
        cx, cy = 25 + 70 * index / max(frames - 1, 1), 45 + 15 * np.sin(index / 4)
        mask = (x - cx) ** 2 + (y - cy) ** 2 < 12**2
        picture = texture.copy()
        picture[mask] = (210, 30, 40)
        pictures.append(picture.astype(np.uint8))
        masks.append(mask)
    return pictures, np.stack(masks)
