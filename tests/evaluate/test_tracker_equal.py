"""The tracker against the official predictor's public interface: same weights, same frames, same masks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from sam2.sam2_video_predictor import SAM2VideoPredictor

from evaluate.metrics import jaccard
from evaluate.tracker import Options, Prompt, Tracked, Tracker

Clip = tuple[list[NDArray[np.uint8]], NDArray[np.bool_]]
MakeClip = Callable[[int], Clip]
Answers = dict[int, dict[int, NDArray[np.float32]]]

ROUNDING = 2e-3
"""Of logits, about 0.1 with these weights: memories are stored in bfloat16, so differences of 1e-7 come back larger."""


@pytest.fixture(params=[True, False], ids=["lean", "plain"])
def options(request: pytest.FixtureRequest) -> Options:
    return Options(lean=request.param)


class Official:
    """The predictor's public interface on a JPEG folder, its state never trimmed."""

    def __init__(self, model: SAM2VideoPredictor, frames: Sequence[NDArray[np.uint8]], folder: Path) -> None:
        for index, frame in enumerate(frames):
            Image.fromarray(frame).save(folder / f"{index:05d}.jpg", quality=95, subsampling=0)
        self.model: Any = model
        self.state = self.model.init_state(str(folder))
        self.answers: Answers = {}

    def prompt(self, prompt: Prompt) -> None:
        if prompt.mask is not None:
            index, ids, logits = self.model.add_new_mask(self.state, prompt.frame, prompt.object_id, prompt.mask)
        else:
            labels: Any = prompt.labels or [1] * len(prompt.points)
            index, ids, logits = self.model.add_new_points_or_box(
                self.state,
                prompt.frame,
                prompt.object_id,
                points=np.array(prompt.points, np.float32) if prompt.points else None,
                labels=np.array(labels, np.int32) if prompt.points else None,
                box=prompt.box,
            )
        slot = ids.index(prompt.object_id)
        self.answers.setdefault(index, {})[prompt.object_id] = logits[slot, 0].numpy().copy()

    def propagate(self, start: int | None = None, count: int | None = None, reverse: bool = False) -> None:
        for index, ids, logits in self.model.propagate_in_video(self.state, start, count, reverse):
            self.answers[index] = {number: logits[slot, 0].numpy().copy() for slot, number in enumerate(ids)}


def decoded(folder: Path) -> list[NDArray[np.uint8]]:
    return [np.asarray(Image.open(path).convert("RGB")) for path in sorted(folder.glob("*.jpg"))]


def stream(folder: Path) -> Iterator[NDArray[np.uint8]]:
    yield from decoded(folder)


def assert_equal(found: Sequence[Tracked], expected: Answers) -> None:
    by_index = {tracked.index: tracked for tracked in found if tracked.logits}
    assert sorted(by_index) == sorted(expected)
    for index, by_object in expected.items():
        assert by_index[index].logits.keys() == by_object.keys()
        for object_id, logits in by_object.items():
            np.testing.assert_allclose(by_index[index].logits[object_id], logits, atol=ROUNDING)
            assert jaccard(by_index[index].logits[object_id] > 0, logits > 0) >= 0.999
    every = [logits for by_object in expected.values() for logits in by_object.values()]
    assert 0 < float(np.mean([np.mean(logits > 0) for logits in every])) < 1  # real masks, not nothing with nothing
    assert len({logits.tobytes() for logits in every}) > len(expected) / 2


def check_forward(model: SAM2VideoPredictor, clip: Clip, prompts: list[Prompt], folder: Path, options: Options) -> None:
    with torch.inference_mode():
        official = Official(model, clip[0], folder)
        for prompt in prompts:
            official.prompt(prompt)
        official.propagate()
    assert_equal(list(Tracker(model, options=options).track(stream(folder), prompts)), official.answers)


@pytest.mark.slow
def test_forty_frames_trimmed_equal_the_official_untrimmed(
    predictor: SAM2VideoPredictor, disk_clip: MakeClip, tmp_path: Path, options: Options
) -> None:
    clip = disk_clip(40)
    check_forward(predictor, clip, [Prompt(mask=clip[1][0])], tmp_path, options)


@pytest.mark.slow
def test_memory_stride_is_respected_when_forgetting(
    predictor: SAM2VideoPredictor, disk_clip: MakeClip, tmp_path: Path, options: Options
) -> None:
    clip = disk_clip(40)
    predictor.memory_temporal_stride_for_eval = 3
    check_forward(predictor, clip, [Prompt(mask=clip[1][0])], tmp_path, options)


@pytest.mark.parametrize("count", [1, 5, pytest.param(18, marks=pytest.mark.slow)])
def test_short_clips_equal_the_official(
    predictor: SAM2VideoPredictor, disk_clip: MakeClip, tmp_path: Path, count: int
) -> None:
    """Below 16 frames the model's pointer encoding depends on the clip's length."""
    clip = disk_clip(count)
    check_forward(predictor, clip, [Prompt(mask=clip[1][0])], tmp_path, Options())


TWO = [Prompt(4, points=((25.0, 45.0),)), Prompt(2, box=(60.0, 5.0, 110.0, 40.0))]


@pytest.mark.parametrize(
    "prompts",
    [
        [Prompt(points=((25.0, 45.0),))],
        [Prompt(points=((25.0, 45.0), (100.0, 10.0)), labels=(1, 0))],
        [Prompt(box=(12.0, 32.0, 38.0, 58.0))],
        [Prompt(box=(12.0, 32.0, 38.0, 58.0), points=((25.0, 45.0),))],
        TWO,
        [Prompt(3, frame=4, points=((40.0, 50.0),))],
    ],
    ids=["point", "points", "box", "box+point", "two objects", "later frame"],
)
def test_prompts_equal_the_official(
    predictor: SAM2VideoPredictor, disk_clip: MakeClip, tmp_path: Path, prompts: list[Prompt]
) -> None:
    check_forward(predictor, disk_clip(8), prompts, tmp_path, Options())


