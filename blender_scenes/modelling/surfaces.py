"""Materials of foreground things: paint over rust, glass one looks through, mirrors, leaves, cloth.

They are looked at from near, so each has several scales of detail; none has a Bevel node, whose extra rays cost more
than all the rest of such a thing.
"""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from .materials import Colour, Shader


def painted(name: str, tint: Colour, wear: float = 0.3, roughness: float = 0.42, metallic: float = 0.0) -> Any:
    """Painted (`metallic` 0) or zinc-plated (1) steel. `Wear` lets it chip: bare, then rust that runs down."""
    s = Shader(name)
    tint_knob, wear_knob, rough_knob = s.knob("Tint", tint), s.knob("Wear", wear), s.knob("Roughness", roughness)
    broad, fine = s.noise(5, 4, roughness=0.6), s.noise(48, 4, roughness=0.65)
    runs = s.noise(22, 3, stretch=(1.0, 1.0, 0.09))
    level = s.math("ADD", s.math("MULTIPLY", broad, 0.55), s.math("MULTIPLY", fine, 0.45))
    chip_from = s.ramp(wear_knob, 0, 1, 0.72, 0.47)
    chipped = s.ramp(level, chip_from, s.math("ADD", chip_from, 0.015))
    halo = s.ramp(level, s.math("SUBTRACT", chip_from, 0.05), chip_from)
    streak = s.math("MULTIPLY", s.math("MULTIPLY", s.ramp(runs, 0.5, 0.72), s.ramp(broad, 0.4, 0.62)), wear_knob)
    rust = s.mix(s.ramp(fine, 0.35, 0.65), (0.05, 0.020, 0.010), (0.22, 0.080, 0.028))
    dust = s.ramp(s.noise(2.3, 3), 0.3, 0.7, 0.82, 1.06)
    skin = s.mix(1.0, tint_knob, dust, "MULTIPLY")
    skin = s.mix(s.math("MULTIPLY", s.math("MAXIMUM", halo, streak), 0.55), skin, rust)
    s.set(Base_Color=s.mix(chipped, skin, rust))
    s.set(Metallic=s.math("MULTIPLY", s.math("SUBTRACT", 1.0, s.math("MAXIMUM", chipped, streak)), metallic))
    rough = s.math("ADD", rough_knob, s.math("MULTIPLY", s.math("SUBTRACT", fine, 0.5), 0.25))
    s.set(Roughness=s.math("ADD", rough, s.math("MULTIPLY", chipped, 0.35), clamp=True))
    s.bump(s.math("SUBTRACT", s.math("MULTIPLY", fine, 0.15), chipped), 0.0012, 0.7)
    return s.material


def old_stone(name: str, tint: Colour) -> Any:
    """Limestone that has stood for long: pitted, pale where it broke, soot in its hollows, damp at its foot."""
    s = Shader(name)
    broad, fine = s.noise(2.6, 4, roughness=0.65), s.noise(38, 3, roughness=0.6)
    streaks = s.noise(8, 3, stretch=(1.0, 1.0, 0.10))
    geometry = s.node("ShaderNodeNewGeometry").outputs
    edge = geometry["Pointiness"]
    height = s.node("ShaderNodeSeparateXYZ", {0: s.node("ShaderNodeTexCoord").outputs["Generated"]}).outputs[2]
    shade = s.math("ADD", s.ramp(broad, 0.3, 0.7, 0.72, 1.12), s.ramp(fine, 0.3, 0.7, -0.13, 0.13))
    colour = s.mix(1.0, s.knob("Tint", tint), shade, "MULTIPLY")
    soot = s.math(
        "MAXIMUM", s.ramp(edge, 0.50, 0.42), s.math("MULTIPLY", s.ramp(streaks, 0.50, 0.68), s.ramp(broad, 0.35, 0.6))
    )
    dirt = s.knob("Dirt", 0.9)
    colour = s.mix(s.math("MULTIPLY", soot, dirt), colour, (0.055, 0.047, 0.037))
    colour = s.mix(s.ramp(edge, 0.54, 0.62, 0.0, 0.6), colour, (0.60, 0.55, 0.46))
    damp = s.ramp(s.math("ADD", height, s.ramp(broad, 0.2, 0.8, -0.18, 0.18)), 0.10, 0.36, 1.0, 0.0)
    damp = s.math("MULTIPLY", damp, dirt)
    wet = s.mix(1.0, colour, (0.42, 0.44, 0.36), "MULTIPLY")
    algae = s.mix(s.ramp(fine, 0.42, 0.6, 0.0, 0.7), wet, (0.045, 0.062, 0.018))
    s.set(Base_Color=s.mix(damp, colour, algae), Roughness=s.ramp(damp, 0, 1, 0.88, 0.55))
    s.bump(s.math("ADD", fine, s.math("MULTIPLY", broad, 0.6)), 0.010, 0.6)
    return s.material


