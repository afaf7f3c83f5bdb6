"""Dense sheets for what is engraved, wrapped or draped, and the last steps that every hero prop takes."""

from __future__ import annotations

from collections.abc import Callable

import bmesh
import bpy
import numpy as np

from .. import masks
from ..shapes import Material, Point, add, joined, smooth, unwrapped

Place = Callable[[float, float], Point]


def sheet(
    name: str,
    material: Material,
    place: Place,
    rows: int,
    columns: int,
    around: bool = False,
    marks: dict[str, Callable[[float, float], float]] | None = None,
) -> bpy.types.Object:
    """A grid of `rows` by `columns` faces: `place(u, v)` for u, v in 0..1; `around` joins u = 1 to u = 0.

    `marks` are vertex attributes, functions of u and v likewise.
    """
    build = bmesh.new()
    layers = {mark: build.verts.layers.float.new(mark) for mark in marks or {}}
    lines = []
    for i in range(columns if around else columns + 1):
        line = []
        for j in range(rows + 1):
            u, v = i / columns, j / rows
            vertex = build.verts.new(place(u, v))
            for mark, layer in layers.items():
                vertex[layer] = (marks or {})[mark](u, v)
            line.append(vertex)
        lines.append(line)
    for i in range(columns):
        here, there = lines[i], lines[(i + 1) % len(lines)]
        for j in range(rows):
            build.faces.new((here[j], there[j], there[j + 1], here[j + 1]))
    return smooth(add(build, name, material), 60)


def finished(picture: bpy.types.Image, lit: str, rest: str, edge: float, hollow: float, reach: float) -> None:
    """Join all there is, unwrap it, bake its masks; then part what a charge lights up (material and object `lit`)."""
    whole = unwrapped(joined(list(bpy.context.scene.objects), rest))
    masks.bake(whole, picture, edge, hollow)
    for other in bpy.context.scene.objects:
        other.select_set(other == whole)
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="SELECT")
    bpy.ops.mesh.separate(type="MATERIAL")
    bpy.ops.object.mode_set(mode="OBJECT")
    parts = list(bpy.context.scene.objects)
    glowing = [part for part in parts if part.data.materials[0].name == lit]
    others = [part for part in parts if part not in glowing]
    for part in glowing:
        part.name = part.data.name = lit
    with bpy.context.temp_override(active_object=others[0], selected_editable_objects=others, selected_objects=others):
        bpy.ops.object.join()
    others[0].name = others[0].data.name = rest
    masks.heat([others[0], *glowing], glowing, reach)
    for part in (others[0], *glowing):
        _rounded(part.data)
    for mesh in [mesh for mesh in bpy.data.meshes if not mesh.users]:
        bpy.data.meshes.remove(mesh)


def _rounded(mesh: bpy.types.Mesh) -> None:
    """Round coordinates to what can be seen, so that the file packs to half the size."""
    for owner, name, width, step in (
        (mesh.vertices, "co", 3, 2.0**-16),  # 15 micrometres
        (mesh.uv_layers[0].uv, "vector", 2, 2.0**-13),
        (mesh.attributes[masks.HEAT].data, "value", 1, 2.0**-7),
    ):
        flat = np.empty(len(owner) * width, np.float32)
        owner.foreach_get(name, flat)
        owner.foreach_set(name, (np.round(flat / step) * step).astype(np.float32))
