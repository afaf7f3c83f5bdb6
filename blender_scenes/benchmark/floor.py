"""The floor: the same built scene rendered as a bare script would, one view layer, one JPEG a frame, no label."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from render.asset import Library
from render.products import JPEG_QUALITY
from render.spec import ClipSpec

from ..clip import Machine, build


def main(spec_file: Path, threads: int, out: Path) -> None:
    """Render every frame, and write to `out` when what was done (see `timeline.Child`)."""
    spec = ClipSpec.read_json(spec_file)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        scene = build(spec, Library.open(), Machine(threads, "cpu"), scratch)
        import bpy  # only now: the scene's builder starts Blender

        settings = scene.render.image_settings
        settings.file_format, settings.color_mode, settings.quality = "JPEG", "RGB", JPEG_QUALITY
        scene.render.filepath = str(scratch / "frame.jpg")
        seconds, built = [], time.time()
        for frame in range(spec.film.frames):
            started = time.perf_counter()
            scene.cycles.seed = (spec.seed + 7919 * frame) % 2**31
            scene.frame_set(frame)
            bpy.ops.render.render(write_still=True, scene=scene.name)
            seconds.append(time.perf_counter() - started)
    out.write_text(json.dumps({"built": built, "ended": time.time(), "calls": seconds}), encoding="utf-8")
    sys.stdout.flush()
