"""Fit a proxy to a mesh: few solids whose silhouettes agree with its own from all around (pure NumPy).

Boxes are split where that takes most off their surface (a convex body's mean silhouette is a quarter of its surface,
Cauchy 1841), then made round and trimmed while the silhouettes agree better. What has holes all over gets opacity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ...asset import Solid
from .bodies import enter

Floats = NDArray[np.float64]
Round = Literal["no", "x", "y", "z", "all"]
ROUNDS: tuple[Round, ...] = ("no", "x", "y", "z", "all")
GRID = 72
SOLID = 0.88
"""A solid that hides at least this share of what lies behind its outline is taken as opaque."""
WORTH = 0.015
"""A further box must take at least this share off the surface."""
IDLE = 0.006
"""A part without which the agreement falls by less is left out."""
THINNEST = 0.004
"""Metres: flat things are given this thickness."""


@dataclass(frozen=True)
class _Part:
    """A box's corners as (2, 3), and how it is rounded."""

    box: Floats
    round: Round = "no"
    opacity: float = 1.0

    def solid(self) -> Solid:
        (x0, y0, z0), (x1, y1, z1) = self.box.tolist()
        return Solid(low=(x0, y0, z0), high=(x1, y1, z1), round=self.round, opacity=self.opacity)


def fit(triangles_T33: Floats, most: int = 6) -> tuple[tuple[Solid, ...], float]:
    """At most `most` solids for a mesh's triangles in metres, and how well the silhouettes agree.

    Agreement is the sum of the lesser over the sum of the greater of the two silhouettes, pixel by pixel (IoU where
    both are opaque), in views from all around, those from the side counted twice. The same mesh gives the same proxy.
    """
    points_N3 = _spread(triangles_T33, 400_000)
    views = [_View(points_N3, way) for way in _ways()]
    parts = [_Part(box) for box in _split(points_N3[::8], most)]
    parts = _best(parts, views)
    parts = [replace(part, box=_tidy(part.box)) for part in parts]
    return tuple(part.solid() for part in parts), _agreement(parts, views)


def agreement(solids: Sequence[Solid], triangles_T33: Floats) -> float:
    """How well the silhouettes of `solids` agree with a mesh's, 0 to 1, as `fit` measures it."""
    points_N3 = _spread(triangles_T33, 400_000)
    parts = [_Part(np.array([solid.low, solid.high]), solid.round, solid.opacity) for solid in solids]
    return _agreement(parts, [_View(points_N3, way) for way in _ways()])


def _spread(triangles_T33: Floats, count: int) -> Floats:
    """Points (count, 3) spread evenly over the triangles, the same each time."""
    edges = triangles_T33[:, 1:] - triangles_T33[:, :1]
    area_T = np.linalg.norm(np.cross(edges[:, 0], edges[:, 1]), axis=1)
    place_N = (np.arange(count) + 0.5) / count * area_T.sum()
    which_N = np.minimum(np.searchsorted(np.cumsum(area_T), place_N), len(area_T) - 1)
    u_N, v_N = (np.arange(count) * 0.7548776662466927) % 1.0, (np.arange(count) * 0.5698402909980532) % 1.0
    over_N = u_N + v_N > 1  # R2 sequence (Roberts 2018), folded into the triangle
    u_N, v_N = np.where(over_N, 1 - u_N, u_N), np.where(over_N, 1 - v_N, v_N)
    first = triangles_T33[which_N, 0]
    return np.asarray(first + u_N[:, None] * edges[which_N, 0] + v_N[:, None] * edges[which_N, 1])


def _split(points_N3: Floats, most: int) -> list[Floats]:
    """Boxes (2, 3) around groups of the points, by greedy cuts across the axes."""
    groups = [points_N3]
    while len(groups) < most:
        best: tuple[float, int, NDArray[np.bool_]] | None = None
        for number, group in enumerate(groups):
            box = _bounds(group)
            for axis in range(3):
                for share in np.linspace(0.08, 0.92, 22):
                    below_N = group[:, axis] < box[0, axis] + share * (box[1, axis] - box[0, axis])
                    if below_N.all() or not below_N.any():
                        continue
                    gain = _surface(box) - _surface(_bounds(group[below_N])) - _surface(_bounds(group[~below_N]))
                    gain += 2 * _face(box, axis)  # where the two halves touch nothing is seen
                    if best is None or gain > best[0]:
                        best = gain, number, below_N
        whole = sum(_surface(_bounds(group)) for group in groups)
        if best is None or best[0] < WORTH * whole:
            break
        _, number, below_N = best
        group = groups.pop(number)
        groups += [group[below_N], group[~below_N]]
    return [_tidy(_bounds(group)) for group in groups]


def _best(parts: list[_Part], views: list[_View]) -> list[_Part]:
    """Rounded, made see-through and trimmed, one change at a time, while the silhouettes agree better."""
    score = _agreement(parts, views)
    for step in (0.0, 0.08, 0.0, 0.04, 0.02):
        parts, score = _pruned(parts, views)
        for number in range(len(parts)):
            for change in _changes(parts[number], step):
                trial = [*parts[:number], change, *parts[number + 1 :]]
                if (found := _agreement(trial, views)) > score + 1e-4:
                    parts, score = trial, found
        for number, part in enumerate(parts):
            veiled = [*parts[:number], replace(part, opacity=_opacity(number, parts, views)), *parts[number + 1 :]]
            if (found := _agreement(veiled, views)) > score:
                parts, score = veiled, found
    return _pruned(parts, views)[0]


