"""Procedural flat things for the generic data: textures, shapes, and how a textured shape is drawn, edges soft.

Lengths inside a sprite are in units of its own radius; pictures are float32 in 0..1, (H, W, 3).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Part = Callable[[Array, Array], Array]
"""A signed distance: (x, y) local coordinates to distance, negative inside."""

TILE = 256
"""Side of a backdrop in pixels; it repeats without a seam."""

SKIN = 64
"""Side of a sprite's texture in pixels."""


@cache
def texture_bank() -> Array:
    """(16, TILE, TILE) tileable noise about .5, from rough to cloudy, half of it with hard edges; always the same."""
    rng = np.random.default_rng(20)
    fy, fx = np.meshgrid(np.fft.fftfreq(TILE), np.fft.fftfreq(TILE), indexing="ij")
    radius = np.maximum(np.hypot(fx, fy), 1 / TILE)
    bank = []
    for number in range(16):
        spectrum = np.fft.fft2(rng.standard_normal((TILE, TILE))) / radius ** (0.6 + 0.11 * number)
        noise = np.fft.ifft2(spectrum).real
        noise = (noise - noise.mean()) / noise.std()
        if number % 2:  # patches with borders, as things in a room have
            noise = np.round(noise * 1.5) / 1.5 + 0.15 * noise
        bank.append(np.clip(0.5 + 0.22 * noise, 0, 1))
    return np.asarray(bank, np.float32)


