"""A studio's own Blender in place of the bpy module: command line, packages, words for what is wrong, a real clip."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import blender_scenes.launch as launch
from render.cli import app
from render.document import UserError
from render.farm import Setup, machine
from render.manifest import Dataset
from tests.render.stand_in_blender import executable
from tests.render.test_farm import alive
from tests.render.test_kill import labels, rendered

REAL = shutil.which("blender")


@pytest.fixture(scope="module")
def blender(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return executable(tmp_path_factory.mktemp("studio"))


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_the_command_line_is_the_one_for_farms() -> None:
    command = Setup(blender=Path("/opt/blender/blender"), packages=Path("/opt/site")).command("clip", "spec.json")
    assert command[:7] == [
        "/opt/blender/blender", "-b", "--factory-startup", "--disable-autoexec", "--python-exit-code", "1", "-P",
    ]  # fmt: skip
    assert Path(command[7]).name == "launch.py"
    assert Path(command[7]).is_file()
    assert command[8:11] == ["--", "--parent", str(os.getpid())]
    root = str(Path(launch.__file__).parents[1])
    assert command[11:] == ["--path", "/opt/site", "--path", root, "--", "clip", "spec.json"], "ours last"


def test_options_for_nodes_hold_everything() -> None:
    setup = Setup(3, (Path("/my assets"),), 60.0, "gpu", Path("/opt/blender"), Path("/opt/site"))
    assert setup.options() == [
        "--workers", "3", "--timeout", "60", "--device", "gpu", "--assets", "/my assets",
        "--blender", "/opt/blender", "--blender-packages", "/opt/site",
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("wrapped", [False, True], ids=["program", "wrapper script"])
def test_a_real_clip_has_the_labels_that_the_module_gives_it(wrapped: bool, tmp_path: Path) -> None:
    blender = executable(tmp_path / "studio", wrapped)
    calm, dataset = rendered(tmp_path / "calm"), rendered(tmp_path / "other")
    if not wrapped:
        assert run("render", calm, "--workers", 2, "--device", "cpu").exit_code == 0
    only = [] if not wrapped else ["--only", "clip-000000"]
    done = run("render", dataset, "--workers", 2, "--blender", blender, "--device", "cpu", *only)
    assert done.exit_code == 0, done.output
    if not wrapped:
        assert labels(dataset) == labels(calm)
    data = Dataset.open(dataset)
    assert data.manifest.blender == "Blender 4.5.15"
    told = run("index", dataset, "--json")
    assert told.exit_code == (1 if wrapped else 0)
    assert Dataset.open(dataset).manifest.blender == "Blender 4.5.15", "as rendered, not as indexed"


@pytest.mark.slow
def test_assets_are_checked_in_it(blender: Path) -> None:
    from blender_scenes.cli import app as assets
    from render.asset import asset_folders

    good = asset_folders(None)[0]
    done = CliRunner().invoke(assets, ["check", str(good), "--blender", str(blender)])
    assert done.exit_code == 0, done.output
    assert "all good" in done.output


@pytest.mark.slow
def test_missing_packages_are_one_line(blender: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"its Python can't import pydantic: No module named 'pydantic'; install") as e:
        machine.look(Setup(blender=blender, packages=tmp_path))
    assert "--blender-packages DIR" in str(e.value)
    assert "\n" not in str(e.value)
    wrong = tmp_path / "pydantic"
    wrong.mkdir()
    (wrong / "__init__.py").write_text("from . import _compiled")
    (wrong / "_compiled.cpython-312-x86_64-linux-gnu.so").touch()
    with pytest.raises(UserError, match=r"can't import pydantic: .*\(is it built for cpython-311"):
        machine.look(Setup(blender=blender, packages=tmp_path))


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("#!/bin/sh\necho Segmentation fault >&2\nexit 139\n", r"blender: did not run our script .*Segmentation fault"),
        ("#!/bin/sh\necho Blender 4.5; exit 0\n", r"blender: did not run our script \(exit code 0\): Blender 4.5"),
        ("not a program", "blender: can't be started: Exec format error"),
        ("#!/bin/sh\necho '{\"answer\": 42}'\n", r'did not say what it is, but {"answer": 42}'),
    ],
)
def test_a_program_that_is_no_blender_is_one_line(script: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "blender"
    path.write_text(script)
    path.chmod(0o755)
    with pytest.raises(UserError, match=said) as error:
        machine.look(Setup(blender=path))
    assert "\n" not in str(error.value)


def test_wrong_options_are_refused(tmp_path: Path) -> None:
    for options, said in {
        ("--blender", tmp_path / "nowhere"): "is not a program",
        ("--blender-packages", tmp_path): "add --blender PATH",
        ("--blender", sys.executable, "--blender-packages", tmp_path / "nowhere"): "is not a folder",
    }.items():
        result = run("render-task", tmp_path, "--clips", "0", *options)
        assert said in str(result.exception), options


def test_versions_are_judged() -> None:
    assert launch.blender_fault((4, 5, 3)) == ""
    assert launch.blender_fault((5, 0, 1)) == "this is Blender 5.0.1; heroprop needs Blender 4.5"
    assert launch.python_fault((3, 11)) == ""
    assert launch.python_fault((3, 10)) == (
        "its Python is 3.10, and heroprop's packages are for 3.11, that of Blender 4.5"
    )


@pytest.mark.slow
@pytest.mark.skipif(REAL is None, reason="no Blender program is installed")
def test_a_real_blender_program_runs_our_script() -> None:
    """Whatever its version: arguments, exit code and packages reach it, and it says what it is, or why it won't do."""
    assert REAL is not None
    setup = Setup(blender=Path(REAL))
    version = subprocess.run([REAL, "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    if version.startswith("4.5."):
        assert machine.look(setup).blender == f"Blender {version}"
        return
    with pytest.raises(UserError) as error:
        machine.look(setup)
    assert str(error.value) in (
        f"{REAL}: this is Blender {version}; heroprop needs Blender 4.5",
        f"{REAL}: {launch.python_fault(_python_of(REAL))}",
    )
    child = subprocess.run(setup.command("about"), stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert child.returncode == 2


def _python_of(blender: str) -> tuple[int, int]:
    tell = "import sys, json; print(json.dumps(list(sys.version_info[:2])))"
    said = subprocess.run([blender, "-b", "--python-expr", tell], capture_output=True, text=True, check=True).stdout
    major, minor = json.loads(next(line for line in said.splitlines() if line.startswith("[")))
    return major, minor


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("wrapped", [False, True], ids=["program", "wrapper script"])
def test_no_blender_outlives_a_killed_parent(wrapped: bool, tmp_path: Path) -> None:
    blender = executable(tmp_path / "studio", wrapped)
    dataset = rendered(tmp_path / "set")
    code = (
        "import sys; from pathlib import Path; from render.farm import Setup, render; "
        "render(Path(sys.argv[1]), Setup(workers=1, blender=Path(sys.argv[2]), device='cpu'))"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(dataset), str(blender)])
    try:
        deadline = time.monotonic() + 120
        while not list(dataset.glob("work/*/scratch")):  # Blender is at work
            assert time.monotonic() < deadline
            assert parent.poll() is None
            time.sleep(0.02)
        children = _descendants(parent.pid)
    finally:
        parent.kill()
        parent.wait()
    assert len(children) >= 1 + wrapped
    deadline = time.monotonic() + 15
    while any(alive(child) for child in children):
        assert time.monotonic() < deadline, "Blender outlived its parent"
        time.sleep(0.05)


def _descendants(parent: int) -> list[int]:
    found = [int(c) for task in Path(f"/proc/{parent}/task").glob("*/children") for c in task.read_text().split()]
    return found + [grandchild for child in found for grandchild in _descendants(child)]
