"""What is worn: wrist and forearm are in it at every moment, the cuff around them, the hand out of sight."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from render.asset import Handle, Library
from render.document import UserError
from render.products import Product
from render.spec import ClipSpec, twin
from tests.blender_scenes import wearing
from tests.blender_scenes.in_blender import in_blender
from tests.blender_scenes.rendering import Rendered

WORN = """
import sys
from pathlib import Path
import bpy
import numpy as np
from mathutils import Vector
from mathutils.bvhtree import BVHTree
from render.asset import Library
from blender_scenes import action, passes, stage
from blender_scenes.shutter import key_frames
from tests.blender_scenes import wearing

library = Library.open([Path(sys.argv[1])])
handle = library.get("gauntlet").asset.handle
ARM = ("upper_arm.R", "forearm.R", "hand.R", "grip.R")
HEIGHTS = (-0.205, -0.17, -0.13, -0.09, -0.06)

def at(scene, frame):
    scene.frame_set(int(np.floor(frame)), subframe=float(frame - np.floor(frame)))
    bpy.context.view_layer.update()

def mesh_of(thing, into):
    graph = bpy.context.evaluated_depsgraph_get()
    whole = thing.evaluated_get(graph)
    mesh = whole.to_mesh()
    frame = into.inverted() @ whole.matrix_world
    points = [frame @ v.co for v in mesh.vertices]
    faces = [tuple(p.vertices) for p in mesh.polygons]
    whole.to_mesh_clear()
    return points, faces

def tree_of(things, into):
    points, faces = [], []
    for thing in things:
        p, f = mesh_of(thing, into)
        faces += [tuple(i + len(points) for i in face) for face in f]
        points += p
    return BVHTree.FromPolygons(points, faces)

result = []
for name in wearing.FIGURES:
    spec = wearing.worn(library, name)
    scene = stage.empty_scene()
    passes.set_up(scene, spec, 1)
    target = spec.targets[0]
    extra = next(extra for extra in spec.extras if extra.holds)
    prop = action.place_target(target, spec.film, library)
    figure = action.place_extra(extra, 0, spec.film, library, spec.targets)
    rig = next(o for o in figure.root.children_recursive if o.type == "ARMATURE")
    steps = max(o.cycles.motion_steps for o in figure.objects)
    rest = rig.data.bones
    skin = tree_of(prop.objects, prop.root.matrix_world)
    one = {"wrist": [], "ways": [], "palm": [], "joint": [], "shoulder": [], "bend": [], "around": [], "poke": [],
           "glove": [], "travel": 0.0}
    spots = []
    frames = key_frames(spec.film, steps)
    for number, frame in enumerate(frames):
        at(scene, frame)
        root = prop.root.matrix_world
        bones = {n: rig.matrix_world @ rig.pose.bones[n].matrix for n in ARM}
        tails = {n: rig.matrix_world @ rig.pose.bones[n].tail for n in ARM}
        wrist, way = root @ Vector(handle.at), (root.to_3x3() @ Vector(handle.axis)).normalized()
        spots.append(np.array(wrist))
        one["wrist"].append((tails["forearm.R"] - wrist).length)
        one["ways"].append(np.degrees(bones["forearm.R"].to_3x3().col[1].normalized().angle(way, 0.0)))
        palm = (root.to_3x3() @ Vector(handle.palm)).normalized()
        one["palm"].append(np.degrees(bones["grip.R"].to_3x3().col[2].normalized().angle(palm, 0.0)))
        one["joint"].append((tails["upper_arm.R"] - bones["forearm.R"].translation).length)
        one["shoulder"].append((bones["upper_arm.R"].translation - Vector(target.curve.parts[0].pivot)).length)
        one["bend"].append(np.degrees(bones["upper_arm.R"].to_3x3().col[1].angle(bones["forearm.R"].to_3x3().col[1])))
        if number % 41:
            continue
        # From the forearm's own axis, inside the cuff, the prop is met in every direction; and the sleeve before it.
        elbow, hand = root.inverted() @ bones["forearm.R"].translation, root.inverted() @ tails["forearm.R"]
        cloth = [o for o in figure.objects if "upper_arm.R" in o.vertex_groups and "chest" in o.vertex_groups]
        sleeve = tree_of(cloth, root)
        for height in HEIGHTS:
            middle = elbow.lerp(hand, (height - elbow.z) / (hand.z - elbow.z))
            for angle in np.linspace(0, 2 * np.pi, 24, endpoint=False):
                ray = Vector((np.cos(angle), np.sin(angle), 0.0))
                met = skin.ray_cast(middle, ray, 0.2)[3]
                one["around"].append(met is not None)
                cloth = sleeve.ray_cast(middle, ray, 0.2)[3]
                one["poke"].append(0.0 if met is None or cloth is None else max(cloth - met, 0.0))
        # The hand: seen from all around, none of the glove beyond the wrist lies outside the prop.
        glove = next(o for o in figure.objects if "Glove" in o.name and ".002" not in o.name)
        points = np.array(mesh_of(glove, root)[0])
        seen = []
        for point in points[points[:, 2] > hand.z]:
            for angle in np.linspace(0, 2 * np.pi, 8, endpoint=False):
                ray = Vector((np.cos(angle), np.sin(angle), 0.0))
                seen.append(skin.ray_cast(Vector(point), ray, 0.5)[3] is None)
        one["glove"].append(float(np.mean(seen)))
    one["travel"] = float(np.linalg.norm(np.diff(spots, axis=0), axis=1).sum())
    straight = np.array(bones["hand.R"])
    last = float(frames[-1])
    for frame in (0.0, 7.25, last):
        at(scene, frame)
    one["detour"] = float(np.abs(np.array(rig.matrix_world @ rig.pose.bones["hand.R"].matrix) - straight).max())
    for name, values in one.items():
        if isinstance(values, list):
            one[name] = [float(min(values)), float(np.mean(values)), float(max(values))]
    result.append(one)
