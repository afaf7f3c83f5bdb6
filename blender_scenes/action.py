"""What moves: targets on their curves with spin, and what passes in front of them, acts, or holds them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from render.asset import Finish, InstalledAsset, Library
from render.document import UserError, nearest
from render.frames.develop import CHARGE, target_name
from render.motion import orientation, position, rates_of_turn
from render.spec import Curve, Extra, Film, Spin, Target
from render.streams import Stream

from .effects import charge
from .effects.hold import hold as middle
from .hold import hold
from .ingest import Placed, place
from .keys import key
from .shutter import blur, key_frames, motion_steps, window
from .stage import EXTRAS, file_under


def place_target(target: Target, film: Film, library: Library) -> Placed:
    """One labelled prop, keyed for the whole clip, in a collection and with a Cryptomatte name of its own."""
    placed = place(library.get(target.asset, "prop"), target.finish, target_name(target.object_id), target.wear)
    file_under(placed, target_name(target.object_id))
    _move(placed, target.curve, target.spin, target.scale, film, _steps(target, film))
    for item in placed.charged:
        item.lightgroup = CHARGE
    return placed


def place_extra(
    extra: Extra, number: int, film: Film, library: Library, targets: Sequence[Target], seed: int = 0
) -> Placed:
    """One unlabelled thing, keyed for the whole clip; a figure may hold one of `targets`, and is dressed by `seed`.

    UserError where the asset has no such action, or no hand for what it should hold.
    """
    installed = _acting(library.get(extra.asset), extra.action)
    placed = place(dressed(installed, extra, seed), extra.finish, f"extra-{number}", extra.wear)
    file_under(placed, EXTRAS)
    steps = _steps(extra, film)
    held = next((target for target in targets if target.object_id == extra.holds), None)
    if placed.action is not None:
        placed.action.play(film.fps, extra.action_start, extra.action_speed)
        steps = max(steps, motion_steps(LIVELY * abs(extra.action_speed) * window(film) / film.fps))
    if held is not None:
        steps = max(steps, _steps(held, film))
        frames = key_frames(film, steps)
        hold(extra, placed, library.get(held.asset), held, film, frames, installed)
    _move(placed, extra.curve, extra.spin, extra.scale, film, steps)
    if extra.charge and placed.charge:
        charge.build(extra, film, placed, middle(extra, placed), group="")
    return placed


LIVELY = 10.0
"""Radians a second that a limb may turn by in an action at speed 1: a straight punch."""


def _acting(installed: InstalledAsset, action: str | None) -> InstalledAsset:
    """The asset with the action that a clip asks for."""
    if action is None or action == installed.asset.action:
        return installed
    asset, where = installed.asset, installed.folder / "asset.toml"
    known = list(asset.figure.actions) if asset.figure else []
    if action not in known:
        raise UserError(f"{where}: figure.actions: no '{action}'{nearest(action, known)}")
    return InstalledAsset(asset.model_copy(update={"action": action}), installed.folder)


def dressed(installed: InstalledAsset, extra: Extra, seed: int) -> InstalledAsset:
    """The asset, its finish changed to the outfit that a figure of this clip wears.

    By the clip's seed and by fields that twins share, so that a plan need not name it and twins are dressed alike.
    """
    asset = installed.asset
    if asset.figure is None or not asset.figure.outfits or extra.finish not in asset.finishes:
        return installed
    luck = Stream(seed, 0, f"outfit/{extra.asset}/{extra.finish}/{extra.action_start}")
    outfit = luck.pick([Finish(), *asset.figure.outfits])
    materials = dict(asset.finishes[extra.finish].materials)
    for name, amounts in outfit.materials.items():
        materials[name] = materials.get(name, {}) | amounts
    finishes = asset.finishes | {extra.finish: Finish(materials=materials)}
    return InstalledAsset(asset.model_copy(update={"finishes": finishes}), installed.folder)


def _steps(thing: Target | Extra, film: Film) -> int:
    """Motion steps for its curve and spin."""
    finer = 8  # rates change within a bounce's half frame
    times = np.arange(-finer, (film.frames + 1) * finer) / (finer * film.fps)
    turn = float(rates_of_turn(thing.spin, times).max()) / film.fps + _bend(thing.curve, film)
    return motion_steps(turn * window(film))


def _move(placed: Placed, curve: Curve, spin: Spin, scale: float, film: Film, steps: int) -> None:
    """Key place and attitude at exactly the times at which the open shutter looks at them."""
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
