"""The gauntlet: a fluted cuff, lames over hand and wrist, ridged plates on hinged fingers, a row of knuckle stones."""

from __future__ import annotations

from math import cos, pi, radians, sin

import bpy
from mathutils import Matrix, Vector

from .. import masks, materials
from ..shapes import Material, Point, bevelled, box, lathe, loft, moved, smooth, tube
from . import armour
from .relief import finished, sheet

KNUCKLES = ((-0.0495, 0.300, 0.86), (-0.0165, 0.310, 1.0), (0.0165, 0.312, 1.06), (0.0495, 0.304, 0.95))
"""x and z of each knuckle (little finger first), and the finger's length against the middle one's."""


def build() -> None:
    """Model it: a right hand, fingers up (+Z), its back to +Y."""
    picture = masks.blank("Masks")
    steel = armour.forged("Steel", picture, (0.37, 0.38, 0.405), 0.27)
    trim = armour.forged("Trim", picture, (0.56, 0.345, 0.13), 0.26, bare=(0.80, 0.60, 0.33), rust=(0.06, 0.13, 0.10))
    glove = armour.leather("Leather", picture, (0.048, 0.028, 0.021))
    stones = armour.stone("Stones", (0.20, 0.010, 0.045))
    _cuff(steel, trim, stones)
    _hand(steel, trim, glove, stones)
    for place in KNUCKLES:
        _finger(place, steel, trim, glove)
    _thumb(steel, trim, glove)
    finished(picture, "Stones", "Gauntlet", edge=0.004, hollow=0.03, reach=0.03)


def _cuff(steel: Material, trim: Material, stones: Material) -> None:
    def bell(u: float, v: float) -> Point:
        """The flare, in flutes that fade out towards the wrist, with a step where the wrist's lames begin."""
        angle = 2 * pi * u
        wide, deep = 0.0925 - 0.0385 * v**0.8, 0.0785 - 0.0365 * v**0.8
        flute = 0.0026 * abs(sin(9 * angle)) ** 0.7 * min(4 * v, 1.0) * max(1 - 1.5 * max(v - 0.28, 0.0), 0.0)
        x, y = (abs(f(angle)) ** (2 / 2.2) * (1 if f(angle) > 0 else -1) for f in (cos, sin))
        return ((wide - flute) * x, (deep - flute) * y, 0.002 + 0.148 * v)

    sheet("Cuff", steel, bell, 18, 162, around=True)

    def inside(u: float, v: float) -> Point:
        """Its lining, from within the rolled edge up to the wrist: an arm's way in."""
        angle = 2 * pi * u
        wide, deep = 0.0865 - 0.0385 * v**0.8, 0.0725 - 0.0365 * v**0.8
        x, y = (abs(f(angle)) ** (2 / 2.2) * (1 if f(angle) > 0 else -1) for f in (cos, sin))
        return (wide * x, deep * y, 0.148 * v)

    sheet("Lining", materials_dark(), inside, 12, 64, around=True)
    smooth(loft("Lining", materials_dark(), [(0.147, 0.047, 0.035, 0.0), (0.150, 0.047, 0.035, 0.0)], 40, 2.2))
    roll = [(0.0925 * cos(a), 0.0785 * sin(a), 0.002) for a in (2 * pi * i / 96 for i in range(96))]
    roll = [(*_flat_oval(p, 2.2), 0.002) for p in roll]
    smooth(tube("Rolled edge", trim, roll, 0.0042, 12, closed=True))
    for z, wide, deep in ((0.098, 0.0668, 0.0535), (0.016, 0.0925, 0.0785)):
        band = [
            (z - 0.006, wide - 0.004, deep - 0.004, 0.0),
            (z - 0.0045, wide, deep, 0.0),
            (z + 0.0045, wide - 0.001, deep - 0.001, 0.0),
            (z + 0.006, wide - 0.007, deep - 0.007, 0.0),
        ]
        bevelled(loft("Band", trim, band, 48, 2.2), 0.0012, 1, 20)
    for k in range(4):
        z, wide = 0.134 + 0.0135 * k, 0.0592 - 0.0017 * k
        lame = [
            (z - 0.004, wide - 0.004, wide - 0.016, 0.0),
            (z - 0.003, wide + 0.0020, wide - 0.0105, 0.0),
            (z, wide + 0.0030, wide - 0.0095, 0.0),
            (z + 0.010, wide + 0.0008, wide - 0.0115, 0.0),
            (z + 0.016, wide - 0.0050, wide - 0.0170, 0.0),
        ]
        bevelled(loft("Lame", steel, lame, 48, 2.3), 0.0010, 1, 20)
        for side in (-1, 1):
            stud = [(0.0042, -0.002), (0.0040, 0.0016), (0.0022, 0.0030), (0.0, 0.0033)]
            moved(
                smooth(lathe("Stud", trim, stud, 10)), turn=(0, 90 * side, 0), at=(side * (wide + 0.0022), 0, z + 0.004)
            )
    for k in range(3):
        z, half = 0.040 + 0.0165 * k, 0.030 - 0.006 * k
        points = []
        for i in range(17):
            x = half * (i / 8 - 1)
            height = z + 0.011 * (1 - abs(i / 8 - 1))
            points.append((x, _cuff_depth(height, x) - 0.0005, height))
        bevelled(tube("Seat", trim, points, 0.0052, 8), 0.0006, 1)
        smooth(tube("Chevron", stones, [(x, y + 0.0026, z) for x, y, z in points], 0.0036, 10))


