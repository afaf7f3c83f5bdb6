"""A small hand-made clip spec, for any test that needs one."""

from __future__ import annotations

import math
from typing import Any

from render.asset import Library
from render.spec import (
    Camera,
    ChargeKey,
    ClipSpec,
    Extra,
    Film,
    Glow,
    Keys,
    Lightning,
    Linear,
    Spin,
    Stage,
    Still,
    Strike,
    Sun,
    Target,
    Trail,
    Turn,
)


def make_film(**changes: Any) -> Film:
    """96x54, 4 frames, 24 fps, half-open shutter, 4 samples."""
    return Film(
        **({"width": 96, "height": 54, "frames": 4, "fps": 24.0, "shutter_degrees": 180.0, "samples": 4} | changes)
    )


def make_spec(library: Library | None = None, **changes: Any) -> ClipSpec:
    """A charged hammer flies past a column, struck by lightning. `library` fills in the digests where it is given."""

    def digest(name: str) -> str:
        return library.get(name).digest if library else "0" * 64

    prop = changes.pop("prop", "hammer")
    occluder = changes.pop("occluder", "pillar")
    set_ = changes.pop("set", "courtyard")
    hdri = changes.pop("hdri", "hdri-studio")
    target = Target(
        object_id=1,
        asset=prop,
        asset_digest=digest(prop),
        label=prop,
        finish=changes.pop("finish", "new"),
        curve=Linear(start=(-0.9, 0.0, 1.4), velocity=(6.0, 0.0, 0.4)),
        spin=Spin(body=Turn.steady((1.0, 0.0, 0.0), 9.0)),
        charge=(ChargeKey(time=0.0, level=0.0), ChargeKey(time=0.1, level=1.0)),
    )
    spec = {
        "clip": "clip-000000",
        "index": 0,
        "split": "train",
        "seed": 7,
        "film": make_film(),
        "stage": Stage(
            set=set_,
            set_digest=digest(set_),
            hdri=hdri,
            hdri_digest=digest(hdri),
            hdri_strength=0.7,
            hdri_yaw=0.4,
            sun=Sun(azimuth=-2.2, elevation=0.7, angle=math.radians(2.0), strength=2.5, colour=(1.0, 0.93, 0.82)),
        ),
        "camera": Camera(
            position=Still(point=(0.0, -5.0, 1.6)),
            look_at=Keys(times=(0.0, 0.2), points=((0.0, 0.0, 1.3), (0.2, 0.0, 1.4))),
            focal_mm=42.0,
        ),
        "targets": (target,),
        "extras": (
            Extra(
                asset=occluder,
                asset_digest=digest(occluder),
                finish="default",
                curve=Still(point=(0.35, -1.2, 1.0)),
            ),
        ),
        "effects": (
            Lightning(
                object_id=1,
                source=(-1.5, 1.5, 4.0),
                colour=(0.5, 0.7, 1.0),
                strikes=(Strike(time=0.02, duration=0.1, seed=3, strength=30.0),),
            ),
            Glow(object_id=1, colour=(0.3, 0.6, 1.0), radius=0.35, strength=1.0),
            Trail(object_id=1, colour=(0.3, 0.6, 1.0), width=0.12, duration=0.15, strength=3.0),
        ),
    }
    return ClipSpec(**(spec | changes))
