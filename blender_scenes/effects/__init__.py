"""Effects on a clip: lightning, arcs, glow, trails, sparks, embers, impacts, smoke, debris; and the props' own charge.

Each is built for the whole clip up front, as geometry and keys. What gives light only ever adds light: it never erodes
a matte. Smoke dims what is behind it, as in the picture; debris is opaque and stands among the extras.
"""

from __future__ import annotations

from collections.abc import Mapping

import bpy
import numpy as np

from render.spec import (
    Arcs,
    ClipSpec,
    Debris,
    Embers,
    Flash,
    Glow,
    Lightning,
    Shockwave,
    Smoke,
    Sparks,
    Trail,
)

from ..ingest import Placed
from . import arcs, burst, charge, debris, glow, lightning, smoke, sparks, trail
from .hold import hold
from .places import Places

_TRANSPARENT_BOUNCES = 256
"""A ray passes two walls of each tube on its way; where it ran out of bounces, the prop behind would be lost."""


def build(spec: ClipSpec, placed: Mapping[int, Placed]) -> None:
    """Charge the targets and add every effect of `spec` to the current scene; `placed` is by object id."""
    holds = {target.object_id: hold(target, placed[target.object_id]) for target in spec.targets}
    places = Places(holds)
    film = spec.film
    for target in spec.targets:
        charge.build(target, film, placed[target.object_id], holds[target.object_id])
    for number, effect in enumerate(spec.effects):
        name, seed = f"effect{number}-{effect.kind}", np.random.SeedSequence([spec.seed, number])
        match effect:
            case Lightning():
                lightning.build(effect, film, places, name)
            case Arcs(object_id=held):
                arcs.build(effect, film, holds[held], placed[held], name)
            case Glow(object_id=held):
                glow.build(effect, spec, holds[held], placed[held], name)
            case Trail(object_id=held):
                trail.build(effect, film, holds[held], seed, name)
            case Sparks():
                sparks.build_sparks(effect, film, places, name)
            case Embers():
                sparks.build_embers(effect, film, places, name)
            case Flash():
                burst.build_flash(effect, spec, places, seed, name)
            case Shockwave():
                burst.build_shockwave(effect, film, places, seed, name)
            case Smoke():
                smoke.build(effect, film, places, name)
            case Debris():
                debris.build(effect, film, places, name)
    if spec.effects:
        cycles = bpy.context.scene.cycles
        cycles.transparent_max_bounces = max(cycles.transparent_max_bounces, _TRANSPARENT_BOUNCES)
