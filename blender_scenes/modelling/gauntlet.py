"""The gauntlet: a flared cuff of lames, a plated hand, sleeved fingers in a loose curl, a row of knuckle stones."""

from __future__ import annotations

from math import cos, radians, sin

import bpy
from mathutils import Matrix, Vector

from . import materials
from .shapes import Material, bevelled, gathered, lathe, loft, moved, smooth, tube

KNUCKLES = ((-0.0495, 0.300, 0.86), (-0.0165, 0.310, 1.0), (0.0165, 0.312, 1.06), (0.0495, 0.304, 0.95))
"""x and z of each knuckle (little finger first), and the finger's length against the middle one's."""


def build() -> None:
    """Model it: a right hand, fingers up (+Z), its back to +Y."""
    steel = materials.metal("Steel", (0.36, 0.38, 0.41), 0.28)
    trim = materials.metal("Trim", (0.62, 0.40, 0.16), 0.26, wear=0.12)
    glove = materials.leather("Leather", (0.045, 0.026, 0.020))
    stones = materials.gem("Stones", (0.16, 0.012, 0.04))
    _cuff(steel, trim, stones)
    _hand(steel, trim, glove, stones)
    for place in KNUCKLES:
        _finger(place, steel, trim, glove)
    _thumb(steel, trim, glove)
    gathered({"Stones": "Stones"}, "Gauntlet")


def _cuff(steel: Material, trim: Material, stones: Material) -> None:
    bell = [(0.0, 0.092, 0.078, 0.0), (0.05, 0.082, 0.068, 0.0), (0.10, 0.066, 0.054, 0.0), (0.15, 0.055, 0.043, 0.0)]
    bevelled(loft("Cuff", steel, bell, 40, 2.2), 0.002, 2)
    hollow = [(-0.001, 0.084, 0.070, 0.0), (0.03, 0.074, 0.060, 0.0)]
    smooth(loft("Lining", materials_dark(), hollow, 40, 2.2))
    for z, wide, deep in ((0.006, 0.0945, 0.0805), (0.094, 0.0715, 0.0595)):
        band = [
            (z - 0.007, wide - 0.004, deep - 0.004, 0.0),
            (z - 0.004, wide, deep, 0.0),
            (z + 0.006, wide - 0.002, deep - 0.002, 0.0),
            (z + 0.009, wide - 0.008, deep - 0.008, 0.0),
        ]
        smooth(loft("Band", trim, band, 40, 2.2))
    for k in range(3):
        z, wide = 0.142 + 0.017 * k, 0.0575 - 0.0015 * k
        lame = [
            (z - 0.010, wide + 0.0035, wide - 0.009, 0.0),
            (z, wide + 0.0025, wide - 0.010, 0.0),
            (z + 0.014, wide - 0.004, wide - 0.016, 0.0),
        ]
        bevelled(loft("Lame", steel, lame, 40, 2.3), 0.0016, 2)
    for k in range(3):
        z = 0.030 + 0.017 * k
        half = 0.034 - 0.007 * k
        points = []
        for i in range(9):
            x = half * (i / 4 - 1)
            points.append((x, _cuff_depth(z, x) + 0.0005, z + 0.012 * (1 - abs(i / 4 - 1))))
        smooth(tube("Chevron", stones, points, 0.0042, 8))


def materials_dark() -> Material:
    """The unlit inside of the cuff."""
    found = bpy.data.materials.get("Lining")
    return found or materials.plain("Lining", (0.015, 0.012, 0.010), 0.9)


def _cuff_depth(z: float, x: float) -> float:
    """The cuff's back surface (y) at a height and sideways place."""
    share = z / 0.10
    wide, deep = 0.092 + (0.066 - 0.092) * share, 0.078 + (0.054 - 0.078) * share
    return deep * max(1 - (abs(x) / wide) ** 2.2, 0.0) ** (1 / 2.2)


def _hand(steel: Material, trim: Material, glove: Material, stones: Material) -> None:
    palm = [
        (0.176, 0.044, 0.030, -0.004),
        (0.20, 0.052, 0.030, -0.004),
        (0.25, 0.064, 0.030, -0.006),
        (0.29, 0.068, 0.027, -0.006),
        (0.312, 0.066, 0.020, -0.004),
    ]
    smooth(loft("Palm", glove, palm, 36, 3.0))
    plate = [
        (0.182, 0.040, 0.020, 0.014),
        (0.20, 0.050, 0.022, 0.015),
        (0.25, 0.061, 0.022, 0.015),
        (0.278, 0.064, 0.020, 0.015),
    ]
    bevelled(loft("Back", steel, plate, 36, 3.4), 0.0025, 3)
    ridge = [(0.188, 0.008, 0.012, 0.030), (0.23, 0.012, 0.014, 0.030), (0.272, 0.016, 0.010, 0.030)]
    bevelled(loft("Ridge", trim, ridge, 16, 1.4), 0.0015, 2)
    bar = [
        (0.274, 0.066, 0.017, 0.016),
        (0.280, 0.070, 0.021, 0.017),
        (0.306, 0.071, 0.020, 0.015),
        (0.316, 0.067, 0.014, 0.012),
    ]
    bevelled(loft("Bar", trim, bar, 36, 4.0), 0.0022, 2)
    for x, z, _ in KNUCKLES:
        seat = [(0.0, -0.004), (0.0155, -0.004), (0.0155, 0.003), (0.0125, 0.0055), (0.0, 0.0055)]
        cut = [(0.0125, 0.003), (0.0125, 0.006), (0.0085, 0.0125), (0.0, 0.0140)]
        for thing in (bevelled(lathe("Seat", steel, seat, 6), 0.0012, 2), lathe("Stone", stones, cut, 6)):
            moved(thing, turn=(-78, 0, 0), at=(x, 0.0345, z - 0.012))


