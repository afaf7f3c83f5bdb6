"""The extras by themselves: a farm node with `render` and no torch, a training machine with `train` and no Blender."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]


def environment(folder: Path, python: str) -> Path:
    """A fresh virtual environment; returns its python."""
    subprocess.run([python, "-m", "venv", str(folder)], check=True)
    own = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pip(own, "--upgrade", "pip", "setuptools", "wheel")
    return own


def pip(python: Path, *arguments: str) -> None:
    done = subprocess.run(
        [str(python), "-m", "pip", "--disable-pip-version-check", "-q", "install", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SAM2_BUILD_CUDA": "0"},
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr


def heroprop(python: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(python), "-m", "heroprop", *arguments], capture_output=True, text=True, cwd=cwd, check=False
    )


def has(python: Path, module: str) -> bool:
    code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    return subprocess.run([str(python), "-c", code], check=False).returncode == 0


def wheel(folder: Path) -> Path:
    subprocess.run([sys.executable, "-m", "pip", "-q", "wheel", "--no-deps", "-w", str(folder), str(ROOT)], check=True)
    return next(folder.glob("heroprop-*.whl"))


def test_render_alone_renders_and_verifies_without_torch(tmp_path: Path) -> None:
    python = environment(tmp_path / "env", sys.executable)
    pip(python, "--constraint", str(ROOT / "constraints.txt"), f"{wheel(tmp_path)}[render]")
    assert not has(python, "torch")
    recipe = tmp_path / "tiny.toml"
    recipe.write_text("schema = 1\nname = 'tiny'\n[film]\nwidth = 64\nheight = 36\nframes = 2\nsamples = 2\n")
    for step in (
        ["plan", "tiny.toml", "--out", "set", "--clips", "1"],
        ["render", "set", "--workers", "1"],
        ["verify", "set"],
        ["info", "set"],
    ):
        done = heroprop(python, *step, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    done = heroprop(python, "evaluate", "--data", "set", "--checkpoint", "nano-base", cwd=tmp_path)
    assert done.returncode == 2
    assert "install it with: pip install '.[train]'" in done.stderr


def test_train_alone_trains_and_evaluates_without_blender(tmp_path: Path) -> None:
    """On Python 3.12 with NumPy 2 where there is one, as on most CUDA machines; on this Python otherwise."""
    other = shutil.which("python3.12")
    works = other and subprocess.run([other, "-c", ""], capture_output=True, check=False).returncode == 0
    python = environment(tmp_path / "env", str(other) if works else sys.executable)
    pins = tmp_path / "pins.txt"
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins.write_text("\n".join(line for line in lines if not line.startswith("numpy==")))
    pip(python, "--constraint", str(pins), "torch", "torchvision", "numpy>=2", "hydra-core", "iopath", "pillow", "tqdm")
    pip(python, "--no-build-isolation", "--no-deps", "--require-hashes", "-r", "constraints-sam2.txt")
    pip(python, "--constraint", str(pins), f"{wheel(tmp_path)}[train]")
    assert not has(python, "bpy")
    sys.path.insert(0, str(ROOT / "tests"))
    from fake_dataset import make_dataset

    data = make_dataset(tmp_path / "set")
    config = tmp_path / "short.toml"
    config.write_text((ROOT / "tests" / "train" / "short.toml").read_text())
    for step in (
        ["train", str(config), "--data", str(data), "--out", "run"],
        ["evaluate", "--data", str(data), "--split", "test", "--checkpoint", "run", "--out", "report"],
        ["export", "run", "--to", "sam2", "--out", "nano.pt"],
    ):
        done = heroprop(python, *step, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "report" / "report.html").exists()
    refused = heroprop(python, "assets", "check", cwd=tmp_path)
    assert refused.returncode == 2
    assert "install it with: pip install '.[render]'" in refused.stderr
