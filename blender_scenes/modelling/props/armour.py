"""Materials of hero props: forged metal, leather, inlays and stones that wear, by baked masks and procedural grain.

Knobs, for finishes: `Tint`, `Bare metal` (what shows where the skin is rubbed off), `Roughness`, `Wear` 0..1 (edges
rubbed bare, scratches, rust in crevices), `Dirt` 0..1 (mud in hollows, dust), `Paint` 0..1 (0: the skin is metal, 1: it
is paint). A node labelled `Heat` is 1 beside what a charge lights up and falls off from there.
"""

from __future__ import annotations

from typing import Any

import bpy

from ..masks import HEAT
from ..materials import Colour, Shader
from ..shapes import Material

MUD = (0.100, 0.074, 0.050)


class _Worn(Shader):
    """A shader with the masks of its prop: `edge`, `hollow`, `crevice`, and noises that break them up."""

    def __init__(self, name: str, masks: bpy.types.Image) -> None:
        super().__init__(name)
        picture = self.node("ShaderNodeTexImage", image=masks)
        channels = self.node("ShaderNodeSeparateColor", {0: picture.outputs["Color"]}).outputs
        self.edge, self.hollow, self.crevice = channels[0], channels[1], channels[2]
        self.node("ShaderNodeAttribute", attribute_name=HEAT, label="Heat")
        self.patches = self.noise(55, 3, roughness=0.62)
        self.clouds = self.noise(11, 2, roughness=0.6)

    def times(self, first: Any, second: Any) -> Any:
        return self.math("MULTIPLY", first, second)

    def plus(self, first: Any, second: Any, clamp: bool = False) -> Any:
        return self.math("ADD", first, second, clamp)

    def centred(self, noise: Any, amount: float) -> Any:
        """A noise about 0.5, brought about 0 and scaled."""
        return self.times(self.math("SUBTRACT", noise, 0.5), amount)

    def scratches(self, wear: Any) -> Any:
        """Straight hairlines in the unwrapped plane, three ways: level lines of noises drawn out, each in patches."""
        flat = self.node("ShaderNodeTexCoord").outputs["UV"]
        width = self.ramp(wear, 0, 1, 0.006, 0.026)
        begins = self.ramp(wear, 0, 1, 0.64, 0.46)
        found = None
        allowed = (self.patches, self.math("SUBTRACT", 1.0, self.patches), self.clouds)
        for turn, scale, where in zip((0.45, 1.35, 2.5), (85.0, 120.0, 150.0), allowed, strict=True):
            inputs = {"Vector": flat, "Rotation": (0.0, 0.0, turn), "Scale": (scale * 0.035, scale, 1.0)}
            place = self.node("ShaderNodeMapping", inputs).outputs[0]
            inputs = {"Vector": place, "Scale": 1.0, "Detail": 0.0}
            noise = self.node("ShaderNodeTexNoise", inputs, noise_dimensions="2D").outputs[0]
            line = self.ramp(self.math("ABSOLUTE", self.math("SUBTRACT", noise, 0.5)), 0.0, width, 1.0, 0.0)
            line = self.times(line, self.ramp(where, begins, self.plus(begins, 0.10)))
            found = line if found is None else self.math("MAXIMUM", found, line)
        return found

    def dirt(self, dirt: Any, wear: Any) -> Any:
        """How much mud lies where: in hollows first, then in clouds."""
        amount = self.math("MAXIMUM", dirt, self.times(wear, 0.62))
        where = self.plus(
            self.plus(self.times(self.hollow, 1.15), self.times(self.crevice, 0.35)),
            self.plus(self.centred(self.clouds, 1.3), self.centred(self.patches, 0.55)),
        )
        begins = self.ramp(amount, 0, 1, 1.0, -0.55)
        return self.times(self.ramp(where, begins, self.plus(begins, 0.32)), self.ramp(amount, 0, 0.15))


