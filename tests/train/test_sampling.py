"""Which windows are drawn: passes, hard ones, ceilings, several objects, several datasets, several processes."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from render.document import UserError
from render.manifest import Dataset
from tests.fake_dataset import make_dataset
from train.config import TrainConfig
from train.data.batch import batches, collate
from train.data.generic.scenes import Generic
from train.data.mixture import mixture
from train.data.options import Data
from train.data.rendered.hardness import Measured
from train.data.rendered.sampling import Choice, Sampler
from train.data.rendered.tracks import tracks
from train.data.rendered.windows import Rendered
from train.data.sources import open_sources
from train.data.window import Window

from .recipes import tiny

FRAMES = 7
Columns = dict[str, NDArray[Any]]


def columns(**changes: list[float]) -> Columns:
    """What the index says of an object that is always there and never in trouble, but for `changes`."""
    calm: Columns = {
        "present": np.ones(FRAMES, bool),
        "coverage_sum": np.full(FRAMES, 900.0),
        "occlusion": np.zeros(FRAMES),
        "veil_mean": np.zeros(FRAMES),
        "charge": np.zeros(FRAMES),
        "speed_diameters": np.full(FRAMES, 0.1),
    }
    return calm | {name: np.array(values) for name, values in changes.items()}


def measured_as(told: Callable[[str, int], Columns], folder: Path) -> Dataset:
    """A dataset whose index tells other attributes."""

    class Told(Dataset):
        def attributes(self, clip: str, object_id: int) -> Columns:
            return told(clip, object_id)

    return Told.open(folder)


def options(**changes: Any) -> Data:
    return Data(**({"frames": 3, "strides": (1,), "batch": 2} | changes))


def drawn(sampler: Sampler, count: int) -> list[Choice]:
    return [sampler.choose(index)[0] for index in range(count)]


def hardness(found: Columns, first: int, stride: int = 1, length: int = 3) -> float:
    return float(Measured.of(found).hardness(np.array([first], np.int32), np.array([stride], np.int32), length)[0])


def test_hardness_counts_what_happens_inside_the_window() -> None:
    hides = columns(occlusion=[0, 0, 0.2, 0.9, 0.9, 0, 0])
    assert hardness(hides, 0) == pytest.approx(0.1 + 0.2)
    assert hardness(hides, 1) == pytest.approx(0.1 + 0.9)
    assert hardness(hides, 3) == pytest.approx(0.1), "hidden from the start and then in view: nothing gets hidden"
    leaves = columns(present=[1, 1, 1, 0, 1, 1, 1])
    assert hardness(leaves, 1) == pytest.approx(1.1)
    assert hardness(leaves, 0) == pytest.approx(0.1)
    charges = columns(charge=[0, 0, 0, 0.2, 0.8, 0.8, 0.8])
    assert [hardness(charges, n) for n in (0, 2, 4)] == pytest.approx([0.1, 0.9, 0.1])
    assert hardness(columns(veil_mean=[0, 0, 0, 0, 0, 0, 0.5]), 4) == pytest.approx(0.6)
    assert hardness(columns(), 0, stride=3) == pytest.approx(0.3), "a window by threes moves three times as far"
    assert hardness(columns(speed_diameters=[9.0] * FRAMES), 0) == 1, "at most a diameter counts"


def test_real_footage_is_as_hard_as_what_is_known_of_it() -> None:
    nothing = [float("nan")] * FRAMES
    real = columns(
        present=[1, 1, 1, 0, 0, 1, 1], occlusion=nothing, veil_mean=nothing, charge=nothing, speed_diameters=nothing
    )
    assert hardness(real, 1) == 1
    assert hardness(real, 0) == 0


def test_hard_windows_are_drawn_where_something_happens(dataset: Path) -> None:
    def told(clip: str, object_id: int) -> Columns:
        if (clip, object_id) == ("clip-000004", 2):
            return columns(present=[1, 1, 1, 1, 1, 0, 1], speed_diameters=[0] * FRAMES)
        return columns(speed_diameters=[0] * FRAMES)

    data = measured_as(told, dataset)
    for choice in drawn(Sampler(data, options(hard=1.0), 64, seed=1), 30):
        assert (choice.clip, choice.objects) == ("clip-000004", (2,))
        assert 5 in choice.frames
        assert choice.frames[0] != 5
    backwards = drawn(Sampler(data, options(hard=1.0, reverse=1.0), 64, seed=1), 10)
    assert all(choice.frames[0] == 6 for choice in backwards)
    some = Counter(choice.clip for choice in drawn(Sampler(data, options(hard=0.5), 64, seed=1), 200))
    assert 80 < some["clip-000004"] < 160, "half of them, and its share of the others"
    calm = measured_as(lambda *_: columns(speed_diameters=[0] * FRAMES), dataset)
    same = drawn(Sampler(calm, options(hard=1.0), 64, seed=1), 8)
    assert len({(choice.clip, choice.objects) for choice in same}) == 8, "where nothing is hard, a pass is a pass"


def test_a_ceiling_leaves_the_easiest_windows(dataset: Path) -> None:
    def told(clip: str, object_id: int) -> Columns:
        return columns(speed_diameters=[0.1 * (int(clip[-1]) + 1)] * FRAMES)

    data = measured_as(told, dataset)
    everything = {choice.clip for choice in drawn(Sampler(data, options(), 64, seed=1), 40)}
    assert everything == set(data.clips("train")) == {f"clip-00000{n}" for n in (0, 1, 4, 5)}
    for share, kept in ((0.25, {0}), (0.5, {0, 1}), (0.01, {0})):
        found = Sampler(data, options(difficulty=share), 64, seed=1)
        assert {choice.clip for choice in drawn(found, 40)} == {f"clip-00000{n}" for n in kept}


def test_hardness_comes_from_the_labels_and_not_from_the_spec(dataset: Path, tmp_path: Path) -> None:
    fast = make_dataset(
        tmp_path / "told",
        clips=8,
        frames=7,
        size=(96, 64),
        objects=2,
        told=lambda spec: spec.model_copy(update={"effects": ()}),
    )
    for hard in (0.5, 1.0):
        one, two = (Sampler(Dataset.open(folder), options(hard=hard), 64, seed=1) for folder in (dataset, fast))
        assert drawn(one, 20) == drawn(two, 20)


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_dataset(tmp_path_factory.mktemp("crowd") / "d", clips=4, frames=6, size=(96, 64), objects=3)


def test_objects_of_a_clip_share_its_pictures(crowd: Path) -> None:
    source = Rendered(Dataset.open(crowd), options(objects=3, flip=0.0, colour=0.0), 64, seed=2)
    assert len(source) == 2, "two training clips"
    windows = [source.window(n) for n in range(6)]
    assert max(len(window.coverage) for window in windows) > 1
    batch = collate(windows)
    held = [len(window.coverage) for window in windows]
    assert batch.owners.tolist() == [n for n, count in enumerate(held) for _ in range(count)]
    assert batch.masks[0].flatten(1).any(1).all(), "all in view at first"
    inputs = batch.to_sam2(torch.device("cpu"))
    assert inputs.masks.shape == (3, sum(held), 64, 64)
    place = sum(held[:4])  # the fifth window's first object
    assert inputs.obj_to_frame_idx[2, place].tolist() == [2, 4]
    picture = inputs.flat_img_batch[inputs.flat_obj_to_img_idx[2, place]]
    assert torch.equal(picture, inputs.img_batch[2, 4])


def test_those_not_in_view_at_first_wait_for_their_turn(crowd: Path) -> None:
    def told(clip: str, object_id: int) -> Columns:
        return columns(present=[1, 1, 1, 1, 1, 1, 1] if object_id != 2 else [0, 0, 1, 1, 1, 1, 1])

    shown = drawn(Sampler(measured_as(told, crowd), options(objects=3), 64, seed=2), 60)
    for choice in shown:
        assert (2 in choice.objects) == (choice.frames[0] >= 2)
    assert any(choice.frames[0] < 2 for choice in shown)


def test_a_pass_deals_every_object_into_one_group(crowd: Path) -> None:
    sampler = Sampler(measured_as(lambda *_: columns(), crowd), options(objects=2), 64, seed=2)
    assert len(sampler) == 4, "three objects a clip make two groups"
    for turn in range(5):
        dealt = Counter(
            (choice.clip, one)
            for choice in (sampler.choose(turn * 4 + n)[0] for n in range(4))
            for one in choice.objects
        )
        assert dealt == Counter({(clip, one): 1 for clip in ("clip-000000", "clip-000001") for one in (1, 2, 3)})


def test_empty_mattes_are_not_read_and_are_empty(dataset: Path) -> None:
    def told(clip: str, object_id: int) -> Columns:
        return columns(coverage_sum=[900.0, 900.0, 0, 0, 0, 0, 0], present=[1, 1, 0, 0, 0, 0, 0])

    source = Rendered(measured_as(told, dataset), options(), 64, seed=2)
    for n in range(4):
        window = source.window(n)
        assert window.coverage[0, 0].any()
        assert not window.coverage[0, 2].any()


def test_twins_are_left_out_on_request(dataset: Path) -> None:
    data = Dataset.open(dataset)
    entries = {
        clip: entry.model_copy(update={"twin_of": "clip-000000"} if clip == "clip-000001" else {})
        for clip, entry in data.manifest.clips.items()
    }
    twinned = Dataset(data.folder, data.manifest.model_copy(update={"clips": entries}))
    assert {track.clip for track in tracks(twinned, "train")} >= {"clip-000001"}
    assert "clip-000001" not in {track.clip for track in tracks(twinned, "train", twins=False)}


class Numbers:
    """A stream whose windows are named by their numbers."""

    def __init__(self, name: str) -> None:
        self.name = name

    def window(self, index: int) -> Window:
        return Window(np.zeros((2, 8, 8, 3), np.uint8), np.zeros((1, 2, 8, 8), np.uint8), f"{self.name}{index}")


@given(
    shares=st.lists(st.sampled_from([0.1, 0.25, 1 / 3, 0.5, 0.7, 1.0, 3.0]), min_size=1, max_size=4),
    count=st.integers(1, 60),
)
def test_mixtures_keep_shares_and_leave_no_window_out(shares: list[float], count: int) -> None:
    whole = mixture([(Numbers(chr(97 + n)), share) for n, share in enumerate(shares)])
    names = [whole.window(n).name for n in range(count)]
    for n, share in enumerate(shares):
        mine = [int(name[1:]) for name in names if name[0] == chr(97 + n)]
        assert mine == list(range(len(mine))), "each stream in its own order, whole"
        assert abs(len(mine) - count * share / sum(shares)) <= len(shares)


def config(**changes: Any) -> TrainConfig:
    return tiny(data__frames=3, data__colour=0.0, **changes)


def test_datasets_are_pooled_or_mixed_by_share(dataset: Path, crowd: Path, tmp_path: Path) -> None:
    pooled = open_sources(config(), [dataset, crowd])
    names = [pooled.train.window(n).name for n in range(14)]
    assert sum(name.startswith("drawn/") for name in names) == 8, "every object of both has had its turn"
    assert len({name.split("@")[0] for name in names}) == 14
    assert {clip.name.split("/")[0] for clip in pooled.held_out} <= {"clip-000002", "clip-000006"}

    mix = [{"dataset": str(crowd), "share": 0.25}]
    mixed = open_sources(config(data__mix=mix, data__generic=0.25), dataset)
    names = [mixed.train.window(n).name for n in range(40)]
    assert sum(name.startswith("d/") for name in names) == 10
    assert sum(name.startswith("generic") for name in names) == 10
    assert mixed.identity.splitlines()[0] == open_sources(config(), dataset).identity != mixed.identity
    epochs = open_sources(config(data__mix=mix, epochs=3), dataset)
    assert epochs.steps == 3 * 8 / 0.75 / 2, "passes over what --data names, whatever is mixed in"
    assert open_sources(config(data__mix=mix, epochs=3), dataset, world=2).steps == 8
    with pytest.raises(UserError, match="at most 1"):
        config(data__mix=mix, data__generic=0.8)
    with pytest.raises(UserError, match="no such folder"):
        open_sources(config(data__mix=[{"dataset": str(tmp_path / "no"), "share": 0.5}]), dataset)


@pytest.mark.parametrize("workers", [0, 2])
def test_processes_share_the_batches_of_one_stream(workers: int) -> None:
    def names(batch: int, world: int, first: int, last: int) -> list[set[str]]:
        shares = [
            [made.names for made in batches(Numbers("n"), batch, first, last, workers, rank=rank, world=world)]
            for rank in range(world)
        ]
        return [{name for one in step for name in one} for step in zip(*shares, strict=True)]

    alone = names(4, 1, 0, 4)
    assert alone[1] == {f"n{n}" for n in range(4, 8)}
    assert names(2, 2, 0, 4) == alone
    assert names(1, 4, 2, 4) == alone[2:], "a run that goes on with another number of processes sees the same"


def test_batches_can_be_pinned_and_moved() -> None:
    batch = collate([Generic(1, 0, 2, 32).window(n) for n in range(2)])
    moved = batch.to_sam2(torch.device("cpu"))
    assert moved.img_batch.is_contiguous()
    assert torch.equal(moved.masks, batch.masks)
    if torch.cuda.is_available():
        assert batch.pin_memory().rgb.is_pinned()
