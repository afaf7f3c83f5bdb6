"""What the performer wears over its clothes: helmet, belt and pouches, hard caps on its joints."""

from __future__ import annotations

from math import pi

import bmesh
import bpy
import numpy as np
from numpy.typing import NDArray

from ..shapes import Material, bevelled, box, joined, lathe, moved, smooth, tube
from .body import UPPER_ARM, ball, mirrored, on_arm, skinned_over, stack

Floats = NDArray[np.float64]


def helmet(skin: Material, visor: Material, rubber: Material) -> bpy.types.Object:
    dome = stack(
        "Dome",
        skin,
        [
            (0, 0.030, 1.535, 0.088, 0.112),
            (0, 0.030, 1.548, 0.101, 0.128),
            (0, 0.030, 1.585, 0.112, 0.142),
            (0, 0.024, 1.63, 0.121, 0.146),
            (0, 0.016, 1.68, 0.126, 0.146),
            (0, 0.010, 1.725, 0.122, 0.139),
            (0, 0.006, 1.760, 0.104, 0.118),
            (0, 0.004, 1.786, 0.070, 0.080),
            (0, 0.002, 1.800, 0.012, 0.014),
        ],
        48,
        2.25,
    )

    def opening(places: Floats, normals: Floats) -> Floats:
        x, y, z = places.T
        aside = np.abs(np.arctan2(x, y - 0.01))
        eyes = np.clip(1 - ((z - 1.668) / (0.050 - 0.010 * aside)) ** 4, 0, 1) * np.clip((1.35 - aside) / 0.12, 0, 1)
        chin = np.exp(-(((z - 1.575) / 0.014) ** 2)) * (aside < 0.42)
        ridge = 0.004 * np.exp(-((x / 0.022) ** 2)) * (z > 1.73)
        return np.asarray(-0.010 * np.clip(eyes * 1.6, 0, 1) - 0.008 * chin + ridge)

    whole = skinned_over([dome], "Helmet", 0.0060, 0.25, opening, 3)
    glass = stack(
        "Visor",
        visor,
        [
            (0, 0.0172, z, w, d)
            for z, w, d in (
                (1.622, 0.1165, 0.1405),
                (1.645, 0.1195, 0.1425),
                (1.668, 0.1205, 0.1425),
                (1.69, 0.1200, 0.1415),
                (1.712, 0.1175, 0.1375),
            )
        ],
        64,
        2.25,
    )
    back = [f.index for f in glass.data.polygons if f.center.y < 0.035 or abs(f.normal.z) > 0.9]
    cut = bmesh.new()
    cut.from_mesh(glass.data)
    cut.faces.ensure_lookup_table()
    bmesh.ops.delete(cut, geom=[cut.faces[i] for i in back], context="FACES")
    cut.to_mesh(glass.data)
    cut.free()
    parts = [whole, smooth(glass)]
    for sign in (-1, 1):
        hub = [(0, 0), (0.026, 0), (0.024, 0.006), (0.012, 0.009), (0, 0.009)]
        parts.append(
            moved(smooth(lathe("Hub", rubber, hub, 24), 40), turn=(0, 90 * sign, 0), at=(0.1205 * sign, 0.022, 1.668))
        )
        vent = bevelled(box("Vent", rubber, (0.020, 0.036, 0.008), (0.042 * sign, 0.108, 1.752), (-38, 0, 0)), 0.003, 2)
        parts.append(vent)
    rim = [
        (0.112 * float(np.cos(a)), 0.030 + 0.138 * float(np.sin(a)), 1.543)
        for a in np.linspace(0, 2 * pi, 40, endpoint=False)
    ]
    parts.append(smooth(tube("Rim", rubber, rim, 0.0075, 8, closed=True), 180))
    neck = stack(
        "Neck",
        rubber,
        [(0, -0.008, 1.47, 0.066, 0.068), (0, 0.002, 1.52, 0.060, 0.064), (0, 0.012, 1.58, 0.075, 0.090)],
        24,
    )
    return joined([*parts, smooth(neck)], "Helmet")


