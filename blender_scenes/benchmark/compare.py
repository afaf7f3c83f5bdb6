"""Run the renderers as processes of their own, each on the same clip, and split their wall time by what was done."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from render.document import UserError
from render.manifest import Dataset
from render.planning.plan import write_plan
from render.planning.planfile import read_plan
from render.planning.recipe import Recipe, find_recipe
from render.spec import ClipSpec

MODULE = ("-m", "blender_scenes.benchmark")
STEPS = {
    "start": "processes start, imports",
    "build": "scene: Blender, assets, metering",
    "first": "render call, what the first frame takes more",
    "render": "render call",
    "read": "reading the EXR",
    "view": "view transform",
    "look": "look",
    "mattes": "mattes from cryptomatte and light groups",
    "measure": "measuring attributes",
    "encode": "encoding and writing the frame",
    "rest": "between the steps",
    "end": "end; packing, index, manifest",
}
"""What the time of a process is split into, and how the table calls it."""
ORDER = tuple(STEPS)


@dataclass(frozen=True)
class Spent:
    """Seconds a frame by step, of one process from its start to its end."""

    seconds: dict[str, float]

    @property
    def total(self) -> float:
        return sum(self.seconds.values())

    @property
    def frames(self) -> float:
        """The frames alone, without what is done once a clip."""
        return sum(value for step, value in self.seconds.items() if step not in ("start", "build", "first", "end"))


@dataclass(frozen=True)
class Dither:
    """The peer's mask against the soft coverage of the same object, in the frame where it is most blurred.

    `iou`: with coverage >= 1/2. `frame`: which. `blur`: diameters. Coverage itself is proved against closed forms.
    """

    iou: float
    frame: int
    blur: float


@dataclass(frozen=True)
class Comparison:
    """One run of all renderers. `without_peer` says why there is no peer."""

    spec: ClipSpec
    threads: int
    floor: Spent
    ours: Spent
    peer: Spent | None
    without_peer: str
    dither: Dither | None

    @property
    def ratio(self) -> float:
        """Whole against whole: 1.1 is a tenth more than the beauty pass alone."""
        return self.ours.total / self.floor.total

    def as_json(self) -> dict[str, Any]:
        film = self.spec.film
        return {
            "clip": told(self.spec),
            "film": {"width": film.width, "height": film.height, "frames": film.frames, "samples": film.samples},
            "threads": self.threads,
            "ratio": self.ratio,
            "frames_ratio": self.ours.frames / self.floor.frames,
            "beauty": self.floor.seconds,
            "heroprop": self.ours.seconds,
            "blenderproc": self.peer.seconds if self.peer else None,
            "blenderproc_mask": asdict(self.dither) if self.dither else None,
            "without_blenderproc": self.without_peer,
        }


@dataclass(frozen=True)
class Bench:
    """What is measured: the recipe as it was planned, the clip, and a folder for what is written."""

    folder: Path
    recipe: Path
    seed: int
    spec: ClipSpec
    threads: int


def prepare(folder: Path, recipe: str, seed: int, film: dict[str, int], threads: int | None) -> Bench:
    """Plan the first clip of a recipe at the size and length asked for. UserError for a bad recipe or film."""
    source = find_recipe(recipe)
    asked = Recipe.read_toml(source).model_dump(mode="json", by_alias=True, exclude_none=True)
    asked["film"] |= film
    file = folder / "recipe.toml"
    file.write_text("".join(f"{key} = {_toml(value)}\n" for key, value in asked.items()), encoding="utf-8")
    write_plan(file, folder / "plan", 1, seed)
    _, (spec,) = read_plan(folder / "plan")
    (folder / "spec.json").write_text(spec.canonical(), encoding="utf-8")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Bench(folder, file, seed, spec, threads or cores)


def told(spec: ClipSpec) -> str:
    """A clip in a few words."""
    film, effects = spec.film, ", ".join(effect.kind for effect in spec.effects) or "no effects"
    props = " and ".join(f"{target.asset} ({target.motion})" for target in spec.targets)
    size = f"{film.width} x {film.height}, {film.samples} samples"
    return f"{props} in {spec.stage.set} ({spec.stage.time_of_day}), {effects}, {size}"


def run(bench: Bench, repeat: int, blenderproc: Path | None, say: Callable[[str], None]) -> Comparison:
    """All renderers, one after the other."""
    spec_file, count = bench.folder / "spec.json", bench.spec.film.frames
    said = bench.folder / f"said-{repeat}.json"

    say("the beauty pass alone ...")
    began, ended, moments = _timed(["floor", str(spec_file), str(bench.threads), str(said)], said)
    seconds = {"build": moments["built"] - began, "end": ended - moments["ended"], **_calls(moments["calls"])}
    seconds["rest"] = moments["ended"] - moments["built"] - sum(moments["calls"])
    floor = Spent({step: value / count for step, value in seconds.items()})

    say("heroprop, to a shard ...")
    dataset = bench.folder / f"dataset-{repeat}"
    write_plan(bench.recipe, dataset, 1, bench.seed)
    began, ended, moments = _timed(["farm", str(dataset), str(said), str(bench.threads)], said)
    steps = moments["steps"] | _calls(moments["calls"])
    seconds = {"start": moments["entered"] - began, "build": moments["built"] - moments["entered"], **steps}
    seconds["rest"] = moments["ended"] - moments["built"] - sum(steps.values())
    seconds["end"] = ended - moments["ended"]
    ours = Spent({step: value / count for step, value in seconds.items()})

    peer, dither, why = None, None, "not asked for (--blenderproc FOLDER)"
    if blenderproc is not None:
        say("BlenderProc, rgb, depth and segmentation ...")
        try:
            arguments = ["peer", str(spec_file), str(bench.threads), str(said), str(blenderproc)]
            began, ended, moments = _timed(arguments, said)
            seconds = {"build": moments["built"] - began, "render": moments["rendered"] - moments["built"]}
            seconds |= {"encode": moments["ended"] - moments["rendered"], "end": ended - moments["ended"]}
            peer, why = Spent({step: value / count for step, value in seconds.items()}), ""
            dither = _dither(Dataset.open(dataset), said.with_suffix(".npz"))
        except UserError as error:
            why = str(error)
    shutil.rmtree(dataset)
    return Comparison(bench.spec, bench.threads, floor, ours, peer, why, dither)


def _dither(data: Dataset, file: Path) -> Dither | None:
    """How well the peer's masks of all targets, bool (F, H, W), fit their coverage; None where none is ever blurred."""
    (clip,) = data.clips()
    objects = data.objects(clip)
    blur_F = np.nanmax([data.attributes(clip, i)["blur_diameters"].astype(float) for i in objects], axis=0)
    present_F = np.any([data.attributes(clip, i)["present"].astype(bool) for i in objects], axis=0)
    blur_F = np.where(present_F, np.nan_to_num(blur_F), 0.0)
    frame = int(blur_F.argmax())
    if not blur_F[frame]:
        return None
    with np.load(file) as stored:
        theirs = stored["arr_0"][frame]
    coverage = np.sum([data.coverage(clip, frame, i).astype(float) for i in objects], axis=0) / 255
    half = coverage >= 0.5
    union = int((theirs | half).sum())
    return Dither(int((theirs & half).sum()) / union if union else 1.0, frame, float(blur_F[frame]))


def _calls(seconds: list[float]) -> dict[str, float]:
    """Render calls split into what a clip pays once (trees, textures: in its first frame) and what it pays a frame."""
    usual = statistics.median(seconds[1:] or seconds)
    once = max(seconds[0] - usual, 0.0)
    return {"first": once, "render": sum(seconds) - once}


def _timed(arguments: list[str], said: Path) -> tuple[float, float, dict[str, Any]]:
    """Run a part of this benchmark in a process of its own: when it began and ended, and the moments it wrote."""
    said.unlink(missing_ok=True)
    log = said.with_suffix(".log")
    began = time.time()
    with log.open("wb") as file:
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run([sys.executable, *MODULE, *arguments], stdout=file, stderr=file, env=environment)
    ended = time.time()
    if done.returncode or not said.is_file():
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        raise UserError(f"benchmark {arguments[0]}: exit code {done.returncode}: {lines[-1] if lines else 'no word'}")
    moments: dict[str, Any] = json.loads(said.read_text(encoding="utf-8"))
    return began, ended, moments


def _toml(value: Any) -> str:
    """A value as TOML, tables inline."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_toml(part)}" for key, part in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value)  # strings, numbers and booleans are written alike