def _flat_oval(point: Point, power: float) -> tuple[float, float]:
    """A point of an ellipse (half axes 92.5 and 78.5 mm) pushed out onto the superellipse of the cuff's foot."""
    x, y = point[0] / 0.0925, point[1] / 0.0785
    out = (abs(x) ** power + abs(y) ** power) ** (-1 / power)
    return 0.0925 * x * out, 0.0785 * y * out


def materials_dark() -> Material:
    """The inside of the cuff: dark, rubbed leather."""
    found = bpy.data.materials.get("Lining")
    return found or materials.plain("Lining", (0.040, 0.026, 0.018), 0.85)


def _cuff_depth(z: float, x: float) -> float:
    """The cuff's back surface (y) at a height and sideways place, flutes left out."""
    share = ((z - 0.002) / 0.148) ** 0.8
    wide, deep = 0.0925 - 0.0385 * share, 0.0785 - 0.0365 * share
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
    for k in range(4):
        _lame(k, steel, trim)
    pad = [(0.186, 0.030, 0.012, -0.030), (0.205, 0.040, 0.014, -0.031), (0.235, 0.040, 0.013, -0.033)]
    smooth(loft("Pad", glove, [*pad, (0.252, 0.034, 0.010, -0.033)], 40, 2.6))
    smooth(loft("Pads", glove, [(0.268, 0.052, 0.011, -0.026), (0.284, 0.056, 0.014, -0.027),
                                (0.300, 0.052, 0.010, -0.022)], 40, 2.8))  # fmt: skip
    strap = [(z, 0.0555 + 0.10 * (z - 0.186), 0.0345, -0.004) for z in (0.188, 0.1905, 0.2005, 0.203)]
    smooth(loft("Strap", glove, [(strap[0][0], 0.050, 0.030, -0.004), *strap, (0.2035, 0.050, 0.030, -0.004)], 48, 3.0))
    buckle = [(x, -0.0395, 0.1955 + z) for x, z in ((-0.010, -0.010), (0.010, -0.010), (0.010, 0.010), (-0.010, 0.010))]
    smooth(tube("Buckle", trim, buckle, 0.0022, 10, closed=True, side=(0, 1, 0)))
    moved(bevelled(box("Tongue", trim, (0.018, 0.003, 0.0028)), 0.0008, 2), at=(0.002, -0.0400, 0.1955))
    bar = [
        (0.274, 0.066, 0.017, 0.016),
        (0.280, 0.070, 0.021, 0.017),
        (0.306, 0.071, 0.020, 0.015),
        (0.316, 0.067, 0.014, 0.012),
    ]
    bevelled(loft("Bar", trim, bar, 36, 4.0), 0.0022, 2)
    for x, z, _ in KNUCKLES:
        seat = [(0.0, -0.004), (0.0152, -0.004), (0.0152, 0.003), (0.0135, 0.0062), (0.0118, 0.0062), (0.0112, 0.003),
                (0.0, 0.003)]  # fmt: skip
        cut = [(0.0, 0.002), (0.0116, 0.003), (0.0116, 0.0055), (0.0098, 0.0088), (0.0062, 0.0108), (0.0, 0.0108)]
        stone = bevelled(lathe("Stone", stones, cut, 8, pi / 8), 0.0003, 1, 10)
        parts = [bevelled(lathe("Seat", trim, seat, 32), 0.0007, 2, 20), stone]
        for k in range(4):
            a = pi / 4 + k * pi / 2
            claw = [(0.0135 * cos(a), 0.0135 * sin(a), 0.003), (0.0118 * cos(a), 0.0118 * sin(a), 0.0088),
                    (0.0095 * cos(a), 0.0095 * sin(a), 0.0098)]  # fmt: skip
            parts.append(smooth(tube("Claw", trim, claw, lambda way: 0.0018 * (1.2 - way), 8)))
        for thing in parts:
            moved(thing, turn=(-78, 0, 0), at=(x, 0.0345, z - 0.012))


