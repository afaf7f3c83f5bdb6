"""Training, evaluating and verifying where a dataset is no folder of its own: in a bucket, and merged of several."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import heroprop
from render.dataset.merge import merge
from render.storage.publish import publish
from tests.fake_dataset import make_dataset
from tests.render.servers import Seen, s3_server
from train.config import TrainConfig

from .recipes import tiny

Say = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def merged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two drawn datasets in one, whose clips had the same names; their sizes and lengths differ."""
    home = tmp_path_factory.mktemp("merged")
    parts = [
        make_dataset(home / "one", clips=4, frames=5, size=(64, 48), objects=2),
        make_dataset(home / "two", clips=4, frames=6, size=(80, 48)),
    ]
    merge(home / "both", parts)
    return home / "both"


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    with pytest.MonkeyPatch.context() as patch, s3_server(patch) as seen:
        patch.setenv("HEROPROP_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield seen


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """Runs the command line, which must succeed; what it says with --json."""

    def run(*arguments: object) -> dict[str, Any]:
        monkeypatch.setattr("sys.argv", ["heroprop", *map(str, arguments), "--json"])
        with pytest.raises(SystemExit) as ended:
            heroprop.main()
        said = capsys.readouterr()
        assert ended.value.code == 0, said.err
        found: dict[str, Any] = json.loads(said.out)
        return found

    return run


def recipe(folder: Path, config: TrainConfig) -> Path:
    path = folder / "resolved.json"
    path.write_text(config.canonical())
    return path


@pytest.mark.slow
def test_train_evaluate_and_verify_a_merged_dataset_in_a_bucket(
    merged: Path, s3: Seen, tmp_path: Path, verb: Say
) -> None:
    """In the bucket everything comes out as from the folder it was published from."""
    url = "s3://studio/both"
    publish(merged, url)
    steps = recipe(tmp_path, tiny(steps=2, data__workers=1, validation__every=2, validation__clips=2))
    losses, scores, answers = [], [], []
    for name, place in (("here", str(merged)), ("there", url)):
        out = tmp_path / name
        trained = verb("train", steps, "--data", place, "--out", out)
        assert (trained["finished"], trained["step"]) == (True, 2)
        log = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
        losses.append([row["total"] for row in log if "total" in row])
        report = tmp_path / f"{name}-report"
        found = verb("evaluate", "--data", place, "--split", "test", "--checkpoint", out, "--out", report)
        scores.append([method["scores"] for method in found["methods"]])
        assert {clip["clip"] for clip in found["methods"][0]["clips"]} == {"clip-000003", "clip-000007"}
        assert (report / "report.html").is_file()
        answers.append(verb("verify", place, "--workers", 1))
    assert len(losses[0]) == 2
    assert losses[0] == losses[1]
    assert len(scores[0]) > 1
    assert scores[0] == scores[1]
    assert answers[0]["problems"] == []
    assert answers[0] == answers[1]
