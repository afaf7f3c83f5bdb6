"""The benchmark: it plans what was asked for, splits all of the time, and compares like with like."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from blender_scenes.benchmark import compare, sets
from blender_scenes.benchmark.compare import Spent
from render.asset import Library
from render.document import UserError
from render.manifest import Dataset
from render.planning.recipe import Recipe, find_recipe
from tests.fake_dataset import make_dataset

FILM = {"width": 96, "height": 64, "frames": 3, "samples": 2}


@pytest.mark.parametrize("name", ["demo", "train"])
def test_a_recipe_is_planned_at_the_size_asked_for_and_else_as_it_is(name: str, tmp_path: Path) -> None:
    bench = compare.prepare(tmp_path, name, 3, FILM, 2)
    film = bench.spec.film
    assert (film.width, film.height, film.frames, film.samples) == (96, 64, 3, 2)
    asked, planned = Recipe.read_toml(find_recipe(name)), Recipe.read_toml(bench.recipe)
    assert planned.film == asked.film.model_copy(update=FILM)
    assert planned.model_copy(update={"film": asked.film}) == asked
    assert bench.threads == 2
    assert f"{bench.spec.targets[0].asset} (" in compare.told(bench.spec)


def test_a_mistake_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"film\.width"):
        compare.prepare(tmp_path, "demo", 1, FILM | {"width": 2}, None)
    command = [sys.executable, "-m", "blender_scenes.benchmark", "--blenderproc", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: --blenderproc: {tmp_path}: holds no package 'blenderproc'; see docs")
    assert done.stderr.count("\n") == 1


def test_sets_are_filmed_in_the_same_shot(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    asked = argparse.Namespace(recipe="demo", seed=2, width=64, height=36, samples=1)
    found = sets.shots(asked)
    assert next(iter(found)) == sets.REFERENCE
    assert {spec.stage.set for spec in found.values()} == set(Library.open().names("set"))
    alley = found[sets.REFERENCE]
    assert all(spec.model_copy(update={"stage": alley.stage}) == alley for spec in found.values())
    assert (alley.extras, alley.effects, len(alley.targets), alley.film.width) == ((), (), 1, 64)
    monkeypatch.setattr(sys, "argv", ["sets", "--recipe", "dmo"])
    with pytest.raises(SystemExit, match="2"):
        sets.main()
    assert "demo" in capsys.readouterr().err


@pytest.mark.slow
def test_a_set_costs_what_its_frames_take_after_the_first(tmp_path: Path) -> None:
    asked = argparse.Namespace(recipe="demo", seed=2, width=48, height=27, samples=1)
    spec = sets.shots(asked)["hangar"]
    asked = argparse.Namespace(threads=1, frames=2)
    times = sets._in_a_child(asked, spec)
    assert len(times) == 2
    assert min(times) > 0


def test_values_are_written_as_toml() -> None:
    data = {"a": {"b": [1, 2.5, 'x"y\\z\n'], "c": True, "d-e": {"f": []}}}
    assert tomllib.loads("a = " + compare._toml(data["a"])) == data


def test_what_the_first_frame_takes_more_is_told_apart() -> None:
    assert compare._calls([5.0, 1.0, 1.2, 1.1]) == pytest.approx({"first": 3.9, "render": 4.4})
    assert compare._calls([1.0, 2.0, 2.0]) == pytest.approx({"first": 0.0, "render": 5.0})
    assert compare._calls([2.0]) == pytest.approx({"first": 0.0, "render": 2.0})


def test_the_whole_is_all_steps_and_the_frames_are_what_each_frame_takes() -> None:
    spent = Spent({"start": 1.0, "build": 2.0, "first": 4.0, "render": 8.0, "encode": 16.0, "end": 32.0})
    assert spent.total == 63.0
    assert spent.frames == 24.0
    assert set(spent.seconds) <= set(compare.STEPS)


def test_masks_are_compared_in_the_most_blurred_frame(tmp_path: Path) -> None:
    data = Dataset.open(make_dataset(tmp_path / "d", clips=1, frames=5))
    half = np.stack([data.coverage("clip-000000", frame, 1) >= 128 for frame in range(5)])
    np.savez_compressed(tmp_path / "m.npz", half)
    same = compare._dither(data, tmp_path / "m.npz")
    assert same is not None
    assert same.iou == 1.0
    blur = data.attributes("clip-000000", 1)["blur_diameters"].astype(float)
    assert same.frame == int(np.nanargmax(blur))
    assert same.blur == np.nanmax(blur)
    thinned = half & (np.indices(half.shape).sum(axis=0) % 2 == 0)
    np.savez_compressed(tmp_path / "m.npz", thinned)
    dithered = compare._dither(data, tmp_path / "m.npz")
    assert dithered is not None
    assert dithered.iou == pytest.approx(0.5, abs=0.05)


@pytest.mark.slow
def test_it_measures_the_beauty_pass_and_heroprop(tmp_path: Path) -> None:
    """A tiny run: every moment of both processes is in one of the steps, and all steps that a frame has occur."""
    recipe = tmp_path / "tiny.toml"
    recipe.write_text('schema = 1\nname = "tiny"\n[stage]\nset = "courtyard"\nhdri = "hdri-studio"\n', encoding="utf-8")
    size = ["--width", "64", "--height", "48", "--frames", "2", "--samples", "1", "--threads", "1"]
    command = [sys.executable, "-m", "blender_scenes.benchmark", "--recipe", str(recipe), *size, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    (run,) = json.loads(done.stdout)
    assert set(run["beauty"]) == {"build", "first", "render", "rest", "end"}
    assert set(run["heroprop"]) == set(compare.STEPS)
    assert run["film"] == {"width": 64, "height": 48, "frames": 2, "samples": 1}
    assert all(seconds > 0 for step, seconds in run["heroprop"].items() if step not in ("first", "rest"))
    assert run["ratio"] == pytest.approx(sum(run["heroprop"].values()) / sum(run["beauty"].values()))
    assert run["blenderproc"] is None
    assert run["without_blenderproc"] == "not asked for (--blenderproc FOLDER)"