def wood(name: str, tint: Colour, axis: int, wear: float = 0.4) -> Any:
    """Sawn boards with their grain along an axis (0 x, 1 y, 2 z); each board, being an island, has its own shade."""
    s = Shader(name)
    wear_knob = s.knob("Wear", wear)
    stretch = tuple(0.045 if i == axis else 1.0 for i in range(3))
    island = s.node("ShaderNodeNewGeometry").outputs["Random Per Island"]
    # Neighbouring boards must not continue each other's grain.
    shifted = s.node(
        "ShaderNodeVectorMath",
        {
            0: s.position,
            1: s.node("ShaderNodeCombineXYZ", {i: s.math("MULTIPLY", island, 37.0) for i in range(3)}).outputs[0],
        },
        operation="ADD",
    ).outputs[0]
    at = s.node("ShaderNodeMapping", {"Vector": shifted, "Scale": stretch}).outputs[0]

    def grain(scale: float, detail: float) -> Any:
        inputs = {"Vector": at, "Scale": scale, "Detail": detail, "Roughness": 0.65, "Distortion": 0.6}
        return s.node("ShaderNodeTexNoise", inputs).outputs[0]

    rings, fibre = grain(22, 3), grain(150, 2)
    shade = s.math("ADD", s.ramp(rings, 0.3, 0.7, 0.55, 1.15), s.ramp(fibre, 0.35, 0.65, -0.14, 0.10))
    own = s.ramp(island, 0, 1, 0.72, 1.2)
    fresh = s.mix(1.0, s.mix(1.0, s.knob("Tint", tint), shade, "MULTIPLY"), own, "MULTIPLY")
    grey = s.mix(1.0, (0.20, 0.185, 0.165), s.math("MULTIPLY", shade, own), "MULTIPLY")
    stain = s.ramp(s.noise(3.1, 4, roughness=0.6), 0.35, 0.65)
    weathered = s.math("MULTIPLY", s.ramp(stain, 0, 1, 0.35, 1.0), wear_knob)
    s.set(Base_Color=s.mix(weathered, fresh, grey), Roughness=s.ramp(fibre, 0.3, 0.7, 0.85, 0.6))
    s.bump(s.math("ADD", rings, s.math("MULTIPLY", fibre, 0.5)), 0.0022, 0.6)
    return s.material


def window(name: str, tint: Colour, dirt: float = 0.15) -> Any:
    """Thin glass that lets light through unbent, so that what is behind keeps its place and its matte its share."""
    s = Shader(name)
    tint_knob, dirt_knob = s.knob("Tint", tint), s.knob("Dirt", dirt)
    clear = s.node("ShaderNodeBsdfTransparent", {"Color": tint_knob}).outputs[0]
    shine = s.node("ShaderNodeBsdfGlossy", {"Color": (0.95, 0.97, 1.0), "Roughness": 0.015}).outputs[0]
    fresnel = s.node("ShaderNodeFresnel", {"IOR": 1.5}).outputs[0]
    glass = s.node("ShaderNodeMixShader", {0: fresnel, 1: clear, 2: shine}).outputs[0]
    smears = s.ramp(s.noise(4.0, 5, stretch=(1.0, 1.0, 0.35), roughness=0.65), 0.45, 0.75)
    specks = s.ramp(s.noise(90, 2), 0.62, 0.72)
    film = s.math("MULTIPLY", s.math("MAXIMUM", smears, s.math("MULTIPLY", specks, 0.8)), dirt_knob, clamp=True)
    grey = s.node("ShaderNodeBsdfDiffuse", {"Color": (0.33, 0.31, 0.28)}).outputs[0]
    _surface(s, s.node("ShaderNodeMixShader", {0: film, 1: glass, 2: grey}).outputs[0])
    return s.material


