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

    @classmethod
    def of(cls, material: Any) -> Shader:
        """A material that is there already, to add nodes to; `surface` is its Principled BSDF, if it has one."""
        made = cls.__new__(cls)
        made.material, made.tree = material, material.node_tree
        made.surface = made.tree.nodes.get("Principled BSDF")
        made.position = made.node("ShaderNodeTexCoord").outputs["Object"]
        return made

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

    def across_walls(self) -> Any:
        """Coordinates (along the wall, height, 0) in metres that fit upright walls along X and along Y alike."""
        axes = self.node("ShaderNodeSeparateXYZ", {0: self.position}).outputs
        along = self.math("ADD", axes[0], axes[1])
        return self.node("ShaderNodeCombineXYZ", {0: along, 1: axes[2]}).outputs[0]

    def _plug(self, socket: Any, value: Any) -> None:
        if isinstance(value, bpy.types.NodeSocket):
            self.tree.links.new(value, socket)
        elif isinstance(value, tuple) and len(value) == 3 and len(getattr(socket, "default_value", ())) == 4:
            socket.default_value = (*value, 1.0)
        else:
            socket.default_value = value


def metal(name: str, tint: Colour, roughness: float, wear: float = 0.2, bare: Colour = (0.72, 0.70, 0.67)) -> Any:
    """Metal with a tinted skin. `Wear` 0 is factory new; towards 1 edges rub bare, scratches and rust spread."""
    s = Shader(name)
    tint_knob, wear_knob, rough_knob = s.knob("Tint", tint), s.knob("Wear", wear), s.knob("Roughness", roughness)
    bare_knob, rust_knob = s.knob("Bare metal", bare), s.knob("Rust", (0.16, 0.062, 0.022))
    patches, clouds = s.noise(70, 4, roughness=0.65), s.noise(13, 3)
    scratches = s.noise(110, 2, stretch=(0.1, 1.3, 2.2))
    edge = s.math("MULTIPLY", s.edges(0.007), 7.0, clamp=True)
    rubbed = s.math("ADD", s.math("MULTIPLY", edge, 0.6), s.math("MULTIPLY", patches, 0.5))
    threshold = s.ramp(wear_knob, 0, 1, 1.05, 0.40)
    worn = s.ramp(rubbed, threshold, s.math("ADD", threshold, 0.07))
    scored = s.math("MULTIPLY", s.ramp(scratches, s.ramp(wear_knob, 0, 1, 0.75, 0.58), 0.8), wear_knob)
    rust_from = s.ramp(wear_knob, 0.3, 1, 0.9, 0.40)
    rusty = s.ramp(
        s.math("ADD", s.math("MULTIPLY", clouds, 0.7), s.math("MULTIPLY", patches, 0.3)),
        rust_from,
        s.math("ADD", rust_from, 0.07),
    )
    rusty = s.math("MULTIPLY", rusty, s.math("SUBTRACT", 1.0, s.math("MULTIPLY", worn, 0.8)))
    grime = s.ramp(clouds, 0.3, 0.62, s.ramp(wear_knob, 0, 1, 0.9, 0.35), 1.0)
    skin = s.mix(s.math("MAXIMUM", worn, scored), tint_knob, bare_knob)
    s.set(Base_Color=s.mix(rusty, s.mix(1.0, skin, grime, "MULTIPLY"), rust_knob))
    s.set(Metallic=s.math("SUBTRACT", 1.0, s.math("MULTIPLY", rusty, 0.85)))
    rough = s.math("ADD", rough_knob, s.math("MULTIPLY", s.math("SUBTRACT", clouds, 0.5), 0.3))
    s.set(Roughness=s.math("MAXIMUM", s.math("ADD", rough, s.math("MULTIPLY", rusty, 0.5)), 0.08))
    dents = s.math("ADD", s.math("MULTIPLY", patches, wear_knob), s.math("MULTIPLY", scored, -0.7))
    s.bump(s.math("ADD", dents, rusty), 0.0007, 0.6)
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


def gem(name: str, tint: Colour) -> Any:
    """A cut stone: deep colour below a hard polish. Opaque, so that what is seen is the prop's own."""
    s = Shader(name)
    view = s.node("ShaderNodeLayerWeight", {"Blend": 0.35}).outputs["Facing"]
    tint_knob = s.knob("Tint", tint)
    pale = s.mix(1.0, tint_knob, (3.5, 3.5, 3.5), "MULTIPLY")
    s.set(Base_Color=s.mix(view, tint_knob, pale), Roughness=s.knob("Roughness", 0.08))
    s.set(Specular_IOR_Level=0.9, Coat_Weight=1.0, Coat_Roughness=0.03)
    return s.material


def plain(name: str, tint: Colour, roughness: float, metallic: float = 0.0) -> Any:
    """One colour, slightly mottled: the cheapest material."""
    s = Shader(name)
    shade = s.ramp(s.noise(3.0, 3), 0.25, 0.75, 0.75, 1.15)
    s.set(Base_Color=s.mix(1.0, s.knob("Tint", tint), shade, "MULTIPLY"), Metallic=metallic)
    s.set(Roughness=s.knob("Roughness", roughness))
    return s.material


