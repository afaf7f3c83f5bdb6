"""What a run takes for damage and what it leaves in peace; files that appear whole; tasks that meet."""

from __future__ import annotations

import errno
import io
import mmap
import os
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from render import farm
from render.dataset import commit, provenance, tar
from render.document import UserError, write_atomic
from render.exchange.convert import whole_folder
from render.farm import Setup
from render.farm.lease import lease
from render.manifest import SHARDS, Dataset
from render.planning.planfile import read_plan
from render.products import Product
from render.verify import repair, verify
from tests.render.fake_plan import PROGRAM, make_plan
from tests.render.faults import flip

SETUP = Setup(program=PROGRAM)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four clips in two shards, by a task and an index run. Not to be changed by a test."""
    folder = tmp_path_factory.mktemp("finished")
    dataset = make_plan(folder / "set", folder / "told")
    farm.render_task(dataset, range(4), SETUP)
    farm.index(dataset)
    return dataset


@pytest.fixture
def dataset(finished: Path, tmp_path: Path) -> Path:
    shutil.copytree(finished, tmp_path / "set")
    return tmp_path / "set"


def contents(dataset: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((dataset / SHARDS).iterdir())}


def lose(dataset: Path, name: str) -> None:
    for path in (dataset / SHARDS).glob(f"{name}.*arrow"):
        path.unlink()
    (dataset / SHARDS / f"{name}.tar").unlink()


@pytest.mark.slow
@pytest.mark.parametrize("version", ["heroprop 10", "heroprop 10, built with " + "x" * 10_240])
def test_a_shard_that_a_task_made_anew_is_kept(dataset: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    """By another version or on another machine its bytes differ from what the manifest says; its size may not."""
    lose(dataset, "shard-000000")
    with monkeypatch.context() as patch:
        patch.setattr(provenance, "generator", lambda: version)
        assert farm.render_task(dataset, [0, 1], SETUP).packed == 2
    made = contents(dataset)
    assert farm.index(dataset).packed == 4
    assert contents(dataset) == made
    assert verify(dataset).problems == []
    assert Dataset.open(dataset).record("clip-000000")["provenance"]["generator"] == version


def test_a_damaged_tar_with_its_old_index_is_not_taken_for_a_new_one(dataset: Path) -> None:
    shard = dataset / SHARDS / "shard-000000.tar"
    shard.write_bytes(shard.read_bytes()[:-10240])
    assert farm.index(dataset).packed == 2
    assert not shard.exists()


def test_a_damaged_index_costs_no_clips(dataset: Path) -> None:
    before = contents(dataset)
    index = dataset / SHARDS / "shard-000000.frames.arrow"
    index.write_bytes(bytes(index.stat().st_size))
    assert farm.index(dataset).packed == 4
    assert contents(dataset) == before


def test_a_server_that_is_away_costs_no_clips(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(dataset)

    def away(*arguments: Any, **options: Any) -> None:
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))

    with monkeypatch.context() as patch:
        patch.setattr(mmap, "mmap", away)
        with pytest.raises(OSError, match=os.strerror(errno.ESTALE)):
            farm.index(dataset)
    assert contents(dataset) == before


@pytest.mark.slow
def test_a_lost_shard_does_not_hide_its_supplement(tmp_path: Path) -> None:
    told = tmp_path / "told"
    dataset = make_plan(tmp_path / "set", told, clips=2)
    (told / "mistake-clip-000001").touch()
    farm.render_task(dataset, [0, 1], SETUP)
    (told / "mistake-clip-000001").unlink()
    farm.render_task(dataset, [1], SETUP)
    late = (dataset / SHARDS / "shard-000000.1.tar").read_bytes()
    lose(dataset, "shard-000000")
    assert farm.render_task(dataset, [0, 1], SETUP).frames == 3, "the lost clip alone"
    assert farm.index(dataset).packed == 2
    assert (dataset / SHARDS / "shard-000000.1.tar").read_bytes() == late
    assert verify(dataset).problems == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["objects", "frames"])
def test_repair_keeps_no_frame_that_it_cannot_vouch_for(dataset: Path, finished: Path, kind: str) -> None:
    """A picture and an index are damaged: without the index's CRCs nothing tells the bad frame from the good."""
    place = Dataset.open(dataset).locate("clip-000000", 1, Product.RGB)
    flip(dataset / SHARDS / "shard-000000.tar", place.offset + place.size // 2, 3)
    index = dataset / SHARDS / f"shard-000000.{kind}.arrow"
    index.write_bytes(bytes(index.stat().st_size))
    done = repair(dataset, verify(dataset), SETUP)
    assert (done.frames_kept, done.frames) == (0, 6)
    assert contents(dataset) == contents(finished)


@pytest.mark.slow
def test_a_task_renders_others_while_a_clip_is_held(tmp_path: Path) -> None:
    dataset = make_plan(tmp_path / "set", tmp_path / "told", clips=3, clips_per_shard=3)
    found: list[farm.TaskSummary] = []
    task = threading.Thread(target=lambda: found.append(farm.render_task(dataset, range(3), SETUP)))
    others = [dataset / "work" / f"clip-00000{i}" / "0002.tar" for i in (1, 2)]
    with lease(dataset / "work" / "clip-000000.lease") as mine:
        assert mine
        task.start()
        for _ in range(600):
            if all(path.exists() for path in others):
                break
            threading.Event().wait(0.1)
        assert all(path.exists() for path in others)
        assert not (dataset / "work" / "clip-000000").exists()
    task.join(60)
    assert found[0].packed == 3


def test_new_files_never_touch_the_umask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the whole process's: of two threads that ask for it, one may set the other's 0 for good."""
    before = os.umask(0o027)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(os, "umask", lambda mask: pytest.fail("asked for the umask"))
            write_atomic(tmp_path / "a", "text")
            tar.write(tmp_path / "b.tar", [("name", b"data")])
            with whole_folder(tmp_path / "c") as folder:
                (folder / "file").touch()
        assert [(tmp_path / name).stat().st_mode & 0o777 for name in ("a", "b.tar", "c")] == [0o640, 0o640, 0o750]
    finally:
        os.umask(before)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b.tar", "c"]


def test_a_read_that_comes_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(io.FileIO):
        def read(self, size: int = -1) -> bytes:
            return super().read(min(size, 100))

    path = tmp_path / "a.tar"
    data = bytes(range(256)) * 3
    tar.write(path, [("name", data)])
    (entry,) = tar.entries(path)
    monkeypatch.setattr(Path, "open", lambda self, *arguments, **options: Slow(self))
    assert tar.read(path, entry) == data


def test_taking_stock_looks_up_a_clip_once(dataset: Path) -> None:
    """Not in a list of all planned clips, for each of them: with a hundred thousand that takes minutes."""

    class Planned(list[str]):
        def __contains__(self, clip: object) -> bool:
            raise AssertionError("looked through the list")

    header, specs = read_plan(dataset)
    store = commit.Store(dataset, header, "none", print)
    store.recover(Planned(spec.clip for spec in specs))
    assert len(store.packed) == 4


def test_where_nothing_can_be_written_the_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(self: Path, *arguments: Any, **options: Any) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(self))

    for name in ("open", "unlink"):  # a read-only mount refuses to remove even what is not there
        monkeypatch.setattr(Path, name, refused)
    for path, write in {
        tmp_path / "a.json": lambda path: write_atomic(path, "text"),
        tmp_path / "b.tar": lambda path: tar.write(path, []),
    }.items():
        with pytest.raises(OSError, match=os.strerror(errno.EROFS)) as error:
            write(path)
        assert error.value.filename == str(path)


def test_a_dataset_without_a_plan_is_not_told_to_plan(dataset: Path) -> None:
    (dataset / "plan.json").unlink()
    with pytest.raises(UserError, match=r"without a plan \(imported, merged, or copied without it\)"):
        farm.index(dataset)


def test_the_manifest_is_written_for_a_share_of_the_time(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, written = [0.0], []
    header, _ = read_plan(dataset)
    store = commit.Store(dataset, header, "Blender", lambda told: None)

    def write() -> None:
        written.append(clock[0])
        clock[0] += 1.0

    monkeypatch.setattr(store, "write_manifest", write)
    monkeypatch.setattr(commit.time, "monotonic", lambda: clock[0])
    for _ in range(1000):
        store._list_now_and_then()
        clock[0] += 0.1
    assert written[0] == 0.0
    assert 5 <= len(written) <= 6, "a second of writing in twenty-one"


@pytest.mark.slow
def test_an_interrupted_run_lists_what_it_packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commit, "LISTING", 1e-9)  # once, and then not again for years
    dataset = make_plan(tmp_path / "set", tmp_path / "told")
    packed: list[str] = []

    def between(step: str) -> None:
        packed.extend([step] if step == "manifest" else [])
        if len(packed) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        farm.render(dataset, SETUP, between=between)
    assert len(Dataset.open(dataset).clips()) == 4