def mirror(name: str, dirt: float = 0.15) -> Any:
    """Silvered glass with a little dust and dark spots where the silver has gone."""
    s = Shader(name)
    dirt_knob = s.knob("Dirt", dirt)
    gone = s.ramp(s.noise(9, 5, roughness=0.7), s.ramp(dirt_knob, 0, 1, 0.8, 0.5), 0.85)
    smears = s.ramp(s.noise(5, 4, stretch=(1.0, 1.0, 0.4)), 0.4, 0.75)
    s.set(Base_Color=s.mix(gone, s.knob("Tint", (0.88, 0.9, 0.9)), (0.03, 0.028, 0.025)), Metallic=1.0)
    s.set(Roughness=s.math("ADD", 0.012, s.math("MULTIPLY", smears, s.math("MULTIPLY", dirt_knob, 0.22))))
    return s.material


def leaf(name: str, tint: Colour, sprig: bpy.types.Image | None = None) -> Any:
    """Leaves that light shines through; every leaf, being an island, has its own shade. `sprig` cuts cards out."""
    s = Shader(name)
    tint_knob = s.knob("Tint", tint)
    island = s.node("ShaderNodeNewGeometry").outputs["Random Per Island"]
    shade = s.ramp(island, 0, 1, 0.55, 1.35)
    aged = s.ramp(s.math("FRACT", s.math("MULTIPLY", island, 17.3)), 0.72, 1.0, 0.0, 0.75)
    colour = s.mix(aged, tint_knob, s.knob("Aged", (0.20, 0.16, 0.03)))
    colour = s.mix(1.0, colour, shade, "MULTIPLY")
    veins = s.node("ShaderNodeUVMap").outputs[0]
    if sprig is not None:
        texture = s.node("ShaderNodeTexImage", {"Vector": veins}, image=sprig, extension="CLIP")
        colour = s.mix(1.0, colour, texture.outputs["Color"], "MULTIPLY")
    else:
        across = s.node("ShaderNodeSeparateXYZ", {0: veins}).outputs[0]
        rib = s.ramp(s.math("ABSOLUTE", s.math("SUBTRACT", across, 0.5)), 0.0, 0.07, 1.5, 1.0)
        colour = s.mix(1.0, colour, rib, "MULTIPLY")
    s.set(Base_Color=colour, Roughness=s.knob("Roughness", 0.42), Specular_IOR_Level=0.35)
    bright = s.mix(1.0, colour, (1.5, 1.7, 0.55), "MULTIPLY")
    through = s.node("ShaderNodeBsdfTranslucent", {"Color": bright}).outputs[0]
    blade = s.node("ShaderNodeMixShader", {0: 0.38, 1: s.surface.outputs[0], 2: through}).outputs[0]
    if sprig is not None:
        inside = s.math("GREATER_THAN", texture.outputs["Alpha"], 0.5)
        nothing = s.node("ShaderNodeBsdfTransparent").outputs[0]
        blade = s.node("ShaderNodeMixShader", {0: inside, 1: nothing, 2: blade}).outputs[0]
    _surface(s, blade)
    return s.material


def bark(name: str, tint: Colour) -> Any:
    """Bark of twigs and stems."""
    s = Shader(name)
    rough = s.noise(60, 4, stretch=(1.0, 1.0, 0.25))
    s.set(Base_Color=s.mix(1.0, s.knob("Tint", tint), s.ramp(rough, 0.3, 0.7, 0.5, 1.4), "MULTIPLY"), Roughness=0.9)
    s.bump(rough, 0.004, 0.7)
    return s.material


