"""Mesh building blocks. Lengths in metres; every function returns an object that is linked to the scene."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from math import cos, pi, radians, sin
from typing import TypeAlias

import bmesh
import bpy
from mathutils import Euler, Matrix, Vector, noise

Point = tuple[float, float, float]
Material: TypeAlias = bpy.types.Material


def add(build: bmesh.types.BMesh, name: str, material: Material) -> bpy.types.Object:
    """An object of a bmesh (which is freed), normals outward."""
    bmesh.ops.recalc_face_normals(build, faces=build.faces)
    mesh = bpy.data.meshes.new(name)
    build.to_mesh(mesh)
    build.free()
    mesh.materials.append(material)
    made = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(made)
    return made


def box(name: str, material: Material, size: Point, at: Point = (0, 0, 0), turn: Point = (0, 0, 0)) -> bpy.types.Object:
    """A block of `size` centred on `at`, turned by Euler degrees."""
    build = bmesh.new()
    matrix = Matrix.LocRotScale(Vector(at), Euler([radians(a) for a in turn]), Vector(size))
    bmesh.ops.create_cube(build, size=1.0, matrix=matrix)
    return add(build, name, material)


def lathe(
    name: str, material: Material, profile: Sequence[tuple[float, float]], segments: int, phase: float = 0.0
) -> bpy.types.Object:
    """A profile of (radius, height) turned about Z; ends of radius 0 close in a point, others in a flat cap."""
    build = bmesh.new()
    rings = []
    for radius, height in profile:
        if radius == 0:
            rings.append([build.verts.new((0, 0, height))])
            continue
        angles = [phase + 2 * pi * i / segments for i in range(segments)]
        rings.append([build.verts.new((radius * cos(a), radius * sin(a), height)) for a in angles])
    for lower, upper in pairwise(rings):
        for i in range(segments):
            j = (i + 1) % segments
            corners = [lower[i % len(lower)], lower[j % len(lower)], upper[j % len(upper)], upper[i % len(upper)]]
            build.faces.new(list(dict.fromkeys(corners)))
    for ring in (rings[0], rings[-1]):
        if len(ring) > 1 and profile[0] != profile[-1]:
            build.faces.new(ring)
    if profile[0] == profile[-1]:
        bmesh.ops.remove_doubles(build, verts=build.verts, dist=1e-7)
    return add(build, name, material)


def prism(
    name: str, material: Material, outline: Sequence[tuple[float, float]], depth: float, at: Point = (0, 0, 0)
) -> bpy.types.Object:
    """A flat outline (x, y) raised by `depth` along Z from `at`."""
    build = bmesh.new()
    base = Vector(at)
    bottom = [build.verts.new(base + Vector((x, y, 0))) for x, y in outline]
    top = [build.verts.new(base + Vector((x, y, depth))) for x, y in outline]
    build.faces.new(bottom)
    build.faces.new(top)
    for i in range(len(outline)):
        j = (i + 1) % len(outline)
        build.faces.new((bottom[i], bottom[j], top[j], top[i]))
    return add(build, name, material)


def tube(
    name: str,
    material: Material,
    path: Sequence[Point],
    radius: float | Callable[[float], float],
    segments: int = 10,
    closed: bool = False,
    flat: float = 1.0,
    side: Point = (0, 0, 1),
) -> bpy.types.Object:
    """A pipe along a path; `radius` may depend on the way (0..1). `flat` squeezes it along `side`'s normal."""
    build = bmesh.new()
    points = [Vector(p) for p in path]
    count = len(points)
    rings = []
    for i, point in enumerate(points):
        after, before = points[(i + 1) % count], points[i - 1]
        if not closed:
            after, before = points[min(i + 1, count - 1)], points[max(i - 1, 0)]
        along = (after - before).normalized()
        across = along.cross(Vector(side))
        across = across.normalized() if across.length > 1e-6 else along.orthogonal().normalized()
        third = across.cross(along)
        size = radius(i / max(count - 1, 1)) if callable(radius) else radius
        angles = [2 * pi * k / segments for k in range(segments)]
        rings.append([build.verts.new(point + size * (across * cos(a) * flat + third * sin(a))) for a in angles])
    pairs = list(pairwise(rings)) + ([(rings[-1], rings[0])] if closed else [])
    for lower, upper in pairs:
        for i in range(segments):
            j = (i + 1) % segments
            build.faces.new((lower[i], lower[j], upper[j], upper[i]))
    if not closed:
        build.faces.new(rings[0])
        build.faces.new(rings[-1])
    return add(build, name, material)


def moved(
    thing: bpy.types.Object, at: Point = (0, 0, 0), turn: Point = (0, 0, 0), scale: Point = (1, 1, 1)
) -> bpy.types.Object:
    """Transform an object's mesh in place: scale, turn (Euler degrees), move."""
    thing.data.transform(Matrix.LocRotScale(Vector(at), Euler([radians(a) for a in turn]), Vector(scale)))
    if scale[0] * scale[1] * scale[2] < 0:
        thing.data.flip_normals()
    return thing


def bevelled(thing: bpy.types.Object, width: float, segments: int = 2, angle: float = 30.0) -> bpy.types.Object:
    """Round the edges sharper than `angle` degrees, and shade smooth between faces that are nearly level."""
    modifier = thing.modifiers.new("Bevel", "BEVEL")
    modifier.width, modifier.segments, modifier.limit_method = width, segments, "ANGLE"
    modifier.angle_limit = radians(angle)
    modifier.harden_normals = True
    return smooth(thing, 180.0 if segments > 1 else angle)