def _bone(start: Vector, direction: Vector, sideways: Vector) -> Matrix:
    """The frame of a phalanx: +Z along it, +X sideways."""
    forward = direction.cross(sideways)
    return Matrix.Translation(start) @ Matrix((sideways, forward, direction)).transposed().to_4x4()


def _chain(
    start: Vector,
    directions: list[Vector],
    lengths: list[float],
    radius: float,
    sideways: Vector,
    parts: tuple[Material, ...],
) -> None:
    """Sleeved phalanges, one after the other: armour with a trimmed lip over leather joints."""
    steel, trim, glove = parts
    for part, (direction, length) in enumerate(zip(directions, lengths, strict=True)):
        r = radius * (1.0 - 0.09 * part)
        across = (sideways - direction * sideways.dot(direction)).normalized()
        frame = _bone(start, direction, across)
        last = part == len(lengths) - 1
        knuckle = loft(
            "Joint",
            glove,
            [
                (-r * 0.7, r * 0.3, r * 0.3, 0),
                (-r * 0.4, r * 0.75, r * 0.75, 0),
                (0, r * 0.9, r * 0.9, 0),
                (length * 0.5, r * 0.86, r * 0.86, 0),
            ],
            14,
        )
        smooth(knuckle).data.transform(frame)
        if last:
            sleeve = [
                (length * 0.10, r * 1.08, r * 1.08, 0),
                (length * 0.5, r * 1.0, r * 1.0, 0),
                (length * 0.82, r * 0.78, r * 0.8, 0),
                (length * 0.98, r * 0.42, r * 0.45, 0),
                (length * 1.03, r * 0.1, r * 0.12, 0),
            ]
        else:
            sleeve = [
                (length * 0.14, r * 1.10, r * 1.10, 0),
                (length * 0.35, r * 1.04, r * 1.06, 0),
                (length * 0.72, r * 0.98, r * 1.0, 0),
                (length * 0.86, r * 0.92, r * 0.95, 0),
            ]
        bevelled(loft("Sleeve", steel, sleeve, 18, 2.6), 0.0012, 2, 40).data.transform(frame)
        z, wide = sleeve[0][0], sleeve[0][1]
        lip = [
            (z - 0.002, wide * 0.9, wide * 0.9, 0),
            (z - 0.001, wide * 1.06, wide * 1.06, 0),
            (z + 0.004, wide * 1.05, wide * 1.05, 0),
            (z + 0.006, wide * 0.95, wide * 0.95, 0),
        ]
        smooth(loft("Lip", trim, lip, 18, 2.6), 50).data.transform(frame)
        start = start + direction * length


def _finger(place: tuple[float, float, float], steel: Material, trim: Material, glove: Material) -> None:
    x, z, long = place
    lean = x * 2.4
    directions = []
    for bend in (6.0, 30.0, 56.0):
        b = radians(bend)
        directions.append(Vector((lean * cos(b), -sin(b), cos(b))).normalized())
    lengths = [0.050 * long, 0.037 * long, 0.031 * long]
    _chain(Vector((x, 0.006, z)), directions, lengths, 0.0150, Vector((1, 0, 0)), (steel, trim, glove))


def _thumb(steel: Material, trim: Material, glove: Material) -> None:
    ball = loft(
        "Ball",
        glove,
        [(-0.012, 0.012, 0.012, 0), (0.0, 0.024, 0.024, 0), (0.03, 0.026, 0.024, 0), (0.05, 0.018, 0.018, 0)],
        18,
    )
    directions = [
        Vector((0.80, -0.22, 0.56)).normalized(),
        Vector((0.52, -0.34, 0.78)).normalized(),
        Vector((0.20, -0.44, 0.88)).normalized(),
    ]
    smooth(moved(ball, turn=(12, 48, 0), at=(0.040, -0.010, 0.212)))
    _chain(
        Vector((0.052, -0.012, 0.222)),
        directions,
        [0.046, 0.038, 0.033],
        0.0175,
        Vector((0.5, 0.85, 0)),
        (steel, trim, glove),
    )
