"""The forest clearing: trampled earth and moss, ferns and grass at its edge, rocks, a fallen trunk, trees."""

from __future__ import annotations

from math import cos, hypot, pi, sin
from random import Random

import bmesh
import bpy
from mathutils import Matrix, Vector

from ..occluders import lean as file_size
from ..shapes import Material, add, joined, lathe, moved, rock, smooth, tube
from . import plants, scenery
from .fixtures import copies, light
from .terrain import ground, ridge, rough

Place = tuple[tuple[float, float, float], float, float]


def build() -> None:
    """Model it: level about the origin; open for 7 m to the sides, 5 m ahead, and 11 m behind, where cameras stand."""
    dice = Random(8)
    earth = scenery.litter("Earth", (0.050, 0.031, 0.016), (0.030, 0.046, 0.012), (0.018, 0.013, 0.009))
    bark, pale = scenery.bark("Bark", (0.11, 0.082, 0.058)), scenery.bark("Pale bark", (0.36, 0.34, 0.30))
    leaves = scenery.foliage("Leaves", (0.060, 0.13, 0.018), (0.14, 0.19, 0.028))
    birch = scenery.foliage("Birch leaves", (0.13, 0.20, 0.03), (0.28, 0.24, 0.03))
    under = scenery.foliage("Undergrowth", (0.035, 0.095, 0.015), (0.085, 0.14, 0.025))
    dark = scenery.canopy("Inner leaves", (0.022, 0.042, 0.009), (0.050, 0.072, 0.016))
    stone = scenery.soil("Mossy rock", (0.16, 0.155, 0.145), (0.045, 0.075, 0.015), 1.6, 0.04)
    ground("Ground", earth, height, 78.0, 130, 0.2)
    ridge(
        "Far wood",
        scenery.canopy("Far crowns", (0.022, 0.036, 0.012), (0.055, 0.075, 0.025)),
        43.0,
        64.0,
        _crowns,
        420,
        14,
    )
    kinds = [
        plants.broadleaf("Oak", bark, leaves, 1, 13.0, 640),
        plants.broadleaf("Beech", bark, leaves, 5, 16.0, 680),
        plants.broadleaf("Birch", pale, birch, 9, 11.0, 560),
    ]
    spots: list[list[Place]] = [[] for _ in kinds]
    stand: list[tuple[float, float]] = []
    for _ in range(900):
        a, far = dice.uniform(0, 2 * pi), 7.0 + 20.0 * dice.random() ** 0.8
        x, y = far * cos(a), far * sin(a)
        if _open(x, y, 1.6) or any(hypot(x - u, y - v) < 3.4 for u, v in stand):
            continue
        stand.append((x, y))
        kind = dice.choice((0, 0, 1, 1, 1, 2))
        spots[kind].append(((x, y, height(x, y)), dice.uniform(0, 360), dice.uniform(0.75, 1.2)))
        if len(stand) > 40:
            break
    for kind, places in zip(kinds, spots, strict=True):
        copies(kind, kind.name, places)
    _groves(dice, bark, leaves, dark)
    _undergrowth(dice, under, leaves, dark)
    _litter(dice, bark, stone)
    _lantern(bark)
    for thing in bpy.data.objects:
        if thing.type == "MESH":
            distant = thing.name.startswith(("Grove", "Far"))
            file_size.lean(thing, 2.0**-6 if distant else 2.0**-8)
    scenery.quickened()


def _crowns(angle: float, share: float) -> float:
    """The wood's far edge: crowns beside and behind each other, as high as a wood is."""
    far = 43 + 21 * share
    x, y = far * cos(angle), far * sin(angle)
    lumps = 2.4 * abs(rough(x, y, 0.22, 3, 11.0)) + 3.0 * rough(x, y, 0.06, 2, 4.0)
    return -2.0 + (14.0 + 4.0 * lumps * 0.6) * min(1.0, share * 2.2) ** 0.45


def _groves(dice: Random, bark: Material, leaves: Material, dark: Material) -> None:
    """The wood beyond: two pieces of it, set side by side in a ring, so that their boxes hardly overlap."""
    pieces = [plants.grove(f"Grove {n}", bark, leaves, dark, 20 + n, 12.5) for n in (1, 2)]
    spots: list[list[Place]] = [[] for _ in pieces]
    for k in range(11):
        a = 2 * pi * k / 11 + dice.uniform(-0.05, 0.05)
        x, y = 31 * cos(a), 31 * sin(a)
        spots[k % 2].append(((x, y, height(x, y)), dice.uniform(0, 360), dice.uniform(0.9, 1.1)))
    for piece, places in zip(pieces, spots, strict=True):
        copies(piece, piece.name, places)


def height(x: float, y: float) -> float:
    """The forest floor: level in the clearing, rolling and rising beyond."""
    away = max(hypot(x / 1.2, y) - 6.0, 0.0)
    return 0.035 * rough(x, y, 0.5, 3) * min(1.0, 0.3 + away / 3) + min(away / 14, 1.0) * (
        0.9 * rough(x, y, 0.06, 4, 3.0) + 0.05 * away
    )


def _open(x: float, y: float, margin: float = 0.0) -> bool:
    """Inside the clearing, the room for the action and the cameras."""
    return abs(x) < 6.4 + margin - 0.25 * max(0.0, y) and -12.0 - margin < y < 4.2 + margin


