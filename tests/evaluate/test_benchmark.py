"""The benchmark on a drawn dataset: what is scored, how it is averaged, and that better masks get better numbers."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from evaluate.axes.axis import challenge
from evaluate.metrics import j_and_f
from evaluate.running import benchmark, results
from evaluate.running.benchmark import Clip, Truth, displacement, evaluate, make_prompt, predicted, read_clip, score
from evaluate.running.methods import load_methods
from evaluate.running.results import Mean, Results, compare, mean
from evaluate.running.statistics import sign_flip_p
from render.document import UserError
from render.manifest import Dataset
from train import models


def fake_dataset() -> ModuleType:
    path = Path(__file__).parents[1] / "fake_dataset.py"
    spec = importlib.util.spec_from_file_location("fake_dataset", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["fake_dataset"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("bench") / "data"
    fake_dataset().make_dataset(folder, clips=4, frames=6, splits=("train", "test", "test"), objects=2)
    return Dataset.open(folder)


@pytest.fixture(scope="module")
def found(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> tuple[Results, Path]:
    out = tmp_path_factory.mktemp("predictions") / "predictions"
    return evaluate(dataset, ["nano-random:0", "nano-random:1"], predictions=out), out


def test_every_method_runs_on_the_same_objects(found: tuple[Results, Path], dataset: Dataset) -> None:
    scored, _ = found
    assert [method.name for method in scored.methods] == [
        "nano-random-0", "nano-random-1",
        "empty", "copy-first", "colour-nearest", "box-kalman", "box-csrt", "copy-last",
    ]  # fmt: skip
    objects = {tuple((clip.clip, clip.object_id) for clip in method.clips) for method in scored.methods}
    assert len(objects) == 1
    assert len(next(iter(objects))) == 4  # two test clips of two objects
    assert {clip for clip, _ in next(iter(objects))} == set(dataset.clips("test"))


def test_scores_follow_from_the_written_masks(found: tuple[Results, Path], dataset: Dataset) -> None:
    """Every per-clip figure, worked out again from the PNGs on disk and the dataset's own masks."""
    scored, folder = found
    for method in scored.methods:
        for clip in method.clips:
            pairs = []
            for frame in range(clip.prompted + 1, clip.frames):
                truth = dataset.mask(clip.clip, frame, clip.object_id)
                if truth.any():
                    pairs.append(j_and_f(predicted(folder, method.name, clip.clip, frame, clip.object_id), truth))
            assert (clip.j, clip.f) == pytest.approx(tuple(np.mean(pairs, axis=0)))
        assert method.scores.j.value == pytest.approx(np.mean([clip.j for clip in method.clips if clip.j is not None]))


def test_trivial_baselines_score_what_they_must(found: tuple[Results, Path], dataset: Dataset) -> None:
    scored, folder = found
    assert scored.method("empty").scores.jf.value == 0
    for clip in scored.method("copy-first").clips:
        first = dataset.mask(clip.clip, clip.prompted, clip.object_id)
        assert (predicted(folder, "copy-first", clip.clip, clip.frames - 1, clip.object_id) == first).all()


def test_results_are_a_document_that_round_trips_and_repeats(
    found: tuple[Results, Path], dataset: Dataset, tmp_path: Path
) -> None:
    scored, _ = found
    (tmp_path / "results.json").write_text(scored.model_dump_json())
    assert Results.read_json(tmp_path / "results.json") == scored
    json.loads(scored.model_dump_json())
    again = evaluate(dataset, ["nano-random:0", "nano-random:1"])
    for a, b in zip(scored.methods, again.methods, strict=True):
        assert (a.scores, a.clips, a.sha256) == (b.scores, b.clips, b.sha256)


@pytest.mark.parametrize("kind", ["box", "point"])
def test_other_prompts_lie_on_the_object(dataset: Dataset, kind: benchmark.PromptKind) -> None:
    clip = read_clip(dataset, dataset.clips("test")[0])
    for object_id, truth in clip.objects.items():
        prompt = make_prompt(object_id, truth, kind)
        mask = truth.masks[truth.prompted]
        prompt.check(*mask.shape)
        if kind == "box":
            assert prompt.box is not None
            x0, y0, x1, y1 = (int(value) for value in prompt.box)
            assert mask[y0:y1, x0:x1].sum() == mask.sum()
            assert all(side.any() for side in (mask[y0], mask[y1 - 1], mask[:, x0], mask[:, x1 - 1]))
        else:
            ((x, y),) = prompt.points
            assert mask[int(y), int(x)]


def truth_of(masks: NDArray[np.bool_], prompted: int = 0) -> Clip:
    frames = [np.zeros((*masks.shape[1:], 3), np.uint8)] * len(masks)
    return Clip("clip-000001", "clip-000001", frames, {1: Truth("hammer", masks, prompted, 2.0)})


