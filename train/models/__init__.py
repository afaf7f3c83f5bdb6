"""Models by name, hub id or file: build them from sam2's own configs and load their weights strictly."""

from .build import MODELS, build_train, build_video, config, image_size, model_name, official_config
from .digest import sha256
from .weights import BUNDLED, Loaded, load_weights, resolve, save_weights

__all__ = [
    "BUNDLED",
    "MODELS",
    "Loaded",
    "build_train",
    "build_video",
    "config",
    "image_size",
    "load_weights",
    "model_name",
    "official_config",
    "resolve",
    "save_weights",
    "sha256",
]
