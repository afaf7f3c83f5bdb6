"""What the planner predicts for a dataset's clips beside what their rendered labels measure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..asset import Library
from ..manifest import Dataset
from ..spec import ClipSpec
from .occlusion.episode import Episode
from .predict import Predicted, predicted

Floats = NDArray[np.float64]
SHARES = (0.1, 0.5, 0.9)
HIDES = 0.1
"""Episodes that hide less than this share of a target at most are not counted as such."""

Pairs = Iterator[tuple[str, Floats, Floats]]


@dataclass(frozen=True)
class Achieved:
    """Quantiles, at `SHARES`, of one value: as predicted, as measured, and of the error (measured less predicted).

    `count` pairs are behind them, in which both sides are there. `predicted` and `error` are None for what geometry
    alone does not predict; `count` is then that of the measured values.
    """

    count: int
    predicted: tuple[float, ...] | None
    measured: tuple[float, ...]
    error: tuple[float, ...] | None


def achieved(data: Dataset, library: Library) -> dict[str, Achieved]:
    """By name, values of every rendered target: a pair a frame in which it is in the picture, or (episodes) a clip.

    Imported footage has no plan and is left out. UserError where the library lacks an asset.
    """
    found: dict[str, tuple[list[Floats], list[Floats]]] = {}
    for clip in data.clips():
        if data.is_real(clip):
            continue
        spec = ClipSpec.parse(data.spec(clip), clip)
        for object_id, seen in predicted(spec, library).items():
            for name, asked, got in _pairs(spec, seen, data.attributes(clip, object_id)):
                pairs = found.setdefault(name, ([], []))
                pairs[0].append(asked)
                pairs[1].append(got)
    told = {name: _compared(np.concatenate(asked), np.concatenate(got)) for name, (asked, got) in found.items()}
    return {name: one for name, one in told.items() if one is not None}


def _pairs(spec: ClipSpec, seen: Predicted, columns: Mapping[str, NDArray[Any]]) -> Pairs:
    """Name, predicted and measured values of one target; nan where there is none."""

    def measured(name: str) -> Floats:
        return np.asarray(columns[name], np.float64)

    frame, open_share = spec.film.width * spec.film.height, spec.film.shutter_degrees / 360
    there_F = seen.in_frame & (measured("amodal_area") > 0)
    speed_F = np.where(there_F, seen.speed_px, np.nan)
    diameters_F = np.where(there_F, seen.speed_diameters, np.nan)
    yield "speed (px a frame)", speed_F, measured("speed_px")
    yield "speed (diameters a frame)", diameters_F, measured("speed_diameters")
    yield "blur (px)", speed_F * open_share, measured("blur_px")
    yield "area (share of the frame)", np.where(there_F, seen.area, np.nan) / frame, measured("amodal_area") / frame
    hidden_F = np.where(there_F, measured("occlusion"), np.nan)
    yield "hidden (share of the target)", np.where(there_F, seen.occlusion, np.nan), hidden_F
    asked, got = seen.episode, Episode.of(hidden_F, seen.times)
    if max(asked.peak, got.peak) >= HIDES:
        yield "hidden at most, where it is", np.array([asked.peak]), np.array([got.peak])
        yield "hidden for (s), where it is", np.array([asked.seconds]), np.array([got.seconds])
    yield "veil over the target", np.full(len(there_F), np.nan), measured("veil_mean")


def _compared(asked: Floats, got: Floats) -> Achieved | None:
    """None where nothing was measured."""
    both = np.isfinite(asked) & np.isfinite(got)
    if both.any():
        return Achieved(int(both.sum()), _at(asked[both]), _at(got[both]), _at(got[both] - asked[both]))
    known = np.isfinite(got)
    return Achieved(int(known.sum()), None, _at(got[known]), None) if known.any() else None


def _at(values: Floats) -> tuple[float, ...]:
    return tuple(round(float(value), 4) for value in np.quantile(values, SHARES))
