"""Half-float EXR in memory, against the OpenEXR library and against damage."""

import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from render.frames import exr


@pytest.mark.parametrize("size", [(1, 1), (16, 3), (37, 53), (100, 64)])
@pytest.mark.parametrize("channels", ["Z", "XY", "RGB"])
def test_the_library_reads_ours_and_we_read_its(size: tuple[int, int], channels: str, tmp_path: Path) -> None:
    library = pytest.importorskip("OpenEXR")
    noise = np.random.default_rng(1).normal(size=(*size, len(channels)))
    smooth = np.linspace(0, 1, size[1])[None, :, None] * np.ones((*size, len(channels)))
    for picture in (noise, smooth, np.full_like(noise, np.inf)):
        data = exr.encode(picture, channels)
        halves = exr.decode(data, channels)
        assert np.array_equal(halves, picture.astype(np.float16))
        (tmp_path / "ours.exr").write_bytes(data)
        with library.File(str(tmp_path / "ours.exr"), separate_channels=True) as file:
            for plane, name in enumerate(channels):
                assert np.array_equal(file.channels()[name].pixels.reshape(size), halves[..., plane])
        header = {"compression": library.ZIP_COMPRESSION, "type": library.scanlineimage}
        planes = {name: np.ascontiguousarray(halves[..., i]) for i, name in enumerate(channels)}
        library.File(header, planes).write(str(tmp_path / "its.exr"))
        assert np.array_equal(exr.decode((tmp_path / "its.exr").read_bytes(), channels), halves)


def test_equal_pictures_give_equal_bytes_and_smooth_ones_are_small() -> None:
    ramp = np.linspace(0, 1, 64)[None, :, None] * np.ones((64, 64, 3))
    assert exr.encode(ramp, "RGB") == exr.encode(ramp.copy(), "RGB")
    assert len(exr.encode(ramp, "RGB")) < ramp.size * 2 / 10


@given(st.data())
def test_damage_is_a_value_error_or_changes_numbers_only(data: st.DataObject) -> None:
    whole = bytearray(exr.encode(np.linspace(0, 1, 20 * 9).reshape(20, 9, 1), "Z"))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ValueError):
        assert exr.decode(bytes(whole), "Z").ndim == 3


def test_other_channels_are_refused() -> None:
    data = exr.encode(np.zeros((4, 4, 2)), "XY")
    with pytest.raises(ValueError, match="channels"):
        exr.decode(data, "RGB")
    with pytest.raises(ValueError, match="planes"):
        exr.encode(np.zeros((4, 4, 2)), "Z")
