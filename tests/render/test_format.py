"""The format as docs/dataset.md tells it: its own example reads a dataset, and its table of columns is complete."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from render.manifest import Dataset
from render.measure import COLUMNS
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


def test_every_column_is_explained() -> None:
    section = TEXT[TEXT.index("## The objects index") : TEXT.index("## Reading it")]
    assert set(COLUMNS) - set(re.findall(r"`(\w+)`", section)) == set()
