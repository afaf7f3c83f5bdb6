"""Hot metal: emission that creeps over a prop's metal, outwards from where it is charged."""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np
from mathutils.kdtree import KDTree
from numpy.typing import NDArray

from ..ingest import Placed
from .parts import math

Floats = NDArray[np.float64]

DISTANCE = "heat_distance"
"""Mesh attribute: how far from the charge-able faces a vertex is; 85 % of the metal is nearer than 1."""
WHERE = "heat_where"
"""Mesh attribute: where a vertex is in the prop's frame, in metres."""

_RADIANCE = 1.5
"""Radiance of white-hot metal; sunlit white ground is about 1. Much more, and its shape would drown in white."""
_VEINS = 4.5
_LEAD = 1.2
"""At heat h the glow has come to where the distance is _LEAD h (less what the noise takes away)."""
_CARRY = 5.0
"""How many times more light the metal throws on its surroundings than its own radiance would."""
_FIELD = 0.7
"""Share of the distance in how soon a place heats; the rest is noise."""


@dataclass(frozen=True)
class Heated:
    """The hot parts of a prop: the Value nodes that set how hot, the objects, and its metal's vertices.

    areas: m² each vertex stands for, before the target's scale. distances: as `DISTANCE`.
    """

    levels: tuple[bpy.types.ShaderNodeValue, ...]
    objects: tuple[bpy.types.Object, ...]
    areas: Floats
    distances: Floats

    def watts(self, heat_F: Floats) -> Floats:
        """Power (F,) of the lamp that stands for the metal: what it radiates, and a little more, as films show it."""
        local_FV = np.clip(_LEAD * heat_F[:, None] - _FIELD * self.distances - 0.15, 0, 1)
        return np.asarray(_CARRY * np.pi * _RADIANCE * (self.areas * local_FV**2).sum(axis=1))


def wire(placed: Placed, tint_3: Floats) -> Heated | None:
    """Let a placed prop's metals glow; None where it has no metal or nothing that is charged."""
    charged = {node.id_data for node in placed.charge}
    meshes = [thing for thing in placed.objects if thing.type == "MESH"]
    sources = [_places(thing, {m for m in thing.data.materials if m and m.node_tree in charged}) for thing in meshes]
    sources_S3 = np.concatenate([found for found, _ in sources]) if sources else np.zeros((0, 3))
    metals = {m for thing in meshes for m in thing.data.materials if m and m.node_tree not in charged and _is_metal(m)}
    hot = [thing for thing in meshes if metals & set(thing.data.materials)]
    if not len(sources_S3) or not hot:
        return None
    tree = KDTree(len(sources_S3))
    for number, point in enumerate(sources_S3):
        tree.insert(point, number)
    tree.balance()
    found = [_places(thing, metals) for thing in hot]
    near = [np.array([tree.find(point)[2] for point in _vertices(thing)]) for thing in hot]
    of_metal = np.concatenate(
        [np.array([tree.find(point)[2] for point in points]) for points, _ in found if len(points)]
    )
    areas = np.concatenate([area for _, area in found])
    farthest = max(_quantile(of_metal, areas, 0.85), 1e-6)  # a far-off pommel must not set the pace for all the head
    for thing, distance_V in zip(hot, near, strict=True):
        _attribute(thing.data, DISTANCE, "FLOAT", "value", np.clip(distance_V / farthest, 0, 1))
        _attribute(thing.data, WHERE, "FLOAT_VECTOR", "vector", _vertices(thing))
    levels = tuple(_glow(material, tint_3) for material in sorted(metals, key=lambda m: m.name))
    return Heated(levels, tuple(hot), areas, np.clip(of_metal / farthest, 0, 1))


def _quantile(values: Floats, weights: Floats, share: float) -> float:
    """The value below which lies `share` of the weight."""
    order = np.argsort(values)
    return float(values[order][np.searchsorted(np.cumsum(weights[order]), share * weights.sum())])


def _is_metal(material: bpy.types.Material) -> bool:
    """Whether a Principled BSDF in it is metallic, or may be."""
    for node in material.node_tree.nodes if material.node_tree else ():
        if node.type == "BSDF_PRINCIPLED":
            metallic = node.inputs["Metallic"]
            if metallic.is_linked or metallic.default_value > 0.5:
                return True
    return False


def _vertices(thing: bpy.types.Object) -> Floats:
    """A mesh's vertices (V, 3) in the prop's root frame, metres."""
    matrix = np.asarray(thing.matrix_parent_inverse @ thing.matrix_basis, np.float64)
    points = np.empty(len(thing.data.vertices) * 3)
    thing.data.vertices.foreach_get("co", points)
    return np.asarray(points.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3])


