"""What figures wear: jacket, trousers, boots, gloves, each skinned over stacked sections and creased by formula."""

from __future__ import annotations

from math import pi

import bpy
import numpy as np
from mathutils import Vector, noise
from numpy.typing import NDArray

from ..shapes import Material, bevelled, box, joined, prism, smooth, tube
from . import body
from .body import FINGERS, FOREARM, HAND, THUMB, UPPER_ARM, ball, mirrored, on_arm, skinned_over, stack

Floats = NDArray[np.float64]


def jacket(cloth: Material) -> bpy.types.Object:
    trunk = [
        (0, -0.006, 0.925, 0.166, 0.118),
        (0, -0.006, 0.95, 0.176, 0.126),
        (0, -0.004, 1.00, 0.172, 0.124),
        (0, 0.000, 1.07, 0.158, 0.116),
        (0, 0.002, 1.15, 0.156, 0.116),
        (0, 0.002, 1.24, 0.168, 0.126),
        (0, -0.002, 1.32, 0.184, 0.134),
        (0, -0.008, 1.39, 0.188, 0.128),
        (0, -0.014, 1.44, 0.172, 0.106),
        (0, -0.018, 1.475, 0.128, 0.082),
        (0, -0.016, 1.505, 0.080, 0.072),
        (0, -0.012, 1.545, 0.068, 0.070),
    ]
    parts = [stack("Trunk", cloth, trunk, 40, 2.5)]
    parts.append(
        stack(
            "Back",
            cloth,
            [(0, -0.085, z, w, 0.045) for z, w in ((1.06, 0.06), (1.2, 0.10), (1.36, 0.11), (1.42, 0.08))],
            24,
        )
    )
    sleeve = [
        (0.0, 0.0, 0.055, 0.040, 0.052),
        (0.004, 0.0, 0.03, 0.064, 0.072),
        (0.004, 0.0, 0.0, 0.071, 0.078),
        (0.0, 0.0, -0.06, 0.068, 0.074),
        (0.0, -0.002, -0.15, 0.060, 0.064),
        (0.0, -0.004, -0.24, 0.055, 0.058),
        (0.0, -0.006, -UPPER_ARM, 0.053, 0.058),
        (0.0, 0.0, -UPPER_ARM - 0.06, 0.053, 0.055),
        (0.0, 0.0, -UPPER_ARM - 0.16, 0.046, 0.046),
        (0.0, 0.0, -UPPER_ARM - FOREARM + 0.015, 0.038, 0.037),
    ]
    arm = on_arm(stack("Sleeve", cloth, sleeve, 24))
    parts += [arm, mirrored(arm)]
    return skinned_over(parts, "Jacket", 0.0085, 0.27, _jacket_folds)


def _jacket_folds(places: Floats, normals: Floats) -> Floats:
    """Creases round the elbows and cuffs, soft folds over the belt and under the arms, a seam down the front."""
    x, y, z = places.T
    side = np.abs(x)
    tilt = np.radians(body.ARM_TILT)
    down = (side - body.SHOULDER[0]) * np.sin(tilt) - (z - body.SHOULDER[2]) * np.cos(tilt)
    sleeve = 1 / (1 + np.exp(-(side - 0.205) / 0.012))
    wander = uneven(places * 9.0)
    around = np.arctan2(y, (side - body.SHOULDER[0]) * np.cos(tilt) + (z - body.SHOULDER[2]) * np.sin(tilt))
    creases = np.exp(-(((down - UPPER_ARM) / 0.10) ** 2)) + 0.8 * np.exp(
        -(((down - UPPER_ARM - FOREARM + 0.05) / 0.05) ** 2)
    )
    rings = np.sin(2 * pi * (down + 0.012 * np.sin(2 * around) + 0.022 * wander) / 0.044)
    out = sleeve * 0.0052 * creases * rings
    out += sleeve * 0.0035 * wander
    waist = np.exp(-(((z - 1.03) / 0.07) ** 2)) * (1 - sleeve)
    out += waist * 0.0055 * np.sin(2 * pi * (z + 0.02 * np.sin(5 * np.arctan2(y, x)) + 0.03 * wander) / 0.055)
    out += (1 - sleeve) * 0.0050 * uneven(places * np.array([5.0, 5.0, 3.0]) + 3.0)
    drape = np.exp(-(((z - 1.27) / 0.09) ** 2)) * (1 - sleeve) * np.clip(side / 0.17, 0, 1)
    out += drape * 0.005 * np.sin(2 * pi * (side * 0.7 - z + 0.02 * wander) / 0.05)
    front = (y > 0.03) & (side < 0.03) & (z < 1.5)
    out -= np.where(front, 0.0045 * np.exp(-((x / 0.005) ** 2)), 0.0)
    hem = np.exp(-(((z - 0.972) / 0.006) ** 2)) * (1 - sleeve)
    return np.asarray(out - 0.005 * hem)


