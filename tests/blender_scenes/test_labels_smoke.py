"""Smoke of known density: what it takes from coverage and adds to the veil is what Beer and Lambert say."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from render.spec import Camera, ClipSpec, Linear, Still
from tests.blender_scenes.in_blender import in_blender
from tests.blender_scenes.labelled import empty_clip
from tests.specs import make_film

pytestmark = pytest.mark.slow

DENSITY, THICK = 0.8, 0.7
"""1/m and metres."""

_SCRIPT = f"""
import sys
from pathlib import Path
import bpy
import numpy as np
from render.asset import Library
from render.frames.develop import Layers, develop, transmittance
from render.spec import ClipSpec
from blender_scenes import clip, passes
from blender_scenes.stage import EFFECTS

spec = ClipSpec.read_json(Path(sys.argv[1]))
scratch = Path(sys.argv[2])
result = {{}}
for kind in ("none", "ShaderNodeVolumeAbsorption", "ShaderNodeVolumeScatter"):
    scene = clip.build(spec, Library.open([Path(sys.argv[3])]), clip.Machine(device="cpu"), scratch)
    if kind != "none":
        # A slab before the ball, and before the lower half of the sky.
        bpy.ops.mesh.primitive_cube_add(size=1, location=(0, -2, 0))
        slab = bpy.context.object
        slab.scale = (20, {THICK}, 2 * 1.6 + 0.8)
        for collection in tuple(slab.users_collection):
            collection.objects.unlink(slab)
        bpy.data.collections[EFFECTS].objects.link(slab)
        material = bpy.data.materials.new("smoke")
        material.use_nodes = True
        tree = material.node_tree
        tree.nodes.clear()
        volume = tree.nodes.new(kind)
        volume.inputs["Density"].default_value = {DENSITY}
        # Black smoke takes all that its density says; white smoke that only scatters takes as much.
        volume.inputs["Color"].default_value = (0, 0, 0, 1) if "Absorption" in kind else (1, 1, 1, 1)
        tree.links.new(volume.outputs[0], tree.nodes.new("ShaderNodeOutputMaterial").inputs["Volume"])
        slab.data.materials.append(material)
    passes.layers(scene, spec)
    layers = Layers.read(*passes.render(scene, spec, 0, scratch))
    mattes = develop(layers, [1])
    inner = mattes.amodal[1]
    for axis in (0, 1):
        for step in (-3, 3):
            inner = inner & np.roll(mattes.amodal[1], step, axis)
    rim = (mattes.coverage[1] > 0.02) & ~inner
    result[kind] = dict(
        pixels=int(inner.sum()),
        coverage=float(mattes.coverage[1][inner].mean()),
        veil=float(mattes.veil[inner].mean()),
        through=float(transmittance(layers)[inner].mean()),
        rim=float(transmittance(layers)[rim].mean()),
        visible=int((mattes.visible == 1).sum()),
        sky=float(mattes.veil[:3].max()),
    )
"""


def test_smoke_of_known_density(
    assets: Path, digests: Callable[[ClipSpec], ClipSpec], tmp_path: Path, measured: Callable[..., None]
) -> None:
    spec = empty_clip()
    # From far away all rays go straight through the slab.
    camera = Camera(position=Still(point=(0.0, -30.0, 1.6)), look_at=Still(point=(0.0, 0.0, 1.6)), focal_mm=500.0)
    curve = Linear(start=(0.0, 0.0, 1.6), velocity=(3.0, 0.0, 0.0))
    target = spec.targets[0].model_copy(update={"asset": "test-ball", "curve": curve})
    film = make_film(width=128, height=96, frames=1, samples=64)
    spec = digests(spec.model_copy(update={"targets": (target,), "camera": camera, "film": film}))
    file = tmp_path / "spec.json"
    file.write_text(spec.canonical())
    found = in_blender(_SCRIPT, file, tmp_path, assets)
    clear = found["none"]
    assert clear["pixels"] > 500
    assert clear["veil"] == 0
    assert clear["rim"] == 1
    expected = math.exp(-DENSITY * THICK)
    for kind in ("ShaderNodeVolumeAbsorption", "ShaderNodeVolumeScatter"):
        smoky = found[kind]
        measured(
            kind,
            beer_lambert=expected,
            coverage_ratio=smoky["coverage"] / clear["coverage"],
            transmittance=smoky["through"],
            at_the_rim=smoky["rim"],
            veil=smoky["veil"],
        )
        assert smoky["coverage"] / clear["coverage"] == pytest.approx(expected, abs=0.01)
        assert smoky["through"] == pytest.approx(expected, abs=0.01)
        assert smoky["rim"] == pytest.approx(expected, abs=0.03)
        assert smoky["veil"] == pytest.approx(1 - expected, abs=0.01)
        assert smoky["visible"] == clear["visible"], "sharp labels see through smoke"
        assert smoky["sky"] == 0
