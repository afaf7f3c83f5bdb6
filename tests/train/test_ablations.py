"""The ablation table: what an arm is, and how arms are compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from render.manifest import Dataset
from train.benchmarks.ablations import ARMS, REFERENCE, changed, clips_of, compare, serves
from train.config import read_config


def test_arms_differ_in_what_they_name_alone() -> None:
    recipe = read_config(Path("nano-demo"))
    reference = changed(recipe, ARMS[REFERENCE], 7, seed=3).model_dump()
    assert (reference["steps"], reference["seed"]) == (7, 3)
    for arm, changes in ARMS.items():
        found = changed(recipe, changes, 7, seed=3).model_dump()
        differing = {key for key in found if found[key] != reference[key]}
        assert differing == ({"steps", "stages"} if "stages" in changes else set(changes)), arm
    stages = changed(recipe, ARMS["curriculum: easier windows first"], 7, seed=3).stages
    assert [stage.steps for stage in stages] == [3, 4]


def test_differences_are_of_the_same_clips_and_means_over_seeds() -> None:
    start = {"clip-000001/1": 0.2, "clip-000002/1": 0.6}
    found = {
        REFERENCE: [{"clip-000001/1": 0.3, "clip-000002/1": 0.7}, {"clip-000001/1": 0.5, "clip-000002/1": 0.9}],
        "other": [{"clip-000002/1": 0.7, "clip-000001/1": 0.3}] * 2,
    }
    reference, other = compare(start, found)
    assert reference.jf.value == pytest.approx(0.6)
    assert reference.over_start.value == pytest.approx(0.2)
    assert (reference.over_start.low, reference.over_start.high) == pytest.approx((0.2, 0.2)), "equal in both clips"
    assert reference.over_reference.value == 0
    assert other.over_reference.value == pytest.approx(-0.1)


def test_arms_need_what_the_dataset_may_not_hold(dataset: Path) -> None:
    data = Dataset.open(dataset)
    assert [arm for arm in ARMS if not serves(arm, data)] == ["without twins", "effects dialled"]
    assert {clip.name.partition("/")[0] for clip in clips_of(data)} == set(data.clips("val")) | set(data.clips("test"))
