"""Poses of an armature in NumPy: forward kinematics, and limbs that reach for a point by the law of cosines.

An armature's own frame is meant throughout: metres of its file, at rest the bone's Y axis along it. N poses at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from render.motion import quaternion_product, rotate

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Skeleton:
    """Bones at rest: names and parents (-1 for none), parents first; rest (B, 4, 4); lengths (B,) to the tail."""

    names: tuple[str, ...]
    parents: tuple[int, ...]
    rest: Floats
    lengths: Floats

    @classmethod
    def of(cls, armature: Any) -> Skeleton:
        """The skeleton of an armature object; Blender lists bones parents first."""
        bones = list(armature.data.bones)
        order = {bone.name: number for number, bone in enumerate(bones)}
        parents = tuple(order[bone.parent.name] if bone.parent else -1 for bone in bones)
        rest = np.array([bone.matrix_local for bone in bones], np.float64)
        return cls(tuple(order), parents, rest, np.array([bone.length for bone in bones], np.float64))

    def index(self, name: str) -> int:
        return self.names.index(name)

    def head(self, name: str) -> Floats:
        """Where a bone begins at rest, (3,)."""
        return np.asarray(self.rest[self.index(name), :3, 3])

    def up_from(self, name: str) -> tuple[str, ...]:
        """The bone and its ancestors, from it to the root."""
        found, i = [], self.index(name)
        while i >= 0:
            found.append(self.names[i])
            i = self.parents[i]
        return tuple(found)


class Poser:
    """N poses of a skeleton under construction: what each bone adds to its rest, (w, x, y, z) and metres."""

    def __init__(self, skeleton: Skeleton, count: int) -> None:
        self.skeleton, self.count = skeleton, count
        self.turns: dict[str, Floats] = {}
        self.moves: dict[str, Floats] = {}

    def matrix(self, name: str) -> Floats:
        """A bone's posed frame, (N, 4, 4)."""
        s, i = self.skeleton, self.skeleton.index(name)
        base = self.carried(i)
        own = np.zeros((self.count, 4, 4))
        own[:, 3, 3] = 1.0
        own[:, :3, :3] = rotation(self.turns[name]) if name in self.turns else np.eye(3)
        own[:, :3, 3] = self.moves.get(s.names[i], np.zeros(3))
        return base @ own

    def carried(self, i: int) -> Floats:
        """A bone's frame as its parent carries it, (N, 4, 4)."""
        s, parent = self.skeleton, self.skeleton.parents[i]
        if parent < 0:
            return np.broadcast_to(s.rest[i], (self.count, 4, 4))
        return self.matrix(s.names[parent]) @ (np.linalg.inv(s.rest[parent]) @ s.rest[i])

    def place(self, name: str, at: ArrayLike) -> None:
        """Move a bone so that it begins at (N, 3)."""
        base = self.carried(self.skeleton.index(name))
        self.moves[name] = np.einsum(
            "nji,nj->ni", base[:, :3, :3], np.broadcast_to(at, (self.count, 3)) - base[:, :3, 3]
        )

    def orient(self, name: str, axes_N33: Floats) -> None:
        """Turn a bone so that its axes are the columns of rotations (N, 3, 3)."""
        base = self.carried(self.skeleton.index(name))[:, :3, :3]
        self.turns[name] = quaternions(np.einsum("nji,njk->nik", base, axes_N33))

    def turn_from_rest(self, name: str, turn: ArrayLike) -> None:
        """Turn a bone from its rest attitude in the armature's frame by quaternions (N, 4), whatever its parents do."""
        rest = self.skeleton.rest[self.skeleton.index(name), :3, :3]
        self.orient(name, rotation(np.broadcast_to(np.asarray(turn, np.float64), (self.count, 4))) @ rest)

    def turn_more(self, name: str, turn: ArrayLike) -> None:
        """Turn a bone from where its parents carry it, about the armature's axes, by quaternions (N, 4)."""
        base = self.carried(self.skeleton.index(name))[:, :3, :3]
        self.orient(name, rotation(np.broadcast_to(np.asarray(turn, np.float64), (self.count, 4))) @ base)

    def reach(self, upper: str, lower: str, goal_N3: ArrayLike, pole_N3: ArrayLike, forwards: bool) -> Floats:
        """Bend a limb so that `lower` ends at the goal, its joint towards the pole; returns how far it misses, (N,).

        `forwards`: whether the joint's flexion turns the lower bone towards its own +Z (elbows) or -Z (knees).
        """
        s = self.skeleton
        root = self.carried(s.index(upper))[:, :3, 3]
        a, b = s.lengths[s.index(upper)], s.lengths[s.index(lower)]
        way = np.broadcast_to(goal_N3, (self.count, 3)) - root
        distance = np.linalg.norm(way, axis=1)
        d = np.clip(distance, abs(a - b) + 1e-4, (a + b) * 0.9995)
        u = way / np.maximum(distance, 1e-9)[:, None]
        pole = np.broadcast_to(pole_N3, (self.count, 3))
        e = unit(pole - (pole * u).sum(axis=1, keepdims=True) * u)
        cosine = (a * a + d * d - b * b) / (2 * a * d)
        joint = root + u * (a * cosine)[:, None] + e * (a * np.sqrt(np.maximum(1 - cosine**2, 0)))[:, None]
        hinge = np.cross(e, u) if forwards else np.cross(u, e)
        end = root + u * d[:, None]
        for name, start, stop in ((upper, root, joint), (lower, joint, end)):
            along = unit(stop - start)
            self.orient(name, np.stack([hinge, along, np.cross(hinge, along)], axis=2))
        return np.asarray(np.abs(distance - d))


