"""Glow: a soft halo round a charged prop, as bloom looks, with a lamp in its middle that lights the surroundings."""

from __future__ import annotations

import bpy
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

_CORE = 0.22
"""Distance from the middle, in radii of the halo, at which it is half as bright."""

_HALO_RADIANCE = 2.6
"""Radiance amid the halo at strength 1 and full charge; sunlit white ground is about 1."""

_WATTS = 160.0
"""Power of the lamp at strength 1 and full charge."""

_IDLE = 0.05
"""Share of its light that the halo keeps at charge 0."""


def build(effect: Glow, spec: ClipSpec, held: Hold, placed: Placed, name: str) -> None:
    """A halo and a lamp that move with the target and shine as it is charged."""
    charge = held.target.charge
    share_F = shutter_mean(lambda times_N: _IDLE + (1 - _IDLE) * charge_level(charge, times_N), spec.film)
    brightness_F = effect.strength * share_F
    material, brightness = parts.glowing_material(name, lambda tree: parts.bloom(tree, _CORE))
    parts.key_value(brightness, brightness_F)
    lamp = parts.lamp(f"{name}-lamp", effect.colour, _WATTS * brightness_F, radius=0.5 * held.radius)
    ignored_by(lamp, placed.objects)
    halo = parts.drawn(name, cap(effect.radius, _HALO_RADIANCE * parts.tint(effect.colour)), material)
    # Keyed, not parented: a child of the target's root would share the root's Cryptomatte.
    steps = max(item.cycles.motion_steps for item in placed.objects)
    blur(halo, steps)
    frames_N = key_frames(spec.film, steps)
    middle_N3 = held.world(frames_N / spec.film.fps)
    for thing in (halo, lamp):
        key(thing, "location", frames_N, middle_N3)
    towards_N3 = position(spec.camera.position, frames_N / spec.film.fps) - middle_N3
    halo.rotation_mode = "QUATERNION"
    key(halo, "rotation_quaternion", frames_N, shortest_turns(np.array([0.0, 0.0, 1.0]), towards_N3))


def cap(radius: float, radiance_3: Floats) -> Tubes:
    """The side of a ball of `radius` metres around the origin that is seen from +Z, in one radiance (3,).

    It goes a little round the back, so that its outline is a ball's own, with no rim.
    """
    angle_N = np.linspace(1.8, 0, 13)
    axis_N3 = radius * np.cos(angle_N)[:, None] * np.array([0.0, 0.0, 1.0])
    return tube(axis_N3, radius * np.sin(angle_N), np.tile(radiance_3, (13, 1)), sides=32)


def ignored_by(lamp: bpy.types.Object, objects: tuple[bpy.types.Object, ...]) -> None:
    """Let the lamp's light pass through `objects` unseen: it hangs inside the prop that it lights the world for."""
    passed = bpy.data.collections.new(f"{lamp.name}-passed")
    for thing in objects:
        passed.objects.link(thing)
    for link in passed.collection_objects:
        link.light_linking.link_state = "EXCLUDE"
    lamp.light_linking.blocker_collection = passed
    lamp.light_linking.receiver_collection = passed
