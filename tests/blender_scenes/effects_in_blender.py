"""Checks of the effects that need Blender: run as a script, in a process of their own, by test_effects.py.

Every function named `check_...` is one check. The names on the command line choose among them; what each had to
complain about (null for nothing) goes to stdout as one JSON object.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mathutils import Vector
from numpy.typing import NDArray

from blender_scenes import denoising, effects, passes, stage
from blender_scenes.effects import bolt, brightness, burst, particles, smoke, trail, tubes, turns
from blender_scenes.effects.hold import Hold, hold
from blender_scenes.finish import wire_charge
from blender_scenes.ingest import Placed
from blender_scenes.keys import key
from render.frames.develop import BEAUTY, CHARGE, CLEAR, FX, FX_LIGHT, NOISY, Layers, develop, target_name
from render.frames.dial import dial
from render.motion import charge_level, orientation, position, rotate
from render.spec import (
    Arcs,
    Camera,
    ChargeKey,
    ClipSpec,
    Debris,
    Effect,
    Embers,
    Film,
    Flash,
    Glow,
    Lightning,
    Linear,
    Shockwave,
    Smoke,
    Sparks,
    Spin,
    Stage,
    Still,
    Strike,
    Sun,
    Target,
    Trail,
    Turn,
)

BLUE = (0.1, 0.3, 1.0)
FULL = (ChargeKey(time=0.0, level=1.0),)
STRIKES = (Strike(time=0.0, duration=0.1, seed=3, strength=1.0), Strike(time=0.14, duration=0.08, seed=4, strength=0.7))
BOLT = Lightning(object_id=1, source=(0.4, -0.6, 3.0), colour=BLUE, strikes=STRIKES)
HALO = Glow(object_id=1, colour=BLUE, radius=1.2, strength=1.0)
STREAM = Trail(object_id=1, colour=BLUE, width=0.5, duration=0.2, strength=1.0)
CRAWL = Arcs(object_id=1, colour=BLUE, count=12, reach=0.4, strength=1.0, seed=5)
SHOWER = Sparks(
    time=0.0,
    duration=0.04,
    place=(0.0, 0.0, 1.0),
    direction=(0.3, 0.0, 1.0),
    spread=0.4,
    speed=6.0,
    count=80,
    life=0.6,
    ground=0.0,
    strength=1.0,
    seed=6,
)
RISING = Embers(
    time=-1.0, duration=2.0, place=(0.0, 0.0, 0.6), radius=0.4, count=80, rise=0.6, life=1.0, strength=1.0, seed=7
)
BLAST = Flash(time=0.03, duration=0.2, place=(0.0, 0.0, 1.0), radius=0.5, colour=BLUE, strength=1.0)
RING = Shockwave(time=0.0, duration=0.3, place=(0.0, 0.0, 1.0), radius=1.2, colour=BLUE, strength=1.0)
CLOUD = Smoke(
    time=-0.1, life=1.0, place=(0.0, -1.0, 1.0), radius=1.0, swell=0.1, density=1.0, colour=(0.0, 0.0, 0.0), seed=8
)
CHIPS = Debris(
    time=0.0,
    place=(0.0, -1.2, 1.0),
    direction=(0.0, 0.0, 1.0),
    spread=0.5,
    speed=3.0,
    count=30,
    size=0.2,
    ground=0.0,
    colour=(0.3, 0.3, 0.3),
    seed=9,
)
EMISSIVE = (BOLT, HALO, STREAM, CRAWL, SHOWER, RISING, BLAST, RING)
# fmt: on
PASSING = Linear(start=(-1.0, 0.0, 1.0), velocity=(6.0, 0.0, 0.5))


def make_spec(
    *effects_of_clip: Effect, curve: Any = PASSING, size: int = 40, samples: int = 16, **film: Any
) -> ClipSpec:
    """Six frames of one charged ball that is called target 1, seen from -Y."""
    return ClipSpec(
        clip="clip-000000",
        index=0,
        split="train",
        seed=11,
        film=Film(
            **({"frames": 6, "fps": 24.0, "shutter_degrees": 180.0} | film), width=size, height=size, samples=samples
        ),
        stage=Stage(
            set="none",
            set_digest="",
            hdri="none",
            hdri_digest="",
            hdri_strength=0.0,
            hdri_yaw=0.0,
            sun=Sun(azimuth=0.0, elevation=1.0, angle=0.01, strength=0.0, colour=(1.0, 1.0, 1.0)),
        ),
        camera=Camera(position=Still(point=(0.0, -5.0, 1.0)), look_at=Still(point=(0.0, 0.0, 1.0)), focal_mm=50.0),
        targets=(
            Target(
                object_id=1, asset="ball", asset_digest="", label="ball", finish="plain", curve=curve,
                spin=Spin(body=Turn.steady((0.0, 1.0, 0.0), 4.0)), charge=FULL,
            ),
        ),
        effects=effects_of_clip,
    )  # fmt: skip


def make_scene(spec: ClipSpec, grip: float = 0.0, metal: bool = False) -> tuple[bpy.types.Scene, Placed]:
    """An empty scene with the ball of `spec` on its way, `grip` metres off its root, and the effects of `spec`.

    All of it is a gem that charges, or (`metal`) it is steel but for the gem on its top.
    """
    scene = stage.empty_scene()
    passes.set_up(scene, spec, threads=1)
    bpy.ops.mesh.primitive_uv_sphere_add(radius=0.4, segments=32, ring_count=16, location=(0.0, 0.0, grip))
    ball = bpy.context.object
    material = bpy.data.materials.new("gem")
    material.use_nodes = True
    charge = wire_charge(material, 1.5)
    ball.data.materials.append(material)
    if metal:
        steel = bpy.data.materials.new("steel")
        steel.use_nodes = True
        steel.node_tree.nodes["Principled BSDF"].inputs["Metallic"].default_value = 1.0
        ball.data.materials.append(steel)
        for face in ball.data.polygons:
            face.material_index = 0 if face.center.z > grip + 0.3 else 1
    root = bpy.data.objects.new(target_name(1), None)
    scene.collection.objects.link(root)
    ball.parent = root
    root.rotation_mode = "QUATERNION"
    frames = np.arange(-4, spec.film.frames * 4 + 4) / 4
    target = spec.targets[0]
    key(root, "location", frames, position(target.curve, frames / spec.film.fps))
    key(root, "rotation_quaternion", frames, orientation(target.spin, frames / spec.film.fps))
    ball.lightgroup = CHARGE
    placed = Placed(root, (ball,), (charge.level,), (ball,), (charge.colour,))
    stage.file_under(placed, target_name(1))
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    camera.location, camera.rotation_euler = (0.0, -5.0, 1.0), (np.pi / 2, 0.0, 0.0)
    scene.collection.objects.link(camera)
    scene.camera = camera
    effects.build(spec, {1: placed})
    return scene, placed


def rendered(scene: bpy.types.Scene, spec: ClipSpec, frame: int) -> Layers:
    """One frame with every pass. What denoising would do to the picture is no business of these checks: see NOISY."""
    passes.layers(scene, spec)
    return Layers.read(*passes.render(scene, spec, frame, Path(tempfile.mkdtemp(dir=sys.argv[1]))))


def in_effects() -> list[bpy.types.Object]:
    return list(bpy.data.collections[stage.EFFECTS].objects)


def check_same_spec_same_meshes() -> None:
    def digests() -> dict[str, str]:
        make_scene(make_spec(BOLT, HALO, STREAM, SHOWER, CRAWL, BLAST, RING, CHIPS))
        found = {}
        for item in [*in_effects(), *bpy.data.collections[stage.EXTRAS].objects]:
            if item.type == "MESH":
                points = np.empty(len(item.data.vertices) * 3, np.float32)
                item.data.vertices.foreach_get("co", points)
                found[item.name] = hashlib.sha256(points.tobytes()).hexdigest()
        return found

    first = digests()
    kinds = {name.split("-")[1] for name in first}
    assert kinds == {"lightning", "glow", "trail", "sparks", "arcs", "flash", "shockwave", "debris"}, kinds
    alike = ("glow-veil", "flash-afterglow")  # but for their light
    drawn = {name: digest for name, digest in first.items() if not name.endswith(alike)}
    assert len(set(drawn.values())) == len(drawn)
    again = digests()
    assert again == first, [name for name in first if again[name] != first[name]]


def check_everything_is_where_the_passes_look() -> None:
    scene, placed = make_scene(make_spec(*EMISSIVE, CLOUD, CHIPS))
    made = [item for item in scene.objects if item.name.startswith("effect")]
    extras = set(bpy.data.collections[stage.EXTRAS].objects)
    chips = [item for item in made if "debris" in item.name]
    assert chips
    assert set(chips) == extras, "opaque chips are occluders: sharp layers must see them"
    light = [item for item in made if item not in extras]
    assert {item.name for item in light} == {item.name for item in in_effects()}
    assert {item.lightgroup for item in light} == {FX}
    for item in made:
        above = item
        while above.parent is not None:
            above = above.parent
        assert above is not placed.root, f"{item.name} shares a target's Cryptomatte"


def check_effects_never_erode_coverage() -> None:
    still = Still(point=(0.0, 0.0, 1.0))
    ahead = BOLT.model_copy(update={"source": (0.0, -3.0, 1.3)})  # from just beside the camera, across the ball
    near = {"place": (0.0, -1.0, 1.0)}  # between camera and ball
    before = (
        SHOWER.model_copy(update=near), RISING.model_copy(update=near | {"radius": 0.3}),
        BLAST.model_copy(update=near), RING.model_copy(update=near | {"normal": (0.0, 1.0, 0.2)}),
    )  # fmt: skip
    plain = make_spec(curve=still, size=64)
    truth = develop(rendered(make_scene(plain)[0], plain, 1), [1])
    on_ball = truth.coverage[1] > 0.99
    assert on_ball.sum() > 50
    chosen: list[tuple[Effect, ...]] = [(ahead,), (HALO,), (CRAWL,), *((effect,) for effect in before)]
    for effects_of_clip in (*chosen, (ahead, HALO, *before)):
        # , (CRAWL,), *((effect,) for effect in before), (ahead, HALO, *before)):
        spec = make_spec(*effects_of_clip, curve=still, size=64)
        found = develop(rendered(make_scene(spec)[0], spec, 1), [1])
        kinds = [effect.kind for effect in effects_of_clip]
        least = 0.002 if len(kinds) == 1 else 0.1  # before a prop that shines itself some hardly show
        assert found.veil[on_ball].max() > least, f"{kinds}: nothing was in front of the ball at all"
        off = np.abs(found.coverage[1] - truth.coverage[1])
        assert off.max() < 1e-3, f"{kinds}: {off.max()}, {off.mean()}"
        assert np.array_equal(found.visible, truth.visible)
        assert np.array_equal(found.amodal[1], truth.amodal[1])


def check_a_moving_trail_in_front_never_erodes_coverage() -> None:
    def towards(*found: Effect) -> ClipSpec:  # the ball flies away from the camera: its trail lies right before it
        return make_spec(*found, curve=Linear(start=(0.7, -2.0, 1.3), velocity=(-4.0, 8.0, 0.0)))

    truth = develop(rendered(make_scene(towards())[0], towards(), 3), [1])
    found = develop(rendered(make_scene(towards(STREAM))[0], towards(STREAM), 3), [1])
    veil = found.veil[truth.coverage[1] > 0.99].max()
    assert veil > 0.03, veil
    assert np.abs(found.coverage[1] - truth.coverage[1]).max() < 1e-3


def lit_card(spec: ClipSpec, height: float = 0.0) -> tuple[Layers, NDArray[np.float64]]:
    """A grey card, 12 m square, below the action at `height`, lit by a clip's effects alone and seen from above.

    Also the light (40, 40, 3) that it sends up: 0.2 m a pixel, the world's origin in the middle, +Y up.
    """
    scene, placed = make_scene(spec)
    bpy.ops.mesh.primitive_plane_add(size=12.0, location=(0.0, 0.0, height))
    grey = bpy.data.materials.new("grey")
    grey.use_nodes = True
    grey.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = (0.5, 0.5, 0.5, 1.0)
    grey.node_tree.nodes["Principled BSDF"].inputs["Specular IOR Level"].default_value = 0.0
    bpy.context.object.data.materials.append(grey)
    for item in [*placed.objects, *(o for o in in_effects() if o.type == "MESH")]:
        item.visible_camera = item.visible_diffuse = item.visible_shadow = False  # only what lamps do to the card
    over = scene.camera
    over.data.type, over.data.ortho_scale = "ORTHO", 8.0
    over.location, over.rotation_euler = (0.0, 0.0, 9.0), (0.0, 0.0, 0.0)
    layers = rendered(scene, spec, 1)
    return layers, np.stack([layers.channels[f"{BEAUTY}.{NOISY}.{c}"] for c in "RGB"], axis=-1).astype(np.float64)


def check_effects_light_a_grey_card() -> None:
    nobody = {"curve": Still(point=(0.0, 0.0, 1.0)), "samples": 64}
    for effect in EMISSIVE:
        spec = make_spec(effect, **(nobody if effect.kind == "arcs" else {"samples": 64}))
        layers, light_HW3 = lit_card(spec)
        row_W3 = light_HW3[18:22].mean(axis=0)  # a strip of the card below the ball's way, 0.2 m a pixel
        peak = int(row_W3.sum(axis=1).argmax())
        near, far = row_W3[peak], (row_W3[0] if peak > 20 else row_W3[-1])
        assert near.max() > 0.05, f"{effect.kind}: {near} is too dim to see"
        assert near.sum() > 4 * far.sum(), f"{effect.kind}: {near} near by, {far} far off"
        if effect.kind in ("sparks", "embers"):
            assert near[0] > 1.5 * near[1] > 1.5 * near[2], f"{effect.kind}: {near} is no glow of hot metal"
        else:
            assert np.allclose(near / near.max(), BLUE, atol=0.03), f"{effect.kind}: {near / near.max()}"
        ours = layers.light(BEAUTY, f"Combined_{FX}").sum() + layers.light(BEAUTY, f"Combined_{FX_LIGHT}").sum()
        own = layers.light(BEAUTY, f"Combined_{CHARGE}").sum()
        assert np.isclose(ours + own, layers.light(BEAUTY, NOISY).sum(), rtol=1e-4), "light that is not in fx"


def check_light_of_a_compact_lamp_falls_with_the_square_of_distance() -> None:
    spec = make_spec(BLAST, RING, samples=64)
    for effect in (BLAST, SHOWER, RING, HALO, CRAWL):
        spec = make_spec(effect, curve=Still(point=(0.0, 0.0, 1.0)), samples=128)
        _, light_HW3 = lit_card(spec)
        make_scene(spec)
        bpy.context.scene.frame_set(1)
        lamp = next(item for item in in_effects() if item.type == "LIGHT")
        lamp = lamp.evaluated_get(bpy.context.evaluated_depsgraph_get()).matrix_world.translation
        y_HW, x_HW = np.mgrid[:40, :40]
        square_HW = (0.2 * (x_HW - 19.5) - lamp.x) ** 2 + (0.2 * (19.5 - y_HW) - lamp.y) ** 2 + lamp.z**2
        expected_HW = lamp.z / square_HW**1.5  # cos / d^2: the card's own slant and the inverse square
        ratio_HW = light_HW3.sum(axis=2) / expected_HW
        distance_HW = np.sqrt(square_HW)
        means = []
        for low, high in ((1.0, 1.3), (1.8, 2.2), (2.8, 3.2)):
            ring = (distance_HW >= low * lamp.z) & (distance_HW < high * lamp.z)
            means.append(float(ratio_HW[ring].mean()))
        assert max(means) < 1.06 * min(means), f"{effect.kind}: {means} should all be one number"


def check_the_sky_flashes_with_a_near_strike() -> None:
    bright = BOLT.model_copy(update={"flash": 2.0})
    without, with_flash = (lit_card(make_spec(bolt, samples=32))[1] for bolt in (BOLT, bright))
    added = (with_flash - without).mean(axis=2)
    assert added[:, :4].mean() > 0.03, "the far edge of the card is lit too"
    assert np.isclose(added[:, :4].mean(), added[:, -4:].mean(), rtol=0.2), "from all over the sky, so evenly"


def noisy(layers: Layers, without_effects: bool = False) -> NDArray[np.float64]:
    """The picture before denoising, (H, W, 3); `without_effects` takes away all light of theirs."""
    taken = (FX, FX_LIGHT) if without_effects else ()
    planes = [
        layers.channels[f"{BEAUTY}.{NOISY}.{c}"].astype(np.float64)
        - sum(layers.channels[f"{BEAUTY}.Combined_{group}.{c}"].astype(np.float64) for group in taken)
        for c in "RGB"
    ]
    return np.stack(planes, axis=-1)


def shine(times: float) -> None:
    """Multiply the strength of every effect in the scene: of what they radiate and of what their lamps do."""
    for item in in_effects():
        if item.type == "MESH":
            light = item.data.attributes["radiance"].data
            rgba = np.empty(4 * len(light), np.float32)
            light.foreach_get("color", rgba)
            light.foreach_set("color", rgba * np.float32(times))
            item.data.update()
        elif item.type == "LIGHT":
            for curve in item.data.animation_data.action.fcurves:
                for point in curve.keyframe_points:
                    point.co.y *= times
                curve.update()


def card_and_sun(scene: bpy.types.Scene) -> None:
    """Something that effects can light: a floor, a wall behind, and a sun."""
    bpy.ops.mesh.primitive_plane_add(size=12.0)
    bpy.ops.mesh.primitive_plane_add(size=12.0, location=(0.0, 2.0, 1.0), rotation=(np.pi / 2, 0.0, 0.0))
    sun = bpy.data.objects.new("sun", bpy.data.lights.new("sun", "SUN"))
    sun.data.energy, sun.rotation_euler = 2.0, (0.6, 0.2, 0.0)
    bpy.data.collections[stage.LAMPS].objects.link(sun)


def check_dialled_to_nothing_is_the_picture_without_effects() -> None:
    def scene_of(*kinds: Effect, seed: int = 11, samples: int = 32) -> tuple[bpy.types.Scene, ClipSpec]:
        spec = make_spec(*kinds, samples=samples).model_copy(update={"seed": seed})
        scene, _ = make_scene(spec)
        card_and_sun(scene)
        # What is cut off at a threshold is not proportional: fireflies, and lamps that hardly matter at a place.
        scene.cycles.sample_clamp_indirect = scene.cycles.light_sampling_threshold = 0.0
        return scene, spec

    scene, spec = scene_of(*EMISSIVE, samples=8)
    scene.cycles.use_light_tree = False  # it picks lamps by their strength: other strengths, other paths and noise
    once = rendered(scene, spec, 1)
    shine(2.0)
    twice = Layers.read(*passes.render(scene, spec, 1, Path(tempfile.mkdtemp(dir=sys.argv[1]))))
    shine(0.5e-9)
    dark = Layers.read(*passes.render(scene, spec, 1, Path(tempfile.mkdtemp(dir=sys.argv[1]))))
    truth = noisy(dark)
    assert noisy(once).mean() > 1.3 * truth.mean(), "effects that hardly show prove nothing"
    # Lamps that give no light are still lamps: paths are drawn alike, and the two pictures have the same noise. What
    # is left is float32's rounding, of the brightest light in the pixel.
    rounding = 1e-5 * np.maximum(noisy(once), 0.1)
    off = np.abs(noisy(once, without_effects=True) - truth)
    assert (off <= rounding).all(), ((off / rounding).max(), off.max(), (off > rounding).mean())
    light, double = noisy(once) - noisy(once, True), noisy(twice) - noisy(twice, True)
    assert light.max() > 1
    assert np.allclose(double, 2 * light, rtol=1e-4, atol=1e-4), np.abs(double - 2 * light).max()
    # With the lamps gone, paths differ: the same picture in other noise. Four seeds tell how much noise that is.
    dialled = np.stack([noisy(rendered(*scene_of(*EMISSIVE, seed=n), 1), True).mean(axis=2) for n in range(4)])
    without = np.stack([noisy(rendered(*scene_of(seed=n), 1)).mean(axis=2) for n in range(4)])
    error = np.sqrt((dialled.var(axis=0, ddof=1) + without.var(axis=0, ddof=1)) / 4)
    off = dialled.mean(axis=0) - without.mean(axis=0)
    assert abs(off.mean()) < 3 * np.sqrt((error**2).mean() / off.size) + 1e-4, off.mean()
    assert np.sqrt((off**2).mean()) < 1.3 * np.sqrt((error**2).mean()) + 1e-4


def check_denoised_dial_is_the_twin_within_noise() -> None:
    def products(*kinds: Effect) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        spec = make_spec(*kinds, samples=16, size=64)
        scene, _ = make_scene(spec)
        card_and_sun(scene)
        layers = rendered(scene, spec, 1)
        light = layers.rgb(BEAUTY, f"Combined_{FX}") + layers.rgb(BEAUTY, f"Combined_{FX_LIGHT}")
        return layers.rgb(BEAUTY), light

    linear, fx = products(HALO, SHOWER, BLAST)
    truth, nothing = products()
    assert nothing.max() == 0
    off = dial(linear, fx, 0) - truth
    noise = np.abs(fx - box_mean(fx)).mean()  # what a denoiser takes out of fx, the dial leaves in
    assert np.abs(off).mean() < 1.5 * noise + 0.01, (np.abs(off).mean(), noise)
    assert abs(off.mean()) < 0.02 * linear.mean(), (off.mean(), linear.mean())


def box_mean(picture_HW3: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean of each pixel and its eight neighbours."""
    padded = np.pad(picture_HW3, ((1, 1), (1, 1), (0, 0)), "edge")
    height, width, _ = picture_HW3.shape
    shifted = [padded[y : y + height, x : x + width] for y in range(3) for x in range(3)]
    return np.mean(shifted, axis=0)