def texture(rng: np.random.Generator, contrast: float, side: int = TILE, vivid: float = 0.1) -> Array:
    """A (side, side, 3) picture: two or three random colours mixed by noise, stripes or checks; seamless at TILE."""
    bank = texture_bank()[:, :: TILE // side, :: TILE // side]
    colours = rng.uniform(0.03, 0.97, (3, 3)).astype(np.float32)
    grey = colours.mean(1, keepdims=True)
    first, second, third = grey + np.float32(rng.uniform(vivid, 1)) * (colours - grey)
    second = first + np.float32(contrast) * (second - first)
    mix = _shifted(rng, bank[rng.integers(16)])
    kind = rng.random()
    if kind < 0.2:  # stripes or checks, bent a little by the noise
        ramp = np.arange(side, dtype=np.float32) / side
        counts = rng.integers(2, 18, 2)
        waves = np.sin(2 * np.pi * (counts[0] * ramp[:, None] + counts[1] * ramp[None, :] + 0.7 * mix))
        mix = 0.75 * (waves > 0) + 0.25 * mix
    elif kind < 0.4:  # tiles
        step = int(2 ** rng.integers(3, 6))
        tiles = rng.random((side // step, side // step), np.float32)
        mix = 0.7 * tiles.repeat(step, 0).repeat(step, 1) + 0.3 * mix
    picture = first + np.asarray(mix, np.float32)[..., None] * (second - first)
    if rng.random() < 0.5:
        patches = (_shifted(rng, bank[rng.integers(8, 16)]) > rng.uniform(0.55, 0.8))[..., None]
        picture = np.where(patches, first + np.float32(contrast) * (third - first), picture)
    return np.asarray(np.clip(picture, 0, 1), np.float32)


def _shifted(rng: np.random.Generator, noise: Array) -> Array:
    rolled = np.roll(noise, tuple(int(n) for n in rng.integers(0, TILE, 2)), (0, 1))
    return rolled.T if rng.random() < 0.5 else rolled


def box(cx: float, cy: float, hx: float, hy: float, rounding: float) -> Part:
    """A rounded box with half-sizes (hx, hy)."""

    def distance(x: Array, y: Array) -> Array:
        dx = np.abs(x - np.float32(cx)) - np.float32(hx - rounding)
        dy = np.abs(y - np.float32(cy)) - np.float32(hy - rounding)
        outside = np.hypot(np.maximum(dx, 0), np.maximum(dy, 0))
        return np.asarray(outside + np.minimum(np.maximum(dx, dy), 0) - np.float32(rounding), np.float32)

    return distance


def ellipse(cx: float, cy: float, ax: float, ay: float, hole: float = 0.0) -> Part:
    """An ellipse with semi-axes (ax, ay); with a hole (a share of the radius) it is a ring."""

    def distance(x: Array, y: Array) -> Array:
        radius = np.hypot((x - np.float32(cx)) / np.float32(ax), (y - np.float32(cy)) / np.float32(ay))
        away = np.maximum(radius - 1, np.float32(hole) - radius) if hole else radius - 1
        return np.asarray(away * np.float32(min(ax, ay)), np.float32)

    return distance


def radial(radii: Array) -> Part:
    """A star-shaped outline: `radii` (N,) is its radius at N equal steps of angle."""

    def distance(x: Array, y: Array) -> Array:
        turn = (np.arctan2(y, x) * np.float32(len(radii) / (2 * np.pi))).astype(np.int32) % len(radii)
        return np.asarray(0.8 * (np.hypot(x, y) - radii[turn]), np.float32)

    return distance


def outline(rng: np.random.Generator) -> Array:
    """Radii of a random outline: a polygon, a star or a smooth blob."""
    angle = np.arange(256, dtype=np.float32) * np.float32(2 * np.pi / 256)
    kind = rng.random()
    if kind < 0.4:
        corners = int(rng.integers(3, 9))
        sector = (angle % (2 * np.pi / corners)) - np.pi / corners
        return np.asarray(np.cos(np.pi / corners) / np.cos(sector), np.float32)
    if kind < 0.55:
        corners, depth = int(rng.integers(4, 9)), rng.uniform(0.3, 0.6)
        sector = np.abs((angle % (2 * np.pi / corners)) * corners / np.pi - 1)
        return np.asarray(1 - depth * (1 - sector), np.float32)
    waves = sum(rng.normal(0, 0.5 / k) * np.cos(k * angle + rng.uniform(0, 6.3)) for k in range(2, 7))
    return np.asarray(np.clip(0.75 + 0.3 * waves, 0.3, 1.2), np.float32)


def parts(rng: np.random.Generator) -> tuple[Part, ...]:
    """A random thing of one to five parts, from a plain disc to a head on a handle or a fist with fingers."""
    kind = rng.integers(7)
    if kind == 0:
        return (ellipse(0, 0, 1, rng.uniform(0.35, 1)),)
    if kind == 1:
        return (radial(outline(rng)),)
    if kind == 2:
        return (box(0, 0, 1, rng.uniform(0.2, 0.9), rng.uniform(0.02, 0.15)),)
    if kind == 3:  # a head on a handle
        across, thick = rng.uniform(0.35, 0.75), rng.uniform(0.2, 0.4)
        handle = box(0, 0.1, rng.uniform(0.05, 0.14), 0.9, 0.04)
        return (handle, box(0, -0.65, across, thick, rng.uniform(0.02, 0.15)))
    if kind == 4:  # rings in a disc
        inner = sorted(rng.uniform(0.2, 0.9, 2), reverse=True)
        return (ellipse(0, 0, 1, 1), ellipse(0, 0, inner[0], inner[0]), radial(outline(rng) * np.float32(inner[1])))
    if kind == 5:  # a palm with fingers
        fingers = tuple(box(-0.45 + 0.3 * n, -0.6, 0.13, rng.uniform(0.25, 0.4), 0.1) for n in range(4))
        return (box(0, 0.2, 0.6, 0.55, 0.2), *fingers)
    several = []
    for _ in range(2):
        centre, axes = rng.uniform(-0.5, 0.5, 2), rng.uniform(0.2, 0.6, 2)
        several.append(ellipse(centre[0], centre[1], axes[0], axes[1], rng.choice([0.0, 0.6])))
    centre, half = rng.uniform(-0.3, 0.3, 2), rng.uniform(0.15, 0.7, 2)
    return (box(centre[0], centre[1], half[0], half[1], 0.05), *several)


@dataclass(frozen=True)
class Sprite:
    """A shape with a texture for each of its parts and a light that falls on it from one side."""

    parts: tuple[Part, ...]
    skins: tuple[Array, ...]
    grain: float  # texture pixels a radius
    light: tuple[float, float]

    @classmethod
    def random(cls, rng: np.random.Generator, hardness: float) -> Sprite:
        """A random thing; the easiest are plain and of a strong colour."""
        shape = parts(rng)
        skins = tuple(texture(rng, hardness * rng.uniform(0.05, 0.7), SKIN, 1 - 0.9 * hardness) for _ in shape[:2])
        angle, strength = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.45)
        return cls(shape, skins, rng.uniform(6, 40), (strength * np.cos(angle), strength * np.sin(angle)))

    def draw(self, x: Array, y: Array, pixels: float) -> tuple[Array, Array]:
        """Coverage (H, W) in 0..1 and colour (H, W, 3) at local coordinates x, y; `pixels` is the radius in pixels."""
        distance = self.parts[0](x, y)
        skin = np.zeros(x.shape, np.intp)
        for number, part in enumerate(self.parts[1:], 1):
            other = part(x, y)
            skin[other < 0] = number % len(self.skins)
            distance = np.minimum(distance, other)
        coverage = np.clip(0.5 - distance * np.float32(pixels), 0, 1)
        column = (x * np.float32(self.grain)).astype(np.int32) % SKIN
        row = (y * np.float32(self.grain)).astype(np.int32) % SKIN
        colour = self.skins[0][row, column]
        for number, picture in enumerate(self.skins[1:], 1):
            colour = np.where((skin == number)[..., None], picture[row, column], colour)
        shade = 1 + np.float32(self.light[0]) * x + np.float32(self.light[1]) * y
        return coverage, np.clip(colour * shade[..., None], 0, 1)
