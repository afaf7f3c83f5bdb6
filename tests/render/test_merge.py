"""Datasets that grow: merged without rewriting a shard, and extended by more clips of the same plan."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from render.dataset.merge import merge
from render.dataset.select import select
from render.document import UserError
from render.farm import Setup, render
from render.manifest import Dataset
from render.planning import plan as planning
from render.planning.planfile import PlanHeader
from render.verify import verify
from tests.fake_dataset import make_dataset
from tests.render.fake_plan import PROGRAM, make_plan


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two datasets whose clips have the same names."""
    home = tmp_path_factory.mktemp("parts")
    return [
        make_dataset(home / "a", clips=4, frames=3, size=(48, 32)),
        make_dataset(home / "b", clips=3, frames=4, size=(64, 32), splits=("test", "train", "val")),
    ]


@pytest.fixture(scope="module")
def merged(tmp_path_factory: pytest.TempPathFactory, parts: list[Path]) -> Path:
    out = tmp_path_factory.mktemp("merged") / "ab"
    done = merge(out, parts)
    assert (done.clips, done.shards, done.copied) == (7, 4, 0)
    return out


def test_every_clip_is_there_under_a_name_of_its_own(parts: list[Path], merged: Path) -> None:
    whole = Dataset.open(merged)
    assert whole.clips() == [f"clip-{i:06d}" for i in range(7)]
    for part, offset in zip(parts, (0, 4), strict=True):
        held = Dataset.open(part)
        for number, clip in enumerate(held.clips()):
            now = f"clip-{number + offset:06d}"
            assert np.array_equal(whole.rgb(now, 1), held.rgb(clip, 1))
            assert np.array_equal(whole.mask(now, 2, 1), held.mask(clip, 2, 1))
            assert whole.record(now) == held.record(clip)
            assert whole.size(now) == held.size(clip)
            assert np.array_equal(
                whole.attributes(now, 1)["coverage_sum"], held.attributes(clip, 1)["coverage_sum"], equal_nan=True
            )
    assert whole.clips("test") == ["clip-000003", "clip-000004"]
    assert [(p.name, p.clips, p.offset) for p in whole.manifest.merged] == [("a", 4, 0), ("b", 3, 4)]
    assert whole.manifest.licences == Dataset.open(parts[0]).manifest.licences


def test_files_are_the_same_files(parts: list[Path], merged: Path) -> None:
    assert (merged / "shards" / "shard-000002.tar").samefile(parts[1] / "shards" / "shard-000000.tar")


def test_without_links_files_are_copied_and_checked(
    parts: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*names: object) -> None:
        raise OSError("another file system")

    monkeypatch.setattr("os.link", refuses)
    assert merge(tmp_path / "ab", parts).copied == 12
    assert verify(tmp_path / "ab", workers=1).problems == []
    broken = make_dataset(tmp_path / "c", clips=1, frames=1, size=(32, 24), splits=("val",))
    tar = broken / "shards" / "shard-000000.tar"
    tar.write_bytes(tar.read_bytes()[:-1] + b"x")
    with pytest.raises(UserError, match="differs from its manifest"):
        merge(tmp_path / "abc", [*parts, broken])
    assert not (tmp_path / "abc").exists()


def test_verify_select_and_merging_again(merged: Path, tmp_path: Path) -> None:
    assert verify(merged, workers=1).problems == []
    view = select(merged, "four", "frames == 4")
    assert Dataset.open(view.path).clips() == ["clip-000004", "clip-000005", "clip-000006"]
    third = make_dataset(tmp_path / "third", clips=1, frames=2, size=(40, 32))
    again = merge(tmp_path / "all", [third, merged])
    assert [(p.name, p.offset) for p in again.parts] == [("third", 0), ("a", 1), ("b", 5)]
    whole = Dataset.open(tmp_path / "all")
    assert np.array_equal(whole.rgb("clip-000005", 0), Dataset.open(merged).rgb("clip-000004", 0))


