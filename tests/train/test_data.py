"""Windows: determinism, what they may start on, and sam2's batch."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from render.document import UserError
from render.manifest import Dataset
from render.mask import binary_mask
from train.data.augment.warp import cut_about
from train.data.batch import MEAN_RGB, STD_RGB, batches, collate
from train.data.generic.scenes import Generic
from train.data.held_out import held_out
from train.data.options import Data
from train.data.rendered.tracks import Track, tracks
from train.data.rendered.windows import Rendered
from train.data.sources import open_sources

from .recipes import tiny


def options(**changes: Any) -> Data:
    return Data(**({"frames": 3, "strides": (1, 2), "reverse": 0.5, "batch": 2} | changes))


def test_a_window_depends_on_its_index_alone(dataset: Path) -> None:
    one, two = (Rendered(Dataset.open(dataset), options(), 64, seed=3) for _ in range(2))
    order = [11, 0, 5, 11]
    ahead = [one.window(index) for index in range(12)]
    for index in order:
        again = two.window(index)
        assert again.name == ahead[index].name
        assert np.array_equal(again.rgb, ahead[index].rgb)
        assert np.array_equal(again.coverage, ahead[index].coverage)
    other = Rendered(Dataset.open(dataset), options(), 64, seed=4)
    assert any(other.window(n).name != ahead[n].name for n in range(12))


def test_a_pass_shows_every_object_once(dataset: Path) -> None:
    source = Rendered(Dataset.open(dataset), options(), 64, seed=3)
    assert len(source) == 8, "four training clips of two objects"
    for turn in range(3):
        seen = [source.window(turn * 8 + n).name.split("@")[0] for n in range(8)]
        assert sorted(seen) == sorted(f"{track.clip}/{track.object_id}" for track in source.sampler.tracks)


FORKED = """
import cv2, numpy as np
from train.data.batch import batches
from train.data.generic.scenes import Generic
cv2.setNumThreads(4)
for _ in range(20):
    cv2.GaussianBlur(np.zeros((2000, 2000), np.float32), (31, 31), 5)
    cv2.warpAffine(np.zeros((2000, 2000, 3), np.uint8), np.eye(2, 3), (2000, 2000))
print(len(list(batches(Generic(1, 0, 2, 32), 2, 0, 2, workers=1))))
"""


@pytest.mark.slow
def test_workers_start_after_opencv_had_threads() -> None:
    """A forked worker has none of its parent's threads, and must not wait for them."""
    done = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.split() == ["2"]


def test_workers_change_nothing(dataset: Path) -> None:
    source = Rendered(Dataset.open(dataset), options(), 64, seed=3)
    alone = list(batches(source, 2, 1, 4, workers=0))
    shared = list(batches(source, 2, 1, 4, workers=2))
    for mine, other in zip(alone, shared, strict=True):
        assert mine.names == other.names
        assert torch.equal(mine.rgb, other.rgb)
        assert torch.equal(mine.masks, other.masks)


def test_windows_start_with_the_object_and_stay_inside_the_clip() -> None:
    track = Track("clip-000000", 1, frames=8, promptable=np.array([0, 3, 7], np.int32))

    def spans(strides: tuple[int, ...], length: int) -> list[tuple[int, int]]:
        return [(int(first), int(stride)) for first, stride in zip(*track.spans(strides, length), strict=True)]

    assert spans((1,), 3) == [(0, 1), (3, 1)]
    assert spans((1, 2), 4) == [(0, 1), (3, 1), (0, 2)]
    assert spans((-2,), 4) == [(7, -2)]
    assert spans((3,), 4) == []


def test_absent_and_tiny_objects_are_no_start(dataset: Path) -> None:
    class Half(Dataset):
        def attributes(self, clip: str, object_id: int) -> dict[str, Any]:
            columns = dict(super().attributes(clip, object_id))
            columns["present"] = np.array(columns["present"])
            columns["present"][:4] = False
            return columns

    half = Half.open(dataset)
    assert all(min(track.promptable) >= 4 for track in tracks(half, "train"))
    source = Rendered(half, options(strides=(1,), reverse=0.0), 64, seed=0)
    assert all(source.window(n).coverage[0, 0].any() for n in range(8))
    with pytest.raises(UserError, match="goes on for 5 frames"):
        Rendered(half, options(frames=5, strides=(1,), reverse=0.0), 64, seed=0)
    assert tracks(Dataset.open(dataset), "train", size=2) == [], "at 2 x 2 pixels nothing can be seen"


def test_every_window_begins_with_a_mask(dataset: Path) -> None:
    source = Rendered(Dataset.open(dataset), options(), 64, seed=9)
    for n in range(30):
        batch = collate([source.window(n)])
        assert batch.masks[0].any()


