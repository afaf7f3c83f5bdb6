"""How a window's pictures are changed in colour and sharpness, alike in all its frames; what labels say stays true."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..options import Data
from ..rendered.pictures import Pixels

LUMA = np.array([0.299, 0.587, 0.114])
"""ITU-R BT.601, as JPEG has it."""
FAINTEST, STRONGEST = 0.001, 0.005
"""Standard deviations of the defocus, in picture widths."""
POOREST, BEST = 20, 80
"""JPEG qualities."""
Colour = NDArray[np.float64]
"""(3, 4): an affine map of (r, g, b, 1), levels 0..255."""


def jitter(rng: np.random.Generator, strength: float, mean: NDArray[np.float64]) -> Colour:
    """The channels' gains, contrast and saturation each scaled by 1 ± strength; `mean` (3,) is that of the pictures.

    Saturation is about each pixel's luma, contrast about the mean luma. A strength of 0 draws nothing.
    """
    if strength == 0:
        return np.eye(3, 4)
    gains = 1 + rng.uniform(-strength, strength, 3)
    contrast, saturation = 1 + rng.uniform(-strength, strength, 2)
    to_grey = np.tile(LUMA, (3, 1))
    linear = (contrast * (to_grey + saturation * (np.eye(3) - to_grey))) * gains
    return np.column_stack([linear, np.full(3, (1 - contrast) * (LUMA @ (gains * mean)))])


def after(second: Colour, first: Colour) -> Colour:
    """The map that does `first`, then `second`."""
    return second @ np.vstack([first, [0, 0, 0, 1]])


def colours(rng: np.random.Generator, options: Data, rgb_THWC: Pixels) -> list[Colour] | None:
    """A colour map for every frame, as the options ask; None where all would leave the pictures alone."""
    mean = rgb_THWC[:, ::8, ::8].reshape(-1, 3).mean(0)
    common = jitter(rng, options.colour, mean)
    if rng.random() < options.recolour:
        common = after(np.eye(3, 4)[rng.permutation(3)], common)
        if rng.random() < 0.5:
            common = after(np.column_stack([-np.eye(3), np.full(3, 255.0)]), common)
    if rng.random() < options.grey:
        common = after(np.column_stack([np.tile(LUMA, (3, 1)), np.zeros(3)]), common)
    if options.flicker:
        mean = common @ np.append(mean, 1)
        return [after(jitter(rng, options.flicker, mean), common) for _ in rgb_THWC]
    return None if np.array_equal(common, np.eye(3, 4)) else [common] * len(rgb_THWC)


def defocus(rng: np.random.Generator, layers: list[Pixels]) -> None:
    """Blur frames (H, W) or (H, W, 3) in place, all alike: a soft matte under a lens's blur is the matte so blurred."""
    sigma = layers[0].shape[1] * rng.uniform(FAINTEST, STRONGEST)
    for layer in layers:
        layer[:] = cv2.GaussianBlur(layer, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)


def compress(rng: np.random.Generator, frames: list[Pixels]) -> None:
    """Send pictures (H, W, 3) through one JPEG quality, in place."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(POOREST, BEST + 1))]
    for frame in frames:
        _, coded = cv2.imencode(".jpg", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), quality)
        frame[:] = cv2.imdecode(coded, cv2.IMREAD_COLOR_RGB)


def change(rng: np.random.Generator, options: Data, rgb_THWC: Pixels, coverage_NTHW: Pixels) -> None:
    """Everything the options ask for, in place: colours, focus, compression."""
    maps = colours(rng, options, rgb_THWC)
    if maps is not None:
        for frame, colour in zip(rgb_THWC, maps, strict=True):
            cv2.transform(frame, colour.astype(np.float32), dst=frame)
    if rng.random() < options.blur:
        defocus(rng, [*rgb_THWC, *coverage_NTHW.reshape(-1, *coverage_NTHW.shape[2:])])
    if rng.random() < options.compress:
        compress(rng, list(rgb_THWC))