def test_visible_and_absent_frames_are_kept_apart() -> None:
    truth = np.zeros((5, 10, 20), np.bool_)
    truth[[0, 1, 4], 2:6, 3:9] = True
    right, wrong = list(truth), [np.ones((10, 20), np.bool_)] * 5
    perfect = score(truth_of(truth), 1, right)
    assert (perfect.j, perfect.f, perfect.absent_area) == (1.0, 1.0, 0.0)
    assert (perfect.visible_frames, perfect.absent_frames) == (2, 2)
    assert perfect.j_frames == (None, 1.0, None, None, 1.0)
    flooded = score(truth_of(truth), 1, wrong)
    assert flooded.absent_area == 1.0
    assert flooded.j == pytest.approx(24 / 200)


def test_frames_up_to_the_prompt_never_count() -> None:
    truth = np.zeros((5, 10, 20), np.bool_)
    truth[2:, 2:6, 3:9] = True
    masks = [np.ones((10, 20), np.bool_)] * 3 + list(truth[3:])
    assert score(truth_of(truth, prompted=2), 1, masks).j == 1.0


def test_an_object_absent_after_its_prompt_has_no_j() -> None:
    truth = np.zeros((3, 10, 20), np.bool_)
    truth[0, 2:6, 3:9] = True
    scored = score(truth_of(truth), 1, list(truth))
    assert (scored.j, scored.f, scored.jf, scored.absent_area) == (None, None, None, 0.0)


def test_displacement_is_in_diameters_and_skips_hidden_frames() -> None:
    attributes = {
        "amodal_centroid_x": np.array([10.0, 10.0, np.nan, 50.0, 30.0]),
        "amodal_centroid_y": np.array([5.0, 5.0, np.nan, 35.0, 5.0]),
        "amodal_diameter_px": np.array([20.0, 20.0, 0.0, 20.0, 20.0]),
    }
    assert displacement(attributes, 0) == pytest.approx(50 / 20)
    assert displacement(attributes, 3) == pytest.approx(np.hypot(20, 30) / 20)


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(5)
    covered = 0
    for _ in range(200):
        sample = mean(list(rng.normal(0.5, 0.1, 30)), [str(number) for number in range(30)])
        assert sample.low is not None
        assert sample.high is not None
        covered += sample.low <= 0.5 <= sample.high
    assert 0.88 <= covered / 200 <= 0.99


def test_twins_do_not_count_as_independent() -> None:
    values = [0.1, 0.9, 0.4, 0.6] * 5
    alone = mean(values, [str(number) for number in range(20)])
    doubled = mean(values * 4, [str(number) for number in range(20)] * 4)
    assert doubled.clips == alone.clips == 20
    assert doubled.n == 80
    assert (doubled.low, doubled.high) == (alone.low, alone.high)


def test_few_values_have_no_interval() -> None:
    assert mean([], []) == Mean(value=None, low=None, high=None, n=0, clips=0)
    assert mean([0.5, None], ["a", "b"]) == Mean(value=0.5, low=None, high=None, n=1, clips=1)


def test_comparisons_are_paired(found: tuple[Results, Path]) -> None:
    scored, _ = found
    before, after = scored.method("copy-first"), scored.checkpoints[-1]
    paired = compare(before, after)
    gains = [
        b.jf - a.jf for a, b in zip(before.clips, after.clips, strict=True) if a.jf is not None and b.jf is not None
    ]
    assert paired.difference.value == pytest.approx(np.mean(gains))
    assert paired.better == sum(gain > 0 for gain in gains)
    assert {comparison.before for comparison in scored.comparisons} == {
        "nano-random-0", "empty", "copy-first", "colour-nearest", "box-kalman", "box-csrt", "copy-last",
    }  # fmt: skip
    with pytest.raises(ValueError, match="same objects"):
        compare(before, after.model_copy(update={"clips": tuple(reversed(after.clips))}))


@pytest.mark.slow
def test_a_stopped_run_goes_on_and_processes_find_the_same(
    found: tuple[Results, Path], dataset: Dataset, tmp_path: Path
) -> None:
    """Stopped after its first clip, a run takes that over; with two processes the scores are the same, to the bit."""
    checkpoints, places = ["nano-random:0", "nano-random:1"], (tmp_path / "masks", tmp_path / "traces")
    seen: list[str] = []

    def stop(what: str, done: int, total: int) -> None:
        if what == f"nano-random-0 · {dataset.clips('test')[1]}":
            raise KeyboardInterrupt

    def listen(what: str, done: int, total: int) -> None:
        seen.append(f"{what} {done}")

    with pytest.raises(KeyboardInterrupt):
        evaluate(dataset, checkpoints, predictions=places[0], traces=places[1], progress=stop)
    begun, finished = places[1] / "nano-random-0", places[1] / "copy-last"
    assert sorted(path.name for path in finished.iterdir()) == [f"{dataset.clips('test')[0]}.json", "run.json"]
    assert len(list(begun.iterdir())) == 3
    again = evaluate(dataset, checkpoints, predictions=places[0], traces=places[1], progress=listen)
    assert seen[0].startswith("taken over")
    assert not any(dataset.clips("test")[0] in one or "nano-random-0" in one for one in seen)
    apart = evaluate(dataset, checkpoints, predictions=tmp_path / "m", traces=tmp_path / "t", workers=2)
    for one in (again, apart):
        for a, b in zip(found[0].methods, one.methods, strict=True):
            assert (a.scores, a.clips, a.axes, a.figures) == (b.scores, b.clips, b.axes, b.figures)
    for path in found[1].rglob("*.png"):
        assert path.read_bytes() == (tmp_path / "m" / path.relative_to(found[1])).read_bytes()
    seen.clear()
    fewer = evaluate(dataset, checkpoints[:1], predictions=places[0], traces=places[1], progress=listen)
    assert len(seen) == 2  # taken over, scored: nothing is run again
    assert not (places[0] / "nano-random-1").exists()
    assert fewer.methods[0].clips == again.methods[0].clips
    seen.clear()
    evaluate(dataset, checkpoints, predictions=places[0], traces=places[1], progress=listen)
    assert {one.split(" ")[0] for one in seen[1:-1]} == {"nano-random-1"}
    assert (places[0] / "nano-random-1").exists()


