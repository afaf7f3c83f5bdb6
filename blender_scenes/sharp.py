"""What the sharp layers see: flat surfaces, and through what the eye sees through.

Most scenes are opaque, and a layer's material override makes them flat. Where a surface lets light straight through (a
leaf card's alpha, a chain-link texture, a pane), every material gets a flat twin instead, chosen by a property of the
view layer: at each point it is wholly there, or wholly transparent where at least half of the light goes straight
through. Glass that bends light (Glass and Refraction BSDF, Transmission) is there: nothing lies straight behind it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import bpy

Tree: TypeAlias = bpy.types.NodeTree
Socket: TypeAlias = bpy.types.NodeSocket
Amount: TypeAlias = Any
"""A number, or the socket that gives it."""

SHARP = "sharp"
"""Property of each view layer: 1 where surfaces are flat."""
_HALF = 0.5


def flat() -> bpy.types.Material:
    """A material that costs nothing to shade."""
    material = bpy.data.materials.new("flat")
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    nodes.clear()
    links.new(_dim(material.node_tree), nodes.new("ShaderNodeOutputMaterial").inputs[0])
    return material


def materials(things: Iterable[bpy.types.Object]) -> list[bpy.types.Material]:
    """The materials that `things` wear, each once."""
    worn = [slot.material for thing in things for slot in thing.material_slots if slot.material]
    return list({material.session_uid: material for material in worn}.values())


def is_see_through(material: bpy.types.Material) -> bool:
    """Whether light may go straight through some of its surface."""
    surface = _surface(material)
    return surface is not None and _may_pass(surface)


def is_light_alone(material: bpy.types.Material) -> bool:
    """Whether its surface is light and nothing else: a Transparent BSDF, white, and an Emission, added."""
    surface = _surface(material)
    if surface is None or surface.node.type != "ADD_SHADER":
        return False
    added = [socket.links[0].from_node for socket in surface.node.inputs if socket.is_linked]
    if {node.type for node in added} != {"BSDF_TRANSPARENT", "EMISSION"}:
        return False
    clear = next(node.inputs["Color"] for node in added if node.type == "BSDF_TRANSPARENT")
    return not clear.is_linked and tuple(clear.default_value)[:3] == (1.0, 1.0, 1.0)


def wire(material: bpy.types.Material) -> None:
    """Make the material flat, and see-through where it is so, on view layers whose SHARP is 1."""
    if not material.use_nodes:
        material.use_nodes = True
    tree = material.node_tree
    output = tree.get_output_node("CYCLES")
    surface = _surface(material)
    if output is None or surface is None:
        return
    through = _through(surface, tree)
    there = _dim(tree)
    if not isinstance(through, float):
        opaque = tree.nodes.new("ShaderNodeMath")
        opaque.operation = "LESS_THAN"
        tree.links.new(through, opaque.inputs[0])
        opaque.inputs[1].default_value = _HALF
        there = _mixed(tree, opaque.outputs[0], tree.nodes.new("ShaderNodeBsdfTransparent").outputs[0], there)
    elif through >= _HALF:
        there = tree.nodes.new("ShaderNodeBsdfTransparent").outputs[0]
    switch = tree.nodes.new("ShaderNodeAttribute")
    switch.attribute_type, switch.attribute_name = "VIEW_LAYER", SHARP
    tree.links.new(_mixed(tree, switch.outputs["Fac"], surface, there), output.inputs["Surface"])
    inside = output.inputs["Volume"]
    if inside.is_linked:
        tree.links.new(_mixed(tree, switch.outputs["Fac"], inside.links[0].from_socket, None), inside)


def _dim(tree: Tree) -> Socket:
    """Flat light too weak for Cycles to take each triangle for a lamp, which would cost more than the rays."""
    node = tree.nodes.new("ShaderNodeEmission")
    node.inputs["Strength"].default_value = 0.25
    return node.outputs[0]


def _surface(material: bpy.types.Material) -> Socket | None:
    """The shader that the material's surface shows."""
    output = material.node_tree.get_output_node("CYCLES") if material.node_tree else None
    return output.inputs["Surface"].links[0].from_socket if output and output.inputs["Surface"].is_linked else None


def _mixed(tree: Tree, share: Socket, first: Socket, second: Socket | None) -> Socket:
    node = tree.nodes.new("ShaderNodeMixShader")
    tree.links.new(share, node.inputs[0])
    tree.links.new(first, node.inputs[1])
    if second is not None:
        tree.links.new(second, node.inputs[2])
    return node.outputs[0]


