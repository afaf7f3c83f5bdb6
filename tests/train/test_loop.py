"""The loop on the real modules: it learns, it resumes exactly, and it refuses what it should."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from render.document import UserError
from render.manifest import Dataset
from tests.fake_dataset import make_dataset
from train import loop
from train.checkpoint import Run
from train.config import TrainConfig
from train.data.batch import collate
from train.data.generic.scenes import Generic
from train.data.sources import identity
from train.distributed import World
from train.learning import learner, step
from train.learning.losses import TERMS
from train.learning.optimise import build_optimiser, set_rates
from train.learning.step import Numbered, take_step
from train.models import load_weights, resolve

from .recipes import tiny

CPU = World(torch.device("cpu"))


def log(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


def weights(run: Path, which: str = "last") -> dict[str, torch.Tensor]:
    return resolve(str(run / f"{which}.safetensors")).state


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[key], second[key]) for key in first)


@pytest.mark.slow
def test_steps_on_one_batch_make_its_loss_fall() -> None:
    config = tiny(data__source="generic", prompts__mask=1.0, prompts__point=0.0, prompts__box=0.0, loss={"mask": 2.0})
    torch.manual_seed(0)
    model = learner.build_model(config)
    load_weights(model, resolve(config.model.start))
    optimiser = build_optimiser(config.optimiser, model)
    batch = collate([Generic(3, 0, 2, 128, easy=10**6).window(n) for n in range(4)])
    rows = [take_step(config, model, optimiser, [Numbered(0, batch)], CPU) for _ in range(12)]
    assert all(row["finite"] == 1 for row in rows)
    assert rows[-1]["total"] < 0.7 * rows[0]["total"]


@pytest.mark.slow
def test_accumulated_gradients_are_those_of_the_whole_batch() -> None:
    config = tiny(data__source="generic", prompts__mask=1.0, prompts__point=0.0, prompts__box=0.0, optimiser__clip=1e9)
    windows = [Generic(3, 0, 2, 128).window(n) for n in range(4)]
    norms, terms = [], []
    for shown in ([collate(windows)], [collate(windows[:2]), collate(windows[2:])]):
        model = learner.build_model(config)
        load_weights(model, resolve(config.model.start))
        numbered = [Numbered(number, batch) for number, batch in enumerate(shown)]
        row = take_step(config, model, build_optimiser(config.optimiser, model), numbered, CPU)
        norms.append(row["gradient"])
        terms.append(row["total"])
    assert norms[0] == pytest.approx(norms[1], rel=1e-4)
    assert terms[0] == pytest.approx(terms[1], rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("prompt", ["mask", "point", "box"])
def test_every_kind_of_prompt_trains_on_objects_that_leave(prompt: str) -> None:
    config = tiny(
        data__source="generic", **{f"prompts__{kind}": float(kind == prompt) for kind in ("mask", "point", "box")}
    )
    model = learner.build_model(config)
    load_weights(model, resolve(config.model.start))
    batch = collate([Generic(3, 0, 3, 128).window(n) for n in range(2)])
    batch.masks[1:, 0] = False
    row = take_step(config, model, build_optimiser(config.optimiser, model), [Numbered(0, batch)], CPU)
    assert row["finite"] == 1
    assert row["score"] > 0


@pytest.mark.slow
def test_a_run_leaves_what_it_promises(dataset: Path, tmp_path: Path) -> None:
    report = loop.train(tiny(), dataset, tmp_path / "run")
    assert (report.finished, report.step, report.steps) == (True, 4, 4)
    names = {path.name for path in (tmp_path / "run").iterdir()}
    promised = {
        "config.json",
        "resolved.json",
        "worst",
        "best.safetensors",
        "best.json",
        "last.safetensors",
        "last.json",
        "log.jsonl",
        "resume.pt",
    }
    assert names == promised | {"tensorboard"}
    rows = log(tmp_path / "run")
    assert [row["step"] for row in rows if "total" in row] == [1, 2, 3, 4]
    assert [row["step"] for row in rows if "val" in row] == [0, 4]
    best = json.loads((tmp_path / "run" / "best.json").read_text())
    assert best["val"]["jf"] == report.best_jf == max(row["val"]["jf"] for row in rows if "val" in row)
    assert resolve(str(tmp_path / "run")).name == "nano"
    with pytest.raises(UserError, match="not empty; add --resume"):
        loop.train(tiny(), dataset, tmp_path / "run")


@pytest.mark.slow
def test_epochs_are_passes_over_the_objects(dataset: Path, tmp_path: Path) -> None:
    report = loop.train(tiny(epochs=0.5, data__batch=1, optimiser__accumulate=2), dataset, tmp_path / "run")
    assert report.steps == 2, "half of eight objects, two windows a step"


@pytest.mark.slow
def test_killed_and_resumed_is_never_killed(dataset: Path, tmp_path: Path) -> None:
    """SIGKILL in mid-run; the resumed run's log and weights equal the unbroken run's, bit for bit."""
    config = tiny(steps=6, save_every=2, validation__every=3)
    loop.train(config, dataset, tmp_path / "whole")
    start_and_kill(config, dataset, tmp_path / "killed", after_step=3)
    assert Run(tmp_path / "killed").resume_file.is_file()
    report = loop.train(config, dataset, tmp_path / "killed", resume=True)
    assert report.finished
    assert log(tmp_path / "killed") == log(tmp_path / "whole")
    for which in ("best", "last"):
        assert same(weights(tmp_path / "killed", which), weights(tmp_path / "whole", which))


def start_and_kill(config: TrainConfig, data: Path, run: Path, after_step: int) -> None:
    """Train in a child process and kill it -9 as soon as its log shows a step."""
    document = run.parent / "config.json"
    document.write_text(config.model_dump_json(exclude_none=True))
    program = (
        "import torch; torch.set_num_threads(1)\n"
        "from pathlib import Path; from train.config import TrainConfig; from train.loop import train\n"
        f"train(TrainConfig.read_json(Path({str(document)!r})), Path({str(data)!r}), Path({str(run)!r}))"
    )
    child = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and child.poll() is None:
        text = (run / "log.jsonl").read_text() if (run / "log.jsonl").exists() else ""
        if f'"step": {after_step}, "mask"' in text:
            os.kill(child.pid, signal.SIGKILL)
            break
        time.sleep(0.01)
    assert child.wait(timeout=30) == -signal.SIGKILL, "killed before it was done"


@pytest.mark.slow
def test_an_interrupt_leaves_a_run_that_goes_on(dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    take_step = loop.take_step

    def interrupted(*arguments: Any) -> dict[str, float]:
        signal.raise_signal(signal.SIGINT)
        return take_step(*arguments)

    monkeypatch.setattr(loop, "take_step", interrupted)
    report = loop.train(tiny(), dataset, tmp_path / "run")
    assert (report.finished, report.step) == (False, 1)
    monkeypatch.undo()
    assert loop.train(tiny(), dataset, tmp_path / "run", resume=True).finished
    loop.train(tiny(), dataset, tmp_path / "whole")
    assert log(tmp_path / "run") == log(tmp_path / "whole")


@pytest.mark.slow
def test_steps_that_are_not_finite_change_nothing_and_end_the_run(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step, "window_loss", lambda outputs, *rest: _broken(outputs))
    with pytest.raises(UserError, match="5 steps in a row were not finite"):
        loop.train(tiny(steps=9), dataset, tmp_path / "run")
    rows = log(tmp_path / "run")
    assert [row["finite"] for row in rows if "total" in row] == [0.0] * 4
    assert all("clip-" in name for row in rows if "total" in row for name in row["clips"])
    assert all(row["clips"] for row in rows if "total" in row)
    assert same(weights(tmp_path / "run"), resolve("nano-random:1").state)


def _broken(outputs: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
    total: torch.Tensor = outputs[-1]["multistep_pred_multimasks_high_res"][0].sum() * float("nan")
    return dict.fromkeys((*TERMS, "total"), total)


@pytest.mark.slow
def test_only_the_same_run_resumes(dataset: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with pytest.raises(UserError, match="nothing to resume here"):
        loop.train(tiny(), dataset, run, resume=True)
    loop.train(tiny(steps=2), dataset, run)
    with pytest.raises(UserError, match=r"another recipe \(data.batch was 2, is 1\)"):
        loop.train(tiny(steps=2, data__batch=1), dataset, run, resume=True)
    (run / "resume.pt").write_bytes(b"PK\x03\x04 not a checkpoint")
    with pytest.raises(UserError, match="cannot be resumed from"):
        loop.train(tiny(steps=2), dataset, run, resume=True)


def test_layer_decay_and_weight_decay_go_where_the_official_recipe_puts_them() -> None:
    config = tiny(optimiser={"lr": 1.0, "encoder_lr": 0.5, "layer_decay": 0.9, "weight_decay": 0.1})
    model = learner.build_model(config)
    optimiser = build_optimiser(config.optimiser, model)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    peaks = {names[id(p)]: (g["peak"], g["weight_decay"]) for g in optimiser.param_groups for p in g["params"]}
    assert len(peaks) == len(names)
    trunk = "image_encoder.trunk"
    assert peaks[f"{trunk}.patch_embed.proj.weight"] == (pytest.approx(0.5 * 0.9**8), 0.1)
    assert peaks[f"{trunk}.blocks.6.attn.qkv.weight"] == (pytest.approx(0.5 * 0.9), 0.1)
    assert peaks[f"{trunk}.blocks.6.norm1.weight"] == (pytest.approx(0.5 * 0.9), 0.0)
    assert peaks[f"{trunk}.pos_embed"] == (0.5, 0.1)
    assert peaks["image_encoder.neck.convs.0.conv.weight"] == (0.5, 0.1)
    assert peaks["memory_attention.layers.0.linear1.bias"] == (1.0, 0.0)


def test_the_schedule_warms_up_and_ends_at_a_tenth() -> None:
    config = tiny(steps=100, optimiser={"lr": 2.0, "warmup": 9}).optimiser
    optimiser = torch.optim.AdamW([{"params": [torch.nn.Parameter(torch.zeros(1))], "peak": 2.0}])
    factors = [set_rates(config, optimiser, step, 100) for step in range(100)]
    assert factors[0] == pytest.approx(0.1)
    assert factors[9] == pytest.approx(1.0)
    assert factors[-1] == pytest.approx(0.1, abs=1e-3)
    assert np.all(np.diff(factors[9:]) <= 0)
    assert optimiser.param_groups[0]["lr"] == pytest.approx(2.0 * factors[-1])


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_bfloat16_step_on_cuda_is_finite_and_close_to_float32() -> None:
    config = tiny(data__source="generic", prompts__mask=1.0, prompts__point=0.0, prompts__box=0.0)
    batch = collate([Generic(3, 0, 2, 128).window(n) for n in range(4)])
    totals = []
    for device in (CPU.device, torch.device("cuda")):
        model = learner.build_model(config)
        load_weights(model, resolve(config.model.start))
        model.to(device)
        row = take_step(config, model, build_optimiser(config.optimiser, model), [Numbered(0, batch)], World(device))
        assert row["finite"] == 1
        totals.append(row["total"])
    assert totals[1] == pytest.approx(totals[0], rel=0.03)


def test_a_run_stopped_before_it_first_saved_starts_again(tmp_path: Path) -> None:
    recipe = tiny()
    run = Run(tmp_path / "run")
    run.start(recipe, "data")
    (tmp_path / "run" / "tensorboard").mkdir()
    run.start(recipe, "data")  # nothing to go on from, so nothing is lost
    (tmp_path / "run" / "mine.txt").touch()
    with pytest.raises(UserError, match="not empty"):
        run.start(recipe, "data")


def test_what_a_run_learned_from_is_its_data_not_its_manifests_date(tmp_path: Path) -> None:
    data = make_dataset(tmp_path / "set", clips=4, frames=3, size=(48, 32))
    before = identity(Dataset.open(data))
    manifest = json.loads((data / "manifest.json").read_text())
    (data / "manifest.json").write_text(json.dumps(manifest | {"created": "2001-01-01T00:00:00+00:00"}))
    assert identity(Dataset.open(data)) == before
    other = make_dataset(tmp_path / "other", clips=3, frames=3, size=(48, 32))
    assert identity(Dataset.open(other)) != before