def trousers(cloth: Material) -> bpy.types.Object:
    seat = [
        (0, -0.004, 0.845, 0.10, 0.085),
        (0, -0.006, 0.88, 0.160, 0.118),
        (0, -0.006, 0.93, 0.164, 0.120),
        (0, -0.004, 1.00, 0.152, 0.110),
        (0, -0.002, 1.05, 0.146, 0.106),
    ]
    leg = [
        (0.088, 0.000, 0.93, 0.080, 0.092),
        (0.090, 0.000, 0.86, 0.087, 0.098),
        (0.094, 0.004, 0.76, 0.082, 0.092),
        (0.097, 0.008, 0.64, 0.071, 0.081),
        (0.099, 0.010, 0.53, 0.062, 0.070),
        (0.100, 0.002, 0.45, 0.060, 0.068),
        (0.102, -0.014, 0.35, 0.060, 0.066),
        (0.103, -0.016, 0.24, 0.056, 0.058),
        (0.104, -0.016, 0.17, 0.058, 0.059),
    ]
    right = stack("Leg", cloth, leg, 28)
    return skinned_over(
        [stack("Seat", cloth, seat, 36, 2.4), right, mirrored(right)], "Trousers", 0.0095, 0.29, _leg_folds
    )


def _leg_folds(places: Floats, normals: Floats) -> Floats:
    """Creases behind the knee, whiskers from the crotch, cloth stacked on the boots."""
    x, y, z = places.T
    wander = uneven(places * 7.0 + 11.0)
    around = np.arctan2(y, np.abs(x) - 0.10)
    knee = np.exp(-(((z - 0.51) / 0.075) ** 2))
    stacked = np.exp(-(((z - 0.22) / 0.07) ** 2))
    rings = np.sin(2 * pi * (z + 0.014 * np.sin(around + 1) + 0.028 * wander) / 0.052)
    out = 0.0052 * knee * rings * (0.55 - 0.45 * np.sin(around)) + 0.0068 * stacked * rings
    whiskers = np.exp(-(((z - 0.88) / 0.05) ** 2)) * (y > 0)
    out += 0.004 * whiskers * np.sin(2 * pi * (z + 0.35 * np.abs(x) + 0.02 * wander) / 0.045)
    return np.asarray(out + 0.0055 * uneven(places * np.array([8.0, 8.0, 3.5])))


def boot(leather: Material, rubber: Material) -> bpy.types.Object:
    shaft = [
        (0.104, -0.018, 0.275, 0.052, 0.056),
        (0.104, -0.018, 0.235, 0.050, 0.055),
        (0.104, -0.020, 0.16, 0.046, 0.052),
        (0.104, -0.018, 0.10, 0.043, 0.056),
        (0.104, -0.010, 0.05, 0.043, 0.064),
        (0.104, -0.008, 0.02, 0.042, 0.064),
    ]
    parts = [stack("Shaft", leather, shaft, 24)]
    parts.append(ball("Instep", leather, (0.109, 0.065, 0.058), (0.040, 0.088, 0.044), (-17, 0, 0)))
    parts.append(ball("Toe", leather, (0.117, 0.140, 0.040), (0.047, 0.078, 0.036), (-4, 0, -4)))
    parts.append(ball("Heel", leather, (0.104, -0.050, 0.045), (0.036, 0.036, 0.045)))

    def flat(places: Floats, normals: Floats) -> Floats:
        ankle = np.exp(-(((places[:, 2] - 0.115) / 0.035) ** 2))
        creases = 0.003 * ankle * np.sin(2 * pi * (places[:, 2] + 0.3 * places[:, 1]) / 0.028)
        return np.asarray(creases + 0.002 * uneven(places * 22.0))

    upper = skinned_over(parts, "Boot", 0.0065, 0.27, flat, 4)
    outline = []
    for k in range(28):
        a = 2 * pi * k / 28
        wide = 0.046 if np.sin(a) > -0.2 else 0.039
        outline.append((0.111 + 0.006 * np.sin(a) + wide * np.cos(a), 0.062 + 0.148 * np.sin(a)))
    outline = [(float(px), float(py)) for px, py in outline]
    sole = bevelled(prism("Sole", rubber, outline, 0.017, (0, 0, 0.008)), 0.004, 2)
    heel = bevelled(box("Heel block", rubber, (0.074, 0.07, 0.02), (0.105, -0.046, 0.010)), 0.004, 2)
    strap = stack(
        "Strap",
        leather,
        [
            (0.104, -0.019, z, w + 0.004, d + 0.005)
            for z, w, d in ((0.180, 0.047, 0.053), (0.184, 0.049, 0.055), (0.206, 0.050, 0.056), (0.210, 0.048, 0.054))
        ],
        24,
    )
    return joined([upper, sole, heel, smooth(strap)], "Boot")


