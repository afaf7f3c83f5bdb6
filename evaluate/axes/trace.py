# ruff: noqa: N802, N815 (shape suffixes, of fields and properties too)
"""What the axes look at: one object of one clip, frame by frame, in truth (`Shot`) and as a method had it (`Trace`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

COUNTERFACTUALS = ("effects", "charge", "occluders", "distractors", "blur")
"""Factors that a twin may lack."""


@dataclass(frozen=True)
class Shot:
    """One object of a clip in truth. Arrays are over the T frames; nan where a thing is not defined or not known.

    cluster: the clip whose streams this one shares (its own name where it has no twins). title: what sets it apart from
    them: a factor that it lacks, or `key=value` pairs of a sweep. prompted: the frame that the methods were shown.
    present_T: by the mask rule. occlusion_T: share hidden, 0 to 1. veil_T: mean veil over the mask. speed_T, blur_T:
    diameters a frame. charge_T: share of its light that it emits. centre_T2: unoccluded centre, (x, y) px. diameter_T:
    px, of the circle of the unoccluded area.
    """

    clip: str
    object_id: int
    label: str
    cluster: str
    title: str | None
    prompted: int
    present_T: Flags
    occlusion_T: Floats
    veil_T: Floats
    speed_T: Floats
    blur_T: Floats
    charge_T: Floats
    centre_T2: Floats
    diameter_T: Floats

    @property
    def frames(self) -> int:
        return len(self.present_T)

    @property
    def lacks(self) -> str | None:
        """The factor that this twin lacks."""
        return self.title if self.title in COUNTERFACTUALS else None

    @property
    def settings(self) -> dict[str, str]:
        """Key and value of everything that its sweep varies; empty outside sweeps."""
        pairs: list[list[str]] = [part.split("=", 1) for part in (self.title or "").split(", ") if "=" in part]
        return {key: value for key, value in pairs}  # noqa: C416 (dict() does not take lists of two)

    @property
    def counted_T(self) -> Flags:
        """Frames after the prompt."""
        return np.arange(self.frames) > self.prompted

    @property
    def hidden_T(self) -> Flags:
        """At most 5 % of it is visible, or nothing that counts; it may also be outside the picture.

        Of real footage, whose occlusion nobody knows, the frames without a mask.
        """
        return ~self.present_T | (np.nan_to_num(self.occlusion_T) >= HIDDEN)

    def dump(self) -> dict[str, Any]:
        """As JSON holds it; `load` takes it back."""
        told = {field.name: getattr(self, field.name) for field in fields(self)}
        told["present_T"] = self.present_T.astype(float)
        return {name: _listed(value) if isinstance(value, np.ndarray) else value for name, value in told.items()}

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Shot:
        """Of what `dump` gave."""
        told = {name: _array(value) if isinstance(value, list) else value for name, value in data.items()}
        return cls(**(told | {"present_T": told["present_T"] > 0}))


HIDDEN = 0.95


@dataclass(frozen=True)
class Trace:
    """What a method made of a shot, frame by frame.

    j_T, f_T, area_f_T: scores against the true mask (empty on empty is 1). matte_T: the sum of |prediction - soft
    coverage| over the sum of coverage; nan without coverage. area_T: predicted pixels. centre_T2: their centre, (x, y)
    px, nan where there are none. other_T: the largest IoU with another labelled object of the clip. score_T: the
    object's score as a probability; nan of methods that have none.
    """

    shot: Shot
    j_T: Floats
    f_T: Floats
    area_f_T: Floats
    matte_T: Floats
    area_T: Floats
    centre_T2: Floats
    other_T: Floats
    score_T: Floats

    @property
    def visible_T(self) -> Flags:
        """Frames that J&F is averaged over: after the prompt, and the object is present."""
        return self.shot.counted_T & self.shot.present_T

    @property
    def jf_T(self) -> Floats:
        """J&F of each visible frame, nan elsewhere."""
        return np.where(self.visible_T, (self.j_T + self.f_T) / 2, np.nan)

    def jf(self, frames_T: Flags | None = None) -> float | None:
        """Mean J&F over visible frames, of those given; None where there are none."""
        kept = self.visible_T if frames_T is None else self.visible_T & frames_T
        return float(self.jf_T[kept].mean()) if kept.any() else None

    def dump(self) -> dict[str, Any]:
        """The arrays as lists that JSON holds, None for nan; `load` takes them back."""
        arrays = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "shot"}
        return {name: _listed(array) for name, array in arrays.items()}

    @classmethod
    def load(cls, shot: Shot, data: Mapping[str, Any]) -> Trace:
        """Of what `dump` gave; ValueError where it is of another shot."""
        arrays = {name: _array(values) for name, values in data.items()}
        if {field.name for field in fields(cls)} != {"shot", *arrays} or len(arrays["j_T"]) != shot.frames:
            raise ValueError("not a trace of this shot")
        return cls(shot=shot, **arrays)


def siblings(traces: list[Trace]) -> dict[tuple[str, int], list[Trace]]:
    """Traces by cluster and object."""
    found: dict[tuple[str, int], list[Trace]] = {}
    for trace in traces:
        found.setdefault((trace.shot.cluster, trace.shot.object_id), []).append(trace)
    return found


def counterfactual_pairs(traces: list[Trace], factor: str) -> list[tuple[Trace, Trace]]:
    """(with the factor, its twin without), for every clip of a group that has such a twin."""
    pairs = []
    for group in siblings(traces).values():
        without = next((trace for trace in group if trace.shot.lacks == factor), None)
        if without is not None:
            pairs += [(trace, without) for trace in group if trace.shot.lacks is None]
    return pairs


def _listed(array: NDArray[Any]) -> list[Any]:
    known = np.isfinite(array)
    values = np.round(array, 9).astype(object)
    values[~known] = None
    listed: list[Any] = values.tolist()
    return listed


def _array(values: list[Any]) -> Floats:
    return np.array(values, np.float64)
