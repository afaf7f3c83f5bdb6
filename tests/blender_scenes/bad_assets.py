"""Run inside Blender by the tests: makes assets with one fault each below a folder, one of them good."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import bpy

TOML = """
name = "{name}"
kind = "prop"
label = "thing"
file = "{file}"
size = 0.5
licence = "CC0-1.0"
author = "tests"
source = "tests"
{extra}
"""
FILE = "thing.blend"


def cube() -> bpy.types.Object:
    bpy.ops.mesh.primitive_cube_add()
    thing = bpy.context.object
    thing.name = "Thing"
    metal = bpy.data.materials.new("Metal")
    metal.use_nodes = True
    thing.data.materials.append(metal)
    return thing


def flat() -> None:
    cube().scale = (0.0, 0.0, 0.0)


def hidden() -> None:
    cube().hide_render = True


def textured() -> None:
    nodes = cube().data.materials[0].node_tree
    picture = bpy.data.images.new("Rust", 4, 4)
    picture.source, picture.filepath = "FILE", "//textures/rust.png"
    image = nodes.nodes.new("ShaderNodeTexImage")
    image.image = picture
    nodes.links.new(image.outputs["Color"], nodes.nodes["Principled BSDF"].inputs["Base Color"])


def driven() -> None:
    curve = cube().driver_add("location", 0)
    curve.driver.type = "SCRIPTED"
    curve.driver.expression = "__import__('pathlib').Path(bpy.data.filepath + '.ran').touch() or 0"


def scripted() -> None:
    cube()
    text = bpy.data.texts.new("startup.py")
    text.use_module = True
    text.write("raise SystemExit('a script ran')")


def clouds() -> None:
    cube()
    smoke = bpy.data.objects.new("Smoke", bpy.data.volumes.new("Smoke"))
    bpy.context.scene.collection.objects.link(smoke)


def dull() -> None:
    nodes = cube().data.materials[0].node_tree
    nodes.links.remove(nodes.nodes["Material Output"].inputs["Surface"].links[0])


def linked() -> None:
    cube()


def keyed() -> bpy.types.Object:
    thing = cube()
    for frame, x in ((1, 0.0), (10, 1.0)):
        thing.location.x = x
        thing.keyframe_insert("location", frame=frame)
    thing.animation_data.action.name = "Slide"
    return thing


def keyed_once() -> None:
    cube().keyframe_insert("location", frame=1)


def instancing() -> None:
    child, parent = cube(), keyed()
    child.parent = parent
    parent.instance_type = "VERTS"


def simulated() -> None:
    keyed().modifiers.new("Cloth", "CLOTH")


def cached() -> None:
    modifier = cube().modifiers.new("Cache", "MESH_CACHE")
    modifier.cache_format, modifier.filepath = "PC2", "//../shape.pc2"


def exported(path: Path, texture: Path | None = None) -> None:
    """The cube in another program's format, wearing a texture that lies elsewhere."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    metal = cube().data.materials[0]
    if texture:
        picture = bpy.data.images.new("Rust", 4, 4)
        picture.filepath_raw, picture.file_format = str(texture), "PNG"
        texture.parent.mkdir(exist_ok=True)
        picture.save()
        image = metal.node_tree.nodes.new("ShaderNodeTexImage")
        image.image = picture
        metal.node_tree.links.new(image.outputs[0], metal.node_tree.nodes["Principled BSDF"].inputs["Base Color"])
    if path.suffix == ".obj":
        bpy.ops.wm.obj_export(filepath=str(path), path_mode="RELATIVE")
    elif path.suffix == ".fbx":
        bpy.ops.preferences.addon_enable(module="io_scene_fbx")
        bpy.ops.export_scene.fbx(filepath=str(path), path_mode="RELATIVE")
    elif path.suffix == ".gltf":
        bpy.ops.preferences.addon_enable(module="io_scene_gltf2")
        bpy.ops.export_scene.gltf(
            filepath=str(path), export_format="GLTF_SEPARATE", export_texture_dir="../../elsewhere"
        )
    else:
        bpy.ops.wm.usd_export(filepath=str(path), export_textures_mode="KEEP", relative_paths=True)


