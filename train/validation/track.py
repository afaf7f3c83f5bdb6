"""Held-out clips through the real video predictor, from their first mask, as a user would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..data.held_out import HeldOut
from ..models import build_video

Masks = Sequence[NDArray[np.bool_]]


def track_all(
    model: str, state: Mapping[str, Tensor], clips: Sequence[HeldOut], device: str, size: int | None = None
) -> list[Masks]:
    """Every clip's masks as the named model with these weights tracks them from the first mask, at its own input size
    or at `size`."""
    from evaluate.tracker import Prompt, Tracker

    predictor = build_video(model, size)
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