"""


@pytest.fixture(scope="module")
def worn(assets: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = in_blender(WORN, assets)
    return found


@pytest.mark.slow
def test_wrist_and_forearm_follow_what_is_worn(worn: list[dict[str, Any]], measured: Callable[..., None]) -> None:
    """At every moment that the shutter looks at, over strokes of metres."""
    for clip in worn:
        measured(
            "worn", wrist_mm=1000 * clip["wrist"][2], way_degrees=clip["ways"][2], shoulder_m=clip["shoulder"][2],
            elbow_degrees=clip["bend"][2], poke_mm=1000 * clip["poke"][2], glove=clip["glove"][2],
            travel_m=clip["travel"],
        )  # fmt: skip
        assert clip["travel"] > 0.5, "it does strike"
        assert clip["wrist"][2] < 0.002
        assert clip["ways"][2] < 0.5
        assert clip["palm"][2] < 0.5
        assert clip["joint"][2] < 1e-4, "the elbow stays whole"
        assert clip["shoulder"][2] < 0.08, "the shoulder stays about where the planner put it"
        assert 2 < clip["bend"][0] < clip["bend"][2] < 95
        assert clip["detour"] == 0.0, "a pose depends on its moment alone"


@pytest.mark.slow
def test_the_cuff_is_around_the_forearm_and_the_hand_inside(worn: list[dict[str, Any]]) -> None:
    for clip in worn:
        assert clip["around"][0] == 1.0, "the forearm's axis runs inside the cuff"
        assert clip["poke"][2] < 0.004, "the sleeve stays within it"
        assert clip["glove"][2] < 0.02, "and so does the hand"


@pytest.mark.slow
def test_an_arm_in_a_gauntlet_is_labelled_right(rendered: Callable[[ClipSpec], Rendered], assets: Path) -> None:
    spec = wearing.worn(Library.open([assets]), "performer")
    spec = spec.model_copy(update={"film": spec.film.model_copy(update={"frames": 2})})
    clip, alone = rendered(spec), rendered(twin(spec, "occluders"))
    for frame in range(2):
        visible = np.asarray(clip.member(frame, Product.VISIBLE)) == 1
        amodal = np.asarray(clip.member(frame, Product.AMODAL, 1))
        assert (amodal == np.asarray(alone.member(frame, Product.VISIBLE)).astype(bool)).all(), "as if nobody wore it"
        assert not (visible & ~amodal).any()
        assert (amodal & ~visible).sum() < 0.35 * amodal.sum(), "the arm is in it, not before it"
        assert amodal.sum() > 100
        picture, bare = (np.asarray(c.member(frame, Product.RGB), float) for c in (clip, alone))
        assert (np.abs(picture - bare).max(-1) > 24).sum() > amodal.sum(), "and somebody is there"


@pytest.mark.parametrize(
    ("handle", "said"),
    [
        ({"kind": "worn"}, 'palm: kind = "worn" needs it'),
        ({"kind": "worn", "palm": (0, 1, 0.1)}, "palm: must be square to axis"),
        ({"kind": "worn", "palm": (0, 1, 0), "radius": 0.02}, "radius: half the opening"),
        ({"kind": "wron"}, "'held' or 'worn'"),
        ({"hand": 0.5}, 'are for kind = "worn"'),
    ],
)
def test_what_cannot_be_worn_is_said(handle: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        Handle.parse({"at": (0, 0, 0)} | handle, "asset.toml: handle")