def check_only_the_picture_is_denoised_and_nothing_else_changes() -> None:
    spec = make_spec(CLOUD, BLAST, size=48, samples=4)
    leave_out, engine = denoising.leave_out, importlib.import_module("cycles.engine")
    lister = engine.list_render_passes
    found: dict[str, Layers] = {}
    try:
        for name in ("ours", "all denoised", "another Cycles"):
            if name == "all denoised":
                denoising.leave_out = lambda layer: None
            elif name == "another Cycles":
                denoising.leave_out = leave_out
                del engine.list_render_passes
            scene, _ = make_scene(spec)
            passes.layers(scene, spec)
            denoised = {layer.name for layer in scene.view_layers if layer.cycles.use_denoising}
            assert denoised == ({BEAUTY} if name == "ours" else {layer.name for layer in scene.view_layers}), denoised
            if name != "another Cycles":
                found[name] = Layers.read(*passes.render(scene, spec, 1, Path(tempfile.mkdtemp(dir=sys.argv[1]))))
    finally:
        denoising.leave_out, engine.list_render_passes = leave_out, lister
    ours, theirs = (found[name].channels for name in ("ours", "all denoised"))
    assert set(ours) == set(theirs)
    told = {layer: sorted(n.split(".", 1)[1] for n in ours if n.startswith(f"{layer}.")) for layer in (BEAUTY, CLEAR)}
    assert told[BEAUTY] == told[CLEAR], "with persistent data, layers must have the same passes"
    for channel, values in ours.items():
        if ".Crypto" in channel:
            assert np.array_equal(values, theirs[channel]), channel
        elif channel.startswith(f"{BEAUTY}."):  # a process's first scene differs from its second in the last bits
            assert np.allclose(values, theirs[channel], rtol=0, atol=1e-5), channel
    assert not np.array_equal(ours[f"{BEAUTY}.Combined.R"], ours[f"{BEAUTY}.{NOISY}.R"]), "the picture is not denoised"


