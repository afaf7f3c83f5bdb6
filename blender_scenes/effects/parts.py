"""What effects are made of in Blender: additive materials, drawn meshes, lamps, and brightness keyed frame by frame."""

from __future__ import annotations

from typing import TypeAlias

import bpy
import numpy as np
from mathutils import Vector
from numpy.typing import ArrayLike, NDArray

from render.frames.develop import FX

from ..keys import key
from ..stage import EFFECTS
from .tubes import Tubes

RADIANCE = "radiance"
"""The mesh attribute (colour) that an effect's vertices carry: what they emit at brightness 1."""

_ROUGH = 0.25
"""Share of an effect's own light that rough surfaces reflect: lamps give them their highlights, at less noise."""


def tint(colour: ArrayLike) -> NDArray[np.float64]:
    """A colour (3,) with its greatest channel at 1, deepened: bright light loses some of its colour on film."""
    rgb = np.asarray(colour, np.float64)
    return np.asarray((rgb / max(float(rgb.max()), 1e-6)) ** 1.6)


Thing: TypeAlias = bpy.types.Object
Socket: TypeAlias = bpy.types.NodeSocket


def empty(name: str) -> bpy.types.Object:
    """An object without a shape."""
    return bpy.data.objects.new(name, None)


def adopt(thing: bpy.types.Object) -> bpy.types.Object:
    """Put an object or lamp where the passes look for effects: the collection and the Cycles light group of theirs."""
    found = bpy.data.collections.get(EFFECTS)
    if found is None:
        found = bpy.data.collections.new(EFFECTS)
        bpy.context.scene.collection.children.link(found)
    found.objects.link(thing)
    thing.lightgroup = FX
    return thing


def additive_material(name: str) -> tuple[bpy.types.Material, bpy.types.ShaderNodeEmission]:
    """A material that only ever adds light: Emission + Transparent, so that what lies behind keeps its whole matte.

    It is no light source for Cycles: hunting thin bright meshes from every surface is noise; lamps do the lighting.
    """
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    material.cycles.emission_sampling = "NONE"
    tree = material.node_tree
    tree.nodes.clear()
    emission = tree.nodes.new("ShaderNodeEmission")
    through = tree.nodes.new("ShaderNodeBsdfTransparent")
    both = tree.nodes.new("ShaderNodeAddShader")
    output = tree.nodes.new("ShaderNodeOutputMaterial")
    tree.links.new(emission.outputs[0], both.inputs[0])
    tree.links.new(through.outputs[0], both.inputs[1])
    tree.links.new(both.outputs[0], output.inputs["Surface"])
    return material, emission


def soft(tree: bpy.types.NodeTree) -> Socket:
    """A socket with cos² of the angle between normal and view: a parabola across a tube, 0 at its outline."""
    weight = tree.nodes.new("ShaderNodeLayerWeight")
    weight.inputs["Blend"].default_value = 0.5  # makes Facing exactly 1 - |cos|
    cosine = math(tree, "SUBTRACT", 1.0, weight.outputs["Facing"])
    return math(tree, "MULTIPLY", cosine, cosine)


def math(
    tree: bpy.types.NodeTree,
    operation: str,
    a: Socket | float,
    b: Socket | float,
    c: Socket | float = 0.0,
    clamp: bool = False,
) -> Socket:
    """The output of a Math node over sockets or numbers."""
    node = tree.nodes.new("ShaderNodeMath")
    node.operation, node.use_clamp = operation, clamp
    for socket, value in zip(node.inputs, (a, b, c), strict=True):
        if isinstance(value, float):
            socket.default_value = value
        else:
            tree.links.new(value, socket)
    return node.outputs[0]


def _to_viewer(tree: bpy.types.NodeTree) -> Socket:
    """A socket: 1 for what the camera or a mirror sees, `_ROUGH` for what a rough surface reflects."""
    path = tree.nodes.new("ShaderNodeLightPath")
    sharp = math(tree, "MAXIMUM", path.outputs["Is Camera Ray"], path.outputs["Is Singular Ray"])
    return math(tree, "MULTIPLY_ADD", sharp, 1.0 - _ROUGH, _ROUGH)


def glowing_material(name: str) -> tuple[bpy.types.Material, bpy.types.ShaderNodeValue]:
    """An additive material for `Tubes`: radiance × brightness × softness, and the Value node of its brightness.

    Only the walls that face the viewer shine, so that a tube is as bright where its far wall is buried in something.
    """
    material, emission = additive_material(name)
    tree = material.node_tree
    radiance = tree.nodes.new("ShaderNodeAttribute")
    radiance.attribute_name = RADIANCE
    brightness = tree.nodes.new("ShaderNodeValue")
    brightness.outputs[0].default_value = 1.0
    tree.links.new(radiance.outputs["Color"], emission.inputs["Color"])
    front = math(tree, "SUBTRACT", 1.0, tree.nodes.new("ShaderNodeNewGeometry").outputs["Backfacing"])
    shape = math(tree, "MULTIPLY", soft(tree), front)
    seen = math(tree, "MULTIPLY", brightness.outputs[0], _to_viewer(tree))
    tree.links.new(math(tree, "MULTIPLY", shape, seen), emission.inputs["Strength"])
    return material, brightness


