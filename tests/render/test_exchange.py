"""Convert and import: masks to the bit through every format, what real footage lacks, and hostile folders."""

from __future__ import annotations

import importlib
import io
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from render.dataset.select import select
from render.document import UserError
from render.exchange import convert, import_clips
from render.exchange.clips import Clip, Frame, index_map
from render.gallery.page import write_gallery
from render.manifest import Dataset
from render.products import Product, encode
from render.verify import verify
from tests.fake_dataset import make_dataset

FORMATS = ("davis", "youtubevos", "coco", "sav")
SIZE = (24, 18)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("exchange") / "dataset"
    return Dataset.open(make_dataset(folder, clips=4, frames=3, size=(48, 32), objects=2))


@pytest.mark.parametrize("form", FORMATS)
def test_a_dataset_comes_back_with_its_masks_pictures_names_and_splits(
    rendered: Dataset, form: str, tmp_path: Path
) -> None:
    convert(rendered.folder, form, tmp_path / "out")
    done = import_clips(tmp_path / "out", form, tmp_path / "back")
    back = Dataset.open(tmp_path / "back")
    assert (done.clips, done.frames, done.unlabelled, done.empty) == (4, 12, 0, 0)
    for split in ("train", "val", "test"):
        assert back.clips(split) == rendered.clips(split)
    for clip in rendered.clips():
        assert back.is_real(clip)
        assert back.objects(clip) == rendered.objects(clip)
        for frame in range(3):
            assert back.encoded(clip, frame, Product.RGB) == rendered.encoded(clip, frame, Product.RGB)
            for i in rendered.objects(clip):
                assert back.label(clip, i) == rendered.label(clip, i)
                np.testing.assert_array_equal(back.mask(clip, frame, i), rendered.mask(clip, frame, i))
    assert verify(tmp_path / "back", workers=1).problems == []