def test_batches_are_what_sam2_expects() -> None:
    windows = [Generic(1, 0, 3, 64).window(n) for n in range(2)]
    batch = collate(windows)
    inputs = batch.to_sam2(torch.device("cpu"))
    assert inputs.img_batch.shape == (3, 2, 3, 64, 64)
    assert inputs.flat_obj_to_img_idx.tolist() == [[0, 3], [1, 4], [2, 5]]
    flat = inputs.flat_img_batch[inputs.flat_obj_to_img_idx[2, 1]]
    expected = (windows[1].rgb[2] / 255 - MEAN_RGB) / STD_RGB
    assert np.allclose(flat.permute(1, 2, 0).numpy(), expected, atol=1e-5)
    assert np.array_equal(inputs.masks[2, 1].numpy(), binary_mask(windows[1].coverage[0, 2]))


def test_mirroring_keeps_picture_and_matte_together(dataset: Path) -> None:
    plain = Rendered(Dataset.open(dataset), options(flip=0.0, colour=0.0), 64, seed=3)
    mirrored = Rendered(Dataset.open(dataset), options(flip=1.0, colour=0.0), 64, seed=3)
    for n in range(4):
        assert np.array_equal(plain.window(n).rgb, mirrored.window(n).rgb[:, :, ::-1])
        assert np.array_equal(plain.window(n).coverage, mirrored.window(n).coverage[..., ::-1])


def test_held_out_clips_are_the_dataset_s_own(dataset: Path) -> None:
    data = Dataset.open(dataset)
    clips = held_out(data, "val", clips=3, frames=4)
    assert len(clips) == 3
    for clip in clips:
        name, object_id = clip.name.split("/")
        assert name in data.clips("val")
        assert len(clip.frames) == len(clip.masks) == 4
        assert clip.masks[0].any()
        assert any(np.array_equal(clip.frames[1], data.rgb(name, n)) for n in range(7))
        assert any(np.array_equal(clip.masks[1], data.mask(name, n, int(object_id))) for n in range(7))


def test_generic_clips_differ_from_part_to_part_and_begin_with_their_target() -> None:
    parts = [Generic(1, part, 3, 48) for part in (0, 1, 2)]
    shown = [[part.window(n) for n in range(6)] for part in parts]
    assert all(binary_mask(window.coverage[0, 0]).any() for part in shown for window in part)
    assert not any(np.array_equal(a.rgb, b.rgb) for a in shown[0] for b in shown[1] + shown[2])
    again = Generic(1, 0, 3, 48).window(4)
    assert np.array_equal(again.rgb, shown[0][4].rgb)


def test_generic_coverage_is_soft_under_blur_and_hidden_by_occluders() -> None:
    windows = [Generic(2, 0, 2, 64).window(n) for n in range(40)]
    soft = [float(((w.coverage > 25) & (w.coverage < 230)).sum() / max((w.coverage > 0).sum(), 1)) for w in windows]
    assert max(soft) > 0.5, "fast things are mostly soft"
    assert min(soft) < 0.4, "slow ones are mostly solid"
    assert all(window.rgb.std() > 1 for window in windows)


def test_cut_outs_hold_the_object_and_cut_picture_and_matte_alike(dataset: Path) -> None:
    plain = options(flip=0.0, colour=0.0, reverse=0.0)
    whole = Rendered(Dataset.open(dataset), plain, 64, seed=3)
    closer = Rendered(Dataset.open(dataset), plain.model_copy(update={"zoom": 0.6}), 64, seed=3)
    areas = []
    for n in range(16):
        window = closer.window(n)
        assert binary_mask(window.coverage[0, 0]).any()
        areas.append(binary_mask(window.coverage[0, 0]).sum() / binary_mask(whole.window(n).coverage[0, 0]).sum())
    assert np.mean(areas) > 1.2, "things come closer"
    matte = np.zeros((40, 80), np.uint8)
    matte[35:, 70:] = 255
    for seed in range(20):
        rows, columns = cut_about(np.random.default_rng(seed), matte, 0.5)
        assert matte[rows, columns].any()
        assert (rows.stop - rows.start) / (columns.stop - columns.start) == pytest.approx(0.5, abs=0.03)
        assert rows.stop <= 40
        assert columns.stop <= 80


def test_mixed_streams_keep_their_share_and_their_order(dataset: Path) -> None:
    config = tiny(data__generic=0.5, data__frames=3)
    mixed = open_sources(config, dataset).train
    names = [mixed.window(n).name for n in range(24)]
    assert sum(name.startswith("generic-") for name in names) == 12, "every other one"
    assert sum(name.startswith("generic-") for name in names[:8]) == 4
    assert names == [open_sources(config, dataset).train.window(n).name for n in range(24)]
