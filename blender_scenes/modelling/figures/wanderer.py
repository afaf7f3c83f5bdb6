"""The wanderer: a long coat to the calves, a deep hood, a scarf over the face and goggles; no helmet, no pads."""

from __future__ import annotations

from math import cos, pi, radians, sin, tan

import bpy
import numpy as np
from numpy.typing import NDArray

from .. import surfaces
from ..shapes import Material, bevelled, box, joined, lathe, moved, smooth, tube
from .body import Section, ball, skinned_over, stack
from .dress import GIRTHS, animated, armature, extremities, rigid, worn
from .garments import jacket, trousers, uneven

Floats = NDArray[np.float64]
HEM, WAIST = 0.40, 1.02
"""Where the coat's skirt ends and begins, metres above the ground."""


def build() -> None:
    """Model it standing on the ground, facing +Y, arms spread; 1.83 m to the hood's top."""
    coat = surfaces.garment("Coat", (0.085, 0.062, 0.042), 0.85, 520)
    legwear = surfaces.garment("Trousers", (0.045, 0.045, 0.05), 0.85, 900)
    boots = surfaces.garment("Boots", (0.05, 0.028, 0.016), 0.5, 500, 0.5)
    gloves = surfaces.garment("Gloves", (0.06, 0.035, 0.02), 0.55, 600, 0.4)
    scarf = surfaces.garment("Scarf", (0.20, 0.045, 0.03), 0.9, 300)
    leather = surfaces.garment("Leather", (0.04, 0.022, 0.012), 0.5, 450, 0.45)
    goggles = surfaces.shell("Goggles", (0.16, 0.11, 0.05), 0.35)
    lens = surfaces.shell("Lens", (0.01, 0.012, 0.01), 0.05)
    figure = armature()
    worn(figure, trousers(legwear), "seat", "legs")
    worn(figure, jacket(coat), "trunk", "arms", "neck")
    worn(figure, _skirt(coat), "seat", girths=GIRTHS["legs"])
    extremities(figure, boots, leather, gloves, None)
    rigid(figure, "head", joined([_hood(coat), _face(scarf), *_goggles(goggles, lens, leather)], "Head"))
    worn(figure, _cowl(scarf), girths={"chest": 0.165, "neck": 0.07, "shoulder.R": 0.08, "shoulder.L": 0.08})
    rigid(figure, "hips", _belt(leather, goggles))
    rigid(figure, "chest", _strap(leather))
    animated(figure)


def _skirt(cloth: Material) -> bpy.types.Object:
    """The coat below the belt: wider towards the hem, open in front, in deep folds."""
    top = WAIST + 0.03
    sections: list[Section] = []
    for low in np.linspace(0, 1, 9).tolist():
        height = top - (top - HEM) * low
        sections.append((0.0, -0.006 - 0.016 * low, height, 0.172 + 0.075 * low, 0.126 + 0.085 * low))

    def folds(places: Floats, normals: Floats) -> Floats:
        x, y, z = places.T
        low = np.clip((WAIST - z) / (WAIST - HEM), 0, 1)
        around = np.arctan2(x, y)
        swing = uneven(places * np.array([4.0, 4.0, 1.5]))
        out = low**0.8 * 0.020 * np.sin(7 * around + 1.6 * swing) + 0.010 * uneven(places * np.array([9.0, 9.0, 3.0]))
        opening = 0.010 + 0.05 * low
        out -= np.clip(3 * low, 0, 1) * 0.09 * np.exp(-(np.abs(x / opening) ** 3)) * (y > 0)
        return np.asarray(out - 0.004 * np.exp(-(((z - HEM - 0.02) / 0.006) ** 2)))

    return skinned_over([stack("Skirt", cloth, sections, 56, 2.1)], "Skirt", 0.0105, 0.2, folds)


def _hood(cloth: Material) -> bpy.types.Object:
    """A deep hood: its brim stands before the face, its point hangs behind."""
    parts = [
        ball("Crown", cloth, (0, -0.004, 1.685), (0.124, 0.150, 0.146), (8, 0, 0)),
        ball("Nape", cloth, (0, -0.070, 1.590), (0.105, 0.095, 0.120)),
        ball("Point", cloth, (0, -0.150, 1.640), (0.055, 0.070, 0.075), (-25, 0, 0)),
    ]
    throat = ((1.48, 0.112, 0.105), (1.54, 0.108, 0.112), (1.60, 0.113, 0.125))
    parts.append(stack("Throat", cloth, [(0, 0, *ring) for ring in throat], 32))

    def opening(places: Floats, normals: Floats) -> Floats:
        x, y, z = places.T
        face = 1 - (x / 0.082) ** 2 - ((z - 1.655) / 0.105) ** 2
        hollow = np.clip(face * 2.2, 0, 1) * (y > 0.03)
        brim = np.exp(-((face / 0.16) ** 2)) * (y > 0.03)
        folds = 0.003 * np.sin(2 * pi * (z + 0.5 * y + 0.04 * uneven(places * 7.0)) / 0.075) * (y < 0.05)
        return np.asarray(-0.062 * hollow + 0.010 * brim + folds + 0.006 * uneven(places * 11.0))

    return skinned_over(parts, "Hood", 0.0062, 0.17, opening, 3)