@st.composite
def drawn_clips(draw: st.DrawFn) -> Clip:
    """A clip of random blobs and lone pixels, which overlap, vanish and leave gaps in ids and frame numbers."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    ids = sorted(draw(st.sets(st.integers(1, 254), min_size=1, max_size=4)))
    numbers = sorted(draw(st.sets(st.integers(0, 99_999), min_size=1, max_size=3)))
    frames = []
    for _ in numbers:
        masks = {i: rng.random((SIZE[1], SIZE[0])) < rng.choice([0, 0.004, 0.1, 0.6, 1]) for i in ids}
        jpeg = encode(Product.RGB, rng.integers(0, 256, (SIZE[1], SIZE[0], 3), np.uint8))
        frames.append(Frame(jpeg, masks))
    split = draw(st.sampled_from(["train", "val", "test"]))
    return Clip("clip-000007", split, *SIZE, tuple(numbers), {i: f"thing {i % 3}" for i in ids}, frames.__getitem__, 24)


@pytest.mark.parametrize("form", FORMATS)
@settings(max_examples=12, deadline=None)
@given(clip=drawn_clips())
def test_any_masks_survive(form: str, clip: Clip) -> None:
    module = importlib.import_module(f"render.exchange.{form}")
    with tempfile.TemporaryDirectory() as folder:
        module.write(iter([clip]), Path(folder))
        (back,) = module.read(Path(folder))
        assert (back.name, back.split, back.width, back.height) == (clip.name, clip.split, clip.width, clip.height)
        assert (back.numbers, dict(back.labels)) == (clip.numbers, dict(clip.labels))
        for (_, before), (_, after) in zip(clip.frames(), back.frames(), strict=True):
            assert before.jpeg == after.jpeg
            for i, mask in before.masks.items():
                np.testing.assert_array_equal(mask, after.masks[i])


@pytest.mark.parametrize("form", FORMATS)
def test_a_second_round_changes_nothing(rendered: Dataset, form: str, tmp_path: Path) -> None:
    convert(rendered.folder, form, tmp_path / "out")
    import_clips(tmp_path / "out", form, tmp_path / "back")
    convert(tmp_path / "back", form, tmp_path / "again")
    first = {str(p.relative_to(tmp_path / "out")): p.read_bytes() for p in (tmp_path / "out").rglob("*.*")}
    second = {str(p.relative_to(tmp_path / "again")): p.read_bytes() for p in (tmp_path / "again").rglob("*.*")}
    assert first == second


def test_overlapping_masks_go_to_the_smaller_one_in_an_index_picture() -> None:
    wide, small = np.zeros((4, 6), bool), np.zeros((4, 6), bool)
    wide[:, :4], small[1:3, 3:5] = True, True
    drawn, losing = index_map({1: small, 2: wide})
    assert losing == [2]
    assert (drawn == 1).sum() == 4
    assert (drawn == 2).sum() == 14


@pytest.fixture(scope="module")
def real(rendered: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("real")
    convert(rendered.folder, "davis", folder / "davis")
    import_clips(folder / "davis", "davis", folder / "dataset", fps=25)
    return Dataset.open(folder / "dataset")


def test_what_real_footage_cannot_tell_is_null_or_a_clear_error(real: Dataset) -> None:
    found = real.attributes("clip-000000", 1)
    for name in ("occlusion", "amodal_area", "veil_mean", "charge", "truncated", "speed_px", "blur_diameters"):
        assert np.isnan(found[name].astype(float)).all(), name
    area = [int(real.mask("clip-000000", frame, 1).sum()) for frame in range(3)]
    assert found["mask_area"].tolist() == area
    assert found["present"].tolist() == [a > 0 for a in area]
    assert set(np.unique(real.coverage("clip-000000", 0, 1))) <= {0, 255}
    assert real.spec("clip-000000")["film"]["fps"] == 25
    assert real.record("clip-000000")["provenance"]["generator"].endswith("imported from davis")
    with pytest.raises(UserError, match="real footage, of which no amodal is known"):
        real.amodal("clip-000000", 0, 1)
    with pytest.raises(UserError, match="no veil"):
        real.veil("clip-000000", 0)


def test_views_and_pages_of_real_footage_work(real: Dataset, tmp_path: Path) -> None:
    chosen = select(real.folder, "large", "mask_area > 10")
    assert sum(chosen.clips.values()) > 0
    with pytest.raises(UserError, match="no clip meets"):
        select(real.folder, "hidden", "occlusion >= 0 or set == 'yard' or truncated == 1")
    assert write_gallery(real, real.clips(), tmp_path / "page", lambda clip: None).clips == 4


def test_damage_to_real_footage_is_found_and_the_cure_is_not_a_render(real: Dataset, tmp_path: Path) -> None:
    shutil.copytree(real.folder, tmp_path / "copy")
    tar = next((tmp_path / "copy/shards").glob("*.tar"))
    data = bytearray(tar.read_bytes())
    place = real.locate("clip-000001", 1, "coverage-1")
    data[place.offset + place.size // 2] ^= 0x10
    tar.write_bytes(data)
    problems = verify(tmp_path / "copy", workers=1).problems
    assert any(problem.clip == "clip-000001" and problem.frame == 1 for problem in problems)
    assert all("import the footage again" in problem.cure for problem in problems)


def test_a_view_is_converted_as_it_is(rendered: Dataset, tmp_path: Path) -> None:
    shutil.copytree(rendered.folder, tmp_path / "copy")
    view = select(tmp_path / "copy", "one", "clip == 'clip-000002'")
    done = convert(view.path, "youtubevos", tmp_path / "out")
    assert (done.clips, done.frames) == (1, 3)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["valid"]


def test_davis_pictures_of_one_object_are_read_as_they_come(tmp_path: Path) -> None:
    shots, masks = tmp_path / "in/JPEGImages/480p/bear", tmp_path / "in/Annotations/480p/bear"
    shots.mkdir(parents=True)
    masks.mkdir(parents=True)
    for number in (0, 1, 2):
        Image.new("RGB", SIZE, (90, 80, 70)).save(shots / f"{number:05d}.png")
        if number < 2:
            grey = Image.new("L", SIZE, 0)
            grey.paste(255, (3, 4, 9, 10))
            grey.save(masks / f"{number:05d}.png")
    done = import_clips(tmp_path / "in", "davis", tmp_path / "out")
    assert (done.clips, done.frames, done.unlabelled) == (1, 2, 1)
    data = Dataset.open(tmp_path / "out")
    assert data.spec("clip-000000")["source"] == {"format": "davis", "name": "bear", "frames": [0, 1]}
    assert data.mask("clip-000000", 1, 1).sum() == 36
    assert data.rgb("clip-000000", 0).shape == (SIZE[1], SIZE[0], 3)


def broken(folder: Path) -> dict[str, Any]:
    """By the line that must be said: what is done to a DAVIS folder."""
    shot = folder / "JPEGImages/480p/clip-000000/00000.jpg"
    mask = folder / "Annotations/480p/clip-000000/00001.png"

    def save(path: Path, picture: Image.Image) -> None:
        picture.save(path)

    def link(path: Path) -> None:
        path.rename(folder / "elsewhere")
        path.symlink_to(folder / "elsewhere")

    def giant() -> None:
        buffer = io.BytesIO()
        Image.new("1", (9000, 2)).save(buffer, "PNG")
        mask.write_bytes(buffer.getvalue())

    return {
        "is a link": lambda: link(mask),
        "00000.jpg: is a link": lambda: link(shot),
        "clip-000000: is a link": lambda: link(shot.parent),
        "not a JPEG or PNG": lambda: shot.write_bytes(b"no picture at all"),
        "a damaged picture": lambda: shot.write_bytes(shot.read_bytes()[:700]),
        "9000 x 2 pixels; at most": giant,
        "7 x 5 pixels, 48 x 32 expected": lambda: save(mask, Image.new("P", (7, 5))),
        "is a colour picture": lambda: save(mask, Image.new("RGB", (48, 32))),
        "ends? in a frame number": lambda: shot.rename(shot.with_name("first.jpg")),
        "there is no such frame": lambda: shot.with_name("00001.jpg").unlink(),
        "every clip needs its masks": lambda: shutil.rmtree(mask.parent),
        "not valid JSON: nested too deeply": lambda: (folder / "davis_semantics.json").write_text("[" * 200_000),
        "not valid JSON: Expecting": lambda: (folder / "davis_semantics.json").write_text("{"),
        "must look like": lambda: (folder / "davis_semantics.json").write_text('{"clip-000000": ["x"]}'),
        "has no folder of masks": lambda: [shutil.rmtree(p) for p in folder.glob("Annotations*")],
        "no such folder; expected": lambda: shutil.rmtree(folder / "JPEGImages"),
    }


@pytest.mark.parametrize("line", list(broken(Path())))
def test_a_broken_folder_is_one_clear_line_and_no_dataset(rendered: Dataset, line: str, tmp_path: Path) -> None:
    convert(rendered.folder, "davis", tmp_path / "in")
    broken(tmp_path / "in")[line]()
    with pytest.raises(UserError, match=line) as caught:
        import_clips(tmp_path / "in", "davis", tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_bad_calls_are_one_clear_line(rendered: Dataset, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").write_text("mine")
    with pytest.raises(UserError, match="no format 'davos'; did you mean 'davis'"):
        convert(rendered.folder, "davos", tmp_path / "out")
    with pytest.raises(UserError, match="no format 'rerun'"):
        import_clips(tmp_path / "full", "rerun", tmp_path / "out")
    with pytest.raises(UserError, match="is not empty"):
        convert(rendered.folder, "davis", tmp_path / "full")
    with pytest.raises(UserError, match="is not empty"):
        import_clips(tmp_path, "davis", tmp_path / "full")
    with pytest.raises(UserError, match="no such folder"):
        import_clips(tmp_path / "nowhere", "davis", tmp_path / "out")
    (tmp_path / "none/JPEGImages/480p").mkdir(parents=True)
    (tmp_path / "none/Annotations/480p").mkdir(parents=True)
    with pytest.raises(UserError, match="holds no labelled clip"):
        import_clips(tmp_path / "none", "davis", tmp_path / "out")
    assert (tmp_path / "full/file").read_text() == "mine"
    assert not (tmp_path / "out").exists()


def test_names_of_foreign_clips_are_kept_on_the_way_out(tmp_path: Path) -> None:
    home = tmp_path / "in/train"
    for name in ("b0", "a1"):
        (home / "JPEGImages" / name).mkdir(parents=True)
        (home / "Annotations" / name).mkdir(parents=True)
        for number in (0, 5, 10):
            Image.new("RGB", SIZE).save(home / "JPEGImages" / name / f"{number:05d}.jpg")
            picture = Image.new("P", SIZE, 0)
            picture.paste(3, (1, 1, 5, 5))
            picture.putpalette([0, 0, 0] * 256)
            picture.save(home / "Annotations" / name / f"{number:05d}.png")
    (home / "meta.json").write_text(
        json.dumps({"videos": {"a1": {"objects": {"3": {"category": "ape", "frames": ["00000"]}}, "more": 1}}})
    )
    import_clips(tmp_path / "in", "youtubevos", tmp_path / "data")
    data = Dataset.open(tmp_path / "data")
    assert [data.label(clip, 3) for clip in data.clips()] == ["ape", "object"]
    convert(tmp_path / "data", "davis", tmp_path / "out")
    found = sorted(str(p.relative_to(tmp_path / "out/JPEGImages/480p")) for p in (tmp_path / "out").rglob("*.jpg"))
    assert found == [f"{name}/{number:05d}.jpg" for name in ("a1", "b0") for number in (0, 5, 10)]


def still(folder: Path, segmentation: object, **more: object) -> None:
    """A COCO folder of one 6 x 4 picture with one annotation."""
    (folder / "annotations").mkdir(parents=True)
    (folder / "val2017").mkdir()
    Image.new("RGB", (6, 4), (9, 9, 9)).save(folder / "val2017/000000000009.jpg")
    image = {"id": 9, "file_name": "000000000009.jpg", "width": 6, "height": 4, "license": 3}
    annotation = {"id": 1, "image_id": 9, "category_id": 7, "iscrowd": 0, "segmentation": segmentation, "area": 1}
    told = {"images": [image | more.pop("image", {})], "annotations": [annotation | more]}  # type: ignore[dict-item]
    told["categories"] = [{"id": 7, "name": "kite", "supercategory": "sports"}]
    (folder / "annotations/instances_val2017.json").write_text(json.dumps(told))


def test_coco_polygons_and_plain_run_lengths_are_read(tmp_path: Path) -> None:
    still(tmp_path / "plain", {"size": [4, 6], "counts": [5, 2, 17]})
    still(tmp_path / "outline", [[1, 1, 4, 1, 4, 3, 1, 3]])
    found = {}
    for name in ("plain", "outline"):
        import_clips(tmp_path / name, "coco", tmp_path / f"{name}-data")
        data = Dataset.open(tmp_path / f"{name}-data")
        assert data.clips("val") == ["clip-000000"]
        assert data.label("clip-000000", 1) == "kite"
        found[name] = data.mask("clip-000000", 0, 1)
    assert np.argwhere(found["plain"]).tolist() == [[1, 1], [2, 1]]
    assert np.argwhere(found["outline"]).tolist() == [[y, x] for y in (1, 2) for x in (1, 2, 3)]


@pytest.mark.parametrize(
    ("segmentation", "more", "line"),
    [
        ({"size": [6, 4], "counts": "0"}, {}, r"a mask of size \[6, 4\], \[4, 6\] expected"),
        ({"size": [4, 6], "counts": "\x00"}, {}, "run lengths that are none"),
        ({"size": [4, 6], "counts": "oooooooooooooooooooo"}, {}, "run lengths that are none"),
        ({"size": [4, 6], "counts": "o"}, {}, "end in the middle of a number"),
        ({"size": [4, 6], "counts": [5, 2]}, {}, "run lengths of 7 pixels in all, 24 expected"),
        ({"size": [4, 6], "counts": [-5, 29]}, {}, "run lengths that are none"),
        ([[1, 2, 3]], {}, "three points or more"),
        ([[1, 2, 3, 1e300, 1, 1]], {}, "points must be numbers"),
        ([[0, 0, 4, 0, 4, 4]], {"image_id": 3}, "image 3, which is not listed"),
        ([[0, 0, 4, 0, 4, 4]], {"category_id": 3}, "category 3, which is not listed"),
        ([[0, 0, 4, 0, 4, 4]], {"image": {"file_name": "../../secret.jpg"}}, "no path inside the folder"),
        ([[0, 0, 4, 0, 4, 4]], {"image": {"file_name": "/etc/passwd"}}, "no path inside the folder"),
        ([[0, 0, 4, 0, 4, 4]], {"image": {"file_name": "lost.jpg"}}, "no such file"),
        ([[0, 0, 4, 0, 4, 4]], {"image": {"width": 7}}, "6 x 4 pixels, 7 x 4 expected"),
        ([[0, 0, 4, 0, 4, 4]], {"image": {"width": "wide"}}, "images.0.width"),
    ],
)
def test_broken_coco_is_one_clear_line(segmentation: object, more: dict[str, Any], line: str, tmp_path: Path) -> None:
    still(tmp_path / "in", segmentation, **more)
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    with pytest.raises(UserError, match=line) as caught:
        import_clips(tmp_path / "in", "coco", tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_object_ids_of_elsewhere_are_numbered_and_kept_in_the_record(tmp_path: Path) -> None:
    still(tmp_path / "in", {"size": [4, 6], "counts": [0, 24]}, attributes={"track_id": 4711})
    import_clips(tmp_path / "in", "coco", tmp_path / "out")
    (target,) = Dataset.open(tmp_path / "out").spec("clip-000000")["targets"]
    assert target == {"object_id": 1, "label": "kite", "source_id": "4711"}


def test_sav_pictures_by_object_and_masks_of_every_fourth_frame_are_read(tmp_path: Path) -> None:
    shots = tmp_path / "in/sav_val/JPEGImages_24fps/sav_000001"
    shots.mkdir(parents=True)
    for number in range(5):
        Image.new("RGB", SIZE).save(shots / f"{number:05d}.jpg")
    for folder, numbers in (("000", (0, 4)), ("001", (4,))):
        home = tmp_path / "in/sav_val/Annotations_6fps/sav_000001" / folder
        home.mkdir(parents=True)
        for number in numbers:
            picture = Image.new("1", SIZE)
            picture.paste(1, (2, 2, 6, 5))
            picture.save(home / f"{number:05d}.png")
    done = import_clips(tmp_path / "in", "sav", tmp_path / "out")
    assert (done.frames, done.unlabelled) == (2, 3)
    data = Dataset.open(tmp_path / "out")
    assert data.spec("clip-000000")["source"]["frames"] == [0, 4]
    assert [[int(data.mask("clip-000000", f, i).sum()) for f in (0, 1)] for i in (1, 2)] == [[12, 12], [0, 12]]
    shots = tmp_path / "json/JPEGImages_24fps/sav_000002"
    shots.mkdir(parents=True)
    for number in range(8):
        Image.new("RGB", (6, 4)).save(shots / f"{number:05d}.jpg")
    told = {"video_height": 4, "video_width": 6, "video_frame_count": 8, "video_duration": 8 / 24, "masklet_id": [0]}
    told["masklet"] = [[{"size": [4, 6], "counts": [0, 24]}], [{"size": [4, 6], "counts": [1, 23]}]]
    (shots.parent.parent / "sav_000002_manual.json").write_text(json.dumps(told))
    import_clips(tmp_path / "json", "sav", tmp_path / "more")
    spec = Dataset.open(tmp_path / "more").spec("clip-000000")
    assert (spec["source"]["frames"], spec["film"]["fps"]) == ([0, 4], 24)


def task(folder: Path, body: str, frames: int = 5, names: str = "frame_{:06d}.png") -> None:
    """A CVAT task with 6 x 4 pictures."""
    (folder / "images").mkdir(parents=True)
    for number in range(frames):
        Image.new("RGB", (6, 4), (number, 9, 9)).save(folder / "images" / names.format(number))
    meta = (
        "<meta><task><name>shot</name><original_size><width>6</width><height>4</height></original_size></task></meta>"
    )
    head = '<?xml version="1.0" encoding="utf-8"?>'
    (folder / "annotations.xml").write_text(f"{head}\n<annotations><version>1.1</version>{meta}{body}</annotations>")


def box(points: str) -> str:
    return f'outside="0" occluded="0" keyframe="1" points="{points}" z_order="0"'


def test_cvat_tracks_and_brush_masks_of_a_video(tmp_path: Path) -> None:
    rle = 'rle="1,2,3" left="2" top="1" width="3" height="2" z_order="0"'
    track = f"""<track id="0" label="hammer" source="manual">
        <polygon frame="1" {box("1,1;4,1;4,3;1,3")}/><polygon frame="2" {box("2,1;5,1;5,3;2,3")}/>
        <polygon frame="3" outside="1" points="2,1;5,1;5,3;2,3"/></track>"""
    brush = "".join(
        f"""<track id="{number}" label="shield" source="manual"><mask frame="{frame}" outside="0" keyframe="1" {rle}/>
        <mask frame="{frame + 1}" outside="1" keyframe="1" {rle}/></track>"""
        for number, frame in ((1, 2), (2, 4))
    )
    task(tmp_path / "shot", track + brush + '<track id="9" label="x"><box frame="0" xtl="1"/></track>')
    done = import_clips(tmp_path / "shot", "cvat", tmp_path / "out", fps=24)
    assert (done.clips, done.frames, done.unlabelled) == (1, 4, 1)
    data = Dataset.open(tmp_path / "out")
    spec = data.spec("clip-000000")
    assert spec["source"] == {"format": "cvat", "name": "shot", "frames": [1, 2, 3, 4]}
    assert [(t["label"], t["source_id"]) for t in spec["targets"]] == [
        ("hammer", "track 0"),
        ("shield", "label shield"),
    ]
    areas = [[int(data.mask("clip-000000", place, i).sum()) for place in range(4)] for i in (1, 2)]
    assert areas == [[6, 6, 0, 0], [0, 2, 0, 2]]
    assert np.argwhere(data.mask("clip-000000", 1, 2)).tolist() == [[1, 3], [1, 4]]
    assert np.argwhere(data.mask("clip-000000", 0, 1)).tolist() == [[y, x] for y in (1, 2) for x in (1, 2, 3)]
    assert verify(tmp_path / "out", workers=1).problems == []


def test_cvat_images_with_groups(tmp_path: Path) -> None:
    def image(number: int, inside: str) -> str:
        return f'<image id="{number}" name="{number}.png" width="6" height="4">{inside}</image>'

    def mask(left: int, group: int) -> str:
        return f'<mask label="cog" rle="0,2" left="{left}" top="0" width="2" height="1" group_id="{group}"/>'

    body = image(0, mask(0, 7) + mask(3, 7) + mask(1, 8)) + image(1, "") + image(2, mask(4, 8))
    task(tmp_path / "shots/one", body, 3, "{}.png")
    done = import_clips(tmp_path / "shots", "cvat", tmp_path / "out", split="test")
    assert (done.frames, done.unlabelled) == (2, 1)
    data = Dataset.open(tmp_path / "out")
    assert data.clips("test") == ["clip-000000"]
    assert [[int(data.mask("clip-000000", f, i).sum()) for f in (0, 1)] for i in (1, 2)] == [[4, 0], [2, 2]]


ENTITIES = '<!DOCTYPE a [<!ENTITY b "boom"><!ENTITY c "&b;&b;">]><annotations>&c;</annotations>'


def track(inside: str) -> str:
    return f'<track id="0" label="a">{inside}</track>'


def cvat_mask(rle: str, left: str = "0", wide: str = "2") -> str:
    return f'<mask label="a" frame="0" rle="{rle}" left="{left}" top="0" width="{wide}" height="2"/>'


def shot(name: str, wide: int) -> str:
    return f'<image id="0" name="{name}" width="{wide}" height="4">{cvat_mask("0,4")}</image>'


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (shot("../x.png", 6), "no path inside"),
        (shot("no.png", 6), "no such file"),
        (shot("frame_000000.png", 9), "6 x 4 pixels, 9 x 4 expected"),
        (track(cvat_mask("0,3")), "run lengths of 3 pixels in all, 4 expected"),
        (track(cvat_mask("0,9")), "run lengths that are none"),
        (track(cvat_mask("0,4", left="5")), "a mask at 5, 0 of 2 x 2 pixels in a picture of 6 x 4"),
        (track(cvat_mask("x")), "invalid literal"),
        (track('<mask frame="0" rle="0,4" top="0" width="2" height="2"/>'), "<mask> has no left"),
        (track('<mask frame="77" rle="0,4"/>'), "no picture of frame 77"),
        (track('<mask frame="-1" rle="0,4"/>'), "is no whole number"),
        (track('<polygon frame="0" points="1,1;2,nan;3,3"/>'), "points must be numbers"),
        (track(cvat_mask("0,4")) + track(cvat_mask("0,4", left="2")), "two shapes of label 'a'; track them"),
        ("<a>" * 100 + "</a>" * 100, "nested deeper"),
        ("<b>", "not valid XML: mismatched tag"),
        ("", "holds no labelled clip"),
    ],
)
def test_broken_cvat_is_one_clear_line(body: str, line: str, tmp_path: Path) -> None:
    task(tmp_path / "in", body)
    with pytest.raises(UserError, match=line) as caught:
        import_clips(tmp_path / "in", "cvat", tmp_path / "out")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [ENTITIES, '<!DOCTYPE a SYSTEM "file:///etc/passwd"><annotations/>', "<!DOCTYPE a><annotations/>"],
)
def test_xml_with_a_document_type_is_refused(text: str, tmp_path: Path) -> None:
    task(tmp_path / "in", "")
    (tmp_path / "in/annotations.xml").write_text(text)
    with pytest.raises(UserError, match="declares a document type; refused"):
        import_clips(tmp_path / "in", "cvat", tmp_path / "out")


def solo(folder: Path, steps: int = 3, **changes: object) -> None:
    """A sequence as Unity Perception writes it; `changes` go into the first frame's segmentation."""
    home = folder / "sequence.0"
    home.mkdir(parents=True)
    (folder / "metadata.json").write_text("{}")
    for step in range(steps):
        Image.new("RGBA", (6, 4), (step, 1, 2, 255)).save(home / f"step{step}.camera.png")
        drawn = Image.new("RGBA", (6, 4), (0, 0, 0, 255))
        drawn.paste((255, 0, 0, 255), (step, 0, step + 2, 2))
        drawn.paste((0, 74, 255, 255), (4, 3, 6, 4))
        drawn.save(home / f"step{step}.camera.instance segmentation.png")
        instances = [{"instanceId": 300, "labelId": 1, "labelName": "crate", "color": [255, 0, 0, 255]}]
        instances += [{"instanceId": 12, "labelId": 2, "labelName": "lamp", "color": [0, 74, 255, 255]}] if step else []
        kind = "type.unity.com/unity.solo."
        segmentation: dict[str, object] = {
            "@type": f"{kind}InstanceSegmentationAnnotation",
            "id": "instance segmentation",
        }
        segmentation |= {"filename": f"step{step}.camera.instance segmentation.png", "instances": instances}
        segmentation |= {} if step else changes
        capture = {
            "@type": f"{kind}RGBCamera",
            "id": "camera",
            "filename": f"step{step}.camera.png",
            "imageFormat": "Png",
        }
        capture |= {"dimension": [6.0, 4.0], "annotations": [{"@type": f"{kind}BoundingBox2DAnnotation"}, segmentation]}
        told = {"frame": step + 7, "sequence": 0, "step": step, "timestamp": step / 25, "captures": [capture]}
        (home / f"step{step}.frame_data.json").write_text(json.dumps(told))


