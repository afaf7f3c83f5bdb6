"""J and F, exactly as the DAVIS 2017 benchmark defines them, and the F that MOSEv2 puts beside them.

Definitions: F. Perazzi et al., "A Benchmark Dataset and Evaluation Methodology for Video Object Segmentation", CVPR
2016, section 4, as implemented by the public `davis2017-evaluation` tool (`db_eval_iou`, `db_eval_boundary`), whose
values on 65 mask pairs are the golden test of this module; H. Ding et al., "MOSEv2: A More Challenging Dataset for
Video Object Segmentation in Complex Scenes", 2025, for the tolerance that follows the object's size.

Masks are bool (H, W). Only the box around both masks is looked at: outside it there is nothing to match or be matched.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .boundary import boundary, share_within, window

Mask = NDArray[np.bool_]

BOUND_TH = 0.008
"""Tolerance of F as a share of the image's diagonal."""
AREA_TH = 0.1
"""Tolerance of the area-aware F as a share of the square root of the true area."""


class FrameScore(NamedTuple):
    """One object in one frame: region J, boundary F, and the boundary F whose tolerance follows the object's size."""

    j: float
    f: float
    f_area: float


def jaccard(pred: Mask, truth: Mask) -> float:
    """Region similarity J: |pred and truth| / |pred or truth|, and 1 where both are empty."""
    _same_shape(pred, truth)
    union = int(np.count_nonzero(pred | truth))
    return 1.0 if union == 0 else int(np.count_nonzero(pred & truth)) / union


def boundary_f(pred: Mask, truth: Mask, bound_th: float = BOUND_TH) -> float:
    """Boundary accuracy F: the F-measure of the two masks' boundary pixels.

    A boundary pixel is matched where one of the other mask's lies within ceil(bound_th * image diagonal) pixels (a
    disk: the official dilation). Both boundaries empty give 1, one empty gives 0.
    """
    _same_shape(pred, truth)
    edges = _edges(pred, truth)
    return 1.0 if edges is None else _f(*edges, _tolerance(truth.shape, bound_th))


def area_aware_f(pred: Mask, truth: Mask) -> float:
    """F with a tolerance of ceil(0.1 * sqrt(true area)) pixels where that is less than DAVIS's.

    DAVIS's tolerance swallows small objects whole: at 480p it is 8 pixels, however small the object is.
    """
    _same_shape(pred, truth)
    edges = _edges(pred, truth)
    return 1.0 if edges is None else _f(*edges, _area_tolerance(truth))


def frame_score(pred: Mask, truth: Mask) -> FrameScore:
    """J and both F of one frame, for less than the three of them by themselves."""
    _same_shape(pred, truth)
    both = pred | truth
    box = window(both)
    if box is None:
        return FrameScore(1.0, 1.0, 1.0)
    small_pred, small_truth = pred[box], truth[box]
    j = int(np.count_nonzero(small_pred & small_truth)) / int(np.count_nonzero(both[box]))
    wide, narrow = _tolerance(truth.shape, BOUND_TH), _area_tolerance(truth[box], truth.shape)
    edges = boundary(small_pred), boundary(small_truth)
    f = _f(*edges, wide)
    return FrameScore(j, f, f if wide == narrow else _f(*edges, narrow))


def j_and_f(pred: Mask, truth: Mask) -> tuple[float, float]:
    """J and F of one frame."""
    _same_shape(pred, truth)
    both = pred | truth
    box = window(both)
    if box is None:
        return 1.0, 1.0
    small_pred, small_truth = pred[box], truth[box]
    j = int(np.count_nonzero(small_pred & small_truth)) / int(np.count_nonzero(both[box]))
    return j, _f(boundary(small_pred), boundary(small_truth), _tolerance(truth.shape, BOUND_TH))


def _edges(pred: Mask, truth: Mask) -> tuple[Mask, Mask] | None:
    box = window(pred | truth)
    return None if box is None else (boundary(pred[box]), boundary(truth[box]))


def _f(pred_edge: Mask, truth_edge: Mask, radius: int) -> float:
    some_pred, some_truth = bool(pred_edge.any()), bool(truth_edge.any())
    if not (some_pred and some_truth):
        return float(some_pred == some_truth)
    precision = share_within(pred_edge, truth_edge, radius)
    recall = share_within(truth_edge, pred_edge, radius)
    return 0.0 if precision + recall == 0 else 2 * precision * recall / (precision + recall)


def _tolerance(shape: tuple[int, ...], bound_th: float) -> int:
    return int(np.ceil(bound_th * np.linalg.norm(shape)))


def _area_tolerance(truth: Mask, shape: tuple[int, ...] | None = None) -> int:
    """`truth` may be a window of a picture of that shape."""
    by_area = math.ceil(AREA_TH * math.sqrt(int(np.count_nonzero(truth))))
    return min(_tolerance(shape or truth.shape, BOUND_TH), by_area)


def _same_shape(pred: Mask, truth: Mask) -> None:
    if pred.shape != truth.shape or truth.ndim != 2:
        raise ValueError(f"masks must be (H, W) and of one shape, not {pred.shape} and {truth.shape}")
