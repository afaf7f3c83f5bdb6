"""Views: clips picked by what was measured, splits by what is seen, read like any dataset; conditions that are none."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from render.dataset.select import select
from render.dataset.where import Where
from render.document import UserError
from render.manifest import Dataset
from tests.fake_dataset import make_dataset

NAMES = ["occlusion", "speed_px", "present", "label", "frame"]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_dataset(tmp_path_factory.mktemp("select") / "set", clips=8, frames=6, size=(48, 32), objects=2)


def test_a_condition_picks_what_was_measured(dataset: Path) -> None:
    data = Dataset.open(dataset)
    found = select(dataset, "hidden", "occlusion > 0.1 and speed_px >= 1", least_frames=2)
    view = Dataset.open(found.path)
    expected = []
    for clip in data.clips():
        met = np.zeros(6, bool)
        for i in data.objects(clip):
            rows = data.attributes(clip, i)
            met |= (rows["occlusion"] > 0.1) & (rows["speed_px"] >= 1)
        if met.sum() >= 2:
            expected.append(clip)
    assert 0 < len(expected) < 8
    assert view.clips() == expected
    assert np.array_equal(view.rgb(expected[0], 0), data.rgb(expected[0], 0))
    assert sum(found.clips.values()) == len(expected)
    with pytest.raises(UserError, match="has no clip"):
        view.rgb(next(clip for clip in data.clips() if clip not in expected), 0)
    assert pickle.loads(pickle.dumps(view)).clips() == expected, "workers open the view, not the whole"


def test_no_shard_is_touched(dataset: Path) -> None:
    before = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in (dataset / "shards").iterdir()}
    manifest = (dataset / "manifest.json").read_bytes()
    select(dataset, "some", "label == 'hammer'")
    assert {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in (dataset / "shards").iterdir()} == before
    assert (dataset / "manifest.json").read_bytes() == manifest


def test_holding_out_splits_anew(dataset: Path) -> None:
    data = Dataset.open(dataset)
    view = Dataset.open(select(dataset, "unseen", hold_out=["asset=hammer"]).path)
    assert len(view.clips()) == 8
    for clip in data.clips():
        shows = any(target["asset"] == "hammer" for target in data.spec(clip)["targets"])
        assert (clip in view.clips("test")) == shows
    kept = set(data.clips("val")) - set(view.clips("test"))
    assert kept <= set(view.clips("val"))


def test_a_view_of_a_view(dataset: Path) -> None:
    first = select(dataset, "one", "label == 'hammer'")
    second = select(first.path, "two", "split == 'train'")
    whole = set(Dataset.open(first.path).clips("train"))
    assert set(Dataset.open(second.path).clips()) == whole


def test_a_view_of_another_dataset_is_refused(dataset: Path, tmp_path: Path) -> None:
    path = select(dataset, "mine").path
    told = json.loads(path.read_text())
    told["plan"]["seed"] = 99
    path.write_text(json.dumps(told))
    with pytest.raises(UserError, match="is a view of another dataset; select again"):
        Dataset.open(path)
    told["plan"]["seed"] = 7
    told["splits"]["train"].append("clip-000099")
    path.write_text(json.dumps(told))
    with pytest.raises(UserError, match="clip-000099 is not in the dataset any more"):
        Dataset.open(path)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is not a condition"),
        ("occlusion >", "is not a condition"),
        ("oclusion > 1", "no attribute 'oclusion'; did you mean 'occlusion'?"),
        ("__import__('os')", "is not allowed"),
        ("occlusion.real > 1", "is not allowed"),
        ("[occlusion]", "is not allowed"),
        ("occlusion[0] > 1", "is not allowed"),
        ("(lambda: 1)() > 0", "is not allowed"),
        ("occlusion ** 99999 > 1", "is not allowed"),
        ("occlusion is 1", "compare by"),
        ("label in occlusion", "`in` needs a list"),
        ("(" * 5000, "is not a condition"),
    ],
)
def test_what_is_no_condition(text: str, problem: str) -> None:
    with pytest.raises(UserError, match="--where") as error:
        Where(text, NAMES)
    assert problem in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["label > 3", "label", "occlusion == 'x'", "label + 1 == 2", "not label"])
def test_texts_and_numbers_do_not_mix(text: str) -> None:
    where = Where(text, NAMES)
    values = {"occlusion": np.zeros(3), "label": "hammer", "speed_px": np.ones(3), "present": np.ones(3, bool)}
    with pytest.raises(UserError, match="text"):
        where(values, 3)


@settings(deadline=None)
@given(
    st.lists(st.floats(-5, 5) | st.just(float("nan")), min_size=1, max_size=20),
    st.floats(-5, 5),
    st.sampled_from(["<", "<=", ">", ">=", "==", "!="]),
)
def test_what_is_not_measured_meets_no_condition(measured: list[float], bound: float, sign: str) -> None:
    values = {"occlusion": np.array(measured)}
    held = Where(f"occlusion {sign} {bound!r}", NAMES)(values, len(measured))
    expected = [not np.isnan(x) and bool(eval(f"{x!r} {sign} {bound!r}")) for x in measured]
    assert held.tolist() == expected


def test_and_or_not_chains_and_lists() -> None:
    values = {"occlusion": np.array([0.0, 0.3, 0.9]), "label": "shield", "present": np.array([True, False, True])}

    def held(text: str) -> list[bool]:
        return Where(text, NAMES)(values, 3).tolist()

    assert held("0.1 < occlusion < 0.5 or present") == [True, True, True]
    assert held("not present") == [False, True, False]
    assert held("label in ('hammer', 'shield') and occlusion >= .3") == [False, True, True]
    assert held("label not in ('shield',)") == [False, False, False]
    assert held("occlusion * 2 - 0.1 > 0.4") == [False, True, True]
    assert held("True") == [True, True, True]
    assert held("occlusion / 0 > 1") == [False, True, True], "division by zero is infinite or nothing, no crash"


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"name": "../up"}, "--name: '../up' is no name"),
        ({"name": ""}, "--name: '' is no name"),
        ({"name": "a", "where": "occlusion > 2"}, "no clip meets 'occlusion > 2'"),
        ({"name": "a", "hold_out": ["sett=alley"]}, "no fact 'sett'; did you mean 'set'?"),
        ({"name": "a", "hold_out": ["set"]}, "write e.g. set=desert-ruin"),
    ],
)
def test_mistakes_are_one_line(dataset: Path, options: dict[str, object], problem: str) -> None:
    with pytest.raises(UserError) as error:
        select(dataset, **options)  # type: ignore[arg-type]
    assert problem in str(error.value)
