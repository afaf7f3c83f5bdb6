"""Export: the official builder loads it strictly, its masks equal ours, and a file that would not is never left."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hydra.core.global_hydra import GlobalHydra

from render.document import UserError
from train.export.sam2_file import export_sam2
from train.models import resolve, save_weights


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def trained_looking(path: Path) -> Path:
    """A nano checkpoint of ours whose object scores say `present`, so that masks are worth comparing."""
    state = dict(resolve("nano-random:3").state)
    name = "sam_mask_decoder.pred_obj_score_head.layers.2.bias"
    state[name] = torch.full_like(state[name], 5.0)
    path.mkdir()
    save_weights(path / "best.safetensors", state, {"model": "nano"})
    return path


def test_what_is_written_is_the_official_format(tmp_path: Path) -> None:
    run = trained_looking(tmp_path / "run")
    report = export_sam2(run, tmp_path / "out" / "hero.pt")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["hero.md", "hero.pt", "hero.yaml"]
    assert report.files == tuple(str(tmp_path / "out" / f"hero.{suffix}") for suffix in ("pt", "yaml", "md"))
    assert report.max_logit_difference <= 1e-5
    assert report.min_mask_iou == 1.0
    state = torch.load(tmp_path / "out" / "hero.pt", weights_only=True)
    assert list(state) == ["model"]
    expected = resolve(str(run)).state
    assert state["model"].keys() == expected.keys()
    assert all(torch.equal(state["model"][key], expected[key]) for key in expected)


@pytest.mark.slow
def test_the_card_and_its_call_work_for_someone_without_heroprop(tmp_path: Path) -> None:
    report = export_sam2("nano-random:3", tmp_path / "hero.pt")
    card = (tmp_path / "hero.md").read_text(encoding="utf-8")
    call = re.search(r"```python\n(.*?)```", card, re.DOTALL)
    assert call is not None
    assert call[1].strip() == report.call
    assert "It holds no weights of Meta's SAM 2" in card
    assert report.sha256 in card
    assert str(tmp_path) not in card
    done = subprocess.run(
        [sys.executable, "-c", f"{report.call}\nprint(sum(v.numel() for v in predictor.state_dict().values()))"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert int(done.stdout) == sum(value.numel() for value in resolve("nano-random:3").state.values())


def test_hydra_is_left_as_it_was(tmp_path: Path) -> None:
    before = GlobalHydra.instance().hydra
    export_sam2("nano-random:3", tmp_path / "hero.pt")
    assert GlobalHydra.instance().hydra is before


def test_an_export_that_would_differ_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights damaged on their way into the file are found by running it."""
    run, save = trained_looking(tmp_path / "run"), torch.save

    def damaged(document: dict[str, dict[str, torch.Tensor]], path: Path) -> None:
        changed = {key: value * 1.5 if "mask_decoder" in key else value for key, value in document["model"].items()}
        save({"model": changed}, path)

    monkeypatch.setattr(torch, "save", damaged)
    with pytest.raises(UserError, match=r"hero\.pt: not written: run by sam2 its masks differ from ours"):
        export_sam2(run, tmp_path / "hero.pt")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_exports_are_replaced_and_other_files_are_not(tmp_path: Path) -> None:
    export_sam2("nano-random:3", tmp_path / "hero.pt")
    second = export_sam2("nano-random:4", tmp_path / "hero.pt")
    state = torch.load(tmp_path / "hero.pt", weights_only=True)["model"]
    expected = resolve("nano-random:4").state
    assert all(torch.equal(state[key], expected[key]) for key in expected)
    assert second.source == "nano-random:4"
    (tmp_path / "official.pt").write_bytes(b"weights from elsewhere")
    with pytest.raises(UserError, match="was not exported by heroprop"):
        export_sam2("nano-random:3", tmp_path / "official.pt")
    assert (tmp_path / "official.pt").read_bytes() == b"weights from elsewhere"
    (tmp_path / "notes.md").write_text("mine")
    with pytest.raises(UserError, match=r"notes\.md: exists and was not exported by heroprop"):
        export_sam2("nano-random:3", tmp_path / "notes.pt")
    assert (tmp_path / "notes.md").read_text() == "mine"
