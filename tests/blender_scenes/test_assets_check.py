"""`check`: every fault that an artist's file may have gets its own line; the built-in assets have none."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Event

import psutil
import pytest

from blender_scenes.cli import check_folder
from render.asset import asset_folders, builtin_folder
from tests.blender_scenes.in_blender import in_blender

CHECK = """
import sys
from pathlib import Path
from blender_scenes.ingest import check
result = {folder.name: check(folder) for folder in map(Path, sys.argv[1:])}
"""

LINES = {
    "good": None,
    "no-object": "object: no 'Thng' in thing.blend; did you mean 'Thing'?",
    "no-collection": "collection: no 'Colection' in thing.blend; did you mean 'Collection'?",
    "zero-size": "has zero size",
    "hidden": "holds no faces to render in object 'Thing'; is it hidden from renders?",
    "texture": "texture 'Rust' is missing (textures/rust.png); pack it into the file",
    "driver": "driver on 'Thing' (location) needs Python",
    "script": "script 'startup.py' is set to run on load; it never runs here",
    "volume": "object 'Smoke' is a volume, which has no faces; convert it to a mesh",
    "finish-material": "finishes.red.materials.Metl: no such material; did you mean 'Metal'?",
    "finish-input": "finishes.red.materials.Metal.Roughnes: no such input; did you mean 'Roughness'?",
    "finish-colour": "finishes.red.materials.Metal.Base Color: needs three numbers [r, g, b]",
    "finish-number": "finishes.red.materials.Metal.Roughness: needs one number",
    "charge-material": "charge.materials: no material 'Mettal'; did you mean 'Metal'?",
    "charge-dull": "charge.materials: material 'Metal' has no surface shader to add its glow to",
    "unknown-key": "sise: unknown key; did you mean 'size'?",
    "linked": "is linked; make it local",
    "not-blender": "thing.blend cannot be read as a Blender file",
    "not-gltf": "thing.glb cannot be read as a .glb file",
    "not-usd": "thing.usdc cannot be read as a .usdc file",
    "not-usda": "thing.usda cannot be read as a .usda file",
    "not-fbx": "thing.fbx cannot be read as a .fbx file",
    "not-obj": "thing.obj holds no faces to render",
    "obj-good": None,
    "fbx-good": None,
    "gltf-good": None,
    "usda-good": None,
    "obj-texture": "thing.obj names '../../elsewhere/rust.png', which lies outside the asset's folder",
    "fbx-texture": "texture 'Rust' lies outside the asset's folder",
    "gltf-texture": "thing.gltf names '../../elsewhere/rust.png', which lies outside the asset's folder",
    "usda-texture": "lies outside the asset's folder",
    "usd-outside": "usda-good/thing.usda', which lies outside the asset's folder",
    "cache": "cache 'Thing' lies outside the asset's folder",
    "action": "action: no 'Slyde' in thing.blend; did you mean 'Slide'?",
    "action-none": "action: nothing that thing.blend shows is animated by keys",
    "action-once": "has keys at one frame only",
    "action-instances": "object 'Thing.001' is an instancer, which can't stay animated",
    "action-simulated": "object 'Thing' is simulated (cloth), which depends on earlier frames; bake it to keys",
    "no-file": "file: no 'nothing.blend' beside it",
    "format": "file: a prop comes as .blend, .glb, .gltf, .usd, .usda, .usdc, .usdz, .fbx, .obj, not 'thing.stl'",
    "outside": "file: '../good/thing.blend' lies outside the asset's folder",
    "no-toml": "asset.toml: no such file",
}


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bad assets")
    maker = Path(__file__).with_name("bad_assets.py")
    subprocess.run([sys.executable, str(maker), str(folder)], check=True, capture_output=True, timeout=300)
    return folder


@pytest.fixture(scope="module")
def said(bad: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = in_blender(CHECK, *sorted(bad.iterdir()))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", LINES)
def test_each_fault_has_its_line(name: str, said: dict[str, list[str]]) -> None:
    line = LINES[name]
    if line is None:
        assert said[name] == []
    else:
        assert len(said[name]) == 1, said[name]
        assert line in said[name][0]
        assert "\n" not in said[name][0]
        assert name in said[name][0]  # which asset it is


@pytest.mark.slow
def test_all_cases_are_listed(said: dict[str, list[str]]) -> None:
    assert set(said) == set(LINES)


@pytest.mark.slow
def test_nothing_in_a_file_runs(bad: Path, said: dict[str, list[str]]) -> None:
    assert said["driver"]
    assert not list(bad.rglob("*.ran"))


@pytest.mark.slow
def test_the_built_in_assets_are_good() -> None:
    found = in_blender(CHECK, *asset_folders())
    assert len(found) >= 16
    assert not any(found.values()), found


def test_the_built_in_assets_are_small() -> None:
    size = sum(path.stat().st_size for path in builtin_folder().rglob("*") if path.is_file())
    assert size < 20_000_000


@pytest.mark.slow
def test_the_command_reports_every_asset_of_a_folder(bad: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "heroprop", "assets", "check", str(bad / "zero-size"), "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    report = json.loads(done.stdout)
    assert list(report) == [str(bad / "zero-size")]
    assert "zero size" in report[str(bad / "zero-size")][0]


def test_a_stopped_check_starts_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*arguments: object, **options: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "Popen", never)
    stop = Event()
    stop.set()
    assert check_folder(Path("somewhere"), stop) == ["somewhere: Blender failed on it: stopped"]


@pytest.mark.slow
def test_ctrl_c_ends_a_check_at_once(bad: Path, tmp_path: Path) -> None:
    """Of many queued checks none begins after the interrupt, and those that run end with it."""
    for number in range(40):
        shutil.copytree(bad / "good", tmp_path / f"copy-{number}")
    command = [sys.executable, "-m", "heroprop", "assets", "check", str(tmp_path)]
    child = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
    begun = time.monotonic()
    while not _children(child.pid) and time.monotonic() < begun + 60:
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=20)  # all forty would take far longer
    assert child.returncode != 0
    assert not _children(child.pid)


def _children(pid: int) -> list[int]:
    """Processes of the session that `pid` leads, itself left out."""
    return [p.pid for p in psutil.process_iter() if p.pid != pid and _session(p.pid) == pid]


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return -1
