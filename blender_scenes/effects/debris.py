"""Debris: opaque chips that are flung, tumble, bounce and come to rest.

They hide what is behind them, so they stand among the occluders (collection `extras`), where the sharp labels see them.
Each frame has a mesh of its own whose vertices carry velocities: Cycles blurs them, and their motion vectors are right.
"""

from __future__ import annotations

import bpy
import numpy as np
from numpy.typing import NDArray

from render.motion import rotate
from render.spec import Debris, Film

from ..stage import EXTRAS
from . import parts
from .brightness import frame_times
from .particles import directions, fly
from .places import Places
from .tubes import Tubes

Floats = NDArray[np.float64]

_CUBE = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)])
_FACES = np.array([[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]], np.int32)


def build(effect: Debris, film: Film, places: Places, name: str) -> None:
    """All chips of a burst; they share one object of the Cryptomatte."""
    rng = np.random.Generator(np.random.PCG64(effect.seed))
    count = effect.count
    chips_K83 = chips(rng, count, effect.size)
    start = places.at(effect.place, [effect.time])[0]
    heights_K = np.full(count, start[2])
    thrown_K3 = directions(rng, effect.direction, effect.spread, count)
    thrown_K3 = thrown_K3 * effect.speed * rng.uniform(0.25, 1.0, (count, 1))
    axes_K3 = directions(rng, (0.0, 0.0, 1.0), 1.0, count)
    rates_K = rng.uniform(4.0, 25.0, count)
    seconds = max(film.frames / film.fps - effect.time, 0.0) + 0.1
    lying = effect.ground + 0.25 * effect.size
    flights = fly(heights_K, thrown_K3, lying, min(seconds, 6.0), 0.25, 0.3, rates_K)
    tones_K3 = np.asarray(effect.colour) * rng.uniform(0.6, 1.3, (count, 1))

    root = parts.empty(name)
    bpy.data.collections[EXTRAS].objects.link(root)
    material = _stone(name)
    for frame, time in enumerate(frame_times(film)):
        if time < effect.time:
            continue
        way_K3, velocity_K3, turn_K = flights.at(np.full(count, time - effect.time))
        _, _, before_K = flights.at(np.full(count, max(time - effect.time - 0.01, 0.0)))
        half_K = 0.5 * turn_K[:, None]
        quaternions_K4 = np.concatenate([np.cos(half_K), np.sin(half_K) * axes_K3], axis=1)
        arms_K83 = rotate(quaternions_K4[:, None], chips_K83)
        spin_K3 = ((turn_K - before_K) / 0.01)[:, None] * axes_K3
        velocity_K83 = velocity_K3[:, None] + np.cross(spin_K3[:, None], arms_K83)
        points_K83 = start + way_K3[:, None] + arms_K83
        quads = (_FACES[None] + 8 * np.arange(count)[:, None, None]).reshape(-1, 4).astype(np.int32)
        shape = Tubes(points_K83.reshape(-1, 3), quads, np.repeat(tones_K3, 8, axis=0), velocity_K83.reshape(-1, 3))
        title = f"{name}-{frame:04d}"
        shown = bpy.data.objects.new(title, parts.mesh_of(title, shape, material))
        bpy.data.collections[EXTRAS].objects.link(shown)
        shown.parent = root
        parts.show_only(shown, frame, frame)


def chips(rng: np.random.Generator, count: int, size: float) -> Floats:
    """Corners (count, 8, 3), in metres, of bent boxes: mostly small ones, as rubble is."""
    sides_K13 = rng.uniform([0.5, 0.35, 0.2], [1.0, 0.75, 0.5], (count, 3))[:, None]
    scale_K11 = size * (0.25 + 0.75 * rng.random(count) ** 1.6)[:, None, None]
    return np.asarray(scale_K11 * sides_K13 * (_CUBE + rng.uniform(-0.17, 0.17, (count, 8, 3))))


def _stone(name: str) -> bpy.types.Material:
    """Rough, in the chip's own tone."""
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    tone = material.node_tree.nodes.new("ShaderNodeAttribute")
    tone.attribute_name = parts.RADIANCE
    surface = material.node_tree.nodes["Principled BSDF"]
    surface.inputs["Roughness"].default_value = 0.85
    material.node_tree.links.new(tone.outputs["Color"], surface.inputs["Base Color"])
    return material
