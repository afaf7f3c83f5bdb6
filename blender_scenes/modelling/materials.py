"""Procedural materials in object coordinates. Labelled Value and RGB nodes are the knobs that finishes turn."""

from __future__ import annotations

from typing import Any

import bpy

Colour = tuple[float, float, float]


class Shader:
    """A material under construction: nodes are added by type, links made by passing sockets as inputs."""

    def __init__(self, name: str) -> None:
        self.material = bpy.data.materials.new(name)
        self.material.use_nodes = True
        self.tree = self.material.node_tree
        self.surface = self.tree.nodes["Principled BSDF"]
        self.position = self.node("ShaderNodeTexCoord").outputs["Object"]

    def node(self, kind: str, inputs: dict[Any, Any] | None = None, **settings: Any) -> Any:
        """Add a node; `inputs` by name or number are values or sockets to link."""
        made = self.tree.nodes.new(kind)
        for key, value in settings.items():
            setattr(made, key, value)
        for key, value in (inputs or {}).items():
            self._plug(made.inputs[key], value)
        return made

    def set(self, **inputs: Any) -> None:
        """Set or link inputs of the Principled BSDF (underscores for spaces)."""
        for key, value in inputs.items():
            self._plug(self.surface.inputs[key.replace("_", " ")], value)

    def knob(self, label: str, value: float | Colour) -> Any:
        """A labelled Value or RGB node: what a finish may change."""
        if isinstance(value, tuple):
            made = self.node("ShaderNodeRGB", label=label)
            made.outputs[0].default_value = (*value, 1.0)
        else:
            made = self.node("ShaderNodeValue", label=label)
            made.outputs[0].default_value = value
        return made.outputs[0]

    def noise(self, scale: float, detail: float = 2.0, stretch: Colour = (1, 1, 1), roughness: float = 0.5) -> Any:
        """Noise 0..1 about 0.5; `scale` in features a metre."""
        where = self.position
        if stretch != (1, 1, 1):
            where = self.node("ShaderNodeMapping", {"Vector": where, "Scale": stretch}).outputs[0]
        inputs = {"Vector": where, "Scale": scale, "Detail": detail, "Roughness": roughness}
        return self.node("ShaderNodeTexNoise", inputs).outputs[0]

    def math(self, operation: str, first: Any, second: Any = 0.0, clamp: bool = False) -> Any:
        """One Math node."""
        return self.node("ShaderNodeMath", {0: first, 1: second}, operation=operation, use_clamp=clamp).outputs[0]

    def ramp(self, value: Any, low: Any, high: Any, to_low: Any = 0.0, to_high: Any = 1.0) -> Any:
        """Linear from [low, high] to [to_low, to_high], clamped."""
        inputs = {"Value": value, 1: low, 2: high, 3: to_low, 4: to_high}
        return self.node("ShaderNodeMapRange", inputs).outputs[0]

    def mix(self, share: Any, first: Any, second: Any, blend: str = "MIX") -> Any:
        """Mix two colours."""
        made = self.node("ShaderNodeMix", data_type="RGBA", blend_type=blend)
        self._plug(made.inputs["Factor"], share)
        self._plug(made.inputs[6], first)
        self._plug(made.inputs[7], second)
        return made.outputs[2]

    def bump(self, height: Any, distance: float, strength: float = 1.0) -> None:
        """Bump the surface; `distance` in metres."""
        inputs = {"Height": height, "Distance": distance, "Strength": strength}
        self.set(Normal=self.node("ShaderNodeBump", inputs).outputs[0])

    def edges(self, radius: float) -> Any:
        """0 on level ground, towards 1 within `radius` metres of an edge (compares rounded and true normals)."""
        rounded = self.node("ShaderNodeBevel", {"Radius": radius}, samples=4).outputs[0]
        true = self.node("ShaderNodeNewGeometry").outputs["Normal"]
        level = self.node("ShaderNodeVectorMath", {0: rounded, 1: true}, operation="DOT_PRODUCT").outputs["Value"]
        return self.math("SUBTRACT", 1.0, level)

    def _plug(self, socket: Any, value: Any) -> None:
        if isinstance(value, bpy.types.NodeSocket):
            self.tree.links.new(value, socket)
        elif isinstance(value, tuple) and len(value) == 3 and len(getattr(socket, "default_value", ())) == 4:
            socket.default_value = (*value, 1.0)
        else:
            socket.default_value = value