def _undergrowth(dice: Random, under: Material, leaves: Material, dark: Material) -> None:
    sets = (
        (plants.fern("Fern", under, 2), 210, 3.0, 19.0, (0.8, 1.8), -0.7),
        (plants.tuft("Grass", under, 3), 95, 2.8, 18.0, (0.7, 1.4), -1.0),
        (plants.cover("Cover", under, 7, 150, 1.1), 120, 2.5, 17.0, (0.8, 1.5), 0.5),
        (plants.shrub("Bush", leaves, dark, 4, 480), 46, 7.5, 25.0, (1.1, 2.4), 1.0),
    )
    for thing, count, near, far, sizes, margin in sets:
        places: list[Place] = []
        while len(places) < count:
            a, r = dice.uniform(0, 2 * pi), near + (far - near) * dice.random()
            x, y = r * cos(a) * 1.2, r * sin(a)
            if not _open(x, y, margin) and rough(x, y, 0.28, 2, len(thing.name)) > -0.22:
                places.append(((x, y, height(x, y)), dice.uniform(0, 360), dice.uniform(*sizes)))
        copies(thing, thing.name, places)


def _litter(dice: Random, bark: Material, stone: Material) -> None:
    rocks = ((-5.6, 4.4, 1.3), (6.2, 3.4, 0.9), (-7.2, -1.0, 0.8), (7.4, -4.0, 1.2), (2.8, 6.2, 1.7), (-2.6, 5.6, 0.7),
             (-8.4, -7.0, 1.5))  # fmt: skip
    for k, (x, y, s) in enumerate(rocks):
        rock(f"Rock {k}", stone, (s * 1.4, s, s * 0.9), (x, y, height(x, y) + 0.12 * s), 1.3 * k + 0.4, 4)
    _logs(bark)
    stump = [(0, 0.55), (0.36, 0.55), (0.38, 0.5), (0.40, 0.25), (0.55, 0.06), (0.8, -0.1)]
    moved(smooth(lathe("Stump", bark, stump, 18), 50), at=(5.2, 4.6, 0))
    _fallen(dice)
    twig = tube("Twig", bark, [(0, 0, 0.01), (0.3, 0.08, 0.025), (0.7, 0.02, 0.015)], 0.011, 5)
    places = [((dice.uniform(-7, 7), dice.uniform(-8, 5), 0.0), dice.uniform(0, 360), dice.uniform(0.5, 1.6))
              for _ in range(44)]  # fmt: skip
    copies(twig, "Twig", [((x, y, height(x, y)), turn, size) for (x, y, _), turn, size in places])


def _logs(bark: Material) -> None:
    """Trunks that fell long ago, with the stubs of their limbs."""
    for name, path, girth in (
        ("Fallen trunk", [(-4.6, 6.1, 0.30), (-2.2, 5.7, 0.36), (0.6, 5.4, 0.42), (3.0, 5.3, 0.44)], 0.34),
        ("Fallen trunk left", [(-7.3, 3.2, 0.15), (-7.9, 0.6, 0.2), (-8.1, -2.6, 0.22)], 0.25),
        ("Fallen trunk right", [(7.0, -1.4, 0.2), (8.2, 1.8, 0.3), (10.4, 4.6, 1.1)], 0.22),
    ):
        parts = [smooth(tube("Trunk", bark, path, plants.tapering(girth, 0.7 * girth), 14), 60)]
        for k, (x, y, z) in enumerate(path[1:]):
            aside = -0.35 if k % 2 else 0.3
            stub = [(x, y, z), (x + aside, y - 0.2, z + 0.6), (x + aside * 1.4, y - 0.4, z + 1.0 + 0.2 * k)]
            parts.append(tube("Snag", bark, stub, lambda w: 0.075 * (1.1 - w), 6))
        joined(parts, name)


def _fallen(dice: Random) -> None:
    """Curled leaves all over the clearing, most of them blown into drifts."""
    dead = scenery.foliage("Dead leaves", (0.075, 0.038, 0.014), (0.19, 0.115, 0.035))
    build = bmesh.new()
    drifts = [(dice.uniform(-8, 8), dice.uniform(-9, 7), dice.uniform(0.35, 1.1)) for _ in range(26)]
    for k in range(2600):
        x, y = dice.uniform(-9, 9), dice.uniform(-10, 8)
        if k % 5 < 3:
            at = dice.choice(drifts)
            x, y = dice.gauss(at[0], at[2]), dice.gauss(at[1], at[2] * 0.7)
        turn = Matrix.Rotation(dice.uniform(0, 2 * pi), 3, "Z") @ Matrix.Rotation(dice.gauss(0, 0.3), 3, "X")
        size, curl = dice.uniform(0.06, 0.13), dice.uniform(0.02, 0.35)
        foot = Vector((x, y, height(x, y) + 0.014 + 0.02 * dice.random()))
        corners = ((0, -0.5, curl), (0.3, 0.0, 0.0), (0, 0.5, curl * 0.7), (-0.3, 0.0, 0.3 * curl))
        build.faces.new([build.verts.new(foot + turn @ Vector(p) * size) for p in corners])
    add(build, "Fallen leaves", dead)


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
