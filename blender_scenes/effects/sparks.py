"""Sparks and embers: glowing specks, a small mesh a frame, blurred by Cycles itself, and a lamp amid them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from render.spec import Embers, Film, Sparks

from . import parts
from .brightness import frame_times, open_seconds
from .particles import dashes, directions, fly, heat
from .places import Places

Floats = NDArray[np.float64]

_SPARK_RADIANCE = 380.0
"""Radiance of a new spark at strength 1: a streak of it, thinned by its speed, still outshines sunlit ground."""

_EMBER_RADIANCE = 14.0
_SPARK_RADIUS = 0.0026
_EMBER_RADIUS = 0.0045
"""Metres; a spark is smaller, but no lens draws it smaller."""

_SPARK_WATTS = 0.7
_EMBER_WATTS = 0.3
"""Power of the lamp for each speck as bright as a new one, at strength 1."""

_SPARK_COLOUR = (1.0, 0.55, 0.18)
_EMBER_COLOUR = (1.0, 0.32, 0.06)

Specks = tuple[Floats, Floats, Floats, Floats]
"""Of those that glow at a moment: points (K, 3), velocities (K, 3), radii (K,), radiances (K, 3)."""


def build_sparks(effect: Sparks, film: Film, places: Places, name: str) -> None:
    """A burst, or the stream of a grinding contact."""
    rng = np.random.Generator(np.random.PCG64(effect.seed))
    count = effect.count
    births_K = effect.time + effect.duration * rng.random(count)
    starts_K3 = places.at(effect.place, births_K)
    speeds_K1 = effect.speed * rng.uniform(0.2, 1.0, (count, 1))
    thrown_K3 = speeds_K1 * directions(rng, effect.direction, effect.spread, count)
    lives_K = effect.life * rng.uniform(0.35, 1.0, count)
    sizes_K = _SPARK_RADIUS * rng.uniform(0.6, 1.25, count)
    flights = fly(starts_K3[:, 2], thrown_K3, effect.ground, effect.life, 0.9, 0.35, np.zeros(count))

    def specks(time: float) -> Specks:
        ages_K = time - births_K
        way_K3, velocity_K3, _ = flights.at(ages_K)
        light_K3 = _SPARK_RADIANCE * effect.strength * heat(ages_K / lives_K)
        lit_K = (ages_K >= 0) & (ages_K < lives_K)
        return (starts_K3 + way_K3)[lit_K], velocity_K3[lit_K], sizes_K[lit_K], light_K3[lit_K]

    _draw(specks, film, _SPARK_COLOUR, _SPARK_WATTS * effect.strength, _SPARK_RADIANCE * effect.strength, name)


def build_embers(effect: Embers, film: Film, places: Places, name: str) -> None:
    """Specks that rise in a whirl; each is born somewhere in a ball about the place as it is then."""
    rng = np.random.Generator(np.random.PCG64(effect.seed))
    count = effect.count
    births_K = effect.time + effect.duration * rng.random(count)
    within_K3 = directions(rng, (0.0, 0.0, 1.0), 1.0, count) * effect.radius * rng.random((count, 1)) ** (1 / 3)
    starts_K3 = places.at(effect.place, births_K) + within_K3
    lives_K = effect.life * rng.uniform(0.5, 1.3, count)
    rises_K = effect.rise * rng.uniform(0.4, 1.4, count)
    sizes_K = _EMBER_RADIUS * rng.uniform(0.4, 1.2, count) ** 1.5
    rates_KJ3 = rng.uniform(1.5, 7.0, (count, 3, 3))
    phases_KJ3 = rng.uniform(0, 2 * np.pi, (count, 3, 3))
    flicker_K2 = rng.uniform([6.0, 0.0], [25.0, 2 * np.pi], (count, 2))
    wind_K3 = np.asarray(effect.drift) * rng.uniform(0.7, 1.3, (count, 1)) + rises_K[:, None] * [0.0, 0.0, 1.0]

    def points(ages_K: Floats) -> Floats:
        whirl_K3 = (np.sin(rates_KJ3 * ages_K[:, None, None] + phases_KJ3) / rates_KJ3).sum(axis=1)
        return starts_K3 + wind_K3 * ages_K[:, None] + 0.35 * effect.rise * whirl_K3 * np.sqrt(ages_K)[:, None]

    def specks(time: float) -> Specks:
        ages_K = np.maximum(time - births_K, 0)
        share_K = ages_K / lives_K
        step = 1e-3
        velocity_K3 = (points(ages_K + step) - points(ages_K)) / step
        waver_K = 0.6 + 0.4 * np.sin(flicker_K2[:, 0] * ages_K + flicker_K2[:, 1])
        glow_K = waver_K * np.clip(share_K / 0.08, 0, 1)
        light_K3 = _EMBER_RADIANCE * effect.strength * glow_K[:, None] * 2.2 * heat(0.42 + 0.58 * share_K)
        lit_K = (time >= births_K) & (share_K < 1)
        return points(ages_K)[lit_K], velocity_K3[lit_K], sizes_K[lit_K], light_K3[lit_K]

    _draw(specks, film, _EMBER_COLOUR, _EMBER_WATTS * effect.strength, _EMBER_RADIANCE * effect.strength, name)


def _draw(
    specks: Callable[[float], Specks], film: Film, colour: tuple[float, ...], watts: float, new: float, name: str
) -> None:
    """A mesh for each frame with specks, and the lamp amid their light, `watts` for each as bright as `new`."""
    material, _ = parts.glowing_material(name)
    power_F, middle_F3 = np.zeros(film.frames), np.zeros((film.frames, 3))
    for frame, time in enumerate(frame_times(film)):
        points_K3, velocity_K3, radius_K, light_K3 = specks(float(time))
        light_K = light_K3.max(axis=1, initial=0.0)
        if not light_K.any():
            continue
        shape = dashes(points_K3, velocity_K3, radius_K, light_K3, open_seconds(film))
        shown = parts.drawn(f"{name}-{frame:04d}", shape, material)
        parts.show_only(shown, frame, frame)
        power_F[frame] = watts * light_K.sum() / new
        middle_F3[frame] = np.average(points_K3, axis=0, weights=light_K)
    if power_F.any():
        lit_F = np.flatnonzero(power_F)
        middle_F3 = middle_F3[lit_F[np.abs(np.arange(film.frames)[:, None] - lit_F).argmin(axis=1)]]
        lamp = parts.lamp(f"{name}-lamp", colour, power_F, radius=0.08)
        parts.move(lamp, middle_F3)
