"""Means with honest intervals: whole clusters of clips are resampled, for twins of one shot are not independent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from render.document import Document

BOOTSTRAP_RESAMPLES = 2000
BOOTSTRAP_SEED = 20240801


class Mean(Document):
    """A mean with its bootstrap 95 % interval. `n` values from `clips` independent clips; no interval below 2 clips."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    clips: int


def mean(values: Sequence[float | None], clusters: Sequence[str]) -> Mean:
    """Mean of the values that are not None, with a percentile bootstrap interval that resamples whole clusters.

    B. Efron and R. Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13; 2000 resamples from a fixed seed,
    so that the same values give the same interval.
    """
    pairs = [(value, cluster) for value, cluster in zip(values, clusters, strict=True) if value is not None]
    if not pairs:
        return Mean(value=None, low=None, high=None, n=0, clips=0)
    kept = np.array([value for value, _ in pairs])
    names, place = np.unique([cluster for _, cluster in pairs], return_inverse=True)
    centre, count = float(kept.mean()), len(names)
    if count < 2:
        return Mean(value=centre, low=None, high=None, n=len(kept), clips=count)
    sums, sizes = np.bincount(place, weights=kept), np.bincount(place)
    drawn = np.random.default_rng(BOOTSTRAP_SEED).integers(0, count, (BOOTSTRAP_RESAMPLES, count))
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return Mean(value=centre, low=float(low), high=float(high), n=len(kept), clips=count)


def sign_flip_p(differences: Sequence[float | None], clusters: Sequence[str]) -> float | None:
    """Two-sided p-value of paired differences: how often their mean is as far from 0 when clusters' signs are tossed.

    The randomisation test of R. A. Fisher, "The Design of Experiments", 1935, chapter 3, on whole clusters; every toss
    where there are at most 2000, else so many from a fixed seed. None below two clusters.
    """
    pairs = [(value, cluster) for value, cluster in zip(differences, clusters, strict=True) if value is not None]
    names, place = np.unique([cluster for _, cluster in pairs], return_inverse=True)
    if len(names) < 2:
        return None
    sums = np.bincount(place, weights=np.array([value for value, _ in pairs]))
    if 2 ** len(names) <= BOOTSTRAP_RESAMPLES:
        signs = 1 - 2 * (np.arange(2 ** len(names))[:, None] >> np.arange(len(names)) & 1)
    else:
        tossed = np.random.default_rng(BOOTSTRAP_SEED).integers(0, 2, (BOOTSTRAP_RESAMPLES - 1, len(names)))
        signs = np.concatenate([np.ones((1, len(names)), np.int64), 1 - 2 * tossed])
    return float((np.abs(signs @ sums) >= abs(sums.sum()) - 1e-12).mean())
