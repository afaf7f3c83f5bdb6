"""The look of the finished picture: what lens, film and codec do to light and colour, and never to a label's place.

Light lost in the lens and a drifting exposure belong before the view transform, to scene-linear light (`expose`);
colour fringes, grain and compression after it, to the picture (`apply`). Both follow from seed and frame alone.
"""

from __future__ import annotations

import io
import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..spec import Look

Floats = NDArray[np.float32]
Picture = NDArray[np.uint8]

DARKEST = 1e-3
"""Share of light that the strongest vignette leaves in the corners."""
SLOWEST, FASTEST = 0.5, 1.5
"""Cycles of the exposure wave in a clip ..."""
SHORTEST = 24
"""... and its shortest period in frames, so that short clips drift instead of pumping."""
GRAIN_TAPS = (3, 5, 3)
"""Grain is white noise through this filter along both axes: clumps of about two pixels, nearly Gaussian."""


def expose(linear: Floats, look: Look, seed: int, frame: int, frames: int) -> Floats:
    """Scene-linear light (H, W, 3) after vignette and exposure drift; a gain for every pixel, equal in all channels.

    As it is equal in all channels and all lights, shares of light (veil, charge) don't change.
    """
    stops = drift_stops(look, seed, frame, frames)
    if stops:
        linear = linear * np.float32(2.0**stops)
    return linear * _vignette(*linear.shape[:2], look.vignette) if look.vignette else linear


def apply(picture: Picture, look: Look, seed: int, frame: int, frames: int) -> Picture:
    """The finished picture, uint8 (H, W, 3): fringes, then grain fresh in each of the clip's `frames`, then the codec.

    A look without these returns the picture itself.
    """
    if not 0 <= frame < frames:
        raise ValueError(f"frame {frame} of {frames}")
    if look.fringe:
        picture = _fringe(picture, look.fringe)
    if look.grain:
        picture = _grain(picture, look.grain, seed, frame)
    return picture if look.quality is None else _codec(picture, look.quality)


def drift_stops(look: Look, seed: int, frame: int, frames: int) -> float:
    """Exposure of a frame against the clip's own, in stops: a sine of amplitude `look.drift`, the rest of it seeded."""
    if not look.drift:
        return 0.0
    phase, pace = (int(word) / 2**64 for word in _words((seed, 1), 2))
    period = max(frames / (SLOWEST + (FASTEST - SLOWEST) * pace), SHORTEST)
    return look.drift * math.sin(2 * math.pi * (frame / period + phase))


@lru_cache(maxsize=2)
def _vignette(height: int, width: int, lost: float) -> Floats:
    """Natural vignetting (cos^4 of the angle of view, that is 1 / (1 + tan^2)^2) that loses `lost` in the corners."""
    y_H1 = (np.arange(height)[:, None] + 0.5 - height / 2) / math.hypot(height / 2, width / 2)
    x_1W = (np.arange(width)[None] + 0.5 - width / 2) / math.hypot(height / 2, width / 2)
    bend = 1 / math.sqrt(max(1 - lost, DARKEST)) - 1
    return np.asarray((1 + bend * (x_1W**2 + y_H1**2)) ** -2, np.float32)[..., None]


def _fringe(picture: Picture, fringe: float) -> Picture:
    """Lateral chromatic aberration: red larger and blue smaller about the centre; `fringe` px apart in the corners.

    Catmull-Rom, separable, at sub-pixel places; green, on which every label lies, is not touched.
    """
    height, width, _ = picture.shape
    margin = math.ceil(fringe) + 2
    swelling = fringe / 2 / math.hypot(height / 2, width / 2)
    done = picture.copy()
    for channel, scale in ((0, 1 + swelling), (2, 1 - swelling)):
        padded = Image.fromarray(np.pad(picture[..., channel], margin, mode="edge"))
        half_w, half_h = width / 2 / scale, height / 2 / scale
        x, y = margin + width / 2, margin + height / 2
        box = (x - half_w, y - half_h, x + half_w, y + half_h)
        done[..., channel] = np.asarray(padded.resize((width, height), Image.Resampling.BICUBIC, box=box))
    return done


def _grain(picture: Picture, grain: float, seed: int, frame: int) -> Picture:
    """Film grain: zero-mean, standard deviation `grain` in mid-grey and less towards black and white.

    A layer of film is grainiest at middling density and clean where it is clear or full, sigma ~ sqrt(v (1 - v)); that
    also keeps the noise from being cut off at the ends, so that the mean stays. Half of its variance is shared by the
    three colours, half is each one's own.
    """
    height, width, channels = picture.shape
    layers = (1 + channels, height + 2, width + 2)
    count = math.prod(layers)
    white = _words((seed, 2, frame), -(-count // 8)).astype("<u8").view(np.int8)[:count].reshape(layers)
    noise = _clump(white)
    noise[1:] += noise[0]  # 2 * 121 * 128 still fits 16 bits
    byte_sigma, byte_mean = math.sqrt((256**2 - 1) / 12), -0.5
    unit = math.sqrt(2) * sum(tap * tap for tap in GRAIN_TAPS) * byte_sigma
    offset = np.float32(2 * sum(GRAIN_TAPS) ** 2 * byte_mean)
    level = np.arange(256) / 255
    sigma = np.asarray(grain / unit * np.sqrt(4 * level * (1 - level)), np.float32)
    grainy = np.take(sigma, picture, mode="clip")
    for channel in range(channels):
        grainy[..., channel] *= noise[1 + channel] - offset
    grainy += picture
    np.rint(grainy, out=grainy)
    return np.asarray(np.clip(grainy, 0, 255, out=grainy), np.uint8)


def _clump(white: NDArray[np.int8]) -> NDArray[np.int16]:
    """White noise (N, H + 2, W + 2) through `GRAIN_TAPS` along both axes, (N, H, W), in exact whole numbers."""
    side, middle, _ = GRAIN_TAPS
    wide = white.astype(np.int16)
    rows = wide[:, :-2] + wide[:, 2:]
    rows *= side
    rows += middle * wide[:, 1:-1]
    done = rows[..., :-2] + rows[..., 2:]
    done *= side
    done += middle * rows[..., 1:-1]
    return done


def _codec(picture: Picture, quality: int) -> Picture:
    """The picture once through a JPEG of that quality with halved chroma, as most video has."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=quality, subsampling="4:2:0")
    with Image.open(buffer) as image:
        return np.asarray(image.convert("RGB"))


def _words(key: tuple[int, ...], count: int) -> NDArray[np.uint64]:
    """`count` random 64-bit words that `key` alone decides; NumPy keeps PCG64's raw words for good (NEP 19)."""
    return np.asarray(np.random.PCG64(np.random.SeedSequence(key)).random_raw(count), np.uint64)
