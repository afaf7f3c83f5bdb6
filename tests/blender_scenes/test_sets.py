"""Sets: an artist's file that varies by seed and never blocks the action, lamps that waver, light at every hour."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.blender_scenes.in_blender import in_blender

PLACED = """
import sys
from dataclasses import asdict
from pathlib import Path
import bpy, numpy as np
from render.asset import Library, read
from render.spec import Film, Flicker, Stage, Sun
from blender_scenes import practicals, stage as stages
from blender_scenes.effects.brightness import shutter_mean
from blender_scenes.finish import _sockets
from blender_scenes.ingest import check, place
from blender_scenes.variation import vary

folder = Path(sys.argv[1])

def state(seed):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    varied = vary(place(read(folder), "default", "set"), read(folder).asset, seed)
    bpy.context.view_layer.update()
    things, inside = {}, []
    for item in varied.placed.objects:
        matrix = np.array(item.matrix_world)
        things[item.name] = matrix.round(6).tolist()
        if item.type == "MESH" and "Floor" not in item.name:
            points = np.array([v.co for v in item.data.vertices]) @ matrix[:3, :3].T + matrix[:3, 3]
            if ((points > [-2, -2, 0.1]) & (points < [2, 2, 3])).all(1).any():
                inside.append(item.name)
    wall = bpy.data.materials["set.Wall"]
    return {"things": things, "dark": sorted(varied.dark), "inside": inside,
            "rough": _sockets(wall, "Roughness")[0].default_value,
            "tint": list(_sockets(wall, "Tint")[0].default_value)[:3],
            "meshes": len({o.data.name for o in varied.placed.objects if o.type == "MESH"})}
"""

VARIED = (
    PLACED
    + """
result = {"again": [state(3) == state(3)], "states": [state(seed) for seed in range(12)], "faults": check(folder)}
"""
)

FAULTY = (
    PLACED
    + """
toml = folder / "asset.toml"
text = toml.read_text()
toml.write_text(text.replace('"Crate *"', '"Crete *"').replace("als.Wall", "als.Wal"))
result = check(folder)
toml.write_text(text.replace('"Roughness"', '"Ruffness"'))
result += check(folder)
toml.write_text(text)
"""
)

WAVERING = (
    PLACED
    + """
film = Film(width=64, height=36, frames=24, fps=24.0, shutter_degrees=180.0, samples=1)
flicker = Flicker(depth=0.6, rate=5.0, seed=4)
bpy.ops.wm.read_factory_settings(use_empty=True)
lamps = practicals.find(vary(place(read(folder), "default", "set"), read(folder).asset.model_copy(update={
    "variation": type(read(folder).asset.variation)()}), 0))
scene = bpy.context.scene

def seen():
    found = []
    for frame in range(film.frames):
        scene.frame_set(frame)
        found.append([[lamp.energy for circuit in lamps.circuits for lamp, _ in circuit.lamps],
                      [knob.outputs[0].default_value for circuit in lamps.circuits for knob in circuit.knobs]])
    return found

lamps.light(0.5, None, film)
steady = seen()
lamps.light(0.5, flicker, film)
wavering = seen()
numbers = [n for n, circuit in enumerate(lamps.circuits) for _ in circuit.lamps]
expected = [(50 * 0.5 * shutter_mean(lambda t: practicals.waver(flicker, n, t), film)).tolist() for n in numbers]
fine = np.linspace(0, 4, 4000)
result = {"steady": steady, "wavering": wavering, "expected": expected,
          "range": [float(f(practicals.waver(flicker, 0, fine))) for f in (np.min, np.max)],
          "mean": float(practicals.waver(flicker, 0, np.linspace(0, 200, 20000)).mean()),
          "jump": float(np.abs(np.diff(practicals.waver(flicker, 0, fine))).max()),
          "apart": float(np.abs(practicals.waver(flicker, 0, fine) - practicals.waver(flicker, 1, fine)).max()),
          "groups": sorted({o.lightgroup for o in bpy.data.objects if o.type == "LIGHT"})}
