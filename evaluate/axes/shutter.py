"""How well a mask's way fits the object's within a frame, while the shutter is open and the object smears."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .trace import Floats, Trace

MOMENTS = 9
"""Moments of an open shutter that are looked at."""
BLURRED = 0.05
"""Diameters that an object smears over from which a frame counts as blurred."""


def disk_iou(apart: Floats) -> Floats:
    """IoU of two equal disks whose centres are `apart` diameters from each other: the area of their lens, 0 from one
    diameter on."""
    apart = np.minimum(apart, 1.0)
    lens = 2 / np.pi * (np.arccos(apart) - apart * np.sqrt(1 - apart**2))
    return np.asarray(lens / (2 - lens))


def along_the_blur(trace: Trace) -> Floats:
    """(T,): trajectory IoU of each visible, blurred frame; nan of the others, 0 where nothing is masked.

    The mean IoU over the moments of the open shutter of two disks of the object's true size, one on its true way, one
    on that of the predicted masks; both ways are parabolas through the centres of three frames (TIoU of J. Kotera, D.
    Rozumnyi, F. Šroubek and J. Matas, "Intra-frame Object Tracking by Deblatting", 2019, with disks for the object's
    shape). The true ways are those of the unoccluded object; how long the shutter is open is the blur's share of the
    way gone in a frame.
    """
    shot = trace.shot
    blurred = trace.visible_T & (shot.blur_T >= BLURRED) & (shot.speed_T > 0) & (shot.diameter_T > 0)
    found = np.full(shot.frames, np.nan)
    for frame in np.flatnonzero(blurred):
        moments = np.linspace(-0.5, 0.5, MOMENTS) * shot.blur_T[frame] / shot.speed_T[frame]
        true, guessed = (_way(centres, int(frame), moments) for centres in (shot.centre_T2, trace.centre_T2))
        if true is not None:
            apart = None if guessed is None else np.linalg.norm(guessed - true, axis=1) / shot.diameter_T[frame]
            found[frame] = 0.0 if apart is None else disk_iou(apart).mean()
    return found


def _way(centres_T2: Floats, frame: int, moments_K: Floats) -> Floats | None:
    """(K, 2): places at `moments_K` frames from a frame; None where that has no centre. Through three frames a
    parabola, through two a line, else it stands still."""
    near = [t for t in (frame - 1, frame, frame + 1) if 0 <= t < len(centres_T2) and _known(centres_T2[t])]
    if frame not in near:
        return None
    times = np.array(near, float) - frame
    terms: NDArray[np.float64] = np.vander(times, len(near))
    return np.asarray(np.vander(moments_K, len(near)) @ np.linalg.solve(terms, centres_T2[near]))


def _known(centre_2: Floats) -> bool:
    return bool(np.isfinite(centre_2).all())
