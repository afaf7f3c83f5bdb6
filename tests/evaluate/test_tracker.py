"""The tracker against the official predictor: same weights, same frames, same masks; bounded memory; clear errors."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from sam2.sam2_video_predictor import SAM2VideoPredictor

from evaluate.tracker import Prompt, Tracker, suited_threads
from render.document import UserError

Clip = tuple[list[NDArray[np.uint8]], NDArray[np.bool_]]
MakeClip = Callable[[int], Clip]


@torch.inference_mode()
def official(
    model: SAM2VideoPredictor, frames: list[NDArray[np.uint8]], prompts: list[Prompt], folder: Path
) -> dict[int, dict[int, NDArray[np.float32]]]:
    """Logits by frame and object from the predictor's public interface: a JPEG folder, untrimmed state."""
    for index, frame in enumerate(frames):
        Image.fromarray(frame).save(folder / f"{index:05d}.jpg", quality=95, subsampling=0)
    state = model.init_state(str(folder))
    for prompt in prompts:
        if prompt.mask is not None:
            model.add_new_mask(state, prompt.frame, prompt.object_id, prompt.mask)
        else:
            labels: Any = prompt.labels or [1] * len(prompt.points)
            model.add_new_points_or_box(
                state,
                prompt.frame,
                prompt.object_id,
                points=np.array(prompt.points, np.float32) if prompt.points else None,
                labels=np.array(labels, np.int32) if prompt.points else None,
                box=prompt.box,
            )
    return {
        index: {object_id: logits[slot, 0].numpy().copy() for slot, object_id in enumerate(ids)}
        for index, ids, logits in model.propagate_in_video(state)
    }


def decoded(folder: Path) -> Iterator[NDArray[np.uint8]]:
    for path in sorted(folder.glob("*.jpg")):
        yield np.asarray(Image.open(path).convert("RGB"))


def assert_equal_to_official(
    model: SAM2VideoPredictor, frames: list[NDArray[np.uint8]], prompts: list[Prompt], folder: Path
) -> None:
    expected = official(model, frames, prompts, folder)
    found = {tracked.index: tracked for tracked in Tracker(model).track(decoded(folder), prompts)}
    first = min(expected)
    assert sorted(expected) == [index for index in sorted(found) if index >= first]
    for index, by_object in expected.items():
        assert found[index].logits.keys() == by_object.keys()
        for object_id, logits in by_object.items():
            np.testing.assert_array_equal(found[index].logits[object_id], logits)
    areas = [float(np.mean(logits > 0)) for by_object in expected.values() for logits in by_object.values()]
    assert 0 < float(np.mean(areas)) < 1  # the comparison is of real masks, not of nothing with nothing
    assert (
        len({logits.tobytes() for by_object in expected.values() for logits in by_object.values()}) > len(expected) / 2
    )


@pytest.mark.slow
def test_forty_frames_trimmed_equal_the_official_untrimmed(
    predictor: SAM2VideoPredictor, disk_clip: MakeClip, tmp_path: Path
) -> None:
    frames, masks = disk_clip(40)
    assert_equal_to_official(predictor, frames, [Prompt(mask=masks[0])], tmp_path)


@pytest.mark.slow
def test_memory_stride_is_respected_when_forgetting(
    predictor: SAM2VideoPredictor, disk_clip: MakeClip, tmp_path: Path
) -> None:
    frames, masks = disk_clip(40)
    predictor.memory_temporal_stride_for_eval = 3
    assert_equal_to_official(predictor, frames, [Prompt(mask=masks[0])], tmp_path)


@pytest.mark.parametrize("count", [1, 5, 16, 18])
def test_short_clips_equal_the_official(
    predictor: SAM2VideoPredictor, disk_clip: MakeClip, tmp_path: Path, count: int
) -> None:
    """Below 16 frames the model's pointer encoding depends on the clip's length."""
    frames, masks = disk_clip(count)
    assert_equal_to_official(predictor, frames, [Prompt(mask=masks[0])], tmp_path)


