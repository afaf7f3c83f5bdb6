"""Bodies of what is in a clip, with the arm and hand of figures that hold a target: they hide some of it themselves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...asset import Library, Solid
from ...motion import orientation, position, rotate
from ...spec import Arc, Curve, Extra, Spin, Still, Sum, Target
from ..camera.shot import vec
from .bodies import Body

Floats = NDArray[np.float64]
HAND = 0.055
"""Metres: radius of a ball as large as a closed hand."""
LIMB = 0.05
"""Metres: radius of an arm."""


def bodies_of(extra: Extra, targets: tuple[Target, ...], library: Library) -> tuple[Body, ...]:
    """The body of an extra, and of a figure that holds a target those of its arm and hand."""
    return (Body.of(extra, library), *arm(extra, targets, library))


def arm(extra: Extra, targets: tuple[Target, ...], library: Library) -> tuple[Body, ...]:
    """Arm and hand of a figure while it holds a target: a limb from the pivot, a ball at the handle.

    Of an arm that wears a target only the upper half shows.
    """
    held = [target for target in targets if target.object_id == extra.holds]
    handle = library.get(held[0].asset).asset.handle if held else None
    curve = shoulder_of(held[0].curve) if held else None
    if handle is None or curve is None:
        return ()
    if handle.worn:
        return (_limb(curve, np.asarray(curve.arm)),)
    target = held[0]
    at = np.asarray(handle.at)
    ball = Solid(low=vec(at - HAND), high=vec(at + HAND), round="all")
    hand = Body((ball,), target.curve, target.spin, target.scale)
    grip = handle_at(target, library, np.zeros(1))[0] - np.asarray(curve.pivot)
    return hand, _limb(curve, grip)


def shoulder_of(curve: Curve) -> Arc | None:
    """The turn about a shoulder that a target's way begins with; None where no arm moves it so."""
    first = curve.parts[0] if isinstance(curve, Sum) else curve
    return first if isinstance(first, Arc) else None


def _limb(shoulder: Arc, way: Floats) -> Body:
    """What goes from a shoulder along `way`, metres, and turns with it."""
    long = float(np.linalg.norm(way))
    solid = Solid(low=(-LIMB, -LIMB, 0.0), high=(LIMB, LIMB, long), round="z")
    return Body((solid,), Still(point=shoulder.pivot), Spin(base=_upon(way / long), world=shoulder.turn))


def handle_at(target: Target, library: Library, times: Floats) -> Floats:
    """Where the middle of a target's handle is, metres, (F, 3)."""
    handle = library.get(target.asset).asset.handle
    at = np.zeros(3) if handle is None else np.asarray(handle.at) * target.scale
    return np.asarray(position(target.curve, times) + rotate(orientation(target.spin, times), at))


def _upon(way: Floats) -> tuple[float, float, float, float]:
    """The shortest turn that brings +Z onto a unit vector."""
    if way[2] < -0.999999:
        return 0.0, 1.0, 0.0, 0.0
    turn = np.array([1 + way[2], -way[1], way[0], 0.0])
    turn /= np.linalg.norm(turn)
    return float(turn[0]), float(turn[1]), float(turn[2]), 0.0