def cloth(name: str, tint: Colour, second: Colour | None = None, thread: float = 900.0) -> Any:
    """Woven cloth, stained, thin enough to glow against the light. With `second` a border and a chevron in UV space."""
    s = Shader(name)
    tint_knob, dirt_knob = s.knob("Tint", tint), s.knob("Dirt", 0.35)
    colour = tint_knob
    if second is not None:
        u, v = s.node("ShaderNodeSeparateXYZ", {0: s.node("ShaderNodeUVMap").outputs[0]}).outputs[:2]
        aside = s.math("ABSOLUTE", s.math("SUBTRACT", u, 0.5))
        border = s.math("GREATER_THAN", s.math("ABSOLUTE", s.math("SUBTRACT", aside, 0.43)), 0.025)
        rise = s.math("SUBTRACT", v, s.math("MULTIPLY", aside, 0.55))
        rows = s.math("ABSOLUTE", s.math("SUBTRACT", s.math("FRACT", s.math("MULTIPLY", rise, 7.0)), 0.5))
        field = s.math("MULTIPLY", s.math("GREATER_THAN", rise, 0.36), s.math("LESS_THAN", rise, 0.80))
        chevron = s.math("MULTIPLY", s.math("GREATER_THAN", rows, 0.3), field)
        chevron = s.math("MULTIPLY", chevron, s.math("LESS_THAN", aside, 0.33))
        mark = s.math("MAXIMUM", chevron, s.math("SUBTRACT", 1.0, border))
        colour = s.mix(mark, tint_knob, s.knob("Mark", second))
    stain = s.ramp(s.noise(3.2, 5, roughness=0.7), 0.4, 0.72)
    fade = s.ramp(s.noise(1.3, 2), 0.3, 0.7, 0.85, 1.12)
    colour = s.mix(s.math("MULTIPLY", stain, dirt_knob), s.mix(1.0, colour, fade, "MULTIPLY"), (0.055, 0.042, 0.03))
    s.set(Base_Color=colour, Roughness=0.85, Sheen_Weight=0.25, Specular_IOR_Level=0.2)
    weave = s.math("ADD", s.noise(thread, 1, stretch=(1, 1, 0.25)), s.noise(thread, 1, stretch=(0.25, 0.25, 1)))
    s.bump(weave, 0.0006, 0.5)
    through = s.node("ShaderNodeBsdfTranslucent", {"Color": colour}).outputs[0]
    _surface(s, s.node("ShaderNodeMixShader", {0: 0.22, 1: s.surface.outputs[0], 2: through}).outputs[0])
    return s.material


def sprig_picture(name: str, side: int = 192) -> bpy.types.Image:
    """A picture, packed, of a twig with paired leaves: RGB their shading, alpha 1 inside the outline; (0, 0) below."""
    v, u = np.mgrid[0:side, 0:side] / (side - 1.0)
    shade = np.zeros((side, side))
    alpha = np.zeros((side, side))
    stem = np.abs(u - 0.5 - 0.02 * np.sin(7 * v)) < 0.011 * (1.3 - v)
    shade[stem], alpha[stem] = 0.45, 1.0
    leaves = [(0.04 + 0.13 * k, turn * (68 - 5 * k), 0.40 - 0.028 * k) for k in range(7) for turn in (-1, 1)]
    for at, degrees, long in [*leaves, (0.86, 0.0, 0.15)]:
        _draw_leaf(u, v, at, np.radians(degrees), long, shade, alpha)
    picture = bpy.data.images.new(name, side, side, alpha=True)
    picture.alpha_mode = "CHANNEL_PACKED"
    rgba = np.repeat(shade[..., None], 4, axis=2).astype(np.float32)
    rgba[..., 3] = alpha
    picture.pixels.foreach_set(rgba.ravel())
    picture.pack()
    return picture


def _draw_leaf(
    u: NDArray[np.float64],
    v: NDArray[np.float64],
    at: float,
    turn: float,
    long: float,
    shade: NDArray[np.float64],
    alpha: NDArray[np.float64],
) -> None:
    """A pointed oval from (0.5, at), its midrib leaning by `turn`, over what is drawn already."""
    du, dv = u - 0.5, v - at
    along = (du * np.sin(turn) + dv * np.cos(turn)) / long
    across = (du * np.cos(turn) - dv * np.sin(turn)) / long
    inside = (along > 0) & (along < 1)
    half = 0.30 * np.where(inside, np.sin(np.pi * np.clip(along, 0, 1) ** 0.8), 0.0)
    blade = inside & (np.abs(across) < half)
    veins = 0.86 + 0.14 * np.cos((along - np.abs(across) * 0.9) * 55)
    tone = np.where(np.abs(across) < 0.018, 1.0, 0.72 * veins + 0.2 * along)
    shade[blade], alpha[blade] = tone[blade], 1.0