def belt(rubber: Material, pads: Material) -> bpy.types.Object:
    strap = stack(
        "Belt",
        rubber,
        [
            (0, -0.005, z, w, d)
            for z, w, d in ((1.008, 0.166, 0.118), (1.010, 0.176, 0.1275), (1.046, 0.169, 0.124), (1.048, 0.160, 0.116))
        ],
        48,
        2.5,
    )
    parts = [smooth(strap)]
    parts.append(bevelled(box("Buckle", pads, (0.058, 0.012, 0.046), (0, 0.120, 1.027)), 0.004, 2))
    for x, y, turn, wide in ((0.150, 0.052, -62, 0.055), (0.165, -0.030, -95, 0.085), (-0.160, 0.0, 85, 0.07)):
        pouch = bevelled(box("Pouch", rubber, (wide, 0.042, 0.085)), 0.010, 3)
        parts.append(moved(pouch, turn=(0, 0, turn), at=(x * 1.06, y * 1.06, 1.012)))
    return joined(parts, "Belt")


def pads(pads: Material, rubber: Material) -> list[tuple[str, bpy.types.Object]]:
    """Hard caps on knees, elbows and shoulders, and plates on chest and shins."""
    made: list[tuple[str, bpy.types.Object]] = []

    def both(bone: str, thing: bpy.types.Object) -> None:
        made.append((f"{bone}.R", thing))
        made.append((f"{bone}.L", mirrored(thing)))

    knee = _cap(pads, (0.056, 0.030, 0.075), 0.35)
    shin = _cap(pads, (0.046, 0.022, 0.125), 0.30)
    strap = stack(
        "Strap",
        rubber,
        [
            (0.100, 0.000, z, w, d)
            for z, w, d in ((0.435, 0.062, 0.070), (0.437, 0.066, 0.074), (0.455, 0.066, 0.074), (0.457, 0.062, 0.070))
        ],
        24,
    )
    both(
        "shin",
        joined(
            [
                moved(knee, at=(0.100, 0.062, 0.505)),
                moved(shin, turn=(3, 0, 0), at=(0.103, 0.036, 0.345)),
                smooth(strap),
            ],
            "Shin guard",
        ),
    )
    elbow = _cap(pads, (0.046, 0.026, 0.070), 0.35)
    guard = joined([moved(elbow, turn=(0, 0, 180), at=(0, -0.046, -UPPER_ARM - 0.012))], "Elbow guard")
    both("forearm", on_arm(guard))
    cap = _cap(pads, (0.062, 0.030, 0.075), 0.30)
    both("upper_arm", on_arm(joined([moved(cap, turn=(-14, 0, -90), at=(0.058, 0.0, -0.035))], "Shoulder cap")))
    return made


def _cap(material: Material, half: tuple[float, float, float], ribs: float) -> bpy.types.Object:
    """A domed plate towards +Y, with two ribs and a rim."""
    thing = ball("Cap", material, (0, 0, 0), half)
    for vertex in thing.data.vertices:
        u, w = vertex.co.x / half[0], vertex.co.z / half[2]
        flat = 0.18 * half[1]
        vertex.co.y = max(vertex.co.y, flat * 0.2)
        if vertex.co.y > flat:
            vertex.co.y *= 1.0 + ribs * 0.5 * float(np.exp(-(((abs(w) - 0.33) / 0.09) ** 2)))
            vertex.co.y *= 1.0 - 0.25 * float(np.exp(-((w / 0.06) ** 2)))
        vertex.co.x *= 1.0 + 0.12 * w
        del u
    cut = bmesh.new()
    cut.from_mesh(thing.data)
    bmesh.ops.remove_doubles(cut, verts=cut.verts, dist=1e-5)
    cut.to_mesh(thing.data)
    cut.free()
    return smooth(thing, 60)
