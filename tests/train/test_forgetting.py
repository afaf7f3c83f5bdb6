"""Averages and blends of weights, the choice among them, and the gate on what is to be kept."""

from pathlib import Path
from typing import Any

import pytest
import torch

from train import forgetting
from train.checkpoint import Progress, Run
from train.data.held_out import HeldOut
from train.distributed import World
from train.forgetting import Kept, Outcome, conclude
from train.learning.average import Average, blend
from train.models import resolve

from .recipes import tiny

CPU = World(torch.device("cpu"))


def test_an_average_follows_slowly_and_forgets_its_start() -> None:
    model = torch.nn.BatchNorm1d(1)
    average = Average(model, decay=0.9)
    weight = average.state["weight"].item()
    for step in range(1, 6):
        with torch.no_grad():
            model.weight += 1
        model.num_batches_tracked += 1
        average.update(model, step)
        weight += (1 - min(0.9, (1 + step) / (10 + step))) * (model.weight.item() - weight)
        assert average.state["weight"].item() == pytest.approx(weight)
    assert average.state["num_batches_tracked"] == 5, "counts are not averaged"


def test_a_blend_lies_between() -> None:
    start, end = ({"w": torch.tensor([value]), "n": torch.tensor([int(value)])} for value in (2.0, 4.0))
    assert blend(start, end, 0.25)["w"].item() == 2.5
    assert blend(start, end, 0.25)["n"].item() == 4
    assert torch.equal(blend(start, end, 1.0)["w"], end["w"])


def outcome(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scores: dict[float, tuple[float, float]], kept: bool = True
) -> Outcome:
    """Conclude a run whose blends score so: {share: (validation, kept)}; the start had 0.8 on what is kept."""
    config = tiny(keep={"blend": [share for share in scores if share < 1], "tolerance": 0.05})
    run = Run(tmp_path / "run")
    start = resolve(config.model.start).state
    best = {name: value + 1 if value.is_floating_point() else value for name, value in start.items()}
    run.save_weights("best", config, best, {"step": 3})
    name = next(name for name, value in start.items() if value.is_floating_point())

    def found(config: Any, state: Any, clips: Any, world: Any) -> float | None:
        share = round((state[name] - start[name]).mean().item(), 4)
        return scores[share][bool(clips[0] == "kept")] if clips else None

    monkeypatch.setattr(forgetting, "_jf", found)
    clips: Any = ["val"]
    lasting: Any = Kept("films", ["kept"] if kept else [], "")
    return conclude(config, run, Progress(step=4, best=0.6, best_step=3, kept_start=0.8), clips, lasting, CPU)


def mean_step(run: Path, which: str) -> float:
    start = resolve("nano-random:1").state
    name = next(name for name, value in start.items() if value.is_floating_point())
    return float((resolve(str(run / f"{which}.safetensors")).state[name] - start[name]).mean())


def test_the_best_of_those_that_keep_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scores = {1.0: (0.7, 0.5), 0.75: (0.66, 0.76), 0.5: (0.62, 0.8)}
    for _ in range(2):  # a run that is gone on with concludes once more, and comes to the same
        found = outcome(tmp_path, monkeypatch, scores)
        assert (found.share, found.jf, found.kept, found.failed) == (0.75, 0.66, 0.76, None)
        assert mean_step(tmp_path / "run", "best") == pytest.approx(0.75, abs=1e-4)
        assert mean_step(tmp_path / "run", "unblended") == pytest.approx(1, abs=1e-4)
        monkeypatch.undo()


def test_a_run_that_loses_too_much_fails_and_keeps_its_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = outcome(tmp_path, monkeypatch, {1.0: (0.7, 0.5), 0.5: (0.6, 0.74)})
    assert found.share == 1
    assert found.failed is not None
    assert "J&F on films fell from 0.800 to 0.500, by more than keep.tolerance = 0.05" in found.failed
    assert mean_step(tmp_path / "run", "best") == pytest.approx(1, abs=1e-4)


def test_with_nothing_to_keep_validation_alone_chooses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = outcome(tmp_path, monkeypatch, {1.0: (0.7, 0.0), 0.5: (0.8, 0.0)}, kept=False)
    assert (found.share, found.jf, found.kept, found.failed) == (0.5, 0.8, None, None)


def test_a_run_with_neither_concludes_nothing(tmp_path: Path) -> None:
    held: list[HeldOut] = []
    assert conclude(tiny(), Run(tmp_path), Progress(best_step=1), held, Kept("", (), ""), CPU) == Outcome()
