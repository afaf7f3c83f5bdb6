"""Render a clip spec as the farm does, in a child process, and read its frames back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from render.frames import framefile
from render.frames.measure import FrameMeasure
from render.products import Member, Product, decode
from render.spec import ClipSpec

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT = 600


@dataclass(frozen=True)
class Rendered:
    """The frame files of one clip."""

    spec: ClipSpec
    work: Path

    def member(self, frame: int, product: Product, object_id: int | None = None) -> NDArray[np.generic]:
        """One product, decoded."""
        name = str(Member(self.spec.clip, frame, product, object_id))
        return decode(product, framefile.read(self.work, self.spec, frame)[name])

    def measures(self) -> list[FrameMeasure]:
        """The measures of every frame."""
        names = [framefile.measure_name(self.spec.clip, frame) for frame in range(self.spec.film.frames)]
        files = [framefile.read(self.work, self.spec, frame)[name] for frame, name in enumerate(names)]
        return [FrameMeasure.model_validate_json(data) for data in files]

    def labels(self) -> dict[str, bytes]:
        """Every label of every frame, as its bytes: all but the picture."""
        found: dict[str, bytes] = {}
        for frame in range(self.spec.film.frames):
            found |= framefile.read(self.work, self.spec, frame)
        return {name: data for name, data in found.items() if not name.endswith(".jpg")}


def start(spec: ClipSpec, work: Path, assets: Path) -> subprocess.Popen[str]:
    """Start the child process that renders `spec` into `work`."""
    file = work.parent / f"{work.name}.spec.json"
    file.write_text(spec.canonical())
    command = [sys.executable, "-m", "blender_scenes", "clip", str(file), "--work", str(work), "--assets", str(assets)]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def render(spec: ClipSpec, work: Path, assets: Path) -> Rendered:
    """Render a clip to its end; stdout must hold one JSON line for each frame that was missing, and nothing else."""
    child = start(spec, work, assets)
    out, err = child.communicate(timeout=TIMEOUT)
    assert child.returncode == 0, err
    for line in out.splitlines():
        assert set(json.loads(line)) == {"frame", "of", "seconds"}
    return Rendered(spec, work)
