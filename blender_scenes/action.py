"""What moves: targets on their curves with spin, and occluders that pass in front of them."""

from __future__ import annotations

import math

import numpy as np

from render.asset import Library
from render.develop import CHARGE, target_name
from render.motion import orientation, position
from render.spec import Curve, Film, Occluder, Target

from .ingest import Placed, place
from .keys import key
from .shutter import blur, key_frames, motion_steps
from .stage import OCCLUDERS, file_under


def place_target(target: Target, film: Film, library: Library) -> Placed:
    """One labelled prop, keyed for the whole clip, in a collection and with a Cryptomatte name of its own."""
    placed = place(library.get(target.asset, "prop"), target.finish, target_name(target.object_id))
    file_under(placed, target_name(target.object_id))
    turn = abs(target.spin.rate) / film.fps + _bend(target.curve, film)
    steps = motion_steps(turn * film.shutter_degrees / 360.0)
    frames = key_frames(film, steps)
    placed.root.rotation_mode = "QUATERNION"
    placed.root.scale = (target.scale,) * 3
    key(placed.root, "location", frames, position(target.curve, frames / film.fps))
    key(placed.root, "rotation_quaternion", frames, orientation(target.spin, frames / film.fps))
    for item in placed.objects:
        blur(item, steps)
    for item in placed.charged:
        item.lightgroup = CHARGE
    return placed


def place_occluder(occluder: Occluder, number: int, film: Film, library: Library) -> Placed:
    """One unlabelled thing, keyed for the whole clip."""
    placed = place(library.get(occluder.asset, "occluder"), occluder.finish, f"occluder-{number}")
    file_under(placed, OCCLUDERS)
    steps = motion_steps(_bend(occluder.curve, film) * film.shutter_degrees / 360.0)
    frames = key_frames(film, steps)
    placed.root.rotation_mode = "XYZ"
    placed.root.rotation_euler = (0.0, 0.0, occluder.yaw)
    placed.root.scale = (occluder.scale,) * 3
    key(placed.root, "location", frames, position(occluder.curve, frames / film.fps))
    for item in placed.objects:
        blur(item, steps)
    return placed


def _bend(curve: Curve, film: Film) -> float:
    """The most that the curve's direction turns within a frame's time, in radians."""
    finer = 4
    times = np.arange(-1, film.frames * finer + 1) / (film.fps * finer)
    way = np.diff(position(curve, times), axis=0)
    length = np.linalg.norm(way, axis=1)
    moving = (length[1:] > 1e-6) & (length[:-1] > 1e-6)
    if not moving.any():
        return 0.0
    cosine = (way[1:] * way[:-1]).sum(axis=1)[moving] / (length[1:] * length[:-1])[moving]
    return min(float(np.arccos(np.clip(cosine, -1, 1)).max()) * finer, math.pi)
