"""Checks of the effects that need Blender: run as a script, in a process of their own, by test_effects.py.

Every function named `check_...` is one check. The names on the command line choose among them; what each had to
complain about (null for nothing) goes to stdout as one JSON object.
"""

from __future__ import annotations

import hashlib
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

from blender_scenes import effects, passes, stage
from blender_scenes.effects import bolt, brightness, trail, tubes, turns
from blender_scenes.effects.hold import Hold, hold
from blender_scenes.finish import wire_charge
from blender_scenes.ingest import Placed
from blender_scenes.keys import key
from render.develop import BEAUTY, CHARGE, FX, NOISY, Layers, develop, target_name
from render.motion import charge_level, orientation, position
from render.spec import (
    Camera,
    ChargeKey,
    ClipSpec,
    Effect,
    Film,
    Glow,
    Lightning,
    Linear,
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


def make_scene(spec: ClipSpec, grip: float = 0.0) -> tuple[bpy.types.Scene, Placed]:
    """An empty scene with the ball of `spec` on its way, `grip` metres off its root, and the effects of `spec`."""
    scene = stage.empty_scene()
    passes.set_up(scene, spec, threads=1)
    bpy.ops.mesh.primitive_uv_sphere_add(radius=0.4, segments=32, ring_count=16, location=(0.0, 0.0, grip))
    ball = bpy.context.object
    material = bpy.data.materials.new("gem")
    material.use_nodes = True
    charge = wire_charge(material, 5.0)
    ball.data.materials.append(material)
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
    exr = Path(tempfile.mkdtemp(dir=sys.argv[1])) / "frame.exr"
    passes.render(scene, spec.seed, frame, exr)
    return Layers.read(exr)


def in_effects() -> list[bpy.types.Object]:
    return list(bpy.data.collections[stage.EFFECTS].objects)


def check_same_spec_same_meshes() -> None:
    def digests() -> dict[str, str]:
        make_scene(make_spec(BOLT, HALO, STREAM))
        found = {}
        for item in in_effects():
            if item.type == "MESH":
                points = np.empty(len(item.data.vertices) * 3, np.float32)
                item.data.vertices.foreach_get("co", points)
                found[item.name] = hashlib.sha256(points.tobytes()).hexdigest()
        return found

    first = digests()
    assert len(first) == len(STRIKES) + 1 + 6, sorted(first)
    assert len(set(first.values())) == len(first)
    assert digests() == first


def check_everything_is_where_the_passes_look() -> None:
    scene, _ = make_scene(make_spec(BOLT, HALO, STREAM))
    made = [item for item in scene.objects if item.name.startswith("effect")]
    assert {item.name for item in made} == {item.name for item in in_effects()}
    assert {item.type for item in made} == {"MESH", "LIGHT"}
    assert {item.lightgroup for item in made} == {FX}
    assert all(item.parent is None or item.parent in made for item in made), "shares a target's Cryptomatte"


def check_effects_never_erode_coverage() -> None:
    still = Still(point=(0.0, 0.0, 1.0))
    ahead = BOLT.model_copy(update={"source": (0.0, -3.0, 1.3)})  # from just beside the camera, across the ball
    plain = make_spec(curve=still, size=80)
    truth = develop(rendered(make_scene(plain)[0], plain, 1), [1])
    on_ball = truth.coverage[1] > 0.99
    assert on_ball.sum() > 50
    for effect in (ahead, STREAM, HALO, None):
        spec = make_spec(*([effect] if effect else [ahead, HALO, STREAM]), curve=still, size=80)
        found = develop(rendered(make_scene(spec)[0], spec, 1), [1])
        if effect in (ahead, None):  # a halo stands behind its target, and that of one that is still leaves no trail
            assert found.veil[on_ball].max() > 0.1, "the bolt was not in front of the ball at all"
        off = np.abs(found.coverage[1] - truth.coverage[1])
        assert off.max() < 1e-3, f"{effect}: {off.max()}, {off.mean()}"
        assert np.array_equal(found.visible, truth.visible)
        assert np.array_equal(found.amodal[1], truth.amodal[1])


def check_a_moving_trail_in_front_never_erodes_coverage() -> None:
    def towards(*found: Effect) -> ClipSpec:  # the ball flies away from the camera: its trail lies right before it
        return make_spec(*found, curve=Linear(start=(0.3, -2.0, 1.3), velocity=(0.0, 8.0, 0.0)))

    truth = develop(rendered(make_scene(towards())[0], towards(), 3), [1])
    found = develop(rendered(make_scene(towards(STREAM))[0], towards(STREAM), 3), [1])
    veil = found.veil[truth.coverage[1] > 0.99].mean()
    assert veil > 0.1, veil
    assert np.abs(found.coverage[1] - truth.coverage[1]).max() < 1e-3


def check_effects_light_a_grey_card() -> None:
    for effect in (BOLT, HALO, STREAM):
        spec = make_spec(effect, samples=64)
        scene, placed = make_scene(spec)
        bpy.ops.mesh.primitive_plane_add(size=12.0)
        grey = bpy.data.materials.new("grey")
        grey.use_nodes = True
        grey.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = (0.5, 0.5, 0.5, 1.0)
        grey.node_tree.nodes["Principled BSDF"].inputs["Specular IOR Level"].default_value = 0.0
        bpy.context.object.data.materials.append(grey)
        for item in [*placed.objects, *(o for o in in_effects() if o.type == "MESH")]:
            item.visible_camera = item.visible_diffuse = False  # the card alone: only what lamps do to it
        over = scene.camera
        over.data.type, over.data.ortho_scale = "ORTHO", 8.0
        over.location, over.rotation_euler = (0.0, 0.0, 9.0), (0.0, 0.0, 0.0)
        layers = rendered(scene, spec, 1)
        light_HW3 = layers.rgb(BEAUTY)[..., :3].astype(np.float64)
        row_W3 = light_HW3[18:22].mean(axis=0)  # a strip of the card below the ball's way, 0.2 m a pixel
        peak = int(row_W3.sum(axis=1).argmax())
        near, far = row_W3[peak], (row_W3[0] if peak > 20 else row_W3[-1])
        assert near.max() > 0.05, f"{effect.kind}: {near} is too dim to see"
        assert near.sum() > 4 * far.sum(), f"{effect.kind}: {near} near by, {far} far off"
        assert np.allclose(near / near.max(), BLUE, atol=0.03), f"{effect.kind}: {near / near.max()}"
        ours = layers.light(BEAUTY, f"Combined_{FX}").sum()
        assert np.isclose(ours, layers.light(BEAUTY, "Combined").sum(), rtol=0.02), "light that is not in fx"


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
        assert np.isclose(placed.charge[0].outputs[0].default_value, level, atol=1e-6)
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
        turns.turned(quaternions, start / np.linalg.norm(start)), ends / np.linalg.norm(ends, axis=1, keepdims=True)
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