def check_smoke_takes_from_coverage_what_it_takes_from_the_picture() -> None:
    still, seen = Still(point=(0.0, 0.0, 1.0)), []
    for effects_of_clip in ((), (CLOUD,)):
        spec = make_spec(*effects_of_clip, curve=still, samples=64, size=32)
        scene, placed = make_scene(spec)
        shine = bpy.data.materials.new("shine")  # one radiance all over: what is left of it is the transmittance
        shine.use_nodes = True
        shine.node_tree.nodes.clear()
        nodes = [shine.node_tree.nodes.new(f"ShaderNode{kind}") for kind in ("Emission", "OutputMaterial")]
        shine.node_tree.links.new(nodes[0].outputs[0], nodes[1].inputs["Surface"])
        placed.objects[0].data.materials[0] = shine
        layers = rendered(scene, spec, 1)
        seen.append((develop(layers, [1]), noisy(layers).mean(axis=2)))
    (clear, bare), (smoky, dimmed) = seen
    on_ball = clear.coverage[1] > 0.99
    through = dimmed[on_ball] / bare[on_ball]
    covered = smoky.coverage[1][on_ball] / clear.coverage[1][on_ball]
    assert np.abs(through - covered).max() < 0.02, np.abs(through - covered).max()
    assert 0.2 < through.mean() < 0.95, through.mean()
    assert np.array_equal(smoky.visible, clear.visible), "sharp labels look through smoke"
    assert np.array_equal(smoky.amodal[1], clear.amodal[1])
    assert np.allclose(smoky.veil[on_ball], 1 - through, atol=0.03)


