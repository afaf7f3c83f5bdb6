"""The forest clearing: trampled earth and moss, ferns and grass at its edge, rocks, a fallen trunk, trees."""

from __future__ import annotations

from math import cos, hypot, pi, sin
from random import Random

import bpy

from ..shapes import Material, box, joined, lathe, moved, rock, smooth, tube
from . import plants, scenery
from .fixtures import copies, light
from .terrain import ground, rough

Place = tuple[tuple[float, float, float], float, float]


def build() -> None:
    """Model it: level about the origin; open for 7 m to the sides, 5 m ahead, and 11 m behind, where cameras stand."""
    dice = Random(8)
    earth = scenery.soil("Earth", (0.050, 0.032, 0.018), (0.040, 0.058, 0.016), 0.45, 0.09)
    bark, pale = scenery.bark("Bark", (0.13, 0.095, 0.065)), scenery.bark("Pale bark", (0.34, 0.32, 0.28))
    leaves = scenery.foliage("Leaves", (0.075, 0.15, 0.022), (0.16, 0.20, 0.03))
    birch = scenery.foliage("Birch leaves", (0.13, 0.20, 0.03), (0.28, 0.24, 0.03))
    under = scenery.foliage("Undergrowth", (0.045, 0.11, 0.02), (0.10, 0.15, 0.03))
    stone = scenery.soil("Mossy rock", (0.16, 0.155, 0.145), (0.055, 0.085, 0.02), 1.6, 0.04)
    ground("Ground", earth, height, 70.0, 120)
    kinds = [
        plants.broadleaf("Oak", bark, leaves, 1, 13.0, 1500),
        plants.broadleaf("Beech", bark, leaves, 5, 16.0, 1600),
        plants.broadleaf("Birch", pale, birch, 9, 11.0, 1300),
    ]
    spots: list[list[Place]] = [[] for _ in kinds]
    stand: list[tuple[float, float]] = []
    for _ in range(900):
        a, far = dice.uniform(0, 2 * pi), 7.0 + 53.0 * dice.random() ** 0.9
        x, y = far * cos(a), far * sin(a)
        if _open(x, y, 1.6) or any(hypot(x - u, y - v) < 1.9 + far * 0.045 for u, v in stand):
            continue
        stand.append((x, y))
        kind = dice.choice((0, 0, 1, 1, 1, 2))
        spots[kind].append(((x, y, height(x, y)), dice.uniform(0, 360), dice.uniform(0.75, 1.2)))
        if len(stand) > 140:
            break
    for kind, places in zip(kinds, spots, strict=True):
        copies(kind, kind.name, places)
    _undergrowth(dice, under, leaves)
    _litter(dice, bark, stone, earth)
    _lantern(bark)
    scenery.quickened()


def height(x: float, y: float) -> float:
    """The forest floor: level in the clearing, rolling and rising beyond."""
    away = max(hypot(x / 1.2, y) - 6.0, 0.0)
    return 0.035 * rough(x, y, 0.5, 3) * min(1.0, 0.3 + away / 3) + min(away / 14, 1.0) * (
        0.9 * rough(x, y, 0.06, 4, 3.0) + 0.05 * away
    )


def _open(x: float, y: float, margin: float = 0.0) -> bool:
    """Inside the clearing, the room for the action and the cameras."""
    return abs(x) < 6.4 + margin - 0.25 * max(0.0, y) and -12.0 - margin < y < 4.2 + margin


def _undergrowth(dice: Random, under: Material, leaves: Material) -> None:
    sets = (
        (plants.fern("Fern", under, 2), 130, 3.0, 20.0, (0.8, 1.7), -0.6),
        (plants.tuft("Grass", under, 3), 440, 2.8, 17.0, (0.5, 1.5), -1.0),
        (plants.bush("Bush", leaves, 4, 520), 80, 7.5, 32.0, (0.9, 2.6), 1.2),
    )
    hedge = plants.bush("Thicket", leaves, 6, 420)
    ring = [2 * pi * k / 64 + dice.uniform(-0.04, 0.04) for k in range(64)]
    spots = [((r := dice.uniform(38, 60)) * cos(a), r * sin(a), dice.uniform(4.0, 7.5)) for a in ring]
    copies(hedge, "Thicket", [((x, y, height(x, y) - 0.3), dice.uniform(0, 360), s) for x, y, s in spots])
    for thing, count, near, far, sizes, margin in sets:
        places: list[Place] = []
        while len(places) < count:
            a, r = dice.uniform(0, 2 * pi), near + (far - near) * dice.random()
            x, y = r * cos(a) * 1.2, r * sin(a)
            if not _open(x, y, margin):
                places.append(((x, y, height(x, y)), dice.uniform(0, 360), dice.uniform(*sizes)))
        copies(thing, thing.name, places)


