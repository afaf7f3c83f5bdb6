"""From predicted masks to what the scores and the axes look at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..axes.trace import Shot, Trace
from ..metrics import frame_score, jaccard
from .clips import Clip, Mask, Truth
from .results import ClipScore

MOVING_DIAMETERS = 1.0


def follow(clip: Clip, object_id: int, masks: Sequence[Mask], scores: Sequence[float] = ()) -> Trace:
    """One object's predicted masks, one a frame of the clip, frame by frame against the truth.

    `scores` are the method's beliefs that the object is there, 0 to 1, where it has any.
    """
    truth = clip.objects[object_id]
    shot = truth.shot or _bare(clip, object_id, truth)
    others = [one.masks for number, one in clip.objects.items() if number != object_id]
    count = len(clip.frames)
    rows = np.full((count, 3), np.nan)
    matte, area, other = np.full(count, np.nan), np.zeros(count), np.full(count, np.nan)
    centre = np.full((count, 2), np.nan)
    for frame in range(truth.prompted, count):
        mask = masks[frame]
        rows[frame] = frame_score(mask, truth.masks[frame])
        area[frame] = np.count_nonzero(mask)
        if area[frame]:
            ys, xs = np.nonzero(mask)
            centre[frame] = xs.mean() + 0.5, ys.mean() + 0.5
        if truth.coverage:
            matte[frame] = _matte_error(mask, truth.coverage[frame])
        shown = [one[frame] for one in others if one[frame].any()]
        if others:
            other[frame] = max((jaccard(mask, one) for one in shown), default=0.0)
    centre[truth.prompted] = _centre(truth.masks[truth.prompted])
    said = np.full(count, np.nan)
    said[: len(scores)] = scores
    return Trace(shot, rows[:, 0], rows[:, 1], rows[:, 2], matte, area, centre, other, said)


def clip_score(clip: Clip, trace: Trace) -> ClipScore:
    """The means over the frames after the prompt, those with and those without the object apart."""
    truth, shot = clip.objects[trace.shot.object_id], trace.shot
    visible, absent = trace.visible_T, shot.counted_T & ~shot.present_T
    pixels = truth.masks[0].size
    j_frames = tuple(float(j) if seen else None for j, seen in zip(trace.j_T, visible, strict=True))
    return ClipScore(
        clip=clip.name,
        object_id=shot.object_id,
        label=truth.label,
        cluster=clip.cluster,
        prompted=truth.prompted,
        frames=len(clip.frames),
        displacement=truth.displacement,
        moving=truth.displacement > MOVING_DIAMETERS,
        visible_frames=int(visible.sum()),
        absent_frames=int(absent.sum()),
        j=float(trace.j_T[visible].mean()) if visible.any() else None,
        f=float(trace.f_T[visible].mean()) if visible.any() else None,
        absent_area=float(trace.area_T[absent].mean()) / pixels if absent.any() else None,
        j_frames=j_frames,
    )


def score(clip: Clip, object_id: int, masks: Sequence[Mask]) -> ClipScore:
    """Score one object's predicted masks, one a frame of the clip (those up to the prompt are not looked at)."""
    return clip_score(clip, follow(clip, object_id, masks))


def _matte_error(mask: Mask, coverage: NDArray[np.uint8]) -> float:
    total = int(coverage.sum(dtype=np.int64))
    if total == 0:
        return float("nan")
    inside = int(coverage[mask].sum(dtype=np.int64))
    return (255 * int(np.count_nonzero(mask)) - inside + total - inside) / total


def _centre(mask: Mask) -> tuple[float, float]:
    ys, xs = np.nonzero(mask)
    return float(xs.mean()) + 0.5, float(ys.mean()) + 0.5


def _bare(clip: Clip, object_id: int, truth: Truth) -> Shot:
    """Of an object of which nothing but masks is known."""
    count = len(clip.frames)
    unknown = np.full(count, np.nan)
    return Shot(
        clip=clip.name,
        object_id=object_id,
        label=truth.label,
        cluster=clip.cluster,
        title=None,
        prompted=truth.prompted,
        present_T=truth.masks.any(axis=(1, 2)),
        occlusion_T=unknown,
        veil_T=unknown,
        speed_T=unknown,
        blur_T=unknown,
        charge_T=unknown,
        centre_T2=np.full((count, 2), np.nan),
        diameter_T=unknown,
    )