def check_smoke_is_as_dense_as_its_spec_says() -> None:
    cloud = CLOUD.model_copy(update={"place": (0.0, 0.0, 1.0), "swell": 0.15, "density": 1.5})
    ages = np.linspace(0, 1, 500)
    deepest = (smoke.extinction(cloud, ages) * 2 * smoke.grown(cloud, ages) * smoke.PROFILE).max()
    assert np.isclose(deepest, cloud.density, rtol=0.1), deepest
    depths = []
    for seed in range(8):
        spec = make_spec(cloud.model_copy(update={"seed": seed}), size=24, samples=16)
        scene, placed = make_scene(spec)
        placed.objects[0].hide_render = True
        bpy.ops.mesh.primitive_plane_add(size=30.0, location=(0.0, 3.0, 1.0), rotation=(np.pi / 2, 0.0, 0.0))
        shine = bpy.data.materials.new("shine")
        shine.use_nodes = True
        surface = shine.node_tree.nodes["Principled BSDF"].inputs
        surface["Base Color"].default_value, surface["Specular IOR Level"].default_value = (0, 0, 0, 1), 0.0
        surface["Emission Color"].default_value, surface["Emission Strength"].default_value = (1, 1, 1, 1), 1.0
        bpy.context.object.data.materials.append(shine)
        picture = noisy(rendered(scene, spec, 1)).mean(axis=2)
        depths.append(float(-np.log(picture[10:14, 10:14].mean() / picture[0, 0])))
    age = np.array([1 / 24 - cloud.time])
    expected = (smoke.extinction(cloud, age) * 2 * smoke.grown(cloud, age) * smoke.PROFILE)[0]
    assert np.isclose(np.mean(depths), expected, rtol=0.25), (expected, depths)


