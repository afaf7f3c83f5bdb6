"""What `convert` writes, as readers see it that are not ours: SAM 2's data classes, pycocotools, DAVIS's layout."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from render.exchange import convert, import_clips, rle
from render.exchange.clips import index_map
from render.manifest import Dataset
from render.products import Product
from tests.fake_dataset import make_dataset

pytestmark = pytest.mark.slow  # importing SAM 2's training package takes seconds
FRAMES = 3


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("readers") / "dataset"
    return Dataset.open(make_dataset(folder, clips=4, frames=FRAMES, size=(64, 48), objects=2))


def masks(data: Dataset, clip: str, frame: int) -> dict[int, np.ndarray]:
    return {i: data.mask(clip, frame, i) for i in data.objects(clip)}


@pytest.mark.parametrize(
    ("form", "pictures", "annotations"),
    [
        ("davis", "JPEGImages/480p", "Annotations/480p"),
        ("davis", "JPEGImages/480p", "Annotations_unsupervised/480p"),
        ("youtubevos", "train/JPEGImages", "train/Annotations"),
    ],
)
def test_sam2_reads_index_pictures(
    rendered: Dataset, form: str, pictures: str, annotations: str, tmp_path: Path
) -> None:
    raw = pytest.importorskip("training.dataset.vos_raw_dataset")
    out = tmp_path / "out"
    convert(rendered.folder, form, out)
    found = raw.PNGRawDataset(str(out / pictures), str(out / annotations))
    assert found.video_names == (rendered.clips() if form == "davis" else rendered.clips("train"))
    for number, clip in enumerate(found.video_names):
        video, loader = found.get_video(number)
        assert [frame.frame_idx for frame in video.frames] == list(range(FRAMES))
        for frame in video.frames:
            shown, _ = index_map(masks(rendered, clip, frame.frame_idx))
            segments = loader.load(frame.frame_idx)
            assert sorted(segments) == sorted(set(np.unique(shown).tolist()) - {0})
            for i, segment in segments.items():
                np.testing.assert_array_equal(segment.numpy(), shown == i)
            with Image.open(frame.image_path) as picture:
                np.testing.assert_array_equal(np.asarray(picture), rendered.rgb(clip, frame.frame_idx))


def test_davis_tools_find_every_clip(rendered: Dataset, tmp_path: Path) -> None:
    """As davis2017-evaluation looks for them: a list of clips, then equal names of pictures and masks, ids from 1."""
    convert(rendered.folder, "davis", tmp_path / "out")
    for task, folder in (("semi-supervised", "Annotations"), ("unsupervised", "Annotations_unsupervised")):
        for split, subset in (("train", "train"), ("val", "val"), ("test", "test-dev")):
            year = "2019" if task == "unsupervised" and split == "test" else "2017"
            listed = (tmp_path / "out/ImageSets" / year / f"{subset}.txt").read_text().split()
            assert listed == rendered.clips(split)
            for clip in listed:
                shots = sorted((tmp_path / "out/JPEGImages/480p" / clip).glob("*.jpg"))
                drawn = sorted((tmp_path / "out" / folder / "480p" / clip).glob("*.png"))
                assert [p.stem for p in shots] == [p.stem for p in drawn] == [f"{n:05d}" for n in range(FRAMES)]
                ids = np.array(Image.open(drawn[0]))
                assert ids.dtype == np.uint8
                assert set(np.unique(ids).tolist()) <= {0, *rendered.objects(clip)}


def test_sam2_reads_masklets(rendered: Dataset, tmp_path: Path) -> None:
    raw = pytest.importorskip("training.dataset.vos_raw_dataset")
    convert(rendered.folder, "sav", tmp_path / "out")
    for split in ("train", "val", "test"):
        home = tmp_path / f"out/sav_{split}"
        listed = str(home / f"sav_{split}.txt")
        found = raw.JSONRawDataset(str(home / "JPEGImages_24fps"), str(home / "annotations"), listed)
        assert found.video_names == rendered.clips(split)
        for number, clip in enumerate(found.video_names):
            video, loader = found.get_video(number)
            assert [frame.frame_idx for frame in video.frames] == list(range(FRAMES))
            for frame in video.frames:
                assert Path(frame.image_path).is_file()
                segments = loader.load(frame.frame_idx)
                for place, i in enumerate(rendered.objects(clip)):  # it counts objects from 0
                    mask = rendered.mask(clip, frame.frame_idx, i)
                    np.testing.assert_array_equal(segments[place].numpy().astype(bool), mask)


def test_pycocotools_reads_instances(rendered: Dataset, tmp_path: Path) -> None:
    coco = pytest.importorskip("pycocotools.coco")
    convert(rendered.folder, "coco", tmp_path / "out")
    shown = 0
    for split in ("train", "val", "test"):
        found = coco.COCO(str(tmp_path / f"out/annotations/instances_{split}.json"))
        videos = {video["id"]: video["name"] for video in found.dataset["videos"]}
        assert sorted(videos.values()) == rendered.clips(split)
        names = {one["id"]: one["name"] for one in found.loadCats(found.getCatIds())}
        assert len(found.getImgIds()) == FRAMES * len(videos)
        for image in found.loadImgs(found.getImgIds()):
            clip, frame = videos[image["video_id"]], image["frame_id"]
            with Image.open(tmp_path / "out/images" / split / image["file_name"]) as picture:
                assert picture.size == (image["width"], image["height"]) == (64, 48)
            told = {one["instance_id"]: one for one in found.loadAnns(found.getAnnIds(image["id"]))}
            truth = {i: mask for i, mask in masks(rendered, clip, frame).items() if mask.any()}
            assert sorted(told) == sorted(truth)
            for i, mask in truth.items():
                shown += 1
                np.testing.assert_array_equal(found.annToMask(told[i]).astype(bool), mask)
                assert told[i]["area"] == mask.sum()
                assert names[told[i]["category_id"]] == rendered.label(clip, i)
                assert told[i]["bbox"] == coco.maskUtils.toBbox(told[i]["segmentation"]).tolist()
    assert shown >= 12


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), width=st.integers(1, 90), height=st.integers(1, 90))
def test_our_run_lengths_are_those_of_pycocotools(seed: int, width: int, height: int) -> None:
    tools = pytest.importorskip("pycocotools.mask")
    rng = np.random.default_rng(seed)
    mask = rng.random((height, width)) < rng.choice([0, 0.01, 0.5, 0.99, 1])
    theirs = tools.encode(np.asfortranarray(mask.astype(np.uint8)))
    ours = rle.encode(mask)
    assert ours == {"size": theirs["size"], "counts": theirs["counts"].decode()}
    np.testing.assert_array_equal(rle.decode(ours, width, height), mask)


@pytest.mark.filterwarnings("error")  # where Rerun can't log a thing, it only warns
def test_rerun_reads_its_recordings_back(rendered: Dataset, tmp_path: Path) -> None:
    rerun = pytest.importorskip("rerun")
    program = shutil.which("rerun", path=str(Path(sys.executable).parent)) or shutil.which("rerun")
    assert program is not None
    convert(rendered.folder, "rerun", tmp_path / "out")
    recordings = sorted((tmp_path / "out").glob("*.rrd"))
    assert [path.stem for path in recordings] == rendered.clips()
    checked = subprocess.run([program, "rrd", "verify", *map(str, recordings)], capture_output=True, text=True)
    assert (checked.returncode, checked.stderr) == (0, "4 files verified without error.\n")
    for path in recordings:
        clip = path.stem
        table = rerun.dataframe.load_recording(path).view(index="frame", contents="/**").select().read_all()
        assert table["frame"].to_pylist() == list(range(FRAMES))
        for i in rendered.objects(clip):
            named = f"{rendered.label(clip, i)}\\ {i}"
            stored = table[f"/camera/{named}:ImageBuffer"].to_pylist()
            found = table[f"/mask_area/{named}:Scalar"].to_pylist()
            for frame in range(FRAMES):
                mask = rendered.mask(clip, frame, i)
                shown = np.array(stored[frame][0], np.uint8).reshape(mask.shape)
                np.testing.assert_array_equal(shown, np.where(mask, i, 0))
                assert found[frame] == [mask.sum()]
        pictures = table["/camera/rgb:Blob"].to_pylist()
        assert [bytes(one[0]) for one in pictures] == [rendered.encoded(clip, f, Product.RGB) for f in range(FRAMES)]


def test_real_footage_can_be_trained_on_and_evaluated(rendered: Dataset, tmp_path: Path) -> None:
    from evaluate.running.benchmark import read_clip
    from train.data.rendered.tracks import tracks

    convert(rendered.folder, "youtubevos", tmp_path / "out")
    import_clips(tmp_path / "out", "youtubevos", tmp_path / "real")
    real = Dataset.open(tmp_path / "real")
    found = {(one.clip, one.object_id): tuple(one.promptable) for one in tracks(real, "train")}
    assert found == {
        (clip, i): tuple(f for f in range(FRAMES) if real.mask(clip, f, i).sum() >= 8)
        for clip in real.clips("train")
        for i in real.objects(clip)
        if any(real.mask(clip, f, i).sum() >= 8 for f in range(FRAMES))
    }
    assert found
    clip = read_clip(real, real.clips("test")[0])
    assert len(clip.frames) == FRAMES
    for i, truth in clip.objects.items():
        np.testing.assert_array_equal(truth.masks[0], rendered.mask(clip.name, 0, i))
