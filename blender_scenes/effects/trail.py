"""Trail: a stream of energy along a target's recent way, bright at the prop, thinning and drifting apart with age.

Each frame has its own small mesh: what the stream looks like while that frame's shutter is open, already averaged over
it (see `brightness`), and rendered in that frame alone. It starts where the prop is, never ahead of it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from render.spec import Film, Trail

from . import parts
from .brightness import frame_times, moments, open_seconds
from .hold import Hold
from .tubes import Tubes, join, transport_frames, tube

Floats = NDArray[np.float64]

_POINTS = 72
"""Points along the stream."""

_STRANDS = 6
"""Thin bright strands that wander inside the stream."""

_STREAM_RADIANCE = 1.1
_STRAND_RADIANCE = 7.0
"""Radiance at strength 1 where the stream leaves the prop; sunlit white ground is about 1."""

_WATTS = 50.0
"""Power of the lamp at strength 1."""

_LAMP_AGE = 0.3
"""Age at which the lamp rides along, as a share of the stream's duration."""


def build(effect: Trail, film: Film, held: Hold, seed: np.random.SeedSequence, name: str) -> None:
    """Draw the stream of every frame of the clip, and hang lamps in it."""
    strands = Strands.grown(seed)
    material, _ = parts.glowing_material(name)
    for frame, time in enumerate(frame_times(film)):
        mesh = shape(effect, held, strands, float(time), open_seconds(film))
        parts.show_only(parts.drawn(f"{name}-{frame:04d}", mesh, material), frame, frame)
    lamp = parts.lamp(f"{name}-lamp", effect.colour, np.full(film.frames, _WATTS * effect.strength), effect.width / 2)
    parts.move(lamp, held.world(frame_times(film) - _LAMP_AGE * effect.duration))


class Strands:
    """How each filament wanders: sums of sines of the moment of birth, so that a strand stays itself as it ages."""

    def __init__(self, rates_KJ: Floats, phases_KJ2: Floats) -> None:
        self._rates_KJ, self._phases_KJ2 = rates_KJ, phases_KJ2

    @classmethod
    def grown(cls, seed: np.random.SeedSequence) -> Strands:
        rng = np.random.Generator(np.random.PCG64(seed))
        octaves = 4
        rates_KJ = 2 * np.pi * rng.uniform(1.5, 3.0, (_STRANDS, octaves)) * 2.1 ** np.arange(octaves)
        return cls(rates_KJ, rng.uniform(0, 2 * np.pi, (_STRANDS, octaves, 2)))

    def offsets(self, births_N: Floats) -> Floats:
        """Sideways offsets float64 (K, N, 2), about ±1, of each strand for matter born at `births_N` seconds."""
        weights_J = 0.62 ** np.arange(self._rates_KJ.shape[1])
        angle_KNJ2 = self._rates_KJ[:, None, :, None] * births_N[None, :, None, None] + self._phases_KJ2[:, None]
        return np.asarray((np.sin(angle_KNJ2) * weights_J[:, None]).sum(axis=2) / weights_J.sum())


def shape(effect: Trail, held: Hold, strands: Strands, time: float, opened: float) -> Tubes:
    """The stream as seen by a shutter that is open for `opened` seconds around `time`."""
    births_N = np.linspace(time + opened / 2, time - opened / 2 - effect.duration, _POINTS)
    ages_N = np.clip((time - births_N) / effect.duration, 0, 1)
    seen_N1 = effect.strength * fade((time + moments(opened) - births_N[:, None]) / effect.duration).mean(1)[:, None]
    path_N3 = held.world(births_N)
    across_N3, up_N3 = transport_frames(path_N3)
    tint = parts.tint(effect.colour)
    hot_N1 = 0.5 * (1 - ages_N[:, None]) ** 2
    strand_light_N3 = _STRAND_RADIANCE * seen_N1 * (hot_N1 + (1 - hot_N1) * tint)
    radius = effect.width / 2
    thin_N = 1 - 0.7 * ages_N
    found = [tube(path_N3, radius * thin_N, _STREAM_RADIANCE * seen_N1 * tint, sides=10)]
    spread_N1 = radius * (0.45 + 0.7 * ages_N[:, None])
    for offset_N2 in strands.offsets(births_N):
        aside_N3 = spread_N1 * (offset_N2[:, :1] * across_N3 + offset_N2[:, 1:] * up_N3)
        found.append(tube(path_N3 + aside_N3, 0.09 * radius * thin_N, strand_light_N3, sides=5))
    return join(found)


def fade(ages: Floats) -> Floats:
    """Brightness by age, in shares of the stream's duration: 0 before birth, 1 at birth, smoothly 0 from age 1 on."""
    left = np.clip(1 - ages, 0, 1)
    return np.where(ages < 0, 0.0, left**2 * (3 - 2 * left) * np.exp(-1.2 * np.clip(ages, 0, 1)))
