"""Materials of sets, in object coordinates: cheap ones, since they fill the frame. Labelled nodes are what varies."""

from __future__ import annotations

from typing import Any

import bpy

from ...practicals import CLOCK
from ...sharp import is_light_alone
from ..materials import Colour, Shader


def wall(
    name: str, tint: Colour, dirt: float = 0.5, scale: float = 1.0, rough: float = 0.88, grain: float = 0.4
) -> Any:
    """Rendered wall or concrete: blotches, streaks that rain drew down it, and grime that climbs from its foot."""
    s = Shader(name)
    dirt_knob = s.knob("Dirt", dirt)
    broad, streaks = s.noise(0.55 * scale, 4, roughness=0.62), s.noise(3.2 * scale, 3, stretch=(1.0, 1.0, 0.07))
    height = s.node("ShaderNodeSeparateXYZ", {0: s.position}).outputs[2]
    foot = s.ramp(s.math("ADD", height, s.math("MULTIPLY", broad, -1.6)), -0.9, 0.9, 1.0, 0.0)
    soil = s.math("ADD", s.ramp(streaks, 0.48, 0.72, 0.0, 0.65), s.math("MULTIPLY", foot, 0.55))
    soil = s.math("MULTIPLY", soil, dirt_knob, clamp=True)
    shade = s.ramp(broad, 0.3, 0.7, 0.78, 1.12)
    clean = s.mix(1.0, s.knob("Tint", tint), shade, "MULTIPLY")
    s.set(Base_Color=s.mix(soil, clean, s.mix(1.0, clean, (0.30, 0.27, 0.23), "MULTIPLY")), Roughness=rough)
    s.bump(s.noise(34 * scale, 2), 0.006, grain)
    return s.material


def brickwork(
    name: str, tints: tuple[Colour, Colour], mortar: Colour, dirt: float = 0.5, brick: Colour = (0.24, 0.08, 0.011)
) -> Any:
    """A brick wall: every brick a shade of its own, some burnt; grime climbs from the foot, rain draws streaks."""
    s = Shader(name)
    inputs = {
        "Vector": s.across_walls(), "Color1": s.knob("Tint", tints[0]), "Color2": tints[1], "Mortar": mortar,
        "Scale": 1.0, "Mortar Size": brick[2], "Mortar Smooth": 0.35, "Bias": -0.2, "Brick Width": brick[0],
        "Row Height": brick[1],
    }  # fmt: skip
    laid = s.node("ShaderNodeTexBrick", inputs)
    broad, streaks = s.noise(0.6, 4, roughness=0.65), s.noise(2.6, 3, stretch=(1.0, 1.0, 0.07))
    height = s.node("ShaderNodeSeparateXYZ", {0: s.position}).outputs[2]
    foot = s.ramp(s.math("ADD", height, s.math("MULTIPLY", broad, -1.8)), -1.0, 1.0, 1.0, 0.0)
    soil = s.math("ADD", s.ramp(streaks, 0.5, 0.72, 0.0, 0.7), s.math("MULTIPLY", foot, 0.6))
    soil = s.math("MULTIPLY", soil, s.knob("Dirt", dirt), clamp=True)
    bleach = s.math("MULTIPLY", s.ramp(broad, 0.56, 0.72), 0.30)  # salts that the wet brings out
    face = s.mix(
        bleach, s.mix(1.0, laid.outputs["Color"], s.ramp(broad, 0.3, 0.7, 0.72, 1.15), "MULTIPLY"), (0.42, 0.38, 0.33)
    )
    s.set(Base_Color=s.mix(soil, face, (0.045, 0.04, 0.035)), Roughness=0.87)
    s.bump(laid.outputs["Fac"], -0.02, 0.6)
    return s.material