"""
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("assets") / "varied"
    maker = Path(__file__).with_name("varied_set.py")
    subprocess.run([sys.executable, str(maker), str(path)], check=True, capture_output=True, timeout=300)
    return path


@pytest.fixture(scope="module")
def varied(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = in_blender(VARIED, folder)
    return found


@pytest.mark.slow
def test_a_set_varies_by_its_seed_alone(varied: dict[str, Any]) -> None:
    assert varied["faults"] == []
    assert varied["again"] == [True], "the same seed made another set"
    states = varied["states"]
    crates = [sum("Crate" in name for name in state["things"]) for state in states]
    assert min(crates) < max(crates) <= 8
    assert len({str(state["things"]) for state in states}) == len(states)
    assert len({str(state["dark"]) for state in states}) >= 3, "lamps are lit or not"
    assert all(state["rough"] == pytest.approx(0.5, abs=0.3001) for state in states)
    assert len({state["rough"] for state in states}) == len(states)
    assert all(0.1 <= state["tint"][0] <= 0.5 for state in states)


@pytest.mark.slow
def test_what_hangs_together_moves_together_and_the_rest_stays(varied: dict[str, Any]) -> None:
    first, other = (state["things"] for state in varied["states"][:2])
    assert first["set.Floor"] == other["set.Floor"]
    moved = []
    for name in ("set.Leaf 1", "set.Leaf 2", "set.Leaf 1.001", "set.Leaf 2.001"):
        moved.append([round(first[name][k][3] - other[name][k][3], 5) for k in range(3)])
    shifts = {str(shift) for shift in moved}
    assert len(shifts) == 2, "one bush moves as a whole, the other stays"
    assert str([0.0, 0.0, 0.0]) in shifts
    assert moved[0] == moved[1]
    assert varied["states"][0]["meshes"] < len(first) - 3, "copies of a thing share its mesh"


@pytest.mark.slow
def test_nothing_comes_to_stand_in_the_action(varied: dict[str, Any]) -> None:
    places = {str(state["things"]["set.Post"]) for state in varied["states"]}
    assert len(places) > 3, "the post moves where there is room"
    assert not any(state["inside"] for state in varied["states"])


@pytest.mark.slow
def test_names_that_are_not_in_the_file_are_faults(folder: Path) -> None:
    lines = in_blender(FAULTY, folder)
    assert any("variation.things.0.names: nothing is called 'Crete *'" in line for line in lines)
    assert any("variation.materials.Wal: no such material; did you mean 'Wall'?" in line for line in lines)
    assert any("variation.materials.Wall.Ruffness: no such input; did you mean 'Roughness'?" in line for line in lines)


@pytest.mark.slow
def test_lamps_waver_as_the_shutter_sees_them(folder: Path) -> None:
    found = in_blender(WAVERING, folder)
    assert found["groups"] == ["practical"]
    assert all(energy == pytest.approx(25.0) for lamps, _ in found["steady"] for energy in lamps)
    assert all(level == pytest.approx(0.5) for _, knobs in found["steady"] for level in knobs)
    energies = [lamps for lamps, _ in found["wavering"]]
    for number, expected in enumerate(found["expected"]):
        assert [frame[number] for frame in energies] == pytest.approx(expected, rel=1e-5)
        assert max(expected) - min(expected) > 3.0, "watts"
    for lamps, knobs in found["wavering"]:
        assert {round(energy / 50, 4) for energy in lamps} == {round(knob, 4) for knob in knobs}, "a bulb and its light"
    low, high = found["range"]
    assert 0.4 <= low < 0.7 < high <= 1.0
    assert found["mean"] == pytest.approx(1 - 0.6 / 3, abs=0.03), "the mean of a squared uniform number is a third"
    assert found["jump"] < 0.01, "continuous"
    assert found["apart"] > 0.1, "circuits waver each for itself"


BURNING = """
import bpy
from render.asset import Library
from render.spec import Stage
from blender_scenes import practicals, sharp, stage as stages
from tests.specs import make_film, make_spec

library, film = Library.open(), make_film(frames=5)
scene = stages.empty_scene()
planned = make_spec(library, film=film).stage
planned = planned.model_copy(update={"set": "temple", "set_digest": library.get("temple").digest})
lamps = practicals.find(stages.build(scene, planned, library))
lamps.light(1.0, None, film)
flames = [o for o in bpy.data.objects if "Flame" in o.name]
clocks = [clock for circuit in lamps.circuits for clock in circuit.clocks]
seconds = []
for frame in range(film.frames):
    scene.frame_set(frame)
    seconds.append(sorted({round(clock.outputs[0].default_value, 5) for clock in clocks}))
result = {"flames": len(flames), "filed": sorted({c.name for o in flames for c in o.users_collection}),
          "seconds": seconds, "fps": film.fps,
          "solid": sum(sharp.is_see_through(m) for m in sharp.materials(bpy.data.collections[stages.SETS].objects)),
          "meshes": len({o.data.name for o in flames})}
"""


@pytest.mark.slow
def test_flames_are_light_that_burns_with_the_clip_and_hides_nothing() -> None:
    found = in_blender(BURNING)
    assert found["flames"] > 2
    assert found["meshes"] == 1
    assert found["filed"] == ["lamps"], "what labels see as little as a lamp"
    assert found["solid"] == 0, "the set itself is as opaque as before, so that its labels cost no more"
    assert found["seconds"] == [[pytest.approx(frame / found["fps"], abs=1e-5)] for frame in range(5)]


LIT = """
import sys, tempfile
from pathlib import Path
import bpy, numpy as np
from render.asset import Library
from render.planning.allowed import Allowed, HeldOut
from render.planning.dressing.stages import StageRecipe, draw_stage, set_times
from render.spec import Camera, Still
from render.streams import Stream
from blender_scenes import camera, meter, passes, practicals, stage
from tests.specs import make_film, make_spec

