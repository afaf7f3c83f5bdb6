"""Smoke and dust: a real volume that swells, drifts, thins, scatters light and dims what lies behind it.

The volume is a ball, its density falling to nothing at the rim, torn by a noise that moves with it. What it takes from
the picture it takes from `coverage` too; the sharp labels look through it (`effects` is excluded from their layers).
"""

from __future__ import annotations

import bpy
import numpy as np
from numpy.typing import NDArray

from render.spec import Film, Smoke

from ..keys import key
from . import parts
from .brightness import frame_times
from .places import Places

Floats = NDArray[np.float64]

STEPS = 14
"""Steps of a ray through the middle of a cloud."""

PROFILE = 0.15
"""Mean of the shape's density along a ray through its middle, over seeds: measured."""


def build(effect: Smoke, film: Film, places: Places, name: str) -> None:
    """A ball of smoke, keyed for the frames in which it is there."""
    ages_F = frame_times(film) - effect.time
    there_F = np.flatnonzero((ages_F >= 0) & (ages_F < effect.life))
    if not len(there_F):
        return
    ages_N = ages_F[there_F]
    size_N = grown(effect, ages_N)
    way_N3 = places.at(effect.place, [effect.time]) + np.asarray(effect.drift) * ages_N[:, None]
    bpy.ops.mesh.primitive_ico_sphere_add(subdivisions=3, radius=1.0)
    ball = bpy.context.object
    ball.name = name
    for collection in tuple(ball.users_collection):
        collection.objects.unlink(ball)
    parts.adopt(ball)
    ball.visible_shadow = True
    key(ball, "location", there_F, way_N3)
    key(ball, "scale", there_F, np.repeat(size_N[:, None], 3, axis=1))
    parts.show_only(ball, int(there_F[0]), int(there_F[-1]))
    material, density, torn = _volume(effect, name)
    ball.data.materials.append(material)
    key(material.node_tree, density.outputs[0].path_from_id("default_value"), there_F, extinction(effect, ages_N))
    key(material.node_tree, torn.outputs[0].path_from_id("default_value"), there_F, 0.35 * ages_N / effect.swell)


def grown(effect: Smoke, ages_N: Floats) -> Floats:
    """The cloud's radius in metres, (N,), by age in seconds: fast at first, then ever slower."""
    return effect.radius * (0.18 + 0.82 * (1 - np.exp(-ages_N / effect.swell)))


def extinction(effect: Smoke, ages_N: Floats) -> Floats:
    """Extinction in 1/m in the middle, (N,), by age: at its thickest the optical depth of the diameter is `density`.

    It is born thin, is thickest when half grown, thins as it swells, and at last it is gone.
    """
    full_N = grown(effect, ages_N) / effect.radius
    share_N = np.clip(ages_N / effect.life, 0, 1)
    rise_N = np.clip(ages_N / (0.25 * effect.swell), 0, 1)
    thin_N = (1 - share_N) ** 2 * (1 + 2 * share_N)
    depth_N = effect.density * rise_N * thin_N * 0.6 / np.maximum(full_N, 0.6)
    return np.asarray(depth_N / (2 * effect.radius * full_N * PROFILE))


def _volume(
    effect: Smoke, name: str
) -> tuple[bpy.types.Material, bpy.types.ShaderNodeValue, bpy.types.ShaderNodeValue]:
    """The material, and its Value nodes: extinction in the middle (1/m), and how far the noise has churned."""
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    material.cycles.volume_step_rate = 10 / STEPS
    tree = material.node_tree
    tree.nodes.clear()
    density, torn = tree.nodes.new("ShaderNodeValue"), tree.nodes.new("ShaderNodeValue")
    where = tree.nodes.new("ShaderNodeTexCoord").outputs["Object"]
    length = tree.nodes.new("ShaderNodeVectorMath")
    length.operation = "LENGTH"
    tree.links.new(where, length.inputs[0])
    radius = length.outputs["Value"]
    noise = tree.nodes.new("ShaderNodeTexNoise")
    noise.noise_dimensions = "4D"
    noise.inputs["Scale"].default_value, noise.inputs["Detail"].default_value = 1.9, 4.0
    noise.inputs["Roughness"].default_value = 0.55
    moved = tree.nodes.new("ShaderNodeVectorMath")
    moved.inputs[1].default_value = np.random.Generator(np.random.PCG64(effect.seed)).uniform(-50, 50, 3)
    tree.links.new(where, moved.inputs[0])
    tree.links.new(moved.outputs[0], noise.inputs["Vector"])
    tree.links.new(torn.outputs[0], noise.inputs["W"])
    # Billows: the noise must rise above a threshold that grows towards the rim, where it is cut off softly.
    threshold = parts.math(tree, "MULTIPLY_ADD", radius, 0.36, 0.27)
    above = parts.math(tree, "SUBTRACT", noise.outputs[0], threshold)
    billow = parts.math(tree, "MULTIPLY", above, 4.5, clamp=True)
    inside = parts.math(tree, "SUBTRACT", 1.0, parts.math(tree, "MULTIPLY", radius, radius), clamp=True)
    shape = parts.math(tree, "MULTIPLY", billow, inside)
    amount = parts.math(tree, "MULTIPLY", shape, density.outputs[0])
    both, output = tree.nodes.new("ShaderNodeAddShader"), tree.nodes.new("ShaderNodeOutputMaterial")
    for number, kind in enumerate(("ShaderNodeVolumeScatter", "ShaderNodeVolumeAbsorption")):
        node = tree.nodes.new(kind)
        node.inputs["Color"].default_value = (*effect.colour, 1.0)
        tree.links.new(amount, node.inputs["Density"])
        tree.links.new(node.outputs[0], both.inputs[number])
    tree.links.new(both.outputs[0], output.inputs["Volume"])
    return material, density, torn