def _lame(rank: int, steel: Material, trim: Material) -> None:
    """One of four overlapping plates on the back of the hand, ridged in the middle."""
    low = 0.176 + 0.0265 * rank
    high, half = low + 0.036, 0.046 + 0.0052 * rank

    def plate(u: float, v: float) -> Point:
        x = 2 * u - 1
        side = max(1 - abs(x) ** 3.2, 0.0) ** 0.5
        ridge = 0.0042 * max(1 - abs(x) / 0.16, 0.0)
        lip = 0.0016 * max(1 - abs(v - 0.10) / 0.09, 0.0)
        tuck = 0.008 * max((0.035 - v) / 0.035, 0.0) + 0.006 * max((v - 0.9) / 0.1, 0.0)
        point = low + (high - low) * v - 0.007 * (1 - abs(x)) * (1 - v)
        return (half * x, 0.010 + 0.0285 * side + ridge * side + lip - tuck - 0.0020 * v, point)

    sheet("Lame", steel, plate, 16, 44)
    for across in (-0.62, 0.62):
        stud = [(0.0040, -0.002), (0.0038, 0.0014), (0.0020, 0.0026), (0.0, 0.0029)]
        x, y, z = plate((across + 1) / 2, 0.42)
        moved(smooth(lathe("Stud", trim, stud, 10)), turn=(-90, 0, -28 * across), at=(x, y, z))


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
        bevelled(loft("Sleeve", steel, sleeve, 18, 2.3), 0.0010, 1, 40).data.transform(frame)
        _plate(length, r, last, steel).data.transform(frame)
        for side in (-1, 1):
            hinge = [(0.0, -0.002), (0.42 * r, -0.002), (0.42 * r, 0.0012), (0.34 * r, 0.0022), (0.0, 0.0022)]
            disc = bevelled(lathe("Hinge", trim, hinge, 12), 0.0005, 1, 20)
            moved(disc, turn=(0, 90 * side, 0), at=(side * r * 1.06, 0, 0.0)).data.transform(frame)
        z, wide = sleeve[0][0], sleeve[0][1]
        lip = [
            (z - 0.002, wide * 0.9, wide * 0.9, 0),
            (z - 0.001, wide * 1.06, wide * 1.06, 0),
            (z + 0.004, wide * 1.05, wide * 1.05, 0),
            (z + 0.006, wide * 0.95, wide * 0.95, 0),
        ]
        smooth(loft("Lip", trim, lip, 18, 2.6), 50).data.transform(frame)
        start = start + direction * length


def _plate(length: float, r: float, last: bool, steel: Material) -> bpy.types.Object:
    """The plate on the back of a phalanx: a ridge, and a point that covers the joint below. In the phalanx's frame."""
    reach = 1.85

    def shell(u: float, v: float) -> Point:
        angle = (2 * u - 1) * reach
        middle = max(cos(angle * pi / (2 * reach)), 0.0)
        low, high = length * (0.20 - 0.46 * middle**0.8), length * ((0.90 + 0.12 * middle) if last else 0.80)
        z = low + (high - low) * v
        way = max(z / length, 0.0)
        taper = (1.0 - 0.62 * way**2.6) if last else (1.0 - 0.10 * way)
        rim = min(min(u, 1 - u) / 0.05, min(v, 1 - v) / 0.05, 1.0)
        size = r * (1.16 * taper + 0.13 * max(1 - abs(angle) / 0.42, 0.0) * (1 - 0.5 * way)) - 0.0016 * (1 - rim)
        size += 0.0010 * max(1 - abs(v - 0.12) / 0.05, 0.0)
        return (size * sin(angle), size * cos(angle), z)

    return sheet("Plate", steel, shell, 12, 18)


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
