"""The Slurm engine against a real Slurm on loopback: a whole run, killed tasks, a cancelled job, a drained node."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from render import farm
from render.document import UserError
from render.farm import Setup, slurm
from render.farm.watch import Watcher
from render.manifest import SHARDS
from render.verify import verify
from tests.render import slurm_cluster
from tests.render.fake_plan import PROGRAM, make_plan
from tests.render.slurm_cluster import Cluster

CLIPS = int(os.environ.get("SLURM_CLIPS", "80"))
"""Of the run with many kills."""
VERB = Path(__file__).with_name("farm_verb.py")

needs_slurm = pytest.mark.skipif(bool(slurm_cluster.missing()), reason=f"no Slurm: {slurm_cluster.missing()}")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with slurm_cluster.cluster(tmp_path_factory.mktemp("slurm")) as started:
        yield started


@pytest.fixture(autouse=True)
def _farm(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    monkeypatch.setattr(slurm, "program", lambda verb, python: f"{sys.executable} -u {VERB} {verb}")
    if "cluster" in request.fixturenames:
        monkeypatch.setenv("SLURM_CONF", str(request.getfixturevalue("cluster").conf))


class Notes(Watcher):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def note(self, line: str) -> None:
        self.lines.append(line)


def render(dataset: Path, watcher: Watcher | None = None, **wishes: object) -> farm.Summary:
    return slurm.render(dataset, slurm.Wishes(**wishes), watcher=watcher, poll=0.3)  # type: ignore[arg-type]


def shards_of(dataset: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((dataset / SHARDS).iterdir())}


@needs_slurm
@pytest.mark.slow
def test_many_clips_and_many_kills_equal_an_undisturbed_run(cluster: Cluster, tmp_path: Path) -> None:
    """Ten tasks are killed at random while they run; what the engine brings home equals a local run, byte for byte."""
    told = tmp_path / "told"
    calm = make_plan(tmp_path / "calm", told, clips=CLIPS, frames=2, clips_per_shard=10)
    farm.render(calm, Setup(workers=2, program=PROGRAM))
    dataset = make_plan(tmp_path / "set", told, clips=CLIPS, frames=2, clips_per_shard=10)
    (told / "slow").write_text("0.02")
    killed: list[int] = []
    done = threading.Event()

    def kill() -> None:
        random = Random(5)
        while not done.is_set() and len(killed) < 10:
            done.wait(random.uniform(0.5, 2.0))
            found = subprocess.run(
                ["pgrep", "-f", f"render-task {dataset.resolve()} "], capture_output=True, text=True, check=False
            ).stdout.split()
            if found:
                victim = int(random.choice(found))
                os.kill(victim, signal.SIGKILL)
                killed.append(victim)

    killer = threading.Thread(target=kill)
    killer.start()
    watcher = Notes()
    found = render(dataset, watcher, partition="render", clips=2)
    done.set()
    killer.join()
    (told / "slow").unlink()
    assert len(killed) == 10, "the run ended before enough was killed"
    assert any("clips are missing: submitting them again" in line for line in watcher.lines)
    assert (found.packed, found.due, found.failed) == (CLIPS, 0, ())
    assert shards_of(dataset) == shards_of(calm)
    assert verify(dataset).problems == []


@needs_slurm
@pytest.mark.slow
def test_a_cancelled_job_is_submitted_again(cluster: Cluster, tmp_path: Path) -> None:
    told = tmp_path / "told"
    dataset = make_plan(tmp_path / "set", told, clips=4, frames=2, clips_per_shard=1)
    (told / "slow").write_text("0.5")
    cancelled: list[str] = []

    class Cancel(Notes):
        def note(self, line: str) -> None:
            super().note(line)
            if line.startswith("submitted") and not cancelled:
                cancelled.append(line.split()[1].rstrip(","))
                time.sleep(1.5)
                cluster.run("scancel", cancelled[0])
                (told / "slow").unlink()

    found = render(dataset, Cancel())
    assert cancelled
    assert (found.packed, found.due) == (4, 0)


@needs_slurm
@pytest.mark.slow
def test_a_drained_node_delays_and_loses_nothing(cluster: Cluster, tmp_path: Path) -> None:
    dataset = make_plan(tmp_path / "set", tmp_path / "told", clips=3, frames=2, clips_per_shard=1)
    cluster.run("scontrol", "update", "NodeName=localhost", "State=DRAIN", "Reason=test")

    class Resume(Notes):
        def note(self, line: str) -> None:
            super().note(line)
            if "waiting" in line and sum("waiting" in said for said in self.lines) == 3:
                cluster.run("scontrol", "update", "NodeName=localhost", "State=RESUME")

    watcher = Resume()
    done = render(dataset, watcher)
    assert (done.packed, done.rendered, done.frames) == (3, 3, 6)
    assert any(line.startswith("0 of 6 frames; 0 jobs running") for line in watcher.lines)


@needs_slurm
@pytest.mark.slow
def test_jobs_outlive_their_follower_and_are_found_again(cluster: Cluster, tmp_path: Path) -> None:
    told = tmp_path / "told"
    dataset = make_plan(tmp_path / "set", told, clips=2, frames=2, clips_per_shard=1)
    (told / "slow").write_text("0.5")

    class Leave(Notes):
        def note(self, line: str) -> None:
            super().note(line)
            if "jobs running" in line:
                raise KeyboardInterrupt

    leaving = Leave()
    with pytest.raises(KeyboardInterrupt):
        render(dataset, leaving)
    assert "scancel" in leaving.lines[-1]
    following = Notes()
    assert render(dataset, following).packed == 2
    assert not any(line.startswith("submitted") for line in following.lines), "followed, not submitted again"


@needs_slurm
@pytest.mark.slow
def test_a_poison_clip_ends_the_rounds(cluster: Cluster, tmp_path: Path) -> None:
    told = tmp_path / "told"
    dataset = make_plan(tmp_path / "set", told, clips=2, frames=2, clips_per_shard=1)
    (told / "mistake-clip-000001").touch()
    found = render(dataset)
    assert (found.packed, found.failed) == (1, ("clip-000001",))


@needs_slurm
def test_sbatch_accepts_the_script(cluster: Cluster, tmp_path: Path) -> None:
    script = tmp_path / "job.sh"
    script.write_text(slurm.job_script(tmp_path / "a set", tmp_path / "tasks.txt", ("--device", "cpu")))
    cluster.run("sbatch", "--test-only", "--array=0-3%2", "--partition=render", str(script))


@needs_slurm
def test_what_slurm_refuses_is_one_line(cluster: Cluster, tmp_path: Path) -> None:
    dataset = make_plan(tmp_path / "set", tmp_path / "told", clips=1, frames=1)
    with pytest.raises(UserError, match=r"sbatch: .*invalid partition specified: nowhere") as error:
        render(dataset, partition="nowhere")
    assert "\n" not in str(error.value)


def test_a_controller_that_does_not_answer_has_ended_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Down for two looks, then the jobs are found to have ended: nothing is submitted twice meanwhile."""
    dataset = make_plan(tmp_path / "set", tmp_path / "told", clips=1, frames=1)
    looks = tmp_path / "looks"
    (tmp_path / "sbatch").write_text(f'#!/bin/sh\necho submitted >> "{tmp_path}/asked"; echo 7\n')
    (tmp_path / "squeue").write_text(
        f'#!/bin/sh\necho look >> "{looks}"\n[ $(wc -l < "{looks}") -gt 4 ] && '
        "{ echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1; }\n"
        "echo 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 1\n"
    )
    for name in ("sbatch", "squeue"):
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(slurm, "STALLED", 1)
    watcher = Notes()
    render(dataset, watcher)
    assert sum("Unable to contact slurm controller; trying again" in line for line in watcher.lines) == 4
    assert "0 of 1 frames; 0 jobs running, 2 waiting" in watcher.lines
    assert (tmp_path / "asked").read_text().split() == ["submitted"] * 2, "one array job, one index job"


def test_without_slurm_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = make_plan(tmp_path / "set", tmp_path / "told", clips=1, frames=1)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="sbatch: not found; --engine slurm runs on a machine that submits"):
        render(dataset)


def test_the_job_script_quotes_what_it_is_given(tmp_path: Path) -> None:
    script = slurm.job_script(tmp_path / "it's a set", tmp_path / "tasks.txt", ("--assets", "/my assets"))
    assert subprocess.run(["sh", "-n"], input=script, text=True, check=False).returncode == 0
    assert "'/my assets'" in script
