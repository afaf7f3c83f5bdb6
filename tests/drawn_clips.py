"""Clips of procedurally drawn moving shapes, made in milliseconds and without Blender."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from render.asset import InstalledAsset
from render.frames import framefile, measure
from render.products import Product
from render.spec import Camera, ClipSpec, Film, Glow, Linear, Spin, Stage, Still, Sun, Target, Turn

LABELS = ("hammer", "shield", "gauntlet")


def clip_spec(
    index: int,
    frames: int = 6,
    size: tuple[int, int] = (96, 64),
    split: str = "train",
    objects: int = 1,
    asset: InstalledAsset | None = None,
) -> ClipSpec:
    """A plausible spec; `size` is (width, height). Every random choice follows from `index`.

    `asset` stands in for every prop, set and sky: a plan that is really rendered names installed assets alone.
    """
    digest = asset.digest if asset else "0" * 64
    rng = np.random.default_rng([7, index])
    targets = tuple(
        Target(
            object_id=number,
            asset=asset.asset.name if asset else LABELS[(index + number) % 3],
            asset_digest=digest,
            label=LABELS[(index + number) % 3],
            finish="default",
            curve=Linear(
                start=(round(float(rng.uniform(-0.6, 0.6)), 3), 0.0, round(float(rng.uniform(-0.4, 0.4)), 3)),
                velocity=(round(float(rng.uniform(-3, 3)), 3), 0.0, round(float(rng.uniform(-2, 2)), 3)),
            ),
            spin=Spin(body=Turn(rates=(round(float(rng.uniform(-9, 9)), 3),))),
        )
        for number in range(1, objects + 1)
    )
    return ClipSpec.model_validate(
        {
            "clip": f"clip-{index:06d}",
            "index": index,
            "split": split,
            "seed": index,
            "film": Film(width=size[0], height=size[1], frames=frames, fps=24, shutter_degrees=180, samples=16),
            "stage": Stage(
                set=asset.asset.name if asset else "yard",
                set_digest=digest,
                hdri=asset.asset.name if asset else "city",
                hdri_digest=digest,
                hdri_strength=1,
                hdri_yaw=0,
                sun=Sun(azimuth=0, elevation=1, angle=0.01, strength=1, colour=(1, 1, 1)),
            ),
            "camera": Camera(position=Still(point=(0, -3, 0)), look_at=Still(point=(0, 0, 0)), focal_mm=35),
            "targets": targets,
            "effects": (Glow(object_id=1, colour=(0.2, 0.4, 1.0), radius=0.3, strength=1),),
        }
    )


def draw_frame(spec: ClipSpec, frame: int) -> dict[tuple[Product, int | None], NDArray[Any]]:
    """One frame's products, by product and object id: textured moving shapes over a noisy ground, blurred by motion.

    Each target is a rounded shape of its own proportions that moves, spins and bounces off the borders; a grey bar
    hides some of it; the veil is a halo about the first target.
    """
    height, width = spec.film.height, spec.film.width
    ys, xs = np.mgrid[:height, :width] + 0.5
    rng = np.random.default_rng([11, spec.index])
    coarse = rng.uniform(40, 180, (height // 8 + 2, width // 8 + 2, 3))
    rgb = np.kron(coarse, np.ones((8, 8, 1)))[:height, :width]
    bar = np.abs(xs - width * (0.3 + 0.4 * rng.random())) < width * 0.04
    coverage, amodal, samples = {}, {}, 8
    visible = np.zeros((height, width), np.uint8)
    for target in spec.targets:
        times = (frame + (np.arange(samples) + 0.5) / samples * 0.5 - 0.25) / spec.film.fps
        soft = np.mean([_shape(spec, target, t, xs, ys) for t in times], axis=0)
        sharp = _shape(spec, target, frame / spec.film.fps, xs, ys)
        coverage[target.object_id] = np.where(bar, 0.0, soft)
        for other in coverage:
            if other != target.object_id:
                coverage[other] = coverage[other] * (1 - soft)
        amodal[target.object_id] = sharp
        visible[sharp & ~bar] = target.object_id
        colour = np.array([(220, 60, 40), (40, 90, 220), (230, 200, 60)][LABELS.index(target.label)], float)
        texture = colour * (0.75 + 0.25 * np.sin(xs * 0.9 + ys * 0.4))[..., None]
        rgb = rgb + (texture - rgb) * soft[..., None]
    rgb[bar] = 90
    x, y = _centre(spec, spec.targets[0], frame / spec.film.fps)
    veil = 0.6 * np.exp(-((xs - x) ** 2 + (ys - y) ** 2) / (2 * (0.12 * height) ** 2))
    rgb = rgb + (np.array([120, 180, 255]) - rgb) * (0.5 * veil)[..., None]
    products: dict[tuple[Product, int | None], NDArray[Any]] = {
        (Product.RGB, None): np.clip(rgb, 0, 255).astype(np.uint8),
        (Product.VISIBLE, None): visible,
        (Product.VEIL, None): _levels(veil),
    }
    products |= {(Product.COVERAGE, i): _levels(soft) for i, soft in coverage.items()}
    products |= {(Product.AMODAL, i): sharp for i, sharp in amodal.items()}
    return products


def draw_clip(spec: ClipSpec, work: Path) -> None:
    """Write every frame file of a clip into `work`."""
    for frame in range(spec.film.frames):
        products = draw_frame(spec, frame)
        charge = {target.object_id: 0.0 for target in spec.targets}
        framefile.write(work, spec, frame, products, measure.measure(frame, products, charge))


def _centre(spec: ClipSpec, target: Target, time: float) -> tuple[float, float]:
    """Centre in pixels at `time` seconds, reflected at the borders."""
    assert isinstance(target.curve, Linear)
    found = []
    for axis, extent in ((0, spec.film.width), (2, spec.film.height)):
        way = 0.5 + 0.5 * target.curve.start[axis] + 0.5 * target.curve.velocity[axis] * time
        found.append(extent * (0.15 + 0.7 * (1 - abs(way % 2 - 1))))
    return found[0], found[1]


def _shape(
    spec: ClipSpec, target: Target, time: float, xs: NDArray[np.float64], ys: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Where a target is at one instant: a superellipse with its label's proportions, turned by its spin."""
    x, y = _centre(spec, target, time)
    angle = target.spin.body.rates[0] * time
    long, wide, power = {"hammer": (0.26, 0.11, 8), "shield": (0.2, 0.2, 2), "gauntlet": (0.22, 0.15, 4)}[target.label]
    u = (np.cos(angle) * (xs - x) + np.sin(angle) * (ys - y)) / (long * spec.film.height)
    v = (-np.sin(angle) * (xs - x) + np.cos(angle) * (ys - y)) / (wide * spec.film.height)
    return np.asarray(np.abs(u) ** power + np.abs(v) ** power <= 1)


def _levels(share: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.rint(np.clip(share, 0, 1) * 255).astype(np.uint8)
