"""Every motion: smooth, at the speed asked for, in view, and what its name says; every camera move: where it may be."""

from __future__ import annotations

import tempfile
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from render.asset import Library
from render.motion import angle, orientation, position, rotate, turned_by
from render.optics import camera_axes, focal_mm
from render.planning.camera.cameras import camera_room
from render.planning.camera.moves import MOVES
from render.planning.camera.speed import passage
from render.planning.camera.take import Take
from render.planning.compose import Frame, find_takes, set_up, shoot
from render.planning.motion.motions import MOTIONS, reachable
from render.planning.recipe import Recipe
from render.spec import Arc, Film, Hermite, Sum, Turn
from tests.render.fake_library import fake_library

Floats = NDArray[np.float64]


@lru_cache(maxsize=1)
def library() -> Library:
    return fake_library(Path(tempfile.mkdtemp()) / "assets")


def frame(
    motion: str,
    index: int = 0,
    move: str = "locked",
    frames: int = 150,
    target: dict[str, object] | None = None,
    assets: Library | None = None,
    **motions: object,
) -> Frame:
    """Clip `index` of a recipe with one motion and one camera move."""
    data = {
        "schema": 1,
        "name": "one",
        "film": {"frames": frames, "width": 320, "height": 180},
        "motion": {"kind": motion, "speed": {"loguniform": [0.03, 0.4]}, "spin": {"loguniform": [0.3, 60]}, **motions},
        "camera": {"move": move},
        "target": target or {},
    }
    return set_up(Recipe.parse(data, "test"), assets or library(), 7, index)


def take(
    motion: str,
    index: int = 0,
    move: str = "locked",
    frames: int = 150,
    target: dict[str, object] | None = None,
    assets: Library | None = None,
    **motions: object,
) -> Take:
    return find_takes([frame(motion, index, move, frames, target, assets, **motions)])[0]


def joints(curve: object) -> list[float]:
    """The times at which a curve's pieces meet."""
    match curve:
        case Hermite(times=times):
            return list(times)
        case Sum(parts=parts):
            return [time for part in parts for time in joints(part)]
        case Arc(turn=turn):
            return list(turn.times)
        case _:
            return []


@pytest.mark.parametrize("motion", MOTIONS)
@settings(max_examples=8, deadline=None)
@given(index=st.integers(0, 10_000), frames=st.sampled_from([12, 60, 150]))
def test_ways_and_attitudes_are_continuously_differentiable(motion: str, index: int, frames: int) -> None:
    found = take(motion, index, frames=frames)
    turns = [turn for turn in (found.spin.body, found.spin.world) if turn is not None]
    times = np.array([*joints(found.curve), *(time for turn in turns for time in turn.times), 0.0, 0.1, frames / 24])
    h = 1e-6  # seconds: a jump in velocity stays; an acceleration within a contact gives h over its length of that
    before = (position(found.curve, times) - position(found.curve, times - h)) / h
    after = (position(found.curve, times + h) - position(found.curve, times)) / h
    assert np.abs(after - before).max() <= 0.004 * np.linalg.norm(after, axis=1).max() + 1e-4
    for turn in turns:
        rate = (angle(turn, times + h) - angle(turn, times)) / h - (angle(turn, times) - angle(turn, times - h)) / h
        assert np.abs(rate).max() <= 0.004 * np.abs(turn.rates).max() + 1e-3
    turned = orientation(found.spin, np.linspace(0, frames / 24, 40))
    assert np.allclose(np.linalg.norm(turned, axis=1), 1)


