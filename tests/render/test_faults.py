"""The fault table: whatever happens to a dataset's files is found, named, never read as if it were good, and mended."""

from __future__ import annotations

import os
import shutil
import tarfile
from pathlib import Path
from random import Random

import pytest

from render import farm, shards
from render.dataset import tar
from render.document import UserError
from render.farm import Setup
from render.manifest import SHARDS, Manifest
from render.products import Product, decode
from render.verify import Report, repair, verify
from tests.render import fault_table
from tests.render.fake_plan import HDRI, PROGRAM
from tests.render.faults import CONTENT_FAULTS, FILE_FAULTS, hostile_tar, png_bomb


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six clips in three shards, with their plan. Not to be changed by a test."""
    return fault_table.sample(tmp_path_factory.mktemp("good"))


def contents(dataset: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((dataset / SHARDS).iterdir())}


def test_every_fault_is_detected_and_none_is_lost(good: Path, tmp_path: Path) -> None:
    table = fault_table.file_faults(good, tmp_path)
    print("\n".join(fault_table.lines(table)))
    assert len(table) == len(FILE_FAULTS)
    assert all(count.sound and count.tried for count in table.values()), table


@pytest.mark.slow
def test_a_commit_broken_off_after_any_step_is_made_good(good: Path, tmp_path: Path) -> None:
    table = fault_table.interrupted_commits(good, tmp_path)
    assert all(count.sound for count in table.values()), table


def test_the_table_can_say_that_something_was_lost() -> None:
    table = {"harmless": fault_table.Count(2, 2, 0), "harm": fault_table.Count(3, 2, 1)}
    assert [count.sound for count in table.values()] == [True, False]
    assert fault_table.lines(table)[-2:] == ["| harm | 3 | 2 | 1 |", "| all 2 kinds | 5 | 4 | 1 |"]


@pytest.mark.parametrize("kind", CONTENT_FAULTS)
@pytest.mark.parametrize("frame", [0, 1])
def test_wrong_pictures_with_right_hashes_are_named_by_frame(good: Path, tmp_path: Path, kind: str, frame: int) -> None:
    dataset = tmp_path / "set"
    shutil.copytree(good, dataset)
    fault_table.change(dataset, frame, CONTENT_FAULTS[kind])
    found = [(p.clip, p.frame) for p in verify(dataset, workers=1).problems]
    assert ("clip-000000", frame + (kind == "frozen picture")) in found


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind", ["bit of rgb", "bit of a tar header", "lost shard", "swapped shards", "truncated file"]
)
def test_repair_makes_the_very_same_dataset(good: Path, tmp_path: Path, kind: str) -> None:
    dataset = tmp_path / "set"
    shutil.copytree(good, dataset)
    FILE_FAULTS[kind](dataset, Random(kind))
    repair(dataset, verify(dataset), Setup(program=PROGRAM))
    assert contents(dataset) == contents(good)
    assert verify(dataset).problems == []


def test_repair_renders_only_what_is_wrong(good: Path, tmp_path: Path) -> None:
    dataset = tmp_path / "set"
    shutil.copytree(good, dataset)
    FILE_FAULTS["bit of rgb"](dataset, Random(3))
    done = repair(dataset, verify(dataset), Setup(program=PROGRAM))
    assert (done.shards, done.frames_kept, done.frames) == (1, 5, 1)
    assert contents(dataset) == contents(good)


def test_a_hopeless_repair_takes_nothing_away(good: Path, tmp_path: Path) -> None:
    """Where a clip can't be rendered again, its damaged shard stays what it was."""
    dataset = tmp_path / "set"
    shutil.copytree(good, dataset)
    FILE_FAULTS["bit of rgb"](dataset, Random(3))
    before, report = contents(dataset), verify(dataset)
    (tmp_path / "other" / "fake-sky").mkdir(parents=True)
    (tmp_path / "other" / "fake-sky" / "asset.toml").write_text(HDRI.replace("nobody", "somebody"))
    with pytest.raises(UserError, match="'fake-sky' has changed since the plan was made"):
        repair(dataset, report, Setup(program=PROGRAM, assets=(tmp_path / "other",)))
    with pytest.raises(UserError, match="can't be started"):
        repair(dataset, report, Setup(blender=tmp_path / "blender"))
    assert contents(dataset) == before