def unit(vectors: Floats) -> Floats:
    """Vectors (..., 3) at length one."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12))


def about(axis: ArrayLike, angle: ArrayLike) -> Floats:
    """Quaternions (N, 4) that turn about one axis (3,) by angles (N,) in radians."""
    half = 0.5 * np.atleast_1d(np.asarray(angle, np.float64))
    direction = unit(np.asarray(axis, np.float64))
    return np.concatenate([np.cos(half)[:, None], np.sin(half)[:, None] * direction], axis=1)


def chained(*turns: Floats) -> Floats:
    """The product of quaternions (N, 4): the last one turns first."""
    whole = turns[0]
    for turn in turns[1:]:
        whole = quaternion_product(whole, turn)
    return whole


def rotation(quaternions_N4: ArrayLike) -> Floats:
    """Rotation matrices (N, 3, 3) of unit quaternions (N, 4)."""
    q = np.asarray(quaternions_N4, np.float64)
    return np.stack([rotate(q, axis) for axis in np.eye(3)], axis=-1)


def quaternions(matrices_N33: Floats) -> Floats:
    """Unit quaternions (N, 4), w >= 0, of rotations (N, 3, 3), by Shepperd's choice of the greatest component."""
    m = np.asarray(matrices_N33, np.float64)
    xx, yy, zz = m[:, 0, 0], m[:, 1, 1], m[:, 2, 2]
    four = np.stack([1 + xx + yy + zz, 1 + xx - yy - zz, 1 - xx + yy - zz, 1 - xx - yy + zz], axis=1)
    wx, wy, wz = m[:, 2, 1] - m[:, 1, 2], m[:, 0, 2] - m[:, 2, 0], m[:, 1, 0] - m[:, 0, 1]
    xy, xz, yz = m[:, 0, 1] + m[:, 1, 0], m[:, 0, 2] + m[:, 2, 0], m[:, 1, 2] + m[:, 2, 1]
    rows = np.stack(
        [
            np.stack([four[:, 0], wx, wy, wz], axis=1),
            np.stack([wx, four[:, 1], xy, xz], axis=1),
            np.stack([wy, xy, four[:, 2], yz], axis=1),
            np.stack([wz, xz, yz, four[:, 3]], axis=1),
        ],
        axis=1,
    )
    best = rows[np.arange(len(m)), four.argmax(axis=1)]
    best = best / np.linalg.norm(best, axis=1, keepdims=True)
    return np.asarray(np.where(best[:, :1] < 0, -best, best))