@pytest.mark.parametrize(
    "prompts",
    [
        [Prompt(points=((25.0, 45.0),))],
        [Prompt(points=((25.0, 45.0), (100.0, 10.0)), labels=(1, 0))],
        [Prompt(box=(12.0, 32.0, 38.0, 58.0))],
        [Prompt(box=(12.0, 32.0, 38.0, 58.0), points=((25.0, 45.0),))],
        [Prompt(4, points=((25.0, 45.0),)), Prompt(2, box=(60.0, 5.0, 110.0, 40.0))],
        [Prompt(3, frame=4, points=((40.0, 50.0),))],
    ],
    ids=["point", "points", "box", "box+point", "two objects", "later frame"],
)
def test_prompts_equal_the_official(
    predictor: SAM2VideoPredictor, disk_clip: MakeClip, tmp_path: Path, prompts: list[Prompt]
) -> None:
    frames, _ = disk_clip(8)
    assert_equal_to_official(predictor, frames, prompts, tmp_path)


def test_an_object_added_late_is_tracked_as_if_alone(predictor: SAM2VideoPredictor, disk_clip: MakeClip) -> None:
    frames, masks = disk_clip(9)
    late = Prompt(2, frame=5, box=(60.0, 5.0, 110.0, 40.0))
    both = list(Tracker(predictor).track(frames, [Prompt(1, mask=masks[0]), late]))
    alone = list(Tracker(predictor).track(frames, [late]))
    assert [sorted(tracked.logits) for tracked in both] == [[1]] * 5 + [[1, 2]] * 4
    for tracked, single in zip(both[5:], alone[5:], strict=True):
        np.testing.assert_allclose(tracked.logits[2], single.logits[2], atol=1e-5)


def test_state_does_not_grow(
    predictor: SAM2VideoPredictor, disk_clip: MakeClip, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames, masks = disk_clip(6)
    held: list[int] = []
    tracker = Tracker(predictor)
    forget = tracker._forget

    def measured(state: dict[str, Any], index: int) -> None:
        forget(state, index)
        held.append(tensor_bytes(state))

    monkeypatch.setattr(tracker, "_forget", measured)
    stream = (frames[index % 6] for index in range(60))
    for _ in tracker.track(stream, [Prompt(mask=masks[0])]):
        pass
    assert len(held) == 60
    assert max(held[20:]) == held[20]  # full by then: 7 memories, 16 pointers


def tensor_bytes(value: Any) -> int:
    if isinstance(value, torch.Tensor):
        return value.nbytes
    if isinstance(value, dict):
        return sum(tensor_bytes(part) for part in value.values())
    if isinstance(value, list | tuple):
        return sum(tensor_bytes(part) for part in value)
    return 0


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
    assert taken == predictor.max_obj_ptrs_in_encoder
    next(tracking)
    assert taken == predictor.max_obj_ptrs_in_encoder
    assert not torch.is_inference_mode_enabled()  # the caller's torch is left as it was between frames


def test_scores_and_masks_agree_with_logits(predictor: SAM2VideoPredictor, disk_clip: MakeClip) -> None:
    frames, masks = disk_clip(4)
    for tracked in Tracker(predictor).track(frames, [Prompt(mask=masks[0])]):
        assert tracked.masks[1].dtype == np.bool_
        assert tracked.masks[1].shape == (90, 120)
        assert 0 <= tracked.scores[1] <= 1
        assert (tracked.masks[1] == (tracked.logits[1] > 0)).all()


def test_missing_hole_filling_is_said_once(predictor: SAM2VideoPredictor, disk_clip: MakeClip, tmp_path: Path) -> None:
    frames, masks = disk_clip(3)
    predictor.fill_hole_area = 8
    with pytest.warns(UserWarning, match="Skipping the post-processing"):  # what the official code does here
        expected = official(predictor, frames, [Prompt(mask=masks[0])], tmp_path)
    with pytest.warns(UserWarning, match="small holes .* left unfilled") as said:
        tracker = Tracker(predictor)
    assert len(said) == 1
    assert not tracker.fills_holes
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for tracked in tracker.track(decoded(tmp_path), [Prompt(mask=masks[0])]):
            np.testing.assert_array_equal(tracked.logits[1], expected[tracked.index][1])


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
