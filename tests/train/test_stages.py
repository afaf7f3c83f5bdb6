"""Progressive fine-tuning: what a stage changes, when it ends, and that a run goes on inside any."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest
import torch

from render.document import UserError
from train import loop
from train.config import TrainConfig
from train.models import resolve

from .recipes import tiny


def staged(*stages: dict[str, Any], **changes: Any) -> TrainConfig:
    document = tiny(**changes).model_dump(exclude_none=True) | {"stages": list(stages)}
    del document["steps"]
    return TrainConfig.parse(document, "test recipe")


def test_a_stage_is_the_recipe_with_its_changes() -> None:
    config = staged(
        {"name": "plain", "steps": 3, "data": {"strides": [1], "frames": 2}},
        {
            "name": "hard",
            "steps": 5,
            "rate": 0.5,
            "loss": {"target": "coverage"},
            "adapt": {"freeze": ["image_encoder"]},
        },
        optimiser__encoder_lr=1e-4,
    )
    plain, hard = (config.at(stage) for stage in config.stages)
    assert (plain.steps, plain.data.frames, plain.data.batch) == (3, 2, config.data.batch)
    assert (hard.steps, hard.data, hard.loss.target) == (5, config.data, "coverage")
    assert (hard.optimiser.lr, hard.optimiser.encoder_lr) == (config.optimiser.lr / 2, 5e-5)
    assert hard.adapt.freeze == ("image_encoder",)
    assert TrainConfig.parse(config.model_dump(mode="json"), "again") == config


@pytest.mark.parametrize(
    ("stage", "line"),
    [
        ({"name": "a", "steps": 1, "data": {"frams": 2}}, "stages.a.data: frams: unknown key; did you mean 'frames'?"),
        ({"name": "a", "steps": 1, "optimizer": {}}, "stages.0.optimizer: unknown key"),
        ({"name": "a"}, "stages.0: steps, epochs: give exactly one of them"),
        ({"name": "A b", "steps": 1}, "stages.0.name: "),
        ({"name": "b", "steps": 1}, "two are called 'b'"),
        ({"name": "a", "steps": 1, "data": {"frames": 1}}, "stages.a.data: frames: "),
        ({"name": "a", "steps": 1, "model": {"start": "nano-base"}}, "name and start are the whole run's"),
        ({"name": "a", "steps": 1, "adapt": {"freeze": ["image_encodr"]}}, "stages.a.adapt: freeze.0: "),
    ],
)
def test_mistakes_in_stages_are_named(stage: dict[str, Any], line: str) -> None:
    with pytest.raises(UserError) as error:
        staged(stage, {"name": "b", "steps": 1})
    assert line in str(error.value)


def test_steps_and_stages_exclude_each_other() -> None:
    document = tiny().model_dump(exclude_none=True) | {"stages": [{"name": "a", "steps": 1}]}
    with pytest.raises(UserError, match="steps, epochs, stages: give exactly one"):
        TrainConfig.parse(document, "test recipe")


def rows(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


@pytest.mark.slow
def test_stages_follow_each_other_and_resume_inside_any(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first is left at its first validation, two steps early; the second keeps the encoder still."""
    config = staged(
        {"name": "plain", "steps": 3, "promote": 0.0, "data": {"frames": 2}},
        {"name": "hard", "steps": 2, "rate": 0.5, "adapt": {"freeze": ["image_encoder"]}},
        validation__every=1,
        optimiser__average=0.5,
        save_every=1,
        keep_last=3,
    )
    report = loop.train(config, dataset, tmp_path / "whole")
    assert (report.finished, report.step, report.steps) == (True, 3, 3)
    changes = [(row["step"], row["stage"], row.get("why", "")) for row in rows(tmp_path / "whole") if "stage" in row]
    assert [change[:2] for change in changes] == [(0, "plain"), (1, "hard")]
    assert "reached 0" in changes[1][2]
    early, late = (torch.load(path, weights_only=True) for path in states(config, dataset, tmp_path, monkeypatch))
    whole = resolve(str(tmp_path / "whole" / "last.safetensors")).state
    resumed = resolve(str(tmp_path / "broken" / "last.safetensors")).state
    assert rows(tmp_path / "broken") == rows(tmp_path / "whole")
    assert all(torch.equal(resumed[name], value) for name, value in whole.items())
    moved = {name for name, value in late["model"].items() if not torch.equal(early["model"][name], value)}
    assert any(name.startswith("memory_attention.") for name in moved)
    assert not any(name.startswith("image_encoder.") for name in moved)
    assert early["progress"]["stage"] == 1
    assert not any(name.startswith("image_encoder.") for name in late["optimiser"])


def states(config: TrainConfig, data: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Run in parts, interrupted in every step; resume.pt after the first and after the last."""
    take_step = loop.take_step

    def interrupted(*arguments: Any) -> dict[str, float]:
        signal.raise_signal(signal.SIGINT)
        return take_step(*arguments)

    monkeypatch.setattr(loop, "take_step", interrupted)
    run = folder / "broken"
    assert loop.train(config, data, run).step == 1
    early = folder / "early.pt"
    early.write_bytes((run / "resume.pt").read_bytes())
    assert loop.train(config, data, run, resume=True).step == 2
    assert loop.train(config, data, run, resume=True).finished
    return early, run / "resume.pt"
