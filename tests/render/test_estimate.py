"""What a render will cost, before it: probes of drawn clips, what they add up to, and what is kept of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from render import farm
from render.cli import app
from render.document import UserError
from render.farm import Setup, clips, machine
from render.farm import estimate as estimates
from render.farm.estimate import ClipProbe, Probe, estimate
from tests.render.fake_plan import PROGRAM, make_plan

SETUP = Setup(workers=2, program=PROGRAM)


@pytest.fixture
def planned(tmp_path: Path) -> Path:
    """Eight clips of five frames, three a shard."""
    return make_plan(tmp_path / "set", tmp_path / "told", clips=8, frames=5, clips_per_shard=3)


def test_a_clip_is_its_start_and_its_further_frames() -> None:
    assert ClipProbe(clip="clip-000000", lead=4.0, frame=0.5, bytes=10).seconds(9) == 8.0
    assert ClipProbe(clip="clip-000000", lead=4.0, frame=None, bytes=10).seconds(1) == 4.0


def test_the_sum_is_that_of_the_probed_clips(planned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Golden: 8 clips of 5 frames; at 2 s + 4 · 0.5 s one is 4 s, at 4 s + 4 · 1.0 s it is 8 s."""
    probed = (
        ClipProbe(clip="clip-000001", lead=2.0, frame=0.5, bytes=100),
        ClipProbe(clip="clip-000005", lead=4.0, frame=1.0, bytes=300),
    )
    monkeypatch.setattr(machine, "cores", lambda: 6)
    monkeypatch.setattr(clips, "cores", lambda: 6)
    monkeypatch.setattr(
        estimates, "measured", lambda d, job, conditions, *_: Probe(conditions=conditions, clips=probed)
    )
    found = estimate(planned, SETUP)
    assert found is not None
    assert (found.clips, found.frames, found.tasks, found.at_a_time, found.threads) == (8, 40, 3, 2, 3)
    assert (found.worker_seconds.low, found.worker_seconds.mean, found.worker_seconds.high) == (32, 48, 64)
    assert found.core_seconds.mean == 3 * 48
    assert found.wall_seconds is not None
    assert (found.wall_seconds.low, found.wall_seconds.high) == (16, 32)
    assert found.bytes == 40 * 200
    assert found.cost(0.10).mean == pytest.approx(0.10 * 144 / 3600)
    farmed = estimate(planned, SETUP, clips_a_task=1, tasks_at_a_time=None)
    assert farmed is not None
    assert (farmed.tasks, farmed.at_a_time, farmed.wall_seconds) == (8, None, None)


def test_a_probe_renders_three_frames_of_clips_over_the_plan_and_is_kept(planned: Path) -> None:
    found = estimate(planned, SETUP, probes=2)
    assert found is not None
    assert [one.clip for one in found.probe.clips] == ["clip-000002", "clip-000006"]
    assert all(one.lead > 0 and one.frame is not None and one.bytes > 1000 for one in found.probe.clips)
    assert found.worker_seconds.low <= found.worker_seconds.mean <= found.worker_seconds.high
    assert not list(planned.glob(".probe-*"))
    assert not (planned / "work").exists(), "nothing of the dataset itself is begun"
    again = estimate(planned, SETUP)
    assert again is not None
    assert again.probe == found.probe, "kept"
    anew = estimate(planned, SETUP, probes=3)
    assert anew is not None
    assert len(anew.probe.clips) == 3, "more were asked for"
    other = estimate(planned, replace(SETUP, workers=1), probes=1)
    assert other is not None
    assert other.probe.conditions.workers == 1, "under other conditions a probe says nothing"


def test_frames_that_are_there_cost_nothing(planned: Path) -> None:
    farm.render_task(planned, [0, 1, 2, 3], SETUP)  # three in a shard, one waiting
    found = estimate(planned, SETUP, probes=1)
    assert found is not None
    assert (found.clips, found.frames) == (5, 20)
    farm.render(planned, SETUP)
    assert estimate(planned, SETUP) is None


def test_a_clip_that_cannot_be_rendered_is_named(planned: Path) -> None:
    told = planned.parent / "told"
    for number in range(8):
        (told / f"mistake-clip-00000{number}").touch()
    with pytest.raises(UserError, match=r"clip-00000\d: the probe failed: .*the asset 'hamer' is not installed"):
        estimate(planned, SETUP, probes=1)
    assert not list(planned.glob(".probe-*"))


def test_the_verb_shows_it_and_renders_nothing(planned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    actual = estimate
    monkeypatch.setattr(estimates, "estimate", lambda d, s, **o: actual(d, replace(s, program=PROGRAM), **o))
    arguments = ["render", str(planned), "--dry-run", "--engine", "slurm", "--max-nodes", "3", "--price", "0.05"]
    shown = CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})
    assert shown.exit_code == 0, shown.output
    for line in ("8 clips, 40 frames", "tasks", "core-hours", "wall time", "cost", "disk needed", "4 clips on "):
        assert line in shown.output
    told = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).stdout)
    assert (told["clips"], told["tasks"], told["at_a_time"]) == (8, 3, 3)
    assert told["cost"]["mean"] == pytest.approx(told["core_seconds"]["mean"] * 0.05 / 3600)
    assert not (planned / "shards").exists()
    for options, said in {
        ("--price", "1"): "add --dry-run",
        ("--dry-run", "--only", "clip-000000"): "leave it out",
    }.items():
        assert said in str(CliRunner().invoke(app, ["render", str(planned), *options]).exception)
