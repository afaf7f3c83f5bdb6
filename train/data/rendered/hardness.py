"""How hard a window is to follow, by what was measured in its frames and never by what a recipe asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Measured:
    """One object's measures, each float32 (F,) over the clip's frames in 0..1; 0 where a thing is not known.

    hidden: 1 where the object is absent, else its occlusion. veil: of its mean pixel. charge: share of its light that
    it emits. pace: how far it moves to the next frame, in its own diameters (not held to 1).
    """

    hidden: Floats
    veil: Floats
    charge: Floats
    pace: Floats

    @classmethod
    def of(cls, columns: Mapping[str, NDArray[Any]]) -> Measured:
        """From the columns of the objects index (`render.frames.measure.COLUMNS`); of real footage mostly NaN."""
        return cls(
            hidden=np.where(columns["present"].astype(bool), _known(columns["occlusion"]).clip(0, 1), np.float32(1)),
            veil=_known(columns["veil_mean"]).clip(0, 1),
            charge=_known(columns["charge"]).clip(0, 1),
            pace=_known(columns["speed_diameters"]),
        )

    def hardness(self, first: NDArray[np.int32], stride: NDArray[np.int32], length: int) -> Floats:
        """Hardness in 0..4, (W,), of the W windows of `length` frames from `first` on by signed `stride`: the sum of

        - how much more hidden the object gets than it is at the start (it leaves: 1),
        - how much its charge changes,
        - how far it gets from one frame of the window to the next, in diameters, at most 1,
        - how veiled it gets.
        """
        frames_WT = np.asarray(first)[:, None] + np.asarray(stride)[:, None] * np.arange(length)
        hidden_WT, charge_WT = self.hidden[frames_WT], self.charge[frames_WT]
        step_W = self.pace[frames_WT].max(1) * np.abs(stride)
        return np.asarray(
            np.maximum(hidden_WT.max(1) - hidden_WT[:, 0], 0)
            + (charge_WT.max(1) - charge_WT.min(1))
            + np.minimum(step_W, 1)
            + self.veil[frames_WT].max(1),
            np.float32,
        )


def _known(column: NDArray[Any]) -> Floats:
    return np.nan_to_num(column.astype(np.float32), nan=0.0)
