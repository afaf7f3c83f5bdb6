"""The GPU benchmarks in one command: what fails or takes too long is told and tried again, what is done stays done."""

import json
import sys
from pathlib import Path

import pytest

from train.benchmarks import gpu
from train.benchmarks.gpu import Task, main, measure, prepare
from train.config import read_config
from train.models import resolve

NAP = ("timeit", "-n", "1", "-r", "1", "import time; time.sleep(60)")


def run(folder: Path, monkeypatch: pytest.MonkeyPatch, *tasks: Task) -> tuple[int, dict[str, dict[str, str]]]:
    monkeypatch.setattr(gpu, "tasks", lambda folder, dry: list(tasks))
    monkeypatch.setattr(sys, "argv", ["gpu", "--out", str(folder), "--dry-run"])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0), json.loads((folder / "gpu.json").read_text())["tasks"]


def test_what_failed_is_tried_again_and_what_is_done_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = tmp_path / "given.json"
    given.write_text('{"ratio": 1.5}')
    text = Task("text", ("platform",), 60, str)
    broken = Task("broken: not there", ("json.tool", str(tmp_path / "missing.json")), 60, str)
    code, found = run(tmp_path, monkeypatch, text, broken)
    assert code == 1
    assert found["text"]["told"]
    assert "exit code" in found["broken: not there"]["failed"]
    assert "see broken.log" in (tmp_path / "gpu.md").read_text()

    mended = Task("broken: not there", ("json.tool", str(given)), 60, lambda text: f"{json.loads(text)['ratio']:.2f} x")
    never = Task("text", ("platform", "--no-such-thing"), 60, lambda text: "done twice")
    code, found = run(tmp_path, monkeypatch, never, mended)
    assert code == 0
    assert found["text"]["told"] != "done twice"
    assert found["broken: not there"]["told"] == "1.50 x"
    assert "failed" not in found["broken: not there"]


def test_what_takes_too_long_is_ended(tmp_path: Path) -> None:
    row = measure(Task("nap", NAP, 60, str), tmp_path, limit=1)
    assert row["failed"] == "not done after 1 s"


def test_figures_of_another_machine_are_not_mixed_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gpu.json").write_text(json.dumps({"machine": {"device": "another"}, "dry": True, "tasks": {}}))
    monkeypatch.setattr(sys, "argv", ["gpu", "--out", str(tmp_path), "--dry-run"])
    with pytest.raises(SystemExit, match="another machine"):
        main()


def test_the_preset_is_shortened_and_otherwise_itself(tmp_path: Path) -> None:
    (tmp_path / "clips/split").mkdir(parents=True)
    prepare(tmp_path / "clips", tmp_path / "run", tmp_path / "16gb.json", dry=True)
    short, preset = read_config(tmp_path / "16gb.json"), read_config(Path("16gb"))
    assert (short.steps, short.epochs, short.device) == (1, None, "cpu")
    assert short.model.activation_checkpointing
    assert short.prompts == preset.prompts
    assert short.optimiser.layer_decay == preset.optimiser.layer_decay
    assert resolve(short.model.start, short.model.name).name == "nano"