def _pruned(parts: list[_Part], views: list[_View]) -> tuple[list[_Part], float]:
    """Without the parts that hardly anything is lost with."""
    score = _agreement(parts, views)
    while len(parts) > 1:
        trials = [[*parts[:number], *parts[number + 1 :]] for number in range(len(parts))]
        found = [_agreement(trial, views) for trial in trials]
        best = int(np.argmax(found))
        if found[best] < score - IDLE:
            break
        parts, score = trials[best], found[best]
    return parts, score


def _changes(part: _Part, step: float) -> list[_Part]:
    """What to try with one part: every rounding, or each of its six sides moved in and out."""
    if step == 0.0:
        return [replace(part, round=kind) for kind in ROUNDS]
    changes = []
    for side in range(2):
        for axis in range(3):
            for sign in (-1.0, 1.0):
                box = part.box.copy()
                box[side, axis] += sign * step * (box[1, axis] - box[0, axis])
                changes.append(replace(part, box=box))
    return changes


def _opacity(number: int, parts: list[_Part], views: list[_View]) -> float:
    """The share of the mesh's silhouette inside one part's own, where no other part is."""
    inside = filled = 0.0
    for view in views:
        alone = view.met(parts[number])
        for other, part in enumerate(parts):
            alone = alone & ~view.met(part) if other != number else alone
        inside += float(alone.sum())
        filled += float(view.mesh[alone].sum())
    if inside == 0:
        return parts[number].opacity
    return 1.0 if filled / inside >= SOLID else round(filled / inside, 2)


def _agreement(parts: list[_Part], views: list[_View]) -> float:
    both = either = 0.0
    for view in views:
        shown = view.shown(parts)
        both += view.weight * float(np.minimum(shown, view.mesh).sum())
        either += view.weight * float(np.maximum(shown, view.mesh).sum())
    return both / max(either, 1e-12)


class _View:
    """Parallel lines of sight along one direction, and the mesh's silhouette (K,) among them."""

    def __init__(self, points_N3: Floats, way: Floats) -> None:
        side = np.cross(way, [0.0, 0.0, 1.0] if abs(way[2]) < 0.9 else [0.0, 1.0, 0.0])
        side /= np.linalg.norm(side)
        plane = np.stack([side, np.cross(side, way)])
        flat_N2 = points_N3 @ plane.T
        low = flat_N2.min(axis=0)
        self.cell = float((flat_N2.max(axis=0) - low).max()) / GRID
        low = low - 4 * self.cell
        count = GRID + 8
        place_N2 = np.minimum(((flat_N2 - low) / self.cell).astype(int), count - 1)
        mesh = np.zeros((count, count))
        mesh[place_N2[:, 0], place_N2[:, 1]] = 1.0
        self.mesh = mesh.ravel()
        centre = low + (np.stack(np.meshgrid(np.arange(count), np.arange(count), indexing="ij"), -1) + 0.5) * self.cell
        far = float(np.linalg.norm(points_N3, axis=1).max()) * 2
        self.from_K3 = centre.reshape(-1, 2) @ plane - way * far
        self.way_K3 = np.broadcast_to(way, self.from_K3.shape)
        self.weight = (2.0 if abs(way[2]) < 0.5 else 1.0) * self.cell**2
        self._known: dict[tuple[bytes, Round], NDArray[np.bool_]] = {}

    def met(self, part: _Part) -> NDArray[np.bool_]:
        key = part.box.tobytes(), part.round
        if key not in self._known:
            self._known[key] = np.isfinite(enter(part.solid(), self.from_K3, self.way_K3))
        return self._known[key]

    def shown(self, parts: list[_Part]) -> Floats:
        """How opaque the parts are along each line."""
        open_K = np.ones(len(self.mesh))
        for part in parts:
            open_K = np.where(self.met(part), open_K * (1 - part.opacity), open_K)
        return 1 - open_K


def _ways() -> list[Floats]:
    """Directions to look along: the axes, and between them (opposite ones show the same)."""
    ways = [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, -1, 0), (2, 0, 1), (0, 2, 1), (-2, 0, 1), (0, -2, 1)]
    ways += [(1, 1, 1), (-1, 1, 1), (1, -1, 1), (-1, -1, 1)]
    return [np.array(way, np.float64) / np.linalg.norm(way) for way in ways]


def _bounds(points_N3: Floats) -> Floats:
    return np.stack([points_N3.min(axis=0), points_N3.max(axis=0)])


def _tidy(box: Floats) -> Floats:
    """Millimetres, and nothing thinner than `THINNEST`."""
    middle, half = box.mean(axis=0), np.maximum((box[1] - box[0]) / 2, THINNEST / 2)
    return np.round(np.stack([middle - half, middle + half]), 3)


def _surface(box: Floats) -> float:
    x, y, z = box[1] - box[0]
    return float(2 * (x * y + y * z + z * x))


def _face(box: Floats, axis: int) -> float:
    size = np.delete(box[1] - box[0], axis)
    return float(size[0] * size[1])
