"""The command line as a whole: help without heavy imports, one-line errors, the environment it finds itself in."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import heroprop

VERBS = list(heroprop.VERBS)


def cli(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "heroprop", *arguments], capture_output=True, text=True, cwd=cwd, check=False
    )


def imported_by(*arguments: str) -> set[str]:
    """Top-level modules that a command line imports."""
    code = (
        "import sys, json, heroprop; sys.argv = ['heroprop', *sys.argv[1:]]\n"
        "try: heroprop.main()\n"
        "except SystemExit: pass\n"
        "print('\\n' + json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("arguments", [[], ["--help"], *([verb, "--help"] for verb in VERBS)])
def test_help_imports_neither_blender_nor_torch_nor_arrow(arguments: list[str]) -> None:
    assert not imported_by(*arguments) & {"bpy", "torch", "sam2", "pyarrow", "scipy", "numpy"}


def test_help_names_every_verb() -> None:
    shown = cli("--help").stdout
    assert all(f" {verb} " in shown for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str) -> None:
    done = cli(verb, "--help")
    assert done.returncode == 0
    assert f"heroprop {verb}" in done.stdout


def test_no_arguments_shows_help_and_fails() -> None:
    done = cli()
    assert done.returncode == 2
    assert "Usage" in done.stdout + done.stderr


def test_a_shadowed_package_is_named(tmp_path: Path) -> None:
    (tmp_path / "evaluate").mkdir()
    (tmp_path / "evaluate" / "__init__.py").write_text("")
    done = cli("evaluate", "--help", cwd=tmp_path)  # `python -m` puts the working folder first
    assert done.returncode == 2
    assert "the package 'evaluate' comes from" in done.stderr
    assert done.stderr.count("\n") == 1
