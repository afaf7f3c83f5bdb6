"""Keeping .blend files small: numbers no finer than they need to be, parts that share one mesh."""

from __future__ import annotations

from math import radians

import bpy
import numpy as np
from mathutils import Euler, Matrix, Vector

from ..shapes import Point


def copied(thing: bpy.types.Object, at: Point, turn: Point = (0, 0, 0), scale: float = 1.0) -> bpy.types.Object:
    """Another object of the same mesh, elsewhere: the file holds the mesh once."""
    twin = bpy.data.objects.new(thing.name, thing.data)
    twin.matrix_world = Matrix.LocRotScale(Vector(at), Euler([radians(a) for a in turn]), Vector((scale, scale, scale)))
    bpy.context.scene.collection.objects.link(twin)
    return twin


def lean(thing: bpy.types.Object, metres: float = 2.0**-14, uv: float = 2.0**-11) -> bpy.types.Object:
    """Round places to a sixteenth of a millimetre and UVs to a two-thousandth: they compress to a third."""
    mesh = thing.data
    _rounded(mesh.vertices, "co", 3, metres)
    for layer in mesh.uv_layers:
        _rounded(layer.uv, "vector", 2, uv)
    return thing


def _rounded(items: bpy.types.bpy_prop_collection, name: str, width: int, step: float) -> None:
    values = np.empty(len(items) * width, np.float32)
    items.foreach_get(name, values)
    items.foreach_set(name, np.round(values / step).astype(np.float32) * np.float32(step))
