"""Masks baked once, when a prop is modelled: where it has edges and hollows. So wear and dirt cost nothing to render.

The picture is packed into the .blend. Red: convex edges; green: hollows (occlusion within centimetres); blue: crevices
(within millimetres).
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import bpy
import numpy as np
from mathutils import kdtree
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from .materials import Shader
from .shapes import Material

SIZE = 1024
HEAT = "heat"
"""Vertex attribute: 1 on what a charge lights up, falling off over centimetres on what is near it."""


def blank(name: str) -> bpy.types.Image:
    """The picture that materials look up before it is baked."""
    image = bpy.data.images.new(name, SIZE, SIZE, float_buffer=False)
    image.colorspace_settings.name = "Non-Color"
    return image


def bake(thing: bpy.types.Object, image: bpy.types.Image, edge: float, hollow: float) -> None:
    """Bake an unwrapped object's masks into `image` and pack it; `edge` and `hollow` are their reach in metres."""
    bpy.ops.preferences.addon_enable(module="cycles")
    scene = bpy.context.scene
    scene.render.engine, scene.cycles.samples, scene.cycles.use_denoising = "CYCLES", 6, False
    scene.render.bake.margin, scene.render.bake.use_clear = 6, True
    worn = list(thing.data.materials)
    probe = _probe(image, edge, hollow)
    for slot in range(len(worn)):
        thing.data.materials[slot] = probe
    for other in scene.objects:
        other.select_set(other == thing)
        other.hide_render = False
    bpy.context.view_layer.objects.active = thing
    bpy.ops.object.bake(type="EMIT")
    for slot, material in enumerate(worn):
        thing.data.materials[slot] = material
    bpy.data.materials.remove(probe)
    _pack(image)


def heat(things: list[bpy.types.Object], lit: list[bpy.types.Object], reach: float) -> None:
    """Give every object the vertex attribute HEAT: nearness to what is `lit`, 1/e at `reach` metres."""
    sources = np.concatenate([_vertices(thing) for thing in lit])
    tree = kdtree.KDTree(len(sources))
    for number, at in enumerate(sources):
        tree.insert(at, number)
    tree.balance()
    for thing in things:
        distance = np.array([tree.find(at)[2] for at in _vertices(thing)])
        made = thing.data.attributes.new(HEAT, "FLOAT", "POINT")
        made.data.foreach_set("value", np.exp(-distance / reach).astype(np.float32))


def _vertices(thing: bpy.types.Object) -> NDArray[np.float32]:
    flat = np.empty(len(thing.data.vertices) * 3, np.float32)
    thing.data.vertices.foreach_get("co", flat)
    return flat.reshape(-1, 3)


def _probe(image: bpy.types.Image, edge: float, hollow: float) -> Material:
    """Emits the three masks. An edge is where rounded and true normals differ and the outside is open."""
    s = Shader("probe")
    wide = s.node("ShaderNodeAmbientOcclusion", {"Distance": hollow}, samples=8).outputs["AO"]
    close = s.node("ShaderNodeAmbientOcclusion", {"Distance": edge * 1.5}, samples=8).outputs["AO"]
    # Less than some 10 degrees is no edge, but where a round form's faces meet.
    sharp = s.math("MULTIPLY", s.math("SUBTRACT", s.edges(edge), 0.015), 9.5, clamp=True)
    convex = s.math("MULTIPLY", sharp, s.ramp(close, 0.72, 0.95))
    colour = s.node("ShaderNodeCombineColor", {0: convex, 1: s.math("SUBTRACT", 1.0, wide)}).outputs[0]
    crevice = s.math("SUBTRACT", 1.0, close)
    s.tree.links.new(crevice, colour.node.inputs[2])
    glow = s.node("ShaderNodeEmission", {"Color": colour})
    s.tree.links.new(glow.outputs[0], s.tree.nodes["Material Output"].inputs["Surface"])
    target = s.node("ShaderNodeTexImage", image=image)
    s.tree.nodes.active = target
    return s.material


def _pack(image: bpy.types.Image) -> None:
    """Smooth the noise away and pack the picture as a JPEG: small, and good enough for masks."""
    pixels = np.empty(SIZE * SIZE * 4, np.float32)
    image.pixels.foreach_get(pixels)
    rgb = (np.clip(pixels.reshape(SIZE, SIZE, 4)[::-1, :, :3], 0, 1) * 255 + 0.5).astype(np.uint8)
    picture = Image.fromarray(rgb).filter(ImageFilter.GaussianBlur(0.9))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "masks.jpg"
        picture.save(path, quality=74, subsampling=0)
        image.source = "FILE"
        image.filepath = str(path)
        image.reload()
        image.pack()
        image.filepath = "//masks.jpg"
    image.colorspace_settings.name = "Non-Color"
