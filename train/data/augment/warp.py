"""Crop, turn, mirror and resize as one map, by which every picture and matte of a window is resampled once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..options import Data
from ..rendered.pictures import REDUCTIONS, Pixels

BEYOND = (124, 116, 104)
"""What lies outside the picture: sam2's mean colour."""
SLACK = 0.8
"""A picture may be decoded smaller where it then is at least so many times the size that is needed."""
FLAGS = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
Cut = tuple[slice, slice]


@dataclass(frozen=True)
class Warp:
    """`matrix` (2, 3) leads from a place (x, y) in the `side` x `side` output to the place in the source shown there.

    Both in pixels, the origin in the corner, centres at half-integers. `source` is (height, width).
    """

    matrix: NDArray[np.float64]
    source: tuple[int, int]
    side: int

    @cached_property
    def reduction(self) -> int:
        """By how much the source may be smaller before it is warped: the largest of REDUCTIONS."""
        steps = np.sqrt((self.matrix[:, :2] ** 2).sum(1))  # source pixels, along x and y, that one of the output spans
        return max(r for r in REDUCTIONS if r == 1 or r * SLACK <= steps.min())

    def picture(self, rgb: Pixels, out: Pixels) -> None:
        """A frame's picture (H, W, 3), `reduction` times smaller than the source, into `out` (side, side, 3)."""
        if self._box is not None:
            out[:] = self._resized(rgb)
        else:
            cv2.warpAffine(
                self._smooth(rgb), self._inner, (self.side, self.side), out, FLAGS, cv2.BORDER_CONSTANT, BEYOND
            )

    def matte(self, coverage: Pixels, out: Pixels) -> None:
        """A matte (H, W), `reduction` times smaller than the source, into `out` (side, side), which holds zeros."""
        if self._box is not None:
            out[:] = self._resized(coverage)
            return
        left, top, width, height = self._reached(coverage)
        if width > 0 and height > 0:  # the rest stays empty
            moved = self._inner.copy()
            moved[:, 2] += self._inner[:, :2] @ (left, top)
            part = cv2.warpAffine(self._smooth(coverage), moved, (width, height), flags=FLAGS)
            out[top : top + height, left : left + width] = part

    @cached_property
    def _box(self) -> tuple[float, float, float, float] | None:
        """Where an upright rectangle inside the picture is shown: (left, top, right, bottom), in reduced pixels.

        It is resized as the tracker resizes what it is given: by Pillow's bicubic filter, antialiased."""
        (a, b, c), (d, e, f) = self.matrix / self.reduction
        if b or d:
            return None
        left, right = sorted((c, c + a * self.side))
        top, bottom = f, f + e * self.side
        height, width = self.source[0] / self.reduction, self.source[1] / self.reduction
        inside = left >= -1e-6 and top >= -1e-6 and right <= width + 1e-6 and bottom <= height + 1e-6
        return (max(left, 0.0), max(top, 0.0), min(right, width), min(bottom, height)) if inside else None

    def _resized(self, layer: Pixels) -> Pixels:
        shown = np.asarray(Image.fromarray(layer).resize((self.side, self.side), box=self._box), np.uint8)
        return shown[:, ::-1] if self.matrix[0, 0] < 0 else shown

    @cached_property
    def _inner(self) -> NDArray[np.float64]:
        """OpenCV's form of the matrix: from the output's pixel numbers to the reduced source's, centres at integers."""
        inner = self.matrix / self.reduction
        inner[:, 2] += inner[:, :2] @ (0.5, 0.5) - 0.5
        return inner

    def _smooth(self, layer: Pixels) -> Pixels:
        """The low-pass that sampling bilinearly needs where the output is coarser than the source.

        A triangle as wide as an output pixel has the variance (source pixels an output pixel)² / 6, bilinear
        interpolation brings 1/6 of it, a Gaussian the rest.
        """
        steps = self.matrix[:, :2] / self.reduction
        sigmas = np.sqrt(np.maximum((steps**2).sum(1) - 1, 0) / 6)
        if (sigmas <= 0.25).all():
            return layer
        width, height = (2 * int(np.ceil(2.5 * sigma)) + 1 if sigma > 0.25 else 1 for sigma in sigmas)
        sigma_x, sigma_y = np.maximum(sigmas, 0.01)
        return np.asarray(cv2.GaussianBlur(layer, (width, height), sigma_x, sigmaY=sigma_y))

    def _reached(self, coverage: Pixels) -> tuple[int, int, int, int]:
        """(left, top, width, height) of the part of the output that what is in the matte can reach."""
        left, top, width, height = cv2.boundingRect(coverage)
        reach = 2 + 3 * np.abs(self._inner[:, :2]).max()  # of the low-pass and the interpolation
        x, y = (left - reach, left + width + reach), (top - reach, top + height + reach)
        corners = np.array([[a, b] for a in x for b in y]).T - self._inner[:, 2:]
        places = np.linalg.solve(self._inner[:, :2], corners)
        low = np.maximum(np.floor(places.min(1)), 0).astype(int)
        high = np.minimum(np.ceil(places.max(1)) + 1, self.side).astype(int)
        return int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1])


def upright(source: tuple[int, int], side: int, cut: Cut | None = None) -> Warp:
    """The plain warp: the whole source (height, width), or a cut-out of it, squeezed into a square."""
    rows, columns = cut or (slice(0, source[0]), slice(0, source[1]))
    width, height = columns.stop - columns.start, rows.stop - rows.start
    matrix = np.array([[width / side, 0, columns.start], [0, height / side, rows.start]], np.float64)
    return Warp(matrix, source, side)


def random_warp(rng: np.random.Generator, options: Data, plain: Warp) -> Warp:
    """`plain` mirrored, turned, sheared, scaled and moved as the options ask, about the middle of what it shows.

    Turning and shearing happen in the picture as filmed, before it is squeezed into a square.
    """
    side = plain.side
    mirror = -1.0 if rng.random() < options.flip else 1.0
    turn, lean = np.deg2rad(rng.uniform(-1, 1, 2) * (options.rotate, options.shear))
    grown = (1 + options.scale) ** rng.uniform(-1, 1)
    moved = rng.uniform(-1, 1, 2) * options.shift * side
    linear, corner = plain.matrix[:, :2], plain.matrix[:, 2]
    middle = np.full(2, side / 2)
    spun = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) if turn else np.eye(2)
    bent = spun @ np.array([[1, np.tan(lean)], [0, 1]]) / grown @ linear @ np.diag([mirror, 1])
    centre = linear @ middle + corner
    return Warp(np.column_stack([bent, centre - bent @ (middle + moved)]), plain.source, side)


def cut_about(rng: np.random.Generator, matte: Pixels, zoom: float) -> Cut:
    """Rows and columns of a random cut-out of the picture's proportions that holds the middle of the matte."""
    share = 1 - zoom * rng.random()
    where = []
    for axis, length in enumerate(matte.shape):
        side = max(round(share * length), 1)
        middle = int(np.flatnonzero(matte.any(axis=1 - axis)).mean())
        low, high = max(middle + 1 - side, 0), min(middle, length - side)
        start = int(rng.integers(low, high + 1))
        where.append(slice(start, start + side))
    return where[0], where[1]
