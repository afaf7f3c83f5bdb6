"""The gauntlet: a flared cuff, a plated hand with bent fingers, a bar of knuckle stones."""

from __future__ import annotations

from . import materials
from .shapes import bevelled, box, lathe, moved, prism, smooth

KNUCKLES = (-0.048, -0.016, 0.016, 0.048)


def build() -> None:
    """Model it: fingers up (+Z), back of the hand to +Y."""
    steel = materials.metal("Steel", (0.30, 0.32, 0.35), 0.3)
    trim = materials.metal("Trim", (0.55, 0.36, 0.16), 0.28)
    glove = materials.leather("Leather", (0.05, 0.03, 0.025))
    stones = materials.inlay("Stones", (0.05, 0.012, 0.03))
    _cuff(steel, trim)
    _hand(steel, trim, glove, stones)
    _fingers(steel, glove)


def _cuff(steel, trim) -> None:
    outer = [(0.078, 0.0), (0.070, 0.07), (0.050, 0.16), (0.046, 0.20)]
    inner = [(r - 0.004, z) for r, z in reversed(outer)]
    cuff = lathe("Cuff", steel, [*outer, *inner, outer[0]], 48)
    moved(bevelled(cuff, 0.001, 2), scale=(1, 0.82, 1))
    for z, r in ((0.004, 0.079), (0.10, 0.066), (0.19, 0.049)):
        band = [(r - 0.004, z - 0.006), (r + 0.003, z - 0.006), (r + 0.002, z + 0.006), (r - 0.005, z + 0.006), (r - 0.004, z - 0.006)]
        moved(bevelled(lathe("Band", trim, band, 48), 0.0015, 2), scale=(1, 0.82, 1))


def _hand(steel, trim, glove, stones) -> None:
    bevelled(box("Palm", glove, (0.118, 0.045, 0.12), (0, 0, 0.245)), 0.018, 4)
    bevelled(box("Back", steel, (0.116, 0.014, 0.085), (0, 0.022, 0.235)), 0.006, 3)
    bevelled(box("Bar", trim, (0.13, 0.03, 0.034), (0, 0.016, 0.296)), 0.008, 3)
    for x in KNUCKLES:
        gem = prism("Stone", stones, [(-0.011, -0.012), (0.011, -0.012), (0.011, 0.012), (-0.011, 0.012)], 0.016)
        bevelled(moved(gem, turn=(-90, 0, 0), at=(x, 0.026, 0.296)), 0.005, 1)


def _fingers(steel, glove) -> None:
    for x, length in zip(KNUCKLES, (0.86, 1.0, 1.05, 0.95), strict=True):
        y, z, tilt = 0.008, 0.312, 8.0
        for part, size in enumerate((0.05, 0.04, 0.032)):
            from math import cos, radians, sin

            size *= length
            dy, dz = -sin(radians(tilt)), cos(radians(tilt))
            at = (x, y + dy * size / 2, z + dz * size / 2)
            bevelled(box("Finger", glove, (0.022, 0.024, size), at, (tilt, 0, 0)), 0.008, 3)
            plate = (at[0], at[1] + 0.006 * cos(radians(tilt)), at[2] + 0.006 * sin(radians(tilt)))
            bevelled(box("Plate", steel, (0.027 - 0.002 * part, 0.018, size * 0.82), plate, (tilt, 0, 0)), 0.006, 3)
            y, z, tilt = y + dy * size, z + dz * size, tilt + 22
    for at, size, tilt in (((-0.074, -0.004, 0.235), 0.06, 38), ((-0.104, -0.008, 0.272), 0.045, 24), ((-0.118, -0.014, 0.308), 0.036, 10)):
        bevelled(box("Thumb", glove, (0.024, 0.026, size), at, (10, -tilt, 0)), 0.009, 3)
        bevelled(box("Thumb plate", steel, (0.028, 0.02, size * 0.8), (at[0], at[1] + 0.006, at[2]), (10, -tilt, 0)), 0.006, 3)
