"""Recipes that take seconds."""

from typing import Any

from train.config import TrainConfig


def tiny(**changes: Any) -> TrainConfig:
    """A nano recipe of a few steps; `changes` replace top-level entries, or single keys of tables (`data__batch=1`)."""
    document: dict[str, Any] = {
        "seed": 5,
        "device": "cpu",
        "steps": 4,
        "save_every": 2,
        "model": {"name": "nano", "start": "nano-random:1"},
        "data": {"frames": 3, "batch": 2},
        "prompts": {"mask": 0.4, "point": 0.3, "box": 0.3, "clicks": 1, "corrected_frames": 2},
        "optimiser": {"lr": 1e-3, "clip": 1.0, "warmup": 1},
        "validation": {"every": 4, "clips": 1, "frames": 3},
    }
    for key, value in changes.items():
        table, _, entry = key.partition("__")
        if entry:
            document[table][entry] = value
        else:
            document[table] = value
    if document.get("epochs"):
        del document["steps"]
    return TrainConfig.parse(document, "test recipe")
