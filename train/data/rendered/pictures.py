"""Pictures and mattes of a dataset, decoded as fast as a core can, and at once smaller where that is enough."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from render.manifest import Dataset
from render.products import Product

Pixels = NDArray[np.uint8]

_READ = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
_REDUCED = {1: 0, 2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4, 8: cv2.IMREAD_REDUCED_COLOR_8}
REDUCTIONS = tuple(_REDUCED)
"""A JPEG can be decoded at these fractions of its size, from fewer of its frequencies."""


def picture(data: Dataset, clip: str, frame: int, reduction: int = 1) -> Pixels:
    """The picture, uint8 (ceil(H / reduction), ceil(W / reduction), 3); UserError for a damaged one."""
    found = cv2.imdecode(_bytes(data, clip, frame, Product.RGB), _READ | _REDUCED[reduction])
    if found is None:
        return data.rgb(clip, frame)  # says what is wrong with it
    return np.asarray(found, np.uint8)


def matte(data: Dataset, clip: str, frame: int, object_id: int, reduction: int = 1) -> Pixels:
    """An object's coverage, uint8 (ceil(H / reduction), ceil(W / reduction)), each the mean of what it stands for."""
    found = cv2.imdecode(_bytes(data, clip, frame, Product.COVERAGE, object_id), cv2.IMREAD_GRAYSCALE)
    whole = data.coverage(clip, frame, object_id) if found is None else np.asarray(found, np.uint8)
    return shrunk(whole, reduction)


def shrunk(whole: Pixels, reduction: int) -> Pixels:
    """A picture (H, W, 3) or matte (H, W), `reduction` times smaller, as a JPEG is that is decoded so: the last row and
    column go on."""
    if reduction == 1:
        return whole
    height, width = (-(-length // reduction) for length in whole.shape[:2])
    below, beside = height * reduction - whole.shape[0], width * reduction - whole.shape[1]
    if below or beside:
        whole = np.asarray(cv2.copyMakeBorder(whole, 0, below, 0, beside, cv2.BORDER_REPLICATE), np.uint8)
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _bytes(data: Dataset, clip: str, frame: int, product: Product, object_id: int | None = None) -> NDArray[np.uint8]:
    return np.frombuffer(data.encoded(clip, frame, product, object_id), np.uint8)
