"""Names and codings of frame products, and the mask rule."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from render.document import UserError
from render.mask import binary_mask, is_present
from render.products import CHANNELS, Member, Product, decode, encode, held

small = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=20)


@given(st.integers(0, 999_999), st.integers(0, 12_345), st.sampled_from(list(Product)), st.integers(1, 254))
def test_member_names_round_trip(clip: int, frame: int, product: Product, object_id: int) -> None:
    member = Member(f"clip-{clip:06d}", frame, product, object_id if product.per_object else None)
    assert Member.parse(str(member)) == member
    assert str(member).split(".")[0] == member.clip  # the WebDataset key


@pytest.mark.parametrize(
    "name",
    [
        "clip-1.0000.rgb.jpg",
        "clip-000001.0000.rgb.png",
        "clip-000001.0000.coverage.png",
        "clip-000001.0000.rgb-1.jpg",
        "../clip-000001.0000.rgb.jpg",
        "clip-000001.00000.rgb.jpg",
    ],
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not a frame member"):
        Member.parse(name)


@given(hnp.arrays(np.uint8, small))
def test_labels_survive_their_coding_exactly(levels: np.ndarray) -> None:
    assert np.array_equal(decode(Product.COVERAGE, encode(Product.COVERAGE, levels / 255)), levels)
    assert np.array_equal(decode(Product.VEIL, encode(Product.VEIL, levels / 255)), levels)
    assert np.array_equal(decode(Product.VISIBLE, encode(Product.VISIBLE, levels)), levels)
    bits = levels > 127
    decoded = decode(Product.AMODAL, encode(Product.AMODAL, bits))
    assert decoded.dtype == np.bool_
    assert np.array_equal(decoded, bits)


def test_rgb_is_close_and_uint8() -> None:
    ramp = np.linspace(0, 255, 32 * 32 * 3).reshape(32, 32, 3).astype(np.uint8)
    decoded = decode(Product.RGB, encode(Product.RGB, ramp))
    assert decoded.dtype == np.uint8
    assert np.abs(decoded.astype(int) - ramp).max() < 12


@given(
    st.sampled_from(list(CHANNELS)),
    st.tuples(st.integers(1, 40), st.integers(1, 20)),
    st.integers(0, 2**32 - 1),
)
def test_products_on_request_survive_as_halves(product: Product, size: tuple[int, int], seed: int) -> None:
    planes = np.random.default_rng(seed).normal(scale=100, size=(*size, len(CHANNELS[product]))).astype(np.float32)
    planes[0, 0] = np.inf
    array = planes[..., 0] if product is Product.DEPTH else planes
    decoded = decode(product, encode(product, array))
    assert decoded.dtype == np.float16
    assert np.array_equal(decoded, array.astype(np.float16))


def test_a_frame_holds_what_was_asked_for() -> None:
    names = [str(p) if i is None else f"{p}-{i}" for p, i in held([2, 1], ["depth"])]
    assert names == ["rgb", "coverage-1", "coverage-2", "visible", "amodal-1", "amodal-2", "veil", "depth"]


@given(st.sampled_from(list(Product)), st.binary(max_size=64), st.integers(0, 200))
def test_damaged_pictures_are_user_errors(product: Product, junk: bytes, cut: int) -> None:
    shape = (9, 7, 3) if product is Product.RGB else (9, 7, len(CHANNELS[product])) if product in CHANNELS else (9, 7)
    whole = encode(product, np.zeros(shape, np.uint8))
    with pytest.raises(UserError, match="damaged"):
        decode(product, junk)
    if cut < len(whole) - 20:
        with pytest.raises(UserError, match="damaged"):
            decode(product, whole[:cut])


@given(hnp.arrays(np.uint8, small))
def test_mask_is_half_of_the_peak(coverage: np.ndarray) -> None:
    mask = binary_mask(coverage)
    if coverage.astype(float).sum() / 255 < 4:
        assert not is_present(coverage)
        assert not mask.any()
    else:
        assert np.array_equal(mask, coverage / coverage.max() >= 0.5)


def test_unblurred_mask_is_coverage_at_least_a_half() -> None:
    coverage = np.array([[255, 255, 128, 127], [255, 255, 127, 0]], np.uint8)
    assert np.array_equal(binary_mask(coverage), coverage >= 127.5)