def test_a_fault_names_the_clip_as_the_manifest_does(parts: list[Path], tmp_path: Path) -> None:
    copies = [make_dataset(tmp_path / "x", clips=1, frames=2, size=(32, 24))]
    copies.append(make_dataset(tmp_path / "y", clips=1, frames=2, size=(40, 24)))
    merge(tmp_path / "xy", copies)
    tar = tmp_path / "xy" / "shards" / "shard-000001.tar"
    place = Dataset.open(tmp_path / "xy").locate("clip-000001", 1, "rgb")
    data = bytearray(tar.read_bytes())
    data[place.offset + 9] ^= 1
    tar.write_bytes(data)
    assert ("clip-000001", 1) in [(p.clip, p.frame) for p in verify(tmp_path / "xy", workers=1).problems]


def test_twins_follow_their_clips(tmp_path: Path) -> None:
    def twinned(spec):  # type: ignore[no-untyped-def]
        return spec.model_copy(update={"twin_of": "clip-000000"}) if spec.index == 1 else spec

    first = make_dataset(tmp_path / "a", clips=2, frames=1, size=(32, 24), told=twinned)
    second = make_dataset(tmp_path / "b", clips=2, frames=1, size=(40, 24), told=twinned)
    merge(tmp_path / "ab", [first, second])
    twins = {clip: entry.twin_of for clip, entry in Dataset.open(tmp_path / "ab").manifest.clips.items()}
    assert twins == {
        "clip-000000": None,
        "clip-000001": "clip-000000",
        "clip-000002": None,
        "clip-000003": "clip-000002",
    }


def test_refusals(parts: list[Path], merged: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="give two datasets or more"):
        merge(tmp_path / "o", parts[:1])
    with pytest.raises(UserError, match=r"shard-000000 is in .*a too; its clips would count twice"):
        merge(tmp_path / "o", [parts[0], merged])
    with pytest.raises(UserError, match="is not empty"):
        merge(parts[0], parts)
    view = select(parts[0], "few", "frames > 1")
    with pytest.raises(UserError, match="is a view; merge the datasets"):
        merge(tmp_path / "o", [Path(str(view.path)), parts[1]])
    newer = make_dataset(tmp_path / "newer", clips=1, frames=1, size=(32, 24))
    told = json.loads((newer / "manifest.json").read_text())
    (newer / "manifest.json").write_text(json.dumps(told | {"schema_version": 2}))
    with pytest.raises(UserError, match="schema version 2; this heroprop reads version 1"):
        merge(tmp_path / "o", [parts[0], newer])
    assert not (tmp_path / "o").exists()
    told = json.loads((merged / "manifest.json").read_text())
    told["clips"]["clip-000004"]["stored"] = "clip-000001"
    with pytest.raises(UserError, match="two of them are the same clip of a shard"):
        type(Dataset.open(merged).manifest).parse(told, "manifest.json")


@pytest.mark.slow
def test_an_extended_plan_adds_shards_and_rewrites_none(tmp_path: Path) -> None:
    """Three clips, then five: clip 3 of the second group comes as a supplement, clip 4 in a shard of its own."""
    told, out = tmp_path / "told", tmp_path / "d"
    make_plan(out, told, clips=3, frames=2)
    render(out, Setup(program=PROGRAM, workers=1))
    before = {path: (path.stat().st_ino, path.read_bytes()) for path in (out / "shards").iterdir()}
    make_plan(out, told, clips=5, frames=2)
    done = render(out, Setup(program=PROGRAM, workers=1))
    assert (done.packed, done.rendered) == (5, 2)
    assert {path: (path.stat().st_ino, path.read_bytes()) for path in before} == before
    names = sorted(path.name for path in (out / "shards").glob("*.tar"))
    assert names == ["shard-000000.tar", "shard-000001.1.tar", "shard-000001.tar", "shard-000002.tar"]
    assert len(Dataset.open(out).clips()) == 5
    assert verify(out, workers=1).problems == []


def test_plan_extends_its_own_dataset_alone(tmp_path: Path) -> None:
    recipe = Path(planning.__file__).parent / "recipes" / "demo.toml"
    out = tmp_path / "d"
    first = planning.write_plan(recipe, out, clips=2)
    longer = planning.write_plan(recipe, out, clips=3)
    assert longer.lines.startswith(first.lines)
    assert PlanHeader.read_json(out / "plan.json").clips == 3
    assert hashlib.sha256((out / "plan.jsonl").read_bytes()).hexdigest() == longer.header.plan_digest
    for changed in ({"clips": 2}, {"clips": 4, "seed": 99}):
        with pytest.raises(UserError, match="already holds another plan"):
            planning.write_plan(recipe, out, **changed)
