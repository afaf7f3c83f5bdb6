"""All axes of one method."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .axis import Axis
from .effects import effects
from .movement import movement
from .occlusion import occlusion
from .trace import Trace
from .trajectory import trajectory
from .transformation import transformation

AXES: dict[str, Callable[[Sequence[Trace]], Axis]] = {
    "movement": movement,
    "effects": effects,
    "trajectory": trajectory,
    "occlusion": occlusion,
    "transformation": transformation,
}


def measure_axes(traces: Sequence[Trace]) -> tuple[Axis, ...]:
    """Every axis, in order; one that has nothing to measure says so in its note."""
    return tuple(axis(traces) for axis in AXES.values())
