"""Recipes: schedules, twins and sweeps, the built-in ones, the page that explains them, and plans that never change."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from render.asset import Library
from render.document import UserError, nearest
from render.planning.draws import Number, Pick, Rising
from render.planning.plan import make_plan
from render.planning.recipe import Recipe, find_recipe
from render.planning.summary import summarise, tables
from render.planning.sweeps import groups
from render.spec import ClipSpec, twin
from render.streams import Stream
from tests.render.fake_library import fake_library

ROOT = Path(__file__).parents[2]
BUILT_IN = sorted(path.stem for path in (ROOT / "render" / "planning" / "recipes").glob("*.toml"))
PLAIN = {"schema": 1, "name": "plain", "film": {"frames": 24, "width": 160, "height": 90}}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return fake_library(tmp_path_factory.mktemp("made-up"))


def test_a_name_that_nothing_is_near_is_told_some_of_what_there_is() -> None:
    assert nearest("zebra", ["b", "a"]) == "; known: a, b"
    many = [f"clip-{n:06d}" for n in range(1234)]
    told = nearest("0-15", many)
    assert told.startswith("; known: clip-000000, clip-000001, ")
    assert told.endswith("clip-000049 and 1,184 more")


def recipe(**parts: Any) -> Recipe:
    return Recipe.parse(PLAIN | parts, "test")


def test_numbers_go_along_their_schedule() -> None:
    number = Number.model_validate({"schedule": [[0, 1], [0.5, {"uniform": [2, 4]}], [1, {"uniform": [4, 4]}]]})
    assert number.draw(Stream(1, 0, "x", share=0.0)) == 1
    assert number.draw(Stream(1, 0, "x", share=1.0)) == 4
    x = Stream(1, 0, "x").random()
    assert number.draw(Stream(1, 0, "x", share=0.5)) == pytest.approx(2 + 2 * x)
    assert number.draw(Stream(1, 0, "x", share=0.75)) == pytest.approx((2 + 2 * x + 4) / 2)
    by_clip = Number.model_validate({"schedule": [[10, 0], [20, 1]], "by": "clip"})
    assert [by_clip.draw(Stream(1, clip, "x")) for clip in (0, 10, 15, 99)] == [0, 0, 0.5, 1]
    assert number.bounds() == (1, 4)


@given(st.floats(0, 1), st.integers(0, 1000))
def test_schedules_keep_to_what_they_lie_between(share: float, clip: int) -> None:
    number = Number.model_validate({"schedule": [[0.2, {"uniform": [0, 1]}], [0.8, {"loguniform": [2, 8]}]]})
    assert 0 <= number.draw(Stream(3, clip, "x", share=share)) <= 8
    rising = Rising(schedule=((0.2, 0.1), (0.8, 0.9)))
    assert 0.1 <= rising.at(Stream(3, clip, "x", share=share)) <= 0.9 + 1e-12


def test_choices_and_chances_have_schedules_too() -> None:
    pick = Pick.model_validate({"schedule": [[0, "a"], [1, ["b", "c"]]]})
    drawn = {
        share: [pick.draw(Stream(1, i, "x", share=share), ["a", "b", "c"]) for i in range(60)] for share in (0, 0.5, 1)
    }
    assert set(drawn[0]) == {"a"}
    assert set(drawn[1]) == {"b", "c"}
    assert 15 < drawn[0.5].count("a") < 45
    assert pick.named == ("a", "b", "c")
    assert Number(choice=(1, 5), weights=(0, 1)).draw(Stream(1, 0, "x")) == 5


def test_a_curriculum_in_one_recipe(library: Library) -> None:
    rising = recipe(
        clips=40,
        motion={"speed": {"schedule": [[0, 0.03], [1, 0.3]]}},
        occlusion={"chance": {"schedule": [[0, 0.0], [0.5, 0.0], [1, 1.0]]}},
        distractors={"chance": 0},
    )
    specs = make_plan(rising, library, 40, 1)
    assert not any(extra.role == "occluder" for spec in specs[:20] for extra in spec.extras)
    assert any(spec.extras for spec in specs[20:])
    assert make_plan(rising, library, 3, 1) == specs[:3]  # a shorter plan is the beginning of a longer one


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        (
            {"effects": {"glow": {"schedule": [[0, 0], [2, 1]]}}},
            "effects.glow: schedule: places are shares of the dataset",
        ),
        (
            {"motion": {"speed": {"schedule": [[1, 0.1], [0, 1]]}}},
            "motion.speed: schedule: [[place, value], ..] with rising",
        ),
        (
            {"motion": {"speed": {"schedule": [[0, {"uniform": [1, 0]}]]}}},
            "motion.speed.schedule.0.1: [1, 0]: the second",
        ),
        ({"motion": {"speed": {"choice": []}}}, "motion.speed.choice: "),
        ({"motion": {"speed": 0}}, "motion: speed: must be above 0"),
        ({"target": {"wear": 2}}, "target: wear: between 0 and 1, not 2 to 2"),
        ({"camera": {"focal_mm": 3}}, "camera: focal_mm: between 8 and 400"),
        ({"twins": ["effects", "effects"]}, "twins: names a factor twice"),
        ({"sweep": [{"vary": {"motion.sped": [1]}}]}, "sweep.0.vary: no key 'motion.sped'; did you mean 'speed'?"),
        ({"sweep": [{"vary": {"film.frames": [0]}}]}, "sweep.0.vary: film.frames: Input should be greater"),
        ({"sweep": [{"vary": {"clips.x": [0]}}]}, "sweep.0.vary: 'clips.x' goes deeper than the recipe's keys"),
        ({"sweeps": []}, "sweeps: unknown key; did you mean 'sweep'?"),
    ],
)
def test_bad_schedules_and_sweeps_say_what_is_wrong(parts: dict[str, Any], problem: str) -> None:
    with pytest.raises(UserError) as caught:
        recipe(**parts)
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


BUSY = {
    "effects": {"lightning": 1, "trail": 1},
    "target": {"charged": 1},
    "occlusion": {"chance": 1, "kind": "static"},
    "distractors": {"chance": 1},
}


def test_twins_are_clips_of_the_same_plan(library: Library) -> None:
    asked = recipe(twins=["effects", "blur", "distractors"], **BUSY)
    specs = make_plan(asked, library, 12, 4)
    assert [spec.index for spec in specs] == list(range(12))
    for first in range(0, 12, 4):
        original, *others = specs[first : first + 4]
        assert original.twin_of is None
        for number, (factor, other) in enumerate(zip(asked.twins, others, strict=True), 1):
            named = {"clip": f"clip-{first + number:06d}", "index": first + number}
            assert other == twin(original, factor).model_copy(update=named)
            assert (other.twin_of, other.twin_factor, other.split) == (original.clip, factor, original.split)
    assert specs[0].effects
    assert not specs[1].effects
    assert specs[2].film.shutter_degrees == 0


def test_a_sweep_changes_what_it_varies_alone(library: Library) -> None:
    sweep = {"vary": {"motion.speed": [0.05, 0.2], "film.shutter_degrees": [0, 180]}}
    asked = recipe(twins=["effects"], sweep=[sweep], **BUSY)
    assert [len(group) for group in groups(asked.twins, asked.sweep)] == [2, 4]
    specs = make_plan(asked, library, 12, 4)
    slow, slow_blurred, fast, _ = specs[2:6]
    assert {spec.twin_of for spec in specs[3:6]} == {"clip-000002"}
    assert fast.twin_factor == "motion.speed=0.2, film.shutter_degrees=0"
    same = {"clip": "", "index": 0, "twin_of": None, "twin_factor": None, "film": slow.film}
    assert slow.model_copy(update=same) == slow_blurred.model_copy(update=same)
    assert (slow.film.shutter_degrees, slow_blurred.film.shutter_degrees) == (0, 180)
    for part in ("seed", "stage", "look", "split"):
        assert getattr(slow, part) == getattr(fast, part)
    assert (slow.targets[0].asset, slow.targets[0].motion) == (fast.targets[0].asset, fast.targets[0].motion)
    assert slow.targets[0].spin.base == fast.targets[0].spin.base
    assert slow.targets[0].curve != fast.targets[0].curve
    assert slow.camera.focal_mm == fast.camera.focal_mm


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_recipes_plan(name: str, library: Library) -> None:
    text = find_recipe(name).read_text(encoding="utf-8")
    data = tomllib.loads(text)
    assert data["name"] == name
    data.pop("held_out", None)  # the made-up library has none of these
    for part in ("stage", "target"):
        data.get(part, {}).pop("set", None)
    data.get("occlusion", {}).pop("asset", None)
    specs = make_plan(Recipe.parse(data, name), library, 3, 1)
    assert all(len(spec.targets) >= 1 for spec in specs)


def test_lessons_get_harder(library: Library) -> None:
    found = []
    for number in range(1, 5):
        asked = Recipe.read_toml(find_recipe(f"curriculum-{number}"))
        speed = asked.motion.speed
        assert speed is not None
        low, high = speed.bounds()
        chance = (asked.occlusion.chance, asked.distractors.chance)
        found.append((low, high, asked.camera.prop_share.bounds()[0], *chance))
    for easier, harder in pairwise(found):
        assert harder[0] > easier[0]
        assert harder[1] > easier[1]
        assert harder[2] < easier[2]
        assert harder[3] > easier[3]
        assert harder[4] > easier[4]


def test_the_same_seed_gives_the_same_plan_for_good(library: Library) -> None:
    """Draws, geometry and rounding are in it. A change here changes every plan: the schema's version must go up."""
    asked = recipe(
        clips=6,
        stage={"time": "day"},
        motion={"kind": ["linear", "ricochet", "swing"], "speed": {"loguniform": [0.05, 0.3]}},
        camera={"move": ["locked", "handheld"]},
        effects=dict.fromkeys(("lightning", "glow", "arcs", "trail", "embers", "burst"), 0.0)
        | dict.fromkeys(("sparks", "flash", "shockwave", "debris"), 0.0),
        occlusion={"chance": 0},
        distractors={"chance": 0},
    )
    drawn: list[object] = []
    for spec in make_plan(asked, library, 6, 11):
        target, camera, film = spec.targets[0], spec.camera, spec.film
        drawn += [spec.stage.set, spec.stage.hdri_yaw, film.shutter_degrees, film.exposure, camera.focal_mm]
        drawn += [target.asset, target.finish, target.motion, target.curve.canonical(), target.spin.canonical()]
        drawn += [camera.move, camera.position.canonical(), camera.look_at.canonical()]
    assert hashlib.sha256(repr(drawn).encode()).hexdigest()[:16] == GOLDEN


