"""J and F, exactly as the DAVIS 2017 benchmark defines them, computed on no more pixels than the masks touch.

Definitions: F. Perazzi et al., "A Benchmark Dataset and Evaluation Methodology for Video Object Segmentation", CVPR
2016, section 4, as implemented by the public `davis2017-evaluation` tool (`db_eval_iou`, `db_eval_boundary`), whose
values on 65 mask pairs are the golden test of this module.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Mask = NDArray[np.bool_]

BOUND_TH = 0.008
"""Tolerance of F as a share of the image's diagonal."""


class Protocol(StrEnum):
    """Which frames of a sequence are averaged."""

    DAVIS = "davis"
    """All but the first (it is given) and the last frame: what the DAVIS leaderboard reports."""
    HELD_OUT = "held-out"
    """Every frame after the prompted one, the last included: what heroprop reports."""


def scored_frames(frames: int, prompted: int = 0, protocol: Protocol = Protocol.HELD_OUT) -> range:
    """Indices of the frames that count for a sequence of `frames` frames prompted at frame `prompted`."""
    if protocol is Protocol.DAVIS:
        return range(1, max(frames - 1, 1))
    return range(prompted + 1, frames)


def jaccard(pred: Mask, truth: Mask) -> float:
    """Region similarity J: |pred and truth| / |pred or truth|, and 1 where both are empty. Masks are bool (H, W)."""
    _same_shape(pred, truth)
    union = int(np.count_nonzero(pred | truth))
    return 1.0 if union == 0 else int(np.count_nonzero(pred & truth)) / union


def boundary_f(pred: Mask, truth: Mask, bound_th: float = BOUND_TH) -> float:
    """Boundary accuracy F: the F-measure of the two masks' boundary pixels. Masks are bool (H, W).

    A boundary pixel is matched where one of the other mask's lies within ceil(bound_th * image diagonal) pixels (a
    disk: the official dilation). Both boundaries empty give 1, one empty gives 0.

    Only the box around both masks is looked at: outside it there are no boundary pixels, to match or to be matched.
    """
    _same_shape(pred, truth)
    radius = float(np.ceil(bound_th * np.linalg.norm(truth.shape)))
    window = _window(pred | truth)
    if window is None:
        return 1.0
    pred_N2, truth_N2 = (np.argwhere(boundary(mask[window])) for mask in (pred, truth))
    if len(pred_N2) == 0 or len(truth_N2) == 0:
        return float(len(pred_N2) == len(truth_N2))
    precision = _share_within(pred_N2, truth_N2, radius)
    recall = _share_within(truth_N2, pred_N2, radius)
    return 0.0 if precision + recall == 0 else 2 * precision * recall / (precision + recall)


def j_and_f(pred: Mask, truth: Mask) -> tuple[float, float]:
    """J and F of one frame."""
    return jaccard(pred, truth), boundary_f(pred, truth)


def boundary(mask: Mask) -> Mask:
    """One-pixel boundary of a bool (H, W) mask: pixels that differ from their right, lower or lower-right neighbour.

    The image's edge is no boundary: beyond it the mask goes on as it is. (The `seg2bmap` of D. Martin's Berkeley
    segmentation benchmark, at the mask's own resolution.)
    """
    padded = np.pad(mask, ((0, 1), (0, 1)), mode="edge")
    right, below, diagonal = padded[:-1, 1:], padded[1:, :-1], padded[1:, 1:]
    edges: Mask = (mask ^ right) | (mask ^ below) | (mask ^ diagonal)
    return edges


def _window(mask: Mask) -> tuple[slice, slice] | None:
    """The box around a mask, one pixel larger on every side where the image allows; None for an empty mask.

    One pixel suffices: boundary pixels lie at most one pixel up and left of the mask, and the added row and column of
    background (or the image's true edge) continue the mask as the whole image would.
    """
    rows = np.flatnonzero(mask.any(axis=1))
    if len(rows) == 0:
        return None
    columns = np.flatnonzero(mask.any(axis=0))
    return slice(max(rows[0] - 1, 0), rows[-1] + 2), slice(max(columns[0] - 1, 0), columns[-1] + 2)


def _share_within(points_N2: NDArray[np.intp], others_M2: NDArray[np.intp], radius: float) -> float:
    """The share of `points` with one of `others` within `radius`, inclusive (squared distances are exact integers)."""
    distance_N, _ = cKDTree(others_M2).query(points_N2, distance_upper_bound=radius + 0.5)
    return float(np.count_nonzero(distance_N <= radius)) / len(points_N2)


def _same_shape(pred: Mask, truth: Mask) -> None:
    if pred.shape != truth.shape or truth.ndim != 2:
        raise ValueError(f"masks must be (H, W) and of one shape, not {pred.shape} and {truth.shape}")
