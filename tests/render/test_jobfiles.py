"""Job files for other farms: checked and run by what the farms' makers give out, against the drawing child."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from render import farm
from render.commit import WORK
from render.document import UserError
from render.farm import jobfiles
from render.farm.jobfiles import openjd
from render.verify import verify
from tests.render.fake_plan import PROGRAM, make_plan

VERB = Path(__file__).with_name("farm_verb.py")
OPENJD = Path(sys.executable).with_name("openjd")

needs_openjd = pytest.mark.skipif(not OPENJD.exists(), reason="openjd-cli is not installed")


@pytest.fixture
def python(tmp_path: Path) -> str:
    """Called as a node's Python is, with `-u -m heroprop VERB …`: the verbs, drawing in Blender's place."""
    path = tmp_path / "node's python"
    path.write_text(
        f'#!/bin/sh\n[ "$1 $2 $3" = "-u -m heroprop" ] || exit 99\nshift 3\n'
        f'echo "$@" >> "{tmp_path}/calls.txt"\nexec "{sys.executable}" -u "{VERB}" "$@"\n'
    )
    path.chmod(0o755)
    return str(path)


def calls(tmp_path: Path) -> list[str]:
    """What nodes were asked to do: verb and clips."""
    lines = (tmp_path / "calls.txt").read_text().splitlines()
    return [
        " ".join([line.split()[0], *([line.split("--clips ")[1].split()[0]] if "--clips" in line else [])])
        for line in lines
    ]


def run_openjd(*arguments: str | Path) -> tuple[int, str]:
    done = subprocess.run([OPENJD, *arguments], capture_output=True, text=True, check=False, timeout=300)
    return done.returncode, done.stdout + done.stderr


def step(bundle: Path, name: str, *more: str) -> tuple[int, str]:
    values = f"file://{bundle / 'parameters.json'}"
    return run_openjd("run", bundle / "template.json", "--step", name, "-p", values, *more)


@pytest.mark.parametrize(
    ("indices", "text"), [([], ""), ([4], "4"), ([0, 1, 2], "0-2"), ([0, 2, 3, 9, 10, 11], "0,2-3,9-11")]
)
def test_ranges_are_what_render_task_reads(indices: list[int], text: str) -> None:
    assert jobfiles.ranges(indices) == text
    assert not indices or farm.parse_clips(text) == indices


def test_only_what_is_due_is_ordered(tmp_path: Path) -> None:
    dataset = make_plan(tmp_path / "set", tmp_path / "told", clips=6, frames=1)
    assert jobfiles.order(dataset).due == tuple(range(6))
    farm.render_task(dataset, [0, 1, 4], program=PROGRAM)
    order = jobfiles.order(dataset)
    assert order.due == (2, 3, 4, 5), "clip 4 is whole but in no shard"
    assert order.tasks() == [[2, 3], [4, 5]]
    farm.render_task(dataset, range(6), program=PROGRAM)
    with pytest.raises(UserError, match="every clip is in a shard; there is nothing to render"):
        jobfiles.order(dataset)


def test_a_list_too_long_for_a_parameter_becomes_a_span(tmp_path: Path) -> None:
    order = jobfiles.Order(tmp_path, tuple(range(0, 2000, 2)), 8, "python")
    assert openjd.parameters(order, True)["Clips"] == "0-1998"


@needs_openjd
@pytest.mark.slow
@pytest.mark.parametrize("variant", ["chunked", "single"])
def test_openjd_accepts_the_templates(variant: str, tmp_path: Path) -> None:
    dataset = make_plan(tmp_path / "set", tmp_path / "told", clips=2, frames=1)
    openjd.write(jobfiles.order(dataset), tmp_path / "jobs")
    template = tmp_path / "jobs" / variant / "template.json"
    extensions = [] if variant == "chunked" else ["--extensions", ""]  # a farm that knows the base version alone
    code, said = run_openjd("check", template, *extensions)
    assert code == 0, said
    broken: dict[str, Any] = json.loads(template.read_text())
    broken["steps"][1]["dependencies"][0]["dependsOn"] = "Rendre"
    template.write_text(json.dumps(broken))
    assert run_openjd("check", template)[0] != 0, "the check can fail"


@needs_openjd
@pytest.mark.slow
def test_openjd_renders_a_dataset_in_chunks(python: str, tmp_path: Path) -> None:
    calm = make_plan(tmp_path / "calm", tmp_path / "told", clips=5, frames=2)
    farm.render(calm, program=PROGRAM, workers=1)
    dataset = make_plan(tmp_path / "a set", tmp_path / "told", clips=5, frames=2)
    files = openjd.write(jobfiles.order(dataset, python=python), tmp_path / "jobs")
    assert len(files) == 6
    code, said = step(tmp_path / "jobs" / "chunked", "Index", "--run-dependencies")
    assert code == 0, said
    asked = calls(tmp_path)
    assert asked[-1] == "index"
    assert all(call.startswith("render-task ") for call in asked[:-1])
    assert len(asked) == 4, "five clips, two a task"
    assert sorted(i for call in asked[:-1] for i in farm.parse_clips(call.split()[1])) == list(range(5))
    assert verify(dataset).problems == []
    for path in (calm / "shards").iterdir():
        assert (dataset / "shards" / path.name).read_bytes() == path.read_bytes()


@needs_openjd
@pytest.mark.slow
def test_openjd_after_a_failed_task(python: str, tmp_path: Path) -> None:
    """The index step is not reached; the tasks run again finish the job, and so does `heroprop index` by hand."""
    told = tmp_path / "told"
    dataset = make_plan(tmp_path / "set", told, clips=3, frames=1, clips_per_shard=1)
    (told / "mistake-clip-000001").touch()
    openjd.write(jobfiles.order(dataset, python=python), tmp_path / "jobs")
    bundle = tmp_path / "jobs" / "single"
    code, said = step(bundle, "Index", "--run-dependencies")
    assert code != 0
    assert "index" not in calls(tmp_path)
    assert not (dataset / "manifest.json").exists()
    assert farm.index(dataset).packed == 1, "what was rendered can be trained from"
    (told / "mistake-clip-000001").unlink()
    code, said = step(bundle, "Index", "--run-dependencies")
    assert code == 0, said
    assert calls(tmp_path)[-4:] == ["render-task 0", "render-task 1", "render-task 2", "index"]
    assert farm.index(dataset).packed == 3
    assert not list((dataset / WORK).glob("clip-*"))
