"""One warp for pictures and mattes: where it puts things, and that both stay together."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from render.frames.dial import srgb
from render.manifest import Dataset
from render.mask import binary_mask
from render.products import Product, encode
from tests.fake_dataset import make_dataset
from train.data.augment import looks
from train.data.augment.dial import Dial, can_dial, tone_curve
from train.data.augment.warp import Warp, cut_about, random_warp, upright
from train.data.batch import half_maximum
from train.data.options import Data
from train.data.rendered.pictures import matte, picture, shrunk

SIDE = 64


def soft_disc(height: int, width: int, x: float, y: float, radius: float) -> np.ndarray:
    """Coverage of a disc about (x, y), in pixels with the origin in the corner."""
    ys, xs = np.mgrid[:height, :width] + 0.5
    return np.rint(255 * np.clip(radius - np.hypot(xs - x, ys - y) + 0.5, 0, 1)).astype(np.uint8)


def centroid(coverage: np.ndarray) -> np.ndarray:
    ys, xs = np.mgrid[: coverage.shape[0], : coverage.shape[1]] + 0.5
    return np.array([(xs * coverage).sum(), (ys * coverage).sum()]) / coverage.sum()


def warped(warp: Warp, coverage: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A matte, and the picture that is grey exactly where it is, through the warp: (S, S) each."""
    small = shrunk(coverage, warp.reduction)
    out = np.zeros((warp.side, warp.side), np.uint8)
    shown = np.empty((warp.side, warp.side, 3), np.uint8)
    warp.matte(small, out)
    warp.picture(np.repeat(small[..., None], 3, 2), shown)
    return out, shown[..., 1]


def test_nothing_asked_for_is_the_tracker_s_own_resizing() -> None:
    rng = np.random.default_rng(1)
    rgb = rng.integers(0, 256, (48, 100, 3), dtype=np.uint8)
    out = np.empty((SIDE, SIDE, 3), np.uint8)
    upright((48, 100), SIDE).picture(rgb, out)
    np.testing.assert_array_equal(out, np.asarray(Image.fromarray(rgb).resize((SIDE, SIDE))))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    size=st.tuples(st.integers(40, 300), st.integers(40, 300)),
    rotate=st.sampled_from([0, 25, 180]),
    shear=st.sampled_from([0, 20]),
    scale=st.sampled_from([0, 0.3]),
    shift=st.sampled_from([0, 0.1]),
    zoom=st.sampled_from([0, 0.4]),
)
def test_picture_and_matte_stay_together_and_go_where_the_matrix_says(
    seed: int, size: tuple[int, int], rotate: float, shear: float, scale: float, shift: float, zoom: float
) -> None:
    height, width = size
    options = Data(flip=0.5, rotate=rotate, shear=shear, scale=scale, shift=shift, zoom=zoom)
    rng = np.random.default_rng(seed)
    place = rng.uniform(0.4, 0.6, 2) * (width, height)
    coverage = soft_disc(height, width, *place, 0.12 * min(size))
    warp = random_warp(rng, options, upright(size, SIDE, cut_about(rng, coverage, zoom)))
    matte_SS, picture_SS = warped(warp, coverage)
    expected = np.linalg.solve(warp.matrix[:, :2], place - warp.matrix[:, 2])
    radius = 0.12 * min(size) / np.abs(np.linalg.eigvals(warp.matrix[:, :2])).min()
    if not ((expected > radius + 3) & (expected < SIDE - radius - 3)).all():
        return  # partly out of the picture: no centroid to compare
    assert np.abs(centroid(matte_SS) - expected).max() < 0.2, "within a fifth of a pixel"
    inside = matte_SS > 0
    assert np.abs(matte_SS.astype(int) - picture_SS)[inside].max() <= 10, "OpenCV rounds places to 1/32 px"
    shrinkage = abs(np.linalg.det(warp.matrix[:, :2]))
    assert matte_SS.sum() * shrinkage == pytest.approx(coverage.sum(), rel=0.06), "none of it is lost"


