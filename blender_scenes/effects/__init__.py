"""Effects on a clip's targets: lightning, glow and energy trails, and the charge of the props themselves.

Each is built for the whole clip up front, as geometry and keys, and only ever adds light: nothing here erodes a matte.
"""

from __future__ import annotations

from collections.abc import Mapping

import bpy
import numpy as np

from render.spec import ClipSpec, Glow, Lightning, Trail

from ..ingest import Placed
from . import charge, glow, lightning, trail
from .hold import hold

_TRANSPARENT_BOUNCES = 256
"""A ray passes two walls of each tube on its way; where it ran out of bounces, the prop behind would be lost."""


def build(spec: ClipSpec, placed: Mapping[int, Placed]) -> None:
    """Charge the targets and add every effect of `spec` to the current scene; `placed` is by object id."""
    holds = {target.object_id: hold(target, placed[target.object_id]) for target in spec.targets}
    for target in spec.targets:
        charge.build(target, spec.film, placed[target.object_id])
    for number, effect in enumerate(spec.effects):
        name = f"effect{number}-{effect.kind}"
        held = holds[effect.object_id]
        match effect:
            case Lightning():
                lightning.build(effect, spec.film, held, name)
            case Glow():
                glow.build(effect, spec, held, placed[effect.object_id], name)
            case Trail():
                trail.build(effect, spec.film, held, np.random.SeedSequence([spec.seed, number]), name)
    if spec.effects:
        cycles = bpy.context.scene.cycles
        cycles.transparent_max_bounces = max(cycles.transparent_max_bounces, _TRANSPARENT_BOUNCES)
