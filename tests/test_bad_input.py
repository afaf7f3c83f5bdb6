"""The bad-input table: the mistakes people make with each verb, and the one line that each gets.

A row is (arguments, what the line must say); `{here}` is a folder of prepared files. Every package's `bad_input.py`
adds its own rows, and `prepare(here)` where they need more than `file.txt`.
"""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

Row = tuple[list[str], str]

ROWS: list[Row] = [
    (["rendr"], "no verb 'rendr'; did you mean 'render'?"),
    (["plan"], "Missing argument"),
    (["plan", "demo", "--seed", "-1"], "Invalid value for '--seed'"),
    (["plan", "demo", "--out", "{here}/set", "--clip", "3"], "No such option: --clip"),
    (["plan", "demo", "--out", "{here}/set", "--clips", "many"], "Invalid value for '--clips'"),
    (["demo", "--workers", "0"], "Invalid value for '--workers'"),
    (["demo", "--out", "{here}/file.txt/demo"], "is a file, not a folder"),
    (["assets", "preview", "hamer"], "did you mean 'hammer'?"),
    (["assets", "check", "{here}/nothing"], "nothing"),
    (["assets", "chek"], "No such command 'chek'"),
]

PACKAGES = [importlib.import_module(f"tests.{name}.bad_input") for name in ("blender_scenes", "render", "train")]


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the rows point at."""
    here = tmp_path_factory.mktemp("bad")
    (here / "file.txt").write_text("not what you think")
    for package in PACKAGES:
        if hasattr(package, "prepare"):
            package.prepare(here)
    return here


@pytest.mark.parametrize(
    ("arguments", "line"),
    [*ROWS, *(row for package in PACKAGES for row in package.ROWS)],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else "",
)
def test_one_line_and_exit_code_2(arguments: list[str], line: str, prepared: Path) -> None:
    before = sorted(prepared.rglob("*"))
    done = subprocess.run(
        [sys.executable, "-m", "heroprop", *(argument.replace("{here}", str(prepared)) for argument in arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    errors = [text for text in done.stderr.splitlines() if text.startswith("error: ")]
    assert len(errors) == 1, done.stderr
    assert line in errors[0]
    if arguments[0] not in ("demo", "assets"):  # these say what they have come to
        assert done.stderr.count("\n") == 1, done.stderr
    assert sorted(prepared.rglob("*")) == before, "a mistake left something behind"
