"""Painted skies: `python -m blender_scenes.modelling.skies` writes the equirectangular pictures of the built-in ones.

Each is a gradient over the height above the horizon, haze about the sun or moon, two layers of cloud as seen from
below a flat sheet, and stars. NumPy alone; the same picture every time.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import OpenEXR
from numpy.typing import NDArray

from render.asset import builtin_folder

Floats = NDArray[np.float64]
Colour = tuple[float, float, float]
HEIGHT = 512
"""Rows of a picture; twice as many where there are stars, which would be blots."""


@dataclass(frozen=True)
class Sky:
    """Linear colours. `light` is (azimuth, elevation) in radians of sun or moon; `cover` the sky's share of cloud."""

    zenith: Colour
    horizon: Colour
    ground: Colour
    light: tuple[float, float]
    glow: Colour
    glow_width: float
    disc: float
    cover: float
    cloud_lit: Colour
    cloud_dark: Colour
    scale: float
    seed: int
    stars: float = 0.0
    softness: float = 0.22


SKIES = {
    "clear": Sky(
        (0.10, 0.23, 0.62), (0.62, 0.74, 0.92), (0.25, 0.23, 0.20), (0.6, 0.75), (1.0, 0.92, 0.75), 0.16, 60.0,
        0.34, (1.35, 1.3, 1.25), (0.50, 0.56, 0.66), 1.1, 3,
    ),
    "overcast": Sky(
        (0.55, 0.58, 0.63), (0.72, 0.73, 0.74), (0.16, 0.16, 0.15), (2.0, 0.9), (0.5, 0.5, 0.48), 0.5, 0.0,
        0.95, (0.86, 0.87, 0.88), (0.36, 0.39, 0.44), 0.8, 7, softness=0.45,
    ),
    "storm": Sky(
        (0.16, 0.18, 0.22), (0.50, 0.49, 0.44), (0.07, 0.07, 0.07), (-1.0, 0.25), (0.55, 0.45, 0.30), 0.30, 0.0,
        0.86, (0.42, 0.43, 0.46), (0.035, 0.042, 0.055), 0.9, 12, softness=0.4,
    ),
    "afterglow": Sky(
        (0.028, 0.055, 0.17), (0.95, 0.40, 0.13), (0.05, 0.04, 0.045), (1.2, -0.02), (1.6, 0.55, 0.14), 0.45, 0.0,
        0.52, (1.25, 0.36, 0.20), (0.085, 0.062, 0.11), 1.0, 21, softness=0.3,
    ),
    "moonlit": Sky(
        (0.010, 0.019, 0.052), (0.055, 0.078, 0.125), (0.008, 0.010, 0.014), (0.9, 0.55), (0.2, 0.26, 0.36), 0.22, 14.0,
        0.55, (0.17, 0.20, 0.26), (0.008, 0.011, 0.020), 1.2, 33, stars=0.5, softness=0.3,
    ),
    "stars": Sky(
        (0.004, 0.007, 0.020), (0.030, 0.040, 0.062), (0.004, 0.005, 0.007), (2.6, 0.3), (0.02, 0.025, 0.035), 0.6, 0.0,
        0.12, (0.03, 0.034, 0.045), (0.006, 0.007, 0.011), 0.9, 40, stars=1.0,
    ),
}  # fmt: skip


def paint(sky: Sky) -> NDArray[np.float32]:
    """The equirectangular picture, float32 (H, 2H, 3), top row the zenith; radiance, linear Rec.709."""
    height = 2 * HEIGHT if sky.stars else HEIGHT
    elevation_H = (0.5 - (np.arange(height) + 0.5) / height) * np.pi
    azimuth_W = (0.5 - (np.arange(2 * height) + 0.5) / (2 * height)) * 2 * np.pi
    z = np.sin(elevation_H)[:, None] * np.ones_like(azimuth_W)
    x, y = (np.cos(elevation_H)[:, None] * f(azimuth_W) for f in (np.cos, np.sin))
    az, el = sky.light
    towards = np.array([np.cos(el) * np.cos(az), np.cos(el) * np.sin(az), np.sin(el)])
    apart = np.arccos(np.clip(x * towards[0] + y * towards[1] + z * towards[2], -1, 1))
    up = np.clip(z, 0, 1)
    picture = _mix(np.array(sky.horizon), np.array(sky.zenith), 1 - np.exp(-3.6 * up))
    picture += np.exp(-apart / sky.glow_width)[..., None] * np.array(sky.glow)
    picture += sky.stars * _stars(sky.seed, z)[..., None]
    for layer, (reach, high) in enumerate(((1.0, 1.0), (0.45, 1.7))):
        density, lit = _clouds(sky, x, y, up, towards, sky.scale / reach, layer)
        shade = _mix(np.array(sky.cloud_dark), np.array(sky.cloud_lit), lit)
        shade += (np.exp(-apart / 0.28) * (1 - density) * 1.4)[..., None] * np.array(sky.glow)  # silver linings
        shade = _mix(np.array(sky.horizon), shade, 1 - np.exp(-9.0 * up))
        picture = _mix(picture, shade, density * (1.0 if layer == 0 else 0.7 / high))
    disc = np.clip((0.012 - apart) / 0.003, 0, 1)[..., None]
    picture += sky.disc * disc * np.array(sky.glow)
    below = 1 / (1 + np.exp(z * 220.0))
    fade = np.clip(-z * 5.0, 0, 1)
    ground = _mix(0.7 * np.array(sky.horizon), np.array(sky.ground), fade)
    return _mix(picture, ground, below).astype(np.float32)


