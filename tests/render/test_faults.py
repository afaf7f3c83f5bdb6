"""The fault table: whatever happens to a dataset's files is found, named, never read as if it were good, and mended."""

from __future__ import annotations

import contextlib
import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from render import farm, listing, pack, shards, tar
from render.document import UserError
from render.manifest import SHARDS, Dataset, Manifest
from render.products import Product, decode
from render.verify import Report, repair, verify
from tests.render.fake_plan import PROGRAM, make_plan
from tests.render.faults import CONTENT_FAULTS, FILE_FAULTS, hostile_tar, png_bomb

TRIES = 12
"""Injections of each kind, at places of their own."""


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six clips in three shards, with their plan. Not to be changed by a test."""
    folder = tmp_path_factory.mktemp("good")
    dataset = make_plan(folder / "set", folder / "told", clips=6, frames=3)
    farm.render(dataset, program=PROGRAM, workers=2)
    return dataset


def contents(dataset: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((dataset / SHARDS).iterdir())}


def read_all(dataset: Path) -> dict[str, list[bytes]]:
    """Every product of every frame, as a trainer would read them; UserError where something is not as it should be."""
    found: dict[str, list[bytes]] = {}
    data = Dataset.open(dataset)
    for clip in data.clips():
        ids = data.objects(clip)
        for frame in range(data.frame_count(clip)):
            pictures = [data.rgb(clip, frame), data.visible(clip, frame), data.veil(clip, frame)]
            pictures += [data.coverage(clip, frame, i) for i in ids] + [data.amodal(clip, frame, i) for i in ids]
            found.setdefault(clip, []).extend(picture.tobytes() for picture in pictures)
    return found


def test_every_fault_is_detected_and_none_is_read_as_good(good: Path, tmp_path: Path) -> None:
    truth = read_all(good)
    table: dict[str, tuple[int, int, int]] = {}
    for kind, inject in FILE_FAULTS.items():
        detected = silent = 0
        for attempt in range(TRIES):
            dataset = tmp_path / f"{kind}-{attempt}".replace(" ", "-").replace("'", "")
            shutil.copytree(good, dataset)
            inject(dataset, Random(f"{kind} {attempt}"))
            try:
                detected += bool(verify(dataset, workers=1).problems)
            except UserError:  # a manifest that can't be read at all
                detected += 1
            with contextlib.suppress(UserError):
                silent += any(frames != truth.get(clip) for clip, frames in read_all(dataset).items())
            shutil.rmtree(dataset)
        table[kind] = (TRIES, detected, silent)
    print("\nfault: tried, detected, silently read")
    for kind, counts in table.items():
        print(f"{kind}: {counts[0]}, {counts[1]}, {counts[2]}")
    assert all(detected == tried and silent == 0 for tried, detected, silent in table.values()), table


def change(dataset: Path, frame: int, content: Callable[[dict[str, bytes], str, int], None]) -> None:
    """Change what the first shard shows and make index and manifest agree with it: every hash is right."""
    path = dataset / SHARDS / "shard-000000.tar"
    held = {entry.name: tar.read(path, entry) for entry in tar.entries(path)}
    content(held, "clip-000000", frame)
    tar.write(path, list(held.items()))
    pack.write_index(dataset / SHARDS, "shard-000000")
    manifest = Manifest.read(dataset)
    entries = tuple(listing.measure_shard(dataset / SHARDS, shard.name)[0] for shard in manifest.shards)
    manifest.model_copy(update={"shards": entries}).write(dataset)


@pytest.mark.parametrize("kind", CONTENT_FAULTS)
@pytest.mark.parametrize("frame", [0, 1])
def test_wrong_pictures_with_right_hashes_are_named_by_frame(good: Path, tmp_path: Path, kind: str, frame: int) -> None:
    dataset = tmp_path / "set"
    shutil.copytree(good, dataset)
    change(dataset, frame, CONTENT_FAULTS[kind])
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
    repair(dataset, verify(dataset), program=PROGRAM)
    assert contents(dataset) == contents(good)
    assert verify(dataset).problems == []


def test_repair_renders_only_what_is_wrong(good: Path, tmp_path: Path) -> None:
    dataset = tmp_path / "set"
    shutil.copytree(good, dataset)
    FILE_FAULTS["bit of rgb"](dataset, Random(3))
    done = repair(dataset, verify(dataset), program=PROGRAM)
    assert (done.shards, done.frames_kept, done.frames) == (1, 5, 1)
    assert contents(dataset) == contents(good)


def test_repair_without_a_plan_says_so(good: Path, tmp_path: Path) -> None:
    dataset = tmp_path / "set"
    shutil.copytree(good, dataset)
    FILE_FAULTS["lost shard"](dataset, Random(0))
    for name in ("plan.json", "plan.jsonl"):
        (dataset / name).unlink()
    with pytest.raises(UserError, match="came without its plan"):
        repair(dataset, verify(dataset), program=PROGRAM)


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
    assert farm.render(dataset, program=PROGRAM).frames == 0


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
