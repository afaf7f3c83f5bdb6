"""Occlusion as asked for: predicted peaks and durations over many plans, distractors that stay clear, company apart."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from render.asset import Library
from render.document import UserError
from render.motion import position
from render.planning.compose import compose
from render.planning.occlusion.bodies import Body
from render.planning.occlusion.episode import Episode
from render.planning.occlusion.events import Event, draw_occlusion
from render.planning.occlusion.grasp import arm, bodies_of
from render.planning.occlusion.trial import FIRST
from render.planning.occlusion.wish import OcclusionRecipe, Wish
from render.planning.plan import make_plan
from render.planning.predict import predicted
from render.planning.recipe import Recipe
from render.spec import Arc, ClipSpec, Extra, Spin, Still, Turn
from tests.specs import make_spec

CLIPS = 100


def recipe(tmp_path: Path, text: str) -> Recipe:
    path = tmp_path / "recipe.toml"
    path.write_text(f"schema = 1\nname = 'hiding'\n[film]\nwidth = 320\nheight = 180\nframes = 48\n{text}")
    return Recipe.read_toml(path)


@pytest.fixture(scope="module")
def library() -> Library:
    return Library.open()


@pytest.fixture(scope="module")
def hidden(tmp_path_factory: pytest.TempPathFactory, library: Library) -> tuple[list[ClipSpec], list[list[Event]]]:
    """A hundred clips that each ask for one occlusion, and what the planner made of it."""
    asked = recipe(
        tmp_path_factory.mktemp("hidden"),
        "[occlusion]\nchance = 1.0\npeak = { uniform = [0.25, 1.0] }\nseconds = { loguniform = [0.12, 0.8] }\n"
        "[distractors]\nchance = 0.0\nmirror = 0.0\n",
    )
    events: list[list[Event]] = []

    def kept(*drawn_from: Any) -> list[Event]:
        events.append(draw_occlusion(*drawn_from))
        return events[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("render.planning.compose.draw_occlusion", kept)
        specs = [compose(asked, library, 5, index) for index in range(CLIPS)]
    return specs, events


@pytest.mark.slow
def test_what_is_asked_for_is_met(hidden: tuple[list[ClipSpec], list[list[Event]]]) -> None:
    specs, events = hidden
    there = [event for found in events for event in found]
    assert len(there) >= 0.9 * CLIPS
    met = [event.fits(24.0) for event in there]
    assert sum(met) >= 0.85 * CLIPS, f"{sum(met)} of {CLIPS}"
    peaks = np.array([event.peak for event in there])
    assert peaks.min() < 0.4, "the wishes cover what the recipe spans"
    assert peaks.max() > 0.9
    assert len(specs) == CLIPS


@pytest.mark.slow
def test_every_kind_of_thing_hides(hidden: tuple[list[ClipSpec], list[list[Event]]], library: Library) -> None:
    kinds: Counter[str] = Counter()
    for found in hidden[1]:
        for event in found:
            asset = library.get(event.extras[0].asset).asset
            stays = isinstance(event.extras[0].curve, Still)
            kinds["figure" if asset.figure else "static" if stays else "moving"] += 1
    assert min(kinds[kind] for kind in ("static", "moving", "figure")) >= 5, kinds
    assert kinds["static"] >= 40, kinds  # the recipe's weight is 0.6


@pytest.mark.slow
def test_a_finer_prediction_agrees(hidden: tuple[list[ClipSpec], list[list[Event]]], library: Library) -> None:
    """The planner looks at a few lines of sight and moments; `predicted` at every frame and more lines."""
    off = []
    for spec, found in zip(*hidden, strict=True):
        if len(found) == 1 and not any(extra.holds for extra in spec.extras):
            off.append(abs(predicted(spec, library)[1].episode.peak - found[0].predicted.peak))
    assert len(off) > 50
    assert np.median(off) < 0.02
    assert np.quantile(off, 0.9) < 0.06


@pytest.mark.slow
def test_the_target_is_seen_on_the_first_frame(
    hidden: tuple[list[ClipSpec], list[list[Event]]], library: Library
) -> None:
    for spec in hidden[0]:
        for one in predicted(spec, library).values():
            assert one.area[0] > 0
            assert one.occlusion[0] <= FIRST + 0.1, spec.clip


@pytest.mark.slow
def test_nothing_goes_through_anything(hidden: tuple[list[ClipSpec], list[list[Event]]], library: Library) -> None:
    for spec, found in zip(*hidden, strict=True):
        times = np.linspace(0, (spec.film.frames - 1) / spec.film.fps, 48)
        eye = position(spec.camera.position, times)
        for event in found:
            for body in (Body.of(extra, library) for extra in event.extras):
                target = Body.of(spec.targets[0], library)
                gap = body.at(times).clearance(position(target.curve, times)).min()
                assert gap > 0.5 * target.radius, spec.clip
                assert body.at(times).clearance(eye).min() > 0.25, spec.clip


def test_a_plan_with_everything_is_the_same_twice(tmp_path: Path, library: Library) -> None:
    asked = recipe(
        tmp_path, "[occlusion]\nchance = 1\nevents = 2\n[distractors]\nchance = 1\nmirror = 1\n[target]\ncount = 3\n"
    )
    plan = make_plan(asked, library, 3, 9)
    assert make_plan(asked, library, 3, 9) == plan
    assert make_plan(asked, library, 3, 10) != plan


def test_without_occlusion_and_distractors_the_rest_stays(tmp_path: Path, library: Library) -> None:
    some = recipe(tmp_path, "[occlusion]\nchance = 1\n[distractors]\nchance = 1\nmirror = 1\n")
    none = recipe(tmp_path, "[occlusion]\nchance = 0\nheld = 0\n[distractors]\nchance = 0\nmirror = 0\n")
    for ours, theirs in zip(make_plan(some, library, 4, 2), make_plan(none, library, 4, 2), strict=True):
        assert theirs.extras == ()
        assert ours.extras
        assert ours.model_copy(update={"extras": ()}) == theirs


@pytest.mark.slow
def test_targets_keep_apart_and_have_lives_of_their_own(tmp_path: Path, library: Library) -> None:
    asked = recipe(tmp_path, "[target]\ncount = { uniform = [0.5, 3.5] }\n[occlusion]\nchance = 0\n")
    plan = make_plan(asked, library, 16, 3)
    assert {len(spec.targets) for spec in plan} == {1, 2, 3}
    for spec in plan:
        assert [target.object_id for target in spec.targets] == list(range(1, len(spec.targets) + 1))
        times = np.linspace(0, spec.film.frames / spec.film.fps, 400)
        bodies = [Body.of(target, library) for target in spec.targets]
        ways = [position(body.curve, times) for body in bodies]
        for i, body in enumerate(bodies):
            for j in range(i):
                least = np.linalg.norm(ways[i] - ways[j], axis=1).min()
                assert least > 0.97 * (body.radius + bodies[j].radius), spec.clip
        for one in predicted(spec, library).values():
            assert one.occlusion[0] <= 0.4, spec.clip  # by the arm that wears or holds it
    assert any(len({target.motion for target in spec.targets}) > 1 for spec in plan)


@pytest.mark.slow
def test_distractors_look_alike_and_leave_the_targets_in_sight(tmp_path: Path, library: Library) -> None:
    text = "[occlusion]\nchance = 0\nheld = 0\n[distractors]\nchance = 1\nmirror = 0.5\nsame_class = {same}\n"
    classes = {}
    for same in (1, 0):
        plan = make_plan(recipe(tmp_path, text.replace("{same}", str(same))), library, 16, 4)
        extras = [(spec, extra) for spec in plan for extra in spec.extras]
        assert len(extras) > 8
        assert all(extra.role == "distractor" for _, extra in extras)
        classes[same] = [
            library.get(extra.asset).asset.label == spec.targets[0].label
            for spec, extra in extras
            if library.get(extra.asset).asset.kind == "prop"
        ]
        for spec in plan:
            peak = np.nan_to_num(predicted(spec, library)[1].occlusion).max()
            assert peak <= 0.3 * len(spec.extras) + 0.08, spec.clip
    assert all(classes[1])
    assert not any(classes[0])


def test_a_mirror_shows_the_target(tmp_path: Path, library: Library) -> None:
    """The line from the eye to the target's mirror image goes through the glass, in some frame of most clips."""
    plan = make_plan(recipe(tmp_path, "[distractors]\nchance = 0\nmirror = 1\n"), library, 12, 6)
    mirrors = [(spec, extra) for spec in plan for extra in spec.extras if extra.role == "distractor"]
    assert len(mirrors) >= 6
    shown = 0
    for spec, extra in mirrors:
        body = Body.of(extra, library)
        times = np.arange(spec.film.frames) / spec.film.fps
        posed = body.at(times)
        normal, place = posed.turn[0] @ [0.0, -1.0, 0.0], posed.place[0]
        eye, prop = position(spec.camera.position, times), position(spec.targets[0].curve, times)
        assert ((prop - place) @ normal > 0).any(), "in front of its face"
        image = prop - 2 * ((prop - place) @ normal)[:, None] * normal
        way = image - eye
        share = ((place - eye) @ normal) / (way @ normal)
        local = (eye + share[:, None] * way - place) @ posed.turn[0] / extra.scale
        solid = body.solids[0]
        inside = (np.abs(local[:, 0]) < solid.high[0]) & (np.abs(local[:, 2]) < solid.high[2])
        shown += bool((inside & (share > 0) & (share < 1)).any())
    assert shown >= 0.7 * len(mirrors)