def test_repair_without_a_plan_says_so(good: Path, tmp_path: Path) -> None:
    dataset = tmp_path / "set"
    shutil.copytree(good, dataset)
    FILE_FAULTS["lost shard"](dataset, Random(0))
    for name in ("plan.json", "plan.jsonl"):
        (dataset / name).unlink()
    with pytest.raises(UserError, match="came without its plan"):
        repair(dataset, verify(dataset), Setup(program=PROGRAM))


def test_a_check_that_was_broken_off_goes_on(good: Path, tmp_path: Path) -> None:
    dataset = tmp_path / "set"
    shutil.copytree(good, dataset)

    def stop(shard: str, clips: int) -> None:
        if shard == "shard-000001":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        verify(dataset, stop, workers=1)
    assert sorted(path.name for path in (dataset / ".verify").iterdir()) == ["shard-000000.json", "shard-000001.json"]
    FILE_FAULTS["bit of rgb"](dataset, Random(1))  # what has changed since is looked at again
    report: Report = verify(dataset, workers=2)
    assert report.problems
    assert not (dataset / ".verify").exists()


def test_clocks_that_differ_are_no_fault(good: Path, tmp_path: Path) -> None:
    dataset = tmp_path / "set"
    shutil.copytree(good, dataset)
    for number, path in enumerate(sorted((dataset / SHARDS).iterdir())):
        os.utime(path, (4e9 if number % 2 else 0, 4e9 if number % 2 else 0))
    assert verify(dataset, workers=1).problems == []
    assert farm.render(dataset, Setup(program=PROGRAM)).frames == 0


@pytest.mark.parametrize(
    ("name", "kind", "target"),
    [
        ("../clip-000000.0000.rgb.jpg", tarfile.REGTYPE, ""),
        ("/etc/passwd", tarfile.REGTYPE, ""),
        ("clip-000000.0000.rgb.jpg", tarfile.SYMTYPE, "/etc/passwd"),
        ("clip-000000.0000.rgb.jpg", tarfile.LNKTYPE, "../../secret"),
        ("clip-000000.0000.rgb.jpg", tarfile.CHRTYPE, ""),
        ("clip-000000.0000.rgb.jpg", tarfile.DIRTYPE, ""),
        ("..", tarfile.REGTYPE, ""),
        ("a\\..\\b", tarfile.REGTYPE, ""),
    ],
)
def test_hostile_members_are_refused(tmp_path: Path, name: str, kind: bytes, target: str) -> None:
    path = hostile_tar(tmp_path / "shard-000000.tar", name, kind, target)
    with pytest.raises(UserError, match=r"unsafe|regular|bytes, outside|damaged"):
        tar.entries(path)


@pytest.mark.parametrize("size", [2**29, 8**11 - 1, 2**62])
def test_giant_headers_are_refused(tmp_path: Path, size: int) -> None:
    path = hostile_tar(tmp_path / "shard-000000.tar", "clip-000000.0000.rgb.jpg", size=size)
    with pytest.raises(UserError):
        tar.entries(path)


@pytest.mark.parametrize("product", [Product.COVERAGE, Product.VEIL, Product.VISIBLE, Product.AMODAL])
def test_decompression_bombs_are_refused(product: Product) -> None:
    with pytest.raises(UserError, match="damaged"):
        decode(product, png_bomb())


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "shard-1", "shard-000000/../../x"])
def test_a_manifest_that_names_files_outside_is_refused(good: Path, tmp_path: Path, name: str) -> None:
    dataset = tmp_path / "set"
    shutil.copytree(good, dataset)
    path = dataset / "manifest.json"
    path.write_text(path.read_text().replace('"shard-000001"', f'"{name}"'))
    with pytest.raises(UserError):
        Manifest.read(dataset)


def test_reading_never_leaves_the_shards_folder(good: Path) -> None:
    for shard in Manifest.read(good).shards:
        assert all(path.parent == good / SHARDS for path in shards.paths(good / SHARDS, shard.name))