def _mix(first: Floats, second: Floats, share: Floats) -> Floats:
    return first + (second - first) * share[..., None]


def _clouds(
    sky: Sky, x: Floats, y: Floats, up: Floats, towards: Floats, scale: float, layer: int
) -> tuple[Floats, Floats]:
    """Density and how lit it is, both 0..1, of a sheet of cloud overhead: lit where it thins out towards the light."""
    flat = scale / (up + 0.10)
    u, v = x * flat, y * flat
    seed = sky.seed + 100 * layer
    bend = _fbm(u * 0.7 + 9.0, v * 0.7, seed + 1, 3) - 0.5
    u, v = u + 0.8 * bend, v + 0.8 * bend
    here = _fbm(u, v, seed, 6)
    aside = _fbm(u + 0.22 * towards[0], v + 0.22 * towards[1], seed, 5)
    low = 1.0 - sky.cover - 0.02 if layer == 0 else 1.06 - sky.cover * 0.8
    spread = np.quantile(here[up > 0.02], np.clip(low, 0.0, 0.98)) if low < 1 else 2.0
    density = np.clip((here - spread) / sky.softness, 0, 1)
    density = density * density * (3 - 2 * density)
    lit = np.clip(0.55 + 3.2 * (here - aside) - 0.5 * (density - 0.5), 0, 1)
    return density, lit


def _fbm(u: Floats, v: Floats, seed: int, octaves: int) -> Floats:
    """Fractal value noise, about 0..1."""
    total, weight, span = np.zeros_like(u), 0.0, 0.5
    for octave in range(octaves):
        total += span * _noise(u * 2**octave, v * 2**octave, seed * 31 + octave)
        weight, span = weight + span, span * 0.52
    return total / weight


def _noise(u: Floats, v: Floats, seed: int) -> Floats:
    """Value noise on a lattice of 256 x 256 random numbers, smoothly interpolated."""
    words = np.random.PCG64(seed).random_raw(256 * 256)
    lattice = (words >> np.uint64(11)).astype(np.float64).reshape(256, 256) * 2.0**-53
    i, j = np.floor(u).astype(int), np.floor(v).astype(int)
    a, b = u - i, v - j
    a, b = a * a * (3 - 2 * a), b * b * (3 - 2 * b)
    near = [[lattice[(i + di) % 256, (j + dj) % 256] for dj in (0, 1)] for di in (0, 1)]
    return (near[0][0] * (1 - b) + near[0][1] * b) * (1 - a) + (near[1][0] * (1 - b) + near[1][1] * b) * a


def _stars(seed: int, z: Floats) -> Floats:
    """Single bright pixels, fewer towards the poles of the picture and none near the horizon."""
    words = np.random.PCG64(seed + 5).random_raw(z.size)
    luck = ((words >> np.uint64(11)).astype(np.float64) * 2.0**-53).reshape(z.shape)
    cosine = np.sqrt(np.maximum(1 - z * z, 0.0))
    bright = np.maximum(luck - (1 - 0.0035 * cosine), 0.0) / 0.0035
    return bright**4 * 1.1 * np.clip(z * 6.0, 0, 1)


def main() -> None:
    """Write all skies, half floats, into their asset folders."""
    for name, sky in SKIES.items():
        path = builtin_folder() / f"hdri-{name}" / f"{name}.exr"
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, paint(sky))
        print(f"{path}: {path.stat().st_size // 1024} KB")
    sys.stdout.flush()


def write(path: Path, picture_HW3: NDArray[np.float32]) -> None:
    """A half-float EXR."""
    header = {"compression": OpenEXR.DWAB_COMPRESSION, "type": OpenEXR.scanlineimage}
    OpenEXR.File(header, {"RGB": picture_HW3.astype(np.float16)}).write(str(path))


if __name__ == "__main__":
    main()
