"""A clothed body of 1.80 m: its bones, and how garments are made of stacked sections and made to follow them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from math import atan2, cos, pi, radians, sin

import bmesh
import bpy
import numpy as np
from mathutils import Matrix, Vector
from numpy.typing import NDArray

from ..rig import Bone
from ..shapes import Material, Point, add, joined, moved

Floats = NDArray[np.float64]
Section = tuple[float, float, float, float, float]
"""Centre x, y, z and half width (x) and depth (y) in metres."""

SHOULDER, ARM_TILT = (0.182, -0.012, 1.452), 40.0
"""The right shoulder joint, and by how many degrees the arms are spread at rest."""
UPPER_ARM, FOREARM, HAND = 0.295, 0.262, 0.088
FINGERS = {
    "index": (0.031, (0.044, 0.027, 0.023)),
    "middle": (0.0105, (0.047, 0.030, 0.024)),
    "ring": (-0.010, (0.044, 0.028, 0.023)),
    "little": (-0.029, (0.035, 0.022, 0.020)),
}
"""Place across the knuckles (towards the thumb) and lengths of the joints."""
THUMB = ((-0.016, 0.026, -0.018), (-0.42, 0.66, -0.62), (0.040, 0.033, 0.027))
"""Where it starts in the hand's frame, its direction, its lengths."""
GRIP = (-0.036, 0.004, -0.080)
"""The middle of a handle in the hand's frame: the wrist at the origin, fingers -Z, thumb +Y, palm towards -X."""


def in_hand(point: Point | Vector) -> Vector:
    """From the right hand's frame to the body's at rest."""
    tilt = Matrix.Rotation(radians(-ARM_TILT), 3, "Y")
    wrist = Vector(SHOULDER) + tilt @ Vector((0, 0, -UPPER_ARM - FOREARM))
    return wrist + tilt @ Vector(point)


def _direction(way: Point) -> Point:
    turned = Matrix.Rotation(radians(-ARM_TILT), 3, "Y") @ Vector(way)
    return (turned.x, turned.y, turned.z)


def bones() -> dict[str, Bone]:
    """Every bone at rest. Elbows flex about +X from their Y to their Z axis; a hand's Z axis leaves its palm."""
    forward = (0.0, 1.0, 0.0)
    made = {
        "hips": Bone((0, 0, 0.98), (0, 0, 1.10), None),
        "spine": Bone((0, 0, 1.10), (0, 0, 1.25), "hips"),
        "chest": Bone((0, 0, 1.25), (0, -0.01, 1.47), "spine"),
        "neck": Bone((0, -0.012, 1.49), (0, 0.008, 1.585), "chest"),
        "head": Bone((0, 0.008, 1.585), (0, 0.012, 1.80), "neck"),
    }
    palm, thumb = _direction((-1, 0, 0)), _direction((0, 1, 0))

    def at(point: Point) -> Point:
        spot = in_hand(point)
        return (spot.x, spot.y, spot.z)

    elbow = at((0, 0, FOREARM))
    right: dict[str, Bone] = {
        "shoulder": Bone((0.025, 0.0, 1.435), SHOULDER, "chest", forward),
        "upper_arm": Bone(SHOULDER, elbow, "shoulder", forward),
        "forearm": Bone(elbow, at((0, 0, 0)), "upper_arm", forward),
        "hand": Bone(at((0, 0, 0)), at((0, 0, -HAND)), "forearm", palm),
        "grip": Bone(at(GRIP), at((GRIP[0], GRIP[1] + 0.05, GRIP[2])), "hand", palm, False),
        "thigh": Bone((0.093, 0.0, 0.94), (0.099, 0.012, 0.508), "hips", forward),
        "shin": Bone((0.099, 0.012, 0.508), (0.104, -0.018, 0.092), "thigh", forward),
        "foot": Bone((0.104, -0.018, 0.092), (0.116, 0.118, 0.026), "shin", (0, 0, 1)),
        "toe": Bone((0.116, 0.118, 0.026), (0.121, 0.195, 0.022), "foot", (0, 0, 1)),
    }
    for name, (across, lengths) in FINGERS.items():
        z, parent = -HAND, "hand"
        for k, long in enumerate(lengths, start=1):
            right[f"{name}{k}"] = Bone(at((0, across, z)), at((0, across * 1.0, z - long)), parent, palm)
            z, parent = z - long, f"{name}{k}"
    start, way, lengths = Vector(THUMB[0]), Vector(THUMB[1]).normalized(), THUMB[2]
    parent = "hand"
    inward = _direction((-0.5, -0.85, -0.5))
    for k, long in enumerate(lengths, start=1):
        end = start + way * long
        right[f"thumb{k}"] = Bone(at(tuple(start)), at(tuple(end)), parent, inward)
        start, parent = end, f"thumb{k}"
    del thumb
    for side, sign in (("R", 1.0), ("L", -1.0)):
        for name, bone in right.items():
            parent_name = bone.parent if bone.parent in made else f"{bone.parent}.{side}"
            head, tail, z_axis = ((p[0] * sign, p[1], p[2]) for p in (bone.head, bone.tail, bone.z))
            made[f"{name}.{side}"] = Bone(head, tail, parent_name, z_axis, bone.deform)
    return made


