"""The format as docs/dataset.md tells it: its own example reads a dataset, and its table of columns is complete."""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path

import numpy as np
import pytest

from render.frames.measure import COLUMNS
from render.manifest import Dataset
from render.products import Product
from tests.fake_dataset import make_dataset

TEXT = (Path(__file__).parents[2] / "docs" / "dataset.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("format")
    make_dataset(folder / "DATASET", clips=2, frames=3, objects=1)
    return folder


@pytest.mark.parametrize("number", [0, 1])
def test_the_examples_read_what_we_read(parent: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    code = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)[number]
    monkeypatch.chdir(parent)
    names: dict[str, object] = {}
    exec(compile(code, f"example {number}", "exec"), names)
    data = Dataset.open(parent / "DATASET")
    clip = str(names["clip"])
    assert np.array_equal(np.asarray(names["rgb"]), data.rgb(clip, 0))
    assert np.array_equal(np.asarray(names["mask"]), data.mask(clip, 0, 1))
    assert np.asarray(names["mask"]).any()


@pytest.mark.slow  # webdataset imports torch
def test_webdataset_iterates_our_shards(parent: Path) -> None:
    """With its own tar reader: one sample a clip by its rule, one a frame when names are split at the second dot."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import webdataset

    data = Dataset.open(parent / "DATASET")
    files = [str(path) for path in sorted((parent / "DATASET" / "shards").glob("*.tar"))]
    by_clip = {one["__key__"]: one for one in webdataset.WebDataset(files, shardshuffle=False)}
    assert sorted(by_clip) == data.clips()
    for clip, sample in by_clip.items():
        assert json.loads(sample["json"]) == data.record(clip)
        for frame in range(data.frame_count(clip)):
            assert sample[f"{frame:04d}.rgb.jpg"] == data.encoded(clip, frame, Product.RGB)
            assert sample[f"{frame:04d}.coverage-1.png"] == data.encoded(clip, frame, Product.COVERAGE, 1)

    def at_second_dot(path: str) -> tuple[str, str]:
        clip, frame, *kind = path.split(".")
        return (clip, frame) if not kind else (f"{clip}.{frame}", ".".join(kind))

    members = webdataset.tariterators.tar_file_expander(webdataset.tariterators.url_opener([{"url": u} for u in files]))
    grouped = list(webdataset.tariterators.group_by_keys(members, keys=at_second_dot))
    frames = {sample["__key__"]: sample for sample in grouped if "rgb.jpg" in sample}
    assert sorted(frames) == [f"{clip}.{n:04d}" for clip in data.clips() for n in range(data.frame_count(clip))]
    assert frames["clip-000001.0002"]["visible.png"] == data.encoded("clip-000001", 2, Product.VISIBLE)
    assert json.loads(frames["clip-000001.0002"]["json"])["objects"]


def test_every_column_is_explained() -> None:
    section = TEXT[TEXT.index("## The objects index") : TEXT.index("## Reading it")]
    assert set(COLUMNS) - set(re.findall(r"`(\w+)`", section)) == set()
