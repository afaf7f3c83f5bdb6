"""The snow pass: drifts between rocks and laden firs, a signpost, marker poles, a lit hut, peaks all around."""

from __future__ import annotations

from math import cos, exp, hypot, pi, sin
from random import Random
from typing import Any

import bpy
from mathutils import Vector, noise

from .. import materials
from ..occluders.lean import lean
from ..shapes import Material, bevelled, box, joined, lathe, moved, prism, rock, smooth, tube
from . import plants, scenery
from .fixtures import copies, letters, light
from .terrain import ground, ridge, ridged, rough

Place = tuple[tuple[float, float, float], float, float]

BOULDERS = ((-6.0, 4.6, 1.5), (6.8, 3.6, 1.1), (-8.4, -1.5, 1.9), (8.0, -5.0, 1.3), (2.6, 7.2, 1.0), (-3.2, 8.6, 2.1),
            (11.0, 6.5, 3.0), (-12.5, 7.5, 3.6))  # fmt: skip
"""x, y and size, metres."""


def build() -> None:
    """Model it: level about the origin, slopes to both sides, the path leads on along Y."""
    dice = Random(12)
    snow = scenery.snow("Snow")
    stone = scenery.snowed("Snowed rock", (0.15, 0.14, 0.135), 1.0, 0.6)
    ground("Ground", snow, height, 130.0, 140, 0.12)
    _tracks(Random(3))
    peaks = scenery.hazed(scenery.snowed("Peaks", (0.17, 0.165, 0.17), 0.02, 0.66), 900.0)
    ridge("Near peaks", peaks, 120.0, 420.0, _near, 260, 16)
    ridge("Far peaks", peaks, 480.0, 1000.0, _far, 260, 16)
    _firs(dice)
    _rocks(dice, stone)
    _path(snow)
    _hut(snow)
    for thing in bpy.data.objects:
        if thing.type == "MESH":
            lean(thing, 2.0**-4 if "peaks" in thing.name else 2.0**-9)
    scenery.quickened()


def height(x: float, y: float) -> float:
    """A saddle: level for 6 m, drifts beyond, banks that rise to both sides and fall away ahead."""
    away = max(hypot(x, 0.8 * y) - 5.5, 0.0)
    bank = 11.0 * (1 - exp(-((max(abs(x - 0.06 * y) - 8.0, 0.0) / 26.0) ** 1.4)))
    drift = 0.75 * rough(x, y, 0.10, 4) + 0.10 * rough(x * 0.6, y, 0.7, 3, 5.0)
    steep = 0.06 * bank * rough(x, y, 0.07, 5, 9.0) * 4
    return (
        _drifts(x, y)
        + 0.02 * rough(x, y, 1.1, 3)
        + (min(away / 8, 1.0) ** 1.4) * drift
        + bank
        + steep
        - 0.02 * max(y - 14, 0.0)
    )


def _drifts(x: float, y: float) -> float:
    """Snow that the wind heaped up in the boulders' lee, with a scoop before them."""
    total = 0.0
    for at_x, at_y, size in BOULDERS:
        along, across = 0.9 * (x - at_x) + 0.43 * (y - at_y), 0.9 * (y - at_y) - 0.43 * (x - at_x)
        lee = exp(-(((along - 0.7 * size) / (1.0 * size)) ** 2)) - 0.45 * exp(
            -(((along + 0.75 * size) / (0.4 * size)) ** 2)
        )
        total += 0.30 * size * lee * exp(-((across / (0.62 * size)) ** 2))
    return total


def _near(angle: float, share: float) -> float:
    crest = 55 + 62 * abs(ridged(3 * cos(angle), 3 * sin(angle), 0.8, 5)) + 26 * cos(2 * angle)
    rise = sin(pi * min(share * 0.72, 1.0)) ** 1.2
    detail = 16 * rough(40 * cos(angle) * (1 + share), 40 * sin(angle) * (1 + share), 0.14, 5, 2.0)
    return -14 + (crest + detail) * rise * (0.55 + 0.45 * abs(cos(angle)))


def _far(angle: float, share: float) -> float:
    crest = 130 + 130 * abs(ridged(4 * cos(angle), 4 * sin(angle), 0.7, 5, 7.0))
    detail = 34 * rough(40 * cos(angle) * (1 + share), 40 * sin(angle) * (1 + share), 0.16, 5, 4.0)
    return -30 + (crest + detail) * sin(pi * min(share * 0.72, 1.0)) ** 1.1


