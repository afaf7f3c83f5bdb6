"""The courtyard: slab paving, arcades on three sides with doors in their shade, tiled eaves, a well, jars."""

from __future__ import annotations

from math import cos, pi, sin

import bpy

from .. import materials
from ..shapes import Material, bevelled, box, joined, lathe, moved, prism, smooth, tube
from . import plants, scenery
from .fixtures import braziers, copies, light

BAY = 2.3
"""Metres from column to column."""


def build() -> None:
    """Model it: clear about the origin; the back arcade stands at y = 5, its wings at x = ±10."""
    paving = materials.masonry(
        "Paving", ((0.25, 0.22, 0.18), (0.36, 0.31, 0.25)), (0.10, 0.09, 0.075), (0.9, 0.6), False
    )
    stone = scenery.wall("Stone", (0.50, 0.43, 0.33), 0.55)
    plaster = scenery.wall("Plaster", (0.55, 0.29, 0.15), 0.75)
    wood = materials.planks("Wood", (0.10, 0.055, 0.03), (1.0, 1.0, 0.1))
    tiles = materials.stone("Tiles", (0.34, 0.11, 0.055), 5.0)
    clay = materials.stone("Clay", (0.40, 0.17, 0.08), 6.0)
    box("Ground", paving, (64, 64, 0.1), (0, 0, -0.05))
    wings = (
        (9, (0, 5.0, 0), 0.0),
        (11, (-10.0, -7.2, 0), 90.0),
        (11, (10.0, -7.2, 0), -90.0),
        (9, (0, -19.6, 0), 180.0),
    )
    for bays, at, turn in wings:
        wing = joined(_arcade(bays, stone, plaster, wood, tiles), "Wing")
        moved(wing, turn=(0, 0, turn), at=at)
    _well(stone)
    joined(list(bpy.context.scene.objects), "Courtyard")
    spots = ((4.7, 4.3, 1.0), (5.4, 4.0, 0.7), (-2.4, 4.5, 0.85), (-8.6, 2.5, 1.1), (8.7, 1.0, 1.0), (8.4, -5.0, 0.8))
    copies(_jar(clay), "Jar", [((x, y, 0), 50.0 * x, s) for x, y, s in spots])
    _garden(clay)
    _lanterns()
    bronze = materials.metal("Bronze", (0.40, 0.26, 0.12), 0.4, 0.5)
    braziers(bronze, [((-4.9, 1.2, 0.0), 0.0, 0.8), ((7.6, 3.7, 0.0), 40.0, 0.8)], 170.0)
    scenery.quickened()


def _garden(clay: Material) -> None:
    """Little trees in tubs, and creepers on the columns."""
    leaves = scenery.foliage("Leaves", (0.035, 0.09, 0.02), (0.09, 0.14, 0.03))
    bark = scenery.bark("Bark", (0.16, 0.11, 0.07))
    tub = [(0, 0), (0.34, 0), (0.36, 0.05), (0.46, 0.55), (0.52, 0.6), (0.52, 0.7), (0.44, 0.7), (0.42, 0.62), (0, 0.6)]
    crown = moved(plants.bush("Crown", leaves, 3, 620, 0.95), at=(0, 0, 1.25))
    stem = [(0, 0, 0.5), (0.03, 0.02, 1.0), (0, 0, 1.7)]
    parts = [smooth(lathe("Tub", clay, tub, 20), 50), smooth(tube("Stem", bark, stem, 0.05, 7), 60), crown]
    spots = (
        (2.2, 4.1, 1.0),
        (-7.6, -1.2, 1.1),
        (7.8, -2.2, 1.0),
        (-7.9, -8.0, 1.2),
        (7.7, -10.5, 1.0),
        (-4.0, 4.4, 0.8),
    )
    copies(joined(parts, "Orange tree"), "Orange tree", [((x, y, 0), 70.0 * y, s) for x, y, s in spots])
    creeper = moved(plants.bush("Creeper", leaves, 8, 300, 0.8), scale=(0.55, 0.4, 2.6))
    climbing = ((-3.45, 5.0, 1.0), (5.75, 5.0, 1.2), (-10.0, -0.3, 1.1), (10.0, -5.0, 1.0))
    copies(creeper, "Creeper", [((x, y - 0.15, 0), 90.0 * x, s) for x, y, s in climbing])