def sheet_material(name: str) -> tuple[bpy.types.Material, bpy.types.ShaderNodeValue]:
    """An additive material for flat sheets, as bright from either side and at any angle: radiance × brightness."""
    material, emission = additive_material(name)
    tree = material.node_tree
    radiance = tree.nodes.new("ShaderNodeAttribute")
    radiance.attribute_name = RADIANCE
    brightness = tree.nodes.new("ShaderNodeValue")
    tree.links.new(radiance.outputs["Color"], emission.inputs["Color"])
    tree.links.new(math(tree, "MULTIPLY", brightness.outputs[0], _to_viewer(tree)), emission.inputs["Strength"])
    return material, brightness


def drawn(name: str, tubes: Tubes, material: bpy.types.Material) -> bpy.types.Object:
    """An object of the `effects` collection that shows `tubes` to the camera and to mirrors, but lights nothing."""
    found = adopt(bpy.data.objects.new(name, mesh_of(name, tubes, material)))
    found.data.shade_smooth()
    found.visible_shadow = found.visible_diffuse = found.visible_volume_scatter = False
    return found


def mesh_of(name: str, tubes: Tubes, material: bpy.types.Material) -> bpy.types.Mesh:
    """A mesh with the radiance as a colour attribute, and the velocities, from which Cycles blurs it, as another."""
    mesh = bpy.data.meshes.new(name)
    count, faces = len(tubes.points), len(tubes.quads)
    mesh.vertices.add(count)
    exact_V3 = tubes.points.round(9) + 0.0  # a vector unit's last bits depend on where in memory an array lies
    mesh.vertices.foreach_set("co", exact_V3.astype(np.float32).ravel())
    mesh.loops.add(faces * 4)
    mesh.loops.foreach_set("vertex_index", tubes.quads.ravel())
    mesh.polygons.add(faces)
    mesh.polygons.foreach_set("loop_start", np.arange(faces, dtype=np.int32) * 4)
    attribute = mesh.attributes.new(RADIANCE, "FLOAT_COLOR", "POINT")
    rgba_V4 = np.concatenate([tubes.radiance, np.ones((count, 1))], axis=1)
    attribute.data.foreach_set("color", rgba_V4.astype(np.float32).ravel())
    if tubes.velocity is not None:
        motion = mesh.attributes.new("velocity", "FLOAT_VECTOR", "POINT")
        motion.data.foreach_set("vector", tubes.velocity.astype(np.float32).ravel())
    mesh.update(calc_edges=True)
    mesh.materials.append(material)
    return mesh


def lamp(name: str, colour: ArrayLike, watts_F: NDArray[np.float64], radius: float) -> bpy.types.Object:
    """A point lamp of the `effects` collection, a ball of `radius` metres whose power is keyed a value a frame."""
    light = bpy.data.lights.new(name, "POINT")
    light.color = tuple(np.asarray(colour, np.float64))
    light.shadow_soft_size = radius
    key_frames(light, "energy", watts_F)
    found = adopt(bpy.data.objects.new(name, light))
    found.visible_camera = False
    return found


def sky_flash(name: str, colour: ArrayLike, towards: ArrayLike, irradiance_F: NDArray[np.float64]) -> bpy.types.Object:
    """A distant, wide lamp of the `effects` collection: light from all of the sky about the direction `towards`."""
    light = bpy.data.lights.new(name, "SUN")
    light.color = tuple(np.asarray(colour, np.float64))
    light.angle = np.radians(100.0)
    key_frames(light, "energy", irradiance_F)
    found = adopt(bpy.data.objects.new(name, light))
    found.rotation_mode = "QUATERNION"
    found.rotation_quaternion = Vector(np.asarray(towards, np.float64)).to_track_quat("Z", "Y")
    found.visible_camera = False
    return found


def ignored_by(lamp: bpy.types.Object, objects: tuple[bpy.types.Object, ...]) -> None:
    """Let the lamp's light pass through `objects` unseen: it hangs inside the prop that it lights the world for."""
    passed = bpy.data.collections.new(f"{lamp.name}-passed")
    for thing in objects:
        passed.objects.link(thing)
    for link in passed.collection_objects:
        link.light_linking.link_state = "EXCLUDE"
    lamp.light_linking.blocker_collection = passed
    lamp.light_linking.receiver_collection = passed


def move(thing: bpy.types.Object, points_F3: NDArray[np.float64]) -> None:
    """Key the place of `thing`, one point a frame (metres)."""
    key(thing, "location", np.arange(len(points_F3)), points_F3)


def show_only(drawn_object: bpy.types.Object, first: int, last: int) -> None:
    """Render `drawn_object` in frames `first` to `last` (both included) only."""
    frames = np.array([-1e4, first - 0.5, last + 0.5])  # half a frame wider, for the ends of the open shutter
    key(drawn_object, "hide_render", frames, np.array([1.0, 0.0, 1.0]), "CONSTANT")


def key_frames(owner: bpy.types.ID, path: str, values_F: NDArray[np.float64]) -> None:
    """Key the number `owner.path` with one value a frame, held through the frame's open shutter."""
    key(owner, path, np.arange(len(values_F)) - 0.5, values_F, "CONSTANT")


def key_value(node: bpy.types.ShaderNodeValue, values_F: NDArray[np.float64]) -> None:
    """Key what a Value node gives out, one value a frame."""
    key_frames(node.id_data, node.outputs[0].path_from_id("default_value"), values_F)
