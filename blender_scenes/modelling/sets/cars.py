"""Cars: panels about open wheel arches, glass between pillars, lamps, bumpers, mirrors, blank number plates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import cos, pi, sin

import bmesh
import bpy

from ..shapes import Material, Point, add, bevelled, box, joined, lathe, moved, smooth, tube

WHEEL, ARCH = 0.325, 0.395
"""Radii in metres."""


@dataclass(frozen=True)
class Finish:
    """What a car is made of."""

    paint: Material
    glass: Material
    rubber: Material
    steel: Material
    front: Material
    rear: Material
    plate: Material


@dataclass(frozen=True)
class Body:
    """A kind of car by its side view: lengths along Y (front at -Y), heights, in metres."""

    half: float  # of the length
    wide: float  # half the width
    axles: tuple[float, float]
    shoulder: Sequence[tuple[float, float]]  # (y, height): bonnet, waistline, boot lid
    roof: Sequence[tuple[float, float]]  # (y, height): foot and head of the windscreen, of the rear window
    pillars: Sequence[float]  # where pillars stand between the side windows
    blind: float = 9.0  # behind this y the sides are sheet metal, as a van's are


SALOON = Body(2.25, 0.89, (-1.38, 1.36),
              ((-2.25, 0.62), (-2.15, 0.74), (-1.15, 0.90), (0.5, 0.94), (1.55, 0.97), (2.17, 0.95), (2.25, 0.80)),
              ((-1.12, 0.90), (-0.38, 1.38), (0.75, 1.40), (1.62, 0.97)), (0.30,))  # fmt: skip
HATCHBACK = Body(1.98, 0.87, (-1.25, 1.22),
                 ((-1.98, 0.62), (-1.88, 0.76), (-1.12, 0.92), (0.4, 0.96), (1.70, 1.00), (1.95, 0.96), (1.98, 0.80)),
                 ((-1.10, 0.92), (-0.42, 1.44), (1.25, 1.46), (1.86, 0.99)), (0.25, 1.15))  # fmt: skip
VAN = Body(2.40, 0.96, (-1.62, 1.42),
           ((-2.40, 0.66), (-2.32, 0.86), (-1.78, 1.06), (0.4, 1.10), (2.38, 1.10), (2.40, 0.9)),
           ((-1.76, 1.06), (-1.05, 1.86), (2.28, 1.90), (2.37, 1.10)), (-0.25,), -0.2)  # fmt: skip


def car(body: Body, finish: Finish) -> bpy.types.Object:
    """One car along Y with its front to -Y, its wheels on z = 0."""
    parts = [_sides(body, finish.paint), _over(body, finish.paint), *_house(body, finish), *_wheels(body, finish)]
    parts += [*_ends(body, finish), *_trim(body, finish)]
    floor = (2 * body.wide - 0.3, 2 * body.half - 0.5, 0.25)
    parts.append(box("Floor", finish.rubber, floor, (0, 0, 0.36)))
    return joined(parts, "Car")


def _between(line: Sequence[tuple[float, float]], y: float) -> float:
    """Height of a line of (y, height) at y; beyond its ends, that of the end."""
    if y <= line[0][0]:
        return line[0][1]
    for (low, first), (high, second) in pairwise(line):
        if y <= high:
            return first + (second - first) * (y - low) / (high - low)
    return line[-1][1]


def _plan(body: Body, y: float) -> float:
    """Half the width at y: drawn in towards bumpers."""
    end = abs(y) / body.half
    return body.wide * (1.0 - 0.035 * end**2 - 0.14 * max(0.0, end - 0.86) / 0.14)


def _sides(body: Body, paint: Material) -> bpy.types.Object:
    """Both flanks from the sill to the shoulder, cut out over the wheels, bulging, with a crease."""
    build = bmesh.new()
    stations = _stations(body)
    for side in (-1, 1):
        rows = []
        for y in stations:
            foot, top = _sill(body, y), _between(body.shoulder, y)
            row = []
            for share in (0.0, 0.25, 0.55, 0.72, 0.78, 1.0):
                z = foot + (top - foot) * share
                level = (z - 0.22) / max(top - 0.22, 0.1)
                bulge = 0.055 * sin(pi * min(max(level, 0.0), 1.0)) ** 0.7 - (0.012 if share == 0.72 else 0.0)
                row.append(build.verts.new((side * (_plan(body, y) - 0.055 + bulge), y, z)))
            lip = build.verts.new((side * (_plan(body, y) - 0.16), y, foot))
            rows.append([lip, *row])
        for low, high in pairwise(rows):
            for k in range(len(low) - 1):
                build.faces.new((low[k], high[k], high[k + 1], low[k + 1]))
    return smooth(add(build, "Sides", paint), 28)


def _stations(body: Body) -> list[float]:
    """Where a flank is divided: at the shoulder's bends, densely over the wheels."""
    found = {y for y, _ in body.shoulder}
    for axle in body.axles:
        found |= {axle + ARCH * 1.001 * cos(pi * k / 12) for k in range(13)}
    return sorted(found | {0.0, -0.5, 0.5})