def _lanterns() -> None:
    """Lanterns that hang in the arches of the back arcade and the wings."""
    iron = materials.plain("Iron", (0.03, 0.03, 0.03), 0.5)
    glow = scenery.glow("Lantern glass", (1.0, 0.62, 0.28), 20.0)
    spots = ((-4.6, 4.9), (0.0, 4.9), (4.6, 4.9), (-9.9, -2.6), (9.9, -7.2))
    for number, (x, y) in enumerate(spots, start=1):
        parts = [tube("Chain", iron, [(x, y, 3.95), (x, y, 3.1)], 0.012, 5)]
        parts.append(moved(lathe("Glass", glow, [(0, -0.16), (0.09, -0.16), (0.12, 0.1), (0, 0.1)], 6), at=(x, y, 2.9)))
        parts.append(moved(lathe("Cap", iron, [(0.15, 0.1), (0.04, 0.24), (0, 0.25)], 6), at=(x, y, 2.9)))
        lamp = joined(parts, f"Lantern {number}")
        light(f"Lantern light {number}", "POINT", (x, y - 0.25, 2.6), 120.0, (1.0, 0.62, 0.3), 0.14, on=lamp)


def _arcade(bays: int, stone: Material, plaster: Material, wood: Material, tiles: Material) -> list[bpy.types.Object]:
    """A run of arches along X, their back to +Y: columns, spandrels, gallery wall, eaves."""
    parts = []
    length = bays * BAY
    for i in range(bays + 1):
        x = (i - bays / 2) * BAY
        shape = [
            (0, 0),
            (0.34, 0),
            (0.34, 0.14),
            (0.27, 0.2),
            (0.28, 0.26),
            (0.21, 0.30),
            (0.18, 2.45),
            (0.22, 2.5),
            (0.20, 2.54),
            (0.32, 2.78),
            (0.32, 2.9),
            (0, 2.9),
        ]
        parts.append(moved(bevelled(lathe("Column", stone, shape, 16), 0.015, 1), at=(x, 0, 0)))
    reach = BAY / 2 - 0.22
    arc = [(reach * cos(pi * k / 16), 2.9 + reach * sin(pi * k / 16)) for k in range(17)]
    outline = [(BAY / 2, 2.9), *arc, (-BAY / 2, 2.9), (-BAY / 2, 4.35), (BAY / 2, 4.35)]
    for i in range(bays):
        x = (i + 0.5 - bays / 2) * BAY
        spandrel = moved(prism("Spandrel", plaster, outline, 0.5), turn=(90, 0, 0), at=(x, 0.25, 0))
        parts.append(spandrel)
        trim = tube("Archivolt", stone, [(px + x, -0.27, pz) for px, pz in arc], 0.075, 6)
        parts.append(smooth(trim, 50))
        if i % 2 == 0:
            parts.append(bevelled(box("Door", wood, (1.1, 0.12, 2.3), (x, 2.95, 1.15)), 0.02, 1))
            parts.append(bevelled(box("Lintel", stone, (1.5, 0.24, 0.25), (x, 2.93, 2.45)), 0.02, 1))
    parts.append(box("Gallery wall", plaster, (length + 0.6, 0.3, 5.2), (0, 3.15, 2.6)))
    parts.append(box("Gallery roof", wood, (length + 0.6, 3.2, 0.1), (0, 1.5, 4.4)))
    parts.append(bevelled(box("Cornice", stone, (length + 0.6, 0.75, 0.22), (0, 0, 4.46)), 0.03, 1))
    parts.append(box("Eaves", tiles, (length + 0.6, 3.9, 0.08), (0, 1.35, 5.0), (14, 0, 0)))
    for k in range(int(length / 0.32)):
        x = -length / 2 + 0.32 * k
        ridge = [(x, -0.6, 4.56), (x, 3.2, 5.52)]
        parts.append(smooth(tube("Tile", tiles, ridge, 0.095, 6), 60))
    return parts


def _well(stone: Material) -> None:
    wall = [(0.85, 0), (0.85, 0.12), (0.72, 0.16), (0.70, 0.75), (0.80, 0.80), (0.80, 0.92), (0.52, 0.92), (0.52, 0.1)]
    moved(bevelled(lathe("Well", stone, wall, 8), 0.02, 1), at=(-5.6, 3.9, 0))
    for x in (-6.3, -4.9):
        bevelled(box("Post", stone, (0.16, 0.16, 2.2), (x, 3.9, 1.1)), 0.02, 1)
    bevelled(box("Yoke", stone, (1.75, 0.18, 0.18), (-5.6, 3.9, 2.25)), 0.02, 1)


def _jar(clay: Material) -> bpy.types.Object:
    shape = [
        (0, 0),
        (0.16, 0),
        (0.20, 0.06),
        (0.34, 0.42),
        (0.33, 0.62),
        (0.17, 0.86),
        (0.16, 0.94),
        (0.23, 1.0),
        (0.19, 1.0),
        (0.12, 0.92),
        (0, 0.9),
    ]
    return smooth(lathe("Jar", clay, shape, 20), 60)
