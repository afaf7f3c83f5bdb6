"""How a figure is put together: garments that follow the bones beneath them, things fixed to one, its actions."""

from __future__ import annotations

from collections.abc import Mapping

import bpy
import numpy as np
from numpy.typing import NDArray

from ...skeleton import Skeleton
from .. import surfaces
from ..occluders.lean import lean
from ..rig import add_action, bind, rig
from ..shapes import Material
from . import body, moves
from .body import mirrored
from .garments import boot, glove, hand_girths

Floats = NDArray[np.float64]
SIDES = (("R", 1.0), ("L", -1.0))
GIRTHS: dict[str, dict[str, float]] = {
    "trunk": {"hips": 0.15, "spine": 0.145, "chest": 0.165},
    "seat": {"hips": 0.15, "spine": 0.12},
    "neck": {"neck": 0.065},
    "arms": {f"{b}.{s}": g for s, _ in SIDES for b, g in (("shoulder", 0.08), ("upper_arm", 0.062), ("forearm", 0.05))},
    "legs": {f"{b}.{s}": g for s, _ in SIDES for b, g in (("thigh", 0.088), ("shin", 0.062))},
}
"""Half the thickness of each bone's part of the body, metres: what a garment near it follows (`body.followed`)."""


def armature() -> bpy.types.Object:
    """The bones, at rest."""
    return rig("Figure", body.bones())


def worn(figure: bpy.types.Object, garment: bpy.types.Object, *parts: str, girths: Mapping[str, float] = {}) -> None:
    """Make a garment follow the bones of `parts` (of GIRTHS), and those of `girths`."""
    near = {bone: girth for part in parts for bone, girth in GIRTHS[part].items()} | dict(girths)
    _follow(garment, figure, body.followed(body.places_of(garment), body.bones(), near))


def extremities(
    figure: bpy.types.Object, boots: Material, soles: Material, gloves: Material, plates: Material | None
) -> None:
    """Boots and gloves of both sides; `plates`: what the gloves' hard knuckles are of."""
    for side, sign in SIDES:
        for thing, names in (
            (boot(boots, soles), {"shin": 0.055, "foot": 0.05, "toe": 0.035}),
            (glove(gloves, plates), hand_girths()),
        ):
            shown = thing if sign > 0 else mirrored(thing)
            girths = {f"{name}.{side}": girth for name, girth in names.items()}
            _follow(shown, figure, body.followed(body.places_of(shown), body.bones(), girths, 9.0))
            if sign < 0:
                bpy.data.objects.remove(thing)


def rigid(figure: bpy.types.Object, bone: str, thing: bpy.types.Object) -> None:
    """Fix a thing to one bone."""
    _follow(thing, figure, {bone: np.ones(len(thing.data.vertices))})


def animated(figure: bpy.types.Object) -> None:
    """Give the figure all that it can do: stand, walk, fight, brace."""
    skeleton = Skeleton.of(figure)
    for name, solve, frames in (
        ("stand", moves.stand, moves.STAND_FRAMES),
        ("walk", moves.walk, moves.WALK_FRAMES),
        ("fight", moves.fight, moves.FIGHT_FRAMES),
        ("brace", moves.brace, moves.BRACE_FRAMES),
    ):
        poser = solve(skeleton)
        every = 4 if name in ("stand", "brace") else 1
        add_action(
            figure,
            name,
            frames,
            {bone: turns[::every] for bone, turns in poser.turns.items()},
            {bone: places[::every] for bone, places in poser.moves.items()},
            every,
        )


def _follow(thing: bpy.types.Object, figure: bpy.types.Object, weights: dict[str, Floats]) -> None:
    lean(body.draped(thing), uv=2.0**-6)
    surfaces.rest_space(thing)
    bind(thing, figure, weights)