def panes(name: str, warm: Colour = (1.0, 0.66, 0.32), cool: Colour = (0.75, 0.88, 1.0), strength: float = 1.1) -> Any:
    """Window panes, each an island of the mesh: `Lit` of them shine, dimmed by curtains, the others are dark glass."""
    s = Shader(name)
    island = s.node("ShaderNodeNewGeometry").outputs["Random Per Island"]
    luck = s.math("FRACT", s.math("ADD", island, s.knob("Pattern", 0.13)))
    lit = s.math("LESS_THAN", luck, s.knob("Lit", 0.35))
    other = s.math("FRACT", s.math("MULTIPLY", island, 37.7))
    third = s.math("FRACT", s.math("MULTIPLY", island, 91.3))
    room = s.ramp(s.noise(1.6, 2, stretch=(1.0, 1.0, 0.6)), 0.35, 0.65, 0.35, 1.0)
    amount = s.math("MULTIPLY", s.ramp(other, 0, 1, 0.25, 1.0), s.math("MULTIPLY", room, strength))
    s.set(Base_Color=s.mix(third, (0.012, 0.016, 0.02), (0.05, 0.045, 0.038)), Roughness=0.06)
    s.set(Specular_IOR_Level=0.6, Emission_Color=s.mix(s.math("GREATER_THAN", third, 0.72), warm, cool))
    s.set(Emission_Strength=s.math("MULTIPLY", lit, amount))
    s.material.cycles.emission_sampling = "NONE"  # hundreds of dim panes: found by chance, never aimed at
    return s.material


def skyline(name: str, tint: Colour, pitch: tuple[float, float], window: tuple[float, float], strength: float) -> Any:
    """A distant house front: a grid of windows (`pitch` metres apart, their share of it), `Lit` of them at night."""
    s = Shader(name)
    axes = s.node("ShaderNodeSeparateXYZ", {0: s.across_walls()}).outputs
    luck = s.node("ShaderNodeObjectInfo").outputs["Random"]
    column, row = s.math("DIVIDE", axes[0], pitch[0]), s.math("DIVIDE", axes[1], pitch[1])
    cell = s.node("ShaderNodeCombineXYZ", {0: s.math("FLOOR", column), 1: s.math("FLOOR", row), 2: luck}).outputs[0]
    noise = s.node("ShaderNodeTexWhiteNoise", {"Vector": cell, "W": s.knob("Pattern", 0.4)}, noise_dimensions="4D")
    aside = s.math("ABSOLUTE", s.math("SUBTRACT", s.math("FRACT", column), 0.5))
    above = s.math("ABSOLUTE", s.math("SUBTRACT", s.math("FRACT", row), 0.5))
    inside = s.math("MULTIPLY", s.math("LESS_THAN", aside, window[0] / 2), s.math("LESS_THAN", above, window[1] / 2))
    upright = s.node("ShaderNodeSeparateXYZ", {0: s.node("ShaderNodeNewGeometry").outputs["Normal"]}).outputs[2]
    inside = s.math("MULTIPLY", inside, s.math("LESS_THAN", s.math("ABSOLUTE", upright), 0.5))
    value, colour = noise.outputs["Value"], noise.outputs["Color"]
    rest = s.node("ShaderNodeSeparateXYZ", {0: colour}).outputs
    lit = s.math("MULTIPLY", s.math("LESS_THAN", value, s.knob("Lit", 0.3)), inside)
    shade = s.ramp(s.noise(0.08, 3), 0.3, 0.7, 0.7, 1.1)
    body = s.mix(1.0, s.knob("Tint", tint), s.math("MULTIPLY", shade, s.ramp(luck, 0, 1, 0.55, 1.25)), "MULTIPLY")
    glass = s.mix(rest[0], (0.03, 0.045, 0.06), (0.10, 0.12, 0.14))
    s.set(Base_Color=s.mix(inside, body, glass), Roughness=s.ramp(inside, 0, 1, 0.85, 0.12))
    s.set(Emission_Color=s.mix(rest[1], (1.0, 0.58, 0.25), (0.85, 0.92, 1.0)))
    amount = s.math("MULTIPLY", s.ramp(rest[2], 0, 1, 0.2, 1.0), strength)
    s.set(Emission_Strength=s.math("MULTIPLY", lit, amount))
    s.material.cycles.emission_sampling = "NONE"
    return s.material