GOLDEN = "5b4ce6bd8b07165e"


def test_a_plan_says_what_is_in_it(library: Library) -> None:
    specs = make_plan(recipe(**BUSY), library, 10, 2)
    summary = summarise(specs, library)
    assert summary.clips == summary.predicted_clips == 10
    assert sum(summary.counts["motion"].values()) == sum(len(spec.targets) for spec in specs)
    assert summary.counts["split"] == {"train": 8, "test": 1, "val": 1}
    speeds = summary.spreads["speed (diameters a frame)"]
    assert list(speeds.quantiles) == sorted(speeds.quantiles)
    assert speeds.count == 10
    assert all(len(row) == len(columns) for _, columns, rows in tables(summary) for row in rows)
    assert summary.spreads["hidden at most (share of the target)"].quantiles[-1] > 0.2


def keys(model: type[BaseModel], before: str = "") -> Iterator[tuple[str, Any]]:
    """Every key of a recipe by its dotted name, and its default."""
    for name, field in model.model_fields.items():
        path = before + (field.alias or name)
        part = field.annotation
        if isinstance(part, type) and issubclass(part, BaseModel) and part not in (Number, Pick):
            yield from keys(part, path + ".")
        else:
            yield path, field.get_default(call_default_factory=True)


def written(default: Any) -> str:
    """A default as a recipe would say it."""
    if isinstance(default, Number):
        if default.uniform is not None and default.uniform[0] == default.uniform[1]:
            return written(default.uniform[0])
        kinds = ("uniform", "loguniform", "normal", "choice", "weights", "clip")
        given = [(kind, getattr(default, kind)) for kind in kinds if getattr(default, kind) is not None]
        return "{ " + ", ".join(f"{kind} = {written(value)}" for kind, value in given) + " }"
    if isinstance(default, Pick):
        if default.weights is not None:
            return f"{{ choice = {written(default.choice)}, weights = {written(default.weights)} }}"
        return written(default.choice[0] if len(default.choice) == 1 else default.choice)
    if isinstance(default, tuple):
        return "[" + ", ".join(map(written, default)) + "]"
    if isinstance(default, str):
        return f'"{default}"'
    if isinstance(default, bool):
        return str(default).lower()
    return f"{default:g}" if isinstance(default, (int, float)) else str(default)


def test_the_page_names_every_key_with_its_default() -> None:
    page = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([a-z0-9_.]+)` \| `?([^|`]*)`? \|", page.split("## Every key")[1], re.MULTILINE))
    expected = {path: written(default) for path, default in keys(Recipe)}
    assert rows == {path: "required" if "Undefined" in text else text for path, text in expected.items()}


def test_every_example_of_the_page_is_a_recipe() -> None:
    page = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    assert len(blocks) >= 3
    for block in blocks:
        data = tomllib.loads(block)
        Recipe.parse({"schema": 1, "name": "example"} | data, "docs/recipes.md")


def test_specs_of_a_plan_are_whole(library: Library) -> None:
    for spec in make_plan(recipe(**BUSY), library, 3, 5):
        assert ClipSpec.model_validate_json(spec.canonical()) == spec
