"""BlenderProc on the same built scene: rgb, depth and segmentation by its own functions, written as its own HDF5.

BlenderProc wants to run inside a Blender that it downloads itself. This gives it the `bpy` module instead, and the
scene that heroprop has built; what it enables, renders, reads back and writes is its own code, unchanged.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
import time
import types
from pathlib import Path
from typing import Any

import numpy as np

from render.asset import Library
from render.spec import ClipSpec

from ..clip import Machine, build


def main(spec_file: Path, threads: int, out: Path, package: Path) -> None:
    """Render every frame, and write to `out` when what was done. `package` is the folder that holds `blenderproc`."""
    spec = ClipSpec.read_json(spec_file)
    with tempfile.TemporaryDirectory() as folder:
        scene = build(spec, Library.open(), Machine(threads, "cpu"), Path(folder))
        peer = _load(package, folder)
        scene.view_layers[0].name = "ViewLayer"  # BlenderProc asks for it by this name
        scene.frame_end = spec.film.frames  # and counts the end as the first frame that is not rendered
        peer.renderer.set_output_format("PNG", 8)  # its own default
        scene.render.use_file_extension = True
        for thing in scene.objects:
            thing["category_id"] = 1 if thing.name.startswith("target-") else 0
        scene.world["category_id"] = 0
        peer.renderer.enable_depth_output(activate_antialiasing=False)
        peer.renderer.enable_segmentation_output(map_by=["category_id", "instance"], default_values={"category_id": 0})
        built = time.time()
        data = peer.renderer.render(output_dir=folder, verbose=True)
        rendered = time.time()
        peer.writer.write_hdf5(str(Path(folder) / "hdf5"), data)
        moments = {"built": built, "rendered": rendered, "ended": time.time()}
        np.savez_compressed(out.with_suffix(".npz"), np.stack([ids != 0 for ids in data["category_id_segmaps"]]))
        out.write_text(json.dumps(moments), encoding="utf-8")
        sys.stdout.flush()


def _load(package: Path, scratch: str) -> Any:
    """The package `blenderproc`, told that it is inside Blender, and kept from installing anything there."""
    os.environ["INSIDE_OF_THE_INTERNAL_BLENDER_PYTHON_ENVIRONMENT"] = "1"
    sys.path += [str(package), str(package)]  # it takes one of them away again
    sys.argv = ["blenderproc", "--background", "--", "benchmark", scratch]
    hull = types.ModuleType("blenderproc")
    hull.__path__ = [str(package / "blenderproc")]
    sys.modules["blenderproc"] = hull
    setup = importlib.import_module("blenderproc.python.utility.SetupUtility").SetupUtility
    setup.setup_pip = staticmethod(lambda *arguments, **options: scratch)
    del sys.modules["blenderproc"]
    return importlib.import_module("blenderproc")
