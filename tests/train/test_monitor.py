"""Pace, boards and the words about memory that has run out."""

import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from render.document import UserError
from train.data.batch import Batch
from train.distributed import World
from train.learning import step
from train.learning.step import Numbered, take_step
from train.monitor import Board, Clock

from .recipes import tiny


def batch(frames: int = 3, windows: int = 4) -> Batch:
    masks = torch.zeros(frames, windows, 16, 16, dtype=torch.bool)
    rgb = torch.zeros(windows, frames, 3, 16, 16, dtype=torch.uint8)
    return Batch(
        rgb=rgb, masks=masks, coverage=masks.to(torch.uint8), owners=torch.arange(windows), names=("a",) * windows
    )


@pytest.mark.parametrize(
    ("changes", "windows", "cure"),
    [
        (
            {"data__batch": 4, "optimiser__accumulate": 2},
            4,
            "data.batch = 2 with optimiser.accumulate = 4 is the same step",
        ),
        ({"data__batch": 3}, 3, "data.batch = 1 with optimiser.accumulate = 3 is the same step"),
        ({"data__batch": 1}, 1, "lower data.frames to 2"),
        ({"data__batch": 1, "data__frames": 2}, 1, "lower prompts.clicks"),
    ],
)
@pytest.mark.parametrize("error", [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("can't allocate memory")])
def test_memory_that_runs_out_is_told_with_what_to_lower(
    changes: dict[str, Any], windows: int, cure: str, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny(**changes)
    model = torch.nn.Linear(1, 1)
    optimiser = torch.optim.AdamW(model.parameters())

    def runs_out(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(step, "batch_loss", runs_out)
    shown = [Numbered(0, batch(config.data.frames, windows))]
    with pytest.raises(UserError, match="out of memory on") as told:
        take_step(config, model, optimiser, shown, World(torch.device("cpu")))
    assert cure in str(told.value)
    assert "\n" not in str(told.value)


def test_other_errors_are_not_taken_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> Any:
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(step, "batch_loss", fails)
    model = torch.nn.Linear(1, 1)
    with pytest.raises(RuntimeError, match="shapes"):
        take_step(
            tiny(), model, torch.optim.AdamW(model.parameters()), [Numbered(0, batch())], World(torch.device("cpu"))
        )


def test_the_clock_counts_waiting_and_samples() -> None:
    clock = Clock()
    assert [one.names for one in clock.waiting(iter([batch(), batch(), batch()]), 2)] == [("a",) * 4] * 2
    assert clock.lap(8) >= 0
    assert clock.samples == 8
    assert 0 <= clock.wait_share <= 1


def test_weights_and_biases_hears_what_tensorboard_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Any] = []
    run = types.SimpleNamespace(
        log=lambda values, step: heard.append((values, step)), finish=lambda: heard.append("end")
    )
    stub = types.SimpleNamespace(init=lambda **options: heard.append(options["project"]) or run)
    monkeypatch.setitem(sys.modules, "wandb", stub)
    with Board(tmp_path, tiny(wandb="props"), 0, leads=True) as board:
        board.numbers("train", {"total": 1.5}, 3)
        board.picture("worst", np.zeros((4, 6, 3), np.uint8), 3)
    assert heard == ["props", ({"train/total": 1.5}, 3), "end"]
    assert (tmp_path / "worst" / "000003.png").is_file()
    assert list((tmp_path / "tensorboard").iterdir())


def test_weights_and_biases_is_asked_for_where_it_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(UserError, match="not installed; pip install wandb"):
        Board(tmp_path, tiny(wandb="props"), 0, leads=True)


def test_processes_that_do_not_lead_are_silent(tmp_path: Path) -> None:
    with Board(tmp_path, tiny(wandb="props"), 0, leads=False) as board:
        board.numbers("train", {"total": 1.5}, 3)
        board.picture("worst", np.zeros((4, 6, 3), np.uint8), 3)
    assert not list(tmp_path.iterdir())