def stone(name: str, tint: Colour, scale: float = 2.2) -> Any:
    """Weathered stone: blotched, darker in places, rough. Two noises only: sets fill the frame."""
    s = Shader(name)
    broad, fine = s.noise(scale, 3, roughness=0.6), s.noise(scale * 14, 2)
    shade = s.math("ADD", s.ramp(broad, 0.3, 0.7, 0.55, 1.1), s.ramp(fine, 0.3, 0.7, -0.12, 0.12))
    s.set(Base_Color=s.mix(1.0, s.knob("Tint", tint), shade, "MULTIPLY"), Roughness=0.9)
    s.bump(fine, 0.012, 0.6)
    return s.material


def masonry(
    name: str,
    tints: tuple[Colour, Colour],
    mortar: Colour,
    brick: tuple[float, float],
    upright: bool,
    gap: float = 0.012,
) -> Any:
    """Courses of bricks or slabs (length, height in metres), each its own mix of two tints, stained."""
    s = Shader(name)
    inputs = {
        "Vector": s.across_walls() if upright else s.position,
        "Color1": s.knob("Tint", tints[0]),
        "Color2": tints[1],
        "Mortar": mortar,
        "Scale": 1.0,
        "Mortar Size": gap,
        "Mortar Smooth": 0.3,
        "Bias": 0.0,
        "Brick Width": brick[0],
        "Row Height": brick[1],
    }
    laid = s.node("ShaderNodeTexBrick", inputs)
    stain = s.ramp(s.noise(0.9, 4, roughness=0.65), 0.3, 0.7, 0.5, 1.12)
    s.set(Base_Color=s.mix(1.0, laid.outputs["Color"], stain, "MULTIPLY"), Roughness=s.knob("Roughness", 0.85))
    s.bump(laid.outputs["Fac"], -0.02, 0.5)
    return s.material


def planks(name: str, tint: Colour, along: Colour) -> Any:
    """Wood with its grain stretched along an axis: `along` has a small number for that axis."""
    s = Shader(name)
    grain = s.noise(26, 4, stretch=along, roughness=0.6)
    shade = s.ramp(grain, 0.3, 0.72, 0.45, 1.2)
    s.set(Base_Color=s.mix(1.0, s.knob("Tint", tint), shade, "MULTIPLY"), Roughness=0.75)
    s.bump(grain, 0.004, 0.5)
    return s.material


def wet_ground(name: str, tint: Colour) -> Any:
    """Asphalt with puddles: where a broad noise is low it is dark and mirror-like."""
    s = Shader(name)
    puddle, grit = s.ramp(s.noise(0.55, 3), 0.42, 0.5), s.noise(60, 2)
    shade = s.math("MULTIPLY", s.ramp(grit, 0.3, 0.7, 0.7, 1.3), s.ramp(puddle, 0, 1, 0.45, 1.0))
    s.set(Base_Color=s.mix(1.0, s.knob("Tint", tint), shade, "MULTIPLY"), Roughness=s.ramp(puddle, 0, 1, 0.06, 0.75))
    s.bump(s.math("MULTIPLY", grit, puddle), 0.006, 0.6)
    return s.material


def sheet_metal(name: str, tint: Colour, pitch: float, roughness: float = 0.45) -> Any:
    """Painted, corrugated sheet with streaks; ribs upright, `pitch` metres apart."""
    s = Shader(name)
    along = s.node("ShaderNodeSeparateXYZ", {0: s.across_walls()}).outputs[0]
    wave = s.math("SINE", s.math("MULTIPLY", along, 6.2832 / pitch))
    streaks = s.ramp(s.noise(1.6, 4, stretch=(1.0, 1.0, 0.12)), 0.35, 0.7, 0.45, 1.15)
    s.set(Base_Color=s.mix(1.0, s.knob("Tint", tint), streaks, "MULTIPLY"), Metallic=0.35, Roughness=roughness)
    s.bump(wave, pitch * 0.18, 0.9)
    return s.material


def stripes(name: str, first: Colour, second: Colour, pitch: float) -> Any:
    """Slanted warning stripes."""
    s = Shader(name)
    axes = s.node("ShaderNodeSeparateXYZ", {0: s.across_walls()}).outputs
    saw = s.math("FRACT", s.math("DIVIDE", s.math("ADD", axes[0], axes[1]), pitch))
    s.set(Base_Color=s.mix(s.math("GREATER_THAN", saw, 0.5), first, second), Roughness=0.55)
    return s.material


def lamp(name: str, colour: Colour, strength: float) -> Any:
    """Something that shines by itself."""
    s = Shader(name)
    s.set(Base_Color=(0.8, 0.8, 0.8), Emission_Color=colour, Emission_Strength=strength)
    return s.material
