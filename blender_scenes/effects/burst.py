"""Impacts: the flash, gas that bursts out and is gone; the shockwave, a broken front of light that runs outwards."""

from __future__ import annotations

from collections.abc import Callable

import bpy
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
from .ragged import Churn, card, tongues
from .tubes import Tubes, tube
from .turns import shortest_turns

Floats = NDArray[np.float64]
Frames = NDArray[np.intp]
Glowing = Callable[[str], tuple[bpy.types.Material, bpy.types.ShaderNodeValue]]

_GLARE_RADIANCE = 30.0
_GAS_RADIANCE = 9.0
_AFTERGLOW_RADIANCE = 3.0
_RIM_RADIANCE = 1.6
_WAKE_RADIANCE = 3.5
"""Radiance at strength 1 where it is brightest; sunlit white ground is about 1."""

_FLASH_WATTS = 700.0
_SHOCK_WATTS = 90.0

_TONGUES = 34
_STEPS = 4
_Z = np.array([0.0, 0.0, 1.0])


def build_flash(effect: Flash, spec: ClipSpec, places: Places, seed: np.random.SeedSequence, name: str) -> None:
    """Glare, the gas in it and what that leaves glowing: cards that face the camera before what was hit; and a lamp."""
    film = spec.film

    def brightness(fade: Callable[[Floats], Floats]) -> Floats:
        def level(times_N: Floats) -> Floats:
            share_N = (times_N - effect.time) / effect.duration
            return np.where((share_N >= 0) & (share_N < 1), fade(np.clip(share_N, 0, 1)), 0.0)

        return effect.strength * shutter_mean(level, film)

    lamp_F = brightness(lambda s: np.exp(-4 * s) * (1 - s))
    lit_F = np.flatnonzero(lamp_F)
    if not len(lit_F):
        return
    middle_N3 = places.at(effect.place, lit_F / film.fps)
    towards_N3 = position(spec.camera.position, lit_F / film.fps) - middle_N3
    towards_N3 /= np.linalg.norm(towards_N3, axis=1, keepdims=True)
    before = places.reach(effect.place) + 0.3 * effect.radius
    frames_N = _moments(lit_F, film)
    share_N = np.clip((frames_N / film.fps - effect.time) / effect.duration, 0, 1)
    rng, tint = np.random.Generator(np.random.PCG64(seed)), parts.tint(effect.colour)
    glare = bloom(1.0, _GLARE_RADIANCE * (0.5 + 0.5 * tint))
    cards = (
        ("glare", glare, brightness(lambda s: np.exp(-7 * s) * (1 - s)), np.ones_like(share_N)),
        ("gas", gas(rng, tint), brightness(lambda s: np.exp(-3 * s) * (1 - s)), 0.45 + 0.55 * share_N**0.4),
        ("afterglow", afterglow(rng, tint), brightness(lambda s: 4 * s * (1 - s)), 0.5 + 0.5 * share_N**0.7),
    )
    for number, (part, shape, shine_F, size_N) in enumerate(cards):
        shown = _shown(f"{name}-{part}", shape, parts.sheet_material, shine_F, lit_F)
        stands = before + 0.02 * number * effect.radius  # one before the other: a ray must meet each of them
        key(shown, "location", lit_F, middle_N3 + stands * towards_N3)
        key(shown, "rotation_quaternion", lit_F, shortest_turns(_Z, towards_N3))
        _grow(shown, frames_N, effect.radius * size_N)
    lamp = parts.lamp(f"{name}-lamp", effect.colour, _FLASH_WATTS * lamp_F, radius=0.1)
    key(lamp, "location", lit_F, middle_N3 + (places.reach(effect.place) + 0.05) * towards_N3)


def gas(rng: np.random.Generator, tint_3: Floats) -> Tubes:
    """A lump in the middle of a disc of radius 1, and tongues that shoot out of it."""
    rim, uneven, shoots = Churn(rng, 9), Churn(rng, 40, 0.5), tongues(rng, _TONGUES)

    def light(turn: Floats, reach: Floats) -> Floats:
        lump = np.clip(1.6 - reach / (0.22 + 0.05 * rim(turn, 0 * reach)), 0, 1) ** 1.5
        torn = np.clip(0.8 + 0.35 * uneven(turn, reach), 0.15, 2.0)
        return np.asarray((lump + shoots(turn, reach) ** 1.3 * torn) * (1 - reach**4))

    return card(light, _GAS_RADIANCE * (0.4 + 0.6 * tint_3))


def afterglow(rng: np.random.Generator, tint_3: Floats) -> Tubes:
    """Wisps in a disc of radius 1, none amid it: what cools where the gas has been."""
    where, wisps = Churn(rng, 12), Churn(rng, 60, 0.7)

    def light(turn: Floats, reach: Floats) -> Floats:
        near = np.exp(-(((reach - 0.55 - 0.13 * where(turn, 0 * reach)) / 0.2) ** 2)) * np.clip(reach / 0.3, 0, 1) ** 2
        return np.asarray(near * np.clip(0.15 + 0.6 * wisps(turn, reach), 0, 2.5) * (1 - reach**2) ** 2)

    return card(light, _AFTERGLOW_RADIANCE * tint_3**1.5)


