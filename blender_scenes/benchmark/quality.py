"""`python -m blender_scenes.benchmark.quality`: error against seconds of our render settings and of Cycles' own.

For each clip one scene is built. A frame of it is rendered with 1,024 samples, Cycles' stock settings and no denoiser:
the truth; and then with each of the settings compared, beauty alone, one frame to warm up and one to time. Errors: FLIP
(Andersson et al. 2020, on the picture as the view transform shows it), and relative mean square error of scene-linear
light, (a - b)^2 / (b^2 + 0.01), without the worst 0.1 % of pixels (fireflies of the truth itself).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from render.document import UserError
from render.planning.plan import write_plan
from render.planning.planfile import read_plan
from render.planning.recipe import find_recipe
from render.screen import notes, results, table
from render.spec import ClipSpec

STOCK: dict[str, Any] = {
    "use_adaptive_sampling": True, "adaptive_threshold": 0.01, "use_denoising": True,
    "denoiser": "OPENIMAGEDENOISE", "denoising_prefilter": "ACCURATE", "denoising_quality": "HIGH",
    "denoising_input_passes": "RGB_ALBEDO_NORMAL", "use_light_tree": True, "max_bounces": 12, "diffuse_bounces": 4,
    "glossy_bounces": 4, "transmission_bounces": 12, "transparent_max_bounces": 256, "caustics_reflective": True,
    "caustics_refractive": True, "sample_clamp_indirect": 10.0, "persistent": False,
}  # fmt: skip
"""Blender 4.5's factory settings, but for the samples (asked for) and the transparent bounces, which effects need."""


@dataclass(frozen=True)
class Shot:
    """One rendering: its scene-linear picture (H, W, 3), what the view transform makes of it, and its seconds."""

    linear: NDArray[np.float32]
    shown: NDArray[np.float32]
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m blender_scenes.benchmark.quality", description=__doc__)
    parser.add_argument("--recipe", default="train")
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--height", type=int, default=288)
    parser.add_argument("--samples", type=int, default=32)
    parser.add_argument("--truth", type=int, default=1024, help="samples of the truth")
    parser.add_argument("--try", dest="tried", type=json.loads, action="append", default=[], metavar="JSON",
                        help="further settings to compare: Cycles' properties over ours")  # fmt: skip
    parser.add_argument("--clip", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.clip:
        print(json.dumps(measure(ClipSpec.read_json(asked.clip), asked.truth, asked.tried)))
        return
    try:
        rows = compare(asked)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    results.print(table("beauty pass, seconds a frame and error", ["clip", "settings", "s", "FLIP", "relMSE"], rows))


def compare(asked: argparse.Namespace) -> list[tuple[object, ...]]:
    """Rows of the table: each clip's, then the ratios to stock, and the worst of them."""
    with tempfile.TemporaryDirectory() as scratch:
        write_plan(find_recipe(asked.recipe), Path(scratch) / "plan", asked.clips, None)
        _, specs = read_plan(Path(scratch) / "plan")
        rows: list[tuple[object, ...]] = []
        ratios: dict[str, list[tuple[float, float, float]]] = {}
        for spec in specs:
            film = {"width": asked.width, "height": asked.height, "samples": asked.samples, "extras": ()}
            small = spec.model_copy(update={"film": spec.film.model_copy(update=film)})
            path = Path(scratch) / "clip.json"
            path.write_text(small.canonical())
            command = [sys.executable, "-m", "blender_scenes.benchmark.quality", "--clip", str(path)]
            command += ["--truth", str(asked.truth), *(p for t in asked.tried for p in ("--try", json.dumps(t)))]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise UserError(f"{spec.clip}: {done.stderr.strip().splitlines()[-1]}")
            found = json.loads(done.stdout.splitlines()[-1])
            stock = found["stock"]
            for name, one in found.items():
                rows.append((spec.clip, name, f"{one[0]:.2f}", f"{one[1]:.4f}", f"{one[2]:.4f}"))
                ratios.setdefault(name, []).append(tuple(a / b for a, b in zip(one, stock, strict=True)))
                notes.print(*rows[-1])
        for name, all_of in ratios.items():
            rows.append(("worst ratio", name, *(f"{value:.3f}" for value in np.max(all_of, axis=0))))
            rows.append(("mean ratio", name, *(f"{value:.3f}" for value in np.mean(all_of, axis=0))))
    return rows


def measure(spec: ClipSpec, truth_samples: int, tried: list[dict[str, Any]]) -> dict[str, tuple[float, float, float]]:
    """Seconds a frame, FLIP and relative MSE of each of the settings, by name, on the clip's middle frame."""
    from render.asset import Library

    from .. import clip

    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        scene = clip.build(spec, Library.open([]), clip.Machine(threads=1), scratch)
        ours = {key: getattr(scene.cycles, key) for key in STOCK if key != "persistent"} | {"persistent": True}
        plain = {"use_denoising": False, "use_adaptive_sampling": False, "sample_clamp_indirect": 0.0}
        truth = _render(scene, spec, scratch, STOCK | plain, truth_samples, warm=False)
        variants = {"stock": STOCK, "ours": ours} | {json.dumps(one): ours | one for one in tried}
        found = {}
        for called, settings in variants.items():
            samples = int(settings.get("samples", spec.film.samples))
            shot = _render(scene, spec, scratch, settings, samples, warm=True)
            found[called] = (shot.seconds, _flip(truth.shown, shot.shown), relative_mse(shot.linear, truth.linear))
    return found


def relative_mse(found: NDArray[np.float32], truth: NDArray[np.float32]) -> float:
    """Mean of (found - truth)^2 / (truth^2 + 0.01) over all but the worst 0.1 % of pixels; (H, W, 3), scene-linear."""
    error = ((found - truth) ** 2 / (truth**2 + 0.01)).mean(axis=-1).ravel()
    return float(np.sort(error)[: max(1, int(error.size * 0.999))].mean())


def _flip(truth: NDArray[np.float32], shown: NDArray[np.float32]) -> float:
    import flip_evaluator

    return float(flip_evaluator.evaluate(truth, shown, "LDR")[1])


def _render(scene: Any, spec: ClipSpec, scratch: Path, settings: dict[str, Any], samples: int, warm: bool) -> Shot:
    """The middle frame with some settings; with `warm` the frame before is rendered first and not timed."""
    import bpy
    import OpenEXR
    from PIL import Image

    from .. import passes

    for key, value in settings.items():
        if key not in ("persistent", "samples"):
            setattr(scene.cycles, key, value)
    scene.cycles.samples = samples
    scene.render.use_persistent_data = settings["persistent"]
    scene.render.image_settings.file_format = "OPEN_EXR"
    scene.render.filepath = str(scratch / "beauty.exr")
    middle = spec.film.frames // 2
    seconds = 0.0
    for frame in (middle - 1, middle) if warm else (middle,):
        scene.cycles.seed = spec.seed + frame
        scene.frame_set(frame)
        started = time.perf_counter()
        bpy.ops.render.render(write_still=True, scene=scene.name)
        seconds = time.perf_counter() - started
    with OpenEXR.File(str(scratch / "beauty.exr")) as file:
        channels = file.channels()
        picture = channels["RGB"].pixels if "RGB" in channels else channels["RGBA"].pixels[..., :3]
        linear = np.array(picture, np.float32)
    passes.view(scene, linear, scratch / "shown.png")
    with Image.open(scratch / "shown.png") as image:
        shown = np.asarray(image.convert("RGB"), np.float32) / 255
    return Shot(linear, shown, seconds)


if __name__ == "__main__":
    main()
