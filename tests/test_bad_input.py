"""The bad-input table: every verb, the mistakes people make, and the one line that each gets.

Each row is (arguments, what the line must say). `{here}` is a folder of prepared files: see `prepared`.
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent
Row = tuple[list[str], str]

ROWS: list[Row] = [
    (["rendr"], "no verb 'rendr'; did you mean 'render'?"),
    (["plan"], "Missing argument"),
    (["plan", "demo"], "Missing option '--out'"),
    (["plan", "demo", "--out", "{here}/set", "--clip", "3"], "No such option: --clip"),
    (["plan", "demo", "--out", "{here}/set", "--clips", "many"], "'many' is not a valid integer"),
    (["demo", "--workers", "0"], "0 is not in the range x>=1"),
    (["demo", "--out", "{here}/file.txt/demo"], "a part of this path is a file, not a folder"),
]


def modules() -> list[Any]:
    """Each package's `bad_input.py`: ROWS, and `prepare(here)` where they point at more than a text file."""
    found = []
    for path in sorted(ROOT.glob("*/bad_input.py")):
        spec = importlib.util.spec_from_file_location(f"bad_input_{path.parent.name}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found.append(module)
    return found


def collected() -> list[Row]:
    """The rows above and those of each package."""
    return [*ROWS, *(row for module in modules() for row in module.ROWS)]


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the rows point at."""
    here = tmp_path_factory.mktemp("bad")
    (here / "file.txt").write_text("not what you think")
    for module in modules():
        if hasattr(module, "prepare"):
            module.prepare(here)
    return here


@pytest.mark.parametrize(("arguments", "line"), collected(), ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else "")
def test_one_line_and_exit_code_2(arguments: list[str], line: str, prepared: Path) -> None:
    before = sorted(prepared.rglob("*"))
    filled = [argument.replace("{here}", str(prepared)) for argument in arguments]
    done = subprocess.run(
        [sys.executable, "-m", "heroprop", *filled],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    errors = [text for text in done.stderr.splitlines() if text.startswith("error: ")]
    assert len(errors) == 1, done.stderr
    assert line.replace("{here}", str(prepared)) in errors[0]
    assert sorted(prepared.rglob("*")) == before, "a mistake left something behind"