def build_shockwave(effect: Shockwave, film: Film, places: Places, seed: np.random.SeedSequence, name: str) -> None:
    """A front that grows as a blast does, fast and then slower, blurred by Cycles, with its wake inside; and a lamp."""

    def share(times: Floats) -> Floats:
        return np.clip((times - effect.time) / effect.duration, 0, 1)

    def level(times_N: Floats) -> Floats:
        running_N = (times_N >= effect.time) & (times_N < effect.time + effect.duration)
        return np.where(running_N, (1 - share(times_N)) ** 2, 0.0)

    shine_F = effect.strength * shutter_mean(level, film)
    lit_F = np.flatnonzero(shine_F)
    if not len(lit_F):
        return
    middle = places.at(effect.place, [effect.time])[0]
    frames_N = _moments(lit_F, film)
    size_N = effect.radius * (0.04 + 0.96 * share(frames_N / film.fps) ** 0.6)
    rim, wake = front(np.random.Generator(np.random.PCG64(seed)), parts.tint(effect.colour))
    for part, shape, material in (("rim", rim, parts.glowing_material), ("wake", wake, parts.sheet_material)):
        shown = _shown(f"{name}-{part}", shape, material, shine_F, lit_F)
        shown.location = middle
        shown.rotation_quaternion = shortest_turns(_Z, np.asarray(effect.normal)[None])[0]
        _grow(shown, frames_N, size_N)
    lamp = parts.lamp(f"{name}-lamp", effect.colour, _SHOCK_WATTS * shine_F, radius=0.15)
    normal = np.asarray(effect.normal) / np.linalg.norm(effect.normal)
    lamp.location = middle + 0.12 * normal


def front(rng: np.random.Generator, tint_3: Floats) -> tuple[Tubes, Tubes]:
    """The rim of a shock's front, in the disc of radius 1 about +Z, and the sheet of its wake.

    Neither air nor ground is the same everywhere: it lags here, rears up there, and is broken where it found nothing.
    """
    lag, rear, found, streaks, length = (
        Churn(rng, 40),
        Churn(rng, 14),
        Churn(rng, 9),
        Churn(rng, 110, 0.04),
        Churn(rng, 30),
    )

    def reached(turn: Floats) -> Floats:
        return np.clip(0.94 + 0.016 * lag(turn, 0 * turn), 0.8, 0.99)

    def strength(turn: Floats) -> Floats:
        return np.clip(0.75 + 0.4 * found(turn, 0 * turn), 0, 1.6)

    def height(turn: Floats, reach: Floats) -> Floats:
        return 0.05 * reach**3 * np.maximum(rear(turn, 0 * reach) + 1, 0)

    def light(turn: Floats, reach: Floats) -> Floats:
        behind = reached(turn) - reach
        fades = np.exp(-np.clip(behind, 0, 1) / (0.08 * np.exp(0.5 * length(turn, 0 * turn))))
        ahead = np.exp(-((np.minimum(behind, 0) / 0.015) ** 2))
        return np.asarray(strength(turn) * fades * ahead * np.clip(0.6 + 0.45 * streaks(turn, reach), 0, 2.5))

    turn_N = np.linspace(0, 2 * np.pi, 361)
    far_N = reached(turn_N)
    line_N3 = np.stack([far_N * np.cos(turn_N), far_N * np.sin(turn_N), height(turn_N, far_N)], axis=1)
    bright_N = strength(turn_N) * np.clip(0.7 + 0.4 * streaks(turn_N, far_N), 0, 2)
    rim = tube(line_N3, 0.007, bright_N[:, None] * _RIM_RADIANCE * (0.3 + 0.7 * tint_3), sides=8)
    return rim, card(light, _WAKE_RADIANCE * tint_3, height)


def _moments(lit_F: Frames, film: Film) -> Floats:
    """Frames at which growth is keyed, while the shutter is open in the frames that are lit."""
    frames_N = key_frames(film, _STEPS)
    return frames_N[(frames_N >= lit_F[0] - 0.5) & (frames_N <= lit_F[-1] + 0.5)]


def _shown(name: str, shape: Tubes, material_of: Glowing, shine_F: Floats, lit_F: Frames) -> bpy.types.Object:
    """An object that is there in the frames `lit_F`, and shines as `shine_F` says."""
    material, brightness = material_of(name)
    parts.key_value(brightness, shine_F)
    shown = parts.drawn(name, shape, material)
    parts.show_only(shown, int(lit_F[0]), int(lit_F[-1]))
    shown.rotation_mode = "QUATERNION"
    return shown


def _grow(shown: bpy.types.Object, frames_N: Floats, size_N: Floats) -> None:
    key(shown, "scale", frames_N, np.repeat(size_N[:, None], 3, axis=1))
    blur(shown, _STEPS)