def check_debris_is_an_occluder() -> None:
    still = Still(point=(0.0, 0.0, 1.0))
    found = {}
    for name, effects_of_clip in (("clear", ()), ("chips", (CHIPS,))):
        spec = make_spec(*effects_of_clip, curve=still, size=64)
        found[name] = develop(rendered(make_scene(spec)[0], spec, 2), [1])
    clear, chips = found["clear"], found["chips"]
    hidden = (clear.visible == 1) & (chips.visible == 0)
    assert hidden.sum() > 10, "no chip in front of the ball"
    assert np.array_equal(chips.amodal[1], clear.amodal[1])
    assert chips.coverage[1][hidden].mean() < 0.5, "the soft matte knows of it too"
    assert chips.veil.max() == 0, "chips shed no light"


def check_sparks_streak_as_far_as_they_fly() -> None:
    def streak(degrees: float) -> tuple[float, float]:
        """Length in metres and light (radiance times area) of a spark's streak, as seen from close by."""
        one = SHOWER.model_copy(update={
            "count": 1, "time": 0.0, "duration": 1e-6, "place": (-0.6, 0.0, 1.0), "direction": (1.0, 0.0, 0.0),
            "spread": 0.0, "speed": 12.0, "life": 50.0,
        })  # fmt: skip
        away = Still(point=(0.0, 30.0, -20.0))
        spec = make_spec(one, curve=away, size=96, samples=64, shutter_degrees=degrees)
        scene, _ = make_scene(spec)
        corners = np.array([list(vertex.co) for vertex in bpy.data.objects["effect0-sparks-0001"].data.vertices])
        scene.camera.location = (*corners.mean(axis=0)[:2] - [0.0, 5.0], corners[:, 2].mean())
        pixel = (speed * degrees / 360 / 24 + 0.03) / 96
        scene.camera.data.type, scene.camera.data.ortho_scale = "ORTHO", 96 * pixel
        light = noisy(rendered(scene, spec, 1)).sum(axis=2)
        where = np.flatnonzero(light.sum(axis=0) > 0.02 * light.sum(axis=0).max())
        return float(where[-1] - where[0] + 1) * pixel, float(light.sum() * pixel**2)

    speed = particle_speed()
    _, still_light = streak(0.0)
    for degrees in (90.0, 180.0, 360.0):
        length, total = streak(degrees)
        flown = speed * degrees / 360 / 24
        assert abs(length - flown) < 0.1 * flown + 0.008, f"{degrees}: {length} m, but it flew {flown} m"
        assert np.isclose(total, still_light, rtol=0.1), f"{degrees}: {total} of {still_light} light"


