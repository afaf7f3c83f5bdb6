"""Export to transformers and ONNX: the real libraries load it, and give our masks; else nothing is left behind."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from render.document import UserError
from train.export import onnx_graphs
from train.export.huggingface import config, export_transformers, renamed
from train.export.onnx_graphs import DECODER, ENCODER, export_onnx
from train.export.parity import LEAST, SAME, compare, demand
from train.models import build_video, resolve, save_weights


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def square(side: int, value: float = 4.0) -> np.ndarray:
    """Logits with one square of the object."""
    logits = np.full((32, 32), -4.0, np.float32)
    logits[:side, :side] = value
    return logits


def test_parity_is_the_worst_of_all_pictures() -> None:
    found = compare([square(8), square(8, 5.0)], [square(8), square(8)], "")
    assert found.logit_difference == 1.0
    assert found.logit_range == 8.0
    assert found.mask_iou == 1.0
    half = compare([square(8), square(16)], [square(8), square(8)], "")
    assert half.mask_iou == 64 / 256


def test_parity_of_nothing_is_no_parity() -> None:
    assert compare([square(8)], [], "").logit_difference == math.inf
    small = compare([square(2)], [square(0)], "")
    assert LEAST > 4
    assert small.known_iou is None
    broken = compare([np.full((32, 32), np.nan, np.float32)], [square(8)], "")
    with pytest.raises(UserError, match="not written: run by it"):
        demand(broken, SAME, "out", "it", "cure")


def test_transformers_knows_no_memory_of_another_width(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="memory is 32 wide; transformers knows 64 alone"):
        export_transformers("nano-random:3", tmp_path / "hf")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sam2-hiera-tiny", "sam2.1-hiera-base-plus"])
def test_every_weight_has_its_name_in_transformers(name: str) -> None:
    from transformers import Sam2VideoModel

    ours = build_video(name)
    with torch.device("meta"):
        theirs = Sam2VideoModel(config(ours)).state_dict()
    given = renamed(ours.state_dict())
    assert given.keys() == theirs.keys()
    assert all(given[key].shape == theirs[key].shape for key in theirs)


@pytest.mark.slow
def test_transformers_loads_the_folder_and_gives_our_masks(tmp_path: Path) -> None:
    torch.manual_seed(5)
    weights = build_video("sam2.1-hiera-tiny").state_dict()
    weights["sam_mask_decoder.pred_obj_score_head.layers.2.bias"].fill_(5.0)
    torch.save({"model": weights}, tmp_path / "random.pt")
    report = export_transformers(tmp_path / "random.pt", tmp_path / "hf", model="sam2.1-hiera-tiny")
    assert report.max_logit_difference < 1e-3
    assert report.min_mask_iou is not None
    assert report.min_mask_iou > 0.999
    names = {path.name for path in (tmp_path / "hf").iterdir()}
    assert {"config.json", "model.safetensors", "README.md"} <= names
    assert {path.name for path in tmp_path.iterdir()} == {"random.pt", "hf"}


def present(tmp_path: Path) -> Path:
    """A run folder with a nano whose masks are worth comparing."""
    torch.manual_seed(2)
    state = dict(resolve("nano-random:3").state)
    for key in list(state):  # an untrained decoder draws the same pale mask everywhere: let it be bolder
        if "output_hypernetworks_mlps" in key and key.endswith("layers.2.weight"):
            state[key] = state[key] * 8
    run = tmp_path / "run"
    run.mkdir()
    save_weights(run / "best.safetensors", state, {"model": "nano"})
    return run


@pytest.mark.slow
def test_onnxruntime_gives_the_image_predictors_masks(tmp_path: Path) -> None:
    """In float32 exactly; with int8 weights in less room and nearly; and the card's own lines run."""
    run = present(tmp_path)
    whole = export_onnx(run, tmp_path / "whole")
    assert whole.max_logit_difference < 1e-3
    assert whole.min_mask_iou is not None
    rounded = export_onnx(run, tmp_path / "rounded", int8=True)
    assert rounded.max_logit_difference > whole.max_logit_difference
    size = {
        name: sum((tmp_path / name / g).stat().st_size for g in (ENCODER, DECODER)) for name in ("whole", "rounded")
    }
    assert size["rounded"] < 0.5 * size["whole"]
    card = (tmp_path / "whole" / "README.md").read_text(encoding="utf-8")
    call = re.search(r"```python\n(.*?)```", card, re.DOTALL)
    assert call is not None
    Image.fromarray(np.zeros((90, 160, 3), np.uint8)).save(tmp_path / "whole" / "picture.jpg")
    done = subprocess.run(
        [sys.executable, "-c", f"{call[1]}\nprint(masks.shape, ious.shape, score.shape)"],
        cwd=tmp_path / "whole", capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "(1, 4, 32, 32) (1, 4) (1, 1)"


@pytest.mark.slow
def test_graphs_that_differ_are_refused_and_an_earlier_export_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "README.md").write_text("exported by heroprop")
    forward = onnx_graphs.Encoder.forward

    def damaged(self: onnx_graphs.Encoder, pixels: torch.Tensor) -> tuple[torch.Tensor, ...]:
        top, high_0, high_1 = forward(self, pixels)
        return top * 1.5, high_0, high_1

    monkeypatch.setattr(onnx_graphs.Encoder, "forward", damaged)
    with pytest.raises(UserError, match="run by onnxruntime its masks differ from ours"):
        export_onnx(present(tmp_path), out)
    assert [path.name for path in out.iterdir()] == ["README.md"]
    assert {path.name for path in tmp_path.iterdir()} == {"run", "out"}
