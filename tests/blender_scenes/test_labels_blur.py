"""Coverage against the time integral of shapes whose outline is known: balls and boxes in flight, a spinning disc."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from render.mask import binary_mask
from render.optics import focal_px, project
from render.products import Product
from render.spec import Camera, ClipSpec, Lens, Linear, Spin, Still, Turn
from tests.blender_scenes import closed_form
from tests.blender_scenes.labelled import empty_clip
from tests.blender_scenes.rendering import Rendered
from tests.specs import make_film

pytestmark = pytest.mark.slow
Render = Callable[[ClipSpec], Rendered]
Say = Callable[..., None]

CAMERA = Camera(position=Still(point=(0.0, -4.0, 1.6)), look_at=Still(point=(0.0, 0.0, 1.6)), focal_mm=40.0)


def flights(spec: ClipSpec, samples: int, **film: object) -> ClipSpec:
    """A ball and a box that keeps its attitude, each in straight flight at constant speed, far apart."""
    (target,) = spec.targets
    ball = target.model_copy(
        update={"asset": "test-ball", "spin": Spin(), "curve": Linear(start=(-0.8, 0.0, 2.0), velocity=(7.0, 0.0, 0.5))}
    )
    box = target.model_copy(
        update={
            "object_id": 2,
            "spin": Spin(base=(0.9, 0.3, -0.2, 0.25)),
            "curve": Linear(start=(0.75, 0.0, 1.35), velocity=(-5.0, 2.0, 4.0)),
        }
    )
    made = make_film(**({"width": 192, "height": 108, "frames": 1, "samples": samples} | film))
    return spec.model_copy(update={"targets": (ball, box), "film": made, "camera": CAMERA})


@pytest.fixture(scope="module")
def clip(digests: Callable[[ClipSpec], ClipSpec]) -> Callable[..., ClipSpec]:
    return lambda samples, **film: digests(flights(empty_clip(), samples, **film))


@pytest.fixture(scope="module")
def truths(clip: Callable[..., ClipSpec]) -> list[np.ndarray]:
    spec = clip(1)
    return [closed_form.coverage(spec, shape, 0) for shape in closed_form.targets(spec)]


@pytest.mark.parametrize(("samples", "allowed", "least"), [(16, 0.05, 0.95), (128, 0.015, 0.99)])
def test_coverage_of_straight_flight(
    samples: int,
    allowed: float,
    least: float,
    rendered: Render,
    clip: Callable[..., ClipSpec],
    truths: list[np.ndarray],
    measured: Say,
) -> None:
    found = rendered(clip(samples))
    for name, object_id, truth in zip(("ball", "box"), (1, 2), truths, strict=True):
        levels = found.member(0, Product.COVERAGE, object_id)
        soft = (truth > 0) & (truth < 1)
        assert soft.sum() > 1000
        error = math.sqrt(np.square(levels / 255 - truth)[soft].mean())
        mine, theirs = binary_mask(levels), binary_mask(np.rint(truth * 255).astype(np.uint8))
        overlap = (mine & theirs).sum() / (mine | theirs).sum()
        measured(f"{name} at {samples} samples", RMSE=error, IoU=overlap, soft_px=soft.sum())
        assert error <= allowed
        assert overlap >= least


def test_a_disc_that_turns_once_a_shutter_looks_round(
    rendered: Render, digests: Callable[[ClipSpec], ClipSpec], measured: Say
) -> None:
    spec = empty_clip()
    film = make_film(width=160, height=120, frames=1, samples=128)
    open_for = film.shutter_degrees / 360 / film.fps
    # The disc's axis (+Z) looks at the camera; a boss on its rim goes round `turns` times while the shutter is open.
    upright = (math.sqrt(0.5), math.sqrt(0.5), 0.0, 0.0)
    far = Camera(position=Still(point=(0.0, -8.0, 1.6)), look_at=Still(point=(0.0, 0.0, 1.6)), focal_mm=250.0)
    for turns in (1, 3):
        target = spec.targets[0].model_copy(
            update={
                "asset": "test-disc",
                "curve": Still(point=(0.0, 0.0, 1.6)),
                "spin": Spin(base=upright, body=Turn.steady((0.0, 0.0, 1.0), turns * 2 * math.pi / open_for)),
            }
        )
        clip = digests(spec.model_copy(update={"targets": (target,), "film": film, "camera": far}))
        soft = rendered(clip).member(0, Product.COVERAGE, 1) / 255
        middle = project(far, film, [0.0], [(0.0, 0.0, 1.6)])[0][0]
        from_middle = closed_form.pixel_centres(clip) - middle
        radius = np.hypot(*from_middle.T)
        scale = float(focal_px(far, film, [0.0])[0]) / 8.0
        rings = np.round(radius).astype(int)
        smeared = (radius > 0.30 * scale + 2) & (radius < 0.34 * scale)
        assert smeared.sum() > 200
        ring_mean = np.bincount(rings, soft.ravel()) / np.maximum(np.bincount(rings), 1)
        assert 0.03 < soft.ravel()[smeared].mean() < 0.2, "the boss must be there, thinly"
        # Within a ring one pixel wide the radius differs; what turns with the angle must be sampling noise alone.
        angle = np.arctan2(from_middle[:, 1], from_middle[:, 0])
        sector = ((angle + np.pi) / (2 * np.pi) * 12).astype(int) % 12
        by_sector = np.array([soft.ravel()[smeared & (sector == k)].mean() for k in range(12)])
        measured(
            f"disc, {turns} turns a shutter",
            mean=by_sector.mean(),
            spread_of_30_degree_sectors=by_sector.std(),
            rings=len(ring_mean),
        )
        assert by_sector.std() < 0.08 * by_sector.mean()


def test_coverage_through_a_rolling_shutter(rendered: Render, clip: Callable[..., ClipSpec], measured: Say) -> None:
    spec = clip(64, readout=0.6, shutter_degrees=90.0)
    found = rendered(spec)
    for name, shape in zip(("ball", "box"), closed_form.targets(spec), strict=True):
        truth = closed_form.coverage(spec, shape, 0, moments=48)
        soft = (truth > 0) & (truth < 1)
        error = math.sqrt(np.square(found.member(0, Product.COVERAGE, shape.name) / 255 - truth)[soft].mean())
        measured(f"{name}, rolling shutter, 64 samples", RMSE=error)
        assert error <= 0.03


def test_coverage_through_a_lens_that_distorts(rendered: Render, clip: Callable[..., ClipSpec], measured: Say) -> None:
    spec = clip(64)
    bent = spec.camera.model_copy(update={"lens": Lens(k1=-0.3, k2=0.1)})
    spec = spec.model_copy(update={"camera": bent})
    found = rendered(spec)
    for name, shape in zip(("ball", "box"), closed_form.targets(spec), strict=True):
        truth = closed_form.coverage(spec, shape, 0, moments=48)
        soft = (truth > 0) & (truth < 1)
        error = math.sqrt(np.square(found.member(0, Product.COVERAGE, shape.name) / 255 - truth)[soft].mean())
        measured(f"{name}, k1 = -0.3, 64 samples", RMSE=error)
        assert error <= 0.03