def particle_speed() -> float:
    """Of the one spark of `check_sparks_streak_as_far_as_they_fly` a frame after it left: drawn, and then slowed."""
    rng = np.random.Generator(np.random.PCG64(SHOWER.seed))
    rng.random(1)
    return float(12.0 * rng.uniform(0.2, 1.0) * np.exp(-0.9 / 24))


def check_particles_fly_fall_bounce_and_rest() -> None:
    rng = np.random.default_rng(2)
    heights, thrown = rng.uniform(0.5, 2.0, 30), rng.normal(size=(30, 3)) * 3
    free = particles.fly(heights, thrown, -1e3, 1.0, drag=0.0, bounce=0.3, tumble_K=np.full(30, 5.0))
    way, velocity, turn = free.at(np.full(30, 0.7))
    assert np.allclose(way, 0.7 * thrown + 0.5 * 0.49 * np.array([0, 0, -9.81]), atol=0.02)
    assert np.allclose(velocity, thrown + 0.7 * np.array([0, 0, -9.81]), atol=0.03)
    assert np.allclose(turn, 3.5, atol=0.02)
    falling = particles.fly(heights, thrown, 0.2, 5.0, drag=0.3, bounce=0.4, tumble_K=np.full(30, 5.0))
    low = falling.way[..., 2].min(axis=0) + heights
    assert (low >= 0.2 - 1e-9).all()
    assert np.allclose(low, 0.2)
    way, velocity, _ = falling.at(np.full(30, 5.0))
    assert np.abs(velocity).max() < 0.5, "they come to rest"
    hues = particles.heat(np.linspace(0, 1, 50))
    assert (np.diff(hues, axis=0) <= 1e-12).all(), "it only ever cools"
    assert (hues[:-1, 0] >= hues[:-1, 1]).all()
    assert (hues[:-1, 1] >= hues[:-1, 2]).all()
    assert np.allclose(hues[-1], 0)


def check_arcs_cling_to_a_charged_prop() -> None:
    spec = make_spec(CRAWL, curve=Still(point=(0.0, 0.0, 1.0)))
    make_scene(spec)
    meshes = [item for item in in_effects() if item.type == "MESH"]
    assert meshes
    for item in meshes:
        points = np.empty(len(item.data.vertices) * 3)
        item.data.vertices.foreach_get("co", points)
        far = np.linalg.norm(points.reshape(-1, 3), axis=1)  # the ball has a radius of 0.4
        assert far.min() > 0.25, "inside the ball"
        assert far.max() < 0.4 + 1.6 * CRAWL.reach
    dull = spec.model_copy(update={"targets": (spec.targets[0].model_copy(update={"charge": ()}),)})
    make_scene(dull)
    assert not in_effects(), "arcs come with charge"


def check_charge_heats_metal() -> None:
    light = {}
    for level in (0.0, 0.35, 0.7, 1.0):
        spec = make_spec(curve=Still(point=(0.0, 0.0, 1.0)), samples=8)
        charge = (ChargeKey(time=0.0, level=level),)
        spec = spec.model_copy(update={"targets": (spec.targets[0].model_copy(update={"charge": charge}),)})
        scene, _ = make_scene(spec, metal=True)
        layers = rendered(scene, spec, 1)
        own = np.stack([layers.channels[f"{BEAUTY}.Combined_{CHARGE}.{c}"] for c in "RGB"], axis=-1)
        found = develop(layers, [1])
        light[level] = own[found.coverage[1] > 0.9]
    assert light[0.0].max() == 0
    assert (light[0.35].max(axis=1) > 0.01).mean() < 0.5, "at first only what is charge-able shines"
    assert (light[1.0].max(axis=1) > 0.3).mean() > 0.9, "at last all metal does"
    assert light[1.0].sum() > 2 * light[0.7].sum() > 4 * light[0.35].sum()
    paleness = {level: rgb.sum(axis=0).min() / rgb.sum(axis=0).max() for level, rgb in light.items() if level}
    assert paleness[1.0] > paleness[0.7], f"white-hot in the end: {paleness}"


def check_effects_are_mirrored_in_metal() -> None:
    spec = make_spec(BOLT, STREAM, SHOWER, samples=32)
    scene, placed = make_scene(spec)
    placed.objects[0].visible_camera = False
    for item in in_effects():
        item.visible_camera = False  # what the camera sees of them it sees in the mirror
        if item.type == "LIGHT":
            item.visible_diffuse = item.visible_glossy = False
    bpy.ops.mesh.primitive_plane_add(size=12.0, location=(0.0, 2.0, 1.0), rotation=(np.pi / 2, 0.0, 0.0))
    metal = bpy.data.materials.new("metal")
    metal.use_nodes = True
    surface = metal.node_tree.nodes["Principled BSDF"].inputs
    surface["Metallic"].default_value, surface["Roughness"].default_value = 1.0, 0.0
    bpy.context.object.data.materials.append(metal)
    light = rendered(scene, spec, 1).light(BEAUTY, f"Combined_{FX}")
    assert light.max() > 1, "the mirror shows no effect"
    assert 0.01 < (light > 0.1).mean() < 0.5, "an image of them, no haze"


def check_glow_does_not_light_the_prop_from_inside() -> None:
    import bmesh  # exists once bpy is there

    def light_of_ball(*found: Effect) -> float:
        spec = make_spec(*found, curve=Still(point=(0.0, 0.0, 1.0)))
        scene, placed = make_scene(spec)
        shell = bmesh.new()  # the far half of the ball alone: we look into a bowl with the lamp in it
        shell.from_mesh(placed.objects[0].data)
        bmesh.ops.delete(shell, geom=[vertex for vertex in shell.verts if vertex.co.y < 0], context="VERTS")
        shell.to_mesh(placed.objects[0].data)
        for item in in_effects():
            if item.type == "MESH":
                item.visible_camera = False
        return float(rendered(scene, spec, 0).light(BEAUTY, NOISY).sum())

    assert np.isclose(light_of_ball(HALO), light_of_ball(), rtol=0.01)


