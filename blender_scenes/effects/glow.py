"""Glow: a soft halo round a charged prop, as bloom looks, with a lamp in its middle that lights the surroundings.

The halo is a disc that stands right behind the prop and faces the camera; a fainter one before the prop veils it, as
bloom does.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from render.motion import charge_level, position
from render.spec import ClipSpec, Glow

from ..ingest import Placed
from ..keys import key
from ..shutter import blur, key_frames
from . import parts
from .brightness import shutter_mean
from .hold import Hold
from .tubes import Tubes, tube
from .turns import shortest_turns

Floats = NDArray[np.float64]

_CORE = 0.13
"""Distance from the middle, in radii of the halo, at which it is half as bright."""

_BEHIND = 1.5
"""How far the halo stands behind the prop's middle, and its veil before it, in radii of the prop."""

_HALO_RADIANCE = 3.4
_VEIL_RADIANCE = 0.5
"""Radiance amid the halo and the veil at strength 1 and full charge; sunlit white ground is about 1."""

_WATTS = 110.0
"""Power of the lamp at strength 1 and full charge."""

_IDLE = 0.05
"""Share of its light that the halo keeps at charge 0."""


def build(effect: Glow, spec: ClipSpec, held: Hold, placed: Placed, name: str) -> None:
    """A halo and a lamp that move with the target and shine as it is charged."""
    charge = held.target.charge
    share_F = shutter_mean(lambda times_N: _IDLE + (1 - _IDLE) * charge_level(charge, times_N), spec.film)
    brightness_F = effect.strength * share_F
    material, brightness = parts.glowing_material(name)
    parts.key_value(brightness, brightness_F)
    lamp = parts.lamp(f"{name}-lamp", effect.colour, _WATTS * brightness_F, radius=0.5 * held.radius)
    parts.ignored_by(lamp, placed.objects)
    # Keyed, not parented: a child of the target's root would share the root's Cryptomatte.
    steps = max(item.cycles.motion_steps for item in placed.objects)
    frames_N = key_frames(spec.film, steps)
    middle_N3 = held.world(frames_N / spec.film.fps)
    towards_N3 = position(spec.camera.position, frames_N / spec.film.fps) - middle_N3
    towards_N3 /= np.linalg.norm(towards_N3, axis=1, keepdims=True)
    key(lamp, "location", frames_N, middle_N3)
    tint = parts.tint(effect.colour)
    for part, radiance, side in (("", _HALO_RADIANCE, -1.0), ("-veil", _VEIL_RADIANCE, 1.0)):
        disc = parts.drawn(f"{name}{part}", bloom(effect.radius, radiance * tint), material)
        blur(disc, steps)
        key(disc, "location", frames_N, middle_N3 + side * _BEHIND * held.radius * towards_N3)
        disc.rotation_mode = "QUATERNION"
        key(disc, "rotation_quaternion", frames_N, shortest_turns(np.array([0.0, 0.0, 1.0]), towards_N3))


def bloom(radius: float, radiance_3: Floats) -> Tubes:
    """A disc of `radius` metres around the origin that looks to +Z: `radiance_3` in its middle, 0 at its edge.

    In between it falls as a lens scatters light, a Lorentzian in the distance from the source, taken to 0 smoothly.
    """
    share_N = np.linspace(1, 0, 33) ** 1.5  # rings lie closer in the middle, where the light falls fast
    light_N = (1 - share_N**2) ** 2 / (1 + (share_N / _CORE) ** 2)
    return tube(np.zeros((33, 3)), radius * share_N, light_N[:, None] * radiance_3, sides=32)
