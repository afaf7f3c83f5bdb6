"""Does each axis measure what it says? Trackers with one known flaw must lose on their own axis, and on no other.

Thresholds are set on some clips and tried on others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from render.document import Document
from render.manifest import Dataset

from ..axes import AXES, Axis, Trace, measure_axes
from ..axes.general import STEADINESS, general
from ..axes.occlusion import TAKEN
from ..axes.trajectory import MOTION
from ..running.tracing import follow
from .flawed import FLAWED, OWN, Scene, Tracker, faithful, scene_of


class Proof(Document):
    """By flaw and axis what is lost beyond what the faithful tracker loses, on unseen clips; the axes' thresholds.

    beside: by flaw two figures beside the axes, less the faithful tracker's: other objects taken for it, unsteadiness.
    clips: how many thresholds were set on, and tried on.
    """

    losses: dict[str, dict[str, float | None]]
    thresholds: dict[str, float | None]
    beside: dict[str, dict[str, float | None]]
    clips: tuple[int, int]

    def lost_on(self, flaw: str) -> set[str]:
        """The axes on which a flaw is seen."""
        return {
            axis
            for axis, value in self.losses[flaw].items()
            if value is not None and (bound := self.thresholds[axis]) is not None and value > bound
        }


def prove(tuning: Sequence[Scene], unseen: Sequence[Scene]) -> Proof:
    """Set thresholds on the first, half of what an axis's own flaw (the least, of several) costs; try the others."""
    seen, told = losses(tuning), losses(unseen)
    plain = _beside(unseen, faithful)
    return Proof(
        losses=told,
        thresholds={axis: _half([seen[flaw][axis] for flaw, own in OWN.items() if own == axis]) for axis in AXES},
        beside={
            flaw: {name: _less(value, plain[name]) for name, value in _beside(unseen, tracker).items()}
            for flaw, tracker in FLAWED.items()
        },
        clips=(len(tuning), len(unseen)),
    )


def prove_on(dataset: Dataset) -> Proof:
    """On a rendered benchmark of several rounds: thresholds from the first half of them."""
    scenes = [scene_of(dataset, name) for name in dataset.clips("test")]
    half = len(scenes) // 2
    return prove(scenes[:half], scenes[half:])


def losses(scenes: Sequence[Scene]) -> dict[str, dict[str, float | None]]:
    """By flaw and axis what is lost beyond what the faithful tracker loses; None where there is nothing to measure."""
    plain = {axis.name: loss(axis) for axis in measure_axes(traces(scenes, faithful))}
    return {
        flaw: {axis.name: _less(loss(axis), plain[axis.name]) for axis in measure_axes(traces(scenes, tracker))}
        for flaw, tracker in FLAWED.items()
    }


def loss(axis: Axis) -> float | None:
    """What the challenge alone costs: the paired effect, and of trajectories how badly their motion was read."""
    if axis.name == "trajectory":
        return axis.figures[MOTION].value
    return None if axis.effect.value is None else -axis.effect.value


def traces(scenes: Sequence[Scene], tracker: Tracker) -> list[Trace]:
    """What a tracker makes of every object."""
    return list(_traces(scenes, tracker))


def _traces(scenes: Sequence[Scene], tracker: Tracker) -> Iterator[Trace]:
    for scene in scenes:
        for number in scene.clip.objects:
            yield follow(scene.clip, number, list(tracker(scene, number)))


def _beside(scenes: Sequence[Scene], tracker: Tracker) -> dict[str, float | None]:
    found = traces(scenes, tracker)
    return {
        TAKEN: AXES["occlusion"](found).figures[TAKEN].value,
        STEADINESS: general(found)[STEADINESS].value,
    }


def _half(costs: Sequence[float | None]) -> float | None:
    known = [cost for cost in costs if cost is not None]
    return min(known) / 2 if known else None


def _less(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other
