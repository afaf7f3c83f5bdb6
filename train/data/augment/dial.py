"""Effects made weaker or stronger in clips that hold the products `linear` and `fx`; what labels say stays true."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from render.frames.dial import dial
from render.manifest import Dataset

from ..rendered.pictures import Pixels, picture, shrunk

STRONGEST = 2.0
"""What effects are dialled to at most; 1 is as rendered."""
DARKEST, BRIGHTEST, BINS = -12.0, 8.0, 640
"""The curve's ends in stops, and into how many bins it is cut."""
Curve = NDArray[np.float32]
Light = NDArray[np.float32] | NDArray[np.float16]


def can_dial(data: Dataset, clip: str) -> bool:
    """Whether the clip holds what is needed."""
    return {"linear", "fx"} <= set(data.extras(clip))


def tone_curve(linear: Light, rgb: Pixels) -> Curve:
    """What the view transform made of light, float32 (BINS,) levels 0..255 by stop: the mean over a frame's channels.

    A film look also mixes channels; that part is left in the picture as it was (see `Dial`).
    """
    stops = _bins(linear).ravel()
    weights = np.bincount(stops, minlength=BINS)
    sums = np.bincount(stops, rgb.ravel(), minlength=BINS)
    seen = np.flatnonzero(weights)
    means = np.interp(np.arange(BINS), seen, sums[seen] / weights[seen])
    return np.asarray(np.maximum.accumulate(means), np.float32)


@dataclass(frozen=True)
class Dial:
    """A clip's pictures with the light of its effects times `strength`, by the curve of one of its frames.

    The difference that the light makes, as the curve shows it, is added to the finished picture, which so keeps its
    grain, its look and its compression.
    """

    strength: float
    curve: Curve

    @classmethod
    def random(cls, rng: np.random.Generator, data: Dataset, clip: str, frame: int) -> Dial:
        """Any strength from none to STRONGEST; the curve is that of `frame`."""
        strength = float(rng.uniform(0, STRONGEST))
        return cls(strength, tone_curve(data.extra(clip, frame, "linear"), picture(data, clip, frame)))

    def picture(self, data: Dataset, clip: str, frame: int, reduction: int) -> Pixels:
        """As `pictures.picture`, dialled."""
        linear = data.extra(clip, frame, "linear").astype(np.float32)
        changed = dial(linear, data.extra(clip, frame, "fx").astype(np.float32), self.strength)
        difference = self.curve[_bins(changed)] - self.curve[_bins(linear)]
        return shrunk(np.asarray(cv2.add(picture(data, clip, frame), difference, dtype=cv2.CV_8U)), reduction)


def _bins(light: Light) -> NDArray[np.intp]:
    stops = np.log2(np.maximum(np.nan_to_num(light.astype(np.float32)), 2.0**DARKEST))
    return np.clip((stops - DARKEST) / (BRIGHTEST - DARKEST) * (BINS - 1) + 0.5, 0, BINS - 1).astype(np.intp)