def test_solo_sequences_are_clips(tmp_path: Path) -> None:
    solo(tmp_path / "in", 12)
    done = import_clips(tmp_path / "in", "solo", tmp_path / "out")
    assert (done.clips, done.frames) == (1, 12)
    data = Dataset.open(tmp_path / "out")
    spec = data.spec("clip-000000")
    assert spec["film"] == {"width": 6, "height": 4, "frames": 12, "fps": 25.0, "extras": []}
    assert [(t["label"], t["source_id"]) for t in spec["targets"]] == [("lamp", "12"), ("crate", "300")]
    assert [[int(data.mask("clip-000000", f, i).sum()) for f in range(3)] for i in (1, 2)] == [[0, 2, 2], [4, 4, 4]]
    np.testing.assert_array_equal(data.mask("clip-000000", 2, 2)[:2, 2:4], True)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"filename": "../../secret.png"}, "no path inside the folder"),
        ({"filename": None}, "filename: missing"),
        ({"instances": [{"instanceId": 1, "labelName": "x", "color": [1]}]}, "instances.0.color"),
        ({"instances": [{"instanceId": 1, "labelName": "x", "color": [1, 2, 3, 4], "more": 1}]}, ""),
        ({"instances": [{"instanceId": "many", "labelName": "x", "color": [1, 2, 3]}]}, "instances.0.instanceId"),
    ],
)
def test_broken_solo_is_one_clear_line(changes: dict[str, object], line: str, tmp_path: Path) -> None:
    solo(tmp_path / "in", **changes)
    if not line:  # what a newer version adds is none of our business
        assert import_clips(tmp_path / "in", "solo", tmp_path / "out").frames == 3
        return
    with pytest.raises(UserError, match=line) as caught:
        import_clips(tmp_path / "in", "solo", tmp_path / "out")
    assert "\n" not in str(caught.value)