USD_OUTSIDE = """#usda 1.0
(
    subLayers = [@../usda-good/thing.usda@]
    upAxis = "Z"
)
"""


CASES: dict[str, tuple[Callable[[], object], str]] = {
    "good": (cube, ""),
    "no-object": (cube, 'object = "Thng"'),
    "no-collection": (cube, 'collection = "Colection"'),
    "zero-size": (flat, ""),
    "hidden": (hidden, 'object = "Thing"'),
    "texture": (textured, ""),
    "driver": (driven, ""),
    "script": (scripted, ""),
    "volume": (clouds, ""),
    "finish-material": (cube, "[finishes.red.materials.Metl]\nRoughness = 0.5"),
    "finish-input": (cube, "[finishes.red.materials.Metal]\nRoughnes = 0.5"),
    "finish-colour": (cube, '[finishes.red.materials.Metal]\n"Base Color" = 0.5'),
    "finish-number": (cube, "[finishes.red.materials.Metal]\nRoughness = [0.5, 0.5, 0.5]"),
    "charge-material": (cube, 'charge = { materials = ["Mettal"] }'),
    "charge-dull": (dull, 'charge = { materials = ["Metal"] }'),
    "unknown-key": (cube, "sise = 0.5"),
    "linked": (linked, ""),
    "cache": (cached, ""),
    "action": (keyed, 'action = "Slyde"'),
    "action-none": (cube, "action = true"),
    "action-once": (keyed_once, "action = true"),
    "action-instances": (instancing, "action = true"),
    "action-simulated": (simulated, "action = true"),
}


def main(folder: Path) -> None:
    for name, (model, extra) in CASES.items():
        bpy.ops.wm.read_factory_settings(use_empty=True)
        bpy.context.scene.collection.children.link(bpy.data.collections.new("Collection"))
        model()
        (folder / name).mkdir()
        (folder / name / "asset.toml").write_text(TOML.format(name=name, file=FILE, extra=extra))
        if name == "linked":
            with bpy.data.libraries.load(str(folder / "good" / FILE), link=True) as (_, wanted):
                wanted.meshes = ["Cube"]
            bpy.data.objects["Thing"].data = wanted.meshes[0]
        bpy.ops.wm.save_as_mainfile(filepath=str(folder / name / FILE))
    for name, file, content in (
        ("not-blender", FILE, b"not a Blender file"),
        ("not-gltf", "thing.glb", b"not glTF"),
        ("no-file", "nothing.blend", None),
        ("not-usd", "thing.usdc", b"not USD"),
        ("not-usda", "thing.usda", b"not USD"),
        ("not-fbx", "thing.fbx", b"not FBX"),
        ("not-obj", "thing.obj", b"not OBJ"),
        ("usd-outside", "thing.usda", USD_OUTSIDE.encode()),
        ("format", "thing.stl", b"solid thing"),
        ("outside", "../good/thing.blend", None),
    ):
        (folder / name).mkdir()
        (folder / name / "asset.toml").write_text(TOML.format(name=name, file=file, extra=""))
        if content is not None:
            (folder / name / file).write_bytes(content)
    (folder / "no-toml").mkdir()
    for suffix in ("obj", "fbx", "gltf", "usda"):
        for name, texture in (
            (f"{suffix}-texture", folder.parent / "elsewhere" / "rust.png"),
            (f"{suffix}-good", None),
        ):
            (folder / name).mkdir()
            (folder / name / "asset.toml").write_text(TOML.format(name=name, file=f"thing.{suffix}", extra=""))
            exported(folder / name / f"thing.{suffix}", texture)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