def hazed(material: Any, far: float) -> Any:
    """Aerial perspective: seen from afar it lets the sky behind it through, 63 % at `far` metres.

    For backgrounds only. The sky's own colour is what real haze scatters, so it fits any HDRI at any time of day.
    """
    s = Shader.of(material)
    away = s.node("ShaderNodeCameraData").outputs["View Distance"]
    clear = s.math("EXPONENT", s.math("DIVIDE", away, -far))
    camera = s.node("ShaderNodeLightPath").outputs["Is Camera Ray"]
    through = s.math("MULTIPLY", s.math("SUBTRACT", 1.0, clear), camera)
    output = s.tree.get_output_node("CYCLES")
    mixed = s.node("ShaderNodeMixShader", {0: through, 1: output.inputs["Surface"].links[0].from_socket})
    s.tree.links.new(s.node("ShaderNodeBsdfTransparent").outputs[0], mixed.inputs[2])
    s.tree.links.new(mixed.outputs[0], output.inputs["Surface"])
    return material


def quickened() -> None:
    """Let light that has bounced off something dull see every material of the file as one flat colour, its `Tint`.

    Nobody sees a grain of brick in what it lends to its surroundings, but two of three shaded points are of that kind:
    without this a textured set costs up to twice as much. Mirrors still show everything. Call it when a set is done.
    """
    for material in bpy.data.materials:
        output = material.node_tree.get_output_node("CYCLES") if material.node_tree else None
        if output is None or not output.inputs["Surface"].links or len(material.node_tree.nodes) < 8:
            continue
        if is_light_alone(material):
            continue
        s = Shader.of(material)
        tint = next((node for node in s.tree.nodes if node.type == "RGB" and node.label == "Tint"), None)
        colour = tint.outputs[0] if tint else (0.4, 0.4, 0.4)
        flat = s.node("ShaderNodeBsdfDiffuse", {"Color": s.mix(1.0, colour, (0.85, 0.85, 0.85), "MULTIPLY")})
        ray = s.node("ShaderNodeLightPath").outputs["Is Diffuse Ray"]
        inputs = {0: ray, 1: output.inputs["Surface"].links[0].from_socket, 2: flat.outputs[0]}
        s.tree.links.new(s.node("ShaderNodeMixShader", inputs).outputs[0], output.inputs["Surface"])


def asphalt(
    name: str, tint: Colour = (0.045, 0.046, 0.05), wet: float = 0.5, cracked: float = 0.4, size: float = 0.3
) -> Any:
    """Road: patched, oily along the wheels' way, with puddles and a film of wet where `Wet` is high."""
    s = Shader(name)
    wet_knob = s.knob("Wet", wet)
    broad, grit = s.noise(0.42, 4, roughness=0.6), s.noise(75, 2)
    crack: Any = 1.0
    if cracked:
        where = s.node(
            "ShaderNodeVectorMath",
            {0: s.position, 1: s.node("ShaderNodeTexNoise", {"Scale": 1.1, "Detail": 4.0}).outputs[1]},
        )
        inputs = {"Vector": where.outputs[0], "Scale": size}
        cracks = s.node("ShaderNodeTexVoronoi", inputs, feature="DISTANCE_TO_EDGE").outputs[0]
        crack = s.ramp(s.math("ADD", cracks, s.math("MULTIPLY", grit, 0.02)), 0.006, 0.018, 1.0 - cracked, 1.0)
    edge = s.ramp(wet_knob, 0, 1, 0.28, 0.56)
    puddle = s.ramp(broad, s.math("SUBTRACT", edge, 0.035), s.math("ADD", edge, 0.035), 1.0, 0.0)
    damp = s.math("MULTIPLY", wet_knob, 0.75)
    shade = s.math("MULTIPLY", s.ramp(broad, 0.3, 0.7, 1.25, 0.75), s.ramp(grit, 0.3, 0.7, 0.72, 1.28))
    shade = s.math(
        "MULTIPLY", s.math("MULTIPLY", shade, crack), s.ramp(s.math("MAXIMUM", puddle, damp), 0, 1, 1.0, 0.5)
    )
    s.set(Base_Color=s.mix(1.0, s.knob("Tint", tint), shade, "MULTIPLY"))
    dry = s.ramp(damp, 0, 1, 0.85, 0.30)
    s.set(Roughness=s.math("ADD", s.math("MULTIPLY", dry, s.math("SUBTRACT", 1.0, puddle)), 0.04))
    # A bump evaluates all that its height depends on three times over: the strength may depend on more.
    rise = s.node("ShaderNodeBump", {"Height": grit, "Distance": 0.006, "Strength": s.ramp(puddle, 0, 1, 0.5, 0.0)})
    s.set(Normal=rise.outputs[0])
    return s.material


