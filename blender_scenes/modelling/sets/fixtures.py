"""Things that sets are furnished with: lamps, copies of a thing, lettering, windows, cars, street lamps."""

from __future__ import annotations

from collections.abc import Iterable
from math import cos, pi, radians, sin
from typing import Literal

import bpy
from mathutils import Euler, Matrix, Vector

from ..shapes import Material, Point, bevelled, box, joined, lathe, moved, rock, smooth, tube
from . import scenery


def copies(thing: bpy.types.Object, name: str, places: Iterable[tuple[Point, float, float]]) -> list[bpy.types.Object]:
    """Copies `NAME.001` ... of a joined thing that share its mesh, each at a place, turned (degrees), scaled.

    The thing itself goes.
    """
    made = []
    for number, (at, turn, scale) in enumerate(places, start=1):
        copy = bpy.data.objects.new(f"{name}.{number:03d}", thing.data)
        copy.matrix_world = Matrix.LocRotScale(Vector(at), Euler((0, 0, radians(turn))), Vector((scale,) * 3))
        bpy.context.scene.collection.objects.link(copy)
        made.append(copy)
    bpy.data.objects.remove(thing)
    return made


def light(
    name: str,
    kind: Literal["POINT", "SPOT", "AREA"],
    at: Point,
    watts: float,
    colour: Point,
    size: float = 0.1,
    aim: Point = (0, 0, -1),
    cone: float = 120.0,
    on: bpy.types.Object | None = None,
) -> bpy.types.Object:
    """A lamp that shines along `aim`; `on` is the thing it belongs to."""
    data = bpy.data.lights.new(name, kind)
    data.energy, data.color = watts, colour
    if kind == "AREA":
        data.shape, data.size = "DISK", size
    else:
        data.shadow_soft_size = size
    if kind == "SPOT":
        data.spot_size, data.spot_blend = radians(cone), 0.6
    lamp = bpy.data.objects.new(name, data)
    lamp.rotation_euler = Vector(aim).to_track_quat("-Z", "Y").to_euler()
    lamp.location = at
    bpy.context.scene.collection.objects.link(lamp)
    if on is not None:
        lamp.parent = on
        lamp.matrix_parent_inverse = on.matrix_world.inverted()
    return lamp


def letters(name: str, text: str, material: Material, height: float, depth: float = 0.02) -> bpy.types.Object:
    """Lettering in the XZ plane, centred, read from -Y."""
    curve = bpy.data.curves.new(name, "FONT")
    curve.body, curve.size, curve.extrude = text, height, depth / 2
    curve.align_x, curve.align_y, curve.resolution_u = "CENTER", "CENTER", 2
    curve.materials.append(material)
    shape = bpy.data.objects.new(name, curve)
    bpy.context.scene.collection.objects.link(shape)
    bpy.context.view_layer.update()
    graph = bpy.context.evaluated_depsgraph_get()
    made = bpy.data.objects.new(name, bpy.data.meshes.new_from_object(shape.evaluated_get(graph)))
    bpy.context.scene.collection.objects.link(made)
    bpy.data.objects.remove(shape)
    bpy.data.curves.remove(curve)
    return moved(made, turn=(90, 0, 0))


def window(
    pane: Material, frame: Material, at: Point, wide: float, high: float, bars: tuple[int, int] = (1, 1)
) -> list[bpy.types.Object]:
    """A window in a wall that faces -Y at `at[1]`: a pane, a frame with glazing bars, a sill."""
    x, y, z = at
    parts = [box("Pane", pane, (wide, 0.04, high), (x, y - 0.01, z))]
    for end in (-0.5, 0.5):
        parts.append(box("Frame", frame, (0.09, 0.12, high + 0.1), (x + end * wide, y - 0.04, z)))
        parts.append(box("Frame", frame, (wide + 0.1, 0.12, 0.09), (x, y - 0.04, z + end * high)))
    for k in range(bars[0]):
        at_x = x + wide * ((k + 1) / (bars[0] + 1) - 0.5)
        parts.append(box("Bar", frame, (0.045, 0.08, high), (at_x, y - 0.03, z)))
    for k in range(bars[1]):
        parts.append(box("Bar", frame, (wide, 0.08, 0.045), (x, y - 0.03, z + high * ((k + 1) / (bars[1] + 1) - 0.5))))
    parts.append(box("Sill", frame, (wide + 0.3, 0.26, 0.1), (x, y - 0.09, z - high / 2 - 0.08)))
    return parts


def street_lamp(iron: Material, bulb: Material, reach: float = 1.6, high: float = 6.4) -> bpy.types.Object:
    """A post at the origin with an arm that reaches along +X and a head that shines down."""
    post = [
        (0.13, 0),
        (0.13, 0.5),
        (0.09, 0.56),
        (0.075, 1.0),
        (0.05, high - 0.6),
        (0.045, high - 0.55),
        (0, high - 0.5),
    ]
    parts = [smooth(lathe("Post", iron, [(0, 0), *post], 10), 40)]
    arm = [(0, 0, high - 0.7), (0.15, 0, high - 0.25), (0.55, 0, high), (reach, 0, high + 0.04)]
    parts.append(smooth(tube("Arm", iron, arm, 0.035, 6), 60))
    parts.append(bevelled(box("Head", iron, (0.72, 0.26, 0.12), (reach, 0, high + 0.02)), 0.03, 1))
    parts.append(box("Lens", bulb, (0.56, 0.18, 0.03), (reach, 0, high - 0.05)))
    return joined(parts, "Street lamp")


FIRE = (1.0, 0.46, 0.14)


def braziers(metal: Material, places: Iterable[tuple[Point, float, float]], watts: float = 300.0) -> None:
    """Bowls of burning coals on three legs, each with its light: `Brazier.001` and on."""
    flame = scenery.flame("Flame", (1.0, 0.33, 0.05), 4.5)
    ember = scenery.glow("Embers", (1.0, 0.25, 0.05), 5.0)
    bowl = [(0.0, 0.95), (0.12, 0.95), (0.42, 1.15), (0.46, 1.24), (0.42, 1.24), (0.36, 1.14), (0.0, 1.08)]
    parts = [smooth(lathe("Bowl", metal, bowl, 24), 50)]
    for k in range(3):
        a = 2 * pi * k / 3
        turn = (12 * sin(a), -12 * cos(a), 0.0)
        parts.append(box("Leg", metal, (0.06, 0.06, 1.1), (0.3 * cos(a), 0.3 * sin(a), 0.52), turn))
    parts.append(rock("Coals", ember, (0.62, 0.62, 0.2), (0, 0, 1.18), 3.0, 2))
    hull = [
        (0.0, -0.04),
        (0.30, 0.0),
        (0.40, 0.14),
        (0.41, 0.34),
        (0.36, 0.62),
        (0.27, 0.88),
        (0.15, 1.06),
        (0.0, 1.15),
    ]
    made = smooth(lathe("Flame", flame, hull, 32), 80)
    body = made.data
    bpy.data.objects.remove(made)
    for brazier in copies(joined(parts, "Brazier"), "Brazier", places):
        at = brazier.location
        burning = bpy.data.objects.new("Flame", body)
        bpy.context.scene.collection.objects.link(burning)
        burning.parent, burning.location = brazier, (0.0, 0.0, 1.16)
        light("Fire", "POINT", (at.x, at.y, at.z + 1.75), watts, FIRE, 0.22, on=brazier)