def _face(cloth: Material) -> bpy.types.Object:
    """A head wrapped to below the eyes."""

    def wrapped(places: Floats, normals: Floats) -> Floats:
        x, _, z = places.T
        turns = np.sin(2 * pi * (z + 0.12 * x + 0.012 * uneven(places * 9.0)) / 0.030)
        return np.asarray(0.0028 * turns * (z < 1.66) + 0.002 * uneven(places * 25.0))

    parts = [
        ball("Skull", cloth, (0, 0.018, 1.685), (0.080, 0.088, 0.105)),
        ball("Jaw", cloth, (0, 0.040, 1.615), (0.060, 0.062, 0.066)),
        ball("Nose", cloth, (0, 0.098, 1.645), (0.018, 0.022, 0.026)),
    ]
    return skinned_over(parts, "Face", 0.0056, 0.17, wrapped, 3)


def _goggles(frame: Material, lens: Material, leather: Material) -> list[bpy.types.Object]:
    """Two round glasses in brass, on a strap."""
    rim = [(0.0, 0.0), (0.027, 0.0), (0.031, 0.006), (0.031, 0.018), (0.026, 0.022), (0.024, 0.017)]
    parts: list[bpy.types.Object] = []
    for sign in (-1, 1):
        outward = (0, 0, -10.0 * sign)
        ring = smooth(lathe("Rim", frame, rim, 32), 40)
        parts.append(moved(ring, turn=(-90, 0, outward[2]), at=(0.034 * sign, 0.088, 1.685)))
        glass = smooth(ball("Lens", lens, (0, 0, 0), (0.025, 0.006, 0.025)))
        parts.append(moved(glass, turn=outward, at=(0.036 * sign, 0.104, 1.685)))
    around = np.linspace(0.35, 2 * pi - 0.35, 40).tolist()
    band = [(0.0855 * sin(a), 0.018 + 0.092 * cos(a), 1.685) for a in around]
    parts.append(smooth(tube("Strap", leather, band, 0.010, 8), 180))
    parts.append(bevelled(box("Bridge", frame, (0.018, 0.012, 0.010), (0, 0.104, 1.685)), 0.003, 2))
    return parts


def _cowl(cloth: Material) -> bpy.types.Object:
    """The scarf, wound about neck and shoulders."""
    rings = []
    turns = ((1.475, 0.150, 0.128, 6), (1.505, 0.126, 0.118, -7), (1.535, 0.112, 0.112, 5))
    for k, (height, wide, deep, tilt) in enumerate(turns):
        path = []
        for a in np.linspace(0, 2 * pi, 36, endpoint=False).tolist():
            lift = 0.02 * sin(a + k) + tan(radians(tilt)) * deep * cos(a)
            path.append((wide * sin(a), 0.002 + deep * cos(a), height + 0.6 * lift))
        rings.append(tube("Turn", cloth, path, 0.030, 12, closed=True))
    tail = [(-0.05, 0.118, 1.49), (-0.062, 0.152, 1.40), (-0.066, 0.160, 1.30), (-0.060, 0.158, 1.20)]
    rings.append(tube("End", cloth, tail, lambda u: 0.028 + 0.012 * u, 12))

    def loose(places: Floats, normals: Floats) -> Floats:
        return np.asarray(0.012 * uneven(places * np.array([14.0, 14.0, 22.0])))

    return skinned_over(rings, "Scarf", 0.0075, 0.17, loose, 4)


def _belt(leather: Material, metal: Material) -> bpy.types.Object:
    around = ((1.000, 0.172, 0.124), (1.002, 0.186, 0.138), (1.048, 0.180, 0.134), (1.050, 0.166, 0.120))
    strap = stack("Belt", leather, [(0, -0.005, *ring) for ring in around], 48, 2.4)
    buckle = bevelled(box("Buckle", metal, (0.064, 0.012, 0.052), (0, 0.134, 1.025)), 0.004, 2)
    bag = bevelled(box("Bag", leather, (0.17, 0.065, 0.15)), 0.018, 3)
    flap = bevelled(box("Flap", leather, (0.175, 0.072, 0.075)), 0.014, 3)
    for thing, at in ((bag, (0.205, -0.03, 0.93)), (flap, (0.207, -0.03, 0.972))):
        moved(thing, turn=(0, 0, -82), at=at)
    return joined([smooth(strap), buckle, bag, flap], "Belt")


def _strap(leather: Material) -> bpy.types.Object:
    """The bag's strap, from the left shoulder across chest and back to the right hip."""
    path = []
    for a in np.linspace(0, 2 * pi, 48, endpoint=False).tolist():
        path.append((0.185 * sin(a), 0.148 * cos(a) - 0.006, 1.275 - 0.21 * sin(a)))
    return smooth(tube("Strap", leather, path, 0.012, 8, closed=True), 180)
