"""Trackers of boxes: the first mask is moved along with a box that follows the picture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from render.document import UserError

Frame = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]

REACH = 1.0
"""How far beyond the predicted box it is looked for, in sizes of the box."""
TRUST = 0.4
"""Correlation from which a match counts; below it the box goes on as the filter expects."""
TEMPLATE = 24
"""Pixels along the template's longer side; larger boxes are looked for in a smaller picture."""
CSRT_SIDE = 3
"""Pixels that CSRT's box has a side at least."""


def box_kalman(frames: Iterable[Frame], first: Mask) -> Iterator[Mask]:
    """A box with a Kalman filter of constant velocity, whose measurements are matches of the first frame's patch.

    The match is the peak of normalised cross-correlation (grey levels) about the predicted place; what matches badly is
    not measured, so that the box coasts through occlusions. The mask is the first one, shifted.
    """
    frames = iter(frames)
    box = _box(first)
    scale = min(1.0, TEMPLATE / max(box[1].stop - box[1].start, box[0].stop - box[0].start))
    grey = _grey(next(frames), scale)
    template = _crop(grey, box, scale)
    origin = np.array([box[0].start, box[1].start], float)
    state, spread = np.stack([origin, np.zeros(2)]), np.diag([1.0, 400.0])
    yield first
    for frame in frames:
        move = np.array([[1.0, 1.0], [0.0, 1.0]])
        state, spread = move @ state, move @ spread @ move.T + np.array([[0.25, 0.5], [0.5, 1.0]])
        found = _match(_grey(frame, scale), template, state[0] * scale)
        if found is not None:
            gain = spread[:, 0] / (spread[0, 0] + 1.0)
            state = state + np.outer(gain, found / scale - state[0])
            spread = spread - np.outer(gain, spread[0])
        yield _moved(first, np.rint(state[0] - origin).astype(int))


def check_csrt() -> None:
    """UserError where this OpenCV has no CSRT: another package of it may have overwritten the one we ask for."""
    if not hasattr(cv2, "TrackerCSRT"):
        raise UserError(
            f"OpenCV {cv2.__version__}: has no CSRT, which is one of the baselines; keep one package of it alone: "
            "pip uninstall opencv-python opencv-python-headless, then pip install --force-reinstall "
            "opencv-contrib-python-headless"
        )


def box_csrt(frames: Iterable[Frame], first: Mask) -> Iterator[Mask]:
    """OpenCV's CSRT on the box; the mask is the first one, shifted and scaled with it; empty where CSRT gives up.

    CSRT fails on boxes under three pixels a side, and they are widened to that.
    """
    frames = iter(frames)
    rows, columns = (_widened(side, CSRT_SIDE, length) for side, length in zip(_box(first), first.shape, strict=True))
    tracker: Any = cv2.TrackerCSRT.create()
    start = (columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start)
    tracker.init(np.ascontiguousarray(next(frames)[..., ::-1]), start)
    yield first
    for frame in frames:
        found, (x, y, width, height) = tracker.update(np.ascontiguousarray(frame[..., ::-1]))
        if not found:
            yield np.zeros_like(first)
            continue
        across, down = width / start[2], height / start[3]
        matrix = np.array([[across, 0, x - start[0] * across], [0, down, y - start[1] * down]])
        size = (first.shape[1], first.shape[0])
        yield cv2.warpAffine(first.astype(np.uint8), matrix, size, flags=cv2.INTER_NEAREST).astype(np.bool_)


def _box(mask: Mask) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _widened(side: slice, least: int, length: int) -> slice:
    """At least `least` pixels about the same middle, inside 0 to `length`."""
    size = max(side.stop - side.start, least)
    start = min(max((side.start + side.stop - size) // 2, 0), max(length - size, 0))
    return slice(start, start + size)


def _grey(frame: Frame, scale: float) -> Floats:
    grey = frame.astype(np.float64) @ (0.299, 0.587, 0.114)
    return grey if scale == 1 else np.asarray(ndimage.zoom(grey, scale, order=1))


def _crop(grey: Floats, box: tuple[slice, slice], scale: float) -> Floats:
    top, left = (int(side.start * scale) for side in box)
    height, width = (max(int((side.stop - side.start) * scale), 2) for side in box)
    return grey[top : top + height, left : left + width]


def _match(grey: Floats, template: Floats, place: Floats) -> Floats | None:
    """Where the template's top left corner (row, column) matches best about `place`; None where nothing does."""
    height, width = template.shape
    top, left = (int(np.floor(p - REACH * size)) for p, size in zip(place, template.shape, strict=True))
    bottom, right = (int(np.ceil(p + (1 + REACH) * size)) for p, size in zip(place, template.shape, strict=True))
    top, left = max(top, 0), max(left, 0)
    window = grey[top : max(bottom, 0), left : max(right, 0)]
    if window.shape[0] < height or window.shape[1] < width:
        return None
    centred = template - template.mean()
    area = height * width
    ones = np.ones_like(template)
    sums, squares = _correlated(window, ones), _correlated(window**2, ones)
    deviation = np.sqrt(np.maximum(squares - sums**2 / area, 1e-6) * max(float((centred**2).sum()), 1e-6))
    likeness = _correlated(window, centred) / deviation
    row, column = np.unravel_index(int(np.argmax(likeness)), likeness.shape)
    return np.array([top + row, left + column], float) if likeness[row, column] >= TRUST else None


def _correlated(window: Floats, kernel: Floats) -> Floats:
    """The kernel's correlation with the window wherever it lies wholly inside, through Fourier transforms."""
    spectrum = np.fft.rfft2(window) * np.conj(np.fft.rfft2(kernel, window.shape))
    rows, columns = (a - b + 1 for a, b in zip(window.shape, kernel.shape, strict=True))
    return np.asarray(np.fft.irfft2(spectrum, window.shape)[:rows, :columns])


def _moved(mask: Mask, by: NDArray[np.int_]) -> Mask:
    """The mask shifted by (rows, columns); what leaves the picture is gone."""
    moved = np.zeros_like(mask)
    rows, columns = np.nonzero(mask)
    rows, columns = rows + by[0], columns + by[1]
    kept = (rows >= 0) & (rows < mask.shape[0]) & (columns >= 0) & (columns < mask.shape[1])
    moved[rows[kept], columns[kept]] = True
    return moved
