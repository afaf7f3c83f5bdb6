"""The committed nano base: what its record claims, and the module that makes one."""

import json
from pathlib import Path

import pytest

from train import bundle, loop
from train.config import RECIPES, TrainConfig, read_config
from train.data.held_out import generic_held_out
from train.models import BUNDLED, image_size, resolve, sha256
from train.validation.score import score
from train.validation.track import copy_first, track_all

from .recipes import tiny


def record() -> dict[str, dict[str, dict[str, float]]]:
    document: dict[str, dict[str, dict[str, float]]] = json.loads((BUNDLED / "nano-base.json").read_text())
    return document


def test_the_record_is_of_these_very_weights() -> None:
    weights = BUNDLED / "nano-base.safetensors"
    assert record()["sha256"] == sha256(weights) == resolve("nano-base").sha256
    assert weights.stat().st_size < 9.5e6


def test_the_recorded_runs_are_of_the_recipes_that_come_with_heroprop() -> None:
    for number, run in enumerate(record()["runs"], 1):
        recipe = read_config(RECIPES / f"nano-base-{number}.toml")
        assert TrainConfig.parse(run["config"], "the record") == recipe


@pytest.mark.slow
def test_the_base_tracks_and_the_untrained_model_does_not() -> None:
    clips = generic_held_out(bundle.TEST_SEED, 2, 12, 8, image_size("nano"))
    js = {}
    for name in ("nano-base", "nano-random:1"):
        loaded = resolve(name)
        js[name] = score(track_all(loaded.name, loaded.state, clips, "cpu"), clips).j
    assert js["nano-base"] > js["nano-random:1"] + 0.2
    assert js["nano-base"] > score(copy_first(clips), clips).j + 0.1


@pytest.mark.slow
def test_a_base_is_made_from_its_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "TEST_CLIPS", 1)
    monkeypatch.setattr(bundle, "TEST_FRAMES", 2)
    recipe = tiny(
        steps=1,
        data__source="generic",
        prompts__mask=1.0,
        prompts__point=0.0,
        prompts__box=0.0,
        optimiser__warmup=0,
    )
    loop.train(recipe, None, tmp_path / "run")
    made = bundle.bundle([tmp_path / "run"], tmp_path / "base.safetensors")
    assert json.loads((tmp_path / "base.json").read_text()) == made
    assert made["sha256"] == sha256(tmp_path / "base.safetensors")
    assert made["runs"][0]["last"]["step"] == 1
    assert set(made["test"]) == {"clips", "base", "untrained", "copy-first"}
    assert resolve(str(tmp_path / "base.safetensors")).name == "nano"
