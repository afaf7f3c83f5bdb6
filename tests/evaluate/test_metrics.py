"""J and F against the official tool's golden values and against a slow reference written from the definition."""

from __future__ import annotations

import json
import math
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from evaluate.benchmarks.metrics import measure, sequence, whole_mask_j_and_f
from evaluate.metrics import Protocol, area_aware_f, boundary_f, frame_score, j_and_f, jaccard, scored_frames

GOLDEN = json.loads((Path(__file__).parent / "golden" / "davis_jf.json").read_text())["cases"]


def ellipses(shape: list[int], parts: list[list[float]]) -> NDArray[np.bool_]:
    y, x = np.mgrid[: shape[0], : shape[1]]
    mask = np.zeros(shape, np.bool_)
    for cx, cy, rx, ry in parts:
        mask |= ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1
    return mask


@pytest.mark.parametrize("case", GOLDEN, ids=range(len(GOLDEN)))
def test_equals_the_official_tool(case: dict[str, Any]) -> None:
    pred, truth = ellipses(case["shape"], case["pred"]), ellipses(case["shape"], case["gt"])
    assert (pred.sum(), truth.sum()) == (case["pred_area"], case["gt_area"])  # we drew what they drew
    assert jaccard(pred, truth) == pytest.approx(case["J"], abs=1e-6)
    assert boundary_f(pred, truth) == pytest.approx(case["F"], abs=1e-6)


def slow_boundary(mask: NDArray[np.bool_]) -> set[tuple[int, int]]:
    height, width = mask.shape
    found = set()
    for y, x in product(range(height), range(width)):
        right, below = min(x + 1, width - 1), min(y + 1, height - 1)
        if any(mask[y, x] != mask[q] for q in ((y, right), (below, x), (below, right))):
            found.add((y, x))
    return found


def slow_f(pred: NDArray[np.bool_], truth: NDArray[np.bool_], radius: int) -> float:
    """Every boundary pixel against every other, over the whole image."""
    a, b = slow_boundary(pred), slow_boundary(truth)
    if not a or not b:
        return float(not a and not b)

    def near(point: tuple[int, int], others: set[tuple[int, int]]) -> bool:
        return any((point[0] - y) ** 2 + (point[1] - x) ** 2 <= radius**2 for y, x in others)

    precision = sum(near(p, b) for p in a) / len(a)
    recall = sum(near(p, a) for p in b) / len(b)
    return 0.0 if precision + recall == 0 else 2 * precision * recall / (precision + recall)


