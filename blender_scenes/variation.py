"""Makes a placed set differ from clip to clip, as the `[variation]` part of its asset.toml says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from math import radians

import bpy
import numpy as np
from mathutils import Matrix, Vector
from numpy.typing import NDArray

from render.asset import Asset
from render.variation import Draw, Things, draw_amount, draw_things

from .bounds import EMPTY, bounds, union
from .finish import set_amount
from .ingest import NAMES, TOP, Placed

CLEARANCE = 0.1
"""Metres above its floor from which the action's room must stay empty: what lies flatter blocks nothing."""


@dataclass(frozen=True)
class Varied:
    """A set as one clip has it: `dark` are the objects whose lamps are off, `unit` says what each object belongs to."""

    placed: Placed
    dark: frozenset[str]
    unit: dict[str, str]


def vary(placed: Placed, asset: Asset, seed: int) -> Varied:
    """Take things away, move them about, switch their lamps off and change materials. Same seed, same set.

    A thing never comes to stand in the action's room: one that would stays where the artist put it.
    """
    for material, amounts in asset.variation.materials.items():
        for name, limits in amounts.items():
            for copy in _materials(placed, material):
                set_amount(copy, name, draw_amount(limits, material, name, seed))
    units = _units(placed, asset.variation.things)
    gone: set[str] = set()
    dark: set[str] = set()
    known: dict[str, NDArray[np.float64]] = {}
    for things, named in zip(asset.variation.things, units, strict=True):
        for name, draw in draw_things(things, sorted(named), seed).items():
            members = named[name]
            if not draw.there:
                gone |= {item.name for item in members}
                continue
            if not draw.lit:
                dark |= {item.name for item in members}
            _move(members, draw, asset, known)
    unit = {item.name: item[TOP] for item in placed.objects}
    unit |= {item.name: name for named in units for name, members in named.items() for item in members}
    left = tuple(item for item in placed.objects if item.name not in gone)
    for item in [item for item in placed.objects if item.name in gone]:
        bpy.data.objects.remove(item)
    return Varied(replace(placed, objects=left), frozenset(dark), unit)


def _materials(placed: Placed, name: str) -> list[bpy.types.Material]:
    """The placement's own copy of a material of the file."""
    title = f"{placed.root.name}.{name}"
    found = {slot.material for item in placed.objects for slot in item.material_slots if slot.material}
    return [material for material in found if material.name == title]


def _units(placed: Placed, entries: tuple[Things, ...]) -> list[dict[str, list[bpy.types.Object]]]:
    """For each entry the things it stands for, by name; an object goes by the first entry that fits it."""
    units: list[dict[str, list[bpy.types.Object]]] = [{} for _ in entries]
    for item in placed.objects:
        for things, named in zip(entries, units, strict=True):
            name = next((name for name in item[NAMES] if things.stands_for(name)), None)
            if name is not None:
                named.setdefault(name, []).append(item)
                break
    return units


def _move(members: list[bpy.types.Object], draw: Draw, asset: Asset, known: dict[str, NDArray[np.float64]]) -> None:
    """Turn and scale a thing about the middle of its foot, and shift it, unless that fills the action's room."""
    if draw.turn == 0 and draw.scale == 1 and not any(draw.shift):
        return
    before = _box(members, known)
    foot = Vector(((before[0] + before[1]) / 2).tolist())
    foot.z = float(before[0][2])
    change = (
        Matrix.Translation(foot + Vector(draw.shift))
        @ Matrix.Rotation(radians(draw.turn), 4, "Z")
        @ Matrix.Scale(draw.scale, 4)
        @ Matrix.Translation(-foot)
    )
    kept = [item.matrix_parent_inverse.copy() for item in members]
    for item, old in zip(members, kept, strict=True):
        item.matrix_parent_inverse = change @ old
    if _blocks(_box(members, known), asset) and not _blocks(before, asset):
        for item, old in zip(members, kept, strict=True):
            item.matrix_parent_inverse = old


def _box(members: list[bpy.types.Object], known: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """(2, 3) bounds of some objects in the set's frame, of their meshes' boxes turned; a lamp is a point."""
    box = EMPTY
    for item in members:
        matrix = np.asarray(item.matrix_parent_inverse, np.float64)
        corners = np.zeros((1, 3))
        if item.type == "MESH":
            if item.data.name not in known:
                known[item.data.name] = bounds(item.data, Matrix())
            corners = np.array(list(product(*known[item.data.name].T)))
        points = corners @ matrix[:3, :3].T + matrix[:3, 3]
        box = union(box, np.stack([points.min(0), points.max(0)]))
    return box


def _blocks(box: NDArray[np.float64], asset: Asset) -> bool:
    if asset.action_box is None:
        return False
    low, high = np.asarray(asset.action_box[0]), np.asarray(asset.action_box[1])
    return bool(((box[1] > low + [0, 0, CLEARANCE]) & (box[0] < high)).all())
