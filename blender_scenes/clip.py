"""Render one clip: every frame whose frame file is not there yet, in order."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from render.asset import Library
from render.document import UserError
from render.frames import framefile, look
from render.frames.develop import BEAUTY, Layers, develop, on_request, products
from render.frames.measure import measure
from render.products import Product
from render.spec import ClipSpec

from .cores import start_blender

if TYPE_CHECKING:
    import bpy

Wanted = Literal["auto", "cpu", "gpu"]
Report = Callable[[int, float], None]
"""Called with a frame's number and the seconds it took."""


@dataclass(frozen=True)
class Machine:
    """What a clip is rendered with: CPU threads, and which device (see `device.choose`)."""

    threads: int = 1
    device: Wanted = "auto"
    gpu: int | None = None


def render_clip(
    spec: ClipSpec,
    work: Path,
    library: Library,
    machine: Machine,
    report: Report,
    frames: Iterable[int] | None = None,
) -> None:
    """Render what is missing in `work`, or of certain frames. UserError for assets that are missing, changed, or not
    what they promise.

    Frames are written atomically, so this may be killed at any moment and started again.
    """
    scratch = work / "scratch"
    framefile.clean(work)
    wanted = range(spec.film.frames) if frames is None else frames
    missing = [frame for frame in wanted if not framefile.is_whole(work, spec, frame)]
    if not missing:
        return
    check_assets(spec, library)
    start_blender(machine.threads)

    from . import passes

    scratch.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    scene = build(spec, library, machine, scratch)
    passes.layers(scene, spec)
    print(f"scene built in {time.perf_counter() - started:.2f} s", file=sys.stderr, flush=True)

    object_ids = [target.object_id for target in spec.targets]
    png = scratch / "frame.png"
    for frame in missing:
        started = time.perf_counter()
        layers = Layers.read(*passes.render(scene, spec, frame, scratch))
        passes.view(scene, look.expose(layers.rgb(BEAUTY), spec.look, spec.seed, frame, spec.film.frames), png)
        mattes = develop(layers, object_ids)
        shown = products(mattes, png) | on_request(layers, spec, frame)
        rgb = np.asarray(shown[Product.RGB, None], np.uint8)
        shown[Product.RGB, None] = look.apply(rgb, spec.look, spec.seed, frame, spec.film.frames)
        framefile.write(work, spec, frame, shown, measure(frame, shown, mattes.charge))
        report(frame, time.perf_counter() - started)
    shutil.rmtree(scratch)


def build(spec: ClipSpec, library: Library, machine: Machine, scratch: Path) -> bpy.types.Scene:
    """The whole scene of a clip, ready to be rendered, but for the view layers that labels need (`passes.layers`).

    Blender starts with the first call; `scratch` is an existing folder for what metering renders.
    """
    start_blender(machine.threads)

    from . import action, camera, device, effects, meter, passes, practicals, stage

    scene = stage.empty_scene()
    passes.set_up(scene, spec, machine.threads)
    print(f"rendering on {device.choose(scene, machine.device, machine.gpu)}", file=sys.stderr)
    lamps = practicals.find(stage.build(scene, spec.stage, library))
    camera.build(scene, spec.camera, spec.film, focus=spec.targets[0].curve)
    meter.balance(scene, spec, lamps, scratch)
    placed = {target.object_id: action.place_target(target, spec.film, library) for target in spec.targets}
    for number, extra in enumerate(spec.extras):
        action.place_extra(extra, number, spec.film, library, spec.targets, spec.seed)
    effects.build(spec, placed)
    return scene


def check_assets(spec: ClipSpec, library: Library) -> None:
    """UserError unless every asset of the spec is installed exactly as it was when the plan was made."""
    wanted = {(target.asset, target.asset_digest) for target in spec.targets}
    wanted |= {(extra.asset, extra.asset_digest) for extra in spec.extras}
    wanted |= {(spec.stage.set, spec.stage.set_digest), (spec.stage.hdri, spec.stage.hdri_digest)}
    for name, digest in sorted(wanted):
        if library.get(name).digest != digest:
            raise UserError(f"{spec.clip}: asset '{name}' has changed since the plan was made; plan again")
