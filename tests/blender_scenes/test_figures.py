"""Figures: they walk without sliding, hold what they swing, and what a hand hides is hidden in the labels too."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from render.products import Product
from render.spec import ClipSpec, twin
from tests.blender_scenes import holding
from tests.blender_scenes.in_blender import in_blender
from tests.blender_scenes.rendering import Rendered, render

ACTED = """
import sys
from pathlib import Path
import bpy
import numpy as np
from mathutils import Vector
from render.asset import Library
from render.document import UserError
from render.spec import ChargeKey, Linear, Spin, Still
from blender_scenes import action, passes, stage
from blender_scenes.shutter import key_frames
from tests.blender_scenes import holding

library = Library.open([Path(sys.argv[1])])
spec = holding.spec(library)
extra, target = spec.extras[0], spec.targets[0]

def begin(film=spec.film):
    scene = stage.empty_scene()
    passes.set_up(scene, spec.model_copy(update={"film": film}), 1)
    return scene

def at(scene, frame):
    scene.frame_set(int(np.floor(frame)), subframe=float(frame - np.floor(frame)))
    bpy.context.view_layer.update()

def points(thing):
    whole = thing.evaluated_get(bpy.context.evaluated_depsgraph_get())
    mesh = whole.to_mesh()
    found = np.array([whole.matrix_world @ v.co for v in mesh.vertices])
    whole.to_mesh_clear()
    return found

def part(placed, name):
    return next(o for o in placed.objects if name in o.name)

result = {}

# Outfits.
def worn(seed, start=0.0):
    begin()
    dressed = extra.model_copy(update={"holds": None, "action": "stand", "action_start": start})
    figure = action.place_extra(dressed, 0, spec.film, library, (), seed)
    knobs = {}
    for thing in figure.objects:
        for slot in thing.material_slots:
            for node in slot.material.node_tree.nodes:
                if node.type == "RGB" and node.label == "Tint":
                    knobs[slot.material.name.split(".")[-1]] = tuple(round(x, 4) for x in node.outputs[0].default_value)
    return repr(sorted(knobs.items()))

outfits = [worn(seed) for seed in range(14)]
result["outfits"] = {"kinds": len(set(outfits)), "again": worn(3) == outfits[3],
                     "pair": len({worn(3, start) for start in (0.0, 0.25, 0.5, 0.75, 1.0)})}

# Two that do the same.
begin()
alike = extra.model_copy(update={"holds": None, "action": "stand"})
both = [action.place_extra(alike, number, spec.film, library, ()) for number in range(2)]
result["alike"] = [len(one.objects) for one in both]

