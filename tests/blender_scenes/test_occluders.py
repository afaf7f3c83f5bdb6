"""The built-in occluders: as many faces as a foreground thing needs, and cut-outs one sees through."""

from typing import Any

import pytest

from tests.blender_scenes.in_blender import in_blender

NAMES = (
    "railing",
    "barrel",
    "scaffold",
    "chains",
    "glass-pane",
    "mirror",
    "bush",
    "branch",
    "banner",
    "performer",
    "wanderer",
)

SEEN = """
import sys, tempfile
from pathlib import Path
import bpy
import numpy as np
from render.asset import builtin_folder, read
from blender_scenes.ingest import place

result = {"faces": {}, "finishes": {}, "bytes": {}, "share": {}}
for name in sys.argv[1:]:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    installed = read(builtin_folder() / name)
    placed = place(installed, next(iter(installed.asset.finishes)), name)
    result["faces"][name] = sum(len(o.data.polygons) for o in placed.objects if o.type == "MESH")
    result["finishes"][name] = len(installed.asset.finishes)
    result["bytes"][name] = installed.path.stat().st_size
    if name not in ("branch", "glass-pane"):
        continue
    bpy.ops.preferences.addon_enable(module="cycles")
    scene = bpy.context.scene
    scene.render.engine, scene.cycles.samples, scene.cycles.use_denoising = "CYCLES", 16, False
    scene.cycles.transparent_max_bounces = 32
    scene.render.resolution_x = scene.render.resolution_y = 72
    scene.render.film_transparent = True
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    camera.data.type, camera.data.ortho_scale = "ORTHO", 2.3
    camera.location, camera.rotation_euler = (0, -6, 0), (1.5708, 0, 0)
    scene.collection.objects.link(camera)
    scene.camera = camera
    flat = bpy.data.materials.new("flat")
    for override in (None, flat):
        scene.view_layers[0].material_override = override
        with tempfile.TemporaryDirectory() as folder:
            scene.render.filepath = str(Path(folder) / "seen.png")
            bpy.ops.render.render(write_still=True)
            image = bpy.data.images.load(scene.render.filepath)
            alpha = np.array(image.pixels[:]).reshape(72, 72, 4)[..., 3]
        result["share"].setdefault(name, []).append(float(alpha.sum()))
"""


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    found: dict[str, Any] = in_blender(SEEN, *NAMES)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_an_occluder_is_detailed_varied_and_small(name: str, seen: dict[str, Any]) -> None:
    assert 1_000 <= seen["faces"][name] <= 40_000
    assert seen["finishes"][name] >= 2
    assert seen["bytes"][name] < 1_500_000


@pytest.mark.slow
@pytest.mark.parametrize(("name", "most"), [("branch", 0.8), ("glass-pane", 0.75)])
def test_the_background_is_seen_through_cut_outs_and_glass(name: str, most: float, seen: dict[str, Any]) -> None:
    """Against the same geometry made opaque: leaf cards and panes let light straight through, and do not vanish."""
    shown, opaque = seen["share"][name]
    assert 0.15 * opaque < shown < most * opaque
