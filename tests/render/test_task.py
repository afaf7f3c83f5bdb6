"""Farm tasks with the drawing child: overlap, repetition, stops, poison clips, two packers, no locks."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from render import farm
from render.cli import app
from render.dataset.commit import SharedStore
from render.document import UserError
from render.farm import Setup, task
from render.farm import lease as leases
from render.farm.clips import read_record
from render.manifest import SHARDS, Dataset
from render.planning.planfile import read_plan
from render.verify import verify
from tests.render.fake_plan import PROGRAM, drawing, make_plan

ROOT = Path(__file__).parents[2]
RUN = (
    "import sys; from pathlib import Path; from render.farm import Setup, parse_clips, render_task; "
    "from render.farm.watch import FarmLog; "
    "setup = Setup(program=tuple(sys.argv[3:])); "
    "done = render_task(Path(sys.argv[1]), parse_clips(sys.argv[2]), setup, watcher=FarmLog()); "
    "print('rendered', done.frames); sys.exit(75 if done.stopped else 0)"
)


def tarballs(dataset: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((dataset / SHARDS).glob("shard-*"))}


def start(dataset: Path, clips: str) -> subprocess.Popen[str]:
    """A task in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", RUN, str(dataset), clips, *PROGRAM], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six clips, two a shard, by the local engine. Not to be changed by a test."""
    folder = tmp_path_factory.mktemp("undisturbed")
    dataset = make_plan(folder / "set", folder / "told", clips=6, frames=3)
    farm.render(dataset, Setup(workers=2, program=PROGRAM))
    return dataset


def test_tasks_and_an_index_make_what_the_local_engine_makes(undisturbed: Path, tmp_path: Path) -> None:
    dataset = make_plan(tmp_path / "set", tmp_path / "told", clips=6, frames=3)
    first = farm.render_task(dataset, [0, 1, 2], Setup(program=PROGRAM))
    assert (first.clips, first.packed, first.waiting, first.missing, first.frames) == (3, 2, 1, 0, 9)
    again = farm.render_task(dataset, [0, 1, 2], Setup(program=PROGRAM))
    assert (again.packed, again.waiting, again.frames) == (2, 1, 0), "repeated: nothing to do"
    assert farm.render_task(dataset, [3, 4, 5], Setup(workers=2, program=PROGRAM)).packed == 3
    done = farm.index(dataset)
    assert (done.packed, done.due, done.failed) == (6, 0, ())
    assert tarballs(dataset) == tarballs(undisturbed)
    assert verify(dataset).problems == []
    assert len(Dataset.open(dataset).clips()) == 6
    assert not list(dataset.rglob("*.lease"))


@pytest.mark.slow
def test_overlapping_tasks_share_the_work(undisturbed: Path, tmp_path: Path) -> None:
    told = tmp_path / "told"
    dataset = make_plan(tmp_path / "set", told, clips=6, frames=3)
    (told / "slow").write_text("0.1")
    tasks = [start(dataset, "0-5"), start(dataset, "0-5"), start(dataset, "2-4")]
    said = [process.communicate(timeout=120)[0] for process in tasks]
    assert [process.returncode for process in tasks] == [0, 0, 0]
    frames = sum(int(text.rsplit("rendered ", 1)[1]) for text in said)
    assert frames == 18, "no frame was rendered twice"
    assert farm.index(dataset).packed == 6
    assert tarballs(dataset) == tarballs(undisturbed)


