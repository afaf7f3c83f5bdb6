"""What `status` says of datasets in every state, and that it only looks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from render import farm
from render.document import UserError
from render.farm import Setup
from render.farm import lease as leases
from render.farm.status import duration, status
from tests.render.fake_plan import PROGRAM, make_plan

VERB = Path(__file__).with_name("farm_verb.py")


def snapshot(dataset: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in dataset.rglob("*") if path.is_file()}


def begin(dataset: Path, clip: str, frames: int, gap: float, pause: float = 0.0) -> None:
    """A work folder with frames that were finished `gap` seconds apart, after a pause before the last but one."""
    folder = dataset / "work" / clip
    folder.mkdir(parents=True)
    now = time.time() - 3600
    for number, name in enumerate(["spec.json", *(f"{frame:04d}.tar" for frame in range(frames))]):
        (folder / name).write_bytes(b"x" * 100)
        late = pause if number >= frames - 1 else 0.0
        os.utime(folder / name, (now + gap * number + late,) * 2)


def test_a_plan_that_nobody_renders(tmp_path: Path) -> None:
    dataset = make_plan(tmp_path / "set", tmp_path / "told", clips=4, frames=3)
    found = status(dataset)
    assert (found.clips, found.due, found.frames, found.frames_done) == (4, 4, 12, 0)
    assert (found.packed, found.waiting, found.running, found.failed, found.begun) == (0, 0, 0, (), 0)
    assert (found.rate, found.seconds_left, found.bytes_left) == (None, None, None)
    with pytest.raises(UserError, match="no plan here"):
        status(tmp_path / "told")


def test_every_state_of_a_clip(tmp_path: Path) -> None:
    told = tmp_path / "told"
    dataset = make_plan(tmp_path / "set", told, clips=8, frames=8)
    (told / "crash-clip-000004").write_text("99")
    farm.render_task(dataset, [0, 1, 2, 4], Setup(program=PROGRAM))
    begin(dataset, "clip-000006", 6, gap=2.0, pause=900)
    begin(dataset, "clip-000007", 2, gap=4.0)
    before = snapshot(dataset)
    with leases.lease(dataset / "work" / "clip-000006.lease") as mine:
        assert mine
        found = status(dataset)
    assert (found.clips, found.packed, found.waiting, found.running, found.due, found.begun) == (8, 2, 1, 1, 3, 1)
    (failure,) = found.failed
    assert failure.clip == "clip-000004"
    assert failure.reason.startswith("exit code 1")
    assert failure.said == "segmentation fault, so to speak"
    assert found.packed + found.waiting + found.running + len(found.failed) + found.due == found.clips
    assert (found.frames, found.frames_done) == (64, 24 + 3 + 6 + 2)
    assert found.rate == pytest.approx(0.5, rel=1e-3), "the pause counts for nothing"
    assert found.seconds_left == pytest.approx((64 - 35) * 2.0, rel=1e-3)
    shard_bytes = sum(path.stat().st_size for path in (dataset / "shards").iterdir())
    work_bytes = sum(path.stat().st_size for path in (dataset / "work").glob("*/*") if path.is_file())
    assert found.bytes == shard_bytes + work_bytes
    assert found.bytes_left == round(found.bytes * 29 / 35)
    assert {name: data for name, data in snapshot(dataset).items() if not name.endswith(".lease")} == {
        name: data for name, data in before.items() if not name.endswith(".lease")
    }
    left = status(dataset)
    assert (left.running, left.due, left.begun, left.rate) == (0, 4, 2, None), "a lease that nobody holds says nothing"


def test_a_failed_clip_that_is_tried_again(tmp_path: Path) -> None:
    told = tmp_path / "told"
    dataset = make_plan(tmp_path / "set", told, clips=1, frames=8)
    (told / "crash-clip-000000").write_text("99")
    farm.render_task(dataset, [0], Setup(program=PROGRAM))
    with leases.lease(dataset / "work" / "clip-000000.lease"):
        found = status(dataset)
    assert (found.running, len(found.failed), found.retrying, found.due) == (1, 1, ("clip-000000",), 0)
    (told / "crash-clip-000000").unlink()
    farm.render_task(dataset, [0], Setup(program=PROGRAM))
    done = status(dataset)
    assert (done.packed, done.failed, done.frames_done, done.bytes_left) == (1, (), 8, 0)


def test_under_a_local_run_what_changed_since_it_began_is_running(tmp_path: Path) -> None:
    dataset = make_plan(tmp_path / "set", tmp_path / "told", clips=2, frames=8)
    begin(dataset, "clip-000000", 2, gap=1.0)
    with leases.lock(dataset):
        assert status(dataset).running == 0, "left an hour ago"
        (dataset / "work" / "clip-000000" / "0002.tar").write_bytes(b"x")
        os.utime(dataset / "work" / "clip-000000" / "0002.tar", (time.time() + 1,) * 2)
        assert status(dataset).running == 1
    assert status(dataset).running == 0


def test_looking_takes_no_lease_away(tmp_path: Path) -> None:
    path = tmp_path / "clip.lease"
    assert not leases.held(path)
    with leases.lease(path) as mine:
        assert mine
        assert leases.held(path)
        assert leases.held(path)
    assert not leases.held(path)
    with leases.lease(path) as mine:
        assert mine, "looked at, and free all the same"


def test_looking_keeps_nobody_from_rendering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look holds a dataset's lock for an instant; whoever wants all of it just then gets it all the same."""
    monkeypatch.setattr(leases, "LOOK", 0.5)
    looking = threading.Event()

    def look() -> None:
        with leases.share(tmp_path):
            looking.set()
            time.sleep(0.1)

    thread = threading.Thread(target=look)
    thread.start()
    looking.wait()
    with leases.lock(tmp_path):
        assert leases.held(tmp_path / ".lock")
    thread.join()


@pytest.mark.slow
def test_the_verb_shows_it(tmp_path: Path) -> None:
    told = tmp_path / "told"
    dataset = make_plan(tmp_path / "set", told, clips=2, frames=1)
    (told / "mistake-clip-000001").touch()
    farm.render_task(dataset, [0, 1], Setup(program=PROGRAM))

    def say(*options: str) -> str:
        command = [sys.executable, VERB, "status", dataset, *options]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    shown = say()
    assert "clip-000001: exit code 2: error: the asset 'hamer' is not installed" in shown
    assert "1 of 2 (50.0 %)" in shown
    found = json.loads(say("--json"))
    assert found["packed"] == 1
    assert found["failed"][0]["said"] == "error: the asset 'hamer' is not installed"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.4, "59 s"), (90, "2 min"), (3600, "1 h 0 min"), (7500, "2 h 5 min"), (273_600, "3 d 4 h")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
