"""The child process: resumed by frame after any kill, clean on stdout, one line for a user's mistake."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from render.asset import Library
from render.frames import framefile
from render.spec import ClipSpec
from tests.blender_scenes.rendering import ROOT, TIMEOUT, Rendered, render, start
from tests.specs import make_film, make_spec

pytestmark = pytest.mark.slow
Render = Callable[[ClipSpec], Rendered]


@pytest.fixture(scope="module")
def spec(assets: Path) -> ClipSpec:
    library = Library.open([assets])
    film = make_film(frames=4, width=64, height=36)
    names = {"prop": "test-box", "finish": "default", "occluder": "test-slab", "set": "test-floor"}
    return make_spec(library, film=film, effects=(), **names)


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_killed_clip_resumes_to_equal_labels(
    rendered: Render, spec: ClipSpec, assets: Path, tmp_path: Path, blow: signal.Signals
) -> None:
    whole = rendered(spec)
    child = start(spec, tmp_path / "work", assets)
    assert child.stdout is not None
    child.stdout.readline()
    child.send_signal(blow)
    child.communicate(timeout=30)
    assert child.returncode == -blow
    assert framefile.is_whole(tmp_path / "work", spec, 0)
    assert not framefile.is_whole(tmp_path / "work", spec, 3)
    assert render(spec, tmp_path / "work", assets).labels() == whole.labels()
    assert sorted(p.name for p in (tmp_path / "work").iterdir()) == [f"{i:04d}.tar" for i in range(4)]


def test_damaged_frames_and_leftovers_are_done_again(
    rendered: Render, spec: ClipSpec, assets: Path, tmp_path: Path
) -> None:
    whole = rendered(spec)
    work = tmp_path / "work"
    work.mkdir()
    for frame in range(4):
        data = framefile.path(whole.work, frame).read_bytes()
        framefile.path(work, frame).write_bytes(data[: len(data) // 2] if frame == 2 else data)
    (work / "scratch").mkdir()
    (work / "scratch" / "frame.exr").write_bytes(b"half a picture")
    untouched = framefile.path(work, 1).stat().st_mtime_ns
    assert render(spec, work, assets).labels() == whole.labels()
    assert framefile.path(work, 1).stat().st_mtime_ns == untouched
    assert sorted(p.name for p in work.iterdir()) == [f"{i:04d}.tar" for i in range(4)]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "blender_scenes", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT, check=False)


def test_mistakes_are_one_line(spec: ClipSpec, assets: Path, tmp_path: Path) -> None:
    file = tmp_path / "spec.json"
    changed = spec.targets[0].model_copy(update={"asset_digest": "f" * 64})
    file.write_text(spec.model_copy(update={"targets": (changed,)}).canonical())
    cases = {
        "asset 'test-box' has changed since the plan was made": ["clip", str(file), "--assets", str(assets)],
        "no asset named 'test-": ["clip", str(file)],
        "no such file": ["clip", str(tmp_path / "none.json")],
    }
    for message, arguments in cases.items():
        result = run(*arguments, "--work", str(tmp_path / "work"))
        assert result.returncode == 2
        assert not result.stdout
        (line,) = result.stderr.strip().splitlines()
        assert line.startswith("error: ")
        assert message in line