def test_what_lies_outside_is_no_object_and_the_mean_colour() -> None:
    white = np.full((80, 80, 3), 255, np.uint8)
    warp = random_warp(np.random.default_rng(3), Data(flip=0, rotate=45, scale=0.5), upright((80, 80), SIDE))
    away = Warp(warp.matrix + np.array([[0, 0, 60.0], [0, 0, 0]]), (80, 80), SIDE)
    coverage, rgb = np.zeros((SIDE, SIDE), np.uint8), np.empty((SIDE, SIDE, 3), np.uint8)
    away.matte(white[..., 0], coverage)
    away.picture(white, rgb)
    outside = coverage == 0
    assert 0.2 < outside.mean() < 0.9
    assert (np.abs(rgb[outside].astype(int) - (124, 116, 104)) <= 1).all()


@pytest.mark.parametrize(("side", "reduction"), [(96, 1), (48, 2), (24, 4), (12, 8)])
def test_small_outputs_are_decoded_small(dataset: Path, side: int, reduction: int) -> None:
    data = Dataset.open(make_dataset(dataset.parent / f"square-{side}", clips=1, frames=2, size=(96, 96)))
    warp = upright((96, 96), side)
    assert warp.reduction == reduction
    whole = data.rgb("clip-000000", 1)
    small = picture(data, "clip-000000", 1, reduction)
    assert small.shape == (96 // reduction, 96 // reduction, 3)
    means = whole.reshape(small.shape[0], reduction, small.shape[1], reduction, 3).mean((1, 3))
    assert np.abs(small - means).mean() < 3, "a JPEG's lower frequencies are, nearly, its means"
    found = matte(data, "clip-000000", 1, 1, reduction)
    exact = data.coverage("clip-000000", 1, 1).reshape(small.shape[0], reduction, -1, reduction).mean((1, 3))
    assert np.abs(found - exact).max() <= 1


def test_odd_sizes_shrink_as_a_jpeg_does() -> None:
    coverage = np.random.default_rng(0).integers(0, 256, (37, 51), dtype=np.uint8)
    for reduction in (2, 4, 8):
        assert shrunk(coverage, reduction).shape == (-(-37 // reduction), -(-51 // reduction))
    np.testing.assert_array_equal(shrunk(coverage, 2)[:, :25][:18], _means(coverage[:36, :50]))
    assert shrunk(coverage, 2)[18, 0] == np.rint(coverage[36, :2].mean() + 1e-9)


def _means(coverage: np.ndarray) -> np.ndarray:
    blocks = coverage.reshape(coverage.shape[0] // 2, 2, coverage.shape[1] // 2, 2).sum((1, 3), dtype=int)
    return (blocks + 2) // 4


def test_pictures_are_what_the_dataset_says_even_with_an_orientation_tag(dataset: Path) -> None:
    data = Dataset.open(dataset)
    np.testing.assert_array_equal(picture(data, "clip-000000", 2), data.rgb("clip-000000", 2))
    np.testing.assert_array_equal(matte(data, "clip-000000", 2, 1), data.coverage("clip-000000", 2, 1))

    class Tagged(Dataset):
        def encoded(self, *name: object) -> bytes:
            tags, buffer = Image.Exif(), io.BytesIO()
            tags[0x0112] = 6  # "turn me by 90 degrees": phones write it, labels know nothing of it
            Image.fromarray(self_rgb).save(buffer, "JPEG", exif=tags)
            return buffer.getvalue()

    self_rgb = np.zeros((64, 96, 3), np.uint8)
    assert picture(Tagged.open(dataset), "clip-000000", 2).shape == (64, 96, 3)


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 10**6), peak=st.integers(0, 255), filled=st.floats(0, 1))
def test_half_maximum_is_the_mask_rule(seed: int, peak: int, filled: float) -> None:
    rng = np.random.default_rng(seed)
    coverage = (rng.integers(0, peak + 1, (9, 11)) * (rng.random((9, 11)) < filled)).astype(np.uint8)
    out = np.empty((9, 11), np.bool_)
    half_maximum(coverage, out)
    np.testing.assert_array_equal(out, binary_mask(coverage))


def test_jitter_is_gains_then_saturation_then_contrast() -> None:
    rgb = np.random.default_rng(5).uniform(60, 180, (20, 3))
    found = looks.jitter(np.random.default_rng(8), 0.3, rgb.mean(0))
    rng = np.random.default_rng(8)
    gains, (contrast, saturation) = 1 + rng.uniform(-0.3, 0.3, 3), 1 + rng.uniform(-0.3, 0.3, 2)
    expected = rgb * gains
    grey = expected @ looks.LUMA
    expected = grey[:, None] + saturation * (expected - grey[:, None])
    expected = grey.mean() + contrast * (expected - grey.mean())
    np.testing.assert_allclose(rgb @ found[:, :3].T + found[:, 3], expected, atol=1e-9)


def frames(count: int = 3) -> np.ndarray:
    return np.random.default_rng(2).integers(40, 200, (count, 32, 32, 3), dtype=np.uint8)


def changed(seed: int, **options: object) -> tuple[np.ndarray, np.ndarray]:
    rgb, coverage = frames(), np.stack([[soft_disc(32, 32, 16, 16, 6)] * 3])
    looks.change(np.random.default_rng(seed), Data.model_validate({"colour": 0} | options), rgb, coverage)
    return rgb, coverage


def test_looks_are_alike_in_all_frames_and_leave_labels_alone() -> None:
    before = soft_disc(32, 32, 16, 16, 6)
    np.testing.assert_array_equal(changed(0)[0], frames())
    grey, coverage = changed(0, grey=1.0)
    assert (np.ptp(grey.astype(int), axis=-1) <= 1).all()
    for options in ({"grey": 1.0}, {"recolour": 1.0}, {"colour": 0.3}, {"flicker": 0.3}, {"compress": 1.0}):
        rgb, coverage = changed(1, **options)
        assert not np.array_equal(rgb, frames())
        assert (coverage == before).all()
    same = np.repeat(frames(1), 3, 0)
    steady = looks.colours(np.random.default_rng(1), Data(colour=0.3), same)
    lively = looks.colours(np.random.default_rng(1), Data(colour=0.3, flicker=0.2), same)
    assert steady is not None
    assert lively is not None
    assert all(np.array_equal(one, steady[0]) for one in steady)
    assert not np.array_equal(lively[0], lively[1])
    for seed in range(4):
        rgb, _ = changed(seed, recolour=1.0)
        sums, old = sorted(rgb.sum((0, 1, 2))), frames().sum((0, 1, 2))
        assert sums in (sorted(old), sorted(255 * frames()[..., 0].size - old)), "channels change places, or invert"


def test_defocus_blurs_matte_and_picture_alike() -> None:
    coverage = soft_disc(200, 200, 100, 100, 30)
    layers = [coverage.copy(), np.repeat(coverage[..., None], 3, 2)]
    looks.defocus(np.random.default_rng(1), layers)
    assert ((layers[0] > 5) & (layers[0] < 250)).sum() - ((coverage > 5) & (coverage < 250)).sum() > 0
    assert np.abs(layers[0].astype(int) - layers[1][..., 0]).max() <= 1
    assert layers[0].sum() == pytest.approx(coverage.sum(), rel=0.01)


class Lit(Dataset):
    """A clip of which the light and the effects' share of it are told, and the picture is what Blender shows of it."""

    light = np.linspace(0.01, 0.4, 96)[None, :, None] * np.ones((64, 1, 1)) * (1.0, 0.8, 0.6)
    glow = np.zeros((64, 96, 3))
    glow[20:40, 30:60] = np.geomspace(0.05, 1, 30)[:, None] * (0.1, 0.3, 3.0)

    def extra(self, clip: str, frame: int, name: str) -> np.ndarray:
        return {"linear": self.light + self.glow, "fx": self.glow}[name].astype(np.float16)

    def encoded(self, *name: object) -> bytes:
        return encode(Product.RGB, srgb(self.light + self.glow))


def test_effects_are_dialled_and_all_else_stays(dataset: Path) -> None:
    data = Lit.open(dataset)
    shown = picture(data, "clip-000000", 0)
    curve = tone_curve(data.extra("clip-000000", 0, "linear"), shown)
    assert (Dial(1.0, curve).picture(data, "clip-000000", 0, 1) == shown).all()
    for strength in (0.0, 0.5, 2.0):
        found = Dial(strength, curve).picture(data, "clip-000000", 0, 1).astype(int)
        wanted = srgb(Lit.light + strength * Lit.glow).astype(int)
        lit = Lit.glow[..., 0] > 0
        assert np.abs(found - wanted)[lit].mean() < 6, "as the view transform would have it, to some levels"
        assert np.abs(shown.astype(int) - wanted)[lit].mean() > 6 * (1 + (strength == 0.0)), "which is far from before"
        assert (found[~lit] == shown[~lit]).all()
    assert Dial(0.3, curve).picture(data, "clip-000000", 0, 2).shape == (32, 48, 3)
    assert not can_dial(data, "clip-000000"), "its film names no extras"