def _litter(dice: Random, bark: Material, stone: Material, earth: Material) -> None:
    for k, (x, y, s) in enumerate(
        (
            (-5.6, 4.4, 1.3),
            (6.2, 3.4, 0.9),
            (-7.2, -1.0, 0.8),
            (7.4, -4.0, 1.2),
            (2.8, 6.2, 1.7),
            (-2.6, 5.6, 0.7),
            (-8.4, -7.0, 1.5),
        )
    ):
        rock(f"Rock {k}", stone, (s * 1.4, s, s * 0.9), (x, y, height(x, y) + 0.12 * s), 1.3 * k + 0.4, 3)
    log = [(-4.6, 6.1, 0.30), (-2.2, 5.7, 0.36), (0.6, 5.4, 0.42), (3.0, 5.3, 0.44)]
    parts = [smooth(tube("Trunk", bark, log, lambda w: 0.34 - 0.10 * w, 14), 60)]
    parts += [
        tube(
            "Snag",
            bark,
            [(x, 5.6, 0.5), (x + 0.3, 5.4, 1.1 + 0.2 * x), (x + 0.35, 5.2, 1.5)],
            lambda w: 0.07 * (1.1 - w),
            6,
        )
        for x in (-1.2, 1.1)
    ]
    joined(parts, "Fallen trunk")
    stump = [(0, 0.55), (0.36, 0.55), (0.38, 0.5), (0.40, 0.25), (0.55, 0.06), (0.8, -0.1)]
    moved(smooth(lathe("Stump", bark, stump, 18), 50), at=(5.2, 4.6, 0))
    flat = box("Leaf", scenery.foliage("Dead leaves", (0.16, 0.075, 0.02), (0.24, 0.15, 0.04)), (0.09, 0.055, 0.004))
    places = [
        ((dice.uniform(-8, 8), dice.uniform(-9, 8), 0.0), dice.uniform(0, 360), dice.uniform(0.6, 1.5))
        for _ in range(900)
    ]
    fallen = copies(flat, "Leaf", [((x, y, height(x, y) + 0.012), t, s) for (x, y, _), t, s in places])
    joined(_baked(fallen), "Fallen leaves")
    twigs = [tube("Twig", bark, [(0, 0, 0.01), (0.3, 0.08, 0.025), (0.7, 0.02, 0.015)], 0.011, 5)]
    copies(
        twigs[0],
        "Twig",
        [
            ((dice.uniform(-7, 7), dice.uniform(-8, 5), 0.0), dice.uniform(0, 360), dice.uniform(0.5, 1.3))
            for _ in range(26)
        ],
    )


def _baked(things: list[bpy.types.Object]) -> list[bpy.types.Object]:
    """Give each copy a mesh of its own, in world coordinates."""
    for thing in things:
        thing.data = thing.data.copy()
    return things


def _lantern(bark: Material) -> None:
    """A lantern on a crooked post, for the night."""
    glow = scenery.glow("Lantern", (1.0, 0.6, 0.25), 18.0)
    iron = scenery.wall("Lantern iron", (0.03, 0.03, 0.03), 0.2)
    for name, x, y, lean in (("Lantern left", -5.3, 3.9, 0.3), ("Lantern right", 6.0, 1.8, -0.25)):
        post = [(x, y, -0.1), (x + 0.05, y, 0.9), (x + lean * 0.4, y, 1.75), (x + lean * 1.6, y, 1.95)]
        parts = [smooth(tube("Post", bark, post, lambda w: 0.06 - 0.02 * w, 8), 60)]
        at = (x + lean * 1.5, y, 1.62)
        parts.append(moved(lathe("Cap", iron, [(0.11, 0), (0.03, 0.09), (0, 0.1)], 6), at=(at[0], at[1], at[2] + 0.13)))
        parts.append(moved(lathe("Glass", glow, [(0, -0.1), (0.07, -0.1), (0.085, 0.12), (0, 0.12)], 6), at=at))
        lamp = joined(parts, name)
        light(f"{name} light", "POINT", (at[0], at[1] - 0.12, at[2]), 110.0, (1.0, 0.58, 0.24), 0.12, on=lamp)