def stack(
    name: str, material: Material, sections: Sequence[Section], segments: int = 24, power: float = 2.2
) -> bpy.types.Object:
    """Superellipses one above the other, capped: the sections of a limb or trunk."""
    build = bmesh.new()
    rings = []
    for x, y, z, wide, deep in sections:
        ring = []
        for i in range(segments):
            a = 2 * pi * i / segments
            u, v = (abs(f(a)) ** (2 / power) * (1 if f(a) > 0 else -1) for f in (cos, sin))
            ring.append(build.verts.new((x + wide * u, y + deep * v, z)))
        rings.append(ring)
    for lower, upper in pairwise(rings):
        for i in range(segments):
            j = (i + 1) % segments
            build.faces.new((lower[i], lower[j], upper[j], upper[i]))
    build.faces.new(rings[0])
    build.faces.new(rings[-1])
    return add(build, name, material)


def ball(name: str, material: Material, at: Point, size: Point, turn: Point = (0, 0, 0)) -> bpy.types.Object:
    """An ellipsoid of half axes `size`."""
    build = bmesh.new()
    bmesh.ops.create_uvsphere(build, u_segments=20, v_segments=12, radius=1.0)
    return moved(add(build, name, material), scale=size, turn=turn, at=at)


def on_arm(thing: bpy.types.Object, wrist: bool = False) -> bpy.types.Object:
    """Hang what was modelled down from the origin on the right shoulder (or wrist) as it is at rest."""
    at = in_hand((0, 0, 0)) if wrist else Vector(SHOULDER)
    return moved(thing, turn=(0, -ARM_TILT, 0), at=(at.x, at.y, at.z))


def mirrored(thing: bpy.types.Object) -> bpy.types.Object:
    """The same on the body's other side."""
    twin = bpy.data.objects.new(thing.name, thing.data.copy())
    bpy.context.scene.collection.objects.link(twin)
    return moved(twin, scale=(-1, 1, 1))


def skinned_over(
    things: Sequence[bpy.types.Object],
    name: str,
    voxel: float,
    keep: float,
    shape: Callable[[Floats, Floats], Floats] | None = None,
    smoothing: int = 6,
) -> bpy.types.Object:
    """One skin over overlapping solids: voxels of `voxel` metres, smoothed, displaced, thinned to a share `keep`.

    shape: how far each vertex goes out along its normal, metres (V,), by place (V, 3) and normal (V, 3).
    """
    thing = joined(things, name)
    remesh = thing.modifiers.new("Remesh", "REMESH")
    remesh.mode, remesh.voxel_size = "VOXEL", voxel
    relax = thing.modifiers.new("Smooth", "SMOOTH")
    relax.factor, relax.iterations = 0.5, smoothing
    joined([thing], name)
    mesh = thing.data
    if shape is not None:
        places, normals = _vectors(mesh.vertices, "co"), _vectors(mesh.vertices, "normal")
        shifted = places + normals * shape(places, normals)[:, None]
        mesh.vertices.foreach_set("co", shifted.astype(np.float32).ravel())
        mesh.update()
    thin = thing.modifiers.new("Decimate", "DECIMATE")
    thin.ratio = keep
    joined([thing], name)
    _in_order(thing)
    thing.data.shade_smooth()
    return thing


def _in_order(thing: bpy.types.Object) -> None:
    """Number faces and vertices from the top down: neighbours' numbers are then near, and compress better."""
    old = thing.data
    places = places_of(thing)

    def rank(face: bpy.types.MeshPolygon) -> tuple[float, float]:
        return round(-face.center.z / 0.03), atan2(face.center.y, face.center.x)

    faces = [tuple(face.vertices) for face in sorted(old.polygons, key=rank)]
    order = list(dict.fromkeys(corner for face in faces for corner in face))
    number = {corner: k for k, corner in enumerate(order)}
    new = bpy.data.meshes.new(old.name)
    new.from_pydata(places[order].tolist(), [], [[number[corner] for corner in face] for face in faces])
    new.materials.append(old.materials[0])
    thing.data = new


def draped(thing: bpy.types.Object) -> bpy.types.Object:
    """Give it a UV map straight from the front and the back, in metres."""
    mesh = thing.data
    while mesh.uv_layers:
        mesh.uv_layers.remove(mesh.uv_layers[0])
    corners = np.empty(len(mesh.loops), np.int32)
    mesh.loops.foreach_get("vertex_index", corners)
    mesh.uv_layers.new(name="UVMap").uv.foreach_set(
        "vector", places_of(thing)[corners][:, [0, 2]].astype(np.float32).ravel()
    )
    return thing


def followed(
    places: Floats, skeleton: Mapping[str, Bone], girths: Mapping[str, float], sharpness: float = 7.0
) -> dict[str, Floats]:
    """How much each vertex (V, 3) follows each bone of `girths` (its half thickness, metres): by relative nearness."""
    found = {}
    for name, girth in girths.items():
        a, b = np.array(skeleton[name].head), np.array(skeleton[name].tail)
        share = np.clip((places - a) @ (b - a) / ((b - a) @ (b - a)), 0, 1)
        distance = np.linalg.norm(places - a - share[:, None] * (b - a), axis=1)
        found[name] = (distance / girth + 0.15) ** -sharpness
    return found


def places_of(thing: bpy.types.Object) -> Floats:
    """Its vertices, (V, 3)."""
    return _vectors(thing.data.vertices, "co")


def _vectors(items: bpy.types.bpy_prop_collection, name: str) -> Floats:
    flat = np.empty(len(items) * 3, np.float32)
    items.foreach_get(name, flat)
    return flat.reshape(-1, 3).astype(np.float64)
