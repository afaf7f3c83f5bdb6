"""Measures and links, by property: whatever the mattes, what is said of them is true."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from render.frames.measure import COLUMNS, FrameMeasure, ObjectMeasure, link, measure
from render.mask import binary_mask, is_present
from render.products import Product
from tests.specs import make_film

Levels = NDArray[np.uint8]
HEIGHT, WIDTH = 9, 12
levels = arrays.arrays(np.uint8, (HEIGHT, WIDTH), elements=st.integers(0, 255), fill=st.just(0))
shapes = arrays.arrays(np.bool_, (HEIGHT, WIDTH), fill=st.just(False))


def of(coverage: Levels, amodal: NDArray[np.bool_], veil: Levels | None = None, charge: float = 0.0) -> ObjectMeasure:
    products = {
        (Product.COVERAGE, 1): coverage,
        (Product.AMODAL, 1): amodal,
        (Product.VISIBLE, None): (amodal & (coverage > 0)).astype(np.uint8),
        (Product.VEIL, None): np.zeros((HEIGHT, WIDTH), np.uint8) if veil is None else veil,
    }
    return measure(0, products, {1: charge}).objects[0]


@given(levels, shapes, levels)
def test_one_object(coverage: Levels, amodal: NDArray[np.bool_], veil: Levels) -> None:
    one = of(coverage, amodal, veil, 0.25)
    mask = binary_mask(coverage)
    assert one.mask_area == mask.sum()
    assert 0 <= one.visible_area <= one.amodal_area == amodal.sum()
    assert one.coverage_sum == pytest.approx(coverage.sum() / 255)
    assert one.charge == 0.25
    assert (one.box is None) == (not mask.any()) == (one.veil_mean is None)
    if one.box is not None and one.veil_mean is not None:
        x0, y0, x1, y1 = one.box
        assert mask[y0:y1, x0:x1].sum() == mask.sum()
        assert all(side.any() for side in (mask[y0, :], mask[y1 - 1, :], mask[:, x0], mask[:, x1 - 1]))
        assert one.veil_mean == pytest.approx(veil[mask].mean() / 255)
    assert (one.centroid is None) == (not coverage.any())
    if one.centroid is not None:
        assert 0.5 <= one.centroid[0] <= WIDTH - 0.5
        assert 0.5 <= one.centroid[1] <= HEIGHT - 0.5


@given(levels, st.integers(0, 3), st.integers(0, 3))
def test_centroid_moves_with_the_object(coverage: Levels, dx: int, dy: int) -> None:
    coverage = np.pad(coverage[: HEIGHT - 3, : WIDTH - 3], ((0, 3), (0, 3)))
    amodal = coverage > 100
    still, moved = of(coverage, amodal), of(np.roll(coverage, (dy, dx), (0, 1)), np.roll(amodal, (dy, dx), (0, 1)))
    for a, b in ((still.centroid, moved.centroid), (still.amodal_centroid, moved.amodal_centroid)):
        assert (a is None) == (b is None)
        if a is not None and b is not None:
            assert b == pytest.approx((a[0] + dx, a[1] + dy))
    if still.box is not None:
        x0, y0, x1, y1 = still.box
        assert moved.box == (x0 + dx, y0 + dy, x1 + dx, y1 + dy)


def test_a_single_pixel_has_its_centre_at_half_integers() -> None:
    coverage = np.zeros((HEIGHT, WIDTH), np.uint8)
    coverage[2, 5] = 255
    one = of(coverage, coverage > 0)
    assert one.centroid == one.amodal_centroid == (5.5, 2.5)
    assert one.amodal_diameter_px == pytest.approx(2 / math.sqrt(math.pi))
    assert not one.truncated
    assert of(coverage, np.roll(coverage, -2, axis=0) > 0).truncated


tracks = st.lists(st.tuples(levels, shapes), min_size=1, max_size=5)


@settings(max_examples=50)
@given(tracks, st.sampled_from([0.0, 90.0, 180.0, 360.0]))
def test_link(track: list[tuple[Levels, NDArray[np.bool_]]], shutter: float) -> None:
    measures = [FrameMeasure(frame=i, objects=(of(*one),)) for i, one in enumerate(track)]
    rows = link(measures, make_film(shutter_degrees=shutter, frames=len(track)))
    assert [row["frame"] for row in rows] == list(range(len(track)))
    present = [is_present(coverage) for coverage, _ in track]
    for i, (row, (_, amodal)) in enumerate(zip(rows, track, strict=True)):
        assert list(row) == list(COLUMNS)
        assert all(value is None or isinstance(value, COLUMNS[name]) for name, value in row.items())
        assert row["present"] == present[i]
        assert row["entering"] == (i > 0 and present[i] and not present[i - 1])
        assert row["leaving"] == (i + 1 < len(track) and present[i] and not present[i + 1])
        occlusion, speed, blur = row["occlusion"], row["speed_px"], row["blur_px"]
        assert (occlusion is None) == (not amodal.any())
        assert occlusion is None or 0 <= occlusion <= 1
        assert (speed is None) == (blur is None)
        if speed is not None and blur is not None:
            assert amodal.any()
            assert 0 <= speed <= math.hypot(WIDTH, HEIGHT)
            assert blur == pytest.approx(speed * shutter / 360)
    backwards = [FrameMeasure(frame=i, objects=m.objects) for i, m in enumerate(reversed(measures))]
    for row, mirrored in zip(rows, reversed(link(backwards, make_film(shutter_degrees=shutter))), strict=True):
        assert row["entering"] == mirrored["leaving"]
        assert row["speed_px"] == pytest.approx(mirrored["speed_px"])


def test_speed_of_a_steady_walk() -> None:
    measures = []
    for i in range(4):
        coverage = np.zeros((HEIGHT, WIDTH), np.uint8)
        coverage[2 : 2 + 3, 2 * i : 2 * i + 3] = 255
        measures.append(FrameMeasure(frame=i, objects=(of(coverage, coverage > 0),)))
    rows = link(measures, make_film(shutter_degrees=90.0))
    diameter = 2 * math.sqrt(9 / math.pi)
    for row in rows:
        assert row["speed_px"] == pytest.approx(2.0)
        assert row["speed_diameters"] == pytest.approx(2 / diameter)
        assert row["blur_px"] == pytest.approx(0.5)
        assert row["blur_diameters"] == pytest.approx(0.5 / diameter)


def test_two_objects_keep_their_rows_apart() -> None:
    blank = np.zeros((HEIGHT, WIDTH), np.uint8)
    full = np.full((HEIGHT, WIDTH), 255, np.uint8)
    products = {
        (Product.COVERAGE, 1): blank,
        (Product.AMODAL, 1): blank > 0,
        (Product.COVERAGE, 2): full,
        (Product.AMODAL, 2): full > 0,
        (Product.VISIBLE, None): np.full_like(blank, 2),
        (Product.VEIL, None): blank,
    }
    rows = link([measure(i, products, {2: 0.5, 1: 0.0}) for i in range(2)], make_film())
    assert [(row["frame"], row["object_id"], row["present"]) for row in rows] == [
        (0, 1, False),
        (0, 2, True),
        (1, 1, False),
        (1, 2, True),
    ]
