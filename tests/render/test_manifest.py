"""The manifest document and the dataset reader."""

from __future__ import annotations

import json
import multiprocessing
import pickle
from pathlib import Path

import numpy as np
import pytest

from render.document import UserError
from render.manifest import Dataset, Manifest
from render.mask import binary_mask
from render.products import Product, encode
from tests.drawn_clips import clip_spec, draw_frame
from tests.fake_dataset import make_dataset


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_dataset(tmp_path_factory.mktemp("data") / "d", clips=4, frames=3, size=(48, 32), objects=2)


def test_splits_objects_and_labels(dataset: Path) -> None:
    opened = Dataset.open(dataset)
    assert opened.clips() == [f"clip-{i:06d}" for i in range(4)]
    assert opened.clips("val") == ["clip-000002"]
    assert opened.objects("clip-000000") == [1, 2]
    assert opened.frame_count("clip-000000") == 3
    assert opened.label("clip-000000", 1) == "shield"
    assert opened.spec("clip-000003") == clip_spec(3, 3, (48, 32), "test", 2).model_dump(mode="json")


def test_picture_sizes_and_extras_need_no_record(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = Dataset.open(dataset)
    clip = data.clips()[0]
    film = data.spec(clip)["film"]
    shard, stored = data._find(clip)
    older = shard.clips[stored].model_copy(update={"picture": None})
    with monkeypatch.context() as patch:
        patch.setattr(Dataset, "record", lambda *_: pytest.fail("a trainer's start would read one of every clip"))
        assert data.picture_size(clip) == (film["width"], film["height"])
        assert data.extras(clip) == tuple(film["extras"])
    monkeypatch.setitem(shard.clips, stored, older)
    assert data.picture_size(clip) == (film["width"], film["height"]), "an earlier version's index does not say it"


def test_every_product_reads_back_as_drawn(dataset: Path) -> None:
    opened = Dataset.open(dataset)
    spec = clip_spec(2, 3, (48, 32), "val", 2)
    for frame in range(3):
        for (product, object_id), array in draw_frame(spec, frame).items():
            assert opened.encoded(spec.clip, frame, product, object_id) == encode(product, array)
    assert opened.rgb(spec.clip, 1).shape == (32, 48, 3)
    assert opened.amodal(spec.clip, 1, 2).dtype == np.bool_
    assert set(np.unique(opened.visible(spec.clip, 1))) <= {0, 1, 2}
    assert opened.veil(spec.clip, 1).max() > 100
    coverage = opened.coverage(spec.clip, 1, 1)
    assert np.array_equal(opened.mask(spec.clip, 1, 1), binary_mask(coverage))


def test_attributes_are_columns_over_the_frames_of_that_object(dataset: Path) -> None:
    opened = Dataset.open(dataset)
    for object_id in (1, 2):
        found = opened.attributes("clip-000001", object_id)
        for frame in range(3):
            coverage = opened.coverage("clip-000001", frame, object_id)
            assert found["coverage_sum"][frame] == pytest.approx(coverage.sum() / 255, abs=0.01)
            assert found["amodal_area"][frame] == opened.amodal("clip-000001", frame, object_id).sum()


def test_pickles_and_reads_in_forked_and_spawned_processes(dataset: Path) -> None:
    opened = Dataset.open(dataset)
    wanted = opened.rgb("clip-000001", 2)
    assert np.array_equal(pickle.loads(pickle.dumps(opened)).rgb("clip-000001", 2), wanted)
    for method in ("fork", "spawn"):
        if method in multiprocessing.get_all_start_methods():
            with multiprocessing.get_context(method).Pool(2) as pool:
                for found in pool.starmap(_read, [(opened, "clip-000001", 2)] * 4):
                    assert np.array_equal(found, wanted)


def _read(opened: Dataset, clip: str, frame: int) -> np.ndarray:
    return opened.rgb(clip, frame)


def test_unknown_clip_split_and_frame(dataset: Path) -> None:
    opened = Dataset.open(dataset)
    with pytest.raises(UserError, match="no split 'tset'; did you mean 'test'"):
        opened.clips("tset")
    with pytest.raises(UserError, match="has no clip 'clip-000009'"):
        opened.rgb("clip-000009", 0)
    with pytest.raises(KeyError, match=r"has frames 0\.\.2, not 3"):
        opened.encoded("clip-000000", 3, Product.RGB)
    with pytest.raises(KeyError, match=r"has frames 0\.\.2, not -1"):
        opened.encoded("clip-000000", -1, Product.RGB)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"schema_version": 7}, "schema version 7; this heroprop reads version 1"),
        ({"shards": [{"name": "../../etc/passwd"}]}, "shards.0.name: '../../etc/passwd' is no shard's name"),
        ({"splits": {"train": []}}, "splits: must list every clip exactly once"),
        ({"shards": []}, "which is not listed"),
        ({"colour": 1}, "colour: unknown key"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(tmp_path: Path, change: dict[str, object], line: str) -> None:
    folder = make_dataset(tmp_path / "d", clips=1, frames=1, size=(32, 24))
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(UserError, match=line) as error:
        Dataset.open(folder)
    assert "\n" not in str(error.value)


def test_missing_truncated_and_linked_shard_files_are_refused(tmp_path: Path) -> None:
    folder = make_dataset(tmp_path / "d", clips=1, frames=1, size=(32, 24))
    shard = folder / "shards" / "shard-000000.tar"
    data = shard.read_bytes()
    shard.write_bytes(data[:-1])
    with pytest.raises(UserError, match=f"{len(data) - 1} bytes, {len(data)} expected"):
        Dataset.open(folder)
    shard.unlink()
    with pytest.raises(UserError, match=r"shard-000000\.tar: missing; run 'heroprop render'"):
        Dataset.open(folder)
    elsewhere = tmp_path / "elsewhere.tar"
    elsewhere.write_bytes(data)
    shard.symlink_to(elsewhere)
    with pytest.raises(UserError, match="is a link"):
        Dataset.open(folder)


def test_no_dataset(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder"):
        Manifest.read(tmp_path / "none")
    with pytest.raises(UserError, match="is it a dataset"):
        Manifest.read(tmp_path)
    (tmp_path / "manifest.json").write_bytes(b"\xff{")
    with pytest.raises(UserError, match="not readable JSON"):
        Manifest.read(tmp_path)


def test_written_manifest_reads_back_equal(dataset: Path, tmp_path: Path) -> None:
    manifest = Manifest.read(dataset)
    manifest.write(tmp_path)
    assert Manifest.read(tmp_path) == manifest