def _firs(dice: Random) -> None:
    bark = scenery.bark("Bark", (0.10, 0.07, 0.05))
    needles = scenery.snowed("Laden needles", (0.020, 0.042, 0.022), 3.0, 0.62)
    kinds = [
        plants.fir("Fir tall", bark, needles, 3, 9.5),
        plants.fir("Fir", bark, needles, 7, 6.5, 13),
        plants.fir("Fir young", bark, needles, 11, 3.2, 9),
    ]
    spots: list[list[Place]] = [[] for _ in kinds]
    stand: list[tuple[float, float]] = []
    for _ in range(1400):
        x, y = dice.uniform(-70, 70), dice.uniform(-50, 95)
        kept_clear = abs(x) < 6.6 and -16 < y < 5.5
        on_the_path = abs(x - 0.06 * y) < 4.2 + 0.05 * max(y, 0.0)
        if kept_clear or on_the_path or rough(x, y, 0.05, 3, 6.0) < -0.12:
            continue
        if any(hypot(x - u, y - v) < 2.2 for u, v in stand):
            continue
        stand.append((x, y))
        spots[dice.choice((0, 0, 1, 1, 2))].append(
            ((x, y, height(x, y) - 0.1), dice.uniform(0, 360), dice.uniform(0.75, 1.25))
        )
        if len(stand) > 150:
            break
    for kind, places in zip(kinds, spots, strict=True):
        copies(kind, kind.name, places)


def _rocks(dice: Random, stone: Material) -> None:
    for k, (x, y, s) in enumerate(BOULDERS):
        boulder = _craggy(f"Boulder {k}", stone, (s * 1.35, s, s * 0.95), 1.9 * k + 0.7, 4)
        moved(boulder, turn=(0, 0, dice.uniform(0, 360)), at=(x, y, height(x, y) + 0.16 * s))
    cliff = scenery.snowed("Snowed crag", (0.15, 0.14, 0.135), 0.3, 0.42)
    for k, (x, y, s) in enumerate(((-27, 26, 13.0), (31, 34, 16.0), (-34, -6, 14.0), (33, -12, 12.0), (-14, 62, 15.0))):
        crag = _craggy(f"Crag {k}", cliff, (s * 1.3, s, s * 1.25), 2.3 * k + 0.2, 5)
        moved(crag, at=(x, y, height(x, y) + 0.1 * s))


def _craggy(name: str, stone: Material, size: tuple[float, float, float], seed: float, detail: int) -> Any:
    """A rock that broke along its layers: steps and ledges, on which snow lodges, and sharp ridges."""
    made = rock(name, stone, (1.0, 1.0, 1.0), (0, 0, 0), seed, detail)
    for vertex in made.data.vertices:
        at = vertex.co.copy()
        ledge = 7.0 * (at.z + 0.12 * at.x + 0.10 * noise.noise(at * 3.0 + Vector((seed, 0, 0))))
        step = (ledge % 1.0) ** 3 - 0.25
        crest = noise.ridged_multi_fractal(at * 2.6 + Vector((seed, seed, 0)), 1.0, 2.1, 4, 1.0, 2.0) - 1.0
        vertex.co = at * (1.0 - 0.10 * step + 0.09 * crest)
    return smooth(moved(made, scale=size), 28)


def _path(snow: Material) -> None:
    wood = materials.planks("Weathered wood", (0.17, 0.13, 0.095), (1.0, 1.0, 0.1))
    dark = materials.plain("Burnt letters", (0.03, 0.02, 0.015), 0.8)
    parts = [smooth(tube("Post", wood, [(0, 0, -0.3), (0.02, 0, 1.2), (0, 0.01, 2.35)], 0.075, 8), 50)]
    for z, turn, text in ((2.0, 12, "SUMMIT 2 h"), (1.62, -14, "COL 40 min")):
        plank = [(-0.25, -0.13), (0.85, -0.13), (1.05, 0.0), (0.85, 0.13), (-0.25, 0.13)]
        arm = [
            moved(prism("Arm", wood, plank, 0.04), turn=(90, 0, 0), at=(0, -0.06, z)),
            moved(letters("Text", text, dark, 0.15), at=(0.34, -0.115, z)),
        ]
        arm.append(box("Snow cap", snow, (1.05, 0.06, 0.05), (0.28, -0.08, z + 0.15)))
        parts += [moved(part, turn=(0, 0, turn)) for part in arm]
    parts.append(lathe("Cap", snow, [(0.1, 2.33), (0.09, 2.4), (0, 2.45)], 8))
    moved(joined(parts, "Signpost"), at=(4.9, 3.9, height(4.9, 3.9)), turn=(2, 1, 8))
    pole = [
        tube(
            "Pole",
            materials.stripes("Marker", (0.45, 0.06, 0.03), (0.02, 0.02, 0.02), 0.9),
            [(0, 0, -0.3), (0, 0, 2.1)],
            0.035,
            8,
        )
    ]
    places = [
        ((s * (4.7 + 0.04 * y) + 0.06 * y, float(y), height(s * (4.7 + 0.04 * y) + 0.06 * y, y)), 0.0, 1.0)
        for y in (9, 18, 28, 40)
        for s in (-1, 1)
    ]
    copies(joined(pole, "Marker"), "Marker", places)