def _may_pass(shader: Socket) -> bool:
    """Whether any Transparent BSDF or alpha below 1 lies behind `shader`; may say yes too often, never no."""
    node = shader.node
    if node.type == "BSDF_TRANSPARENT":
        return True
    if node.type == "BSDF_PRINCIPLED":
        alpha = node.inputs["Alpha"]
        return alpha.is_linked or alpha.default_value < 1
    if node.type == "GROUP" and node.node_tree:
        inner = _inside(node, shader)
        if inner is not None and _may_pass(inner):
            return True
    return any(_may_pass(socket.links[0].from_socket) for socket in node.inputs if _carries_shader(socket))


def _through(shader: Socket, tree: Tree) -> Amount:
    """Share of the light that goes straight through `shader`: a number, or a socket of `tree` that gives it."""
    node = shader.node
    match node.type:
        case "BSDF_TRANSPARENT":
            return _grey(node.inputs["Color"], tree)
        case "BSDF_PRINCIPLED":
            return _minus(1.0, _value(node.inputs["Alpha"]), tree)
        case "MIX_SHADER":
            share = _value(node.inputs[0])
            first, second = (_behind(socket, tree) for socket in node.inputs[1:3])
            return _plus(_times(_minus(1.0, share, tree), first, tree), _times(share, second, tree), tree)
        case "ADD_SHADER":
            first, second = (_behind(socket, tree) for socket in node.inputs)
            return _plus(first, second, tree)
        case "REROUTE":
            return _behind(node.inputs[0], tree)
        case "GROUP" if node.node_tree:
            return _through_group(node, shader)
    return 0.0


def _through_group(node: bpy.types.Node, shader: Socket) -> Amount:
    """The same for a shader that comes out of a node group: the group hands its share out by a socket of its own."""
    inner = _inside(node, shader)
    if inner is None:
        return 0.0
    group = node.node_tree
    name = f"{shader.name} lets through"
    if name not in node.outputs:
        share = _through(inner, group)
        if isinstance(share, float):
            return share
        made = group.interface.new_socket(name, in_out="OUTPUT", socket_type="NodeSocketFloat")
        ends = [n for n in group.nodes if n.type == "GROUP_OUTPUT" and n.is_active_output]
        group.links.new(share, next(s for s in ends[0].inputs if s.identifier == made.identifier))
    return node.outputs[name]


def _inside(node: bpy.types.Node, shader: Socket) -> Socket | None:
    """What is linked, within a group, to the output that `shader` is outside."""
    ends = [n for n in node.node_tree.nodes if n.type == "GROUP_OUTPUT" and n.is_active_output]
    inner = [s for end in ends for s in end.inputs if s.identifier == shader.identifier and s.is_linked]
    return inner[0].links[0].from_socket if inner else None


def _carries_shader(socket: Socket) -> bool:
    return socket.type == "SHADER" and socket.is_linked


def _behind(socket: Socket, tree: Tree) -> Amount:
    """Share let through by the shader linked to an input; an empty one is black."""
    return _through(socket.links[0].from_socket, tree) if socket.is_linked else 0.0


def _value(socket: Socket) -> Amount:
    return socket.links[0].from_socket if socket.is_linked else float(socket.default_value)


def _grey(socket: Socket, tree: Tree) -> Amount:
    """A colour input's luminance."""
    if not socket.is_linked:
        red, green, blue, _ = socket.default_value
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue
    node = tree.nodes.new("ShaderNodeRGBToBW")
    tree.links.new(socket.links[0].from_socket, node.inputs[0])
    return node.outputs[0]


def _math(tree: Tree, operation: str, a: Amount, b: Amount) -> Socket:
    node = tree.nodes.new("ShaderNodeMath")
    node.operation = operation
    for value, socket in zip((a, b), node.inputs, strict=False):
        if isinstance(value, float):
            socket.default_value = value
        else:
            tree.links.new(value, socket)
    return node.outputs[0]


def _plus(a: Amount, b: Amount, tree: Tree) -> Amount:
    if isinstance(a, float) and isinstance(b, float):
        return a + b
    if a == 0.0 or b == 0.0:
        return b if a == 0.0 else a
    return _math(tree, "ADD", a, b)


def _minus(a: float, b: Amount, tree: Tree) -> Amount:
    return a - b if isinstance(b, float) else _math(tree, "SUBTRACT", a, b)


def _times(a: Amount, b: Amount, tree: Tree) -> Amount:
    if isinstance(a, float) and isinstance(b, float):
        return a * b
    if a == 0.0 or b == 0.0:
        return 0.0
    return _math(tree, "MULTIPLY", a, b)