library, scratch, result = Library.open(), Path(tempfile.mkdtemp()), {}
film = make_film(width=64, height=36, frames=1)
view = Camera(position=Still(point=(1.0, -5.0, 1.5)), look_at=Still(point=(0.0, 0.0, 1.6)), focal_mm=28.0)
for name in sys.argv[1:]:
    scene = None
    for time in set_times(library.get(name)):
        drawn = draw_stage(StageRecipe.parse({"set": name, "time": time}, "x"), Allowed(HeldOut(), library, False),
                           Stream(2, len(result), "stage"))
        spec = make_spec(library, film=film, camera=view).model_copy(update={"stage": drawn})
        if scene is None:
            scene = stage.empty_scene()
            passes.set_up(scene, spec, 1)
            lamps = practicals.find(stage.build(scene, drawn, library))
            camera.build(scene, view, film, view.look_at)
        else:
            stage.light(scene, drawn, library)
        meter.balance(scene, spec, lamps, scratch)
        with meter._meter(scene, spec, scratch / "again.exr"):
            bpy.ops.render.render(write_still=True, scene=scene.name)
        sky, own, seen = meter._read(scratch / "again.exr")
        both = sky + own
        result[f"{name} {time}"] = {"level": drawn.level, "got": meter.log_average(both),
            "blown": float((both > 8.0).mean()), "black": float((both < drawn.level / 60).mean()),
            "own": float(own.mean()), "lamps": drawn.lamps,
            "seen": float(np.median(seen[seen > 0])) if seen.any() else 0.0}
"""


@pytest.mark.slow
def test_every_set_is_lit_well_at_each_of_its_hours() -> None:
    from render.asset import Library
    from render.planning.dressing.stages import set_times

    library = Library.open()
    found = in_blender(LIT, *library.names("set"))
    assert set(found) == {f"{name} {time}" for name in library.names("set") for time in set_times(library.get(name))}
    for name, light in found.items():
        assert light["got"] == pytest.approx(light["level"], rel=0.3), name
        assert light["blown"] < 0.04, name
        assert light["black"] < 0.25, name
        if name.endswith("night"):
            assert light["seen"] < 3 * light["level"], f"{name}: a sky brighter than what it lights"
        if not name.endswith("day"):
            assert light["own"] > 0 or light["lamps"] == 0, f"{name}: a set with no lamps of its own"


SIGHTS = """
import sys
import bpy, numpy as np
from mathutils import Vector
from render.asset import builtin_folder, read
from blender_scenes.ingest import place

result = {}
for name in sys.argv[1:]:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    asset = read(builtin_folder() / name)
    place(asset, "default", "set")
    graph, draw = bpy.context.evaluated_depsgraph_get(), np.random.default_rng(5)
    cameras, action = np.array(asset.asset.camera_box), np.array(asset.asset.action_box)
    blocked = []
    for _ in range(400):
        eye = Vector(draw.uniform(*cameras))
        eye.y = min(eye.y, 0.0)
        way = Vector(draw.uniform(*(action + action.mean(axis=0)) / 2)) - eye  # into the middle half of the action
        hit, *_ = bpy.context.scene.ray_cast(graph, eye, way.normalized(), distance=way.length)
        blocked.append(hit)
    result[name] = float(np.mean(blocked))
"""


@pytest.mark.slow
def test_cameras_see_the_action_from_wherever_they_may_stand() -> None:
    from render.asset import Library

    found = in_blender(SIGHTS, *Library.open().names("set"))
    assert len(found) >= 8
    assert max(found.values()) < 0.03, found


METERED = """
import numpy as np
from blender_scenes.meter import log_average, metered
rng = np.random.default_rng(1)
sky, own = rng.uniform(0.1, 2.0, (12, 20)), rng.uniform(0.0, 0.2, (12, 20))
result = []
for level, lamps in ((0.14, own), (0.02, own), (0.05, 10 * own), (0.1, 0 * own)):
    stops, share = metered(sky, lamps, 0 * sky, level)
    result.append([level, share, log_average(2.0**stops * sky + share * lamps), log_average(share * lamps)])
"""


@pytest.mark.slow
def test_the_meter_dims_lamps_only_where_they_outshine_the_picture() -> None:
    for level, share, got, lamps in in_blender(METERED):
        assert got == pytest.approx(level, rel=0.01)
        assert lamps <= 0.8 * level * 1.001
        assert share == 1.0 or lamps == pytest.approx(0.8 * level, rel=0.01)
