"""Finishes and charge: what asset.toml may change in the materials of one placed copy.

A finish names, by material, either a *knob* (a Value or RGB node that the artist labelled, `Wear`, `Tint`) or an
input of the material's Principled BSDF (`Roughness`, `Base Color`), which is then unplugged and set.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import bpy

from render.asset import Finish
from render.document import nearest

Amount = float | tuple[float, float, float]
CHARGE_MASK = "Charge"
"""A node of this label in a charge-able material says where it glows: its first output multiplies the light."""
WEAR = "Wear"
"""A Value node of this label says how worn a material is, from 0 (new) to 1."""


@dataclass(frozen=True)
class ChargeNodes:
    """The two nodes that drive a charge-able material: its level (0..1) and its colour."""

    level: bpy.types.ShaderNodeValue
    colour: bpy.types.ShaderNodeRGB


def apply_finish(copies: dict[str, bpy.types.Material], finish: Finish) -> None:
    """Set a finish's amounts in materials that `finish_fault` found nothing wrong with."""
    for material, amounts in finish.materials.items():
        for name, amount in amounts.items():
            set_amount(copies[material], name, amount)


def set_amount(material: bpy.types.Material, name: str, amount: Amount) -> None:
    """Set a knob, or an input of the Principled BSDF, which is unplugged."""
    for socket in _sockets(material, name):
        for link in list(socket.links) if not socket.is_output else []:
            material.node_tree.links.remove(link)
        socket.default_value = _filled(socket, amount)


def apply_wear(copies: dict[str, bpy.types.Material], wear: float) -> None:
    """Wear materials down by `wear` from what the finish has (0) to 1: Value nodes labelled `Wear` go that way."""
    for material in copies.values():
        for node in material.node_tree.nodes if material.node_tree else ():
            if node.type == "VALUE" and node.label == WEAR:
                own = node.outputs[0].default_value
                node.outputs[0].default_value = own + (1.0 - own) * wear


def finish_fault(material: bpy.types.Material, name: str, amount: Amount) -> str | None:
    """What is wrong with setting `name` to `amount` in a material, as the end of a line; None if nothing is."""
    sockets = _sockets(material, name)
    if not sockets:
        return f"no such input{nearest(name, _settable(material))}"
    wants_colour = hasattr(sockets[0].default_value, "__len__")
    if wants_colour and not isinstance(amount, tuple):
        return "needs three numbers [r, g, b]"
    if not wants_colour and isinstance(amount, tuple):
        return "needs one number"
    return None


def wire_charge(material: bpy.types.Material, strength: float) -> ChargeNodes:
    """Add an emission of level · strength · colour to whatever the material is: dull at level 0."""
    tree = material.node_tree
    output = tree.get_output_node("CYCLES")
    level, colour = tree.nodes.new("ShaderNodeValue"), tree.nodes.new("ShaderNodeRGB")
    level.label, colour.label = "Charge level", "Charge colour"
    level.outputs[0].default_value = 0.0
    colour.outputs[0].default_value = (0.25, 0.55, 1.0, 1.0)
    amount = _product(tree, level.outputs[0], strength)
    for mask in [node for node in tree.nodes if node.label == CHARGE_MASK]:
        amount = _product(tree, amount, mask.outputs[0])
    glow, both = tree.nodes.new("ShaderNodeEmission"), tree.nodes.new("ShaderNodeAddShader")
    tree.links.new(colour.outputs[0], glow.inputs["Color"])
    tree.links.new(amount, glow.inputs["Strength"])
    tree.links.new(output.inputs["Surface"].links[0].from_socket, both.inputs[0])
    tree.links.new(glow.outputs[0], both.inputs[1])
    tree.links.new(both.outputs[0], output.inputs["Surface"])
    return ChargeNodes(level, colour)


def charge_fault(material: bpy.types.Material) -> str | None:
    """Why a material can't be charged, as the end of a line; None if it can."""
    output = material.node_tree.get_output_node("CYCLES") if material.node_tree else None
    return None if output and output.inputs["Surface"].is_linked else "has no surface shader to add its glow to"


def _product(tree: Any, first: Any, second: Any) -> Any:
    node = tree.nodes.new("ShaderNodeMath")
    node.operation = "MULTIPLY"
    for value, socket in zip((first, second), node.inputs, strict=False):
        if isinstance(value, float):
            socket.default_value = value
        else:
            tree.links.new(value, socket)
    return node.outputs[0]


def _sockets(material: bpy.types.Material, name: str) -> list[Any]:
    """The knob called `name`; else that input of every Principled BSDF in the material."""
    nodes = list(material.node_tree.nodes) if material.node_tree else []
    knobs = [n.outputs[0] for n in nodes if n.type in ("VALUE", "RGB") and name in (n.label, n.name)]
    return knobs or [n.inputs[name] for n in nodes if n.type == "BSDF_PRINCIPLED" and name in n.inputs]


def _settable(material: bpy.types.Material) -> list[str]:
    nodes = list(material.node_tree.nodes) if material.node_tree else []
    knobs = [n.label or n.name for n in nodes if n.type in ("VALUE", "RGB")]
    return knobs + [s.name for n in nodes if n.type == "BSDF_PRINCIPLED" for s in n.inputs if s.type in _PLAIN]


_PLAIN = ("VALUE", "RGBA")


def _filled(socket: Any, amount: Amount) -> Any:
    """A colour socket has a fourth channel, alpha."""
    if isinstance(amount, tuple) and len(socket.default_value) == 4:
        return (*amount, 1.0)
    return amount
