"""The hangar: slab floor, corrugated walls between ribs, a striped gate, crates, drums, strip lights."""

from __future__ import annotations

from random import Random

import bpy

from .. import materials
from ..shapes import Material, bevelled, box, joined, lathe, moved, smooth, tube
from . import scenery
from .fixtures import light

DEEP = 8.5
"""y of the back wall."""
WIDE = 12.0
"""x of the side walls."""


def build() -> None:
    """Model it: clear about the origin. Daylight falls through strips of the roof and the open end at -Y."""
    floor = materials.masonry(
        "Floor", ((0.17, 0.17, 0.165), (0.21, 0.21, 0.205)), (0.06, 0.06, 0.06), (4.0, 4.0), False, 0.02
    )
    sheet = materials.sheet_metal("Sheet", (0.10, 0.17, 0.21), 0.30)
    steel = scenery.wall("Steel", (0.10, 0.11, 0.12), 0.6, 1.5, 0.5)
    paint = materials.stone("Paint", (0.42, 0.20, 0.03), 2.5)
    case = materials.sheet_metal("Case", (0.05, 0.10, 0.055), 0.12)
    warning = materials.stripes("Warning", (0.55, 0.36, 0.02), (0.02, 0.02, 0.02), 0.5)
    tubes = scenery.glow("Strip light", (0.9, 0.97, 1.0), 14.0)
    box("Ground", floor, (64, 64, 0.1), (0, 0, -0.05))
    box("Back", sheet, (2 * WIDE, 0.2, 8), (0, DEEP, 4))
    for side in (-1, 1):
        box("Side", sheet, (0.2, 31, 8), (side * WIDE, -7.0, 4))
        box("Gate leaf", sheet, (4.0, 0.2, 8), (side * (WIDE - 2.0), -22.4, 4))
        box("Line", paint, (0.12, 14, 0.008), (side * 4.6, 0, 0.002))
    box("Line", paint, (9.3, 0.12, 0.008), (0, 3.2, 0.002))
    _ribs(steel)
    _gate(sheet, steel, warning)
    _trusses(steel)
    _roof(sheet)
    joined(list(bpy.context.scene.objects), "Hangar")
    _strips(steel, tubes)
    _stores(case, paint, steel, warning)
    scenery.quickened()


def _beam(steel: Material, at: tuple[float, float, float], size: float, height: float) -> None:
    """An upright I-beam with its web along Y."""
    x, y, z = at
    box("Web", steel, (0.05, size, height), (x, y, z + height / 2))
    for end in (-0.5, 0.5):
        box("Flange", steel, (size, 0.05, height), (x, y + end * size, z + height / 2))


def _ribs(steel: Material) -> None:
    for i in range(-3, 4):
        _beam(steel, (i * 4.0 - 0.0, DEEP - 0.35, 0), 0.34, 8.0)
    for side in (-1, 1):
        for y in (-6.0, -2.0, 2.0, 6.0):
            _beam(steel, (side * (WIDE - 0.3), y, 0), 0.34, 8.0)
    for z in (2.6, 5.4):
        box("Girt", steel, (2 * WIDE, 0.1, 0.16), (0, DEEP - 0.15, z))
    deck = 4.6
    box("Catwalk", steel, (2 * WIDE, 1.0, 0.08), (0, DEEP - 0.9, deck))
    for z in (0.5, 1.0):
        tube("Rail", steel, [(-WIDE, DEEP - 1.4, deck + z), (WIDE, DEEP - 1.4, deck + z)], 0.03, 6)
    for i in range(17):
        tube(
            "Baluster", steel, [(-WIDE + 1.5 * i, DEEP - 1.4, deck), (-WIDE + 1.5 * i, DEEP - 1.4, deck + 1)], 0.025, 6
        )


def _gate(sheet: Material, steel: Material, warning: Material) -> None:
    for x in (-1.05, 1.05):
        bevelled(box("Leaf", steel, (2.0, 0.16, 3.9), (x, DEEP - 0.28, 1.95)), 0.02, 1)
        for k in range(5):
            box("Panel", sheet, (1.8, 0.05, 0.62), (x, DEEP - 0.38, 0.55 + 0.72 * k))
    for x in (-2.2, 2.2):
        box("Jamb", warning, (0.24, 0.34, 4.1), (x, DEEP - 0.35, 2.05))
    box("Header", warning, (4.64, 0.34, 0.26), (0, DEEP - 0.35, 4.15))


