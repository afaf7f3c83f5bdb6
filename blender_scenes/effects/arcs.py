"""Arcs: short discharges that crawl over a charged prop, each for a few frames, and then strike elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from render.motion import charge_level
from render.spec import Arcs, Film

from ..ingest import Placed
from ..keys import key
from . import parts
from .bolt import wandering
from .brightness import frame_times, moments, open_seconds
from .hold import Hold, Surface, surface
from .places import carrier
from .tubes import Tubes, join, tube

Floats = NDArray[np.float64]

_CORE_RADIANCE = 26.0
_SHEATH_RADIANCE = 1.2
_WATTS = 45.0
"""Power of the lamp at strength 1 where all arcs burn."""

_ONSET = 0.5
"""Charge at which the first arc strikes."""

_POINTS = 17


@dataclass(frozen=True)
class Arc:
    """One discharge in the prop's root frame: a polyline (N, 3), lit from `start` for `lasts` seconds."""

    points: Floats
    start: float
    lasts: float
    waver: float

    def level(self, times: Floats) -> Floats:
        """Brightness 0..1 at `times`: it jumps up, flickers and dies away."""
        share = (times - self.start) / self.lasts
        flutter = 0.65 + 0.35 * np.sin(2 * np.pi * (self.waver + 2.6 * share))
        return np.where((share >= 0) & (share < 1), flutter * np.exp(-1.6 * share), 0.0)


def build(effect: Arcs, film: Film, held: Hold, placed: Placed, name: str) -> None:
    """A small mesh for each frame that has arcs; all ride on the prop, and a lamp at the brightest of them."""
    rng = np.random.Generator(np.random.PCG64(effect.seed))
    skin = surface(placed, rng, count=3000)
    struck = strikes(effect, film, held, skin, rng)
    times_M = moments(open_seconds(film))
    material, _ = parts.glowing_material(name)
    power_F, brightest_F3 = np.zeros(film.frames), np.tile(held.middle, (film.frames, 1))
    carried_by = None
    for frame, time in enumerate(frame_times(film)):
        seen = [(arc, float(arc.level(time + times_M).mean())) for arc in struck]
        seen = [(arc, level) for arc, level in seen if level > 0.01]
        if not seen:
            continue
        carried_by = carried_by or carrier(held, film, f"{name}-carrier")
        tubes = [part for arc, level in seen for part in shape(effect, arc, level, held)]
        shown = parts.drawn(f"{name}-{frame:04d}", join(tubes), material)
        shown.parent = carried_by
        shown.cycles.use_motion_blur = False  # a discharge lasts microseconds: the prop is blurred, its arcs are not
        parts.show_only(shown, frame, frame)
        power_F[frame] = _WATTS * effect.strength * sum(level for _, level in seen) / effect.count
        brightest_F3[frame] = max(seen, key=lambda found: found[1])[0].points[_POINTS // 2]
    if carried_by is not None:
        lamp = parts.lamp(f"{name}-lamp", effect.colour, power_F, radius=0.03)
        lamp.parent = carried_by
        key(lamp, "location", np.arange(film.frames) - 0.5, brightest_F3, "CONSTANT")


def strikes(effect: Arcs, film: Film, held: Hold, skin: Surface, rng: np.random.Generator) -> list[Arc]:
    """All arcs of a clip. Each of `count` slots burns arc after arc, from its own level of charge on."""
    struck: list[Arc] = []
    end = (film.frames + 1) / film.fps
    for slot in range(effect.count):
        onset = _ONSET + (1 - _ONSET) * slot / effect.count
        time = -rng.uniform(0.0, 0.1)
        while time < end:
            lasts = rng.uniform(0.05, 0.16)
            points_N3 = _crawl(rng, skin, effect.reach / held.target.scale)
            if charge_level(held.target.charge, [time])[0] > onset:
                struck.append(Arc(points_N3, time, lasts, rng.random()))
            time += lasts * rng.uniform(0.9, 1.6)
    return struck


def shape(effect: Arcs, arc: Arc, level: float, held: Hold) -> list[Tubes]:
    """Core and sheath of one arc, in the prop's root frame."""
    tint = parts.tint(effect.colour)
    thin_N = np.sin(np.linspace(0.25, np.pi - 0.25, len(arc.points))) ** 0.5
    thick_N = np.clip(0.012 * held.radius, 0.0012, 0.004) / held.target.scale * thin_N
    light_N1 = effect.strength * level * thin_N[:, None]
    core = tube(arc.points, thick_N, _CORE_RADIANCE * light_N1 * (0.6 + 0.4 * tint), sides=5)
    return [core, tube(arc.points, 3.5 * thick_N, _SHEATH_RADIANCE * light_N1 * tint, sides=6)]


def _crawl(rng: np.random.Generator, skin: Surface, reach: float) -> Floats:
    """A jagged line over the surface from a random point of it to another within `reach`; one in three leaps off it."""
    start = int(rng.integers(len(skin.points)))
    root = skin.points[start]
    share_N1 = np.linspace(0, 1, _POINTS)[:, None]
    arch_N1 = np.sin(np.pi * share_N1)
    if rng.random() < 0.35:
        out = skin.normals[start] + 0.6 * rng.normal(size=3)
        tip = root + reach * rng.uniform(0.5, 1.2) * out / np.linalg.norm(out)
        line_N3 = root + share_N1 * (tip - root)
    else:
        far_P = np.linalg.norm(skin.points - root, axis=1)
        near = np.flatnonzero((far_P < reach) & (far_P > 0.35 * reach))
        tip = skin.points[rng.choice(near)] if len(near) else skin.points[rng.integers(len(skin.points))]
        straight_N3 = root + share_N1 * (tip - root)
        nearest_N = np.linalg.norm(straight_N3[:, None] - skin.points[None], axis=2).argmin(axis=1)
        lift_N1 = reach * (0.02 + rng.uniform(0.05, 0.4) * arch_N1)
        hugging_N3 = skin.points[nearest_N] + lift_N1 * skin.normals[nearest_N]
        smooth_N3 = np.stack([np.convolve(np.pad(c, 2, "edge"), np.ones(5) / 5, "valid") for c in hugging_N3.T], axis=1)
        line_N3 = np.where(arch_N1 > 0.05, smooth_N3, hugging_N3)
    return np.asarray(line_N3 + 0.13 * reach * arch_N1**0.5 * wandering(rng, _POINTS))
