"""The local farm with the drawing child: crashes, hangs, mistakes, stops, locks, lost files, a full disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from render import farm, shards
from render.dataset.commit import FailedClip
from render.document import UserError
from render.farm import Setup, child
from render.farm.lease import lock
from render.farm.watch import Watcher
from render.manifest import SHARDS, Dataset, Manifest
from render.verify import verify
from tests.render.fake_plan import PROGRAM, make_plan

DRAWN = Setup(workers=2, program=PROGRAM)
ROOT = Path(__file__).parents[2]


def render(dataset: Path, **options: object) -> farm.Summary:
    return farm.render(dataset, DRAWN, **options)  # type: ignore[arg-type]


def files(dataset: Path) -> dict[str, bytes]:
    """Every shard file's bytes by name."""
    return {path.name: path.read_bytes() for path in sorted((dataset / SHARDS).iterdir())}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An uninterrupted run of four clips in two shards. Not to be changed by a test."""
    folder = tmp_path_factory.mktemp("finished")
    dataset = make_plan(folder / "set", folder / "told", clips=4, frames=2)
    done = render(dataset)
    assert (done.planned, done.packed, done.rendered, done.failed, done.due, done.frames) == (4, 4, 4, (), 0, 8)
    return dataset


def test_a_finished_dataset_is_whole(finished: Path) -> None:
    assert verify(finished).problems == []
    assert list((finished / "work").iterdir()) == []
    held = Manifest.read(finished)
    assert [shard.name for shard in held.shards] == ["shard-000000", "shard-000001"]
    assert held.plan.clips == 4
    assert [(asset.asset, asset.licence) for asset in held.licences] == [("fake-sky", "CC0-1.0")]
    assert Dataset.open(finished).clips("test") == ["clip-000003"]


def test_rendering_again_does_nothing(finished: Path) -> None:
    before = files(finished)
    again = render(finished)
    assert (again.rendered, again.frames) == (0, 0)
    assert files(finished) == before


@pytest.mark.slow
def test_crashes_are_retried_and_mistakes_set_aside_then_made_good(finished: Path, tmp_path: Path) -> None:
    told = tmp_path / "told"
    dataset = make_plan(tmp_path / "set", told, clips=4, frames=2)
    (told / "crash-clip-000000").write_text("1")
    (told / "mistake-clip-000001").touch()
    first = render(dataset)
    assert (first.packed, first.failed, first.due) == (3, ("clip-000001",), 0)
    held = Manifest.read(dataset)
    assert held.failed == ("clip-000001",)
    aside = FailedClip.read_json(dataset / "failed" / "clip-000001.json")
    assert [attempt.code for attempt in aside.attempts] == [2]
    assert "the asset 'hamer' is not installed" in aside.log[-1]
    assert [(problem.clip, problem.what) for problem in verify(dataset).problems] == [
        ("clip-000001", "was set aside: it kept failing")
    ]
    kept = files(dataset)

    (told / "mistake-clip-000001").unlink()
    second = render(dataset)
    assert (second.packed, second.rendered, second.failed) == (4, 1, ())
    assert Manifest.read(dataset).clips["clip-000001"].shard == "shard-000000.1"
    assert not (dataset / "failed" / "clip-000001.json").exists()
    assert verify(dataset).problems == []
    now = files(dataset)
    assert {name: now[name] for name in kept} == kept, "a supplement touches no other shard"
    assert now["shard-000001.tar"] == files(finished)["shard-000001.tar"], "a retried clip's shard is as any other"


@pytest.mark.slow
def test_a_clip_that_always_crashes_is_set_aside_after_three_attempts(tmp_path: Path) -> None:
    told = tmp_path / "told"
    dataset = make_plan(tmp_path / "set", told, clips=2, frames=4)
    (told / "crash-clip-000001").write_text("99")
    done = render(dataset)
    assert (done.packed, done.failed) == (1, ("clip-000001",))
    aside = FailedClip.read_json(dataset / "failed" / "clip-000001.json")
    assert [attempt.code for attempt in aside.attempts] == [1, 1, 1]
    assert len(list((dataset / "work" / "clip-000001").glob("*.tar"))) == 3, "every attempt went on where one stopped"


@pytest.mark.slow
def test_a_child_without_progress_is_ended(tmp_path: Path) -> None:
    told = tmp_path / "told"
    dataset = make_plan(tmp_path / "set", told, clips=1, frames=1, clips_per_shard=1)
    (told / "hang-clip-000000").touch()
    notes: list[str] = []

    class Listener(Watcher):
        def retry(self, clip: str, problem: str, attempt: int) -> None:
            notes.append(problem)
            (told / "hang-clip-000000").unlink(missing_ok=True)

    done = farm.render(dataset, replace(DRAWN, timeout=8.0), watcher=Listener())
    assert notes[0] == "made no progress for 8 s and was ended"
    assert done.packed == 1


def test_a_log_stays_short_and_keeps_its_end(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_bytes(b"".join(b"%07d\n" % i for i in range(100_000)))
    child.shorten(log)
    lines = log.read_bytes().splitlines()
    assert log.stat().st_size <= child.KEPT_LOG
    assert lines[-1] == b"0099999"
    assert int(lines[0]) == 100_000 - len(lines), "whole lines"
    child.shorten(log)
    assert log.read_bytes().splitlines() == lines, "nothing more to take away"
    child.shorten(tmp_path / "none")


def test_a_child_that_floods_its_log_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "LONGEST_LOG", 2**20)
    talk = "import sys\nwhile True: print('warning: ' * 20, file=sys.stderr)"
    _, reason = child.run([sys.executable, "-c", talk], tmp_path / "log", 60, threading.Event(), lambda frame: None)
    assert reason == "wrote more than 1 MiB of log and was ended"


def test_what_a_wrapper_started_ends_with_it(tmp_path: Path) -> None:
    """A wrapper script that ends, or is ended, before the program it started."""
    wrapper = tmp_path / "wrapper"
    wrapper.write_text(f"#!/bin/sh\nsleep 600 & echo $! > {tmp_path}/pid\nexit 3\n")
    wrapper.chmod(0o755)
    code, reason = child.run([str(wrapper)], tmp_path / "log", 60, threading.Event(), lambda frame: None)
    assert (code, reason) == (3, "exit code 3")
    deadline = time.monotonic() + 10
    while alive(int((tmp_path / "pid").read_text())):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_only(tmp_path: Path) -> None:
    dataset = make_plan(tmp_path / "set", tmp_path / "told", clips=2, frames=1)
    done = render(dataset, only=["clip-000001"])
    assert (done.rendered, done.waiting, done.due, done.packed) == (1, 1, 1, 0)
    assert Manifest.read(dataset).clips == {}
    assert render(dataset).packed == 2
    with pytest.raises(UserError, match="--only: 'clip-00001' is not in the plan; did you mean 'clip-000001'"):
        render(dataset, only=["clip-00001"])


def test_two_runs_on_one_dataset_are_refused(finished: Path) -> None:
    with lock(finished), pytest.raises(UserError, match=f"is being rendered by process {os.getpid()}"):
        render(finished)
    assert render(finished).packed == 4, "the hold ends with its holder"


@pytest.mark.parametrize("gone", ["frames.arrow", "objects.arrow", "manifest"])
def test_what_follows_from_the_tar_is_made_again(finished: Path, tmp_path: Path, gone: str) -> None:
    dataset = copy(finished, tmp_path / "set")
    before = files(dataset)
    (dataset / "manifest.json" if gone == "manifest" else dataset / SHARDS / f"shard-000001.{gone}").unlink()
    assert render(dataset).rendered == 0
    assert files(dataset) == before
    assert verify(dataset).problems == []


@pytest.mark.parametrize("harm", ["missing", "truncated", "stray temporary files", "damaged manifest"])
def test_a_lost_or_damaged_shard_is_rendered_again(finished: Path, tmp_path: Path, harm: str) -> None:
    dataset = copy(finished, tmp_path / "set")
    before = files(dataset)
    shard = dataset / SHARDS / "shard-000000.tar"
    if harm == "missing":
        shard.unlink()
    elif harm == "truncated":
        shard.write_bytes(shard.read_bytes()[:-3000])
    elif harm == "damaged manifest":
        (dataset / "manifest.json").write_bytes(b"{")
    else:
        (dataset / SHARDS / ".shard-000001.tar.abc.tmp").write_bytes(b"half")
        (dataset / ".manifest.json.abc.tmp").write_bytes(b"half")
    done = render(dataset)
    assert done.rendered == (2 if harm in ("missing", "truncated") else 0)
    assert files(dataset) == before
    assert not list(dataset.glob(".*.tmp"))
    assert verify(dataset).problems == []


def test_a_shard_of_another_dataset_is_refused(finished: Path, tmp_path: Path) -> None:
    dataset = make_plan(tmp_path / "set", tmp_path / "told", clips=2, frames=1)
    (dataset / SHARDS).mkdir()
    for path in shards.paths(finished / SHARDS, "shard-000001"):
        (dataset / SHARDS / path.name).write_bytes(path.read_bytes())
    with pytest.raises(UserError, match=r"holds clip-000002, which is not planned; move it away"):
        render(dataset)


def test_a_manifest_of_another_plan_is_refused(finished: Path, tmp_path: Path) -> None:
    dataset = make_plan(tmp_path / "set", tmp_path / "told", clips=2, frames=1)
    (dataset / "manifest.json").write_bytes((finished / "manifest.json").read_bytes())
    with pytest.raises(UserError, match="was made from another plan"):
        render(dataset)


def test_an_asset_that_changed_is_refused_before_rendering(tmp_path: Path) -> None:
    dataset = make_plan(tmp_path / "set", tmp_path / "told", clips=1, frames=1, set_digest="f" * 64)
    with pytest.raises(UserError, match="has changed since the plan was made; plan again"):
        render(dataset)
    assert not (dataset / SHARDS).exists()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_ends_the_children_and_says_how_to_go_on(tmp_path: Path, number: int) -> None:
    told = tmp_path / "told"
    dataset = make_plan(tmp_path / "set", told, clips=2, frames=3)
    (told / "slow").write_text("60")
    command = (
        "import sys; from pathlib import Path; "
        "from render.farm import Setup, render; from render.farm.watch import Shown; "
        "render(Path(sys.argv[1]), Setup(workers=2, program=tuple(sys.argv[2:])), watcher=Shown(sys.argv[1]))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", command, str(dataset), *PROGRAM], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    try:
        children = wait_for_children(process.pid, 2)
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert f"every finished frame is kept; to go on: heroprop render {dataset}" in said
    assert not any(alive(child) for child in children)
    (told / "slow").unlink()
    assert render(dataset).packed == 2


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_orphan_outlives_a_killed_parent(tmp_path: Path) -> None:
    told = tmp_path / "told"
    dataset = make_plan(tmp_path / "set", told, clips=2, frames=3)
    (told / "slow").write_text("60")
    command = (
        "import sys; from pathlib import Path; from render.farm import Setup, render; "
        "render(Path(sys.argv[1]), Setup(workers=2, program=tuple(sys.argv[2:])))"
    )
    process = subprocess.Popen([sys.executable, "-c", command, str(dataset), *PROGRAM], cwd=ROOT)
    try:
        children = wait_for_children(process.pid, 2)
    finally:
        process.kill()
    process.wait()
    deadline = time.monotonic() + 10
    while any(alive(child) for child in children):
        assert time.monotonic() < deadline, "a child outlived its parent"
        time.sleep(0.05)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="mounts a small file system")
@pytest.mark.slow
def test_a_full_disk_is_one_clear_line(tmp_path: Path) -> None:
    mount = tmp_path / "disk"
    mount.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96k", "none", str(mount)], check=False).returncode:
        pytest.skip("may not mount here")
    try:
        dataset = make_plan(mount / "set", tmp_path / "told", clips=4, frames=8)
        with pytest.raises((UserError, OSError), match=r"disk is full|No space left") as error:
            render(dataset)
        assert str(dataset) in str(error.value)
        assert "\n" not in str(error.value)
        assert not list((dataset / SHARDS).glob("*.arrow")) or verify(dataset).problems == []
        subprocess.run(["mount", "-o", "remount,size=8m", str(mount)], check=True)
        assert render(dataset).packed == 4
        assert verify(dataset).problems == []
    finally:
        subprocess.run(["umount", str(mount)], check=True)


def test_renders_from_a_thread(tmp_path: Path) -> None:
    """Signals can be set in the main thread alone; a caller's thread must not fail over that."""
    dataset = make_plan(tmp_path / "set", tmp_path / "told", clips=1, frames=1, clips_per_shard=1)
    found: list[farm.Summary] = []
    thread = threading.Thread(target=lambda: found.append(render(dataset)))
    thread.start()
    thread.join(120)
    assert found[0].packed == 1


def copy(dataset: Path, to: Path) -> Path:
    """A copy of a dataset without its lock."""
    for path in sorted(dataset.rglob("*")):
        if path.is_file() and path.name != ".lock":
            place = to / path.relative_to(dataset)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(path.read_bytes())
    return to


def wait_for_children(parent: int, count: int, seconds: float = 60) -> list[int]:
    """Process ids of `count` children that have begun to work."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        listed = Path(f"/proc/{parent}/task")
        found = [int(c) for task in listed.glob("*/children") for c in task.read_text().split()]
        if len(found) >= count:
            time.sleep(0.5)
            return found
        time.sleep(0.05)
    raise AssertionError("the children did not start")


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
