"""The tracker against the official predictor: same weights, same frames, same masks; bounded memory; clear errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sam2.sam2_video_predictor import SAM2VideoPredictor

from evaluate.metrics import jaccard
from evaluate.tracker import DECODED_AHEAD, Options, Prompt, Tracker, suited_threads
from render.document import UserError

Clip = tuple[list[NDArray[np.uint8]], NDArray[np.bool_]]
MakeClip = Callable[[int], Clip]


def test_an_object_added_late_is_tracked_as_if_alone(predictor: SAM2VideoPredictor, disk_clip: MakeClip) -> None:
    frames, masks = disk_clip(9)
    late = Prompt(2, frame=5, box=(60.0, 5.0, 110.0, 40.0))
    both = list(Tracker(predictor).track(frames, [Prompt(1, mask=masks[0]), late]))
    alone = list(Tracker(predictor).track(frames, [late]))
    assert [sorted(tracked.logits) for tracked in both] == [[1]] * 5 + [[1, 2]] * 4
    for tracked, single in zip(both[5:], alone[5:], strict=True):
        np.testing.assert_allclose(tracked.logits[2], single.logits[2], atol=1e-5)


@pytest.mark.slow
def test_state_does_not_grow(predictor: SAM2VideoPredictor, disk_clip: MakeClip) -> None:
    frames, masks = disk_clip(6)
    session = Tracker(predictor).session(*frames[0].shape[:2])
    held, things = [], []
    for index in range(60):
        session.step(frames[index % 6], [Prompt(mask=masks[0])] if index == 0 else ())
        held.append(tensor_bytes(session.state))
        things.append(len(outline(session.state)))
    assert max(held[20:]) == held[20]  # full by then: 7 memories, 16 pointers
    assert max(things[20:]) == things[20]  # nor do numbers and dictionaries pile up


def tensor_bytes(value: Any) -> int:
    if isinstance(value, torch.Tensor):
        return value.nbytes
    if isinstance(value, dict):
        return sum(tensor_bytes(part) for part in value.values())
    if isinstance(value, list | tuple):
        return sum(tensor_bytes(part) for part in value)
    return 0


def outline(value: Any) -> str:
    """The state's shape as text: keys and kinds, without what tensors hold and which frames they are of."""
    if isinstance(value, dict):
        return "{" + ",".join(outline(part) for part in value.values()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(outline(part) for part in value) + "]"
    return type(value).__name__


def test_frames_are_read_no_further_ahead_than_the_pointer_memory(
    predictor: SAM2VideoPredictor, disk_clip: MakeClip
) -> None:
    frames, masks = disk_clip(40)
    taken = 0

    def stream() -> Iterator[NDArray[np.uint8]]:
        nonlocal taken
        for frame in frames:
            taken += 1
            yield frame

    tracking = Tracker(predictor).track(stream(), [Prompt(mask=masks[0])])
    next(tracking)
    most = predictor.max_obj_ptrs_in_encoder + DECODED_AHEAD + 2  # one is being made, one waits for a place
    assert taken <= most
    next(tracking)
    assert taken <= most + 1
    assert not torch.is_inference_mode_enabled()  # the caller's torch is left as it was between frames


def test_scores_and_masks_agree_with_logits(predictor: SAM2VideoPredictor, disk_clip: MakeClip) -> None:
    frames, masks = disk_clip(4)
    for tracked in Tracker(predictor).track(frames, [Prompt(mask=masks[0])]):
        assert tracked.masks[1].dtype == np.bool_
        assert tracked.masks[1].shape == (90, 120)
        assert 0 <= tracked.scores[1] <= 1
        assert (tracked.masks[1] == (tracked.logits[1] > 0)).all()


@pytest.mark.parametrize(
    ("prompts", "message"),
    [
        ([], "no prompt"),
        ([Prompt()], "nothing given"),
        ([Prompt(points=((120.0, 5.0),))], "point 120,5 lies outside the frame; the frame is 120x90"),
        ([Prompt(points=((5.0, 5.0),), labels=(0,))], "only negative points"),
        ([Prompt(points=((5.0, 5.0),), labels=(1, 1))], "1 points, 2 labels"),
        ([Prompt(box=(10.0, 10.0, 10.0, 20.0))], "is empty"),
        ([Prompt(box=(10.0, 10.0, 130.0, 20.0))], "box 10,10,130,20 reaches outside the frame; the frame is 120x90"),
        ([Prompt(mask=np.zeros((90, 120), np.bool_))], "is empty; mark at least one pixel"),
        ([Prompt(mask=np.ones((9, 12), np.bool_))], "is 12x9, but the frame is 120x90"),
        ([Prompt(mask=np.ones((90, 120), np.bool_), box=(1.0, 1.0, 5.0, 5.0))], "not both"),
        ([Prompt(box=(1.0, 1.0, 5.0, 5.0)), Prompt(box=(1.0, 1.0, 5.0, 5.0))], "more than one prompt"),
        ([Prompt(frame=-1, box=(1.0, 1.0, 5.0, 5.0))], "frames count from 0"),
        ([Prompt(frame=7, box=(1.0, 1.0, 5.0, 5.0))], "is on frame 7, the last is 2"),
    ],
)
def test_bad_prompts_are_refused(
    predictor: SAM2VideoPredictor, disk_clip: MakeClip, prompts: list[Prompt], message: str
) -> None:
    frames, _ = disk_clip(3)
    with pytest.raises(UserError, match=message):
        list(Tracker(predictor).track(frames, prompts))


def test_bad_frames_are_refused(predictor: SAM2VideoPredictor, disk_clip: MakeClip) -> None:
    frames, masks = disk_clip(3)
    prompts = [Prompt(mask=masks[0])]
    with pytest.raises(UserError, match="no frames"):
        list(Tracker(predictor).track([], prompts))
    with pytest.raises(UserError, match="frame 2 is 60x45, but the first is 120x90"):
        list(Tracker(predictor).track([*frames[:2], frames[2][::2, ::2]], prompts))


def test_small_models_get_one_thread_and_others_keep_theirs(predictor: SAM2VideoPredictor) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with suited_threads(predictor, "cpu"):
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
        predictor.image_size = 1024
        with suited_threads(predictor, "cpu"):
            assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_bfloat16_on_cuda_is_near_float32_on_the_cpu(predictor: SAM2VideoPredictor, disk_clip: MakeClip) -> None:
    frames, masks = disk_clip(5)
    expected = list(Tracker(predictor).track(frames, [Prompt(mask=masks[0])]))
    tracker = Tracker(predictor, "cuda")
    assert tracker.precision == "bfloat16"
    for tracked, plain in zip(tracker.track(frames, [Prompt(mask=masks[0])]), expected, strict=True):
        assert np.mean(tracked.masks[1] != plain.masks[1]) < 0.05


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("options", [Options("float32", cuda_graphs=True), Options("float32", compile=True)])
def test_faster_encoders_give_the_same_masks_on_cuda(
    predictor: SAM2VideoPredictor, disk_clip: MakeClip, options: Options
) -> None:
    frames, masks = disk_clip(5)
    plain = list(Tracker(predictor, "cuda", "float32").track(frames, [Prompt(mask=masks[0])]))
    found = Tracker(predictor, "cuda", options=options).track(frames, [Prompt(mask=masks[0])])
    for tracked, expected in zip(found, plain, strict=True):
        assert np.mean(tracked.masks[1] != expected.masks[1]) < 1e-3


def test_fewer_looks_follow_the_object_by_flow(predictor: SAM2VideoPredictor, disk_clip: MakeClip) -> None:
    """Every third frame is looked at; a prompted one always is; those between say that flow carried them."""
    frames, masks = disk_clip(9)
    tracker = Tracker(predictor, options=Options(every=3))
    prompts = [Prompt(mask=masks[0]), Prompt(frame=4, mask=masks[4])]
    found = list(tracker.track(frames, prompts))
    assert [tracked.index for tracked in found] == list(range(9))
    assert [tracked.by_flow for tracked in found] == [False, True, True, False, False, True, True, False, True]
    for carried in (1, 2, 5, 6):
        start = carried // 4 * 4  # the true mask a step or two before, moved along
        moved = jaccard(found[carried].masks[1], masks[carried])
        assert moved > max(0.5, jaccard(masks[start], masks[carried]) + 0.1)
    before = list(tracker.track(frames, prompts[1:], "both"))
    assert sorted(tracked.index for tracked in before if tracked.logits) == list(range(9))
