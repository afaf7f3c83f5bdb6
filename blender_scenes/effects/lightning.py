"""Lightning: a bolt a strike, white-hot in its core and coloured around, with lamps along it that light the scene."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from render.motion import rotate
from render.spec import Film, Lightning, Place, Strike, Vec3

from ..keys import key
from . import bolt, parts
from .brightness import frame_times, shutter_mean
from .places import Places
from .tubes import Tubes, join, tube
from .turns import shortest_turns

Floats = NDArray[np.float64]

_CORE_RADIANCE = 32.0
_SHEATH_RADIANCE = 2.0
_HALO_RADIANCE = 0.6
"""Radiance at strength 1 amid the core, the sheath and the halo; sunlit white ground is about 1."""

_WATTS = 900.0
"""Power of all lamps of a bolt together at strength 1: 2 m away about as much light as a bright overcast sky."""

_LAMPS = (0.3, 0.85)
"""Where the lamps hang, as shares of the bolt's length."""


def build(effect: Lightning, film: Film, places: Places, name: str) -> None:
    """Draw every strike of `effect` for the whole clip."""
    for number, strike in enumerate(effect.strikes):
        brightness_F = strike.strength * shutter_mean(partial(bolt.flicker, strike), film)
        if not brightness_F.any():
            continue  # it falls between two openings of the shutter, and the film never sees it
        for leg, ends in enumerate(pairwise(effect.through)):
            title = f"{name}-strike{number}" + (f"-leg{leg}" if leg else "")
            _draw(effect.colour, strike, leg, brightness_F, film, places, ends, title)
        if effect.flash:
            above = max((places.at(place, [strike.time])[0] for place in effect.through), key=lambda point: point[2])
            towards = above - places.at(effect.through[-1], [strike.time])[0]
            pale = 0.5 + 0.5 * parts.tint(effect.colour)
            parts.sky_flash(f"{name}-strike{number}-sky", pale, towards + [0, 0, 0.5], effect.flash * brightness_F)


def shape(seed: int, colour: Vec3, reach_3: Floats, radii: tuple[float, float]) -> Tubes:
    """The mesh of one strike from the origin to `reach_3`, metres; `radii` are those of the props at its two ends."""
    length = float(np.linalg.norm(reach_3))
    thick = float(np.clip(0.003 * length, 0.006, 0.025))
    tint = parts.tint(colour)
    white = 0.6 + 0.4 * tint
    channels = [replace(c, points=c.points @ _from_z(reach_3).T) for c in bolt.channels(seed, length, *radii)]
    found = []
    for channel in channels:
        light_N1 = channel.brightness[:, None]
        found.append(tube(channel.points, thick * channel.thickness, _CORE_RADIANCE * light_N1 * white, sides=5))
        found.append(tube(channel.points, 5 * thick * channel.thickness, _SHEATH_RADIANCE * light_N1 * tint))
    along_N3 = _smooth(channels[0].points, 33)[::4]
    ends_N1 = np.sin(np.linspace(0, np.pi, len(along_N3)))[:, None] ** 0.5
    for wide, share in ((12, 0.5), (22, 0.3), (38, 0.2)):
        found.append(tube(along_N3, wide * thick, share * _HALO_RADIANCE * ends_N1 * tint, sides=14))
    return join(found)


def _draw(
    colour: Vec3,
    strike: Strike,
    leg: int,
    brightness_F: Floats,
    film: Film,
    places: Places,
    ends: tuple[Place, Place],
    name: str,
) -> None:
    """One leg of a strike: drawn for the moment it strikes, it then moves, turns and stretches with what it joins."""
    start, tip = ends
    reach_3 = (places.at(tip, [strike.time]) - places.at(start, [strike.time]))[0]
    material, brightness = parts.glowing_material(name)
    parts.key_value(brightness, brightness_F)
    mesh = shape(strike.seed + 7919 * leg, colour, reach_3, (places.reach(start), places.reach(tip)))
    drawn = parts.drawn(name, mesh, material)
    lit_F = np.flatnonzero(brightness_F)
    parts.show_only(drawn, int(lit_F[0]), int(lit_F[-1]))
    drawn.rotation_mode = "QUATERNION"
    drawn.cycles.use_motion_blur = False  # a stroke lasts microseconds: no shutter is fast enough to smear it
    start_F3 = places.at(start, frame_times(film))
    reach_F3 = places.at(tip, frame_times(film)) - start_F3
    stretch_F1 = np.linalg.norm(reach_F3, axis=1, keepdims=True) / np.linalg.norm(reach_3)
    key(drawn, "location", np.arange(film.frames), start_F3)
    key(drawn, "rotation_quaternion", np.arange(film.frames), shortest_turns(reach_3, reach_F3))
    key(drawn, "scale", np.arange(film.frames), np.repeat(stretch_F1, 3, axis=1))
    for number, share in enumerate(_LAMPS):
        lamp = parts.lamp(f"{name}-lamp{number}", colour, _WATTS / len(_LAMPS) * brightness_F, radius=0.15)
        lamp.parent = drawn
        lamp.location = share * reach_3


def _smooth(points_N3: Floats, width: int) -> Floats:
    """A polyline's moving average over `width` points: a channel's air glows as a whole, not along every kink."""
    padded = np.pad(points_N3, ((width // 2, width // 2), (0, 0)), "edge")
    return np.stack([np.convolve(column, np.ones(width) / width, "valid") for column in padded.T], axis=1)


def _from_z(direction_3: Floats) -> Floats:
    """A rotation matrix (3, 3) that turns +Z to `direction_3`."""
    quaternion_14 = shortest_turns(np.array([0.0, 0.0, 1.0]), direction_3[None])
    return np.stack([rotate(quaternion_14, axis)[0] for axis in np.eye(3)], axis=1)
