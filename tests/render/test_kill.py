"""Kill -9 at any moment, of the parent or a child: what comes after one resume equals an uninterrupted run."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from render.farm import CHILD, Setup, render
from render.manifest import SHARDS, Dataset, Manifest
from render.planning.plan import write_plan
from render.planning.recipe import find_recipe
from render.products import Product
from render.verify import verify
from tests.render.fake_plan import PROGRAM, make_plan

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="finds children in /proc")]

ROOT = Path(__file__).parents[2]
PAUSE = 0.25


@dataclass
class Engine:
    """A running render process and the commit steps it has told of."""

    dataset: Path
    program: tuple[str, ...]
    steps: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        script = str(Path(__file__).with_name("engine.py"))
        command = [sys.executable, script, str(self.dataset), str(PAUSE), *self.program]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.steps.append(line.strip())

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def children(self) -> list[int]:
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        try:
            return [int(child) for task in tasks for child in task.read_text().split()]
        except (FileNotFoundError, ProcessLookupError):
            return []

    def wait_until(self, ready: Callable[[], object]) -> bool:
        """Whether `ready` came true before the run ended."""
        while self.running:
            if ready():
                return True
            time.sleep(0.005)
        return False

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def drawn(folder: Path) -> Path:
    return make_plan(folder / "set", folder / "told", clips=8, frames=4, clips_per_shard=2)


def rendered(folder: Path) -> Path:
    """Two tiny real clips, one a shard."""
    text = find_recipe("demo").read_text()
    tiny = {"clips": 2, "clips_per_shard": 1, "width": 64, "height": 36, "frames": 4, "samples": 2}
    for key, value in tiny.items():
        text, found = re.subn(rf"(?m)^{key} = .*$", f"{key} = {value}", text)
        assert found == 1, key
    folder.mkdir()
    (folder / "tiny.toml").write_text(text)
    write_plan(folder / "tiny.toml", folder / "set")
    return folder / "set"


def everything(dataset: Path) -> dict[str, object]:
    """Every byte of every shard and index, and the manifest but for its time."""
    files = {path.name: path.read_bytes() for path in sorted((dataset / SHARDS).iterdir())}
    return files | {"manifest": Manifest.read(dataset).model_copy(update={"created": ""})}


def labels(dataset: Path) -> dict[str, object]:
    """The bytes of every label. A picture's noise is not compared: a render engine may warm up to it."""
    data = Dataset.open(dataset)
    return {
        f"{clip} {frame} {product} {i}": data.encoded(clip, frame, product, i)
        for clip in data.clips()
        for frame in range(data.frame_count(clip))
        for i in data.objects(clip)
        for product in (Product.COVERAGE, Product.VISIBLE, Product.AMODAL)
    }


@pytest.mark.parametrize(
    ("plan", "program", "content"),
    [(drawn, PROGRAM, everything), (rendered, CHILD, labels)],
    ids=["drawing child", "rendering child"],
)
def test_ten_kills_and_one_resume(
    tmp_path: Path, plan: Callable[[Path], Path], program: tuple[str, ...], content: Callable[[Path], dict[str, object]]
) -> None:
    """Eight kills are drawn uniformly over the run, alternately of parent and child; two more wait for a commit.

    The run is measured in finished frames (and within a frame in seconds), so that the draw holds on a busy machine.
    """
    whole = plan(tmp_path / "whole")
    started = time.monotonic()
    assert Engine(whole, program).process.wait() == 0
    frames = Manifest.read(whole).shards[0].frames * len(Manifest.read(whole).shards)
    seconds_a_frame = (time.monotonic() - started) / frames

    chance = random.Random(4)
    kills = [("parent" if i % 2 else "child", chance.uniform(0, frames)) for i in range(8)]
    kills = [(victim, at) for (victim, _), at in zip(kills, sorted(at for _, at in kills), strict=True)]
    kills.insert(2, ("tar", 0.0))
    kills.insert(6, ("index", 0.0))

    harmed = plan(tmp_path / "harmed")
    engine = Engine(harmed, program)
    hits: list[str] = []
    during_commit = 0
    kept: dict[Path, int] = {}
    for victim, at in kills:
        if victim in ("tar", "index"):
            ready = engine.wait_until(lambda step=victim, engine=engine: step in engine.steps[-1:])
        else:
            ready = engine.wait_until(lambda at=at: frames_done(harmed, whole) >= int(at))
            until = time.monotonic() + at % 1 * seconds_a_frame
            ready = ready and (engine.wait_until(lambda until=until: time.monotonic() >= until) or engine.running)
        children = engine.children()
        hits += [victim] if ready else []
        during_commit += bool(engine.steps) and engine.steps[-1] != "clean"
        if victim == "child" and children:
            os.kill(children[0], signal.SIGKILL)
        else:
            engine.kill()
            kept = check_kept(harmed, kept)
            engine = Engine(harmed, program)
    engine.kill()
    kept = check_kept(harmed, kept)
    assert len(hits) == 10, f"the run ended too early for all kills: {hits}"
    assert during_commit >= 2

    resumed = render(harmed, Setup(workers=2, program=tuple(program)))
    assert (resumed.due, resumed.failed) == (0, ())
    assert verify(harmed).problems == []
    assert list((harmed / "work").iterdir()) == []
    assert content(harmed) == content(whole)


def frames_done(dataset: Path, whole: Path) -> int:
    """Frames that are finished, in shards or in work folders; `whole` is the same dataset, complete."""
    packed = {path.stem for path in (dataset / SHARDS).glob("*.tar")}
    clips = Manifest.read(whole).clips
    in_shards = sum(clip.frames for clip in clips.values() if clip.shard in packed)
    waiting = [name for name, clip in clips.items() if clip.shard not in packed]
    return in_shards + sum(1 for clip in waiting for _ in (dataset / "work" / clip).glob("[0-9]*.tar"))


def check_kept(dataset: Path, before: dict[Path, int]) -> dict[Path, int]:
    """Every finished frame file is still the one it was (or packed away); what is there now."""
    now = {path: path.stat().st_mtime_ns for path in (dataset / "work").glob("*/[0-9]*.tar")}
    assert all(now[path] == stamp for path, stamp in before.items() if path in now), "a finished frame was made again"
    return now
