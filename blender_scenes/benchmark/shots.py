"""What `quality` renders: one frame of a clip, beauty alone, with any settings of Cycles, and its truth.

Errors: FLIP (Andersson et al. 2020, on the picture as the view transform shows it), and relative mean square error of
scene-linear light, (a - b)^2 / (b^2 + 0.01), without the worst 0.1 % of pixels (fireflies of the truth itself).
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from render.spec import ClipSpec

from .curves import Point

Settings: TypeAlias = dict[str, Any]
"""Cycles' properties by name; `persistent` is Blender's persistent data."""

STOCK: Settings = {
    "use_adaptive_sampling": True, "adaptive_threshold": 0.01, "adaptive_min_samples": 0, "use_denoising": True,
    "denoiser": "OPENIMAGEDENOISE", "denoising_prefilter": "ACCURATE", "denoising_quality": "HIGH",
    "denoising_input_passes": "RGB_ALBEDO_NORMAL", "use_light_tree": True, "light_sampling_threshold": 0.01,
    "max_bounces": 12, "diffuse_bounces": 4, "glossy_bounces": 4, "transmission_bounces": 12, "volume_bounces": 0,
    "caustics_reflective": True, "caustics_refractive": True, "sample_clamp_direct": 0.0, "sample_clamp_indirect": 10.0,
    "blur_glossy": 1.0, "min_light_bounces": 0, "min_transparent_bounces": 0, "sampling_pattern": "AUTOMATIC",
    "use_fast_gi": False, "debug_use_spatial_splits": False, "volume_step_rate": 1.0, "volume_max_steps": 1024,
    "persistent": False,
}  # fmt: skip
"""Blender 4.5's factory settings, but for the samples (asked for) and the transparent bounces: effects need ours."""
PLAIN: Settings = {
    "use_denoising": False, "use_adaptive_sampling": False, "sample_clamp_indirect": 0.0,
    "light_sampling_threshold": 0.0, "transparent_max_bounces": 256,
}  # fmt: skip
"""What the truth has over stock: all light as it falls, nothing smoothed."""


@dataclass(frozen=True)
class Shot:
    """One rendering: its scene-linear picture (H, W, 3), what the view transform makes of it, processor seconds."""

    linear: NDArray[np.float32]
    shown: NDArray[np.float32]
    seconds: float


class Studio:
    """A clip's scene, built once, whose middle frame is rendered with one setting after another."""

    def __init__(self, spec: ClipSpec, threads: int, scratch: Path) -> None:
        from render.asset import Library

        from .. import clip

        self.spec, self.scratch = spec, scratch
        self.scene = clip.build(spec, Library.open([]), clip.Machine(threads, "cpu"), scratch)
        self.ours: Settings = {name: getattr(self.scene.cycles, name) for name in STOCK if name != "persistent"}
        self.ours["persistent"] = self.scene.render.use_persistent_data

    def truth(self, samples: int, keep: Path | None) -> Shot:
        """The frame with many samples; taken from the folder `keep` where it is there, and put there."""
        same = self.spec.model_copy(update={"film": self.spec.film.model_copy(update={"samples": 1})})
        name = f"{self.spec.clip}-{sha256((same.canonical() + str(samples)).encode()).hexdigest()[:16]}.npz"
        if keep is not None and (keep / name).is_file():
            with np.load(keep / name) as stored:
                return Shot(stored["linear"], self._shown(stored["linear"]), 0.0)
        shot = self.render(STOCK | PLAIN, samples)
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            np.savez_compressed(keep / name, linear=shot.linear)
        return shot

    def curve(self, settings: Settings, counts: Sequence[int], truth: Shot) -> list[Point]:
        """Seconds and errors at each number of samples."""
        if settings["persistent"]:
            self.render(settings, 1, before=True)  # what a clip pays once is not a frame's
        shots = [self.render(settings, count) for count in counts]
        return [
            Point(count, shot.seconds, flip(truth.shown, shot.shown), relative_mse(shot.linear, truth.linear))
            for count, shot in zip(counts, shots, strict=True)
        ]

    def render(self, settings: Settings, samples: int, before: bool = False) -> Shot:
        """The middle frame, or the one `before` it."""
        import bpy

        scene = self.scene
        for name, value in settings.items():
            if name != "persistent":
                setattr(scene.cycles, name, value)
        scene.cycles.samples = samples
        scene.render.use_persistent_data = settings["persistent"]
        scene.render.image_settings.file_format = "OPEN_EXR"
        scene.render.filepath = str(self.scratch / "beauty.exr")
        frame = self.spec.film.frames // 2
        scene.frame_set(frame - 1)  # so that something has moved since the last rendering, as in a clip
        if before:
            frame -= 1
        scene.cycles.seed = self.spec.seed + frame + samples
        started = time.process_time()
        scene.frame_set(frame)
        bpy.ops.render.render(write_still=True, scene=scene.name)
        seconds = time.process_time() - started
        linear = _read(self.scratch / "beauty.exr")
        return Shot(linear, self._shown(linear), seconds)

    def _shown(self, linear: NDArray[np.float32]) -> NDArray[np.float32]:
        from PIL import Image

        from .. import passes

        passes.view(self.scene, linear, self.scratch / "shown.png")
        with Image.open(self.scratch / "shown.png") as image:
            return np.asarray(image.convert("RGB"), np.float32) / 255


def measure(
    spec: ClipSpec,
    tried: dict[str, Settings],
    counts: Sequence[int],
    truth_samples: int,
    threads: int,
    keep: Path | None,
) -> dict[str, list[Point]]:
    """The curves of stock, of ours, and of what else is `tried` (over ours), on the clip's middle frame."""
    with tempfile.TemporaryDirectory() as scratch:
        studio = Studio(spec, threads, Path(scratch))
        transparent = studio.scene.cycles.transparent_max_bounces
        truth = studio.truth(truth_samples, keep)
        studio.scene.cycles.transparent_max_bounces = transparent
        variants = {"stock": STOCK, "ours": studio.ours} | {name: studio.ours | one for name, one in tried.items()}
        return {name: studio.curve(settings, counts, truth) for name, settings in variants.items()}


def relative_mse(found: NDArray[np.float32], truth: NDArray[np.float32]) -> float:
    """Mean of (found - truth)^2 / (truth^2 + 0.01) over all but the worst 0.1 % of pixels; (H, W, 3), scene-linear."""
    error = ((found - truth) ** 2 / (truth**2 + 0.01)).mean(axis=-1).ravel()
    return float(np.sort(error)[: max(1, int(error.size * 0.999))].mean())


def flip(truth: NDArray[np.float32], shown: NDArray[np.float32]) -> float:
    """Mean FLIP of two pictures as they are shown, float32 (H, W, 3) in 0..1, at FLIP's usual viewing distance."""
    import flip_evaluator

    return float(flip_evaluator.evaluate(truth, shown, "LDR")[1])


def _read(exr: Path) -> NDArray[np.float32]:
    import OpenEXR

    with OpenEXR.File(str(exr)) as file:
        channels = file.channels()
        picture = channels["RGB"].pixels if "RGB" in channels else channels["RGBA"].pixels[..., :3]
        return np.array(picture, np.float32)
