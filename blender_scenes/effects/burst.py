"""Impacts: the flash, a ball of glare with rays, and the shockwave, a thin ring of light that runs outwards."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from render.motion import position
from render.spec import ClipSpec, Film, Flash, Shockwave

from ..keys import key
from ..shutter import blur, key_frames
from . import parts
from .brightness import shutter_mean
from .glow import bloom
from .places import Places
from .tubes import Tubes, join, tube
from .turns import shortest_turns

Floats = NDArray[np.float64]

_GLARE_RADIANCE = 40.0
_RAY_RADIANCE = 10.0
_RING_RADIANCE = 3.0
_SHEET_RADIANCE = 0.6
"""Radiance at strength 1 as it begins; sunlit white ground is about 1."""

_FLASH_WATTS = 700.0
_RING_WATTS = 90.0

_RAYS = 14
_RING_STEPS = 4
_Z = np.array([0.0, 0.0, 1.0])


def build_flash(effect: Flash, spec: ClipSpec, places: Places, seed: np.random.SeedSequence, name: str) -> None:
    """A bloom that faces the camera, right before what was hit, and the lamp in it."""

    def decay(times_N: Floats) -> Floats:
        share_N = (times_N - effect.time) / effect.duration
        return np.where((share_N >= 0) & (share_N < 1), np.exp(-4 * share_N) * (1 - np.clip(share_N, 0, 1)), 0.0)

    brightness_F = effect.strength * shutter_mean(decay, spec.film)
    lit_F = np.flatnonzero(brightness_F)
    if not len(lit_F):
        return
    times_N = lit_F / spec.film.fps
    middle_N3 = places.at(effect.place, times_N)
    towards_N3 = position(spec.camera.position, times_N) - middle_N3
    towards_N3 /= np.linalg.norm(towards_N3, axis=1, keepdims=True)
    material, brightness = parts.glowing_material(name)
    parts.key_value(brightness, brightness_F)
    tint = parts.tint(effect.colour)
    star = [
        bloom(effect.radius, _GLARE_RADIANCE * (0.5 + 0.5 * tint)),
        *rays(np.random.Generator(np.random.PCG64(seed)), effect.radius, _RAY_RADIANCE * (0.35 + 0.65 * tint)),
    ]
    shown = parts.drawn(name, join(star), material)
    parts.show_only(shown, int(lit_F[0]), int(lit_F[-1]))
    shown.rotation_mode = "QUATERNION"
    before = places.reach(effect.place) + 0.3 * effect.radius
    key(shown, "location", lit_F, middle_N3 + before * towards_N3)
    key(shown, "rotation_quaternion", lit_F, shortest_turns(_Z, towards_N3))
    lamp = parts.lamp(f"{name}-lamp", effect.colour, _FLASH_WATTS * brightness_F, radius=0.1)
    key(lamp, "location", lit_F, middle_N3 + (places.reach(effect.place) + 0.05) * towards_N3)


def rays(rng: np.random.Generator, radius: float, radiance_3: Floats) -> list[Tubes]:
    """Thin rays around the origin, in the plane square to +Z: what a lens makes of a light that is too bright."""
    found = []
    for turn in rng.uniform(0, 2 * np.pi, _RAYS):
        length = radius * rng.uniform(0.35, 1.0) ** 1.5
        along_N = np.linspace(0.02, 1, 9)
        line_N3 = along_N[:, None] * length * np.array([np.cos(turn), np.sin(turn), 0.0])
        thick_N = 0.022 * radius * (1 - along_N) ** 0.7 + 1e-4
        found.append(tube(line_N3, thick_N, ((1 - along_N) ** 2)[:, None] * radiance_3))
    return found


def build_shockwave(effect: Shockwave, film: Film, places: Places, seed: np.random.SeedSequence, name: str) -> None:
    """A ring that grows as a blast does, fast and then slower, blurred by Cycles, with a veil of light inside it."""

    def share(times: Floats) -> Floats:
        return np.clip((times - effect.time) / effect.duration, 0, 1)

    def level(times_N: Floats) -> Floats:
        running_N = (times_N >= effect.time) & (times_N < effect.time + effect.duration)
        return np.where(running_N, (1 - share(times_N)) ** 2, 0.0)

    brightness_F = effect.strength * shutter_mean(level, film)
    lit_F = np.flatnonzero(brightness_F)
    if not len(lit_F):
        return
    tint = parts.tint(effect.colour)
    ring_material, ring_brightness = parts.glowing_material(f"{name}-ring")
    sheet_material, sheet_brightness = parts.sheet_material(f"{name}-sheet")
    middle = places.at(effect.place, [effect.time])[0]
    frames_N = key_frames(film, _RING_STEPS)
    frames_N = frames_N[(frames_N >= lit_F[0] - 0.5) & (frames_N <= lit_F[-1] + 0.5)]
    size_N = effect.radius * (0.04 + 0.96 * share(frames_N / film.fps) ** 0.6)
    for part, shape, material, brightness in (
        ("ring", ring(_RING_RADIANCE * (0.3 + 0.7 * tint), seed), ring_material, ring_brightness),
        ("sheet", sheet(_SHEET_RADIANCE * tint), sheet_material, sheet_brightness),
    ):
        parts.key_value(brightness, brightness_F)
        shown = parts.drawn(f"{name}-{part}", shape, material)
        parts.show_only(shown, int(lit_F[0]), int(lit_F[-1]))
        shown.location = middle
        shown.rotation_mode = "QUATERNION"
        shown.rotation_quaternion = shortest_turns(_Z, np.asarray(effect.normal)[None])[0]
        key(shown, "scale", frames_N, np.repeat(size_N[:, None], 3, axis=1))
        blur(shown, _RING_STEPS)
    lamp = parts.lamp(f"{name}-lamp", effect.colour, _RING_WATTS * brightness_F, radius=0.15)
    normal = np.asarray(effect.normal) / np.linalg.norm(effect.normal)
    lamp.location = middle + 0.12 * normal


def ring(radiance_3: Floats, seed: np.random.SeedSequence) -> Tubes:
    """A thin ring of radius 1 about +Z, brighter in places, as air is not the same everywhere."""
    rng = np.random.Generator(np.random.PCG64(seed))
    turn_N = np.linspace(0, 2 * np.pi, 129)
    circle_N3 = np.stack([np.cos(turn_N), np.sin(turn_N), 0 * turn_N], axis=1)
    waves_J = np.arange(2, 9)
    uneven_N = (np.sin(waves_J * turn_N[:, None] + rng.uniform(0, 6.3, len(waves_J))) / waves_J**0.5).sum(axis=1)
    light_N1 = np.clip(0.6 + 0.45 * uneven_N, 0.12, 2.0)[:, None]
    return tube(circle_N3, 0.014, light_N1 * radiance_3, sides=10)


def sheet(radiance_3: Floats) -> Tubes:
    """A disc of radius 1 that looks to +Z, bright at its rim and dark within: the air that the ring has shocked."""
    share_N = np.linspace(1, 0.4, 17)
    light_N = ((share_N - 0.4) / 0.6) ** 4
    return tube(np.zeros((17, 3)), share_N, light_N[:, None] * radiance_3, sides=96)
