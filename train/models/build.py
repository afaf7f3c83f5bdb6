"""SAM 2's own modules, built from sam2's own configs (or our nano one) as a tracker or as a thing to train."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

import torch

from render.document import UserError, nearest

SIZES = {"tiny": "t", "small": "s", "base-plus": "b+", "large": "l"}
MODELS: dict[str, str] = {
    "nano": "nano.yaml",
    **{f"sam2-hiera-{size}": f"configs/sam2/sam2_hiera_{tag}.yaml" for size, tag in SIZES.items()},
    **{f"sam2.1-hiera-{size}": f"configs/sam2.1/sam2.1_hiera_{tag}.yaml" for size, tag in SIZES.items()},
}
"""Model name to its config: a path inside the sam2 package, or for nano a file beside this one."""

HERE = Path(__file__).parent

# What sam2's own `build_sam2_video_predictor` adds when `apply_postprocessing` is on, less `fill_hole_area`, which
# needs a CUDA extension that most installations lack.
_TRACKER = {
    "_target_": "sam2.sam2_video_predictor.SAM2VideoPredictor",
    "binarize_mask_from_pts_for_mem_enc": True,
    "sam_mask_decoder_extra_args": {
        "dynamic_multimask_via_stability": True,
        "dynamic_multimask_stability_delta": 0.05,
        "dynamic_multimask_stability_thresh": 0.98,
    },
}


def model_name(name: str) -> str:
    """`name`, or the name behind a hub id such as `facebook/sam2-hiera-tiny`; UserError with the nearest known one."""
    short = name.removeprefix("facebook/")
    if short not in MODELS:
        raise UserError(f"model '{name}': unknown{nearest(short, sorted(MODELS))}")
    return short


def official_config(name: str) -> tuple[str, Path | None]:
    """What sam2's own builders need for `name`: the config's name, and the folder it is in unless that is sam2 itself.

    Hydra finds a primary config in one place only, and sam2 has set that to its own package on import. For a folder:
    `GlobalHydra.instance().clear()`, then `with initialize_config_dir(str(folder), version_base=None)` around
    `build_sam2_video_predictor(config, ...)`.
    """
    name = model_name(name)
    return MODELS[name], HERE if name == "nano" else None


def config(name: str) -> dict[str, Any]:
    """The `model` tree of the named config, as plain containers."""
    from omegaconf import OmegaConf

    name = model_name(name)
    path = HERE / MODELS[name] if name == "nano" else Path(str(resources.files("sam2"))) / MODELS[name]
    tree = OmegaConf.to_container(OmegaConf.load(path).model, resolve=True)
    if not isinstance(tree, dict):
        raise UserError(f"{path}: no `model` in this config")
    return {str(key): value for key, value in tree.items()}


def image_size(name: str) -> int:
    """The side of the model's square input in pixels."""
    return int(config(name)["image_size"])


def build_video(name: str, size: int | None = None) -> Any:
    """sam2's `SAM2VideoPredictor` with the named config, in eval mode on the CPU; its weights are not loaded.

    `size` is the side of its square input in pixels where that is not to be the config's own: a multiple of 32. The
    weights are the same. Position embeddings of the encoder are resampled, those of window and memory attention and of
    prompts follow the size of the features, all of which sam2 does itself.
    """
    return _instantiate(config(name) | _TRACKER | _sized(size)).eval()


def build_train(name: str, size: int | None = None, **train_options: Any) -> Any:
    """sam2's `SAM2Train` with the named config, in train mode on the CPU; its weights are not loaded.

    `size` as for `build_video`; `train_options` are SAM2Train's own (prompts, clicks, what is frozen).
    """
    target = {"_target_": "training.model.sam2.SAM2Train"}
    return _instantiate(config(name) | target | _sized(size) | train_options).train()


def _sized(size: int | None) -> dict[str, Any]:
    return {"image_size": size} if size else {}


def _instantiate(tree: dict[str, Any]) -> torch.nn.Module:
    from hydra.utils import instantiate

    built = instantiate(tree, _recursive_=True)
    assert isinstance(built, torch.nn.Module)
    return built
