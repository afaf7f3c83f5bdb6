"""Frame products: the only vocabulary of what a frame consists of, and how each is named and encoded.

A *member* is one file of one frame, in a frame file as in a shard: `clip-000123.0007.rgb.jpg`,
`clip-000123.0007.coverage-1.png` (object 1). Everything before the first dot is the WebDataset key.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .document import UserError
from .frames import exr

Image.MAX_IMAGE_PIXELS = 8192 * 8192
Array = NDArray[np.generic]


class Product(StrEnum):
    """What a frame may hold. `coverage` and `amodal` exist once an object, the others once a frame.

    Those from `linear` on are there only where the clip's `Film.extras` asks for them.
    """

    RGB = "rgb"
    COVERAGE = "coverage"
    VISIBLE = "visible"
    AMODAL = "amodal"
    VEIL = "veil"
    LINEAR = "linear"
    FX = "fx"
    DEPTH = "depth"
    FLOW = "flow"
    NORMAL = "normal"

    @property
    def per_object(self) -> bool:
        return self in (Product.COVERAGE, Product.AMODAL)

    @property
    def extension(self) -> str:
        return "jpg" if self is Product.RGB else "exr" if self in CHANNELS else "png"


CHANNELS = {
    Product.LINEAR: ("R", "G", "B"),
    Product.FX: ("R", "G", "B"),
    Product.DEPTH: ("Z",),
    Product.FLOW: ("X", "Y"),
    Product.NORMAL: ("X", "Y", "Z"),
}
"""Products on request, half-float EXR, and the channels of each.

`linear`: the picture before the view transform, denoised, scene-linear Rec.709. `fx`: the part of it that is the
effects' light, as rendered (not denoised). `depth`: metres along the viewing direction; infinite where nothing is.
`flow`: px (right, down) to where the same point is in the next frame. `normal`: unit vector in camera space, x right,
y down, z away from the camera; 0 where nothing is. The last three are sharp: at the pixel's centre and the shutter's.
"""


def held(object_ids: Iterable[int], extras: Iterable[str], real: bool = False) -> list[tuple[Product, int | None]]:
    """What a frame with these targets and `Film.extras` holds, in the order in which it is stored.

    Of `real` footage nobody knows what is hidden, or how strongly effects veil: it has neither `amodal` nor `veil`.
    """
    ids, wanted = sorted(object_ids), set(extras)
    found: list[tuple[Product, int | None]] = []
    unknown = {Product.AMODAL, Product.VEIL} if real else set()
    for product in Product:
        if product not in unknown and (product not in CHANNELS or product in wanted):
            found += [(product, i) for i in ids] if product.per_object else [(product, None)]
    return found


@dataclass(frozen=True)
class Member:
    """The name of one file of one frame."""

    clip: str
    frame: int
    product: Product
    object_id: int | None = None

    def __str__(self) -> str:
        which = f"{self.product}-{self.object_id}" if self.product.per_object else str(self.product)
        return f"{self.clip}.{self.frame:04d}.{which}.{self.product.extension}"

    @property
    def column(self) -> str:
        """`rgb`, `coverage-1`, ...: the product's name inside its frame."""
        return f"{self.product}-{self.object_id}" if self.product.per_object else str(self.product)

    @classmethod
    def parse(cls, name: str) -> Member:
        """The inverse of `str`; ValueError for any other name."""
        match = _MEMBER.fullmatch(name)
        if not match:
            raise ValueError(f"not a frame member: {name!r}")
        product = Product(match["product"])
        member = cls(match["clip"], int(match["frame"]), product, int(match["id"]) if match["id"] else None)
        if str(member) != name:
            raise ValueError(f"not a frame member: {name!r}")
        return member


_MEMBER = re.compile(
    rf"(?P<clip>clip-\d{{6}})\.(?P<frame>\d{{4,}})\.(?P<product>{'|'.join(Product)})(-(?P<id>\d+))?\.(jpg|png|exr)"
)

JPEG_QUALITY = 95


def encode(product: Product, array: Array) -> bytes:
    """Encode one product.

    rgb: uint8 (H, W, 3) to JPEG q95 4:4:4. coverage, veil: float (H, W) in 0..1, or uint8 (H, W)
    with 255 = 1, to 8-bit PNG. visible: uint8 (H, W) object ids, 0 for none, to a palette PNG. amodal: bool (H, W) to
    a 1-bit PNG. The products on request: float (H, W, C), or (H, W) for `depth`, to a half-float EXR.
    """
    if product in CHANNELS:
        planes = np.asarray(array, np.float32)
        return exr.encode(planes[..., None] if planes.ndim == 2 else planes, CHANNELS[product])
    if product is Product.RGB:
        return _save(Image.fromarray(np.ascontiguousarray(array, np.uint8), "RGB"), "JPEG")
    if product is Product.VISIBLE:
        image = Image.fromarray(np.ascontiguousarray(array, np.uint8), "P")
        image.putpalette(palette())
        return _save(image, "PNG")
    if product is Product.AMODAL:
        return _save(Image.fromarray(np.ascontiguousarray(array, np.uint8) * 255).convert("1"), "PNG")
    if array.dtype != np.uint8:
        array = np.rint(np.clip(array.astype(np.float64), 0, 1) * 255).astype(np.uint8)
    levels = np.ascontiguousarray(array)
    return _save(Image.fromarray(levels, "L"), "PNG")


def decode(product: Product, data: bytes) -> Array:
    """Decode one product: rgb uint8 (H, W, 3); coverage, veil uint8 (H, W), 255 = 1; visible uint8 ids; amodal bool.

    Products on request are float16: depth (H, W), flow (H, W, 2), the others (H, W, 3).
    Raises UserError for bytes that are no such picture (damaged or hostile files).
    """
    if product in CHANNELS:
        try:
            planes = exr.decode(data, CHANNELS[product])
        except ValueError as error:
            raise UserError(f"a damaged {product} picture: {error}") from None
        return planes[..., 0] if product is Product.DEPTH else planes
    expected = {Product.RGB: "RGB", Product.VISIBLE: "P", Product.AMODAL: "1"}.get(product, "L")
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG" if product is Product.RGB else "PNG"]) as image:
            if image.mode != expected:
                raise ValueError(f"picture mode {image.mode}, expected {expected}")
            return np.asarray(image)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UserError(f"a damaged {product} picture: {error}") from None


def palette() -> list[int]:
    """The DAVIS palette, flat RGB: colour `i` spreads the bits of `i` over the high bits of the three channels."""
    colours: list[int] = []
    for index in range(256):
        red = green = blue = 0
        value = index
        for shift in range(7, -1, -1):
            red |= (value & 1) << shift
            green |= (value >> 1 & 1) << shift
            blue |= (value >> 2 & 1) << shift
            value >>= 3
        colours += [red, green, blue]
    return colours


def _save(image: Image.Image, form: str) -> bytes:
    buffer = io.BytesIO()
    if form == "JPEG":
        image.save(buffer, form, quality=JPEG_QUALITY, subsampling=0)
    else:
        image.save(buffer, form, compress_level=3)
    return buffer.getvalue()
