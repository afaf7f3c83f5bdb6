"""Verification: a whole dataset has no problems, and every kind of harm is named with its clip, frame and cure."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from render import shards
from render.dataset import listing, pack, tar
from render.document import UserError
from render.frames import framefile, measure
from render.manifest import SHARDS, Manifest
from render.products import Member, Product, decode, encode
from render.verify import Report, checks, verify
from tests.drawn_clips import clip_spec
from tests.fake_dataset import make_dataset

CLIP = "clip-000000"
Members = dict[str, bytes]


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return make_dataset(tmp_path / "set", clips=2, frames=2, size=(48, 32), clips_per_shard=1)


def lines(report: Report) -> list[str]:
    found = [str(problem) for problem in report.problems]
    assert all("\n" not in line for line in found)
    return found


def relist(dataset: Path) -> None:
    """Make the manifest agree with the shard files as they are, as a forger would."""
    held = Manifest.read(dataset)
    entries = tuple(listing.measure_shard(dataset / SHARDS, shard.name)[0] for shard in held.shards)
    held.model_copy(update={"shards": entries}).write(dataset)


def repack(dataset: Path, change: Callable[[Members], None]) -> None:
    """Change members of the first shard and make index and manifest agree with it."""
    path = dataset / SHARDS / "shard-000000.tar"
    members = {entry.name: tar.read(path, entry) for entry in tar.entries(path)}
    change(members)
    tar.write(path, list(members.items()))
    pack.write_index(dataset / SHARDS, "shard-000000")
    relist(dataset)


def test_a_whole_dataset_has_no_problems(dataset: Path) -> None:
    report = verify(dataset)
    assert (report.problems, report.clips, report.frames, report.shards) == ([], 2, 4, 2)
    assert report.bytes == sum(path.stat().st_size for path in (dataset / SHARDS).iterdir())
    assert report.as_json()["ok"] is True


@pytest.mark.parametrize("column", ["rgb", "coverage-1", "visible", "amodal-1", "veil", "measure"])
def test_a_flipped_bit_is_named_by_clip_frame_and_member(dataset: Path, column: str) -> None:
    place = shards.Shard(dataset / SHARDS, "shard-000000").locate(CLIP, 1, column)
    path = dataset / SHARDS / "shard-000000.tar"
    data = bytearray(path.read_bytes())
    data[place.offset + place.size // 2] ^= 1
    path.write_bytes(bytes(data))
    found = lines(verify(dataset))
    cure = f"remove shards/shard-000000.* and run 'heroprop render {dataset}'"
    assert any("its SHA-256 differs" in line and line.endswith(cure) for line in found)
    named = [line for line in found if line.startswith(f"shards/shard-000000.tar: {CLIP} frame 1: ")]
    assert len(named) == 1
    assert f"'{place.name}' is damaged" in named[0]
    assert named[0].endswith(cure)


def test_missing_truncated_linked_and_stray_files(dataset: Path, tmp_path: Path) -> None:
    home = dataset / SHARDS
    frames, objects = home / "shard-000000.frames.arrow", home / "shard-000001.objects.arrow"
    frames.unlink()
    (tmp_path / "elsewhere").write_bytes(objects.read_bytes())
    objects.unlink()
    objects.symlink_to(tmp_path / "elsewhere")
    (home / "notes.txt").write_text("mine")
    found = lines(verify(dataset))
    assert len(found) == 3
    assert found[0].startswith("shards/notes.txt: not listed in manifest.json; run 'heroprop render")
    assert found[1].startswith("shards/shard-000000.frames.arrow: missing; remove its .arrow files and run")
    assert found[2].startswith("shards/shard-000001.objects.arrow: is a link; ")


@pytest.mark.parametrize("share", [0.2, 0.6, 0.999])
def test_a_truncated_shard(dataset: Path, share: float) -> None:
    path = dataset / SHARDS / "shard-000001.tar"
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    found = lines(verify(dataset))
    assert f"bytes, {len(data)} expected" in found[0]


def swap_visible(members: Members, change: Callable[[np.ndarray], np.ndarray]) -> None:
    name = str(Member(CLIP, 1, Product.VISIBLE))
    members[name] = encode(Product.VISIBLE, change(np.array(decode(Product.VISIBLE, members[name]))))


def test_visible_outside_amodal(dataset: Path) -> None:
    def seen_everywhere(visible: np.ndarray) -> np.ndarray:
        visible[:2] = 1
        return visible

    repack(dataset, lambda members: swap_visible(members, seen_everywhere))
    found = lines(verify(dataset))
    assert any(f"{CLIP} frame 1: visible: object 1 is seen at 96 pixels where its amodal" in line for line in found)
    assert any(f"{CLIP} frame 1: measure: object 1 visible_area is" in line for line in found)


def test_an_id_that_no_target_has(dataset: Path) -> None:
    repack(dataset, lambda members: swap_visible(members, lambda visible: np.where(visible == 0, 9, visible)))
    assert any(f"{CLIP} frame 1: visible: holds the ids [9]" in line for line in lines(verify(dataset)))


def test_a_picture_of_another_size(dataset: Path) -> None:
    repack(dataset, lambda members: swap_visible(members, lambda visible: visible[:-1]))
    assert any(f"{CLIP} frame 1: visible: not 48 x 32 pixels" in line for line in lines(verify(dataset)))


def test_bytes_that_are_no_picture(dataset: Path) -> None:
    def spoil(members: Members) -> None:
        members[str(Member(CLIP, 0, Product.RGB))] = b"GIF89a" + bytes(100)

    repack(dataset, spoil)
    assert any(f"{CLIP} frame 0: a damaged rgb picture" in line for line in lines(verify(dataset)))


def test_measures_that_the_pictures_contradict(dataset: Path) -> None:
    def lie(members: Members) -> None:
        name = framefile.measure_name(CLIP, 1)
        stated = json.loads(members[name])
        stated["objects"][0]["mask_area"] += 1
        members[name] = json.dumps(stated).encode()

    repack(dataset, lie)
    found = lines(verify(dataset))
    assert len(found) == 1
    assert f"{CLIP} frame 1: measure: object 1 mask_area is" in found[0]


def test_an_attribute_in_the_index_that_the_pictures_contradict(dataset: Path) -> None:
    path = dataset / SHARDS / "shard-000000.objects.arrow"
    table = pa.ipc.open_file(str(path)).read_all()
    occlusion = table.column("occlusion").to_pylist()
    column = pa.array([occlusion[0], 0.123])
    rewrite(path, table.set_column(table.column_names.index("occlusion"), "occlusion", column))
    relist(dataset)
    found = lines(verify(dataset))
    assert len(found) == 1
    assert f"{CLIP} frame 1: index: object 1 occlusion is 0.123, measured {occlusion[1]}" in found[0]


def test_an_offset_in_the_index_that_is_wrong(dataset: Path) -> None:
    path = dataset / SHARDS / "shard-000000.frames.arrow"
    table = pa.ipc.open_file(str(path)).read_all()
    offsets = table.column("veil.offset").to_pylist()
    column = pa.array([offsets[0], offsets[0]], pa.int64())
    rewrite(path, table.set_column(table.column_names.index("veil.offset"), "veil.offset", column))
    relist(dataset)
    assert any(f"{CLIP} frame 1: veil: not where the index says" in line for line in lines(verify(dataset)))


def rewrite(path: Path, table: pa.Table) -> None:
    table = table.combine_chunks()
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def test_a_manifest_that_differs_from_the_clips(dataset: Path) -> None:
    held = json.loads((dataset / "manifest.json").read_text())
    held["splits"] = {"train": [], "val": [], "test": ["clip-000000", "clip-000001"]}
    held["mask_rule"] = "anything"
    (dataset / "manifest.json").write_text(json.dumps(held))
    found = lines(verify(dataset))
    assert any("manifest.json: mask rule 'anything'" in line for line in found)
    assert sum("the manifest differs from the clip's own record" in line for line in found) == 2


def test_the_same_clip_twice(dataset: Path) -> None:
    def pose(members: Members) -> None:
        """The second clip's place, filled with the first clip under the second one's name."""
        name = "clip-000000.json"
        told = json.loads(members[name])
        told["spec"] = clip_spec(1, 2, (48, 32), "train").model_dump(mode="json") | {"clip": CLIP, "index": 0}
        members[name] = json.dumps(told).encode()

    repack(dataset, pose)
    found = lines(verify(dataset))
    assert any("clip-000001: shows the same as clip-000000" in line for line in found)


def test_coverage_far_from_the_sharp_area() -> None:
    amodal = np.zeros((40, 40), np.bool_)
    amodal[10:30, 10:30] = True
    row = {"object_id": 1, "blur_px": 0.2, "visible_area": 400, "coverage_sum": 403.5}
    assert checks.coverage_problem(row, amodal) is None
    assert checks.coverage_problem(row | {"coverage_sum": 100.0}, amodal) is not None
    assert checks.coverage_problem(row | {"coverage_sum": 100.0, "blur_px": 9.0}, amodal) is None
    assert checks.coverage_problem(row | {"coverage_sum": 100.0, "blur_px": None}, amodal) is None
    assert checks.outline(amodal) == 80


def test_every_measure_is_compared() -> None:
    """A check that skips a field is no check: changing any one of them is noticed."""
    from tests.drawn_clips import draw_frame

    spec = clip_spec(0, 1, (48, 32))
    products = draw_frame(spec, 0)
    stated = measure.measure(0, products, {1: 0.25})
    assert list(checks.frame_problems(products, stated, spec.film)) == []
    one = stated.objects[0]
    for key in set(measure.ObjectMeasure.model_fields) - {"object_id", "charge"}:
        value = getattr(one, key)
        other = None if isinstance(value, tuple) else (not value if isinstance(value, bool) else value + 1)
        changed = stated.model_copy(update={"objects": (one.model_copy(update={key: other}),)})
        found = list(checks.frame_problems(products, changed, spec.film))
        assert len(found) == 1
        assert f"object 1 {key} is" in found[0]


def test_no_manifest_is_a_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder"):
        verify(tmp_path / "none")
