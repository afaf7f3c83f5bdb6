"""The verbs as a user types them: tables for people, one JSON document for machines, exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from render import farm
from render.cli import app
from tests.fake_dataset import make_dataset
from tests.render.fake_plan import drawing, make_plan


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_dataset(tmp_path_factory.mktemp("data") / "set", clips=4, frames=2, size=(48, 32), objects=2)


def run(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "200"})
    assert result.exit_code == code, result.output
    return result


def document(result: Result) -> Any:
    """The one JSON document that stdout consists of."""
    return json.loads(result.stdout)


def test_info(dataset: Path) -> None:
    found = document(run("info", dataset, "--json"))
    assert found["clips"] == found["planned"] == 4
    assert found["splits"]["train"]["clips"] == 2
    assert found["splits"]["train"]["labels"] == {"gauntlet": 2, "hammer": 1, "shield": 1}
    assert found["splits"]["val"]["objects"] == 2
    assert 0 < sum(split["bytes"] for split in found["splits"].values()) < found["bytes"]
    occlusion = found["attributes"]["occlusion"]
    assert 0 <= occlusion["low"] <= occlusion["median"] <= occlusion["high"] <= 1
    shown = run("info", dataset).stdout
    for word in ("train", "gauntlet 2", "occlusion", "half-maximum-v1", "CC0-1.0"):
        assert word in shown


def test_verify(dataset: Path, tmp_path: Path) -> None:
    assert document(run("verify", dataset, "--json")) == {
        "bytes": sum(path.stat().st_size for path in (dataset / "shards").iterdir()),
        "clips": 4,
        "frames": 8,
        "ok": True,
        "problems": [],
        "shards": 2,
    }
    (dataset / "shards" / "stray").touch()
    try:
        found = document(run("verify", dataset, "--json", code=1))
        assert [problem["file"] for problem in found["problems"]] == ["shards/stray"]
        assert "shards/stray: not listed in manifest.json; " in run("verify", dataset, code=1).stdout
    finally:
        (dataset / "shards" / "stray").unlink()


def test_plan(tmp_path: Path) -> None:
    found = document(run("plan", "demo", "--out", tmp_path / "set", "--clips", 3, "--seed", 5, "--json"))
    assert (found["clips"], found["seed"], found["recipe_name"]) == (3, 5, "demo")
    assert len((tmp_path / "set" / "plan.jsonl").read_text().splitlines()) == 3


def test_render_reports_and_fails_where_clips_were_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = tmp_path / "told"
    dataset = make_plan(tmp_path / "set", told, clips=2, frames=1)
    (told / "mistake-clip-000001").touch()
    monkeypatch.setattr(farm, "render", drawing(farm.render))
    result = run("render", dataset, "--workers", 2, "--json", code=1)
    found = document(result)
    assert (found["packed"], found["failed"], found["frames"]) == (1, ["clip-000001"], 1)
    for line in (
        "2 clips, 2 frames to render",
        "clip-000000: rendered; ",
        "clip-000001: set aside: exit code 2: error: the asset 'hamer' is not installed",
        "shard-000000: 1 clips packed",
        f"clip-000001 was set aside; why: {dataset}/failed/clip-000001.json",
    ):
        assert line in result.stderr
    (told / "mistake-clip-000001").unlink()
    shown = run("render", dataset)
    assert "in shards" in shown.stdout
    assert document(run("render", dataset, "--json"))["packed"] == 2
