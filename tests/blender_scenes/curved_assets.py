"""More assets of known geometry: a ball, a disc, a thin card with holes and panes, for the tests of exactness."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.blender_scenes.in_blender import in_blender

BALL = 0.3
"""Radius of the ball, metres."""
DISC, BOSS = 0.3, 0.1
"""Radius of a thin disc, and the side of the boss (a cube) that sits on its rim, on the side of +X, metres."""
CARD = (0.9, 0.7)
"""Sides of the card and panes along x and z."""
CHECKS = (6, 4)
"""Squares of the card's pattern along its sides; the one at its lower left is solid."""
PANES = {"test-pane-clear": 0.8, "test-pane-dark": 0.3}
"""Share of the light that each pane lets straight through."""

_TOML = """
name = "{name}"
kind = "{kind}"
{extra}
file = "shape.blend"
licence = "CC0-1.0"
author = "tests"
source = "tests"
"""

_SCRIPT = f"""
import bpy, sys, math
import numpy as np
from pathlib import Path
folder = Path(sys.argv[1])
BALL, DISC, BOSS, CARD, CHECKS, PANES = {BALL}, {DISC}, {BOSS}, {CARD}, {CHECKS}, {PANES}

def fresh():
    bpy.ops.wm.read_factory_settings(use_empty=True)

def save(name, *things):
    (folder / name).mkdir(parents=True, exist_ok=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / name / "shape.blend"), compress=True)

def skin(name="Skin"):
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    return material

fresh()
bpy.ops.mesh.primitive_uv_sphere_add(segments=192, ring_count=96, radius=BALL)
bpy.ops.object.shade_smooth()
bpy.context.object.data.materials.append(skin())
save("test-ball")

fresh()
bpy.ops.mesh.primitive_cylinder_add(vertices=256, radius=DISC, depth=0.02)
bpy.context.object.data.materials.append(skin())
bpy.ops.mesh.primitive_cube_add(size=BOSS, location=(DISC, 0, 0))
bpy.context.object.data.materials.append(skin("Boss"))
save("test-disc")

def sheet():
    bpy.ops.mesh.primitive_plane_add(size=1, rotation=(math.pi / 2, 0, 0))
    thing = bpy.context.object
    thing.scale = (CARD[0], CARD[1], 1)
    return thing

fresh()
thing = sheet()
image = bpy.data.images.new("checks", CHECKS[0], CHECKS[1], alpha=True)
y, x = np.mgrid[: CHECKS[1], : CHECKS[0]]
rgba = np.ones((*x.shape, 4), np.float32) * 0.5
rgba[..., 3] = (x + y) % 2 == 0
image.pixels.foreach_set(rgba.ravel())
image.pack()
material = skin()
tree = material.node_tree
texture = tree.nodes.new("ShaderNodeTexImage")
texture.image, texture.interpolation = image, "Closest"
tree.links.new(texture.outputs["Alpha"], tree.nodes["Principled BSDF"].inputs["Alpha"])
thing.data.materials.append(material)
save("test-card")

for name, share in PANES.items():
    fresh()
    thing = sheet()
    group = bpy.data.node_groups.new("Pane", "ShaderNodeTree")  # as artists keep their glass: in a group
    group.interface.new_socket("Clear", in_out="INPUT", socket_type="NodeSocketFloat")
    group.interface.new_socket("Shader", in_out="OUTPUT", socket_type="NodeSocketShader")
    start, end = group.nodes.new("NodeGroupInput"), group.nodes.new("NodeGroupOutput")
    mix = group.nodes.new("ShaderNodeMixShader")
    group.links.new(start.outputs["Clear"], mix.inputs[0])
    group.links.new(group.nodes.new("ShaderNodeBsdfGlossy").outputs[0], mix.inputs[1])
    group.links.new(group.nodes.new("ShaderNodeBsdfTransparent").outputs[0], mix.inputs[2])
    group.links.new(mix.outputs[0], end.inputs[0])
    material = skin()
    tree = material.node_tree
    pane = tree.nodes.new("ShaderNodeGroup")
    pane.node_tree = group
    pane.inputs["Clear"].default_value = share
    tree.links.new(pane.outputs[0], tree.get_output_node("CYCLES").inputs["Surface"])
    thing.data.materials.append(material)
    save(name)
result = True
"""


def write_curved(folder: Path) -> Path:
    """`test-ball`, `test-disc` (props), `test-card` and the PANES (occluders) below `folder`."""
    in_blender(_SCRIPT, folder)
    sizes = {"test-ball": 2 * BALL, "test-disc": 2 * DISC + BOSS / 2, **dict.fromkeys(("test-card", *PANES), max(CARD))}
    for name, size in sizes.items():
        prop = name in ("test-ball", "test-disc")
        extra = f"size = {size}" + ('\nlabel = "round"' if prop else "")
        if name == "test-disc":
            extra += f"\ngrip = [{-BOSS / 4}, 0.0, 0.0]"  # the disc's own middle
        if name == "test-ball":
            extra += '\ncharge = { materials = ["Skin"], strength = 0.6 }'
        text = _TOML.format(name=name, kind="prop" if prop else "occluder", extra=extra)
        (folder / name / "asset.toml").write_text(text)
    return folder


def card_is_solid(points_N2: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether points of the card, metres (x, z) from its middle, lie on a solid square of it."""
    cell = np.floor((points_N2 / CARD + 0.5) * CHECKS).astype(int)
    return cell.sum(axis=1) % 2 == 0