def coat(name: str, tint: Colour, rough: float = 0.28) -> Any:
    """Car paint under lacquer, each instance a shade of its own."""
    s = Shader(name)
    luck = s.node("ShaderNodeObjectInfo").outputs["Random"]
    s.set(Base_Color=s.mix(1.0, s.knob("Tint", tint), s.ramp(luck, 0, 1, 0.5, 1.5), "MULTIPLY"), Roughness=rough)
    s.set(Metallic=0.25, Coat_Weight=0.9, Coat_Roughness=0.05)
    return s.material


def glow(name: str, colour: Colour, strength: float, aimed: bool = False) -> Any:
    """Something that shines. Unless `aimed` at, its light is met by chance alone: give it a real lamp beside it."""
    s = Shader(name)
    s.set(Base_Color=(0.02, 0.02, 0.02), Emission_Color=s.knob("Colour", colour), Emission_Strength=strength)
    if not aimed:
        s.material.cycles.emission_sampling = "NONE"
    return s.material


def flame(name: str, colour: Colour, strength: float) -> Any:
    """Burning gas, over a hull that narrows upwards: light alone, which hides nothing that is behind it.

    The hull is seen the thicker the more squarely one looks at it. Noise that rises through it, faster higher up, eats
    tongues out of it and lets their tips come loose; what is left of it is white-hot in the middle and red at the rim.
    """
    s = Shader(name)
    s.tree.nodes.remove(s.surface)
    seconds = s.knob(CLOCK, 0.0)
    up = s.node("ShaderNodeSeparateXYZ", {0: s.node("ShaderNodeTexCoord").outputs["Generated"]}).outputs[2]
    luck = s.math("MULTIPLY", s.node("ShaderNodeObjectInfo").outputs["Random"], 50.0)

    def rising(scale: Colour, speed: float, seed: float, detail: float) -> Any:
        way = s.math("ADD", s.math("MULTIPLY", seconds, -speed), s.math("ADD", luck, seed))
        lifted = s.node("ShaderNodeCombineXYZ", {2: way}).outputs[0]
        at = s.node("ShaderNodeVectorMath", {0: s.position, 1: scale}, operation="MULTIPLY").outputs[0]
        where = s.node("ShaderNodeVectorMath", {0: at, 1: lifted}, operation="ADD").outputs[0]
        inputs = {"Vector": where, "W": s.math("MULTIPLY", seconds, 0.6), "Scale": 1.0, "Detail": detail}
        inputs["Distortion"] = 0.35
        return s.node("ShaderNodeTexNoise", inputs, noise_dimensions="4D").outputs[0]

    tongues, licks = rising((4.5, 4.5, 1.5), 2.6, 0.0, 1.0), rising((11.0, 11.0, 3.4), 6.5, 7.0, 1.5)
    eaten = s.math("ADD", s.math("MULTIPLY", tongues, 0.72), s.math("MULTIPLY", licks, 0.28))
    facing = s.node("ShaderNodeLayerWeight", {"Blend": 0.5}).outputs["Facing"]
    thick = s.math("POWER", s.math("SUBTRACT", 1.0, facing), 1.3)
    need = s.ramp(up, 0.05, 1.0, 0.04, 0.62)
    left = s.math("SUBTRACT", s.math("MULTIPLY", thick, s.ramp(eaten, 0.36, 0.62, 0.0, 1.15)), need)
    heat = s.ramp(left, 0.0, s.ramp(up, 0.0, 1.0, 0.75, 0.5))
    ramp = s.node("ShaderNodeValToRGB", {0: heat})
    stops = ((0.0, (0.0, 0.0, 0.0)), (0.22, (0.60, 0.055, 0.004)), (0.5, colour), (1.0, (1.0, 0.68, 0.27)))
    for k, (place, shade) in enumerate(stops):
        stop = ramp.color_ramp.elements[k] if k < 2 else ramp.color_ramp.elements.new(place)
        stop.position, stop.color = place, (*shade, 1.0)
    amount = s.math("MULTIPLY", s.ramp(heat, 0, 1, 0.25, 1.0), strength)
    shine = s.node("ShaderNodeEmission", {0: ramp.outputs[0], 1: amount})
    clear = s.node("ShaderNodeBsdfTransparent", {"Color": (1.0, 1.0, 1.0, 1.0)})
    both = s.node("ShaderNodeAddShader", {0: clear.outputs[0], 1: shine.outputs[0]})
    s.tree.links.new(both.outputs[0], s.tree.nodes["Material Output"].inputs["Surface"])
    s.material.cycles.emission_sampling = "NONE"
    return s.material


