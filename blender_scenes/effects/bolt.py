"""The shape of a lightning bolt and how it flickers: fractal, seeded, the same on every machine (NumPy only).

The channel is a midpoint-displaced line (Fournier, Fussell and Carpenter, "Computer rendering of stochastic models",
1982); branches are smaller channels that leave it at an angle, thin out and end in the air. Brightness follows real
lightning: a few return strokes down the same channel, each a jump and an exponential decay.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from render.spec import Strike

Floats = NDArray[np.float64]

_ROUGHNESS = 0.21
"""How far a midpoint strays, as a share of its segment's length (standard deviation over both directions)."""


@dataclass(frozen=True)
class Channel:
    """A polyline (N, 3) with, at each point, its thickness (N,) and brightness (N,) relative to the main channel's."""

    points: Floats
    thickness: Floats
    brightness: Floats


def channels(seed: int, length: float, reach_here: float, reach_there: float) -> list[Channel]:
    """A bolt from (0, 0, 0) to (0, 0, length), metres: the main channel, its branches, and tendrils round the tip.

    Tendrils are short arcs that crawl within `reach_here` metres of the start and `reach_there` of the tip, over the
    prop that is struck; there are none where that is 0.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    start, tip = np.zeros(3), np.array([0.0, 0.0, length])
    trunk_N3 = _displaced(rng, start, tip, levels=7)
    count = len(trunk_N3)
    trunk = Channel(trunk_N3, np.linspace(1.0, 0.75, count), np.linspace(0.9, 1.0, count))
    found = [trunk]
    for along in np.sort(rng.uniform(0.12, 0.88, rng.integers(5, 8))):
        found += _branch(rng, trunk, along, length * (1 - along) * rng.uniform(0.35, 0.8), depth=2)
    for place, reach in ((start, reach_here), (tip, reach_there)):
        if reach:
            found += [_tendril(rng, place, reach) for _ in range(rng.integers(4, 7))]
    return found


def flicker(strike: Strike, times_N: Floats) -> Floats:
    """Brightness 0..1 (N,) of a strike of strength 1 at `times_N` (s): 0 before it, 1 as it hits, 0 when it is over."""
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([strike.seed, 1])))
    share_N = (times_N - strike.time) / strike.duration
    strokes = np.concatenate([[0.0], np.sort(rng.uniform(0.12, 0.75, rng.integers(2, 5)))])
    peaks = np.concatenate([[1.0], rng.uniform(0.45, 0.95, len(strokes) - 1)])
    since_NK = share_N[:, None] - strokes
    decay_NK = np.exp(-np.maximum(since_NK, 0) / 0.16) * (since_NK >= 0)
    level_N = np.max(peaks * decay_NK, axis=1) * (1 - np.clip(share_N, 0, 1) ** 4)
    return np.where((share_N >= 0) & (share_N < 1), level_N, 0.0)


def wandering(rng: np.random.Generator, count: int) -> Floats:
    """A jagged wander (count, 3), about ±1, that starts and ends at 0; `count` is a power of two and one, or less."""
    levels = int(np.ceil(np.log2(max(count - 1, 2))))
    return _displaced(rng, np.zeros(3), np.zeros(3), levels, size=4.0)[np.linspace(0, 2**levels, count).astype(int)]


def _branch(rng: np.random.Generator, parent: Channel, along: float, length: float, depth: int) -> list[Channel]:
    """A branch that leaves `parent` at the share `along` of its points, and that branch's own branches."""
    index = int(along * (len(parent.points) - 1))
    root = parent.points[index]
    ahead = parent.points[min(index + 12, len(parent.points) - 1)] - root
    direction = _tilted(rng, ahead, rng.uniform(0.35, 0.95))
    points_N3 = _displaced(rng, root, root + direction * length, levels=6 if depth == 2 else 5)
    fade_N = np.linspace(1.0, 0.0, len(points_N3))
    strength = 0.62 if depth == 2 else 0.7
    thickness_N = parent.thickness[index] * strength * np.sqrt(fade_N)
    brightness_N = parent.brightness[index] * strength * fade_N**0.7
    branch = Channel(points_N3, thickness_N, brightness_N)
    found = [branch]
    if depth > 0:
        for fork in np.sort(rng.uniform(0.2, 0.8, rng.integers(1, 3))):
            found += _branch(rng, branch, fork, length * (1 - fork) * rng.uniform(0.4, 0.9), depth - 1)
    return found


def _tendril(rng: np.random.Generator, tip: Floats, reach: float) -> Channel:
    """A thin arc that jumps out of the prop at the tip, crawls round it at about `reach` metres and falls back in."""
    out = _unit(rng.normal(size=3))
    side = _unit(np.cross(out, rng.normal(size=3)))
    count = 33
    angle_N1 = np.linspace(0, rng.uniform(0.8, 1.8), count)[:, None]
    hug_N1 = np.sin(np.linspace(0.15, np.pi - 0.15, count))[:, None] ** 0.35
    arc_N3 = reach * rng.uniform(0.8, 1.15) * hug_N1 * (np.cos(angle_N1) * out + np.sin(angle_N1) * side)
    wander_N3 = _displaced(rng, np.zeros(3), np.zeros(3), levels=5, size=1.2 * reach)
    fade_N = np.sin(np.linspace(0.1, np.pi - 0.1, count))
    return Channel(tip + arc_N3 + wander_N3, 0.35 * np.sqrt(fade_N), 0.6 * np.sqrt(fade_N))


def _displaced(rng: np.random.Generator, start: Floats, end: Floats, levels: int, size: float | None = None) -> Floats:
    """2^levels + 1 points from `start` to `end` by midpoint displacement; `size` stands in for the length."""
    points_N3 = np.stack([start, end])
    stray = _ROUGHNESS * (float(np.linalg.norm(end - start)) if size is None else size)
    for _ in range(levels):
        middle_N3 = (points_N3[:-1] + points_N3[1:]) / 2
        middle_N3 = middle_N3 + rng.normal(scale=stray * 0.5, size=middle_N3.shape)
        merged_N3 = np.empty((2 * len(points_N3) - 1, 3))
        merged_N3[0::2], merged_N3[1::2] = points_N3, middle_N3
        points_N3 = merged_N3
        stray *= 0.55  # 2^-H with H = 0.86: a little smoother than halving, as photographs show
    return points_N3


def _tilted(rng: np.random.Generator, direction: Floats, angle: float) -> Floats:
    """The unit vector at `angle` radians from `direction`, to a random side."""
    forward = _unit(direction)
    side = _unit(np.cross(forward, rng.normal(size=3)))
    return np.asarray(np.cos(angle) * forward + np.sin(angle) * side)


def _unit(vector: Floats) -> Floats:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12))