def check_halo_fades_to_nothing_at_its_edge() -> None:
    spec = make_spec(HALO, curve=Still(point=(0.0, 0.0, 1.0)), samples=16, size=64)
    scene, placed = make_scene(spec)
    placed.objects[0].visible_camera = False
    scene.camera.data.type, scene.camera.data.ortho_scale = "ORTHO", 3.2
    picture = rendered(scene, spec, 0).light(BEAUTY, f"Combined_{FX}")
    y, x = np.mgrid[:64, :64]
    radius = np.hypot(x - 31.5, y - 31.5) * 3.2 / 64
    rings = np.array([picture[(radius >= r) & (radius < r + 0.1)].mean() for r in np.arange(0, 1.5, 0.1)])
    assert (np.diff(rings) <= 1e-6).all(), rings
    assert rings[0] > 20 * rings[9], rings
    assert rings[11] < 0.002 * rings[0], f"an edge shows: {rings}"
    assert picture[radius > HALO.radius + 0.1].max() == 0


def check_bursts_are_ragged_and_fade_before_their_rim() -> None:
    tint = np.array([1.0, 0.5, 0.2])
    for seed in range(8):
        rim, _ = burst.front(np.random.default_rng(seed), tint)
        cards = {"gas": burst.gas, "afterglow": burst.afterglow, "wake": lambda rng, tint: burst.front(rng, tint)[1]}
        for name, make in cards.items():
            shape, again, other = (make(np.random.default_rng(s), tint) for s in (seed, seed, seed + 100))
            assert np.array_equal(shape.radiance, again.radiance), name
            assert not np.allclose(shape.radiance, other.radiance), name
            reach = np.hypot(shape.points[:, 0], shape.points[:, 1])
            assert reach.max() < 1 + 1e-9, name
            assert shape.radiance.min() >= 0, name
            assert shape.radiance[reach > 0.999].max() < 0.05 * shape.radiance.max(), f"{name} ends at an edge"
            ring = shape.radiance[np.abs(reach - (0.55 if name != "wake" else 0.9)) < 0.02, 0]
            assert ring.std() > 0.3 * ring.mean(), f"{name} is the same all around"
            a, b, c, d = (shape.points[shape.quads[:, corner]] for corner in range(4))
            assert (np.cross(c - a, d - b)[:, 2] >= -1e-12).all(), f"{name} faces away"
        assert rim.radiance.max() > 1, "no rim"
        assert (rim.radiance.max(axis=1) < 0.1).mean() > 0.02, "a rim that is whole"


def check_a_flash_is_seen_to_cool() -> None:
    make_scene(make_spec(BLAST.model_copy(update={"time": 0.0}), shutter_degrees=0.0))
    shines = {}
    for part in ("glare", "gas", "afterglow"):
        thing = bpy.data.objects[f"effect0-flash-{part}"]
        node = next(n for n in thing.active_material.node_tree.nodes if n.type == "VALUE")
        shines[part] = []
        for frame in range(5):
            bpy.context.scene.frame_set(frame)
            shines[part].append(node.outputs[0].default_value)
    glare, gas, afterglow = (np.array(shines[part]) for part in shines)
    assert (np.diff(glare) < 0).all(), glare
    assert (np.diff(gas[1:] / glare[1:]) > 0).all(), "gas outlives the glare"
    assert afterglow[0] == 0, afterglow
    assert afterglow.argmax() in (2, 3), afterglow
    tongues, wisps = (bpy.data.objects[f"effect0-flash-{part}"] for part in ("gas", "afterglow"))
    assert (tongues.location - wisps.location).length > 1e-3, "cards in one plane hide one another"


def check_bolt_tip_stays_on_the_target() -> None:
    spec = make_spec(BOLT)
    scene, placed = make_scene(spec, grip=0.3)
    held = hold(spec.targets[0], placed)
    assert np.allclose(held.middle, (0, 0, 0.3), atol=1e-3)
    assert np.isclose(held.radius, 0.4, rtol=0.03)
    drawn = bpy.data.objects["effect0-lightning-strike0"]
    rest = held.world([STRIKES[0].time])[0] - np.array(BOLT.source)
    for frame in range(3):
        scene.frame_set(frame)
        tip = drawn.evaluated_get(bpy.context.evaluated_depsgraph_get()).matrix_world @ Vector(rest)
        middle = placed.objects[0].evaluated_get(bpy.context.evaluated_depsgraph_get()).matrix_world.translation
        assert (tip - middle).length < 1e-3, (frame, tip, middle)


def check_bolt_is_seen_only_while_lit() -> None:
    spec = make_spec(BOLT)
    scene, _ = make_scene(spec)
    for number, strike in enumerate(STRIKES):
        drawn = bpy.data.objects[f"effect0-lightning-strike{number}"]
        lamp = bpy.data.objects[f"effect0-lightning-strike{number}-lamp0"]
        for frame in range(6):
            scene.frame_set(frame)
            opens, closes = (frame - 0.25) / 24, (frame + 0.25) / 24
            lit = closes > strike.time and opens < strike.time + strike.duration
            assert drawn.hide_render != lit, (number, frame)
            assert (lamp.data.energy > 0) == lit, (number, frame)
    never = BOLT.model_copy(update={"strikes": (Strike(time=0.4 / 24, duration=0.2 / 24, seed=1, strength=1.0),)})
    make_scene(make_spec(never))
    assert not in_effects(), "a flash between two openings of the shutter must leave no trace"


def check_flicker() -> None:
    for seed in range(20):
        strike = Strike(time=1.0, duration=0.2, seed=seed, strength=3.0)
        times = np.linspace(0.9, 1.3, 4001)
        level = bolt.flicker(strike, times)
        assert (level[times < 1.0] == 0).all()
        assert (level[times > 1.2 + 1e-9] == 0).all()
        assert level.min() >= 0
        assert level.max() <= 1
        assert level[times >= 1.0][0] > 0.99
        assert (np.diff(level) > 0.2).sum() >= 2, "one flash without a return stroke"