@given(
    keys=st.lists(st.tuples(st.floats(0.01, 1), st.floats(-400, 400)), min_size=1, max_size=8),
    start=st.floats(-1, 4),
    length=st.floats(0, 1),
)
def test_a_turn_goes_by_the_integral_of_its_rate(keys: list[tuple[float, float]], start: float, length: float) -> None:
    times = tuple(np.cumsum([step for step, _ in keys]))
    turn = Turn(times=times, rates=tuple(rate for _, rate in keys))
    inner = [time for time in times if start < time < start + length]
    fine = np.unique(np.concatenate([np.linspace(start, start + length, 60), inner]))
    rate = np.interp(fine, turn.times, turn.rates)
    integral = float((np.diff(fine) * (rate[1:] + rate[:-1]) / 2).sum())  # exact: the rate is linear between these
    turned = angle(turn, [fine[0], fine[-1]])
    assert turned[1] - turned[0] == pytest.approx(integral, abs=1e-6)
    assert angle(turn, 0.0) == 0


@pytest.mark.parametrize("motion", MOTIONS)
def test_the_planned_speed_is_the_one_asked_for(motion: str) -> None:
    for index in range(6):
        shot = frame(motion, index)
        found = find_takes([shot])[0]
        spec = shoot(shot, found)  # rounded, as it is rendered
        way = passage(spec.targets[0].curve, spec.camera, spec.film, found.shot.diameter)
        assert way.typical() == pytest.approx(found.wish.speed, rel=0.025)
        low, high = reachable(motion, spec.film)
        assert low <= found.wish.speed <= high
        assert 0.03 <= found.wish.speed <= 0.4 or found.wish.speed in (low, high)


def test_speed_may_be_asked_for_in_pixels() -> None:
    shot = frame("circular", speed=None, speed_px={"uniform": [4, 9]})
    found = find_takes([shot])[0]
    way = passage(found.curve, found.camera, shot.film, found.shot.diameter)
    assert 4 <= found.wish.speed <= 9
    moved = np.linalg.norm(np.diff(way.pixels, axis=0), axis=1)  # px a frame, from centre to centre
    assert np.median(moved) == pytest.approx(found.wish.speed, rel=0.05)


@pytest.mark.parametrize("motion", MOTIONS)
def test_props_are_there_at_first_and_most_of_the_time(motion: str) -> None:
    for index in range(6):
        shot = frame(motion, index)
        found = find_takes([shot])[0]
        inset = np.minimum(found.way.pixels[0], [320, 180] - found.way.pixels[0])
        assert inset.min() >= min(0.4 * found.way.diameter[0], 50)
        assert found.way.seen.mean() >= (0.35 if motion == "reenter" else 0.5)
        shown = found.way.seen & (found.way.depth > 0)
        assert found.way.points[shown][:, 2].min() > 0.2  # over the ground


def test_reenter_leaves_the_frame_and_comes_back() -> None:
    seen = take("reenter", 3).way.seen
    changes = np.flatnonzero(np.diff(seen.astype(int)))
    assert seen[0]
    assert len(changes) >= 2  # out, and in again
    assert (~seen).sum() >= 3


def test_approach_grows_several_times() -> None:
    way = take("approach", 1).way
    assert way.diameter[way.seen].max() > 3 * way.diameter[way.seen].min()


def test_ricochet_changes_its_spin_at_each_bounce() -> None:
    found = take("ricochet", 2, spin=2.0, speed=0.3)
    curve, turn = found.curve, found.spin.body
    assert isinstance(curve, Hermite)
    bounces = [time for time in curve.times[1:-1:2] if time < 6.0]
    assert len(bounces) >= 3
    for time in bounces:
        before, after = (angle(turn, time + np.array(pair)) for pair in ((-0.02, -0.01), (0.03, 0.04)))
        assert abs((after[1] - after[0]) - (before[1] - before[0])) > 1e-3
    assert min(turn.rates) < 0 < max(turn.rates)


def test_a_swung_prop_turns_with_the_arm() -> None:
    found = take("swing", 4, target={"asset": "mallet"})
    curve = found.curve
    assert isinstance(curve, Arc)
    assert 1.3 <= curve.pivot[2] <= 1.5  # a shoulder above the ground
    hand = np.asarray(curve.arm) + rotate(np.asarray(found.spin.base), np.array([0.0, 0.0, -0.2]))
    assert np.linalg.norm(hand) == pytest.approx(0.55)  # shoulder to handle: an arm's length
    assert found.spin.world == curve.turn
    times = np.linspace(0, 6, 30)
    back = turned_by(curve.turn, times) * [1, -1, -1, -1]
    grip = rotate(back, position(curve, times) - curve.pivot)
    assert np.allclose(grip, curve.arm)
    axis = rotate(back, rotate(orientation(found.spin, times), np.array([0.0, 0.0, 1.0])))
    assert np.allclose(axis, axis[0])  # seen from the arm, the prop does not move


