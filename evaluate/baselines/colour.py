"""The nearest colour: what following an object by its colours alone scores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

Frame = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def colour_nearest(frames: Iterable[Frame], first: Mask) -> Iterator[Mask]:
    """Pixels whose colour is nearest to the object's, near where it was last seen, as one connected piece.

    Every colour of the first frame (in Lab, where distance follows what the eye sees) votes for object or background,
    whichever showed it more; a pixel takes the vote of its nearest colour. Of the pieces within two diameters of the
    last position the one with most area for its distance is kept, its holes filled. The search widens while nothing is
    found.
    """
    frames = iter(frames)
    model = _ColourModel(next(frames), first)
    yield first
    centre = np.argwhere(first).mean(axis=0)
    diameter = max(2 * np.sqrt(np.count_nonzero(first) / np.pi), 4.0)
    reach = SEARCH_DIAMETERS * diameter
    for frame in frames:
        found, middle = _best_piece(model, frame, centre, diameter, reach)
        if middle is None:
            reach += diameter / 2
        else:
            centre, reach = middle, SEARCH_DIAMETERS * diameter
        yield found


SEARCH_DIAMETERS = 2.0
LEVELS = 32
"""Steps a channel that colours are rounded to: neighbours of one shade share a vote."""


class _ColourModel:
    """Object or background, by the nearest colour of the first frame."""

    def __init__(self, frame: Frame, mask: Mask) -> None:
        codes = _codes(frame)
        colours, place = np.unique(codes.ravel(), return_inverse=True)
        inside = np.bincount(place.ravel(), weights=mask.ravel(), minlength=len(colours))
        total = np.bincount(place.ravel(), minlength=len(colours))
        self._is_object = inside * 2 > total
        self._tree = cKDTree(_lab(colours))

    def classify(self, frame: Frame) -> Mask:
        """bool (H, W): pixels whose nearest known colour belongs to the object."""
        colours, place = np.unique(_codes(frame).ravel(), return_inverse=True)
        _, nearest = self._tree.query(_lab(colours))
        votes: Mask = self._is_object[nearest][place].reshape(frame.shape[:2])
        return votes


def _best_piece(
    model: _ColourModel, frame: Frame, centre: NDArray[np.float64], diameter: float, reach: float
) -> tuple[Mask, NDArray[np.float64] | None]:
    """The kept piece as a whole-frame mask, and its centre (row, column), or None where nothing was found."""
    found = np.zeros(frame.shape[:2], np.bool_)
    top, left = np.maximum(np.floor(centre - reach), 0).astype(int)
    bottom, right = np.ceil(centre + reach).astype(int)
    window = (slice(top, max(bottom, top + 1)), slice(left, max(right, left + 1)))
    if frame[window].size == 0:
        return found, None
    pieces, count = ndimage.label(model.classify(frame[window]), np.ones((3, 3)))
    if count == 0:
        return found, None
    numbers = np.arange(1, count + 1)
    areas = ndimage.sum_labels(pieces > 0, pieces, numbers)
    middles = np.array(ndimage.center_of_mass(pieces > 0, pieces, numbers)) + (top, left)
    distances = np.linalg.norm(middles - centre, axis=1)
    best = int(np.argmax(areas * np.exp(-distances / diameter)))
    if areas[best] < max(2.0, 0.002 * diameter**2):  # specks are noise
        return found, None
    found[window] = ndimage.binary_fill_holes(pieces == numbers[best])
    return found, middles[best]


def _codes(frame: Frame) -> NDArray[np.int64]:
    """Each pixel's colour, rounded to LEVELS a channel, as one integer (H, W)."""
    step = 256 // LEVELS
    red, green, blue = (frame[..., channel].astype(np.int64) // step for channel in range(3))
    return (red * LEVELS + green) * LEVELS + blue


def _lab(codes: NDArray[np.int64]) -> NDArray[np.float64]:
    """CIE L*a*b* (D65) of colour codes: (N,) to (N, 3)."""
    step = 256 // LEVELS
    rgb = np.stack([codes // LEVELS**2, codes // LEVELS % LEVELS, codes % LEVELS], axis=1)
    srgb = (rgb * step + step / 2) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    xyz = linear @ _RGB_TO_XYZ.T / _WHITE
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)


_RGB_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
_WHITE = np.array([0.9505, 1.0, 1.089])
