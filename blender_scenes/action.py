"""What moves: targets on their curves with spin, and occluders that pass in front of them."""

from __future__ import annotations

import math

import numpy as np

from render.asset import Library
from render.develop import CHARGE, target_name
from render.motion import orientation, position, rates_of_turn
from render.spec import Curve, Extra, Film, Spin, Target

from .ingest import Placed, place
from .keys import key
from .shutter import blur, key_frames, motion_steps, window
from .stage import EXTRAS, file_under


def place_target(target: Target, film: Film, library: Library) -> Placed:
    """One labelled prop, keyed for the whole clip, in a collection and with a Cryptomatte name of its own."""
    placed = place(library.get(target.asset, "prop"), target.finish, target_name(target.object_id))
    file_under(placed, target_name(target.object_id))
    _move(placed, target.curve, target.spin, target.scale, film)
    for item in placed.charged:
        item.lightgroup = CHARGE
    return placed


def place_extra(extra: Extra, number: int, film: Film, library: Library) -> Placed:
    """One unlabelled thing, keyed for the whole clip."""
    placed = place(library.get(extra.asset), extra.finish, f"extra-{number}")
    file_under(placed, EXTRAS)
    _move(placed, extra.curve, extra.spin, extra.scale, film)
    return placed


def _move(placed: Placed, curve: Curve, spin: Spin, scale: float, film: Film) -> None:
    """Key place and attitude at exactly the times at which the open shutter looks at them."""
    turn = float(rates_of_turn(spin, np.arange(film.frames) / film.fps).max()) / film.fps + _bend(curve, film)
    steps = motion_steps(turn * window(film))
    frames = key_frames(film, steps)
    placed.root.rotation_mode = "QUATERNION"
    placed.root.scale = (scale,) * 3
    key(placed.root, "location", frames, position(curve, frames / film.fps))
    key(placed.root, "rotation_quaternion", frames, orientation(spin, frames / film.fps))
    for item in placed.objects:
        blur(item, steps)


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
