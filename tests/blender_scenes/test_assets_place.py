"""`place`: real size, the right way up, plain meshes, own materials; finishes and charge that show in the picture."""

from pathlib import Path
from typing import Any

import imageio.v3
import numpy as np
import pytest
from PIL import Image

from render.asset import builtin_folder
from tests.blender_scenes.in_blender import in_blender

MEASURE = """
import sys
from pathlib import Path
import bpy
import numpy as np
from render.asset import Asset, Library, read
from blender_scenes.ingest import place

def points(placed):
    bpy.context.scene.frame_set(0)  # where what plays is on its first frame
    graph = bpy.context.evaluated_depsgraph_get()
    found = []
    for item in placed.objects:
        if item.type == "MESH":
            shown = item.evaluated_get(graph)
            flat = np.empty(len(shown.data.vertices) * 3, np.float32)
            shown.data.vertices.foreach_get("co", flat)
            matrix = np.array(shown.matrix_world)
            found.append(flat.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3])
    return np.concatenate(found)

def bounds(placed):
    p = points(placed)
    return [p.min(0).tolist(), p.max(0).tolist()]

bpy.ops.wm.read_factory_settings(use_empty=True)
"""

TOML = """
name = "{name}"
kind = "prop"
label = "thing"
file = "{file}"
licence = "CC0-1.0"
author = "tests"
source = "tests"
{extra}
"""

BUILT_IN = """
def inside(placed, box):
    p, (low, high) = points(placed), np.array(box)
    return int(((p > low + [0, 0, 0.1]) & (p < high)).all(1).sum())

result = {}
for name, found in Library.open().assets.items():
    if found.asset.kind == "hdri":
        continue
    placed = place(found, next(iter(found.asset.finishes)), name)
    meshes = {o.data for o in placed.objects if o.type == "MESH"}
    result[name] = {
        "kind": found.asset.kind, "size": found.asset.size, "grip": found.asset.grip, "bounds": bounds(placed),
        "box": found.asset.action_box, "faces": sum(len(mesh.polygons) for mesh in meshes),
        "uv": all(mesh.uv_layers for mesh in meshes),
        "figure": bool(found.asset.figure), "charge": len(placed.charge), "charged": len(placed.charged),
        "inside": inside(placed, found.asset.action_box) if found.asset.kind == "set" else 0,
    }
result["scenes"] = len(bpy.data.scenes)
result["strays"] = [o.name for o in bpy.context.scene.objects if o.parent is None and o.name not in result]
result["materials"] = [m.name for m in bpy.data.materials if "." not in m.name]
"""


@pytest.mark.slow
def test_built_in_assets_measure_what_they_say() -> None:
    found = in_blender(MEASURE + BUILT_IN)
    assert found.pop("scenes") == 1, "the scratch scene stayed behind"
    assert found.pop("strays") == []
    assert found.pop("materials") == [], "materials that no placement owns stayed behind"
    for name, asset in found.items():
        low, high = np.array(asset["bounds"])
        assert asset["faces"] < 80_000, name
        if asset["kind"] == "set":
            assert asset["inside"] == 0, f"{name}: something stands in the action box"
            assert low[0] < -10
            assert high[0] > 10
            continue
        near = 0.07 if asset["figure"] else 1e-5  # a figure's size is that of its rest pose
        assert (high - low).max() == pytest.approx(asset["size"], abs=near), name
        assert (low + high) / 2 == pytest.approx(-np.array(asset["grip"]), abs=near), name
        assert asset["uv"], f"{name} has no UV map"
        if asset["kind"] == "prop":
            assert asset["charge"] == asset["charged"] == 1
            assert 5_000 <= asset["faces"] <= 80_000


# An L of three boxes: a long arm up, a short one forward, a stub to the right; told apart by their lengths.
AXES = """
from mathutils import Matrix, Vector
from tests.blender_scenes.rigged import save
axes = {"+X": (1,0,0), "-X": (-1,0,0), "+Y": (0,1,0), "-Y": (0,-1,0), "+Z": (0,0,1), "-Z": (0,0,-1)}
result = {}
for folder in sorted(Path(sys.argv[1]).iterdir()):
    asset = Asset.read_toml(folder / "asset.toml")
    bpy.ops.wm.read_factory_settings(use_empty=True)
    up, forward = Vector(axes[asset.up]), Vector(axes[asset.forward])
    ends = [Vector((0,0,0)), up * 40, forward * 20, forward.cross(up) * 10]
    mesh = bpy.data.meshes.new("ell")
    mesh.from_pydata([e + Vector((1, 2, 3)) for e in ends], [], [(0,1,2), (0,2,3), (0,1,3)])
    thing = bpy.data.objects.new("Ell", mesh)
    bpy.context.scene.collection.objects.link(thing)
    metal = bpy.data.materials.new("Metal")
    metal.use_nodes = True
    mesh.materials.append(metal)
    save(folder / asset.file)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    placed = place(read(folder), "red", "a")
    corners = sorted(map(tuple, np.unique(points(placed).round(5), axis=0).tolist()))
    shader = placed.objects[0].data.materials[0].node_tree.nodes["Principled BSDF"]
    result[folder.name] = {
        "corners": corners, "colour": list(shader.inputs["Base Color"].default_value)[:3],
        "charge": len(placed.charge), "charged": len(placed.charged),
    }
"""
ELLS = [
    ("ell.blend", "+Z", "+Y"),
    ("ell.blend", "+Y", "-Z"),
    ("ell.blend", "-X", "+Z"),
    ("ell.glb", "+Z", "+Y"),
    ("ell.glb", "+Y", "-Z"),
    ("ell.gltf", "+Z", "+Y"),
    ("ell.usd", "+Z", "+Y"),
    ("ell.usda", "+Y", "-Z"),
    ("ell.usdc", "+Z", "+Y"),
    ("ell.usdz", "+Z", "+Y"),
    ("ell.fbx", "+Z", "+Y"),
    ("ell.fbx", "+Y", "-Z"),
    ("ell.obj", "+Z", "+Y"),
    ("ell.obj", "-X", "+Z"),
]


