"""The labels are exact: proved on real renders, against twins and against geometry worked out without Blender."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from render.asset import Library
from render.products import Product
from render.spec import Camera, ChargeKey, Circular, ClipSpec, Keys, Linear, Spin, Still, Turn, twin
from tests.blender_scenes import reference
from tests.blender_scenes.rendering import Rendered, render
from tests.blender_scenes.simple_assets import STRENGTH
from tests.specs import make_film, make_spec

pytestmark = pytest.mark.slow
Render = Callable[[ClipSpec], Rendered]


@pytest.fixture(scope="module")
def boxes(assets: Path) -> Library:
    return Library.open([assets])


def box_spec(library: Library, **changes: object) -> ClipSpec:
    """A spinning box flies in front of an empty sky; a slab may stand in its way."""
    spec = make_spec(
        library,
        prop="test-box",
        finish="default",
        occluder="test-slab",
        set="test-floor",
        film=make_film(frames=2, samples=16),
        camera=Camera(
            position=Linear(start=(0.3, -4.0, 1.9), velocity=(-0.8, 0.0, 0.3)),
            look_at=Keys(times=(0.0, 0.1), points=((0.0, 0.0, 1.5), (0.3, 0.0, 1.4))),
            focal_mm=50.0,
        ),
    )
    target = spec.targets[0].model_copy(
        update={
            "curve": Linear(start=(-0.1, 0.2, 1.4), velocity=(5.0, -1.0, 1.0)),
            "spin": Spin(base=(0.9, 0.3, -0.2, 0.25), body=Turn.steady((0.3, 0.5, 0.8), 4.0)),
        }
    )
    return spec.model_copy(update={"targets": (target,), **changes})


def test_effects_change_the_picture_but_no_label(rendered: Render, boxes: Library) -> None:
    spec = box_spec(boxes)
    lit, dark = rendered(spec), rendered(twin(spec, "effects"))
    for frame in range(spec.film.frames):
        rgb = lit.member(frame, Product.RGB).astype(int) - dark.member(frame, Product.RGB).astype(int)
        assert np.abs(rgb).mean() > 1, "the effects must be seen"
        assert lit.member(frame, Product.VEIL).max() > 127
        assert not dark.member(frame, Product.VEIL).any()
        assert np.array_equal(lit.member(frame, Product.VISIBLE), dark.member(frame, Product.VISIBLE))
        assert np.array_equal(lit.member(frame, Product.AMODAL, 1), dark.member(frame, Product.AMODAL, 1))
        soft = lit.member(frame, Product.COVERAGE, 1) / 255 - dark.member(frame, Product.COVERAGE, 1) / 255
        # The paths of both renders start with the same samples; a share may differ by the last bits of its sum.
        assert np.abs(soft).max() <= 1 / 16


def test_without_occluders_visible_is_amodal(rendered: Render, boxes: Library) -> None:
    spec = box_spec(boxes)
    hidden, open_ = rendered(spec), rendered(twin(spec, "occluders"))
    for frame in range(spec.film.frames):
        amodal = open_.member(frame, Product.AMODAL, 1)
        assert amodal.sum() > 50
        assert np.array_equal(open_.member(frame, Product.VISIBLE) == 1, amodal)
        assert np.array_equal(hidden.member(frame, Product.AMODAL, 1), amodal)
    assert (hidden.member(1, Product.VISIBLE) == 1).sum() < amodal.sum(), "the slab must hide some of the box"


def test_rendering_again_gives_the_same_labels(rendered: Render, boxes: Library, assets: Path, tmp_path: Path) -> None:
    spec = box_spec(boxes)
    assert render(spec, tmp_path / "again", assets).labels() == rendered(spec).labels()


def test_sharp_masks_equal_projected_geometry(rendered: Render, boxes: Library) -> None:
    spec = twin(box_spec(boxes), "occluders")
    for frame in range(spec.film.frames):
        corners = reference.corners_px(spec, frame / spec.film.fps)
        depth = reference.inside_distance(reference.pixel_centres(spec), corners)
        clear = np.abs(depth) > 0.02  # nearer to the outline than this, float32 decides
        amodal = rendered(spec).member(frame, Product.AMODAL, 1).ravel()
        assert np.array_equal(amodal[clear], depth[clear] > 0)


@pytest.mark.parametrize(
    ("curve", "spin"),
    [
        (Linear(start=(-0.1, 0.2, 1.4), velocity=(9.0, -1.0, 1.0)), Spin(body=Turn.steady((0.3, 0.5, 0.8), 4.0))),
        (
            Circular(centre=(0.0, 0.0, 1.5), u=(0.8, 0.0, 0.0), v=(0.0, 0.3, 0.7), phase=0.3, rate=45.0),
            Spin(body=Turn(rates=(60.0,))),
        ),
        (Still(point=(0.1, 0.0, 1.6)), Spin(body=Turn.steady((0.1, 1.0, 0.0), 50.0))),
    ],
    ids=["line", "arc", "spin"],
)
def test_coverage_is_the_integral_over_shutter_and_filter(
    rendered: Render, boxes: Library, curve: Linear | Circular | Still, spin: Spin
) -> None:
    spec = twin(twin(box_spec(boxes), "occluders"), "effects")
    samples = 144
    target = spec.targets[0].model_copy(update={"curve": curve, "spin": spin, "charge": ()})
    spec = spec.model_copy(update={"targets": (target,), "film": make_film(frames=1, samples=samples)})
    found = rendered(spec).member(0, Product.COVERAGE, 1) / 255
    expected = reference.coverage(spec, 0)
    soft = (expected > 0.02) & (expected < 0.98)
    assert soft.sum() > 100
    # Binomial noise of independent samples would give this RMSE; Cycles' stratified samples stay below it.
    noise = math.sqrt((expected * (1 - expected))[soft].mean() / samples)
    assert np.sqrt(np.square(found - expected)[soft].mean()) < noise
    assert np.abs(found - expected).max() < 6 * 0.5 / math.sqrt(samples)
    assert abs(found.sum() - expected.sum()) < 0.005 * expected.sum()


def test_the_picture_is_the_light_times_the_coverage(rendered: Render, boxes: Library) -> None:
    spec = twin(box_spec(boxes), "effects")
    dark = spec.stage.model_copy(
        update={"hdri_strength": 0.0, "sun": spec.stage.sun.model_copy(update={"strength": 0.0})}
    )
    target = spec.targets[0].model_copy(
        update={"charge": (ChargeKey(time=0.0, level=0.5),), "charge_colour": (1.0, 1.0, 1.0)}  # its runes: 1
    )
    film = make_film(frames=1, samples=256, view_transform="Standard", shutter_degrees=300.0)
    clip = rendered(spec.model_copy(update={"stage": dark, "targets": (target,), "film": film}))
    srgb = clip.member(0, Product.RGB).mean(axis=2) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    coverage = clip.member(0, Product.COVERAGE, 1) / 255
    assert ((coverage > 0.1) & (coverage < 0.9)).sum() > 50, "it must be blurred"
    around = coverage > 0.02  # elsewhere the floor shows, lit by the box
    shown, expected = linear[around], STRENGTH * coverage[around]
    # Without the denoiser the mean error stays below 0.01; the rest is its smoothing.
    assert np.abs(shown - expected).mean() < 0.03
    assert np.corrcoef(shown, expected)[0, 1] > 0.98
    (one,) = clip.measures()[0].objects
    assert one.charge > 0.95


def test_measures_follow_the_products(rendered: Render, boxes: Library) -> None:
    clip = rendered(box_spec(boxes))
    for frame, measured in enumerate(clip.measures()):
        (one,) = measured.objects
        assert one.amodal_area == clip.member(frame, Product.AMODAL, 1).sum()
        assert one.visible_area == (clip.member(frame, Product.VISIBLE) == 1).sum()
        assert one.coverage_sum == pytest.approx(clip.member(frame, Product.COVERAGE, 1).sum() / 255)
        assert not one.truncated