def _sill(body: Body, y: float) -> float:
    """The flank's lower edge: the sill, or the arch over a wheel."""
    for axle in body.axles:
        if abs(y - axle) < ARCH:
            return max(0.24, 0.33 + (ARCH**2 - (y - axle) ** 2) ** 0.5)
    return 0.24 + 0.08 * max(0.0, abs(y) / body.half - 0.9) / 0.1


def _over(body: Body, paint: Material) -> bpy.types.Object:
    """Bonnet, the shelf below the windows, and boot lid: crowned, from shoulder to shoulder."""
    build, rows = bmesh.new(), []
    for y in _stations(body):
        wide, top = _plan(body, y) - 0.055, _between(body.shoulder, y)
        rows.append([build.verts.new((wide * k / 4, y, top + 0.035 * (1 - (k / 4) ** 2))) for k in range(-4, 5)])
    for low, high in pairwise(rows):
        for k in range(8):
            build.faces.new((low[k], low[k + 1], high[k + 1], high[k]))
    for row, down in ((rows[0], -1), (rows[-1], 1)):
        foot = [build.verts.new((v.co.x * 0.98, v.co.y + 0.02 * down, 0.30)) for v in row]
        for k in range(8):
            build.faces.new((row[k], row[k + 1], foot[k + 1], foot[k]))
    return smooth(add(build, "Over", paint), 40)


def _house(body: Body, finish: Finish) -> list[bpy.types.Object]:
    """Roof and pillars of sheet metal about panes that lie a little deeper."""
    (_, z0), (y1, z1), (y2, z2), (y3, z3) = body.roof
    low, high = body.wide - 0.10, body.wide - 0.25 * (1 if body.blind > 5 else 0.55)

    def corner(y: float, z: float, side: int, inset: float) -> Point:
        share = (z - z0) / (z1 - z0)
        return (side * (low + (high - low) * share - inset), y, z - inset * 0.4)

    outline = body.roof
    parts = [_shell("Glass", finish.glass, [[corner(y, z, s, 0.022) for s in (-1, 1)] for y, z in outline])]
    roof = [(y1 + (y2 - y1) * k / 6, z1 + (z2 - z1) * k / 6 + 0.035 * sin(pi * k / 6)) for k in range(7)]
    build, rows = bmesh.new(), []
    for y, z in roof:
        rows.append([build.verts.new((high * 1.02 * k / 4, y, z + 0.03 * (1 - (k / 4) ** 2))) for k in range(-4, 5)])
    for fore, aft in pairwise(rows):
        for k in range(8):
            build.faces.new((fore[k], fore[k + 1], aft[k + 1], aft[k]))
    parts.append(smooth(add(build, "Roof", finish.paint), 60))
    for side in (-1, 1):
        frame = [corner(y, z, side, 0.0) for y, z in outline]
        for (first, second), thick in zip(pairwise(frame), (0.032, 0.028, 0.045), strict=True):
            parts.append(tube("Rail", finish.paint, [first, second], thick, 6))
        for y in body.pillars:
            foot = corner(y, _between(body.shoulder, y), side, -0.004)
            head = corner(y, _between(outline, y), side, -0.004)
            lean = (head[0], head[1] + 0.05, head[2])
            parts.append(tube("Pillar", finish.rubber, [foot, lean], 0.036, 6))
        if body.blind < body.half:
            panel = [corner(y, z, side, 0.004) for y, z in
                     ((body.blind, z0), (body.blind, z1), (y2, z2), (y3, z3))]  # fmt: skip
            parts.append(_panel(finish.paint, panel))
    if body.blind < body.half:
        back = [corner(y2, z2, -1, -0.012), corner(y3, z3, -1, -0.012)]
        parts.append(_panel(finish.paint, [*back, corner(y3, z3, 1, -0.012), corner(y2, z2, 1, -0.012)]))
    return parts