def soil(name: str, first: Colour, second: Colour, scale: float = 0.8, bump: float = 0.05, rough: float = 0.95) -> Any:
    """Ground of two kinds that mingle: earth and moss, sand and gravel."""
    s = Shader(name)
    broad, fine = s.noise(scale, 5, roughness=0.65), s.noise(scale * 22, 3)
    share = s.ramp(s.math("ADD", broad, s.ramp(fine, 0, 1, -0.12, 0.12)), 0.40, 0.60)
    mixed = s.mix(share, s.knob("Tint", first), s.knob("Second", second))
    s.set(Base_Color=s.mix(1.0, mixed, s.ramp(fine, 0.25, 0.75, 0.55, 1.3), "MULTIPLY"), Roughness=rough)
    s.bump(s.math("ADD", fine, broad), bump, 0.7)
    return s.material


def litter(name: str, dead: Colour, second: Colour, soil: Colour) -> Any:
    """A forest floor: fallen leaves, each a shade of its own and tilted, over soil, with patches of moss."""
    s = Shader(name)
    broad = s.noise(0.55, 3, roughness=0.65)
    cells = s.node("ShaderNodeTexVoronoi", {"Vector": s.position, "Scale": 15.0, "Randomness": 1.0})
    luck = s.node("ShaderNodeSeparateColor", {0: cells.outputs["Color"]}).outputs
    inner = s.ramp(cells.outputs["Distance"], 0.25, 0.85, 1.0, 0.25)
    leaf = s.mix(luck[0], s.knob("Tint", dead), s.mix(1.0, dead, (2.3, 1.9, 1.4), "MULTIPLY"))
    leaf = s.mix(s.ramp(luck[1], 0.55, 0.6), leaf, soil)
    leaf = s.mix(1.0, leaf, inner, "MULTIPLY")
    moss = s.ramp(s.math("ADD", broad, s.ramp(luck[2], 0, 1, -0.05, 0.05)), 0.54, 0.62)
    s.set(Base_Color=s.mix(moss, leaf, s.mix(1.0, s.knob("Second", second), inner, "MULTIPLY")))
    s.set(Roughness=0.9, Specular_IOR_Level=0.15)
    s.bump(s.math("ADD", inner, luck[1]), 0.012, 0.7)
    return s.material


def canopy(name: str, tint: Colour, other: Colour) -> Any:
    """A wood seen from afar: crowns of two greens, dark between them. Plainly diffuse, as leaves in shade are."""
    s = Shader(name)
    colour = s.mix(s.ramp(s.noise(0.35, 3), 0.4, 0.6), s.knob("Tint", tint), s.knob("Second", other))
    shade = s.ramp(s.noise(2.4, 2), 0.35, 0.65, 0.25, 1.3)
    s.set(Base_Color=s.mix(1.0, colour, shade, "MULTIPLY"), Roughness=1.0, Specular_IOR_Level=0.0)
    return s.material


