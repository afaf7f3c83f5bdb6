"""Validation by all processes together: each tracks its share of the clips, and every one knows the score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..config import Model
from ..data.held_out import HeldOut
from ..distributed import World
from .pictures import TILE, TILES, strip
from .score import COLUMNS, Score, conclude, measure
from .track import track_all


@dataclass(frozen=True)
class Validated:
    """The score, and the clips of the lowest J&F as strips one under another, uint8 (H, W, 3); None if none."""

    score: Score
    worst: NDArray[np.uint8] | None


def validate(
    model: Model, state: Mapping[str, Tensor], clips: Sequence[HeldOut], world: World, worst: int = 0
) -> Validated:
    """Track all clips with these weights and score them; the `worst` lowest are drawn."""
    mine = range(world.rank, len(clips), world.size)
    tracked = track_all(model.name, state, [clips[n] for n in mine], str(world.device), model.size)
    answers = dict(zip(mine, tracked, strict=True))
    rows = np.zeros((len(clips), len(COLUMNS)))
    for n, answer in answers.items():
        rows[n] = measure(answer, clips[n])
    rows = world.sum(torch.from_numpy(rows)).numpy()
    if not worst:
        return Validated(conclude(rows), None)
    jf = rows[:, :2].mean(axis=1)
    lowest = [int(n) for n in np.argsort(jf, kind="stable")[:worst]]
    sheet = np.zeros((len(lowest), TILE[1], TILES * TILE[0], 3), np.uint8)
    for place, n in enumerate(lowest):
        if n in answers:
            sheet[place] = strip(answers[n], clips[n], f"{clips[n].name}  J&F {jf[n]:.3f}")
    whole = world.sum(torch.from_numpy(sheet)).numpy().astype(np.uint8)
    return Validated(conclude(rows), whole.reshape(-1, *sheet.shape[2:]))
