"""The scaffold: two frames of tube with couplers, ledgers, a diagonal, a deck of boards and a toe board."""

from __future__ import annotations

from math import atan2, degrees, sqrt

import bpy

from .. import surfaces
from ..shapes import Material, Point, bevelled, box, gathered, lathe, moved, smooth
from .lean import lean

WIDE, DEEP, HIGH = 2.1, 0.86, 2.9
TUBE = 0.0242


def build() -> None:
    """Model it along X, standing on the ground; the deck is at 1.95 m, so that one sees through below it."""
    steel = surfaces.painted("Steel", (0.42, 0.43, 0.44), 0.3, 0.36, metallic=1.0)
    clamp = surfaces.painted("Couplers", (0.30, 0.28, 0.25), 0.7, 0.42, metallic=1.0)
    boards = surfaces.wood("Boards", (0.40, 0.29, 0.17), 0, 0.55)
    x, y = WIDE / 2 - 0.12, DEEP / 2 - 0.08
    for sx in (-x, x):
        for sy in (-y, y):
            _pipe(steel, (sx, sy, 0.03), (sx, sy, HIGH if sy < 0 else HIGH - 0.35))
            _foot(clamp, sx, sy)
        for z in (0.32, 1.86):
            _pipe(steel, (sx + 0.05, -DEEP / 2, z - 0.05), (sx + 0.05, DEEP / 2, z - 0.05))
            for sy in (-y, y):
                _coupler(clamp, (sx + 0.025, sy, z - 0.05))
    for sy in (-y, y):
        for z in (0.32, 1.86, 2.4, 2.85):
            if z > 1.9 and sy > 0 and z > 2.5:
                continue
            out = sy + (0.05 if sy > 0 else -0.05)
            _pipe(steel, (-WIDE / 2, out, z), (WIDE / 2, out, z))
            for sx in (-x, x):
                _coupler(clamp, (sx, (sy + out) / 2, z))
    back = y + 0.10
    _pipe(steel, (-x - 0.05, back, 0.42), (x + 0.05, back, 1.78))
    for k in range(3):
        moved(
            bevelled(box("Board", boards, (WIDE - 0.02 * k, 0.225, 0.038)), 0.004, 1),
            at=(0.01 * k, -0.235 + 0.235 * k, 1.90),
        )
    moved(bevelled(box("Toe board", boards, (WIDE, 0.034, 0.16)), 0.004, 1), at=(0, -y + 0.04, 2.0))
    for end in (-1, 1):
        for k in range(3):
            band = box("Band", clamp, (0.03, 0.229, 0.042))
            moved(band, at=(end * (WIDE / 2 - 0.03 - 0.01 * k) + 0.01 * k, -0.235 + 0.235 * k, 1.90))
    gathered({}, "Scaffold")
    for thing in bpy.context.scene.objects:
        lean(thing)


def _pipe(steel: Material, start: Point, end: Point) -> None:
    """A tube with open-looking ends: a dark recess is what one sees of its bore."""
    way = [b - a for a, b in zip(start, end, strict=True)]
    long = sqrt(sum(w * w for w in way))
    profile = [(0.0, 0.03), (TUBE - 0.004, 0.03), (TUBE - 0.004, 0.0), (TUBE, 0.0)]
    profile += [(r, long - z) for r, z in reversed(profile)]
    lean_over, turn = degrees(atan2(sqrt(way[0] ** 2 + way[1] ** 2), way[2])), degrees(atan2(way[1], way[0]))
    moved(smooth(lathe("Tube", steel, profile, 20), 40), turn=(0, lean_over, turn), at=start)


def _foot(clamp: Material, x: float, y: float) -> None:
    moved(bevelled(box("Base", clamp, (0.15, 0.15, 0.008)), 0.0015, 1), at=(x, y, 0.004))
    moved(smooth(lathe("Spigot", clamp, [(0, 0.008), (0.019, 0.008), (0.019, 0.10), (0, 0.10)], 16), 40), at=(x, y, 0))


def _coupler(clamp: Material, at: Point) -> None:
    """Two saddles and their bolts where tubes cross."""
    moved(bevelled(box("Saddle", clamp, (0.066, 0.088, 0.058)), 0.012, 2), at=at)
    for side in (-1, 1):
        bolt = [(0, 0), (0.0105, 0), (0.0105, 0.012), (0.006, 0.012), (0.006, 0.03), (0, 0.03)]
        moved(smooth(lathe("Bolt", clamp, bolt, 6), 30), at=(at[0] + side * 0.038, at[1] - 0.02 * side, at[2] + 0.02))