def foliage(name: str, tint: Colour, other: Colour) -> Any:
    """Leaves: light comes through them; every leaf (an island) and every plant has its own green."""
    s = Shader(name)
    luck = s.math("FRACT", s.math("ADD", s.node("ShaderNodeNewGeometry").outputs["Random Per Island"],
                                  s.node("ShaderNodeObjectInfo").outputs["Random"]))  # fmt: skip
    colour = s.mix(luck, s.knob("Tint", tint), s.knob("Second", other))
    front, back = (
        s.node("ShaderNodeBsdfDiffuse", {"Color": colour}),
        s.node("ShaderNodeBsdfTranslucent", {"Color": colour}),
    )
    both = s.node("ShaderNodeMixShader", {0: 0.4, 1: front.outputs[0], 2: back.outputs[0]})
    s.tree.links.new(both.outputs[0], s.tree.get_output_node("CYCLES").inputs["Surface"])
    s.tree.nodes.remove(s.surface)
    return s.material


def bark(name: str, tint: Colour) -> Any:
    """Furrowed bark along Z, mossy where it is low."""
    s = Shader(name)
    furrow = s.noise(9.0, 4, stretch=(1.0, 1.0, 0.16), roughness=0.65)
    height = s.node("ShaderNodeSeparateXYZ", {0: s.position}).outputs[2]
    moss = s.math("MULTIPLY", s.ramp(height, 0.0, 2.2, 0.8, 0.0), s.ramp(s.noise(2.5, 3), 0.42, 0.6))
    dark = s.mix(1.0, s.knob("Tint", tint), s.ramp(furrow, 0.3, 0.68, 0.35, 1.25), "MULTIPLY")
    s.set(Base_Color=s.mix(moss, dark, (0.05, 0.075, 0.018)), Roughness=0.95)
    s.bump(furrow, 0.05, 0.9)
    return s.material


def marble(name: str, tint: Colour, vein: Colour, rough: float = 0.16, slab: float = 1.2) -> Any:
    """Polished slabs with veins: a dark joint between them, each slab a shade of its own, worn dull in places."""
    s = Shader(name)
    laid = s.node("ShaderNodeTexBrick", {
        "Vector": s.position, "Color1": (0.86, 0.86, 0.86), "Color2": (1.0, 1.0, 1.0), "Mortar": (0.18, 0.17, 0.16),
        "Scale": 1.0, "Mortar Size": 0.006, "Mortar Smooth": 0.2, "Bias": 0.0, "Brick Width": slab, "Row Height": slab,
    }, offset=0.0)  # fmt: skip
    cloud = s.noise(1.1, 5, roughness=0.7)
    veins = s.ramp(s.math("ABSOLUTE", s.math("SUBTRACT", cloud, 0.5)), 0.0, 0.05, 1.0, 0.0)
    base = s.mix(s.math("MULTIPLY", veins, 0.75), s.knob("Tint", tint), s.knob("Vein", vein))
    s.set(Base_Color=s.mix(1.0, base, laid.outputs["Color"], "MULTIPLY"))
    s.set(Roughness=s.ramp(s.noise(0.9, 3), 0.35, 0.68, rough, rough + 0.28))
    s.bump(laid.outputs["Fac"], -0.004, 0.4)
    return s.material