@st.composite
def mask_pairs(draw: st.DrawFn) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Noise, boxes (touching edges or not), empty and full masks, and slightly shifted copies."""
    shape = draw(st.tuples(st.integers(1, 14), st.integers(1, 14)))

    def one() -> NDArray[np.bool_]:
        kind = draw(st.sampled_from(["noise", "box", "empty", "full"]))
        if kind == "noise":
            return draw(hnp.arrays(np.bool_, shape))
        mask = np.zeros(shape, np.bool_)
        if kind == "box":
            y, x = draw(st.integers(0, shape[0] - 1)), draw(st.integers(0, shape[1] - 1))
            mask[y : y + draw(st.integers(1, 8)), x : x + draw(st.integers(1, 8))] = True
        elif kind == "full":
            mask[:] = True
        return mask

    pred = one()
    truth = np.roll(pred, draw(st.integers(-2, 2)), axis=1) if draw(st.booleans()) else one()
    return pred, truth


def slow_j(pred: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    pixels = list(zip(pred.ravel().tolist(), truth.ravel().tolist(), strict=True))
    union = sum(a or b for a, b in pixels)
    return 1.0 if union == 0 else sum(a and b for a, b in pixels) / union


@settings(max_examples=300, deadline=None)
@given(mask_pairs(), st.sampled_from([0.008, 0.08, 0.25, 0.9]))
def test_equals_the_slow_reference(pair: tuple[NDArray[np.bool_], NDArray[np.bool_]], bound_th: float) -> None:
    pred, truth = pair
    radius = math.ceil(bound_th * math.hypot(*truth.shape))
    assert boundary_f(pred, truth, bound_th) == pytest.approx(slow_f(pred, truth, radius), abs=1e-9)
    assert jaccard(pred, truth) == pytest.approx(slow_j(pred, truth), abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(mask_pairs(), st.integers(0, 300), st.integers(0, 300))
def test_equals_the_slow_reference_on_large_pictures(
    pair: tuple[NDArray[np.bool_], NDArray[np.bool_]], top: int, left: int
) -> None:
    """Tiny masks anywhere in a picture of 324 x 324, where the tolerance is 4 px: the window is cut as it should be."""
    shape = (324, 324)
    pred, truth = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
    for whole, part in ((pred, pair[0]), (truth, pair[1])):
        whole[top : top + part.shape[0], left : left + part.shape[1]] = part
    cut = (slice(max(top - 2, 0), top + 16), slice(max(left - 2, 0), left + 16))  # the slow one has no use for the rest
    narrow = min(4, math.ceil(0.1 * math.sqrt(int(truth.sum()))))
    expected = (slow_j(pred[cut], truth[cut]), slow_f(pred[cut], truth[cut], 4), slow_f(pred[cut], truth[cut], narrow))
    assert frame_score(pred, truth) == pytest.approx(expected, abs=1e-9)
    assert (jaccard(pred, truth), boundary_f(pred, truth), area_aware_f(pred, truth)) == frame_score(pred, truth)
    assert j_and_f(pred, truth) == frame_score(pred, truth)[:2]


def test_empty_tiny_and_full_masks() -> None:
    """By hand: empty on empty is right; a full mask has no boundary; one pixel is found within the tolerance of F."""
    empty, full = np.zeros((480, 854), np.bool_), np.ones((480, 854), np.bool_)
    dot, near, far = empty.copy(), empty.copy(), empty.copy()
    dot[100, 100], near[100, 107], far[100, 110] = True, True, True
    assert frame_score(empty, empty) == frame_score(full, full) == (1.0, 1.0, 1.0)
    assert frame_score(full, empty) == (0.0, 1.0, 1.0)  # DAVIS: neither has a boundary, so the boundaries agree
    assert frame_score(dot, empty) == frame_score(empty, dot) == (0.0, 0.0, 0.0)
    assert frame_score(near, dot) == (0.0, 1.0, pytest.approx(0.0))  # 8 px of tolerance, of the area-aware F 1 px
    assert frame_score(far, dot)[:2] == (0.0, 0.0)  # its three boundary pixels are 9 px or more from the dot's


def test_the_area_aware_tolerance_is_the_davis_one_for_large_objects() -> None:
    for pred, truth in sequence(6, (240, 427)):
        assert area_aware_f(pred, truth) <= boundary_f(pred, truth)
    y, x = np.mgrid[:480, :854]
    large = np.hypot(y - 240, x - 400) < 200  # 0.1 * sqrt(area) = 35 px, above DAVIS's 8
    other = np.hypot(y - 243, x - 400) < 195
    assert area_aware_f(other, large) == boundary_f(other, large)


def test_the_benchmark_compares_with_what_the_golden_values_mean() -> None:
    """Its whole-mask way has the official values too, so that the ratio is one between equals."""
    for case in GOLDEN:
        pred, truth = ellipses(case["shape"], case["pred"]), ellipses(case["shape"], case["gt"])
        assert whole_mask_j_and_f(pred, truth) == pytest.approx((case["J"], case["F"]), abs=1e-6)
    assert measure(sequence(2, (60, 100)), rounds=1).keys() == {"ours_ms", "whole_masks_ms", "ratio"}


def test_symmetric_and_bounded() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        a, b = rng.random((2, 40, 60)) < 0.3
        j, f = j_and_f(a, b)
        assert 0 <= j <= 1
        assert 0 <= f <= 1
        assert (j, f) == pytest.approx(j_and_f(b, a))


def test_protocols_name_the_frames_they_average() -> None:
    assert list(scored_frames(6, 0, Protocol.DAVIS)) == [1, 2, 3, 4]
    assert list(scored_frames(6, 0)) == [1, 2, 3, 4, 5]
    assert list(scored_frames(6, 2)) == [3, 4, 5]
    assert list(scored_frames(1, 0, Protocol.DAVIS)) == []
    assert list(scored_frames(3, 1, Protocol.ALL)) == [0, 1, 2]


def test_masks_of_different_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="one shape"):
        jaccard(np.zeros((4, 4), np.bool_), np.zeros((4, 5), np.bool_))