def forged(
    name: str,
    masks: bpy.types.Image,
    tint: Colour,
    roughness: float,
    wear: float = 0.10,
    bare: Colour = (0.72, 0.71, 0.69),
    rust: Colour = (0.19, 0.075, 0.030),
    brushed: float = 0.0,
) -> Material:
    """Metal, or paint on metal. `brushed` 0..1 draws it out in rings about Y: a turned disc."""
    s = _Worn(name, masks)
    tint_knob, bare_knob, rust_knob = s.knob("Tint", tint), s.knob("Bare metal", bare), s.knob("Rust", rust)
    wear_knob, dirt_knob, paint_knob = s.knob("Wear", wear), s.knob("Dirt", 0.0), s.knob("Paint", 0.0)
    rough_knob = s.knob("Roughness", roughness)
    # Edges lose their skin first; at the end whole patches have.
    begins = s.ramp(wear_knob, 0, 1, 1.10, 0.24)
    rubbed = s.plus(s.times(s.edge, 0.85), s.plus(s.centred(s.patches, 1.5), s.centred(s.clouds, 0.7)))
    worn = s.ramp(rubbed, begins, s.plus(begins, 0.12))
    scored = s.times(s.scratches(wear_knob), s.ramp(wear_knob, 0, 0.6, 0.2, 0.85))
    gone = s.math("MAXIMUM", worn, scored)
    rusts = s.ramp(wear_knob, 0.2, 1, 1.0, 0.13)
    where = s.plus(s.times(s.crevice, 0.8), s.plus(s.centred(s.clouds, 1.6), s.centred(s.patches, 1.1)))
    rusty = s.times(s.ramp(where, rusts, s.plus(rusts, 0.18)), 0.85)
    dirty = s.dirt(dirt_knob, wear_knob)

    shade = s.ramp(s.clouds, 0.25, 0.75, 0.88, 1.1)
    skin = s.mix(1.0, tint_knob, shade, "MULTIPLY")
    colour = s.mix(rusty, s.mix(gone, skin, bare_knob), rust_knob)
    s.set(Base_Color=s.mix(dirty, colour, MUD))
    metal = s.math("SUBTRACT", 1.0, s.times(paint_knob, s.math("SUBTRACT", 1.0, gone)))
    cover = s.math("MAXIMUM", rusty, dirty)
    s.set(Metallic=s.times(metal, s.math("SUBTRACT", 1.0, cover)))
    smudged = s.plus(rough_knob, s.plus(s.centred(s.clouds, 0.22), s.centred(s.patches, 0.14)))
    rough = s.plus(smudged, s.times(gone, s.ramp(wear_knob, 0, 1, 0.02, 0.14)))
    # Of what makes the colour only the grain is bumped: a bump looks its height up three times.
    height = s.times(s.patches, s.ramp(wear_knob, 0, 1, 0.10, 1.0))
    if brushed:
        rings = _rings(s)
        rough = s.plus(rough, s.centred(rings, 0.30 * brushed))
        height = s.plus(height, s.times(rings, 0.10 * brushed))
        s.set(Anisotropic=s.math("SUBTRACT", 0.78 * brushed, s.times(cover, 0.6)))
        s.set(Tangent=s.node("ShaderNodeTangent", direction_type="RADIAL", axis="Y").outputs[0])
    s.set(Roughness=s.math("MAXIMUM", s.math("MAXIMUM", rough, s.times(cover, 0.85)), 0.09))
    s.set(Coat_Weight=s.times(paint_knob, s.math("SUBTRACT", 0.5, s.times(s.math("MAXIMUM", gone, cover), 0.5))))
    s.set(Coat_Roughness=0.12)
    s.bump(height, 0.0005, 0.55)
    return s.material


def _rings(s: _Worn) -> Any:
    """Turning marks: a noise of the distance from the Y axis, hardly of the angle."""
    axes = s.node("ShaderNodeSeparateXYZ", {0: s.position}).outputs
    flat = s.node("ShaderNodeCombineXYZ", {0: axes[0], 1: axes[2]}).outputs[0]
    radius = s.node("ShaderNodeVectorMath", {0: flat}, operation="LENGTH").outputs["Value"]
    angle = s.math("ARCTAN2", axes[0], axes[2])
    where = s.node("ShaderNodeCombineXYZ", {0: s.math("MULTIPLY", radius, 700.0), 1: angle}).outputs[0]
    return s.node("ShaderNodeTexNoise", {"Vector": where, "Scale": 1.0, "Detail": 2.0, "Roughness": 0.6}).outputs[0]