def test_challenges_are_compared_clip_by_clip() -> None:
    """Of three shots, each a tenth better but one that a method has no figure for."""

    def method(gain: float) -> results.MethodScore:
        values = tuple((None if i == 3 and gain else 0.1 * i + gain * (1 + i / 10), f"shot-{i}") for i in range(4))
        nothing = mean([], [])
        axis = challenge(
            values, values[:1], name="a", title="A", unit="J&F", better="higher", effect_name="e", figures={}, curves=()
        )
        scores = results.Scores(j=nothing, f=nothing, jf=nothing)
        return results.MethodScore(
            name=str(gain), kind="checkpoint", model=None, source="", sha256=None, scores=scores, moving=scores,
            absent_area=nothing, axes=(axis,), frames_per_second=None, clips=(),
        )  # fmt: skip

    (one,) = compare(method(0.0), method(0.1)).axes
    assert (one.axis, one.score.difference.n, one.score.difference.clips) == ("a", 3, 3)
    assert one.score.difference.value == pytest.approx(np.mean([0.1, 0.11, 0.12]))
    assert one.score.p == pytest.approx(2 / 8)  # of eight tossings the two that all agree
    assert (one.effect.difference.value, one.effect.p) == (pytest.approx(0.1), None)


def test_chance_is_told_from_difference() -> None:
    """Eight shots, all better: of 256 tossings two are as far out. Twins add nothing."""
    names = [str(number) for number in range(8)]
    assert sign_flip_p([0.1 + number / 100 for number in range(8)], names) == pytest.approx(2 / 256)
    assert sign_flip_p([0.1, -0.1] * 4, names) == 1
    assert sign_flip_p([0.1] * 16, names * 2) == sign_flip_p([0.1] * 8, names)
    assert sign_flip_p([0.1] * 40, [str(number) for number in range(40)]) == pytest.approx(1 / 2000)
    assert sign_flip_p([0.1, None], ["a", "b"]) is None


@pytest.mark.slow
def test_the_verb_prints_json_alone_and_replaces_its_report(dataset: Dataset, tmp_path: Path) -> None:
    out = tmp_path / "report"
    said = []
    for checkpoint in ("nano-random:0", "nano-random:1"):
        command = ["evaluate", "--data", str(dataset.folder), "--checkpoint", checkpoint, "--out", str(out), "--json"]
        done = subprocess.run(
            [sys.executable, "-m", "heroprop", *command], capture_output=True, text=True, check=True
        )  # fmt: skip
        said.append(Results.parse(json.loads(done.stdout), "stdout"))
        assert said[-1] == Results.read_json(out / "results.json")
    assert sorted(path.name for path in out.iterdir()) == [
        "clips.csv", "predictions", "report.html", "report.md", "results.json", "traces",
    ]  # fmt: skip
    assert [method.name for method in said[1].checkpoints] == ["nano-random-1"]
    assert not (out / "predictions" / "nano-random-0").exists()


def test_a_file_that_does_not_say_its_model_is_told(tmp_path: Path) -> None:
    file = tmp_path / "somebody.pt"
    torch.save({"model": models.resolve("nano-random:4").state}, file)
    with pytest.raises(UserError, match="name the model"):
        load_methods([str(file)], "cpu")
    methods, _ = load_methods([str(file), "nano-base"], "cpu", "nano")
    assert [(method.name, method.model) for method in methods[:2]] == [("somebody", "nano"), ("nano-base", "nano")]


def test_names_differ_and_fit_files() -> None:
    assert benchmark._names(["nano-base", "runs/a", "runs/b/best.safetensors"]) == ["nano-base", "a", "best"]
    assert benchmark._names(["x/run", "y/run"]) == ["x-run", "y-run"]
    assert benchmark._names(["copy-first"]) == ["copy-first-1"]
    assert results.BOOTSTRAP_RESAMPLES >= 1000