def test_a_strapped_shield_keeps_the_forearm_square_to_its_handle() -> None:
    handle = Library.open().get("shield").asset.handle
    assert handle is not None
    assert handle.palm is not None
    for index in range(4):
        found = take("swing", index, assets=Library.open(), target={"asset": "shield"})
        curve = found.curve
        assert isinstance(curve, Arc)
        base = np.asarray(found.spin.base)
        forearm = np.asarray(curve.arm) + rotate(base, np.asarray(handle.at))  # from shoulder to hand
        thumb, palm = rotate(base, np.asarray(handle.axis)), rotate(base, np.asarray(handle.palm))
        assert abs(forearm @ thumb) / np.linalg.norm(forearm) < np.sin(np.radians(5))
        np.testing.assert_allclose(
            np.cross(thumb, forearm) / np.linalg.norm(forearm), palm, atol=0.01
        )  # a right hand's


def test_a_worn_gauntlet_is_moved_by_two_links_of_an_arm() -> None:
    """Shoulder to elbow and elbow to wrist stay as long as an arm's, and the elbow bends one way, not too far."""
    handle = Library.open().get("gauntlet").asset.handle
    assert handle is not None
    assert handle.worn
    bends = []
    for index in range(4):
        found = take("swing", index, assets=Library.open(), target={"asset": "gauntlet"})
        assert isinstance(found.curve, Sum)
        shoulder = found.curve.parts[0]
        assert isinstance(shoulder, Arc)
        height = shoulder.pivot[2]
        times = np.linspace(0, 6, 200)
        attitude = orientation(found.spin, times)
        elbow = position(shoulder, times)
        wrist = position(found.curve, times) + rotate(attitude, np.asarray(handle.at))
        along, palm = rotate(attitude, np.asarray(handle.axis)), rotate(attitude, np.asarray(handle.palm))
        upper = elbow - np.asarray(shoulder.pivot)
        assert np.allclose(np.linalg.norm(upper, axis=1), 0.295 / 1.441 * height, rtol=2e-3)
        assert np.allclose(wrist - elbow, along * 0.262 / 1.441 * height, atol=1e-3)
        hinge = np.cross(upper, along)
        bend = np.degrees(np.arcsin(np.linalg.norm(hinge, axis=1) / np.linalg.norm(upper, axis=1)))
        assert 2 < bend.min() < bend.max() <= 90
        assert ((upper * along).sum(axis=1) > -0.03).all(), "bent by less than about a right angle"
        assert (hinge @ hinge[0] > 0).all(), "always the same way"
        assert ((palm * hinge).sum(axis=1) < 0).all(), "a right hand's palm: to the body, or down"
        bends.append(float(np.ptp(bend)))
    assert max(bends) > 40, "a punch stretches the arm"


def test_summon_rests_before_it_comes() -> None:
    found = take("summon", 5)
    way = found.way
    assert not way.moving[0]
    start = int(np.flatnonzero(way.moving)[0])
    flight = way.speed[start : start + 40]
    assert flight.max() > 2 * flight[0]


def test_a_toss_falls_freely_in_the_air() -> None:
    curve = take("toss", 6).curve
    pieces = zip(curve.times, curve.times[1:], strict=False) if isinstance(curve, Hermite) else [(0.0, 2.0)]
    begin, end = max(pieces, key=lambda piece: piece[1] - piece[0])  # the longest piece is a flight
    times = np.linspace(begin + 1e-3, end - 1e-3, 9)
    bend = np.diff(position(curve, times), 2, axis=0)
    assert np.allclose(bend, bend[0], atol=1e-5)
    assert bend[0, 2] < 0
    assert np.abs(bend[0, :2]).max() < 1e-5