@pytest.mark.slow
@pytest.mark.parametrize("kept", [True, False], ids=["kept", "forgotten"])
@pytest.mark.parametrize(
    "correction",
    [
        Prompt(frame=9, points=((60.0, 50.0), (100.0, 10.0)), labels=(1, 0)),
        Prompt(frame=9, box=(40.0, 30.0, 80.0, 70.0)),
        Prompt(frame=9, mask=np.pad(np.ones((30, 30), np.bool_), ((30, 30), (40, 50)))),
    ],
    ids=["points", "box", "mask"],
)
def test_corrections_equal_the_official_ones(
    predictor: SAM2VideoPredictor, disk_clip: MakeClip, tmp_path: Path, correction: Prompt, kept: bool
) -> None:
    """Track to frame 9, correct it there, go on from the next frame; object 2 is not touched."""
    clip = disk_clip(20)
    prompts = [Prompt(mask=clip[1][0]), Prompt(2, box=(60.0, 5.0, 110.0, 40.0))]
    tracker = Tracker(predictor, options=Options(keep_corrections=kept))
    with torch.inference_mode():
        official = Official(predictor, clip[0], tmp_path)
        for prompt in prompts:
            official.prompt(prompt)
        official.propagate(count=9)
        before = official.answers[9][1]
        official.prompt(correction)
        assert np.abs(official.answers[9][1] - before).max() > 50 * ROUNDING  # it changes something
        official.propagate(start=10)
    assert_equal(list(tracker.track(stream(tmp_path), [*prompts, correction])), official.answers)

    # The same by hand, with the correction made after the frame's first answer was seen.
    frames = decoded(tmp_path)
    session = tracker.session(*frames[0].shape[:2])
    found = []
    for index, frame in enumerate(frames):
        answer = session.step(frame, prompts if index == 0 else ())
        if index == 9:
            np.testing.assert_allclose(answer.logits[1], before, atol=ROUNDING)
            answer = session.correct(correction)
        found.append(answer)
    assert_equal(found, official.answers)


@pytest.mark.slow
def test_an_object_added_late_equals_the_official_one(
    predictor: SAM2VideoPredictor, disk_clip: MakeClip, tmp_path: Path
) -> None:
    clip = disk_clip(20)
    prompts = [Prompt(1, mask=clip[1][0]), Prompt(2, frame=5, box=(60.0, 5.0, 110.0, 40.0))]
    with torch.inference_mode():
        official = Official(predictor, clip[0], tmp_path)
        official.prompt(prompts[0])
        official.propagate(count=5)
        official.prompt(prompts[1])
        official.propagate(start=6)
    assert_equal(list(Tracker(predictor).track(stream(tmp_path), prompts)), official.answers)


@pytest.mark.parametrize("start", [3, pytest.param(25, marks=pytest.mark.slow)])
def test_backwards_equals_the_official(
    predictor: SAM2VideoPredictor, disk_clip: MakeClip, tmp_path: Path, start: int
) -> None:
    clip = disk_clip(start + 2)
    prompts = [replace(prompt, frame=start) for prompt in TWO]
    with torch.inference_mode():
        official = Official(predictor, clip[0], tmp_path)
        for prompt in prompts:
            official.prompt(prompt)
        official.propagate(start, reverse=True)
    found = list(Tracker(predictor).track(decoded(tmp_path), prompts, "backward"))
    assert [tracked.index for tracked in found] == list(range(start, -1, -1))
    assert_equal(found, official.answers)


@pytest.mark.parametrize(("start", "count"), [(4, 7), pytest.param(10, 30, marks=pytest.mark.slow)])
def test_both_ways_equal_the_official(
    predictor: SAM2VideoPredictor, disk_clip: MakeClip, tmp_path: Path, start: int, count: int
) -> None:
    """Forwards to the end, then backwards with what was seen on the way: its first memories lie ahead in time."""
    clip = disk_clip(count)
    prompt = Prompt(frame=start, mask=clip[1][start])
    with torch.inference_mode():
        official = Official(predictor, clip[0], tmp_path)
        official.prompt(prompt)
        official.propagate()
        official.propagate(start, reverse=True)
    found = list(Tracker(predictor).track(decoded(tmp_path), [prompt], "both"))
    order = [tracked.index for tracked in found if tracked.logits]
    assert order == [*range(start, count), *range(start - 1, -1, -1)]
    assert_equal(found, official.answers)


@pytest.mark.slow
def test_both_ways_from_two_starts_give_each_object_as_if_alone(
    predictor: SAM2VideoPredictor, disk_clip: MakeClip
) -> None:
    frames, masks = disk_clip(20)
    first, second = Prompt(1, frame=4, mask=masks[4]), Prompt(2, frame=12, box=(60.0, 5.0, 110.0, 40.0))
    tracker = Tracker(predictor)
    found: Answers = {index: {} for index in range(20)}
    for tracked in tracker.track(frames, [first, second], "both"):
        assert not found[tracked.index].keys() & tracked.logits.keys()  # nothing is answered twice
        found[tracked.index] |= tracked.logits
    for prompt in (first, second):
        for tracked in tracker.track(frames, [prompt], "both"):
            if tracked.logits:
                alone = tracked.logits[prompt.object_id]
                np.testing.assert_allclose(found[tracked.index][prompt.object_id], alone, atol=ROUNDING)
    assert all(by_object.keys() == {1, 2} for by_object in found.values())