def glove(leather: Material, pads: Material | None) -> bpy.types.Object:
    """The right hand's; with knuckles, plate and band of `pads`."""
    cuff = [
        (0, 0, z, w, d)
        for z, w, d in ((0.062, 0.045, 0.044), (0.03, 0.043, 0.042), (0.005, 0.033, 0.036), (-0.012, 0.028, 0.036))
    ]
    palm = [
        (0.000, 0.000, 0.004, 0.025, 0.032),
        (-0.001, 0.001, -0.03, 0.021, 0.040),
        (-0.002, 0.002, -0.06, 0.019, 0.045),
        (-0.001, 0.001, -HAND, 0.0165, 0.045),
        (0.000, 0.001, -HAND - 0.014, 0.012, 0.042),
    ]
    parts = [stack("Cuff", leather, cuff, 20), stack("Palm", leather, palm, 24, 2.8)]
    parts.append(ball("Thenar", leather, (-0.013, 0.030, -0.036), (0.017, 0.020, 0.036), (18, 0, 0)))
    for across, lengths in FINGERS.values():
        z = -HAND
        for k, long in enumerate(lengths):
            r = 0.0118 - 0.0009 * k
            sections = [
                (0, across, z + 0.012, r * 0.9, r),
                (0, across, z, r * 1.06, r),
                (0, across, z - long * 0.5, r * 0.93, r * 0.92),
            ]
            parts.append(stack("Joint", leather, [*sections, (0, across, z - long, r * 0.98, r * 0.93)], 12))
            z -= long
        parts.append(ball("Tip", leather, (0, across, z), (0.0095, 0.0095, 0.011)))
    start, way, lengths = np.array(THUMB[0]), np.array(THUMB[1]), THUMB[2]
    way = way / np.linalg.norm(way)
    path = [_vec(start + way * s) for s in np.linspace(-0.005, sum(lengths) - 0.006, 7)]
    parts.append(tube("Thumb", leather, path, lambda w: 0.0158 - 0.004 * w, 14))
    end = start + way * (sum(lengths) - 0.006)
    parts.append(ball("Thumb tip", leather, (float(end[0]), float(end[1]), float(end[2])), (0.0115, 0.0115, 0.0115)))

    def creased(places: Floats, normals: Floats) -> Floats:
        return np.asarray(0.0012 * uneven(places * 60.0))

    hand = skinned_over(parts, "Glove", 0.0036, 0.20, creased, 3)
    if pads is None:
        return on_arm(hand, wrist=True)
    knuckles = [
        smooth(ball("Knuckle", pads, (0.0135, across, -HAND + 0.002), (0.008, 0.0105, 0.014)))
        for across, _ in list(FINGERS.values())
    ]
    plate = bevelled(box("Plate", pads, (0.007, 0.058, 0.036), (0.0225, 0.001, -0.048), (0, -4, 0)), 0.003, 2)
    band = stack(
        "Band",
        pads,
        [
            (0, 0, z, w, d)
            for z, w, d in ((0.020, 0.040, 0.040), (0.019, 0.044, 0.043), (0.004, 0.038, 0.040), (0.003, 0.034, 0.037))
        ],
        20,
    )
    return on_arm(joined([hand, *knuckles, plate, smooth(band)], "Glove"), wrist=True)


def hand_girths() -> dict[str, float]:
    girths = {"forearm": 0.04, "hand": 0.032}
    for name in FINGERS:
        girths |= {f"{name}{k}": 0.0115 for k in (1, 2, 3)}
    return girths | {"thumb1": 0.017, "thumb2": 0.014, "thumb3": 0.013}


def _vec(point: Floats) -> tuple[float, float, float]:
    return float(point[0]), float(point[1]), float(point[2])


def uneven(places: Floats) -> Floats:
    """Smooth noise about 0 of amplitude about 0.5, (V,)."""
    return np.array([noise.noise(Vector(p)) for p in places])
