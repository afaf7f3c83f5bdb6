"""Boundaries of masks, and how much of one boundary lies near another, on no more pixels than the masks touch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Window = tuple[slice, slice]


def window(mask: Mask) -> Window | None:
    """The box around a bool (H, W) mask, one pixel larger on every side where the image allows; None if it is empty.

    One pixel suffices: boundary pixels lie at most one pixel up and left of the mask, and the added row and column of
    background (or the image's true edge) continue the mask as the whole image would.
    """
    rows = np.flatnonzero(mask.any(axis=1))
    if len(rows) == 0:
        return None
    band = slice(max(int(rows[0]) - 1, 0), int(rows[-1]) + 2)
    columns = np.flatnonzero(mask[band].any(axis=0))
    return band, slice(max(int(columns[0]) - 1, 0), int(columns[-1]) + 2)


def boundary(mask: Mask) -> Mask:
    """One-pixel boundary of a bool (H, W) mask: pixels that differ from their right, lower or lower-right neighbour.

    The image's edge is no boundary: beyond it the mask goes on as it is. (The `seg2bmap` of D. Martin's Berkeley
    segmentation benchmark, at the mask's own resolution.)
    """
    edges = np.zeros(mask.shape, np.bool_)
    edges[:, :-1] = mask[:, :-1] ^ mask[:, 1:]
    edges[:-1] |= mask[:-1] ^ mask[1:]
    edges[:-1, :-1] |= mask[:-1, :-1] ^ mask[1:, 1:]
    return edges


def share_within(points: Mask, others: Mask, radius: int) -> float:
    """The share of the set pixels of `points` with a set pixel of `others` within `radius` pixels, inclusive.

    Both are bool (H, W), `points` with at least one pixel set.
    """
    return int(np.count_nonzero(points & dilate(others, radius))) / int(np.count_nonzero(points))


def dilate(mask: Mask, radius: int) -> Mask:
    """Every set pixel of a bool (H, W) mask grown to a disk: all offsets with dx² + dy² <= radius².

    From the disk's outermost rows, where it is narrow, inwards: the mask is widened step by step to the disk's reach in
    a row, and laid down that many rows above and below. Rows follow one another in memory with `radius` empty pixels
    between them, so that a step to the side is one shift of the whole, and what leaves the picture gets lost there.
    """
    height, width = mask.shape
    stride = width + radius
    flat = np.zeros((height, stride), np.bool_)
    flat[:, :width] = mask
    flat = flat.ravel()
    grown, wide, reach = np.zeros_like(flat), flat.copy(), 0
    for away in range(radius, -1, -1):
        while (reach + 1) ** 2 + away**2 <= radius**2:
            reach += 1
            wide[reach:] |= flat[:-reach]
            wide[:-reach] |= flat[reach:]
        down = min(away * stride, flat.size)
        grown[down:] |= wide[: flat.size - down]
        grown[: flat.size - down] |= wide[down:]
    grown_HW: Mask = grown.reshape(height, stride)[:, :width]
    return grown_HW