# Holding.
scene = begin()
prop = action.place_target(target, spec.film, library)
figure = action.place_extra(extra, 0, spec.film, library, spec.targets)
rig = next(o for o in figure.root.children_recursive if o.type == "ARMATURE")
steps = max(o.cycles.motion_steps for o in figure.objects)
handle = library.get("hammer").asset.handle
gaps, slants, wraps, shoulders = [], [], [], []
glove = [o for o in figure.objects if "Glove" in o.name]
for number, frame in enumerate(key_frames(spec.film, steps)):
    at(scene, frame)
    grip = rig.matrix_world @ rig.pose.bones["grip.R"].matrix
    root = prop.root.matrix_world
    middle, way = root @ Vector(handle.at), (root.to_3x3() @ Vector(handle.axis)).normalized()
    gaps.append((grip.translation - middle).length)
    slants.append(grip.to_3x3().col[1].normalized().angle(way))
    shoulders.append((rig.matrix_world @ rig.pose.bones["upper_arm.R"].head - Vector(target.curve.pivot)).length)
    if number % 7 == 0:
        cloud = np.concatenate([points(o) for o in glove]) - np.array(middle)
        along = cloud @ np.array(way)
        off = cloud - along[:, None] * np.array(way)
        near = (np.abs(along) < 0.05) & (np.linalg.norm(off, axis=1) < handle.radius + 0.035)
        side = np.array(way.orthogonal().normalized())
        angle = np.degrees(np.arctan2(off[near] @ np.cross(np.array(way), side), off[near] @ side)) % 360
        inside = np.linalg.norm(off[near], axis=1) < 0.5 * handle.radius
        wraps.append([len(set((angle // 20).astype(int))) * 20, float(inside.mean())])
result["gap"], result["slant"] = max(gaps), float(np.degrees(max(slants)))
result["wrap"], result["shoulder"] = wraps, max(shoulders)
result["names"] = [o.name.startswith("extra-0") for o in figure.root.children_recursive]

# The same moment, come to directly and by way of others.
at(scene, 5.25)
straight = points(part(figure, "Jacket"))
for frame in (0, 9, 3.5, 5.25):
    at(scene, frame)
result["detour"] = float(np.abs(points(part(figure, "Jacket")) - straight).max())

# Walking: on its way at the speed of its steps a planted foot stays where it is.
scene = begin()
pace = library.get("performer").asset.figure.walk_speed
walker = extra.model_copy(update={"holds": None, "action": "walk", "scale": 1.0, "action_start": 0.2,
    "curve": Linear(start=(0, 0, 0.902), velocity=(0, 1.5 * pace, 0)), "spin": Spin(), "action_speed": 1.5})
film = spec.film.model_copy(update={"frames": 24})
figure = action.place_extra(walker, 0, film, library, ())
boots = [o for o in figure.objects if "Boot" in o.name]
track = []
for frame in range(24):
    at(scene, frame)
    clouds = [points(o) for o in boots]
    toes = [np.array([c[:, 0].mean(), c[:, 1].max() - 0.09, c[:, 2].min()]) for c in clouds]
    balls = [c[np.argsort(np.linalg.norm(c - toe, axis=1))[:20]].mean(0) for c, toe in zip(clouds, toes)]
    track.append([[c[:, 2].min(), *b] for c, b in zip(clouds, balls)])
result["feet"] = np.array(track).tolist()
low, high = (f(np.concatenate([points(o) for o in figure.objects]), axis=0) for f in (np.min, np.max))
result["tall"] = float(high[2] - low[2])

# What cannot be.
def said(change, of=extra):
    try:
        action.place_extra(of.model_copy(update=change), 1, spec.film, library, spec.targets)
    except UserError as error:
        return str(error)
box = target.model_copy(update={"asset": "test-box"})
result["said"] = [said({"asset": "pillar", "finish": "default", "action": None}), said({"action": "wlak"})]
try:
    action.place_extra(extra, 1, spec.film, library, (box,))
except UserError as error:
    result["said"].append(str(error))

# A distractor that charges up.
scene = begin()
lit = extra.model_copy(update={"asset": "hammer", "finish": "new", "action": None, "holds": None,
    "charge": (ChargeKey(time=0.0, level=0.0), ChargeKey(time=0.3, level=1.0))})
hammer = action.place_extra(lit, 0, spec.film, library, ())
levels = []
for frame in (0, spec.film.frames - 1):
    at(scene, frame)
    levels.append(hammer.charge[0].outputs[0].default_value)
result["charge"] = levels
result["groups"] = sorted({o.lightgroup for o in hammer.objects})
"""


@pytest.fixture(scope="module")
def acted(assets: Path) -> dict[str, Any]:
    found: dict[str, Any] = in_blender(ACTED, assets)
    return found


@pytest.mark.slow
def test_the_seed_dresses_figures(acted: dict[str, Any]) -> None:
    """Clips differ, and so do figures of one clip; the same seed gives the same outfit."""
    outfits = acted["outfits"]
    assert outfits["kinds"] >= 5
    assert outfits["again"]
    assert outfits["pair"] >= 2


@pytest.mark.slow
def test_two_figures_may_do_the_same(acted: dict[str, Any]) -> None:
    first, second = acted["alike"]
    assert first == second > 3


@pytest.mark.slow
def test_the_hand_stays_on_the_handle_through_a_swing(acted: dict[str, Any]) -> None:
    assert acted["gap"] < 0.005, "at every moment that the shutter looks at"
    assert acted["slant"] < 41.0
    assert acted["shoulder"] < 0.12, "the shoulder stays about where the planner put it"


@pytest.mark.slow
def test_the_fingers_close_around_the_handle(acted: dict[str, Any]) -> None:
    assert min(degrees for degrees, _ in acted["wrap"]) >= 260, "fingers and palm all round it"
    assert max(inside for _, inside in acted["wrap"]) < 0.05, "not through it"


@pytest.mark.slow
def test_a_pose_depends_on_its_moment_alone(acted: dict[str, Any]) -> None:
    assert acted["detour"] == 0.0


@pytest.mark.slow
def test_a_planted_foot_does_not_slide(acted: dict[str, Any]) -> None:
    feet = np.array(acted["feet"])  # frames, boots, (lowest point, ball x, y, z)
    for boot in feet.transpose(1, 0, 2):
        step = np.abs(np.diff(boot[:, 2]))
        down = (boot[1:, 3] < 0.035) & (boot[:-1, 3] < 0.035)
        assert down.sum() >= 7
        assert np.median(step[down]) < 0.012
        assert step.max() > 0.10, "and a lifted one swings"
    assert np.abs(feet[..., 0].min(axis=1)).max() < 0.03, "it treads on the ground, not in it or above"
    assert 1.65 < acted["tall"] < 1.85


@pytest.mark.slow
def test_a_figure_is_one_thing_for_the_mattes(acted: dict[str, Any]) -> None:
    assert all(acted["names"])


@pytest.mark.slow
def test_what_cannot_be_held_or_played_is_said(acted: dict[str, Any]) -> None:
    no_hand, no_action, no_handle = acted["said"]
    assert "needs [figure]" in no_hand
    assert "no 'wlak'; did you mean 'walk'?" in no_action
    assert "needs [handle]" in no_handle
    assert all("\n" not in line for line in acted["said"])


@pytest.mark.slow
def test_a_distractor_charges_in_no_light_group_of_the_targets(acted: dict[str, Any]) -> None:
    first, last = acted["charge"]
    assert first < 0.2
    assert last > 0.9
    assert acted["groups"] == [""]


@pytest.fixture(scope="module")
def held(rendered: Callable[[ClipSpec], Rendered], assets: Path) -> tuple[Rendered, Rendered]:
    """The clip, and its twin without the figure."""
    spec = holding.close(assets)
    return rendered(spec), rendered(twin(spec, "occluders"))


@pytest.mark.slow
def test_a_hand_hides_the_handle_in_every_label(held: tuple[Rendered, Rendered]) -> None:
    clip, alone = held
    for frame in range(clip.spec.film.frames):
        visible = np.asarray(clip.member(frame, Product.VISIBLE)) == 1
        amodal = np.asarray(clip.member(frame, Product.AMODAL, 1))
        whole = np.asarray(alone.member(frame, Product.VISIBLE)) == 1
        assert (amodal == whole).all(), "amodal: as if nobody held it"
        assert (amodal == alone.member(frame, Product.AMODAL, 1)).all()
        assert not (visible & ~amodal).any()
        hidden = amodal & ~visible
        assert 0.02 < hidden.sum() / amodal.sum() < 0.6, "the hand hides some of the handle, not the head"
        coverage = np.asarray(clip.member(frame, Product.COVERAGE, 1), float) / 255
        free = np.asarray(alone.member(frame, Product.COVERAGE, 1), float) / 255
        assert (coverage <= free + 0.5).all()
        x, y = holding.on_screen(clip.spec, frame)
        assert hidden[y - 1 : y + 2, x - 1 : x + 2].any(), "in the middle of the grip the hand is seen"
        away = np.zeros_like(hidden)
        away[max(y - 16, 0) : y + 17, max(x - 16, 0) : x + 17] = True
        assert hidden[away].sum() > 0.5 * hidden.sum()


@pytest.mark.slow
def test_a_figure_moves_and_blurs(held: tuple[Rendered, Rendered]) -> None:
    """Where the figure is, the picture differs from the one without it, otherwise on each frame."""
    clip, alone = held
    there = [
        np.abs(np.asarray(clip.member(f, Product.RGB), float) - np.asarray(alone.member(f, Product.RGB), float)).max(-1)
        > 24
        for f in range(2)
    ]
    assert all(mask.sum() > 40 for mask in there)
    assert (there[0] ^ there[1]).sum() > 20


@pytest.mark.slow
def test_a_frame_alone_is_the_frame_in_a_sequence(
    held: tuple[Rendered, Rendered], assets: Path, tmp_path: Path
) -> None:
    """A clip taken up again has the frames it would have had: the hand, its keys, its blur depend on the spec alone."""
    clip, _ = held
    work = tmp_path / "again"
    shutil.copytree(clip.work, work)
    lost = sorted(p for p in work.rglob("*") if p.is_file() and "0001" in p.name)
    assert lost, sorted(p.name for p in work.rglob("*"))
    for path in lost:
        path.unlink()
    again = render(clip.spec, work, assets)
    for product, object_id in ((Product.RGB, None), (Product.COVERAGE, 1), (Product.VISIBLE, None)):
        assert (again.member(1, product, object_id) == clip.member(1, product, object_id)).all(), product