def _places(thing: bpy.types.Object, materials: set[bpy.types.Material]) -> tuple[Floats, Floats]:
    """Middles (P, 3) in the root frame and areas (P,) in m² of the faces that wear one of `materials`."""
    mesh = thing.data
    slots = [number for number, material in enumerate(mesh.materials) if material in materials]
    count = len(mesh.polygons)
    worn, middles, areas = np.empty(count, np.int32), np.empty(3 * count), np.empty(count)
    mesh.polygons.foreach_get("material_index", worn)
    mesh.polygons.foreach_get("center", middles)
    mesh.polygons.foreach_get("area", areas)
    chosen = np.isin(worn, slots)
    matrix = np.asarray(thing.matrix_parent_inverse @ thing.matrix_basis, np.float64)
    size = abs(np.linalg.det(matrix[:3, :3])) ** (2 / 3)
    return middles.reshape(-1, 3)[chosen] @ matrix[:3, :3].T + matrix[:3, 3], areas[chosen] * size


def _attribute(mesh: bpy.types.Mesh, name: str, kind: str, field: str, values: Floats) -> None:
    made = mesh.attributes.get(name) or mesh.attributes.new(name, kind, "POINT")
    made.data.foreach_set(field, values.astype(np.float32).ravel())


def _glow(material: bpy.types.Material, tint_3: Floats) -> bpy.types.ShaderNodeValue:
    """Add the heat's emission to a material, and return the Value node of its level.

    It shines at camera and mirrors only: a lamp does the lighting, at a fraction of the noise.
    """
    tree = material.node_tree
    material.cycles.emission_sampling = "NONE"
    output = tree.get_output_node("CYCLES")
    heat, distance, where = (tree.nodes.new(f"ShaderNode{kind}") for kind in ("Value", "Attribute", "Attribute"))
    heat.outputs[0].default_value = 0.0
    distance.attribute_name, where.attribute_name = DISTANCE, WHERE
    noise, cracks = tree.nodes.new("ShaderNodeTexNoise"), tree.nodes.new("ShaderNodeTexNoise")
    for node, scale, detail in ((noise, 14.0, 3.0), (cracks, 22.0, 2.0)):
        node.inputs["Scale"].default_value, node.inputs["Detail"].default_value = scale, detail
        tree.links.new(where.outputs["Vector"], node.inputs["Vector"])
    late = math(tree, "MULTIPLY_ADD", distance.outputs["Fac"], _FIELD, math(tree, "SUBTRACT", noise.outputs[0], 0.35))
    local = math(tree, "SUBTRACT", math(tree, "MULTIPLY", heat.outputs[0], _LEAD), late, clamp=True)
    # A vein runs where the noise is near its middle: it is a ridge there. Veins run ahead of the glow.
    ridge = math(tree, "ABSOLUTE", math(tree, "SUBTRACT", cracks.outputs[0], 0.5), 0.0)
    vein = math(tree, "SUBTRACT", 1.0, math(tree, "MULTIPLY", ridge, 34.0), clamp=True)
    ahead = math(tree, "MULTIPLY", math(tree, "ADD", local, math(tree, "MULTIPLY", heat.outputs[0], 0.5)), local)
    facing = tree.nodes.new("ShaderNodeLayerWeight")
    facing.inputs["Blend"].default_value = 0.5
    shaded = math(tree, "MULTIPLY_ADD", facing.outputs["Facing"], -0.7, 1.0)  # darker limbs, or its shape is lost
    amount = math(tree, "MULTIPLY", math(tree, "MULTIPLY", local, local), _RADIANCE)
    amount = math(tree, "MULTIPLY", amount, math(tree, "MULTIPLY", shaded, math(tree, "ADD", noise.outputs[0], 0.5)))
    amount = math(tree, "ADD", amount, math(tree, "MULTIPLY", math(tree, "MULTIPLY", vein, ahead), _VEINS))
    seen = math(tree, "SUBTRACT", 1.0, tree.nodes.new("ShaderNodeLightPath").outputs["Is Diffuse Ray"])
    colour = tree.nodes.new("ShaderNodeMix")
    colour.data_type = "RGBA"
    tree.links.new(math(tree, "MULTIPLY", math(tree, "MULTIPLY", local, local), 0.7), colour.inputs["Factor"])
    colour.inputs[6].default_value, colour.inputs[7].default_value = (*tint_3, 1.0), (1.0, 0.97, 0.92, 1.0)
    emission, both = tree.nodes.new("ShaderNodeEmission"), tree.nodes.new("ShaderNodeAddShader")
    tree.links.new(colour.outputs[2], emission.inputs["Color"])
    tree.links.new(math(tree, "MULTIPLY", amount, seen), emission.inputs["Strength"])
    tree.links.new(output.inputs["Surface"].links[0].from_socket, both.inputs[0])
    tree.links.new(emission.outputs[0], both.inputs[1])
    tree.links.new(both.outputs[0], output.inputs["Surface"])
    return heat
