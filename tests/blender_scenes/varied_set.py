"""Writes a small artist's set that varies: crates, an instanced bush, a post beside the action's room, two lamps."""

from __future__ import annotations

import sys
from pathlib import Path

TOML = """
name = "varied"
kind = "set"
file = "varied.blend"
action_box = [[-2.0, -2.0, 0.0], [2.0, 2.0, 3.0]]
licence = "CC0-1.0"
author = "tests"
source = "tests"

[[variation.things]]
names = "Crate *"
chance = 0.6
shift = [0.5, 0.5, 0.0]
turn = 90
scale = [0.5, 1.5]

[[variation.things]]
names = "Bush"
shift = [0.5, 0.5, 0.0]

[[variation.things]]
names = "Post"
shift = [3.0, 0.0, 0.0]

[[variation.things]]
names = "Lamp *"
lit = 0.5

[variation.materials.Wall]
"Roughness" = [0.2, 0.8]
"Tint" = [[0.1, 0.1, 0.1], [0.5, 0.4, 0.3]]
"""


def write(folder: Path) -> None:
    """Run inside Blender."""
    import bpy

    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    wall = bpy.data.materials.new("Wall")
    wall.use_nodes = True
    tint = wall.node_tree.nodes.new("ShaderNodeRGB")
    tint.label = "Tint"
    wall.node_tree.links.new(tint.outputs[0], wall.node_tree.nodes["Principled BSDF"].inputs["Base Color"])
    shining = bpy.data.materials.new("Bulb")
    shining.use_nodes = True
    shining.node_tree.nodes["Principled BSDF"].inputs["Emission Strength"].default_value = 4.0

    def box(name, size, at, material=wall, collection=scene.collection):  # type: ignore[no-untyped-def]
        bpy.ops.mesh.primitive_cube_add(size=1)
        thing = bpy.context.object
        for other in list(thing.users_collection):
            other.objects.unlink(thing)
        collection.objects.link(thing)
        thing.name = thing.data.name = name
        thing.scale, thing.location = size, at
        thing.data.materials.append(material)
        return thing

    box("Floor", (20, 20, 0.1), (0, 0, -0.05))
    for number in range(8):
        box(f"Crate {number}", (0.5, 0.5, 0.5), (-6 + 1.5 * number, 5, 0.25))
    box("Post", (0.3, 0.3, 2.0), (2.6, 0, 1.0))
    parts = bpy.data.collections.new("Bush parts")
    box("Leaf 1", (0.5, 0.5, 0.5), (0, 0, 0.3), collection=parts)
    box("Leaf 2", (0.4, 0.4, 0.4), (0.3, 0, 0.8), collection=parts)
    for name, x in (("Bush", -5.0), ("Other bush", 5.0)):
        maker = bpy.data.objects.new(name, None)
        maker.instance_type, maker.instance_collection, maker.location = "COLLECTION", parts, (x, 4, 0)
        scene.collection.objects.link(maker)
    for number, x in enumerate((-4.0, 4.0)):
        bulb = box(f"Lamp {number}", (0.1, 0.1, 0.1), (x, 0, 2.5), shining)
        light = bpy.data.objects.new(f"Light of {number}", bpy.data.lights.new("Light", "POINT"))
        light.data.energy, light.parent, light.location = 50.0, bulb, (0, 0, -2)
        scene.collection.objects.link(light)
    folder.mkdir(parents=True, exist_ok=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "varied.blend"))
    (folder / "asset.toml").write_text(TOML)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
    import os

    os._exit(0)