def _trusses(steel: Material) -> None:
    for y in (-20.0, -15.5, -11.0, -6.5, -2.0, 1.0, 4.0, 7.0):
        for z in (7.1, 7.9):
            box("Chord", steel, (2 * WIDE, 0.12, 0.12), (0, y, z))
        for i in range(24):
            x = -WIDE + i
            ends = [(x, y, 7.1 if i % 2 else 7.9), (x + 1.0, y, 7.9 if i % 2 else 7.1)]
            tube("Lattice", steel, ends, 0.035, 5)


def _roof(sheet: Material) -> None:
    """Sheets between strips that let the sky in."""
    for k in range(4):
        box("Roof", sheet, (2 * WIDE + 0.4, 6.0, 0.12), (0, 6.0 - 8.4 * k, 8.05))


def _strips(steel: Material, tubes: Material) -> None:
    """Strip lights on wires, in rows that are lit or not."""
    for row, y in enumerate((5.6, -1.5, -9.0), start=1):
        for column, x in enumerate((-7.5, -2.5, 2.5, 7.5), start=1):
            parts = [
                box("Housing", steel, (2.6, 0.3, 0.1), (x, y, 6.62)),
                box("Strip", tubes, (2.5, 0.16, 0.05), (x, y, 6.55)),
            ]
            parts += [tube("Hanger", steel, [(x + e, y, 6.66), (x + e, y, 7.9)], 0.012, 4) for e in (-1.0, 1.0)]
            lamp = joined(parts, f"Strip {row}{column}")
            if column in (2, 3) or row == 1:
                light(f"Strip light {row}{column}", "AREA", (x, y, 6.5), 260.0, (0.86, 0.95, 1.0), 1.6, on=lamp)


def _stores(case: Material, paint: Material, steel: Material, warning: Material) -> None:
    """Containers, drums and pipes along the back and the sides."""
    dice = Random(7)
    stacks = (
        (-7.2, 5.6, 1.7, 2),
        (-9.3, 4.2, 1.4, 2),
        (-5.2, 6.4, 1.1, 1),
        (5.4, 6.0, 1.5, 2),
        (7.6, 5.2, 1.8, 1),
        (9.4, 3.2, 1.3, 2),
    )
    for number, (x, y, size, high) in enumerate(stacks, start=1):
        z = 0.0
        parts = []
        for level in range(high):
            s = size * (1.0 - 0.2 * level)
            body = bevelled(box("Case", case if (level + int(x)) % 2 else paint, (s * 1.25, s, s * 0.8)), 0.03, 1)
            straps = [
                moved(box("Strap", steel, (0.06, s * 1.02, s * 0.82)), at=(e * s * 0.7, 0, 0)) for e in (-0.5, 0.5)
            ]
            turn = (0.0, 0.0, dice.uniform(-14, 14))
            parts += [moved(thing, turn=turn, at=(x, y, z + s * 0.4)) for thing in (body, *straps)]
            z += s * 0.8
        joined(parts, f"Cases {number}")
    for number, (x, y) in enumerate(
        ((3.3, 6.6), (3.95, 6.9), (3.5, 7.3), (-3.4, 7.2), (9.6, 0.4), (-10.2, 0.9), (-9.7, 1.5)), start=1
    ):
        hoops = [
            (0, 0),
            (0.29, 0),
            (0.30, 0.02),
            (0.28, 0.04),
            (0.28, 0.29),
            (0.30, 0.31),
            (0.28, 0.33),
            (0.28, 0.58),
            (0.30, 0.60),
            (0.28, 0.62),
            (0.28, 0.86),
            (0.30, 0.88),
            (0.29, 0.9),
            (0, 0.88),
        ]
        moved(smooth(lathe(f"Drum {number}", paint if x > 3.6 else case, hoops, 20), 40), at=(x, y, 0))
    lines = [(5.9 + 0.25 * k, DEEP - 0.25) for k in range(4)]
    pipes = [tube("Pipe", steel, [(-WIDE + 0.5, y, z), (WIDE - 0.5, y, z)], 0.07, 8) for z, y in lines]
    joined([*pipes, box("Board", warning, (1.6, 0.06, 0.5), (6.0, DEEP - 0.22, 3.4))], "Pipes")