def test_what_is_too_large_is_said_in_one_line_alone(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    solo(tmp_path / "in")
    buffer = io.BytesIO()
    Image.new("1", (9000, 8000)).save(buffer, "PNG")
    (tmp_path / "in/sequence.0/step1.camera.png").write_bytes(buffer.getvalue())
    with pytest.raises(UserError, match="9000 x 8000 pixels; at most 8192 x 8192"):
        import_clips(tmp_path / "in", "solo", tmp_path / "out")
    assert not recwarn.list


def test_a_missing_reader_is_named_with_its_extra(
    rendered: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import heroprop

    monkeypatch.setitem(sys.modules, "rerun", None)
    call = ["convert", str(rendered.folder), "--to", "rerun", "--out", str(tmp_path / "out")]
    monkeypatch.setattr(sys, "argv", ["heroprop", *call])
    with pytest.raises(SystemExit) as ended:
        heroprop.main()
    assert ended.value.code == 2
    assert "needs rerun, which is not installed; install it with: pip install '.[exchange]'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_footage_in_which_nothing_is_seen_is_no_fault(rendered: Dataset, tmp_path: Path) -> None:
    convert(rendered.folder, "youtubevos", tmp_path / "in")
    for path in (tmp_path / "in/valid/Annotations/clip-000002").glob("*.png"):
        empty = Image.new("P", (48, 32), 0)
        empty.putpalette([0, 0, 0] * 256)
        empty.save(path)
    shutil.rmtree(tmp_path / "in/valid/Overlaps", ignore_errors=True)
    import_clips(tmp_path / "in", "youtubevos", tmp_path / "out")
    assert not Dataset.open(tmp_path / "out").attributes("clip-000002", 1)["present"].any()
    assert verify(tmp_path / "out", workers=1).problems == []


@pytest.mark.parametrize("name", ["../../evil", "/evil", "a/b", "..", "", "x\x00y", "a\nb"])
def test_a_name_that_leads_elsewhere_is_not_followed_on_the_way_out(name: str, tmp_path: Path) -> None:
    still(tmp_path / "in", {"size": [4, 6], "counts": [0, 24]}, instance_id=1, image={"video_id": 1, "frame_id": 3})
    path = tmp_path / "in/annotations/instances_val2017.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"videos": [{"id": 1, "name": name}]}))
    import_clips(tmp_path / "in", "coco", tmp_path / "data")
    for form in FORMATS:
        convert(tmp_path / "data", form, tmp_path / "out" / form)
        found = list((tmp_path / "out" / form).rglob("*.jpg"))
        assert [p.parent.name for p in found] == ["clip-000000"]
        assert [p.name for p in found] == ["00003.jpg"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["data", "in", "out"]