def _surface(s: Shader, socket: Any) -> None:
    s.tree.links.new(socket, s.tree.get_output_node("CYCLES").inputs["Surface"])


class Worn(Shader):
    """A material of something that bends: its coordinates are those at rest, in metres, of meshes in `rest_space`."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        # Generated coordinates are those before any armature; `rest_space` maps a cube of two metres to 0..1.
        generated = self.node("ShaderNodeTexCoord").outputs["Generated"]
        self.position = self.node("ShaderNodeMapping", {0: generated, "Scale": (2.0, 2.0, 2.0)}).outputs[0]


def rest_space(thing: bpy.types.Object) -> None:
    """Let `Worn` materials find places at rest in metres: x and y from -1 to 1, z from 0 to 2."""
    mesh = thing.data
    mesh.use_auto_texspace = False
    mesh.texspace_location, mesh.texspace_size = (0.0, 0.0, 1.0), (1.0, 1.0, 1.0)


def garment(name: str, tint: Colour, roughness: float, thread: float, gloss: float = 0.25) -> Any:
    """Cloth or leather of clothes: faded where it rubs, dusty low down, wrinkled finely, with a weave or a grain."""
    s = Worn(name)
    tint_knob, wear_knob, rough_knob = s.knob("Tint", tint), s.knob("Wear", 0.3), s.knob("Roughness", roughness)
    second_knob, mix_knob = s.knob("Second tint", tint), s.knob("Camouflage", 0.0)
    blots = s.node("ShaderNodeTexNoise", {"Vector": s.position, "Scale": 7.0, "Detail": 2.0, "Distortion": 1.2})
    patch = s.math("MULTIPLY", s.math("GREATER_THAN", blots.outputs[0], 0.52), mix_knob)
    base = s.mix(patch, tint_knob, second_knob)
    broad, fine = s.noise(6, 4, roughness=0.65), s.noise(thread, 1)
    creases = s.noise(34, 3, stretch=(1.0, 1.0, 0.45), roughness=0.6)
    rubbed = s.math("MULTIPLY", s.ramp(creases, 0.52, 0.70), wear_knob)
    pale = s.mix(1.0, base, (1.9, 1.85, 1.8), "MULTIPLY")
    colour = s.mix(s.math("MULTIPLY", rubbed, 0.8), base, pale)
    height = s.node("ShaderNodeSeparateXYZ", {0: s.position}).outputs[2]
    dust = s.math("MULTIPLY", s.ramp(height, 0.0, 0.75, 0.75, 0.08), s.ramp(broad, 0.35, 0.65))
    colour = s.mix(s.math("MULTIPLY", dust, wear_knob), colour, (0.20, 0.165, 0.12))
    s.set(Base_Color=s.mix(1.0, colour, s.ramp(broad, 0.3, 0.7, 0.8, 1.15), "MULTIPLY"))
    s.set(Roughness=s.math("ADD", rough_knob, s.math("MULTIPLY", s.math("SUBTRACT", creases, 0.5), 0.3), clamp=True))
    s.set(Specular_IOR_Level=gloss)
    s.bump(s.math("ADD", s.math("MULTIPLY", creases, 2.2), s.math("MULTIPLY", fine, 0.35)), 0.0030, 0.6)
    return s.material


def shell(name: str, tint: Colour, roughness: float) -> Any:
    """Hard lacquered plastic, scuffed: helmets and pads."""
    s = Worn(name)
    tint_knob, wear_knob = s.knob("Tint", tint), s.knob("Wear", 0.25)
    scuffs = s.ramp(s.noise(40, 4, stretch=(0.4, 1.0, 1.0), roughness=0.7), s.ramp(wear_knob, 0, 1, 0.72, 0.5), 0.75)
    dirt = s.ramp(s.noise(9, 4), 0.3, 0.7, 0.8, 1.1)
    colour = s.mix(1.0, tint_knob, dirt, "MULTIPLY")
    s.set(Base_Color=s.mix(s.math("MULTIPLY", scuffs, 0.6), colour, (0.32, 0.31, 0.30)))
    s.set(Roughness=s.math("ADD", s.knob("Roughness", roughness), s.math("MULTIPLY", scuffs, 0.35)))
    s.set(Coat_Weight=0.35, Coat_Roughness=0.12)
    return s.material
