"""A clip in which a figure swings a hammer, for the tests of figures."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from render.asset import Library
from render.motion import orientation, position, quaternion_product, rotate
from render.optics import project
from render.spec import Arc, Camera, ClipSpec, Extra, Spin, Still, Target, Turn, Vec3
from tests.specs import make_film, make_spec

PIVOT = (0.0, 0.0, 1.42)
ARM = 0.65


def _vec(values: object) -> Vec3:
    x, y, z = (float(value) for value in np.asarray(values))
    return x, y, z


def spec(library: Library) -> ClipSpec:
    """The hammer comes down from overhead towards +X, in 10 frames; the figure looks along +X, a little to the left."""
    begin, lead = math.radians(100), math.radians(35)
    turn = Turn(axis=(0.0, 1.0, 0.0), times=(0.0, 0.1, 0.3, 0.4), rates=(0.0, 7.0, 7.0, 0.0))
    arm = ARM * np.array([math.cos(begin), 0.0, math.sin(begin)])
    pitch = math.pi / 2 - (begin - lead)  # from upright towards +X, about +Y
    base = (math.cos(pitch / 2), 0.0, math.sin(pitch / 2), 0.0)
    target = Target(
        object_id=1,
        asset="hammer",
        asset_digest=library.get("hammer").digest,
        label="hammer",
        finish="new",
        motion="swing",
        curve=Arc(pivot=PIVOT, arm=_vec(arm), turn=turn),
        spin=Spin(base=base, world=turn),
    )
    figure = library.get("performer")
    wanted = figure.asset.figure
    assert wanted is not None
    assert wanted.shoulder is not None
    yaw = -math.pi / 2 + 0.3
    facing = (math.cos(yaw / 2), 0.0, 0.0, math.sin(yaw / 2))
    extra = Extra(
        asset="performer",
        asset_digest=figure.digest,
        finish="rider",
        curve=Still(point=_vec(np.array(PIVOT) - rotate(facing, np.array(wanted.shoulder)))),
        spin=Spin(base=facing),
        action="brace",
        holds=1,
    )
    film = make_film(width=96, height=72, frames=10, samples=4)
    return make_spec(library, film=film, targets=(target,), extras=(extra,), effects=(), set="test-floor")


def close(assets: Path) -> ClipSpec:
    """Three frames of the stroke from near by, on the bare floor."""
    library = Library.open([assets])
    whole = spec(library)
    turn = Turn(axis=(0.0, 1.0, 0.0), rates=(6.0,))
    target = whole.targets[0]
    # Begun half-way down: everything that the stroke has turned before the first frame goes into arm and base.
    before = np.array([math.cos(0.72), 0.0, math.sin(0.72), 0.0])
    assert isinstance(target.curve, Arc)
    base = quaternion_product(before, np.array(target.spin.base))
    target = target.model_copy(
        update={
            "curve": Arc(pivot=PIVOT, arm=_vec(rotate(before, np.array(target.curve.arm))), turn=turn),
            "spin": Spin(base=tuple(float(v) for v in base), world=turn),
        }
    )
    camera = Camera(position=Still(point=(0.5, -3.0, 1.5)), look_at=Still(point=(0.55, 0.0, 1.42)), focal_mm=100.0)
    film = make_film(width=128, height=96, frames=3, samples=6)
    return whole.model_copy(update={"film": film, "targets": (target,), "camera": camera})


def on_screen(clip: ClipSpec, frame: int) -> tuple[int, int]:
    """The pixel (x, y) in which the middle of the hammer's handle lies."""
    target, time = clip.targets[0], [frame / clip.film.fps]
    handle = Library.open().get(target.asset).asset.handle
    assert handle is not None
    point = position(target.curve, time) + rotate(orientation(target.spin, time), np.array(handle.at))
    places, _ = project(clip.camera, clip.film, time, point)
    return int(places[0, 0]), int(places[0, 1])
