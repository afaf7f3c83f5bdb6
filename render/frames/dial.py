"""Dial the strength of the effects in a finished frame, from its scene-linear products (NumPy only).

`linear` is the picture before its view transform, `fx` the part of its light that emissive effects gave, by themselves
and by lighting the scene. Light adds up, so effects of any strength are one multiplication away. Smoke, debris and a
prop's own charge change what other light does: these need a twin render.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def dial(linear: ArrayLike, fx: ArrayLike, strength: ArrayLike) -> NDArray[np.float32]:
    """The scene-linear picture, float32 (H, W, 3), with the effects' light times `strength`: 0 none, 1 as rendered.

    `linear` and `fx` are float (H, W, 3); `strength` is a number of at least 0, or an (H, W, 1) array of them.
    ValueError for a negative strength or shapes that differ. What noise would make negative is 0.
    """
    picture, light, factor = (np.asarray(a, np.float32) for a in (linear, fx, strength))
    if picture.shape != light.shape:
        raise ValueError(f"linear {picture.shape} and fx {light.shape} must have one shape")
    if (factor < 0).any():
        raise ValueError("strength: must be at least 0")
    return np.maximum(picture + (factor - 1) * light, 0)


def srgb(linear: ArrayLike, exposure: float = 0.0) -> NDArray[np.uint8]:
    """A scene-linear picture (H, W, 3) as 8-bit sRGB, `exposure` in stops: Blender's view transform "Standard".

    Above 1 it clips. The film's own transform (AgX, Filmic) rolls off instead: use Blender, or its OpenColorIO config.
    Encoding: IEC 61966-2-1.
    """
    light = np.clip(np.asarray(linear, np.float64) * 2.0**exposure, 0, 1)
    shown = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.rint(shown * 255).astype(np.uint8)
