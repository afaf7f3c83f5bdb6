"""Assets with an action: rigs and keyed objects of every format go on playing below the root, in time, and blur."""

from pathlib import Path
from typing import Any

import pytest

from tests.blender_scenes.in_blender import in_blender

# Frames of a scene at 24 a second; the file plays 24 frames at 30 a second. Speeds of all signs.
PLAYED = """
import sys
from pathlib import Path
import bpy
import numpy as np
from render.asset import read
from blender_scenes.ingest import check, place
from tests.blender_scenes import rigged

TOML = 'name="rig"\\nkind="prop"\\nlabel="rig"\\nsize=1.0\\nlicence="CC0-1.0"\\nauthor=""\\nsource=""\\nfile="{}"\\n{}'
FRAMES, PLAYS = (0.0, 3.25, 10.5, 41.75), ((0.3, 1.5), (0.1, -0.5), (0.5, 0.0))

def asset(folder, file, extra):
    folder.mkdir()
    (folder / "asset.toml").write_text(TOML.format(file, extra))
    return folder / file

def source(start, speed, frame):
    # The loop of the artist's frames, from the definition of `action_start` and `action_speed`.
    return rigged.FIRST + (start + speed * frame / 24) * rigged.FPS % (rigged.LAST - rigged.FIRST)

out, result = Path(sys.argv[1]), {}
for file, action in (("rig.blend", True), ("rig.blend", "Wave"), ("rig.glb", True), ("rig.gltf", "Wave"),
                     ("rig.fbx", True), ("rig.fbx", "Wave"), ("rig.usda", True)):
    title = f"{file} {action}"
    rigged.build()
    rigged.named_twice()
    if file.endswith("usda"):
        bpy.data.objects.remove(bpy.data.objects["Wheel"])  # a USD file animates by keys what a skeleton moves
    folder = out / title
    rigged.save(asset(folder, file, f"action = {repr(action).lower() if action is True else repr(action)}"))
    things = [o for o in bpy.data.objects if o.type == "MESH"]
    if action == "Wave":
        bpy.data.objects["Rig"].animation_data.action = bpy.data.actions["Wave"]
        bpy.data.objects["Wheel"].animation_data_clear()
        bpy.data.objects["Wheel"].rotation_euler = (0, 0, 0)
    first = rigged.points(things, rigged.FIRST)
    low, high = first.min(0), first.max(0)
    wanted = {(play, frame): (rigged.points(things, source(*play, frame)) - (low + high) / 2) / (high - low).max()
              for play in PLAYS for frame in FRAMES}
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.render.fps = 24
    problems = check(folder)
    placed = place(read(folder), "default", "copy")
    worst = 0.0
    for (play, frame), points in wanted.items():
        placed.action.play(24.0, *play)
        shown = rigged.points([o for o in placed.objects if o.type == "MESH"], frame)
        worst = max(worst, float(np.abs(shown[:, None] - points[None]).max(-1).min(1).max()))
        worst = max(worst, float(np.abs(shown[:, None] - points[None]).max(-1).min(0).max()))
    moved = max(float(np.abs(a - b).max()) for a in wanted.values() for b in wanted.values())
    result[title] = {
        "problems": problems, "worst": worst, "moved": moved, "seconds": placed.action.seconds,
        "strays": [o.name for o in bpy.data.objects if o != placed.root and o not in placed.root.children_recursive],
        "scenes": len(bpy.data.scenes), "named": all(o.name.startswith("copy") for o in bpy.data.objects),
    }
"""


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    found: dict[str, Any] = in_blender(PLAYED, tmp_path_factory.mktemp("rigs"))
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "rig.blend True",
        "rig.blend Wave",
        "rig.glb True",
        "rig.gltf Wave",
        "rig.fbx True",
        "rig.fbx Wave",
        "rig.usda True",
    ],
)
def test_an_action_plays_in_time_in_every_format(name: str, played: dict[str, Any]) -> None:
    found = played[name]
    assert found["problems"] == []
    assert found["moved"] > 0.3
    assert found["worst"] < 2e-4, "somewhere else than the artist's own file has it"
    assert found["seconds"] == pytest.approx(0.8, abs=1e-4)
    assert found["strays"] == []
    assert found["scenes"] == 1
    assert found["named"]


BLURRED = """
import sys
from pathlib import Path
import bpy
import numpy as np
from render.asset import read
from blender_scenes.ingest import place
from blender_scenes.shutter import blur
from tests.blender_scenes import rigged

folder = Path(sys.argv[1])
toml = 'name="rig"\\nkind="prop"\\nlabel="rig"\\nfile="rig.blend"\\nsize=1.0\\naction="Bend"\\n'
(folder / "asset.toml").write_text(toml + 'licence="CC0-1.0"\\nauthor="t"\\nsource="t"\\n')
rigged.build()
rigged.named_twice()
rigged.save(folder / "rig.blend")
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.preferences.addon_enable(module="cycles")
scene = bpy.context.scene
scene.render.engine, scene.cycles.samples, scene.cycles.use_denoising = "CYCLES", 16, False
scene.render.resolution_x = scene.render.resolution_y = 64
scene.render.film_transparent, scene.render.use_motion_blur = True, True
scene.render.use_persistent_data = True
camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
camera.data.type, camera.data.ortho_scale = "ORTHO", 1.6
camera.location, camera.rotation_euler = (4, 0, 0), (1.5708, 0, 1.5708)
scene.collection.objects.link(camera)
scene.camera = camera
placed = place(read(folder), "default", "copy")
for thing in placed.objects:
    blur(thing, 3)
placed.action.play(24.0, 0.0, 3.0)
result = {}
for name, shutter in (("sharp", 0.01), ("blurred", 1.0)):
    scene.render.motion_blur_shutter = shutter
    scene.render.filepath = str(folder / f"{name}.png")
    scene.frame_set(2)
    bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(scene.render.filepath)
    alpha = np.array(image.pixels[:]).reshape(64, 64, 4)[::-1, :, 3]
    result[name] = alpha.tolist()
"""


@pytest.mark.slow
def test_a_rig_that_bends_is_blurred(tmp_path: Path) -> None:
    """The bending half smears over an arc; the half that stands still stays as sharp as ever."""
    found = in_blender(BLURRED, tmp_path)

    def soft(name: str, rows: slice) -> int:
        return sum(0.1 < alpha < 0.9 for row in found[name][rows] for alpha in row)

    still, bending = slice(40, 64), slice(0, 30)
    assert soft("blurred", bending) > 2.0 * soft("sharp", bending) > 0
    assert soft("blurred", still) <= 1.2 * soft("sharp", still)
