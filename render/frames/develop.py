"""Develop one rendered frame: from Blender's multilayer EXR to the frame's products and measures.

What the scene writes and what is read here share one vocabulary: the names of layers, light groups and targets below.

- layer `beauty`: `Combined` with motion blur at full samples, denoised; `Noisy Image`, the same before denoising, and
  its parts `Combined_fx` and `Combined_charge` (the light of the effects' and the props' own emission); Cryptomatte by
  asset, whose share of a pixel's samples is `coverage`;
- layer `visible`: one sample at the pixel centre, shutter closed, effects taken away: which target is seen, and where
  in the world that is (for the products on request);
- layers `amodal-1`, ...: the same with every other object taken away;
- layer `clear`, only where there is smoke: the mattes of `beauty` with every effect taken away.

Effects' light comes in two groups: `fx`, of what effects emit themselves, and `fx-light`, of their lamps. The first
alone can stand before a thing and veil it; both together are what is taken away for a picture without effects.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import OpenEXR
from numpy.typing import NDArray
from PIL import Image

from ..products import Array, Product
from ..spec import ClipSpec
from . import geometry

Floats = NDArray[np.float32]

BEAUTY = "beauty"
VISIBLE = "visible"
CLEAR = "clear"
FX = "fx"
"""Light group of what every effect emits itself."""
FX_LIGHT = "fx-light"
"""Light group of the lamps by which effects light the scene."""
REST = "rest"
"""Root, and so the one Cryptomatte, of all that is no target."""
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
    0 for none. amodal: bool. veil: float32, 1 - (1 - effects' own light / total light) * transmittance of smoke.
    charge: by target, the share of the light of its pixels that it emits itself.
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
    seen_through = 1 - _share(layers.light(BEAUTY, f"Combined_{FX}"), total)
    veil = np.asarray(1 - seen_through * transmittance(layers), np.float32)
    own = layers.light(BEAUTY, f"Combined_{CHARGE}")
    charge = {i: float(_share((own * c).sum(), (total * c).sum())) for i, c in coverage.items()}
    return Mattes(coverage, visible, amodal, veil, charge)


def transmittance(layers: Layers) -> Floats:
    """Share of the light from the things in each pixel that comes through smoke, float32 (H, W).

    Cryptomatte weighs each sample by what the air before the thing lets through, so the sum over all things, over the
    same sum without effects, is the mean transmittance. 1 where only sky lies behind: there is nothing to hide.
    """
    if CLEAR not in layers.ids:
        return np.ones(layers.shape, np.float32)
    clear = layers.things(CLEAR)
    return np.where(clear > 0, _share(layers.things(BEAUTY), clear), 1).astype(np.float32)


def on_request(layers: Layers, spec: ClipSpec, frame: int) -> dict[tuple[Product, int | None], Array]:
    """The products that the clip's `Film.extras` asks for, float32; see `render.products.CHANNELS`."""
    wanted = spec.film.extras
    found: dict[Product, Floats] = {}
    if "linear" in wanted:
        found[Product.LINEAR] = layers.rgb(BEAUTY)
    if "fx" in wanted:
        found[Product.FX] = layers.rgb(BEAUTY, f"Combined_{FX}") + layers.rgb(BEAUTY, f"Combined_{FX_LIGHT}")
    if {"depth", "flow", "normal"} & set(wanted):
        view = (spec.camera, spec.film, frame)
        hit = layers.channels[f"{VISIBLE}.Depth.Z"] < _NOTHING
        if "depth" in wanted:
            found[Product.DEPTH] = geometry.depth(*view, layers.planes(VISIBLE, "Position", "XYZ"), hit)
        if "flow" in wanted:
            found[Product.FLOW] = geometry.flow(*view, layers.planes(VISIBLE, "Vector", "ZW"), hit)
        if "normal" in wanted:
            found[Product.NORMAL] = geometry.normal(*view, layers.planes(VISIBLE, "Normal", "XYZ"), hit)
    return {(product, None): planes for product, planes in found.items()}


_NOTHING = 1e9
"""Blender's Z pass has 1e10 where a ray hits nothing."""


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
    def read(cls, *paths: Path) -> Layers:
        """The layers of one file, or of several together."""
        channels: dict[str, Floats] = {}
        ids: dict[str, dict[str, int]] = {}
        for path in paths:
            with OpenEXR.File(str(path), separate_channels=True) as file:
                # Both belong to the file: copies outlive it.
                ids |= _manifests(file.header())
                channels |= {name: channel.pixels.copy() for name, channel in file.channels().items()}
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

    def planes(self, layer: str, data_pass: str, channels: str) -> Floats:
        """The channels of a pass, float32 (H, W, C)."""
        return np.stack([self.channels[f"{layer}.{data_pass}.{c}"] for c in channels], axis=-1)

    def rgb(self, layer: str, light_pass: str = "Combined") -> Floats:
        """A layer's scene-linear picture, or that of a part of its light, float32 (H, W, 3)."""
        return self.planes(layer, light_pass, "RGB")

    def matte(self, layer: str, name: str) -> Floats:
        """Share of each pixel's samples that see `name`, float32 (H, W): Cryptomatte ranks of that id, summed."""
        wanted = np.uint32(self.ids[layer][name]).view(np.float32)
        share = np.zeros(self.shape, np.float32)
        for identity, weight in self._ranks(layer):
            share += np.where(identity == wanted, weight, 0)
        return np.clip(share, 0, 1)

    def things(self, layer: str) -> Floats:
        """Share of each pixel's samples that see anything at all, float32 (H, W): all Cryptomatte ranks, summed."""
        return np.clip(sum((weight for _, weight in self._ranks(layer)), np.zeros(self.shape, np.float32)), 0, 1)

    def _ranks(self, layer: str) -> Iterator[tuple[Floats, Floats]]:
        """Ids (bits of a float) and weights of the layer's Cryptomatte, rank by rank."""
        level = 0
        while (stem := f"{layer}.CryptoAsset{level:02d}.") + "r" in self.channels:
            for identity, weight in ("rg", "ba"):
                yield self.channels[stem + identity], self.channels[stem + weight]
            level += 1


def _manifests(header: dict[str, object]) -> dict[str, dict[str, int]]:
    """Cryptomatte manifests of a header: layer to name to 32-bit id (Psyop's Cryptomatte specification 1.2.0)."""
    found: dict[str, dict[str, int]] = {}
    for attribute, value in header.items():
        if attribute.startswith("cryptomatte/") and attribute.endswith("/name"):
            layer = str(value).rsplit(".", 1)[0]
            manifest = json.loads(str(header[attribute.removesuffix("name") + "manifest"]))
            found[layer] = {name: int(identity, 16) for name, identity in manifest.items()}
    return found
