"""What an evaluation found: the document behind `results.json`, and the statistics in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from render.document import Document

from ..axes.axis import Axis, Value
from .statistics import BOOTSTRAP_RESAMPLES, BOOTSTRAP_SEED, Mean, mean, sign_flip_p

__all__ = ["ClipScore", "Comparison", "Mean", "MethodScore", "Results", "Scores", "compare", "mean", "scores"]


class Scores(Document):
    """Means of J, F and J&F = (J + F) / 2 over objects."""

    j: Mean
    f: Mean
    jf: Mean


class ClipScore(Document):
    """One method on one object of one clip. Frames up to the prompted one never count."""

    clip: str
    object_id: int
    label: str
    cluster: str
    """Clips of one cluster (a clip and its twins) are resampled together."""
    prompted: int
    frames: int
    displacement: float
    """Farthest that the object's centre gets from where it was prompted, in its own diameters (measured)."""
    moving: bool
    """Displacement above one diameter: standing still loses here."""
    visible_frames: int
    absent_frames: int
    j: float | None
    """Mean over the scored frames in which the object is visible; None if there are none."""
    f: float | None
    absent_area: float | None
    """Mean share of the picture wrongly masked on scored frames without the object; None if there are none."""
    j_frames: tuple[float | None, ...]
    """J of each frame; None where not scored or absent."""

    @property
    def jf(self) -> float | None:
        return None if self.j is None or self.f is None else (self.j + self.f) / 2


class MethodScore(Document):
    """One checkpoint or baseline on every clip."""

    name: str
    kind: Literal["checkpoint", "baseline"]
    model: str | None
    source: str
    sha256: str | None
    scores: Scores
    moving: Scores
    absent_area: Mean
    axes: tuple[Axis, ...] = ()
    """What it makes of each challenge."""
    figures: dict[str, Mean] = Field(default_factory=dict)
    """Further figures over all objects, by name."""
    frames_per_second: float | None
    clips: tuple[ClipScore, ...]


class Paired(Document):
    """A mean of paired differences, and how often one so large comes by chance."""

    difference: Mean
    p: float | None


class AxisComparison(Document):
    """`after` minus `before` on one challenge, paired by clip and object (or occlusion)."""

    axis: str
    score: Paired
    effect: Paired
    """Of what the challenge alone costs (where higher is better: above 0, it costs `after` less)."""


class Comparison(Document):
    """`after` minus `before` in J&F, paired by object."""

    before: str
    after: str
    difference: Mean
    moving: Mean
    better: int
    """Objects on which `after` is better, of `difference.n`."""
    p: float | None = None
    """How often a difference so large comes by chance, clusters' signs tossed; None below two clusters."""
    axes: tuple[AxisComparison, ...] = ()
    """Challenge by challenge."""


class Results(Document):
    """A whole evaluation; `results.json`."""

    schema_version: Literal[1] = 1
    created: str
    dataset: str
    recipe: str
    recipe_sha256: str
    plan_sha256: str
    mask_rule: str
    generator: str
    blender: str
    split: str
    prompt: Literal["mask", "box", "point"]
    protocol: str
    device: str
    precision: str
    fills_holes: bool
    versions: dict[str, str]
    bootstrap_resamples: int = BOOTSTRAP_RESAMPLES
    bootstrap_seed: int = BOOTSTRAP_SEED
    never_visible: tuple[str, ...] = Field(default=())
    """Objects (`clip/object`) that could not be prompted, for they are visible in no frame but the last or none."""
    methods: tuple[MethodScore, ...]
    comparisons: tuple[Comparison, ...]

    @property
    def checkpoints(self) -> tuple[MethodScore, ...]:
        """The checkpoints, in the order given (before first, after last)."""
        return tuple(method for method in self.methods if method.kind == "checkpoint")

    def method(self, name: str) -> MethodScore:
        """A method by name; KeyError for an unknown one."""
        for method in self.methods:
            if method.name == name:
                return method
        raise KeyError(name)


def scores(clips: Sequence[ClipScore]) -> Scores:
    """Mean J, F and J&F over visible frames of these objects."""
    clusters = [clip.cluster for clip in clips]
    return Scores(
        j=mean([clip.j for clip in clips], clusters),
        f=mean([clip.f for clip in clips], clusters),
        jf=mean([clip.jf for clip in clips], clusters),
    )


def compare(before: MethodScore, after: MethodScore) -> Comparison:
    """Pair two methods that ran on the same objects."""
    pairs = list(zip(before.clips, after.clips, strict=True))
    if any((a.clip, a.object_id) != (b.clip, b.object_id) for a, b in pairs):
        raise ValueError(f"{before.name} and {after.name} did not run on the same objects")
    gains = [None if a.jf is None or b.jf is None else b.jf - a.jf for a, b in pairs]
    clusters = [a.cluster for a, _ in pairs]
    moving = [gain if a.moving else None for gain, (a, _) in zip(gains, pairs, strict=True)]
    return Comparison(
        before=before.name,
        after=after.name,
        difference=mean(gains, clusters),
        moving=mean(moving, clusters),
        better=sum(gain is not None and gain > 0 for gain in gains),
        p=sign_flip_p(gains, clusters),
        axes=tuple(
            AxisComparison(
                axis=one.name,
                score=_paired(one.score_values, other.score_values),
                effect=_paired(one.effect_values, other.effect_values),
            )
            for one, other in zip(before.axes, after.axes, strict=True)
        ),
    )


def _paired(before: Sequence[Value], after: Sequence[Value]) -> Paired:
    pairs = list(zip(before, after, strict=True))
    clusters = [cluster for (_, cluster), _ in pairs]
    gains = [None if a is None or b is None else b - a for (a, _), (b, _) in pairs]
    return Paired(difference=mean(gains, clusters), p=sign_flip_p(gains, clusters))
