"""Sharp labels against rays cast in NumPy: masks, depth, normals, flow; lens, rolling shutter; what is seen through."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from render.frames import framefile
from render.optics import camera_axes, project
from render.products import Product
from render.spec import (
    Camera,
    ChargeKey,
    ClipSpec,
    Extra,
    Keys,
    Lens,
    Linear,
    Spin,
    Still,
    Turn,
    ZoomKey,
)
from tests.blender_scenes import closed_form
from tests.blender_scenes.closed_form import Shape
from tests.blender_scenes.curved_assets import CARD, PANES, card_is_solid
from tests.blender_scenes.labelled import empty_clip, extra
from tests.blender_scenes.rendering import Rendered, render
from tests.specs import make_film

pytestmark = pytest.mark.slow
Render = Callable[[ClipSpec], Rendered]
Say = Callable[..., None]
Complete = Callable[[ClipSpec], ClipSpec]

SLAB = (0.8, 0.05, 2.0)
FLOOR = Shape(0, (20.0, 20.0, 0.1), Still(point=(0.0, 0.0, -0.05)), Spin())
TILTED = Spin(base=(0.94, 0.2, 0.25, 0.1))

MOVING = Camera(
    position=Linear(start=(0.3, -4.0, 1.9), velocity=(-0.8, 1.5, 0.3)),
    look_at=Keys(times=(0.0, 0.1), points=((0.0, 0.0, 1.5), (0.3, 0.0, 1.4))),
    focal_mm=32.0,
)
CAMERAS = {
    "straight": MOVING,
    "zoom": MOVING.model_copy(update={"zoom": (ZoomKey(time=-0.05, focal_mm=26.0), ZoomKey(time=0.1, focal_mm=45.0))}),
    "distorted": MOVING.model_copy(update={"lens": Lens(k1=-0.15, k2=0.02)}),
    "distorted-zoom": MOVING.model_copy(
        update={
            "lens": Lens(k1=0.1),
            "zoom": (ZoomKey(time=-0.05, focal_mm=30.0), ZoomKey(time=0.1, focal_mm=40.0)),
        }
    ),
}


def crowded(camera: Camera, **film: object) -> ClipSpec:
    """A ball and a spinning box fly past a tilted slab above a floor, under a sky; the camera moves."""
    spec = empty_clip()
    (target,) = spec.targets
    ball = target.model_copy(
        update={
            "asset": "test-ball",
            "spin": Spin(body=Turn.steady((1.0, 2.0, 0.0), 8.0)),
            "curve": Linear(start=(-0.5, 0.0, 1.8), velocity=(5.0, 1.0, 0.5)),
        }
    )
    box = target.model_copy(
        update={
            "object_id": 2,
            "spin": Spin(base=(0.9, 0.3, -0.2, 0.25), body=Turn.steady((0.3, 0.5, 0.8), 6.0)),
            "curve": Linear(start=(0.4, 0.7, 1.5), velocity=(-4.0, -2.0, 1.0)),
        }
    )
    made = make_film(**({"width": 192, "height": 108, "frames": 2, "samples": 1} | film))
    slab = extra("test-slab", (0.85, 0.1, 1.0), TILTED)
    return spec.model_copy(update={"targets": (ball, box), "extras": (slab,), "film": made, "camera": camera})


def shapes_of(spec: ClipSpec) -> list[Shape]:
    slabs = [Shape(0, SLAB, e.curve, e.spin) for e in spec.extras]
    return [*closed_form.targets(spec), *slabs, FLOOR]


@pytest.mark.parametrize("kind", CAMERAS)
def test_masks_depth_normals_and_flow(kind: str, rendered: Render, digests: Complete, measured: Say) -> None:
    spec = digests(crowded(CAMERAS[kind], extras=("depth", "flow", "normal")))
    clip, shapes = rendered(spec), shapes_of(spec)
    names = np.array([*(shape.name for shape in shapes), 0])
    # A lens that distorts is fitted; 0.02 px of fit come on top.
    within = 0.04 if spec.camera.lens != Lens() else 0.02
    for frame in range(spec.film.frames):
        seen, same = closed_form.sure(spec, shapes, frame, within)
        visible = clip.member(frame, Product.VISIBLE).ravel()
        wrong = int((visible != names[seen.shape])[same].sum())
        for target in closed_form.targets(spec):
            alone, clear = closed_form.sure(spec, [target], frame, within)
            amodal = clip.member(frame, Product.AMODAL, target.name).ravel()
            wrong += int((amodal != (alone.shape == 0))[clear].sum())
        _, inner = closed_form.sure(spec, shapes, frame, 0.3)
        solid = inner & (seen.shape >= 0)
        depth = clip.member(frame, Product.DEPTH).ravel().astype(float)
        assert np.isinf(depth[inner & (seen.shape < 0)]).all(), "the sky has no depth"
        far = np.abs(depth[solid] - seen.depth[solid]) / seen.depth[solid]
        flow = clip.member(frame, Product.FLOW).reshape(-1, 2).astype(float)
        truth = closed_form.flow(spec, shapes, seen, frame)
        moved = np.linalg.norm(flow - truth, axis=1)
        # Halves keep 11 bits: long ways are that much coarser.
        rounding = np.abs(truth).max(axis=1) * 2.0**-11
        _, axes = camera_axes(spec.camera, [frame / spec.film.fps])
        normal = clip.member(frame, Product.NORMAL).reshape(-1, 3).astype(float)
        expected = seen.normal @ axes[0] * [1.0, -1.0, -1.0]
        ball = inner & (seen.shape == 0)
        length = np.maximum(np.linalg.norm(normal, axis=1), 1e-9)
        turned = np.degrees(np.arccos(np.clip((normal * expected).sum(1) / length, -1, 1)))
        flat = inner & (seen.shape >= 2)
        measured(
            f"{kind}, frame {frame}",
            wrong_px=wrong,
            unsure_px=int((~same).sum()),
            depth_error=far.max(),
            EPE_mean=moved[solid].mean(),
            EPE_max=(moved - rounding)[solid].max(),
            speed_max=np.abs(truth[solid]).max(),
            ball_normal_deg=turned[ball].max(),
            plane_normal_deg=turned[flat].max(),
        )
        assert wrong == 0
        assert ball.sum() > 200
        assert far.max() < 7e-4, "a half has 11 bits"
        assert (moved - rounding)[solid].max() < 0.05
        assert turned[ball].max() < 1.0
        assert turned[flat].max() < 0.1


def test_the_sky_flows_as_the_camera_turns(rendered: Render, digests: Complete) -> None:
    for kind in ("straight", "distorted-zoom"):
        spec = digests(crowded(CAMERAS[kind], extras=("depth", "flow", "normal")))
        clip = rendered(spec)
        seen, sky = closed_form.sure(spec, shapes_of(spec), 0, 0.3)
        sky &= seen.shape < 0
        pixels = closed_form.pixel_centres(spec)[sky]
        eyes, ways = closed_form.rays(spec, pixels, np.zeros(len(pixels)))
        later = np.full(len(pixels), 1 / spec.film.fps)
        truth = project(spec.camera, spec.film, later, eyes + 1e7 * ways)[0] - pixels
        flow = clip.member(0, Product.FLOW).reshape(-1, 2)[sky]
        assert np.linalg.norm(flow - truth, axis=1).max() < 0.05


def test_every_row_is_seen_at_its_own_time(rendered: Render, digests: Complete, measured: Say) -> None:
    spec = digests(crowded(MOVING, readout=0.9, extras=("depth",)))
    clip, shapes = rendered(spec), shapes_of(spec)
    names = np.array([*(shape.name for shape in shapes), 0])
    for frame in range(spec.film.frames):
        seen, same = closed_form.sure(spec, shapes, frame, 0.02)
        visible = clip.member(frame, Product.VISIBLE).ravel()
        wrong = int((visible != names[seen.shape])[same].sum())
        _, inner = closed_form.sure(spec, shapes, frame, 0.3)
        solid = inner & (seen.shape >= 0)
        far = np.abs(clip.member(frame, Product.DEPTH).ravel()[solid] - seen.depth[solid]) / seen.depth[solid]
        measured(f"rolling shutter, frame {frame}", wrong_px=wrong, depth_error=far.max())
        assert wrong == 0
        assert far.max() < 1e-3


def test_an_open_aperture_leaves_sharp_labels_sharp(rendered: Render, digests: Complete) -> None:
    spec = crowded(MOVING, samples=8, frames=1)
    open_ = MOVING.model_copy(update={"lens": Lens(f_stop=0.2, focus=Still(point=(0.0, -3.0, 1.5)))})
    sharp, soft = rendered(digests(spec)), rendered(digests(spec.model_copy(update={"camera": open_})))
    for product, object_id in ((Product.VISIBLE, None), (Product.AMODAL, 1), (Product.AMODAL, 2)):
        assert np.array_equal(sharp.member(0, product, object_id), soft.member(0, product, object_id))
    spread = [int(((c := clip.member(0, Product.COVERAGE, 1)) > 0).sum() - (c == 255).sum()) for clip in (sharp, soft)]
    assert spread[1] > 1.3 * spread[0], "the picture is out of focus, and coverage with it"


@pytest.mark.parametrize(
    ("what", "camera", "film"),
    [("distortion", CAMERAS["distorted"], {}), ("rolling shutter", MOVING, {"readout": 0.9})],
    ids=["distortion", "rolling"],
)
def test_labels_lie_where_the_picture_does(
    what: str, camera: Camera, film: dict[str, float], rendered: Render, digests: Complete, measured: Say
) -> None:
    """A ball that shines on black: its light is its coverage, moved by nothing."""
    spec = crowded(camera, frames=1, samples=64, extras=("linear",), **film)
    lit = spec.targets[0].model_copy(
        update={"charge": (ChargeKey(time=0.0, level=1.0),), "charge_colour": (1.0, 1.0, 1.0)}
    )
    dark = spec.stage.model_copy(
        update={"hdri_strength": 0.0, "sun": spec.stage.sun.model_copy(update={"strength": 0.0})}
    )
    clip = rendered(digests(spec.model_copy(update={"targets": (lit,), "extras": (), "stage": dark})))
    light = clip.member(0, Product.LINEAR).astype(float)[..., 1] / 0.6
    soft = clip.member(0, Product.COVERAGE, 1) / 255
    shift = _shift(soft, light)
    measured(f"picture against coverage, {what}", shift_x_px=shift[0], shift_y_px=shift[1])
    # Before denoising it is less than 0.005 px; the denoiser, on black ground, moves the edge by the rest.
    assert np.abs(shift).max() < 0.25
    edges = np.hypot(*np.gradient(soft)).ravel(), np.hypot(*np.gradient(light)).ravel()
    assert np.corrcoef(*edges)[0, 1] > 0.95


def _shift(still: NDArray[np.float64], moved: NDArray[np.float64]) -> NDArray[np.float64]:
    """Px (right, down) by which `moved` lies off `still`, by least squares on its gradients (Lucas and Kanade).

    Around `still` alone, and whatever the contrast and the light around are.
    """
    down, right = np.gradient(still)
    near = still > 0
    for axis in (0, 1):
        near |= np.roll(near, 2, axis) | np.roll(near, -2, axis)
    parts = np.stack([right[near], down[near], still[near], np.ones(near.sum())], axis=1)
    return -np.linalg.lstsq(parts, moved[near], rcond=None)[0][:2]


def test_holes_and_panes(rendered: Render, digests: Complete, measured: Say) -> None:
    """A big box behind a card with square holes, a pane that lets 0.8 of the light through, and one that lets 0.3."""
    spec = empty_clip()
    target = spec.targets[0].model_copy(update={"scale": 6.0, "curve": Still(point=(0.0, 1.5, 1.6))})
    places = {"test-card": -0.95, "test-pane-clear": 0.0, "test-pane-dark": 0.95}
    extras: tuple[Extra, ...] = tuple(extra(name, (x, -0.5, 1.6)) for name, x in places.items())
    camera = Camera(position=Still(point=(0.1, -4.0, 1.7)), look_at=Still(point=(0.0, 0.0, 1.6)), focal_mm=38.0)
    film = make_film(width=192, height=108, frames=1, samples=64, extras=("depth",), shutter_degrees=0.0)
    spec = digests(spec.model_copy(update={"targets": (target,), "extras": extras, "film": film, "camera": camera}))
    clip = rendered(spec)
    visible = clip.member(0, Product.VISIBLE).ravel() == 1
    amodal = clip.member(0, Product.AMODAL, 1).ravel()
    soft = clip.member(0, Product.COVERAGE, 1).ravel() / 255
    depth = clip.member(0, Product.DEPTH).ravel().astype(float)

    def on(name: str, pixels_N2: NDArray[np.float64]) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        eyes, ways = closed_form.rays(spec, pixels_N2, np.zeros(len(pixels_N2)))
        points = eyes + ways * ((-0.5 - eyes[:, 1]) / ways[:, 1])[:, None] - (places[name], 0.0, 1.6)
        across = points[:, [0, 2]]
        return (np.abs(across) < np.array(CARD) / 2).all(1), across

    def steady(test: Callable[[NDArray[np.float64]], NDArray[np.bool_]], within: float) -> NDArray[np.bool_]:
        centres = closed_form.pixel_centres(spec)
        around = [test(centres + within * np.array([math.cos(a), math.sin(a)])) for a in np.arange(8) * math.pi / 4]
        return np.asarray(np.all([one == test(centres) for one in around], axis=0))

    def solid(pixels_N2: NDArray[np.float64]) -> NDArray[np.bool_]:
        inside, across = on("test-card", pixels_N2)
        return inside & card_is_solid(across)

    centres = closed_form.pixel_centres(spec)
    on_card, _ = on("test-card", centres)
    clear = on_card & amodal & steady(solid, 0.02) & steady(lambda p: on("test-card", p)[0], 0.02)
    assert clear.sum() > 800
    assert np.array_equal(visible[clear], ~solid(centres)[clear])
    away = clear & steady(solid, 2.3)  # farther than the pixel filter reaches
    assert np.array_equal(soft[away] > 0.5, visible[away])
    assert np.abs(depth[clear & solid(centres)] - 3.5).max() < 0.05
    assert (depth[clear & ~solid(centres)] > 4).all()
    for name, share in PANES.items():
        inner = steady(lambda p, name=name: on(name, p)[0], 2.3) & on(name, centres)[0] & amodal
        assert inner.sum() > 500
        measured(name, visible=visible[inner].mean(), coverage=soft[inner].mean(), let_through=share)
        assert visible[inner].all() == (share >= 0.5)
        assert visible[inner].any() == (share >= 0.5)
        assert abs(soft[inner].mean() - share) < 0.01


def test_a_frame_rendered_again_alone_is_the_same(
    rendered: Render, digests: Complete, assets: Path, tmp_path: Path
) -> None:
    """Two calls a frame, flat twins of materials, every product: none of it depends on what was rendered before."""
    camera = MOVING.model_copy(update={"lens": Lens(f_stop=1.4, k1=-0.1)})
    spec = crowded(camera, width=96, height=54, samples=4, readout=0.5, extras=("linear", "fx", "depth", "normal"))
    spec = digests(spec.model_copy(update={"extras": (*spec.extras, extra("test-card", (-0.4, -0.8, 1.7)))}))
    whole = rendered(spec)
    shutil.copytree(whole.work, tmp_path / "work")
    framefile.path(tmp_path / "work", 1).unlink()
    again = render(spec, tmp_path / "work", assets)
    assert framefile.read(again.work, spec, 1) == framefile.read(whole.work, spec, 1)