@pytest.fixture(scope="module")
def ells(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What became of each, by file, up and forward."""
    root = tmp_path_factory.mktemp("ells")
    for file, up, forward in ELLS:
        folder = root / f"{file} {up} {forward}"
        folder.mkdir()
        extra = f'size = 0.4\nup = "{up}"\nforward = "{forward}"\ngrip = [0.0, 0.0, 0.1]'
        extra += '\nfinishes.red.materials.Metal = { "Base Color" = [0.5, 0.25, 0.125] }\ncharge.materials = ["Metal"]'
        (folder / "asset.toml").write_text(TOML.format(name="ell", file=file, extra=extra))
    found: dict[str, Any] = in_blender(MEASURE + AXES, root)
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("file", "up", "forward"), ELLS)
def test_every_format_is_upright_sized_dressed_and_charged(
    file: str, up: str, forward: str, ells: dict[str, Any]
) -> None:
    found = ells[f"{file} {up} {forward}"]
    assert found["colour"] == [0.5, 0.25, 0.125]
    assert found["charge"] == found["charged"] == 1
    corners = np.array(found["corners"])
    expected = np.array([[0, 0, 0], [0, 0, 0.4], [0, 0.2, 0], [0.1, 0, 0]]) - [0.05, 0.1, 0.2] - [0, 0, 0.1]
    expected = expected[np.lexsort(expected.T[::-1])]
    assert corners == pytest.approx(expected, abs=1e-5)


BAKED = """
folder = Path(sys.argv[1])
bpy.ops.mesh.primitive_cube_add(size=1)
part = bpy.context.object
array = part.modifiers.new("Array", "ARRAY"); array.count = 3
subdivision = part.modifiers.new("Subsurf", "SUBSURF")
subdivision.subdivision_type, subdivision.levels, subdivision.render_levels = "SIMPLE", 0, 1
group = bpy.data.collections.new("Part")
bpy.context.scene.collection.children.link(group)
bpy.context.scene.collection.objects.unlink(part); group.objects.link(part)
prop = bpy.data.collections.new("Prop")
bpy.context.scene.collection.children.link(prop)
instance = bpy.data.objects.new("Instance", None)
instance.instance_type, instance.instance_collection = "COLLECTION", group
instance.scale = (1, 2, 1)
prop.objects.link(instance)
helper = bpy.data.objects.new("Helper", part.data); helper.hide_render = True; helper.location = (50, 0, 0)
prop.objects.link(helper)
bpy.ops.wm.save_as_mainfile(filepath=str(folder / "prop.blend"))
bpy.ops.wm.read_factory_settings(use_empty=True)
placed = place(read(folder), "default", "a")
result = {"bounds": bounds(placed), "faces": [len(o.data.polygons) for o in placed.objects],
          "modifiers": sum(len(o.modifiers) for o in placed.objects)}
"""


@pytest.mark.slow
def test_instances_and_modifiers_are_baked_as_rendered(tmp_path: Path) -> None:
    extra = 'size = 3.0\ncollection = "Prop"'
    (tmp_path / "asset.toml").write_text(TOML.format(name="part", file="prop.blend", extra=extra))
    found = in_blender(MEASURE + BAKED, tmp_path)
    assert found["faces"] == [3 * 6 * 4]  # three cubes, subdivided once as in a render; the hidden helper left out
    assert found["modifiers"] == 0
    assert np.array(found["bounds"]) == pytest.approx(np.array([[-1.5, -1, -0.5], [1.5, 1, 0.5]]), abs=1e-5)


COPIES = """
hammer = Library.open().get("hammer")
first, second = place(hammer, "new", "first"), place(hammer, "gilded", "second")
first.charge[0].outputs[0].default_value = 1.0
first.charge_colour((1.0, 0.0, 0.0))
def worn(placed):
    return {s.material.name for o in placed.objects for s in o.material_slots}
def tint(placed):
    steel = next(s.material for o in placed.objects for s in o.material_slots if "Steel" in s.material.name)
    return list(next(n for n in steel.node_tree.nodes if n.label == "Tint").outputs[0].default_value)
result = {
    "shared": sorted(worn(first) & worn(second)), "tints": [tint(first), tint(second)],
    "levels": [p.charge[0].outputs[0].default_value for p in (first, second)],
    "colours": [list(p.tint[0].outputs[0].default_value) for p in (first, second)],
    "names": all(o.name.startswith("first") for o in (first.root, *first.objects)),
}
"""


@pytest.mark.slow
def test_two_copies_share_no_material() -> None:
    found = in_blender(MEASURE + COPIES)
    assert found["shared"] == []
    assert found["tints"][0] != found["tints"][1]
    assert found["levels"] == [1.0, 0.0]
    assert found["colours"][0] != found["colours"][1]
    assert found["names"]


SHEET = """
import sys
from pathlib import Path
from render.asset import builtin_folder
from blender_scenes.preview import LABEL, preview
preview(builtin_folder() / sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
result = LABEL
"""
FINISHES, COLUMNS = 6, ("front", "side", "back", "wear 0.5", "wear 1", "charge 0.4", "charge 1")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hammer", "shield", "gauntlet"])
def test_finishes_wear_and_charge_change_the_picture(name: str, tmp_path: Path) -> None:
    label = in_blender(SHEET, name, tmp_path / "sheet.png", 56)
    sheet = np.asarray(Image.open(tmp_path / "sheet.png").convert("RGB"), np.float64)
    width, height = sheet.shape[1] // len(COLUMNS), sheet.shape[0] // FINISHES - label
    assert max(width, height) == 56
    background = sheet[0, 0]

    def cell(row: int, column: str) -> np.ndarray:
        left, top = COLUMNS.index(column) * width, row * (height + label)
        return sheet[top : top + height, left : left + width]

    filled = np.abs(cell(0, "front") - background).max(-1) > 12
    assert filled.any(1).mean() > 0.85, "the prop fills its cell"

    for a in range(FINISHES):
        for b in range(a):
            changed = np.abs(cell(a, "front") - cell(b, "front")).max(-1) > 20
            assert changed.sum() > 30, f"finishes {a} and {b} look alike"
        new, half, full = (cell(a, column) for column in ("front", "charge 0.4", "charge 1"))
        lit = (full - new)[..., 2] > 40
        assert lit.sum() >= 6, "a full charge must show"
        assert (half - new)[lit][:, 2].mean() > 15
        assert (full - half)[lit][:, 2].mean() > 2
    worn = [np.abs(cell(0, column) - cell(0, "front"))[filled].mean() for column in ("wear 0.5", "wear 1")]
    assert worn[1] > worn[0] > 1.0, "wear shows, and grows"


WEAR = """
hammer = Library.open().get("hammer")
def wears(placed):
    return {m.name.split(".")[-1]: [n.outputs[0].default_value for n in m.node_tree.nodes if n.label == "Wear"]
            for o in placed.objects for m in o.data.materials}
result = [wears(place(hammer, finish, f"{finish}-{wear}", wear))
          for finish, wear in (("new", 0.0), ("worn", 0.0), ("new", 0.5), ("worn", 0.5), ("worn", 1.0))]
"""


@pytest.mark.slow
def test_wear_goes_on_from_the_finish() -> None:
    new, worn, new_half, worn_half, most = in_blender(MEASURE + WEAR)
    assert set(new) == {"Steel", "Trim", "Leather", "Runes"}
    for material, (own,) in new.items():
        assert new_half[material] == pytest.approx([own + (1 - own) / 2])
        assert worn[material][0] > own
        assert worn_half[material] == pytest.approx([worn[material][0] + (1 - worn[material][0]) / 2])
        assert most[material] == pytest.approx([1.0])


FILM = """
import sys
from pathlib import Path
from blender_scenes import turntable
from blender_scenes.preview import preview
turntable.TURN, turntable.PULSE, turntable.SAMPLES = 6, 2, 1
preview(Path(sys.argv[1]), Path(sys.argv[2]), 48)
result = None
"""


@pytest.mark.slow
def test_a_film_turns_the_prop_through_its_finishes(tmp_path: Path) -> None:
    in_blender(FILM, builtin_folder() / "gauntlet", tmp_path / "film.mp4")
    film = np.stack(list(imageio.v3.imiter(tmp_path / "film.mp4", plugin="pyav"))).astype(np.float64)
    assert film.shape == (8, 48, 48, 3)
    moved = np.abs(np.diff(film[:6], axis=0)).max(-1)
    assert ((moved > 20).sum((1, 2)) > 40).all(), "every frame is turned or dressed otherwise"
    assert (np.abs(film - film[0, 0, 0]).max(-1) > 15).mean() > 0.15, "the prop fills the picture"
