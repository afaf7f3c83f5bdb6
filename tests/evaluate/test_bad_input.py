"""Every mistake of `bad_input.CASES` ends with its one-line error and exit code 2, and leaves nothing behind."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import imageio.v3 as iio
import numpy as np
import pytest

import heroprop

TESTS = Path(__file__).parents[1]


def load(path: Path) -> ModuleType:
    """A helper module beside the tests, by path (the tests are no package)."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


CASES = load(Path(__file__).parent / "bad_input.py").CASES


@pytest.fixture(scope="module")
def things(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    home = tmp_path_factory.mktemp("bad")
    load(TESTS / "fake_dataset.py").make_dataset(home / "data", clips=2, frames=3, splits=("train", "test"))
    (home / "folder").mkdir()
    frames = np.random.default_rng(0).integers(0, 255, (3, 120, 160, 3), np.uint8)
    for index, frame in enumerate(frames):
        iio.imwrite(home / "folder" / f"{index}.png", frame)
    iio.imwrite(home / "video.mp4", frames, plugin="pyav", codec="libx264", fps=24)
    (home / "text.mp4").write_text("this is no film\n" * 20)
    iio.imwrite(home / "mask.png", np.zeros((120, 160), np.uint8))
    iio.imwrite(home / "small.png", np.full((60, 80), 255, np.uint8))
    (home / "prompts.toml").write_text("[[prompt]]\nobjct = 1\nbox = [1, 2, 3, 4]\n")
    (home / "full").mkdir()
    (home / "full" / "notes.txt").write_text("mine")
    (home / "taken.pt").write_bytes(b"someone's weights")
    return {
        "data": home / "data",
        "video": home / "video.mp4",
        "folder": home / "folder",
        "text": home / "text.mp4",
        "mask": home / "mask.png",
        "small": home / "small.png",
        "prompts": home / "prompts.toml",
        "full": home / "full",
        "taken": home / "taken",
    }


@pytest.mark.parametrize(("arguments", "message"), CASES, ids=[f"{n}-{case[0][0]}" for n, case in enumerate(CASES)])
def test_mistakes_are_named(
    arguments: list[str],
    message: str,
    things: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    filled = [part.format(new=tmp_path / "new", **things) for part in arguments]
    monkeypatch.setattr(sys, "argv", ["heroprop", *filled])
    monkeypatch.setenv("COLUMNS", "400")
    with pytest.raises(SystemExit) as ended:
        heroprop.main()
    shown = capfd.readouterr()
    assert ended.value.code == 2
    *above, error = shown.err.splitlines()
    assert not above, "a bar"
    assert error.startswith("error: ")
    assert message in error
    assert shown.out == ""
    assert list(tmp_path.iterdir()) == []  # neither half a result nor a temporary file
    assert (things["full"] / "notes.txt").read_text() == "mine"
    assert (things["taken"].with_suffix(".pt")).read_bytes() == b"someone's weights"