def smooth(thing: bpy.types.Object, angle: float = 35.0) -> bpy.types.Object:
    """Shade smooth, but for edges sharper than `angle` degrees."""
    thing.data.shade_smooth()
    if angle < 180.0:
        thing.data.set_sharp_from_angle(angle=radians(angle))
    return thing


def loft(
    name: str,
    material: Material,
    sections: Sequence[tuple[float, float, float, float]],
    segments: int,
    power: float = 2.0,
) -> bpy.types.Object:
    """Superellipses (z, half width x, half depth y, centre y) stacked along Z and capped; power 2 is an ellipse."""
    build = bmesh.new()
    rings = []
    for z, wide, deep, middle in sections:
        corners = []
        for i in range(segments):
            a = 2 * pi * i / segments
            x, y = (abs(f(a)) ** (2 / power) * (1 if f(a) > 0 else -1) for f in (cos, sin))
            corners.append(build.verts.new((wide * x, middle + deep * y, z)))
        rings.append(corners)
    for lower, upper in pairwise(rings):
        for i in range(segments):
            j = (i + 1) % segments
            build.faces.new((lower[i], lower[j], upper[j], upper[i]))
    build.faces.new(rings[0])
    build.faces.new(rings[-1])
    return add(build, name, material)


def joined(things: Iterable[bpy.types.Object], name: str) -> bpy.types.Object:
    """One object of several: modifiers applied, transforms baked, materials kept."""
    things = list(things)
    bpy.context.view_layer.update()
    graph = bpy.context.evaluated_depsgraph_get()
    applied = [bpy.data.meshes.new_from_object(thing.evaluated_get(graph), depsgraph=graph) for thing in things]
    for thing, mesh in zip(things, applied, strict=True):
        thing.modifiers.clear()
        thing.data = mesh
    with bpy.context.temp_override(active_object=things[0], selected_editable_objects=things, selected_objects=things):
        bpy.ops.object.join()
    whole = things[0]
    whole.name = whole.data.name = name
    whole.data.transform(whole.matrix_world)
    whole.matrix_world = Matrix.Identity(4)
    return whole


def unwrapped(thing: bpy.types.Object) -> bpy.types.Object:
    """Give an object a UV map by projecting its faces in groups of like direction."""
    bpy.context.view_layer.objects.active = thing
    for other in bpy.context.scene.objects:
        other.select_set(other == thing)
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="SELECT")
    bpy.ops.uv.smart_project(angle_limit=radians(66), island_margin=0.003)
    bpy.ops.object.mode_set(mode="OBJECT")
    return thing


def gathered(names: dict[str, str], rest: str) -> None:
    """Join everything in the scene into few unwrapped objects: one for each material in `names`, and `rest`."""
    groups: dict[str, list[bpy.types.Object]] = {}
    for thing in list(bpy.context.scene.objects):
        groups.setdefault(names.get(thing.data.materials[0].name, rest), []).append(thing)
    for name, things in groups.items():
        unwrapped(joined(things, name))
    for mesh in [mesh for mesh in bpy.data.meshes if not mesh.users]:
        bpy.data.meshes.remove(mesh)


def chipped(thing: bpy.types.Object, depth: float, scale: float, threshold: float = 0.2) -> bpy.types.Object:
    """Knock chips out of a dense mesh: where noise exceeds the threshold, vertices go in by up to `depth` metres."""
    mesh = thing.data
    for vertex in mesh.vertices:
        level = noise.noise(vertex.co * scale) + 0.35 * noise.noise(vertex.co * scale * 3.1)
        inward = min(max(level - threshold, 0.0) * 4.0, 1.0) * depth
        vertex.co -= vertex.normal * inward
    return thing


def divided(thing: bpy.types.Object, cuts: int) -> bpy.types.Object:
    """Cut every edge `cuts` times."""
    build = bmesh.new()
    build.from_mesh(thing.data)
    bmesh.ops.subdivide_edges(build, edges=build.edges, cuts=cuts, use_grid_fill=True)
    build.to_mesh(thing.data)
    build.free()
    return thing


def rock(name: str, material: Material, size: Point, at: Point, seed: float, detail: int = 3) -> bpy.types.Object:
    """A boulder: a ball pushed about by noise and sunk a little into the ground."""
    build = bmesh.new()
    bmesh.ops.create_icosphere(build, subdivisions=detail, radius=0.5)
    for vertex in build.verts:
        shift = Vector((seed * 7.1, seed * 3.3, seed * 5.7))
        vertex.co *= 1.0 + 0.45 * noise.noise(vertex.co * 2.2 + shift) + 0.15 * noise.noise(vertex.co * 6.0 + shift)
    bmesh.ops.transform(build, verts=build.verts, matrix=Matrix.LocRotScale(Vector(at), None, Vector(size)))
    return smooth(add(build, name, material), 40)


def whole(name: str) -> bpy.types.Object:
    """Join everything in the scene into one object (a set: fewer objects synchronise faster)."""
    made = joined(list(bpy.context.scene.objects), name)
    for mesh in [mesh for mesh in bpy.data.meshes if not mesh.users]:
        bpy.data.meshes.remove(mesh)
    return made
