"""A set's own light: lamps in its file and materials that shine, dimmed as one and wavering in circuits."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

import bpy
import numpy as np

from render.spec import Film, Flicker
from render.streams import Stream

from .effects.brightness import Floats, shutter_mean
from .keys import key
from .variation import Varied

PRACTICAL = "practical"
"""Light group of the set's own light; only the light meter asks for it."""
CLOCK = "Seconds"
"""Label of a Value node in a shining material that tells how far the clip has run: fire moves by it."""
CIRCUITS = 3
"""Lamps waver in this many ways: those on one circuit together."""


@dataclass
class Circuit:
    """Lamps that waver together: their data with the power the artist gave them, and the knobs of what shines.

    `clocks` are CLOCK nodes.
    """

    lamps: list[tuple[bpy.types.Light, float]] = field(default_factory=list)
    knobs: list[bpy.types.ShaderNodeValue] = field(default_factory=list)
    clocks: list[bpy.types.ShaderNodeValue] = field(default_factory=list)

    def key(self, frames: Floats, levels: Floats) -> None:
        """Animate all of it: `levels` (N,) at `frames` (N,), 1 being what the artist made."""
        for lamp, power in self.lamps:
            key(lamp, "energy", frames, power * levels)
        for knob in self.knobs:
            _turn(knob, frames, levels)

    def run(self, frames: Floats, seconds: Floats) -> None:
        """Let the clocks run: `seconds` (N,) at `frames` (N,)."""
        for clock in self.clocks:
            _turn(clock, frames, seconds)


def _turn(knob: bpy.types.ShaderNodeValue, frames: Floats, values: Floats) -> None:
    key(knob.id_data, f'nodes["{knob.name}"].outputs[0].default_value', frames, values)


@dataclass(frozen=True)
class Practicals:
    """Every lamp of a set that is lit."""

    circuits: tuple[Circuit, ...]

    def light(self, level: float, flicker: Flicker | None, film: Film) -> None:
        """Set all to `level`, let them waver (averaged over the shutter, keyed once a frame), and fires burn."""
        frames = np.arange(film.frames, dtype=np.float64)
        for number, circuit in enumerate(self.circuits):
            levels = np.full(film.frames, level)
            if flicker is not None:
                levels = level * shutter_mean(partial(waver, flicker, number), film)
            circuit.key(frames, levels)
            circuit.run(frames, frames / film.fps)


def waver(flicker: Flicker, circuit: int, times: Floats) -> Floats:
    """Brightness (N,) of one circuit at `times` (N,) seconds: 1 less a share of up to `depth` that comes and goes.

    Random levels `rate` times a second, with smoothsteps between; squared, so that lamps are bright for most of the
    time and dip now and then.
    """
    place = np.asarray(times, np.float64) * flicker.rate
    before = np.floor(place).astype(int)
    levels = {int(n): _dip(flicker.seed, circuit, int(n)) for n in np.unique([before, before + 1])}
    low, high = (np.array([levels[int(n)] for n in tick]) for tick in (before, before + 1))
    way = place - before
    return 1.0 - flicker.depth * (low + (high - low) * way * way * (3 - 2 * way))


def _dip(seed: int, circuit: int, tick: int) -> float:
    return Stream(seed, circuit, f"flicker/{tick}").random() ** 2


def find(varied: Varied) -> Practicals:
    """Take charge of the set's lamps: each gets a circuit, lit ones a knob, and those that are off go dark."""
    circuits = tuple(Circuit() for _ in range(CIRCUITS))
    wired: dict[tuple[str, int], bpy.types.Material] = {}
    for item in varied.placed.objects:
        off = item.name in varied.dark
        number = Stream(0, 0, varied.unit[item.name]).integer(CIRCUITS)
        if item.type == "LIGHT":
            item.lightgroup = PRACTICAL
            if off:
                item.hide_render = True
            else:
                circuits[number].lamps.append((item.data, item.data.energy))
            continue
        for slot in item.material_slots:
            if slot.material is None or not shines(slot.material):
                continue
            item.lightgroup = PRACTICAL
            if (slot.material.name, -1 if off else number) not in wired:
                copy = slot.material.copy()
                knob = _knob(copy)
                if off:
                    knob.outputs[0].default_value = 0.0
                else:
                    circuits[number].knobs.append(knob)
                    circuits[number].clocks += [node for node in copy.node_tree.nodes if node.label == CLOCK]
                wired[slot.material.name, -1 if off else number] = copy
            worn = wired[slot.material.name, -1 if off else number]
            slot.link = "OBJECT"  # the mesh may be shared with lamps on other circuits
            slot.material = worn
    return Practicals(circuits)


def shines(material: bpy.types.Material) -> bool:
    """Whether a material emits light: by an Emission node, or a Principled BSDF with emission."""
    return bool(_strengths(material))


def _strengths(material: bpy.types.Material) -> list[bpy.types.NodeSocket]:
    if not material.node_tree:
        return []
    found = []
    for node in material.node_tree.nodes:
        name = {"EMISSION": "Strength", "BSDF_PRINCIPLED": "Emission Strength"}.get(node.type)
        if name and (node.inputs[name].is_linked or node.inputs[name].default_value > 0):
            found.append(node.inputs[name])
    return found


def _knob(material: bpy.types.Material) -> bpy.types.ShaderNodeValue:
    """A value, 1 to begin with, that multiplies all that the material emits."""
    tree = material.node_tree
    level = tree.nodes.new("ShaderNodeValue")
    level.name = level.label = "Practical level"
    level.outputs[0].default_value = 1.0
    for strength in _strengths(material):
        product = tree.nodes.new("ShaderNodeMath")
        product.operation = "MULTIPLY"
        if strength.is_linked:
            tree.links.new(strength.links[0].from_socket, product.inputs[0])
        else:
            product.inputs[0].default_value = strength.default_value
        tree.links.new(level.outputs[0], product.inputs[1])
        tree.links.new(product.outputs[0], strength)
    return level