@pytest.mark.slow
def test_without_locks_overlapping_tasks_still_tear_nothing(
    undisturbed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file system whose locks are all granted: both render, one of each two packers wins, every file is whole."""

    @contextlib.contextmanager
    def granted(path: Path) -> Iterator[bool]:
        yield True

    monkeypatch.setattr(task, "lease", granted)
    dataset = make_plan(tmp_path / "set", tmp_path / "told", clips=6, frames=3)
    found: list[farm.TaskSummary] = []
    threads = [
        threading.Thread(target=lambda: found.append(farm.render_task(dataset, range(6), Setup(program=PROGRAM))))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(found) == 2, "a task broke off"
    farm.render(dataset, Setup(program=PROGRAM))  # mends whatever the two left undone
    assert verify(dataset).problems == []
    assert tarballs(dataset) == tarballs(undisturbed)


def test_of_two_packers_one_wins(tmp_path: Path) -> None:
    dataset = make_plan(tmp_path / "set", tmp_path / "told", clips=3, frames=2, clips_per_shard=3)
    farm.render_task(dataset, [0, 1], Setup(program=PROGRAM))
    header, specs = read_plan(dataset, [0, 1])
    work = [(read_record(dataset / "work" / spec.clip), dataset / "work" / spec.clip) for spec in specs]
    one, other = (SharedStore(dataset, header, "bpy", print) for _ in range(2))

    def meanwhile(step: str) -> None:
        if step == "tar":  # the first has its tar in place; the second began before that and now comes to claim it
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(other, "_exists", lambda name: False)
                with pytest.raises(FileExistsError):
                    other.pack(0, work, lambda step: None)

    assert one.pack(0, work, meanwhile) == "shard-000000"
    assert other.look(0) == {"clip-000000", "clip-000001"}
    assert [path.name for path in (dataset / SHARDS).glob("*.tar")] == ["shard-000000.tar"]
    assert not list((dataset / SHARDS).glob(".*"))


def test_a_packer_that_comes_late_does_not_pack_again(tmp_path: Path) -> None:
    """Without locks: the other packs, whole, after this one looked and before it picks a name."""
    dataset = make_plan(tmp_path / "set", tmp_path / "told", clips=3, frames=2, clips_per_shard=3)
    farm.render_task(dataset, [0, 1], Setup(program=PROGRAM))
    header, specs = read_plan(dataset, [0, 1])
    work = [(read_record(dataset / "work" / spec.clip), dataset / "work" / spec.clip) for spec in specs]
    one, other = (SharedStore(dataset, header, "bpy", print) for _ in range(2))
    assert one.look(0) == set()
    assert other.pack(0, work, lambda step: None) == "shard-000000"
    with pytest.raises(FileExistsError):
        one.pack(0, work, lambda step: None)
    assert [path.name for path in (dataset / SHARDS).glob("*.tar")] == ["shard-000000.tar"]


def test_a_shard_left_without_index_gets_one(tmp_path: Path) -> None:
    dataset = make_plan(tmp_path / "set", tmp_path / "told", clips=2, frames=2)

    def die(step: str) -> None:
        if step == "tar":
            raise InterruptedError

    with pytest.raises(InterruptedError):
        farm.render_task(dataset, [0, 1], Setup(program=PROGRAM), between=die)
    again = farm.render_task(dataset, [0, 1], Setup(program=PROGRAM))
    assert (again.packed, again.frames) == (2, 0)
    assert farm.index(dataset).packed == 2
    assert verify(dataset).problems == []


def test_a_poison_clip_is_set_aside_and_the_rest_goes_on(tmp_path: Path) -> None:
    told = tmp_path / "told"
    dataset = make_plan(tmp_path / "set", told, clips=2, frames=2)
    (told / "crash-clip-000001").write_text("99")
    (told / "slow").write_text("0")
    done = farm.render_task(dataset, [0, 1], Setup(program=PROGRAM))
    # A crash after each new frame: two frames are there after two attempts, so this one is whole in the end.
    assert (done.packed, done.missing) == (2, 0)
    other = make_plan(tmp_path / "other", told, clips=2, frames=8)
    (told / "crash-clip-000001").write_text("99")
    done = farm.render_task(other, [0, 1], Setup(program=PROGRAM))
    assert (done.packed, done.failed, done.missing) == (1, ("clip-000001",), 1)
    assert "segmentation fault" in (other / "failed" / "clip-000001.json").read_text()
    (told / "crash-clip-000001").unlink()
    assert farm.render_task(other, [1], Setup(program=PROGRAM)).packed == 1, "made good, in a supplement"
    assert farm.index(other).packed == 2


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.slow
def test_a_stopped_task_packs_what_is_settled_and_asks_to_be_run_again(tmp_path: Path) -> None:
    told = tmp_path / "told"
    dataset = make_plan(tmp_path / "set", told, clips=4, frames=2)
    (told / "slow").write_text("0.4")
    process = start(dataset, "0-3")
    deadline = time.monotonic() + 60
    while not list((dataset / "work").glob("clip-000002/*.tar")):
        assert time.monotonic() < deadline, "the third clip never began"
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 75
    assert "the same task goes on from there" in said
    assert set(tarballs(dataset)) == {f"shard-000000.{end}" for end in ("tar", "frames.arrow", "objects.arrow")}
    (told / "slow").unlink()
    rest = farm.render_task(dataset, range(4), Setup(program=PROGRAM))
    assert (rest.packed, rest.frames) == (4, 3), "one frame of the third clip was kept"


def test_a_stop_between_two_steps_asks_to_be_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGTERM while nothing is rendered, as in packing: still exit code 75, not a failure."""
    dataset = make_plan(tmp_path / "set", tmp_path / "told", clips=1, frames=1)

    def stop(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(farm, "render_task", drawing(farm.render_task))
    monkeypatch.setattr(SharedStore, "pack", stop)
    done = CliRunner().invoke(app, ["render-task", str(dataset), "--clips", "0"])
    assert done.exit_code == 75
    monkeypatch.undo()
    assert farm.render_task(dataset, [0], Setup(program=PROGRAM)).packed == 1


@pytest.mark.slow
def test_progress_is_printed_for_farms(tmp_path: Path) -> None:
    dataset = make_plan(tmp_path / "set", tmp_path / "told", clips=2, frames=2)
    said = start(dataset, "0-1").communicate(timeout=60)[0].splitlines()
    assert [line for line in said if line.startswith("Progress: ")] == [f"Progress: {p}%" for p in (0, 25, 50, 75, 100)]
    assert [line for line in said if line.startswith("openjd_progress: ")][-1] == "openjd_progress: 100"
    assert "openjd_status: 2 of 2 clips" in said


def test_tasks_and_a_whole_run_keep_out_of_each_others_way(tmp_path: Path) -> None:
    dataset = make_plan(tmp_path / "set", tmp_path / "told", clips=1, frames=1)
    with leases.share(dataset), leases.share(dataset):
        with pytest.raises(UserError, match="is being rendered by render tasks; wait for that to end"):
            farm.render(dataset, Setup(program=PROGRAM))
        with pytest.raises(UserError, match="is being rendered by render tasks"):
            farm.index(dataset)
    with leases.lock(dataset), pytest.raises(UserError, match=r"is held by process \d+"):
        farm.render_task(dataset, [0], Setup(program=PROGRAM))


def test_index_packs_incomplete_shards_on_request(tmp_path: Path) -> None:
    dataset = make_plan(tmp_path / "set", tmp_path / "told", clips=4, frames=1)
    farm.render_task(dataset, [0, 1, 2], Setup(program=PROGRAM))
    left = farm.index(dataset)
    assert (left.packed, left.waiting, left.due) == (2, 1, 1)
    assert farm.index(dataset, incomplete=True).packed == 3
    farm.render_task(dataset, [3], Setup(program=PROGRAM))
    assert farm.index(dataset).packed == 4
    assert verify(dataset).problems == []


@pytest.mark.parametrize(
    ("text", "found"), [("7", [7]), ("3-5", [3, 4, 5]), ("0-1,9, 4", [0, 1, 4, 9]), ("2,1-3", [1, 2, 3])]
)
def test_clip_lists(text: str, found: list[int]) -> None:
    assert farm.parse_clips(text) == found


@pytest.mark.parametrize("text", ["", "a", "1-", "-3", "5-2", "1;2", "0-99999999999", "1.5", "²"])
def test_bad_clip_lists(text: str) -> None:
    with pytest.raises(UserError, match="--clips: '"):
        farm.parse_clips(text)


def test_a_clip_that_is_not_planned_is_refused(tmp_path: Path) -> None:
    dataset = make_plan(tmp_path / "set", tmp_path / "told", clips=2, frames=1)
    with pytest.raises(UserError, match="has no clip 2; its plan holds clips 0 to 1"):
        farm.render_task(dataset, [1, 2], Setup(program=PROGRAM))