@pytest.mark.parametrize("move", MOVES)
def test_cameras_stay_where_they_may_stand(move: str) -> None:
    kinds = ("linear", "circular", "return")
    for index in range(6):
        shot = frame(kinds[index % 3], index, move)
        found = find_takes([shot])[0]
        times = np.linspace(0, 150 / 24, 100)
        eyes, axes = camera_axes(found.camera, times)
        low, high = (np.asarray(corner) for corner in camera_room(shot.room))
        assert (eyes > low - 0.1).all()
        assert (eyes < high + 0.1).all()
        assert np.isfinite(axes).all()
        assert found.camera.move == move
        step = 1e-4
        speed = np.diff(position(found.camera.position, np.arange(-0.02, 6.3, step)), axis=0) / step
        assert np.abs(np.diff(speed, axis=0)).max() < 0.02 * max(1.0, np.abs(speed).max())  # no jerks


def test_moves_do_what_they_are_called() -> None:
    times = np.arange(150) / 24
    still, _ = camera_axes(take("circular", 1, "locked").camera, times)
    assert np.ptp(still, axis=0).max() == 0
    shaken, _ = camera_axes(take("circular", 1, "handheld").camera, times)
    assert 0.002 < np.ptp(shaken, axis=0).max() < 0.2
    zoomed = focal_mm(take("hover", 1, "crash-zoom").camera, times)
    assert zoomed.max() > 1.3 * zoomed.min()
    _, axes = camera_axes(take("linear", 4, "whip").camera, times)
    turned = np.degrees(np.arccos(np.clip((axes[1:, :, 2] * axes[:-1, :, 2]).sum(axis=1), -1, 1)))
    assert turned.max() > 2
    assert np.median(turned) < 0.2 * turned.max()  # holds, then whips
    orbit, _ = camera_axes(take("hover", 1, "orbit").camera, times)
    assert np.linalg.norm(orbit[-1] - orbit[0]) > 0.3
    ran, _ = camera_axes(take("circular", 1, "chase").camera, times)
    assert np.ptp(ran, axis=0).max() > 0.2


def test_a_long_lens_is_shortened_where_the_set_is_small() -> None:
    data = {"schema": 1, "name": "long", "camera": {"focal_mm": 135, "prop_share": 0.2}, "stage": {"set": "cellar"}}
    shot = set_up(Recipe.parse(data, "test"), library(), 7, 0)
    found = find_takes([shot])[0]
    assert found.shot.eye[1] >= -4.001
    assert found.camera.focal_mm < 135
    seen = found.shot.prop_size * found.camera.focal_mm / 36 / found.shot.distance
    assert seen == pytest.approx(0.2, rel=0.01)


def test_a_pass_is_straight_between_its_ends() -> None:
    curve = take("linear", 2, speed=0.3).curve
    assert isinstance(curve, Hermite)
    times = np.linspace(curve.times[2], curve.times[3], 9)[1:-1]
    way = np.diff(position(curve, times), axis=0)
    assert np.allclose(way, way[0], atol=2e-5)


def test_typical_speed_is_that_of_a_straight_flight() -> None:
    # A prop 0.5 m across flies 4 m from a 36 mm lens on a 36 mm sensor: 90 px are a metre; 2.4 m/s are 9 px a frame.
    from render.spec import Camera, Linear, Still

    film = Film(width=360, height=200, frames=24, fps=24, shutter_degrees=180, samples=1)
    camera = Camera(position=Still(point=(0, -4, 1)), look_at=Still(point=(0, 0, 1)), focal_mm=36)
    way = passage(Linear(start=(-1, 0, 1), velocity=(2.4, 0, 0)), camera, film, 0.5)
    assert way.typical(in_px=True) == pytest.approx(9)
    assert way.typical() == pytest.approx(9 / 45)
    assert way.seen.all()