def snow(name: str) -> Any:
    """Snow: wind ripples, blue hollows, light that bleeds through grains, sparkle that no sample can blow out.

    Light scatters deep in snow, so its shadows are blue and soft: that is diffuse light through from behind, tinted.
    Sparkle is a gloss on grains some centimetres wide, each tilted its own way: wide lobes, so no fireflies.
    """
    s = Shader(name)
    broad = s.noise(0.5, 4, roughness=0.6)
    winds = {"Vector": s.position, "Scale": 1.15, "Distortion": 5.5, "Detail": 2.0, "Detail Scale": 0.7}
    bends = s.node("ShaderNodeTexWave", winds, bands_direction="DIAGONAL")
    where = s.ramp(broad, 0.38, 0.62, 0.15, 1.0)
    ripple = s.math("MULTIPLY", bends.outputs["Fac"], where)
    grains = s.node("ShaderNodeTexVoronoi", {"Vector": s.position, "Scale": 55.0})
    glint = s.node("ShaderNodeSeparateColor", {0: grains.outputs["Color"]}).outputs[0]
    hollow = s.math("ADD", s.math("MULTIPLY", ripple, 0.35), broad)
    colour = s.mix(s.ramp(hollow, 0.35, 0.95), (0.62, 0.73, 0.90), (0.88, 0.90, 0.93))
    s.set(Base_Color=colour, Roughness=s.ramp(glint, 0.90, 0.96, 0.75, 0.24))
    s.set(Specular_IOR_Level=s.ramp(glint, 0.90, 0.96, 0.2, 0.9))
    height = s.math(
        "ADD", s.math("MULTIPLY", ripple, 0.8), s.math("ADD", s.math("MULTIPLY", glint, 0.10), s.noise(9, 3))
    )
    s.bump(height, 0.045, 0.75)
    through = s.node("ShaderNodeBsdfTranslucent", {"Color": (0.50, 0.68, 0.95, 1.0)})
    both = s.node("ShaderNodeMixShader", {0: 0.10, 1: s.surface.outputs[0], 2: through.outputs[0]})
    s.tree.links.new(both.outputs[0], s.tree.get_output_node("CYCLES").inputs["Surface"])
    return s.material


def snowed(name: str, tint: Colour, scale: float = 1.0, line: float = 0.55) -> Any:
    """Rock in cracked layers that keeps snow where it is level enough, in drifts with a soft, blue-edged rim."""
    s = Shader(name)
    broad, fine = s.noise(0.8 * scale, 5, roughness=0.7), s.noise(7.0 * scale, 4, roughness=0.65)
    layers = s.noise(2.2 * scale, 4, stretch=(0.35, 0.35, 3.0), roughness=0.7)
    level = s.node("ShaderNodeSeparateXYZ", {0: s.node("ShaderNodeNewGeometry").outputs["Normal"]}).outputs[2]
    lodged = s.math("ADD", s.ramp(broad, 0, 1, -0.35, 0.35), s.ramp(layers, 0.3, 0.7, -0.2, 0.2))
    white = s.ramp(s.math("ADD", level, lodged), line - 0.06, line + 0.06)
    shade = s.math("MULTIPLY", s.ramp(layers, 0.33, 0.66, 0.35, 1.35), s.ramp(fine, 0.3, 0.7, 0.6, 1.25))
    rock = s.mix(1.0, s.knob("Tint", tint), shade, "MULTIPLY")
    s.set(Base_Color=s.mix(white, rock, s.mix(s.ramp(white, 0.5, 1), (0.66, 0.76, 0.90), (0.87, 0.90, 0.94))))
    s.set(Roughness=0.85, Specular_IOR_Level=0.25)
    rise = s.math("ADD", s.math("MULTIPLY", s.math("ADD", fine, layers), s.ramp(white, 0, 1, 1.0, 0.12)), white)
    s.bump(rise, 0.12 / scale, 0.8)
    return s.material


def cloth(name: str, tint: Colour, trim: Colour) -> Any:
    """Heavy woven cloth with a border of another colour along Z."""
    s = Shader(name)
    weave, folds = s.noise(220, 1), s.noise(1.4, 2)
    height = s.node("ShaderNodeSeparateXYZ", {0: s.position}).outputs[2]
    band = s.math("GREATER_THAN", s.math("FRACT", s.math("MULTIPLY", height, 0.55)), 0.86)
    colour = s.mix(band, s.knob("Tint", tint), s.knob("Trim", trim))
    s.set(Base_Color=s.mix(1.0, colour, s.ramp(folds, 0.3, 0.7, 0.6, 1.15), "MULTIPLY"), Roughness=0.9)
    s.set(Sheen_Weight=0.3)
    s.bump(weave, 0.002, 0.4)
    return s.material