def test_the_hand_of_a_figure_hides_some_of_what_it_holds(library: Library) -> None:
    spec = make_spec(library)
    turn = Turn(axis=(0.0, 1.0, 0.0), rates=(3.0,))
    swung = spec.targets[0].model_copy(
        update={"curve": Arc(pivot=(0, 0, 1.4), arm=(0.65, 0, 0), turn=turn), "spin": Spin(world=turn)}
    )
    figure = Extra(
        asset="performer",
        asset_digest="",
        finish="rider",
        curve=Still(point=(0.18, 0.05, 0.86)),
        holds=1,
        action="stand",
    )
    hand, limb = arm(figure, (swung,), library)
    handle = library.get("hammer").asset.handle
    assert handle is not None
    times = np.linspace(0, 0.5, 9)
    middle = hand.at(times)
    assert middle.clearance(hand.at(times).place + middle.turn @ np.asarray(handle.at)).max() == 0
    assert limb.at(times).clearance(np.tile([0.0, 0.0, 1.4], (9, 1))).max() < 1e-9, "from the shoulder"
    assert limb.at(times).clearance(hand.at(times).place + middle.turn @ np.asarray(handle.at)).max() < 1e-6, (
        "to the hand"
    )
    assert len(bodies_of(figure, (swung,), library)) == 3
    alone = spec.model_copy(update={"targets": (swung,), "extras": ()})
    held = alone.model_copy(update={"extras": (figure,)})
    assert (predicted(held, library)[1].occlusion > predicted(alone, library)[1].occlusion + 0.03).any()


