"""Validation as a user would see it: held-out clips tracked from their first mask by the real video predictor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from .data.held_out import HeldOut
from .models import build_video

Masks = Sequence[NDArray[np.bool_]]


@dataclass(frozen=True)
class Score:
    """Means over clips of the mean over all frames after the first.

    `j` counts every frame (an empty answer to an absent object is right: 1), `j_visible` those where it is present.
    """

    j: float
    j_visible: float
    clips: int

    def as_dict(self) -> dict[str, float | int]:
        return asdict(self)


def score(answers: Sequence[Masks], clips: Sequence[HeldOut]) -> Score:
    """Compare answers (one list of masks a clip, the first frame included) with the truth, by the region measure J."""
    from evaluate.metrics import jaccard

    overall, visible = [], []
    for answer, clip in zip(answers, clips, strict=True):
        js = [jaccard(mask, truth) for mask, truth in zip(answer[1:], clip.masks[1:], strict=True)]
        overall.append(np.mean(js))
        seen = [j for j, truth in zip(js, clip.masks[1:], strict=True) if truth.any()]
        if seen:
            visible.append(np.mean(seen))
    return Score(float(np.mean(overall)), float(np.mean(visible)) if visible else 0.0, len(clips))


def track_all(model: str, state: dict[str, Tensor], clips: Sequence[HeldOut], device: str) -> list[Masks]:
    """Every clip's masks as the named model with these weights tracks them from the first mask."""
    from evaluate.tracker import Prompt, Tracker

    predictor = build_video(model)
    predictor.load_state_dict(state, strict=True)
    tracker = Tracker(predictor, device)
    answers: list[Masks] = []
    for clip in clips:
        prompt = Prompt(object_id=1, mask=clip.masks[0])
        answers.append([tracked.masks[1] for tracked in tracker.track(clip.frames, [prompt])])
    return answers


def copy_first(clips: Sequence[HeldOut]) -> list[Masks]:
    """The answer of something that never looks: the first mask, again and again."""
    return [[clip.masks[0]] * len(clip.masks) for clip in clips]