def _shell(name: str, material: Material, rows: list[list[Point]]) -> bpy.types.Object:
    """The panes: windscreen, rear window, and a flat one to each side."""
    build = bmesh.new()
    made = [[build.verts.new(p) for p in row] for row in rows]
    for low, high in pairwise(made):
        build.faces.new((low[0], low[1], high[1], high[0]))
    for side in (0, 1):
        build.faces.new([row[side] for row in made])
    return add(build, name, material)


def _panel(material: Material, corners: Sequence[Point]) -> bpy.types.Object:
    build = bmesh.new()
    build.faces.new([build.verts.new(p) for p in corners])
    return add(build, "Panel", material)


def _wheels(body: Body, finish: Finish) -> list[bpy.types.Object]:
    """Tyres, rims with ten spokes, and the dark wells that they stand in."""
    tyre = [(0.20, -0.09), (0.29, -0.10), (WHEEL, -0.075), (WHEEL, 0.075), (0.29, 0.10), (0.215, 0.09)]
    rim = [(0.215, 0.09), (0.20, 0.085), (0.19, 0.03), (0.0, 0.03)]
    well = [(0.0, -0.1), (ARCH, -0.1), (ARCH, 0.12)]
    parts: list[bpy.types.Object] = []
    for side in (-1, 1):
        for axle in body.axles:
            wheel = [
                smooth(lathe("Tyre", finish.rubber, tyre, 26), 40),
                smooth(lathe("Rim", finish.rubber, rim, 20), 40),
            ]
            for k in range(10):
                spoke = box("Spoke", finish.steel, (0.165, 0.032, 0.022), (0.115, 0, 0.066), (0, 7, 0))
                wheel.append(moved(spoke, turn=(0, 0, 36 * k)))
            wheel.append(smooth(lathe("Hub", finish.steel, [(0.05, 0.05), (0.045, 0.085), (0, 0.09)], 12), 40))
            ring = [(0.195, 0.075), (0.215, 0.094), (0.205, 0.098), (0.19, 0.082)]
            wheel.append(smooth(lathe("Ring", finish.steel, ring, 26), 60))
            at = (side * (body.wide - 0.125), axle, WHEEL)
            parts += [moved(part, turn=(0, 90 * side, 0), at=at) for part in wheel]
            hollow = moved(lathe("Well", finish.rubber, well, 20), turn=(0, 90 * side, 0))
            parts.append(moved(hollow, at=(side * (body.wide - 0.20), axle, WHEEL + 0.01)))
    return parts