def _tracks(dice: Random) -> None:
    """A walker's prints: trodden hollows with a rim that was pushed up, and spilt crumbs of snow."""
    trodden = materials.plain("Trodden", (0.56, 0.64, 0.78), 0.85)
    parts = []
    for k in range(56):
        y = -12 + 0.66 * k
        x = 1.6 + 1.2 * sin(0.16 * y) + (0.15 if k % 2 else -0.15) + 0.03 * y
        turn = -8.0 * cos(0.16 * y) + dice.uniform(-9, 9) + (6 if k % 2 else -6)
        outline = [
            (0.0, 0.004),
            (0.55, 0.004),
            (0.78, 0.012),
            (0.98, 0.040),
            (1.12, 0.046),
            (1.35, 0.022),
            (1.7, -0.02),
        ]
        shape = smooth(lathe("Print", trodden, [(r * 0.115, z) for r, z in outline], 14), 80)
        moved(shape, scale=(0.82, 1.45, dice.uniform(0.7, 1.2)), turn=(0, 0, turn), at=(x, y, height(x, y) + 0.006))
        parts.append(shape)
        for _ in range(3):
            a, far = dice.uniform(0, 2 * pi), dice.uniform(0.18, 0.42)
            at = (x + far * cos(a), y + far * sin(a))
            s = dice.uniform(0.02, 0.05)
            parts.append(rock("Crumb", trodden, (s, s, s), (*at, height(*at) + 0.3 * s), dice.uniform(0, 9), 1))
    joined(parts, "Footprints")


def _hut(snow: Material) -> None:
    """A log hut up the left bank with a lit window, and a lantern on a pole by the way."""
    wood = materials.planks("Logs", (0.12, 0.075, 0.045), (0.1, 1.0, 1.0))
    lit = scenery.glow("Hut window", (1.0, 0.6, 0.26), 7.0)
    parts = [
        smooth(tube("Log", wood, [(-2.6, -1.8, 0.2 + 0.26 * k), (2.6, -1.8, 0.2 + 0.26 * k)], 0.14, 8), 60)
        for k in range(9)
    ]
    parts += [
        smooth(tube("Log", wood, [(s * 2.4, -2.0, 0.33 + 0.26 * k), (s * 2.4, 2.0, 0.33 + 0.26 * k)], 0.14, 8), 60)
        for k in range(9)
        for s in (-1, 1)
    ]
    parts.append(prism("Gable", wood, [(-2.5, 2.4), (2.5, 2.4), (0, 4.0)], 3.6))
    moved(parts[-1], turn=(90, 0, 0), at=(0, 1.8, 0))
    for s in (-1, 1):
        parts.append(bevelled(box("Roof", snow, (3.3, 5.0, 0.34), (s * 1.42, 0, 3.35), (0, s * 32, 0)), 0.12, 2))
    parts += [
        box("Window", lit, (0.8, 0.06, 0.7), (0.9, -1.97, 1.45)),
        box("Door", wood, (0.95, 0.1, 1.8), (-0.9, -1.97, 1.0)),
    ]
    parts += [
        box("Bar", wood, (0.06, 0.1, 0.7), (0.9, -2.0, 1.45)),
        box("Bar", wood, (0.8, 0.1, 0.06), (0.9, -2.0, 1.45)),
    ]
    parts.append(box("Chimney", wood, (0.5, 0.5, 1.4), (1.2, 0.8, 4.0)))
    at = (-11.5, 17.0)
    hut = moved(joined(parts, "Hut"), at=(at[0], at[1], height(*at) - 0.2), turn=(0, 0, 28))
    light("Hut light", "POINT", (at[0] + 2.0, at[1] - 2.9, height(*at) + 1.5), 160.0, (1.0, 0.6, 0.26), 0.3, on=hut)
    glow = scenery.glow("Lantern", (1.0, 0.62, 0.28), 22.0)
    for name, x, y in (("Lantern left", -4.9, 3.6), ("Lantern right", 5.9, -3.4)):
        z = height(x, y)
        pole = [
            smooth(
                tube(
                    "Pole",
                    wood,
                    [(x, y, z - 0.2), (x, y, z + 1.9), (x + (0.35 if x < 0 else -0.35), y, z + 2.05)],
                    0.045,
                    8,
                ),
                60,
            )
        ]
        spot = (x + (0.33 if x < 0 else -0.33), y, z + 1.85)
        pole.append(
            moved(lathe("Glass", glow, [(0, -0.1), (0.06, -0.1), (0.08, 0.1), (0.03, 0.16), (0, 0.17)], 6), at=spot)
        )
        lamp = joined(pole, name)
        light(f"{name} light", "POINT", (spot[0], spot[1], spot[2] - 0.22), 85.0, (1.0, 0.6, 0.26), 0.12, on=lamp)