def check_brightness_is_averaged_over_the_open_shutter() -> None:
    film = Film(width=16, height=16, frames=5, fps=10.0, shutter_degrees=180.0, samples=1)
    ramp = brightness.shutter_mean(lambda times: 3 * times + 1, film)
    assert np.allclose(ramp, 3 * np.arange(5) / 10 + 1)
    step = brightness.shutter_mean(lambda times: (times > 0.2).astype(float), film)
    assert np.allclose(step, [0, 0, 0.5, 1, 1])
    closed = film.model_copy(update={"shutter_degrees": 0.0})
    assert np.array_equal(brightness.shutter_mean(lambda times: times**2, closed), (np.arange(5) / 10) ** 2)


def check_charge_keys_level_and_tint() -> None:
    charge = (ChargeKey(time=0.0, level=0.0), ChargeKey(time=0.2, level=1.0))
    spec = make_spec(shutter_degrees=0.0)
    spec = spec.model_copy(update={"targets": (spec.targets[0].model_copy(update={"charge": charge}),)})
    scene, placed = make_scene(spec)
    tint: list[list[float]] = []
    for frame in range(6):
        scene.frame_set(frame)
        level = charge_level(charge, [frame / 24])[0]
        assert np.isclose(placed.charge[0].outputs[0].default_value, level * (1 + 2 * level), atol=1e-6)
        tint.append(list(placed.tint[0].outputs[0].default_value))
        assert np.isclose(max(tint[-1][:3]), max(spec.targets[0].charge_colour))
    paleness = np.array([min(rgb[:3]) / max(rgb[:3]) for rgb in tint])
    assert (np.diff(paleness) >= 0).all()
    assert paleness[-1] > 2 * paleness[0], "white-hot at full charge"
    dull = make_spec().model_copy(update={"targets": (spec.targets[0].model_copy(update={"charge": ()}),)})
    scene, placed = make_scene(dull)
    scene.frame_set(3)
    assert placed.charge[0].outputs[0].default_value == 0


def check_trail_never_runs_ahead() -> None:
    spec = make_spec(STREAM)
    held = Hold(spec.targets[0], np.array([0.1, 0.0, 0.2]), 0.4)
    strands = trail.Strands.grown(np.random.SeedSequence(1))
    forward = np.array([6.0, 0.0, 0.5]) / np.hypot(6.0, 0.5)
    for opened in (0.0, 0.5 / 24):
        for time in (0.0, 0.1):
            still = held.target.model_copy(update={"spin": Spin()})
            shape = trail.shape(STREAM, Hold(still, held.middle, 0.4), strands, time, opened)
            shining = shape.radiance.max(axis=1) > 0
            along = shape.points[shining] @ forward
            ends = Hold(still, held.middle, 0.4).world([time + opened / 2, time - opened / 2 - STREAM.duration])
            thin = 0.09 * STREAM.width / 2  # a strand's radius: its rings stand square to the strand, not to the way
            assert along.max() <= (ends @ forward)[0] + thin, "ahead of the prop"
            assert along.min() >= (ends @ forward)[1] - thin, "older than its duration"
            assert along.max() > (ends @ forward)[0] - 0.15, "it starts at the prop, in the first frame too"


def check_trail_shows_one_frame_at_a_time() -> None:
    scene, _ = make_scene(make_spec(STREAM))
    for frame in range(6):
        scene.frame_set(frame)
        shown = [item.name for item in in_effects() if item.type == "MESH" and not item.hide_render]
        assert shown == [f"effect0-trail-{frame:04d}"], shown


def check_trail_fades_with_age() -> None:
    ages = np.linspace(-0.5, 1.5, 2001)
    level = trail.fade(ages)
    assert (level[ages < 0] == 0).all()
    assert (level[ages >= 1] == 0).all()
    assert (np.diff(level[(ages >= 0) & (ages <= 1)]) <= 0).all()
    assert np.isclose(trail.fade(np.zeros(1))[0], 1)


def check_tubes_face_outwards() -> None:
    angle = np.linspace(0, 3, 30)
    points = np.stack([np.cos(angle), np.sin(angle), 0.3 * angle], axis=1)
    points = np.concatenate([points, points[-1:], points[-1:]])  # a prop that came to rest
    made = tubes.tube(points, 0.1, np.ones((32, 3)), sides=8)
    assert np.isfinite(made.points).all()
    assert np.allclose(np.linalg.norm(made.points.reshape(32, 8, 3) - points[:, None], axis=2), 0.1)
    corners = made.points[made.quads]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 3] - corners[:, 0])
    middles = points[made.quads // 8].mean(axis=1)
    outward = ((corners.mean(axis=1) - middles) * normals).sum(axis=1)
    assert (outward[: 29 * 8] > 0).all()
    across, up = tubes.transport_frames(points)
    assert np.allclose(np.linalg.norm(across, axis=1), 1)
    assert np.allclose((across * up).sum(axis=1), 0)


def check_shortest_turns() -> None:
    rng = np.random.default_rng(5)
    start, ends = rng.normal(size=3), rng.normal(size=(50, 3))
    ends = np.concatenate([ends, [start, -start]])
    quaternions: NDArray[np.float64] = turns.shortest_turns(start, ends)
    assert np.allclose(np.linalg.norm(quaternions, axis=1), 1)
    assert np.allclose(
        rotate(quaternions, start / np.linalg.norm(start)), ends / np.linalg.norm(ends, axis=1, keepdims=True)
    )


def main() -> None:
    complaints: dict[str, str | None] = {}
    for name in sys.argv[2:]:
        try:
            globals()[name]()
            complaints[name] = None
        except Exception:
            complaints[name] = traceback.format_exc()
    results.write(json.dumps(complaints))
    results.flush()


if __name__ == "__main__":
    results = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # Blender chatters on stdout
    main()
    os._exit(0)
