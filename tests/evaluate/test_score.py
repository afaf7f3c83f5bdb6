"""`heroprop score`: folders that `heroprop convert` made, scored as an independent reading of the same files says."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from evaluate.benchmarks.metrics import whole_mask_j_and_f
from evaluate.metrics import Protocol
from evaluate.scoring import Missing, score_folders
from render.document import UserError
from render.exchange.convert import convert
from tests.fake_dataset import make_dataset


@pytest.fixture(scope="module")
def davis(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four sequences of eight frames with two objects each, as DAVIS lays them out."""
    home = tmp_path_factory.mktemp("score")
    make_dataset(home / "data", clips=4, frames=8, objects=2)
    convert(home / "data", "davis", home / "davis")
    return home / "davis"


@pytest.fixture
def guesses(davis: Path, tmp_path: Path) -> Path:
    """Predictions: the truth, moved by some pixels more in each frame; the last sequence lacks its second object."""
    out = tmp_path / "guesses"
    for place, home in enumerate(sorted((davis / "Annotations/480p").iterdir())):
        (out / home.name).mkdir(parents=True)
        for number, path in enumerate(sorted(home.iterdir())):
            picture = Image.open(path)
            ids = np.roll(np.array(picture), (number // 2, place + number), (0, 1))
            if place == 3:
                ids[ids == 2] = 0
            moved = Image.fromarray(ids, "P")
            moved.putpalette(picture.getpalette() or [])
            moved.save(out / home.name / path.name)
    return out


def expected(pred: Path, truth: Path, number: int, frames: slice) -> tuple[float, float]:
    """Mean J and F of one object, from whole masks."""
    pairs = [
        whole_mask_j_and_f(np.array(Image.open(pred / path.name)) == number, np.array(Image.open(path)) == number)
        for path in sorted(truth.iterdir())[frames]
    ]
    j, f = np.mean(pairs, axis=0)
    return float(j), float(f)


@pytest.mark.parametrize(("protocol", "frames"), [(Protocol.DAVIS, slice(1, -1)), (Protocol.ALL, slice(None))])
def test_equals_another_reading(davis: Path, guesses: Path, protocol: Protocol, frames: slice) -> None:
    report = score_folders(guesses, davis, protocol)
    truths = davis / "Annotations/480p"
    assert [(one.sequence, one.object) for one in report.sequences] == [
        (home.name, number) for home in sorted(truths.iterdir()) for number in (1, 2)
    ]
    for one in report.sequences:
        said = expected(guesses / one.sequence, truths / one.sequence, one.object, frames)
        assert pytest.approx(said, abs=1e-6) == (one.J, one.F)
        assert one.F_area is not None
        assert one.F is not None
        assert one.F_area <= one.F
    assert pytest.approx(np.mean([one.J for one in report.sequences])) == report.mean.J
    assert 0 < (report.mean.J or 0) < 1
    lost = report.sequences[-1]  # object 2 of the last sequence was predicted nowhere
    assert (lost.J, lost.F) == (0.0, 0.0)


def test_the_truth_scores_one_in_every_layout(davis: Path, tmp_path: Path) -> None:
    truths = davis / "Annotations/480p"
    vos = tmp_path / "vos"
    shutil.copytree(truths, vos / "Annotations")
    (vos / "JPEGImages").mkdir()
    for pred, truth in ((davis, davis), (truths, davis), (vos, truths), (next(truths.iterdir()),) * 2):
        mean = score_folders(pred, truth, Protocol.HELD_OUT).mean
        assert (mean.J, mean.F, mean.JF, mean.F_area, mean.J_recall, mean.J_decay) == (1, 1, 1, 1, 1, 0)


def test_recall_and_decay_are_those_of_davis(davis: Path, guesses: Path) -> None:
    """Frames 1 to 6 are counted; DAVIS cuts six into quarters at round(1, 2.25, 3.5, 4.75, 6)."""
    one = score_folders(guesses, davis).sequences[0]
    truth = davis / "Annotations/480p" / one.sequence
    j = [expected(guesses / one.sequence, truth, one.object, slice(place, place + 1))[0] for place in range(1, 7)]
    assert one.J_recall == pytest.approx(np.mean([value > 0.5 for value in j]))
    assert one.J_decay == pytest.approx(np.mean(j[:2]) - np.mean(j[4:]))
    assert one.J_decay > 0  # each frame is moved farther than the one before


def test_processes_do_not_change_the_scores(davis: Path, guesses: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evaluate.scoring.score.FEW_FRAMES", 1)
    assert score_folders(guesses, davis, workers=2) == score_folders(guesses, davis)


def remove(pattern: str) -> Callable[[Path], None]:
    return lambda folder: [shutil.rmtree(p) if p.is_dir() else p.unlink() for p in folder.glob(pattern)] and None


def test_what_is_missing_is_an_error_or_empty(davis: Path, guesses: Path) -> None:
    remove("clip-000001")(guesses)
    remove("clip-000002/00003.png")(guesses)
    with pytest.raises(UserError, match=r"clip-000001: all of it \(and 1 sequences more\)"):
        score_folders(guesses, davis)
    report = score_folders(guesses, davis, missing=Missing.EMPTY)
    by = {(one.sequence, one.object): one for one in report.sequences}
    assert by["clip-000001", 1].J == 0
    assert len([note for note in report.notes if "counted as empty" in note]) == 2


def test_only_listed_sequences_count(davis: Path, guesses: Path) -> None:
    remove("clip-00000[013]")(guesses)
    listed = davis / "ImageSets/2017/val.txt"
    assert listed.read_text().split() == ["clip-000002"]
    report = score_folders(guesses, davis, names=listed)
    assert {one.sequence for one in report.sequences} == {"clip-000002"}


def damage(name: str, path: Path) -> None:
    ids = np.array(Image.open(path))
    if name == "size":
        Image.fromarray(ids[:-1], "P").save(path)
    elif name == "colour":
        Image.fromarray(np.stack([ids] * 3, 2)).save(path)
    else:
        path.write_bytes(path.read_bytes()[:40])


@pytest.mark.parametrize(("name", "said"), [("size", "pixels"), ("colour", "colour"), ("cut", "00003.png")])
def test_bad_pictures_are_one_line(davis: Path, guesses: Path, name: str, said: str) -> None:
    damage(name, guesses / "clip-000000" / "00003.png")
    with pytest.raises(UserError, match=said) as caught:
        score_folders(guesses, davis)
    assert "\n" not in str(caught.value)


def test_an_id_that_the_truth_lacks_is_noted(davis: Path, guesses: Path) -> None:
    path = guesses / "clip-000000" / "00003.png"
    before = score_folders(guesses, davis)
    picture = Image.open(path)
    picture.putpixel((0, 0), 9)
    picture.save(path)
    report = score_folders(guesses, davis)
    assert len(report.sequences) == 8
    assert report.notes == ("clip-000000: predicted objects that the truth does not have, left out: [9]",)
    assert report.sequences[2:] == before.sequences[2:]


def run(
    arguments: list[str], blocked: str = "torch, sam2, scipy, cv2, torchvision"
) -> subprocess.CompletedProcess[str]:
    """The verb in a process of its own that cannot import what it should not need."""
    code = f"import sys; sys.modules |= dict.fromkeys('{blocked}'.split(', ')); import heroprop; heroprop.main()"
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_verb_needs_neither_torch_nor_sam2(davis: Path, guesses: Path, tmp_path: Path) -> None:
    table = tmp_path / "scores.csv"
    done = run(["score", str(guesses), str(davis), "--json", "--csv", str(table)])
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    assert {"sequence", "object", "J", "F"} <= set(said["sequences"][0])
    assert said["mean"]["J&F"] == pytest.approx((said["mean"]["J"] + said["mean"]["F"]) / 2)
    with table.open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["J"]) for row in rows] == [one["J"] for one in said["sequences"]]
    (tmp_path / "bare").mkdir()
    for arguments, words in (
        ([str(guesses), str(davis), "--protocol", "davs"], "did you mean 'davis'"),
        ([str(guesses / "nowhere"), str(davis)], "no such folder"),
        ([str(table), str(davis)], "is a file, not a folder"),
        ([str(tmp_path / "bare"), str(davis)], "no masks here"),
    ):
        wrong = run(["score", *arguments])
        assert (wrong.returncode, wrong.stdout) == (2, "")
        assert words in wrong.stderr
        assert "Traceback" not in wrong.stderr