def leather(name: str, masks: bpy.types.Image, tint: Colour, wear: float = 0.15) -> Material:
    """Grained leather: dark in its folds, pale and smooth where it is rubbed."""
    s = _Worn(name, masks)
    tint_knob, wear_knob, dirt_knob = s.knob("Tint", tint), s.knob("Wear", wear), s.knob("Dirt", 0.0)
    grain = s.node("ShaderNodeTexVoronoi", {"Vector": s.position, "Scale": 520.0}).outputs["Distance"]
    begins = s.ramp(wear_knob, 0, 1, 1.1, 0.25)
    rubbed = s.ramp(
        s.plus(s.times(s.edge, 0.7), s.plus(s.centred(s.patches, 1.2), s.centred(s.clouds, 0.8))),
        begins,
        s.plus(begins, 0.5),
    )
    pale = s.mix(1.0, s.mix(0.35, tint_knob, (0.20, 0.15, 0.11)), (2.3, 2.2, 2.1), "MULTIPLY")
    folds = s.ramp(s.plus(s.crevice, s.times(s.hollow, 0.4)), 0.25, 0.9, 1.0, 0.35)
    skin = s.mix(
        1.0, s.mix(rubbed, tint_knob, pale), s.times(folds, s.ramp(s.patches, 0.3, 0.7, 0.8, 1.15)), "MULTIPLY"
    )
    dirty = s.dirt(dirt_knob, wear_knob)
    s.set(Base_Color=s.mix(dirty, skin, MUD), Specular_IOR_Level=0.4)
    s.set(Roughness=s.plus(s.ramp(s.patches, 0.3, 0.7, 0.62, 0.46), s.times(s.plus(rubbed, dirty), 0.14)))
    s.bump(s.plus(grain, s.times(s.patches, s.ramp(wear_knob, 0, 1, 0.4, 1.8))), 0.0007, 0.5)
    return s.material


def engraved(name: str, masks: bpy.types.Image, tint: Colour, ground: Colour, attribute: str) -> Material:
    """Relief with a ground of dark enamel, where the vertex attribute is 1: that is the mask of its charge."""
    s = _Worn(name, masks)
    tint_knob, wear_knob, dirt_knob = s.knob("Tint", tint), s.knob("Wear", 0.10), s.knob("Dirt", 0.0)
    bare_knob, ground_knob = s.knob("Bare metal", (0.72, 0.71, 0.69)), s.knob("Ground", ground)
    sunk = s.node("ShaderNodeAttribute", attribute_name=attribute).outputs["Fac"]
    level = s.ramp(sunk, 0.42, 0.62)
    level.node.label = "Charge"
    begins = s.ramp(wear_knob, 0, 1, 1.1, 0.35)
    worn = s.ramp(
        s.plus(s.edge, s.plus(s.centred(s.patches, 1.4), s.centred(s.clouds, 0.6))), begins, s.plus(begins, 0.15)
    )
    dirty = s.dirt(dirt_knob, wear_knob)
    metal = s.mix(worn, tint_knob, bare_knob)
    s.set(Base_Color=s.mix(dirty, s.mix(level, metal, ground_knob), MUD))
    raised = s.math("SUBTRACT", 1.0, s.math("MAXIMUM", level, dirty))
    s.set(
        Metallic=raised,
        Roughness=s.plus(s.knob("Roughness", 0.28), s.plus(s.centred(s.patches, 0.2), s.times(dirty, 0.5))),
    )
    s.bump(s.times(s.patches, s.ramp(wear_knob, 0, 1, 0.1, 0.8)), 0.0005, 0.5)
    return s.material


def inlay(name: str, tint: Colour) -> Material:
    """A dark, glassy inlay: what a charge lights up. It scratches dull with wear."""
    s = Shader(name)
    wear = s.knob("Wear", 0.05)
    dull = s.math("MULTIPLY", s.ramp(s.noise(90, 3), 0.4, 0.6), wear)
    s.set(Base_Color=s.mix(dull, s.knob("Tint", tint), (0.12, 0.115, 0.11)))
    s.set(Roughness=s.math("ADD", s.knob("Roughness", 0.14), s.math("MULTIPLY", dull, 0.5)))
    s.set(Coat_Weight=0.7, Coat_Roughness=0.06, IOR=1.6)
    return s.material


def stone(name: str, tint: Colour, glow: float = 0.35) -> Material:
    """A cut stone: deep colour, lighter towards the rim, with clouds inside. Opaque: what is seen is the prop's own."""
    s = Shader(name)
    tint_knob, wear = s.knob("Tint", tint), s.knob("Wear", 0.05)
    rim = s.node("ShaderNodeLayerWeight", {"Blend": 0.42}).outputs["Facing"]
    depth = s.ramp(s.noise(120, 3, roughness=0.6), 0.3, 0.7, 0.45, 1.6)
    pale = s.mix(1.0, tint_knob, (4.5, 4.5, 4.5), "MULTIPLY")
    s.set(Base_Color=s.mix(1.0, s.mix(s.math("MULTIPLY", rim, glow * 2), tint_knob, pale), depth, "MULTIPLY"))
    dull = s.math("MULTIPLY", s.ramp(s.noise(160, 2), 0.42, 0.6), wear)
    s.set(Roughness=s.math("ADD", 0.05, s.math("MULTIPLY", dull, 0.5)))
    s.set(IOR=1.76, Specular_IOR_Level=0.8, Coat_Weight=1.0, Coat_Roughness=0.02)
    return s.material
