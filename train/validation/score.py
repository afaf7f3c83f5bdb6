"""Scores of held-out clips: J and F as the benchmark measures them, over all frames and over those of each trait."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..data.held_out import HeldOut
from .track import Masks
from .traits import TRAITS

COLUMNS = ("j", "f", "j_visible", *TRAITS)
"""What is measured of a clip. A trait's column is J&F over the frames that have it."""


@dataclass(frozen=True)
class Score:
    """Means over clips of means over the frames after the first.

    `j` and `f` count every frame (an empty answer to an absent object is right: 1), `j_visible` those where it is
    present. `traits`: J&F over the frames of a trait, for those traits that any clip has.
    """

    j: float
    f: float
    j_visible: float
    traits: dict[str, float]
    clips: int

    @property
    def jf(self) -> float:
        """J&F, their mean."""
        return (self.j + self.f) / 2

    def as_dict(self) -> dict[str, float | int]:
        """One flat table."""
        told: dict[str, float | int] = {"jf": self.jf, "j": self.j, "f": self.f, "j_visible": self.j_visible}
        return told | self.traits | {"clips": self.clips}


def measure(answer: Masks, clip: HeldOut) -> NDArray[np.float64]:
    """A clip's COLUMNS; NaN where it has no such frame. `answer` holds a mask a frame, the first included."""
    from evaluate.metrics import j_and_f

    truths = [clip.masks[n] for n in range(1, len(clip.masks))]
    jf_T2 = np.array([j_and_f(mask, truth) for mask, truth in zip(answer[1:], truths, strict=True)])
    present_T = np.array([truth.any() for truth in truths])
    row = [*jf_T2.mean(axis=0), _mean(jf_T2[present_T, 0])]
    for trait in TRAITS:
        flags_T = clip.traits[trait][1:] if trait in clip.traits else np.zeros(len(truths), np.bool_)
        row.append(_mean(jf_T2[flags_T]))
    return np.array(row)


def conclude(rows_CK: NDArray[np.float64]) -> Score:
    """The score of several clips, a row of COLUMNS each."""
    means = dict(zip(COLUMNS, (_mean(column[~np.isnan(column)]) for column in rows_CK.T), strict=True))
    known = {trait: means[trait] for trait in TRAITS if not np.isnan(means[trait])}
    return Score(means["j"], means["f"], float(np.nan_to_num(means["j_visible"])), known, len(rows_CK))


def score(answers: Sequence[Masks], clips: Sequence[HeldOut]) -> Score:
    """Compare answers (one list of masks a clip, the first frame included) with the truth."""
    return conclude(np.stack([measure(answer, clip) for answer, clip in zip(answers, clips, strict=True)]))


def _mean(values: NDArray[np.float64]) -> float:
    """The mean, NaN of nothing."""
    return float(values.mean()) if values.size else float("nan")
