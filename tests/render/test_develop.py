"""Developing a multilayer EXR that is written here channel by channel."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from render.frames.develop import LUMINANCE, Layers, develop, products
from render.products import Product

OpenEXR = pytest.importorskip("OpenEXR")

IDS = {"target-1": 0xF75FFBAA, "target-2": 0x12345678, "set": 0x5ECC6FE8}
H, W = 3, 4


def write(path: Path, mattes: dict[str, dict[str, np.ndarray]], light: dict[str, np.ndarray]) -> None:
    """An EXR of layers `mattes` (layer to name to share), each with the passes `light` (pass to (H, W, 3))."""
    channels: dict[str, np.ndarray] = {}
    header: dict[str, object] = {}
    for number, (layer, shares) in enumerate(mattes.items()):
        header[f"cryptomatte/{number}/name"] = f"{layer}.CryptoAsset"
        header[f"cryptomatte/{number}/manifest"] = json.dumps({name: f"{IDS[name]:08x}" for name in IDS})
        for light_pass, rgb in light.items():
            channels |= {f"{layer}.{light_pass}.{c}": np.ascontiguousarray(rgb[..., i]) for i, c in enumerate("RGB")}
        ranks = [*shares.items(), *[("", np.zeros((H, W)))] * (4 - len(shares))]
        for rank, (name, share) in enumerate(ranks):
            # Cryptomatte sorts by share in each pixel: swap the first two ranks in the last column.
            identity = np.full((H, W), np.uint32(IDS.get(name, 0)).view(np.float32), np.float32)
            channels[f"{layer}.CryptoAsset{rank // 2:02d}.{'rb'[rank % 2]}"] = identity
            channels[f"{layer}.CryptoAsset{rank // 2:02d}.{'ga'[rank % 2]}"] = np.array(share, np.float32)
        first, second = f"{layer}.CryptoAsset00.", f"{layer}.CryptoAsset00."
        for a, b in (("r", "b"), ("g", "a")):
            left, right = channels[first + a].copy(), channels[second + b].copy()
            channels[first + a][:, -1], channels[second + b][:, -1] = right[:, -1], left[:, -1]
    header |= {"compression": OpenEXR.NO_COMPRESSION, "type": OpenEXR.scanlineimage}
    OpenEXR.File(header, channels).write(str(path))


def test_every_matte(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    one, two = random.random((2, H, W)).astype(np.float32) / 2
    sees_one, sees_two = one > 0.25, two > 0.25
    total = random.random((H, W, 3)).astype(np.float32) + 0.1
    fx = total * random.random((H, W, 1)).astype(np.float32)
    total[0, 0] = fx[0, 0] = 0  # a black pixel
    fx[0, 1] = 2 * total[0, 1]  # more than all of it, as clamped light may be
    own = 0.25 * total
    write(
        tmp_path / "frame.exr",
        {
            "beauty": {"target-1": one, "target-2": two, "set": 1 - one - two},
            "visible": {"target-1": sees_one & ~sees_two, "target-2": sees_two},
            "amodal-1": {"target-1": sees_one},
            "amodal-2": {"target-2": sees_two},
        },
        {"Combined": total / 3, "Noisy Image": total, "Combined_fx": fx, "Combined_charge": own},
    )
    mattes = develop(Layers.read(tmp_path / "frame.exr"), [1, 2])
    np.testing.assert_allclose(mattes.coverage[1], one, atol=1e-7)
    np.testing.assert_allclose(mattes.coverage[2], two, atol=1e-7)
    assert np.array_equal(mattes.visible, np.where(sees_two, 2, np.where(sees_one, 1, 0)))
    assert np.array_equal(mattes.amodal[1], sees_one)
    assert np.array_equal(mattes.amodal[2], sees_two)
    expected = np.divide(fx @ LUMINANCE, total @ LUMINANCE, out=np.zeros((H, W), np.float32), where=total[..., 0] > 0)
    np.testing.assert_allclose(mattes.veil, np.clip(expected, 0, 1), atol=1e-6)
    assert mattes.veil[0, 0] == 0
    assert mattes.veil[0, 1] == 1
    assert mattes.charge == pytest.approx({1: 0.25, 2: 0.25})

    rgb = random.integers(0, 256, (H, W, 3), np.uint8)
    Image.fromarray(rgb).save(tmp_path / "frame.png")
    shown = products(mattes, tmp_path / "frame.png")
    assert np.array_equal(shown[Product.RGB, None], rgb)
    assert np.array_equal(shown[Product.COVERAGE, 1], np.rint(one * 255).astype(np.uint8))
    assert set(shown) == {
        (Product.RGB, None),
        (Product.VISIBLE, None),
        (Product.VEIL, None),
        *((product, i) for product in (Product.COVERAGE, Product.AMODAL) for i in (1, 2)),
    }


def test_a_target_that_is_not_in_the_picture_has_no_charge(tmp_path: Path) -> None:
    nothing = np.zeros((H, W))
    layers = {"beauty": {"target-1": nothing}, "visible": {}, "amodal-1": {"target-1": nothing}}
    light = dict.fromkeys(("Noisy Image", "Combined_fx", "Combined_charge"), np.ones((H, W, 3), np.float32))
    write(tmp_path / "frame.exr", layers, light)
    mattes = develop(Layers.read(tmp_path / "frame.exr"), [1])
    assert mattes.charge == {1: 0.0}
    assert not mattes.coverage[1].any()


def test_a_file_that_is_no_frame_is_refused(tmp_path: Path) -> None:
    (tmp_path / "frame.exr").write_bytes(b"not a picture")
    with pytest.raises((OSError, ValueError, RuntimeError)):
        Layers.read(tmp_path / "frame.exr")


def test_smoke_veils_by_what_it_lets_through(tmp_path: Path) -> None:
    behind = np.ones((H, W))
    behind[0] = 0  # sky
    behind[1] = 0.4  # an edge against the sky
    through = np.linspace(0.1, 1, W)[None, :] * np.ones((H, 1))
    light = dict.fromkeys(("Noisy Image",), np.ones((H, W, 3), np.float32))
    light["Combined_charge"] = np.zeros((H, W, 3), np.float32)
    light["Combined_fx"] = np.full((H, W, 3), 0.25, np.float32)
    layers = {
        "beauty": {"target-1": behind * through / 2, "set": behind * through / 2},
        "clear": {"target-1": behind / 2, "set": behind / 2},
        "visible": {},
        "amodal-1": {"target-1": behind},
    }
    write(tmp_path / "frame.exr", layers, light)
    mattes = develop(Layers.read(tmp_path / "frame.exr"), [1])
    expected = 1 - 0.75 * np.where(behind > 0, through, 1)
    np.testing.assert_allclose(mattes.veil, expected, atol=1e-5)


def test_layers_come_from_several_files(tmp_path: Path) -> None:
    nothing, light = np.zeros((H, W)), {"Combined": np.ones((H, W, 3), np.float32)}
    write(tmp_path / "picture.exr", {"beauty": {"target-1": nothing}}, light)
    write(tmp_path / "sharp.exr", {"visible": {"target-1": nothing + 1}}, light)
    layers = Layers.read(tmp_path / "sharp.exr", tmp_path / "picture.exr")
    assert layers.matte("visible", "target-1").all()
    assert not layers.matte("beauty", "target-1").any()
    assert layers.rgb("beauty").shape == (H, W, 3)