def metal(name: str, tint: Colour, roughness: float, wear: float = 0.25, bare: Colour = (0.62, 0.6, 0.57)) -> Any:
    """Metal whose tint wears off at the edges and in scratches; `Wear` 0 is factory new, 1 long in use."""
    s = Shader(name)
    tint_knob, wear_knob, rough_knob = s.knob("Tint", tint), s.knob("Wear", wear), s.knob("Roughness", roughness)
    bare_knob = s.knob("Bare metal", bare)
    patches = s.noise(22, 5, roughness=0.65)
    scratches = s.noise(60, 3, stretch=(0.12, 1.4, 2.4))
    edge = s.math("MULTIPLY", s.edges(0.006), 9.0, clamp=True)
    rubbed = s.math("ADD", s.math("MULTIPLY", edge, 0.55), s.math("MULTIPLY", patches, 0.55))
    threshold = s.ramp(wear_knob, 0, 1, 1.02, 0.45)
    worn = s.ramp(rubbed, threshold, s.math("ADD", threshold, 0.08))
    scored = s.ramp(scratches, s.ramp(wear_knob, 0, 1, 0.86, 0.6), 0.9)
    bared = s.math("MAXIMUM", worn, s.math("MULTIPLY", scored, wear_knob))
    dirt = s.ramp(patches, 0.35, 0.6, s.ramp(wear_knob, 0, 1, 1.0, 0.35), 1.0)
    dirty = s.node("ShaderNodeMix", data_type="RGBA", blend_type="MULTIPLY")
    colour = s.mix(bared, tint_knob, bare_knob)
    s._plug(dirty.inputs["Factor"], 1.0)
    s._plug(dirty.inputs[6], colour)
    s._plug(dirty.inputs[7], dirt)
    rough = s.math("ADD", rough_knob, s.math("MULTIPLY", s.math("SUBTRACT", patches, 0.5), 0.35))
    s.set(Base_Color=dirty.outputs[2], Metallic=1.0, Roughness=s.math("MAXIMUM", rough, 0.06))
    s.bump(s.math("SUBTRACT", patches, s.math("MULTIPLY", scored, 0.6)), 0.0006, 0.5)
    return s.material


def leather(name: str, tint: Colour, wear: float = 0.3) -> Any:
    """Grained leather, paler where it is rubbed."""
    s = Shader(name)
    tint_knob, wear_knob = s.knob("Tint", tint), s.knob("Wear", wear)
    inputs = {"Vector": s.position, "Scale": 420.0}
    cells = s.node("ShaderNodeTexVoronoi", inputs).outputs["Distance"]
    patches = s.noise(35, 4)
    rubbed = s.math("MULTIPLY", s.ramp(patches, 0.45, 0.7), wear_knob)
    pale = s.mix(1.0, tint_knob, (2.6, 2.3, 2.0), "MULTIPLY")
    s.set(Base_Color=s.mix(rubbed, tint_knob, pale), Roughness=s.ramp(patches, 0.3, 0.7, 0.75, 0.45))
    s.set(Specular_IOR_Level=0.4)
    s.bump(cells, 0.0008, 0.5)
    return s.material


def inlay(name: str, tint: Colour) -> Any:
    """A dark, glassy inlay: what a charge lights up."""
    s = Shader(name)
    s.set(Base_Color=s.knob("Tint", tint), Roughness=s.knob("Roughness", 0.2), Metallic=0.3)
    s.set(Coat_Weight=0.6, Coat_Roughness=0.08)
    return s.material


def plain(name: str, tint: Colour, roughness: float, metallic: float = 0.0) -> Any:
    """One colour, slightly mottled: the cheapest material."""
    s = Shader(name)
    shade = s.ramp(s.noise(3.0, 3), 0.25, 0.75, 0.75, 1.15)
    s.set(Base_Color=s.mix(1.0, s.knob("Tint", tint), shade, "MULTIPLY"), Metallic=metallic)
    s.set(Roughness=s.knob("Roughness", roughness))
    return s.material
