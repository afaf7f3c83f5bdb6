"""Each axis measures what it says: trackers with one known flaw lose on their own axis, and on no other."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from evaluate.axes import AXES, Shot, Trace, measure_axes
from evaluate.axes.general import STEADINESS
from evaluate.axes.movement import halving
from evaluate.axes.occlusion import TAKEN, Event, events
from evaluate.axes.shutter import along_the_blur, disk_iou
from evaluate.axes.trajectory import PREDICTORS, errors
from evaluate.benchmarks.flawed import FLAWED, OWN, Scene, Tracker, faithful
from evaluate.benchmarks.proof import Proof, prove
from evaluate.running.tracing import follow
from tests.evaluate.drawn_bench import scenes

TUNING, UNSEEN = (1, 2, 3), (11, 12, 13)
"""Rounds on which thresholds are set, and others on which they are tried."""


def traces(rounds: Sequence[int], tracker: Tracker) -> list[Trace]:
    """What a tracker made of some rounds, object 1 of each clip."""
    found = [scene for seed in rounds for scene in scenes(seed)]
    return [follow(scene.clip, 1, list(tracker(scene, 1))) for scene in found]


@pytest.fixture(scope="module")
def proof() -> Proof:
    return prove([s for seed in TUNING for s in scenes(seed)], [s for seed in UNSEEN for s in scenes(seed)])


@pytest.mark.parametrize("flaw", FLAWED)
def test_a_flaw_costs_on_its_own_axis_alone(flaw: str, proof: Proof) -> None:
    assert all(threshold is not None and threshold > 0.02 for threshold in proof.thresholds.values())
    assert proof.lost_on(flaw) == {OWN[flaw]}, (proof.losses[flaw], proof.thresholds)


def test_what_stands_beside_the_axes_tells_flaws_apart(proof: Proof) -> None:
    taken = {flaw: figures[TAKEN] for flaw, figures in proof.beside.items()}
    assert max(taken, key=lambda flaw: taken[flaw] or 0) == "swaps"
    assert all((taken[flaw] or 0) < 0.1 for flaw in taken if flaw != "swaps")
    unsteady = {flaw: figures[STEADINESS] for flaw, figures in proof.beside.items()}
    assert (unsteady["trembles"] or 0) > 0.05


def test_the_occlusion_axis_tells_the_dead_from_the_mistaken() -> None:
    by = {name: AXES["occlusion"](traces(UNSEEN, FLAWED[name])).figures for name in ("dies", "swaps")}
    taken = "another object taken for it"
    assert (by["dies"][taken].value, by["swaps"][taken].value) == (0, 1)
    assert by["swaps"]["mask elsewhere after its return"].value == 1
    assert by["dies"]["mask elsewhere after its return"].value == 0


def test_what_is_right_has_nothing_to_lose() -> None:
    perfect = {axis.name: axis for axis in measure_axes(traces(UNSEEN, lambda scene, i: scene.clip.objects[i].masks))}
    for name in ("movement", "effects", "transformation", "occlusion"):
        assert perfect[name].effect.value == pytest.approx(0, abs=1e-12)
        assert perfect[name].score.value == 1
    assert perfect["occlusion"].figures["frames to recover"].value == 0
    assert perfect["transformation"].figures["identity kept"].value == 1
    assert halving(perfect["movement"].curves[0]) is None
    assert perfect["movement"].score.clips == len(UNSEEN)  # twins and speeds of one shot are one cluster


def test_empty_masks_lose_everything() -> None:
    nothing = {axis.name: axis for axis in measure_axes(traces(UNSEEN, lambda s, i: s.clip.objects[i].masks & False))}
    assert nothing["movement"].score.value == nothing["effects"].score.value == 0
    assert nothing["occlusion"].score.value == 0
    assert nothing["occlusion"].figures["masked while hidden, object areas"].value == 0
    assert nothing["trajectory"].score.value is None or nothing["trajectory"].score.n < 20


def shot(**changes: object) -> Shot:
    """Ten frames of an object of 10 px, at rest; never hidden unless told."""
    steady = np.ones(10)
    told = {
        "clip": "a", "object_id": 1, "label": "x", "cluster": "a", "title": None, "prompted": 0,
        "present_T": steady > 0, "occlusion_T": steady * 0, "veil_T": steady * 0, "speed_T": steady * 0,
        "blur_T": steady * 0, "charge_T": steady * 0, "centre_T2": np.zeros((10, 2)), "diameter_T": steady * 10,
    }  # fmt: skip
    return Shot(**(told | changes))  # type: ignore[arg-type]


def test_events_are_found_by_hand() -> None:
    occlusion = np.array([0, 0, 1, 1, 0.8, 0.3, 0, 0.97, 0, 1])
    assert events(shot(occlusion_T=occlusion)) == [Event(2, 2, 5), Event(7, 1, 8)]  # the last one never comes back
    assert events(shot(occlusion_T=occlusion, prompted=4)) == [Event(7, 1, 8)]
    gone = np.arange(10) != 4
    assert events(shot(present_T=gone, occlusion_T=np.where(gone, 0, np.nan))) == [Event(4, 1, 5)]
    assert events(shot(present_T=gone, occlusion_T=np.full(10, np.nan))) == [Event(4, 1, 5)]  # real footage


@pytest.mark.parametrize("name", PREDICTORS)
def test_predictors_know_their_own_motion(name: str) -> None:
    """Every predictor is right about steady movement; the ballistic and the returning fit about a throw."""
    times = np.arange(10.0)
    steady = np.stack([3 * times, 40 - 2 * times], axis=1)
    thrown = np.stack([3 * times, 40 - 9 * times + times**2], axis=1)
    ahead = np.array([10.0, 11.0, 14.0])
    guess = PREDICTORS[name](times, steady, ahead)
    assert guess == pytest.approx(np.stack([3 * ahead, 40 - 2 * ahead], axis=1), abs=0.5 if name == "kalman" else 1e-6)
    off = np.abs(PREDICTORS[name](times, thrown, ahead)[:, 1] - (40 - 9 * ahead + ahead**2)).max()
    assert (off < 1e-6) == (name in ("ballistic", "returning"))
    alone = PREDICTORS[name](times[:1], steady[:1], ahead)
    assert alone == pytest.approx(np.repeat(steady[:1], 3, axis=0))


def test_disks_overlap_as_counted() -> None:
    """Closed form against pixels counted."""
    y, x = np.mgrid[-1:2:600j, -1:1:400j]
    for apart in (0.0, 0.3, 0.7):
        one, two = np.hypot(x, y) < 0.5, np.hypot(x, y - apart) < 0.5
        counted = (one & two).sum() / (one | two).sum()
        assert disk_iou(np.array([apart]))[0] == pytest.approx(counted, abs=0.01)
    assert disk_iou(np.array([1.0, 4.0])).tolist() == [0.0, 0.0]


def test_a_way_along_the_blur_is_held_against_the_true_one() -> None:
    """10 px across, 8 px a frame and bent like a parabola, shutter half open."""
    times, one = np.arange(10.0), np.ones(10)
    path = np.stack([8 * times, (times - 5) ** 2], axis=1)
    truth = shot(centre_T2=path, speed_T=one * 0.8, blur_T=one * 0.4)

    def overlap(centres: np.ndarray) -> np.ndarray:
        return along_the_blur(Trace(truth, one, one, one, one, one, centres, one * np.nan, one * np.nan))

    assert overlap(path)[1:] == pytest.approx(np.ones(9))
    assert np.isnan(overlap(path)[0])  # the prompted frame does not count
    # The same place at the shutter's centre, but standing still: at moment k the disks are 0.8 · |k| diameters apart.
    still = overlap(np.where((times == 5)[:, None], path, np.nan))
    expected = np.mean([disk_iou(np.array([abs(k) * 0.8]))[0] for k in np.linspace(-0.25, 0.25, 9)])
    assert still[5] == pytest.approx(expected, abs=2e-3)  # the parabola bends by up to 1/16 px from the line
    assert (still[[4, 6]] == 0).all()  # nothing masked
    assert overlap(path + (0, 5))[3] == pytest.approx(disk_iou(np.array([0.5]))[0])
    sharp = Trace(shot(centre_T2=path, speed_T=one * 0.8), one, one, one, one, one, path, one * np.nan, one * np.nan)
    assert np.isnan(along_the_blur(sharp)).all()


def test_errors_are_in_diameters() -> None:
    """At rest by its masks, 2 px a frame in truth, 10 px across: half a diameter... two tenths more each frame."""
    path = np.stack([2 * np.arange(10.0), np.zeros(10)], axis=1)
    one = np.ones(10)
    trace = Trace(shot(centre_T2=path), one, one, one, one, one, np.zeros((10, 2)), one * np.nan, one * np.nan)
    found = errors(trace, PREDICTORS["velocity"])
    assert found[4] == pytest.approx([1.0, 1.2, 1.4, 1.6, 1.8])
    assert np.isnan(found[:2]).all()  # two frames after the prompt are needed
    assert np.isnan(found[8, 1:]).all()


def test_clips_shorter_than_what_is_predicted_are_measured() -> None:
    for frames in (1, 2, 4):
        one, way = np.ones(frames), np.stack([2 * np.arange(float(frames)), np.zeros(frames)], axis=1)
        short = {name: value[:frames] for name, value in shot().__dict__.items() if isinstance(value, np.ndarray)}
        trace = Trace(shot(**short | {"centre_T2": way}), one, one, one, one, one, way, one * np.nan, one * np.nan)
        axes = {axis.name: axis for axis in measure_axes([trace])}
        assert axes["trajectory"].score.n == (frames == 4)


def test_halving_is_read_off_the_curve() -> None:
    fast = traces((21,), FLAWED["lags"])
    curve = AXES["movement"](fast).curves[0]
    values = [point.value.value for point in curve.points]
    assert values == sorted(values, key=lambda value: -(value or 0))
    half = halving(curve)
    assert half is not None
    assert curve.points[0].severity < half < curve.points[-1].severity
    assert math.isfinite(half)


def test_traces_round_trip_through_json() -> None:
    for trace in traces((31,), FLAWED["dies"]):
        again = Trace.load(Shot.load(trace.shot.dump()), trace.dump())
        for name, array in again.__dict__.items():
            if name != "shot":
                np.testing.assert_allclose(array, getattr(trace, name), atol=1e-8)
        np.testing.assert_array_equal(again.shot.present_T, trace.shot.present_T)
        assert (again.shot.title, again.shot.cluster) == (trace.shot.title, trace.shot.cluster)


def test_axes_without_their_clips_say_so() -> None:
    bare: list[Scene] = scenes(41)[:1]
    plain = [follow(scene.clip, 1, list(faithful(scene, 1))) for scene in bare]
    said = {axis.name: axis.note for axis in measure_axes(plain)}
    assert all(said[name] for name in ("effects", "occlusion", "transformation"))
    assert "No sweep of speed" in str(said["movement"])