def _ends(body: Body, finish: Finish) -> list[bpy.types.Object]:
    """Bumpers, grille, lamps that reach round the corners, number plates."""
    parts: list[bpy.types.Object] = []
    for way, lamp in ((-1, finish.front), (1, finish.rear)):
        y, wide = way * body.half, _plan(body, body.half)
        deck = _between(body.shoulder, y - way * 0.06)
        bumper = [(s * wide * a, y + way * b, 0.42) for s, a, b in
                  ((-1, 1.1, -0.24), (-1, 1.0, -0.01), (-1, 0.5, 0.05), (1, 0.0, 0.06), (1, 0.5, 0.05), (1, 1.0, -0.01),
                   (1, 1.1, -0.24))]  # fmt: skip
        parts.append(smooth(tube("Bumper", finish.paint, bumper, 0.115, 10, flat=0.6), 60))
        lower = [(x, v + way * 0.012, 0.29) for x, v, _ in bumper]
        parts.append(smooth(tube("Skirt", finish.rubber, lower, 0.06, 8), 60))
        tall = 0.13 if way < 0 else 0.17
        for side in (-1, 1):
            at = (side * (wide - 0.15), y - way * 0.015, deck - 0.09)
            shape = box("Lamp", lamp, (0.34, 0.15, tall), at, (0, 0, -14 * side * way))
            parts.append(bevelled(shape, 0.03, 2))
        plate = (0.0, y + way * 0.072, 0.45 if way < 0 else deck - 0.26)
        parts.append(box("Plate", finish.plate, (0.50, 0.012, 0.11), plate))
    nose = -body.half - 0.015
    for k in range(4):
        parts.append(box("Grille", finish.rubber, (0.86, 0.05, 0.026), (0, nose, 0.535 + 0.04 * k)))
    parts.append(box("Bar", finish.steel, (0.90, 0.05, 0.014), (0, nose - 0.004, 0.70)))
    return parts


def _trim(body: Body, finish: Finish) -> list[bpy.types.Object]:
    """Mirrors, door joints and handles, wipers, the line of trim below the windows."""
    parts: list[bpy.types.Object] = []
    (y0, z0), _, _, (y3, z3) = body.roof
    doors = sorted((y0 + 0.12, *body.pillars[:1], min(body.pillars[0] + 1.0, body.axles[1] - 0.15)))
    for side in (-1, 1):
        mirror = box("Mirror", finish.paint, (0.20, 0.10, 0.13), (side * (body.wide + 0.09), y0 + 0.42, z0 + 0.11))
        parts.append(bevelled(mirror, 0.035, 2))
        parts.append(box("Arm", finish.rubber, (0.16, 0.05, 0.03), (side * body.wide, y0 + 0.44, z0 + 0.05)))
        for y in doors:
            x, top = side * (_plan(body, y) + 0.002), _between(body.shoulder, y)
            parts.append(
                box("Joint", finish.rubber, (0.012, 0.012, top - 0.32), (x - side * 0.004, y, (top + 0.32) / 2))
            )
        for y in doors[1:]:
            at = (side * (_plan(body, y) + 0.006), y - 0.14, _between(body.shoulder, y) - 0.13)
            parts.append(bevelled(box("Handle", finish.steel, (0.03, 0.18, 0.028), at), 0.008, 1))
        belt = [
            (side * (body.wide - 0.088), y, z + 0.012)
            for y, z in ((y0 + 0.05, z0), (0.3, _between(body.shoulder, 0.3)), (y3, z3))
        ]
        parts.append(tube("Belt", finish.steel, belt, 0.012, 4))
        sill = box(
            "Sill",
            finish.rubber,
            (0.06, body.axles[1] - body.axles[0] - 0.8, 0.10),
            (side * (body.wide - 0.07), 0, 0.22),
        )
        parts.append(sill)
    for x in (-0.35, 0.25):
        parts.append(
            tube("Wiper", finish.rubber, [(x, y0 + 0.02, z0 + 0.04), (x + 0.42, y0 + 0.16, z0 + 0.13)], 0.010, 4)
        )
    return parts