def test_predictions_of_a_clip(library: Library) -> None:
    spec = make_spec(library)
    one = predicted(spec, library)[1]
    assert len(one.times) == spec.film.frames
    assert (one.area > 0).all()
    np.testing.assert_allclose(one.speed_diameters, one.speed_px / one.diameter)
    assert one.hidden_frames == int((one.occlusion >= 0.95).sum())
    still = spec.targets[0].model_copy(update={"curve": Still(point=(0.0, 0.0, 1.4))})
    apart = predicted(spec.model_copy(update={"targets": (still,), "extras": ()}), library)[1]
    assert apart.episode.peak == 0


def test_wishes_know_how_near_they_are() -> None:
    wish = Wish(0.5, 1.0)
    episode = Episode(0.55, 1.15, 2.0)
    assert wish.off(episode, 24.0) == pytest.approx(1.0)
    assert Wish(0.5, 0.1).off(Episode(0.5, 0.1 + 1 / 24, 0), 24.0) == pytest.approx(1.0), "within a frame"


def test_recipes_name_what_is_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no kind of occluder 'figures'; did you mean 'figure'"):
        OcclusionRecipe.parse({"kind": "figures"}, "x")
    with pytest.raises(UserError, match=r"distractors: path: no path 'besides'; did you mean 'beside'"):
        recipe(tmp_path, "[distractors]\npath = 'besides'\n")
    bare = recipe(tmp_path, "[occlusion]\nchance = 1\nkind = 'figure'\nasset = 'pillar'\n")
    library = Library.open()
    with pytest.raises(UserError, match=r"occlusion.kind: no asset can be figure"):
        make_plan(bare, library, 1, 1)
