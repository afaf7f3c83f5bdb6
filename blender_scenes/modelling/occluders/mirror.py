"""The mirror: a tall looking-glass with a bevelled edge in a moulded wooden frame, leaning a little on its stand."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import bmesh
import bpy
from mathutils import Vector

from .. import materials, surfaces
from ..shapes import Material, add, bevelled, box, gathered, lathe, moved, smooth
from .lean import lean

WIDE, HIGH = 0.95, 1.9


def build() -> None:
    """Model it in the plane of X and Z, the silvered side at -Y, standing on the ground."""
    frame = materials.planks("Frame", (0.105, 0.045, 0.020), (0.3, 0.3, 0.06))
    gilt = surfaces.painted("Gilt", (0.80, 0.52, 0.20), 0.12, 0.28, metallic=1.0)
    glass = surfaces.mirror("Silver", 0.15)
    back = materials.planks("Back", (0.20, 0.13, 0.08), (1.0, 1.0, 0.07))
    moulding = [(0.0, 0.030), (0.0, -0.022), (0.012, -0.034), (0.030, -0.036), (0.040, -0.026), (0.058, -0.022)]
    smooth(_rim("Moulding", frame, [*moulding, (0.066, -0.006), (0.066, 0.012), (0.0, 0.030)]), 35)
    smooth(
        _rim("Fillet", gilt, [(0.058, -0.024), (0.064, -0.030), (0.072, -0.026), (0.076, -0.014), (0.058, -0.008)]), 50
    )
    smooth(_rim("Bead", gilt, [(0.004, -0.024), (0.012, -0.041), (0.022, -0.034), (0.012, -0.02)]), 50)
    smooth(_rim("Bevel", glass, [(0.070, -0.008), (0.094, -0.0135)], closed=False), 5)
    moved(box("Glass", glass, (WIDE - 0.188, 0.001, HIGH - 0.188)), at=(0, -0.0132, HIGH / 2))
    moved(box("Back", back, (WIDE - 0.06, 0.012, HIGH - 0.06)), at=(0, 0.018, HIGH / 2))
    for x in (-WIDE / 2 + 0.12, WIDE / 2 - 0.12):
        leg = bevelled(box("Leg", frame, (0.045, 0.03, 1.30)), 0.005, 2)
        moved(moved(leg, turn=(16, 0, 0)), at=(x, 0.20, 0.630))
        moved(bevelled(box("Stay", frame, (0.03, 0.34, 0.02)), 0.004, 1), at=(x, 0.18, 0.14))
    pearl = [(0.0, -0.009), (0.006, -0.007), (0.009, 0.0), (0.006, 0.007), (0.0, 0.009)]
    for along, count, x, z in (
        (0, 34, WIDE, 0.034),
        (0, 34, WIDE, HIGH - 0.034),
        (2, 70, 0.034, HIGH),
        (2, 70, -0.034, HIGH),
    ):
        for k in range(count):
            share = 0.05 + 0.90 * k / (count - 1)
            at = (
                ((share - 0.5) * x, -0.030, z)
                if along == 0
                else ((WIDE / 2 - 0.034) * (1 if x > 0 else -1), -0.030, share * z)
            )
            moved(smooth(lathe("Pearl", gilt, pearl, 10), 180), turn=(90, 0, 0), at=at)
    rose = [(0.0, 0.0), (0.030, 0.0), (0.038, 0.006), (0.034, 0.012), (0.022, 0.010), (0.016, 0.018), (0.0, 0.022)]
    for x in (-WIDE / 2 + 0.036, WIDE / 2 - 0.036):
        for z in (0.036, HIGH - 0.036):
            moved(smooth(lathe("Rose", gilt, rose, 24), 50), turn=(90, 0, 0), at=(x, -0.026, z))
    gathered({"Silver": "Silver"}, "Mirror")
    for thing in bpy.context.scene.objects:
        lean(thing)


def _rim(
    name: str, material: Material, profile: Sequence[tuple[float, float]], closed: bool = True
) -> bpy.types.Object:
    """A moulding around the glass, mitred at the corners; the profile is (distance inwards, y)."""
    build = bmesh.new()
    loops = []
    for inward, y in profile:
        x, low, high = WIDE / 2 - inward, inward, HIGH - inward
        loops.append([build.verts.new(Vector(c)) for c in ((-x, y, low), (x, y, low), (x, y, high), (-x, y, high))])
    pairs = list(pairwise(loops))
    if closed and profile[0] != profile[-1]:
        pairs.append((loops[-1], loops[0]))
    for lower, upper in pairs:
        for i in range(4):
            j = (i + 1) % 4
            build.faces.new((lower[i], lower[j], upper[j], upper[i]))
    if closed and profile[0] == profile[-1]:
        bmesh.ops.remove_doubles(build, verts=build.verts, dist=1e-7)
    made = add(build, name, material)
    if not closed:  # an open strip has no inside for normals to point away from
        towards = sum(face.normal.y for face in made.data.polygons)
        if towards > 0:
            made.data.flip_normals()
    return made
