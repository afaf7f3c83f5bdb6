"""Small things that fly: sparks, embers and chips as functions of their age (NumPy only, seeded).

Flights are integrated once, in steps of a 480th of a second, and looked up by age: so a particle that bounces is where
it is whatever frame asks, and frames may be rendered in any order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .tubes import Tubes

Floats = NDArray[np.float64]

_STEP = 1 / 480
_GRAVITY = np.array([0.0, 0.0, -9.81])
_LOWEST_HOP = 0.25
"""A bounce slower than this (m/s) is the last: the chip lies."""

_SIDES = 6
_QUADS = np.array(
    [
        [_SIDES * ring + side, _SIDES * ring + (side + 1) % _SIDES]
        + [_SIDES * (ring + 1) + (side + 1) % _SIDES, _SIDES * (ring + 1) + side]
        for ring in range(3)
        for side in range(_SIDES)
    ]
)
"""Corners of the faces of one dash: four rings of `_SIDES`."""
_POINT = 0.59
"""Light of a dash without length, as an area in radii squared: all end, bright in its middle only. Measured."""


@dataclass(frozen=True)
class Flights:
    """K flights from age 0 on, `_STEP` seconds apart: positions from the start (S, K, 3), velocities, turns (S, K).

    A turn is the angle in radians that a chip has tumbled by.
    """

    way: Floats
    velocity: Floats
    turn: Floats

    def at(self, ages_K: Floats) -> tuple[Floats, Floats, Floats]:
        """Way (K, 3), velocity (K, 3) and turn (K,) of each flight at its age in seconds."""
        place_K = np.clip(ages_K / _STEP, 0, len(self.way) - 1.001)
        low_K = place_K.astype(int)
        share_K = place_K - low_K
        every = np.arange(len(ages_K))

        def between(values: Floats) -> Floats:
            share = share_K.reshape((-1,) + (1,) * (values.ndim - 2))
            return values[low_K, every] * (1 - share) + values[low_K + 1, every] * share

        return between(self.way), between(self.velocity), between(self.turn)


def directions(rng: np.random.Generator, towards: ArrayLike, spread: float, count: int) -> Floats:
    """Unit vectors (count, 3) about `towards`: uniform in a cone of half-angle `spread` times 180 degrees."""
    axis = np.asarray(towards, np.float64)
    axis = axis / max(float(np.linalg.norm(axis)), 1e-9)
    side = np.cross(axis, np.eye(3)[np.argmin(np.abs(axis))])
    side /= np.linalg.norm(side)
    cosine_K1 = 1 - rng.random((count, 1)) * (1 - np.cos(np.pi * max(spread, 0.01)))
    sine_K1 = np.sqrt(np.maximum(1 - cosine_K1**2, 0))
    round_K1 = rng.uniform(0, 2 * np.pi, (count, 1))
    return np.asarray(cosine_K1 * axis + sine_K1 * (np.cos(round_K1) * side + np.sin(round_K1) * np.cross(axis, side)))


def fly(
    heights_K: Floats,
    velocities_K3: Floats,
    ground: float,
    seconds: float,
    drag: float,
    bounce: float,
    tumble_K: Floats,
) -> Flights:
    """Flights with air drag (1/s, linear), bouncing off the ground with the share `bounce` of their speed.

    `heights_K` are the starts' heights in metres, `tumble_K` the first rates of tumbling in rad/s.
    """
    steps, count = int(seconds / _STEP) + 3, len(heights_K)
    way = np.zeros((steps, count, 3))
    velocity = np.zeros((steps, count, 3))
    turn = np.zeros((steps, count))
    here_K3, speed_K3, rate_K = np.zeros((count, 3)), velocities_K3.copy(), tumble_K.copy()
    floor_K = np.minimum(ground - heights_K, 0.0)
    for step in range(steps):
        way[step], velocity[step] = here_K3, speed_K3
        turn[step] = turn[step - 1] + rate_K * _STEP if step else 0.0
        speed_K3 = speed_K3 + (_GRAVITY - drag * speed_K3) * _STEP
        here_K3 = here_K3 + speed_K3 * _STEP
        hit_K = (here_K3[:, 2] < floor_K) & (speed_K3[:, 2] < 0)
        here_K3[hit_K, 2] = floor_K[hit_K]
        lies_K = hit_K & (speed_K3[:, 2] > -_LOWEST_HOP)
        speed_K3[hit_K] *= [0.75, 0.75, -bounce]
        rate_K = np.where(hit_K, -0.6 * rate_K, rate_K)
        speed_K3[lies_K], rate_K[lies_K] = 0.0, 0.0
    return Flights(way, velocity, turn)


def dashes(points_K3: Floats, velocities_K3: Floats, radius_K: Floats, radiance_K3: Floats, opened: float) -> Tubes:
    """Glowing specks as one frame sees them: each a dash along its way that moves on while the shutter is open.

    A speck of radius r that goes by v in the open time T leaves a streak v T long. Half of that the dash itself is
    long, its light spread along it so that the sum stays, and half is left to the renderer's motion blur: a bare moving
    ball would be hit by one sample in ten or so, and a streak would be a row of dots.
    """
    speed_K = np.linalg.norm(velocities_K3, axis=1)
    ahead_K3 = velocities_K3 / np.maximum(speed_K, 1e-9)[:, None]
    half_K = speed_K * opened / 4
    point_K = _POINT * radius_K
    dimmed_K = point_K / (point_K + 8 / 3 * half_K)  # the tube between the ends shines with 2/3 of its width
    ahead_K3[speed_K < 1e-9] = [0.0, 0.0, 1.0]
    least_K = np.abs(ahead_K3).argmin(axis=1)
    across_K3 = np.cross(ahead_K3, np.eye(3)[least_K])
    across_K3 /= np.linalg.norm(across_K3, axis=1, keepdims=True)
    turn_S = 2 * np.pi * np.arange(_SIDES) / _SIDES
    round_KS3 = np.cos(turn_S)[:, None] * across_K3[:, None]
    round_KS3 = round_KS3 + np.sin(turn_S)[:, None] * np.cross(ahead_K3, across_K3)[:, None]
    along_KR = np.stack([-half_K - radius_K, -half_K, half_K, half_K + radius_K], axis=1)
    thick_KR = radius_K[:, None] * np.array([0.15, 1.0, 1.0, 0.15])
    rings_KRS3 = (points_K3[:, None] + along_KR[..., None] * ahead_K3[:, None])[:, :, None]
    rings_KRS3 = rings_KRS3 + thick_KR[..., None, None] * round_KS3[:, None]
    each = 4 * _SIDES
    lie = (each * np.arange(len(points_K3)))[:, None, None] + _QUADS
    light_K3 = radiance_K3 * dimmed_K[:, None]
    return Tubes(
        rings_KRS3.reshape(-1, 3),
        lie.reshape(-1, 4).astype(np.int32),
        np.repeat(light_K3, each, axis=0),
        np.repeat(velocities_K3 / 2, each, axis=0),
    )


def heat(coolness_K: Floats) -> Floats:
    """Colour (K, 3), linear Rec.709, of glowing iron from white (0) over yellow and orange to a last dull red (1).

    Brightness falls with it. Interpolated between hues that cameras show, not a black body's: those clip.
    """
    stops = np.array([0.0, 0.15, 0.4, 0.7, 1.0])
    hues = np.array([[1.0, 0.86, 0.62], [1.0, 0.62, 0.22], [0.75, 0.27, 0.045], [0.28, 0.055, 0.006], [0.0, 0.0, 0.0]])
    return np.stack([np.interp(coolness_K, stops, hues[:, c]) for c in range(3)], axis=1)
