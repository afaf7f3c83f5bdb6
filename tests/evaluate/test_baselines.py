"""The baselines do what they say: no more, no less."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from evaluate.baselines import BASELINES, colour_nearest, lag
from evaluate.baselines.box import box_csrt, box_kalman
from evaluate.metrics import jaccard
from evaluate.running.methods import load_methods
from render.document import UserError

Clip = tuple[list[NDArray[np.uint8]], NDArray[np.bool_]]


@pytest.mark.parametrize("name", BASELINES)
def test_every_baseline_answers_every_frame(name: str, disk_clip: Callable[[int], Clip]) -> None:
    frames, masks = disk_clip(6)
    answers = list(BASELINES[name](iter(frames), masks[0]))
    assert len(answers) == 6
    assert all(answer.shape == masks[0].shape and answer.dtype == np.bool_ for answer in answers)


def test_empty_is_empty_and_copy_first_stands_still(disk_clip: Callable[[int], Clip]) -> None:
    frames, masks = disk_clip(5)
    assert not any(answer.any() for answer in BASELINES["empty"](frames, masks[0]))
    assert all((answer == masks[0]).all() for answer in BASELINES["copy-first"](frames, masks[0]))


def test_colour_follows_an_object_of_its_own_colour(disk_clip: Callable[[int], Clip]) -> None:
    frames, masks = disk_clip(20)
    scores = [jaccard(found, truth) for found, truth in zip(colour_nearest(frames, masks[0]), masks, strict=True)]
    assert min(scores) > 0.9


def test_colour_prefers_the_near_piece_to_a_larger_far_one(disk_clip: Callable[[int], Clip]) -> None:
    frames, masks = disk_clip(8)
    for frame in frames[1:]:
        frame[5:40, 85:118] = (210, 30, 40)  # a distractor of the same colour
    found = list(colour_nearest(frames, masks[0]))
    assert jaccard(found[1], masks[1]) > 0.9


def test_colour_finds_the_object_again_after_it_was_hidden(disk_clip: Callable[[int], Clip]) -> None:
    frames, masks = disk_clip(12)
    ground = disk_clip(1)[0][0]
    ground[disk_clip(1)[1][0]] = (60, 60, 60)
    for index in (4, 5, 6):
        frames[index][:] = ground
    found = list(colour_nearest(frames, masks[0]))
    assert not any(found[index].any() for index in (4, 5, 6))
    assert jaccard(found[11], masks[11]) > 0.9


def test_colour_survives_an_object_at_the_border() -> None:
    frames = [np.zeros((20, 30, 3), np.uint8) for _ in range(4)]
    first = np.zeros((20, 30), np.bool_)
    first[0:4, 0:4] = True
    frames[0][first] = 255
    answers = list(colour_nearest(frames, first))  # it left at once
    assert [bool(answer.any()) for answer in answers] == [True, False, False, False]


def test_the_box_follows_and_coasts(disk_clip: Callable[[int], Clip]) -> None:
    frames, masks = disk_clip(20)
    scores = [jaccard(found, truth) for found, truth in zip(box_kalman(frames, masks[0]), masks, strict=True)]
    assert min(scores) > 0.7
    blank = [np.zeros_like(frame) for frame in frames]
    hidden = [*frames[:10], *blank[10:13], *frames[13:]]
    found = list(box_kalman(hidden, masks[0]))
    assert jaccard(found[12], masks[12]) > 0.4  # the filter goes on as it did
    assert jaccard(found[-1], masks[-1]) > 0.7


def test_copy_last_is_one_frame_late(disk_clip: Callable[[int], Clip]) -> None:
    _, masks = disk_clip(5)
    answers = list(lag(masks, 1))
    assert len(answers) == 4
    assert all((answer == truth).all() for answer, truth in zip(answers, [masks[1], *masks[1:4]], strict=True))


def test_csrt_follows_and_grows_with_the_object(disk_clip: Callable[[int], Clip]) -> None:
    frames, masks = disk_clip(20)
    scores = [jaccard(found, truth) for found, truth in zip(box_csrt(frames, masks[0]), masks, strict=True)]
    assert min(scores) > 0.7
    rng = np.random.default_rng(4)
    ground = cv2.resize(rng.integers(0, 120, (12, 16, 3), np.uint8), (160, 120))
    texture = rng.integers(90, 255, (6, 6, 3), np.uint8)
    growing, areas = [], []
    for side in range(36, 72, 2):
        mask = np.zeros((120, 160), np.bool_)
        mask[60 - side // 2 :, 80 - side // 2 :][:side, :side] = True
        growing.append(ground.copy())
        growing[-1][mask] = cv2.resize(texture, (side, side)).reshape(-1, 3)
        areas.append(mask)
    assert jaccard(list(box_csrt(growing, areas[0]))[-1], areas[-1]) > 0.8  # 0.27 of it was there at first


@pytest.mark.parametrize("place", [(0, 0, 1, 1), (29, 39, 30, 40), (10, 5, 11, 30), (3, 3, 28, 4), (0, 0, 30, 40)])
def test_csrt_takes_boxes_of_any_size(place: tuple[int, int, int, int]) -> None:
    """A pixel, one in the corner, lines, the whole picture: OpenCV's own fails on most of these."""
    top, left, bottom, right = place
    first = np.zeros((30, 40), np.bool_)
    first[top:bottom, left:right] = True
    frames = list(np.random.default_rng(6).integers(0, 255, (3, 30, 40, 3), np.uint8))
    answers = list(box_csrt(frames, first))
    assert len(answers) == 3
    assert (answers[0] == first).all()


def test_an_opencv_without_csrt_is_told_before_anything_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(cv2, "TrackerCSRT")
    with pytest.raises(UserError, match=r"has no CSRT.*opencv-contrib-python-headless"):
        load_methods(["nano-random:0"], "cpu")
