"""Develop one rendered frame: from Blender's multilayer EXR to the frame's products and measures.

What the scene writes and what is read here share one vocabulary: the names of layers, light groups and targets below.

- layer `beauty`: `Combined` with motion blur at full samples, denoised; `Noisy Image`, the same before denoising, and
  its parts `Combined_fx` and `Combined_charge` (the light of the effects' and the props' own emission); Cryptomatte by
  asset, whose share of a pixel's samples is `coverage`;
- layer `visible`: one sample at the pixel centre, shutter closed, effects taken away: which target is seen;
- layers `amodal-1`, ...: the same with every other object taken away.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import OpenEXR
from numpy.typing import NDArray
from PIL import Image

from .products import Array, Product

Floats = NDArray[np.float32]

BEAUTY = "beauty"
VISIBLE = "visible"
FX = "fx"
"""Light group of every effect."""
NOISY = "Noisy Image"
"""The picture before denoising: only its light is the sum of the light groups."""
CHARGE = "charge"
"""Light group of what the targets emit themselves."""
LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)
"""Rec.709 luminance of linear RGB."""


def amodal_layer(object_id: int) -> str:
    """Name of the layer that sees one target alone."""
    return f"amodal-{object_id}"


def target_name(object_id: int) -> str:
    """Name of a target's root object, and so of its Cryptomatte."""
    return f"target-{object_id}"


@dataclass(frozen=True)
class Mattes:
    """What a frame shows of its targets, (H, W) each.

    coverage: float32 share of the pixel's samples that see the target. visible: uint8 object id at the pixel centre,
    0 for none. amodal: bool. veil: float32, effect light / total light. charge: by target, the share of the light of
    its pixels that it emits itself.
    """

    coverage: dict[int, Floats]
    visible: NDArray[np.uint8]
    amodal: dict[int, NDArray[np.bool_]]
    veil: Floats
    charge: dict[int, float]


def develop(layers: Layers, object_ids: list[int]) -> Mattes:
    """Every matte of one frame."""
    coverage = {i: layers.matte(BEAUTY, target_name(i)) for i in object_ids}
    height, width = layers.shape
    visible = np.zeros((height, width), np.uint8)
    for i in object_ids:
        visible[layers.matte(VISIBLE, target_name(i)) > 0.5] = i
    amodal = {i: layers.matte(amodal_layer(i), target_name(i)) > 0.5 for i in object_ids}
    total = layers.light(BEAUTY, NOISY)
    veil = _share(layers.light(BEAUTY, f"Combined_{FX}"), total)
    own = layers.light(BEAUTY, f"Combined_{CHARGE}")
    charge = {i: float(_share((own * c).sum(), (total * c).sum())) for i, c in coverage.items()}
    return Mattes(coverage, visible, amodal, veil, charge)


def products(mattes: Mattes, picture: Path) -> dict[tuple[Product, int | None], Array]:
    """The arrays of a frame as a reader will decode them, by product and object id; `picture` is the 8-bit PNG."""
    with Image.open(picture) as image:
        rgb = np.asarray(image.convert("RGB"))
    return {
        (Product.RGB, None): rgb,
        **{(Product.COVERAGE, i): _levels(soft) for i, soft in mattes.coverage.items()},
        (Product.VISIBLE, None): mattes.visible,
        **{(Product.AMODAL, i): mask for i, mask in mattes.amodal.items()},
        (Product.VEIL, None): _levels(mattes.veil),
    }


def _levels(share: Floats) -> NDArray[np.uint8]:
    """0..1 as 0..255, to the nearest."""
    return np.asarray(np.rint(np.clip(share, 0, 1) * 255), np.uint8)


def _share(part: Floats, whole: Floats) -> Floats:
    """part / whole in 0..1; 0 where there is no light at all."""
    safe = np.where(whole > 0, whole, 1)
    return np.asarray(np.clip(np.where(whole > 0, part / safe, 0), 0, 1), np.float32)


@dataclass(frozen=True)
class Layers:
    """A multilayer EXR: channels float32 (H, W) by full name (`beauty.Combined.R`), Cryptomatte ids by layer."""

    channels: dict[str, Floats]
    ids: dict[str, dict[str, int]]

    @classmethod
    def read(cls, path: Path) -> Layers:
        with OpenEXR.File(str(path), separate_channels=True) as file:
            # Both belong to the file: copies outlive it.
            ids = _manifests(file.header())
            channels = {name: channel.pixels.copy() for name, channel in file.channels().items()}
        return cls(channels, ids)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        height, width = next(iter(self.channels.values())).shape
        return int(height), int(width)

    def light(self, layer: str, light_pass: str) -> Floats:
        """Luminance of a pass, float32 (H, W)."""
        return np.asarray(
            sum(self.channels[f"{layer}.{light_pass}.{c}"] * w for c, w in zip("RGB", LUMINANCE, strict=True)),
            np.float32,
        )

    def rgb(self, layer: str) -> Floats:
        """The layer's scene-linear picture, float32 (H, W, 3)."""
        return np.stack([self.channels[f"{layer}.Combined.{c}"] for c in "RGB"], axis=-1)

    def matte(self, layer: str, name: str) -> Floats:
        """Share of each pixel's samples that see `name`, float32 (H, W): Cryptomatte ranks of that id, summed."""
        share = np.zeros(self.shape, np.float32)
        wanted = np.uint32(self.ids[layer][name]).view(np.float32)
        rank = 0
        while f"{layer}.CryptoAsset{rank:02d}.r" in self.channels:
            for identity, weight in ("rg", "ba"):
                matches = self.channels[f"{layer}.CryptoAsset{rank:02d}.{identity}"] == wanted
                share += np.where(matches, self.channels[f"{layer}.CryptoAsset{rank:02d}.{weight}"], 0)
            rank += 1
        return np.clip(share, 0, 1)


def _manifests(header: dict[str, object]) -> dict[str, dict[str, int]]:
    """Cryptomatte manifests of a header: layer to name to 32-bit id (Psyop's Cryptomatte specification 1.2.0)."""
    found: dict[str, dict[str, int]] = {}
    for attribute, value in header.items():
        if attribute.startswith("cryptomatte/") and attribute.endswith("/name"):
            layer = str(value).rsplit(".", 1)[0]
            manifest = json.loads(str(header[attribute.removesuffix("name") + "manifest"]))
            found[layer] = {name: int(identity, 16) for name, identity in manifest.items()}
    return found
