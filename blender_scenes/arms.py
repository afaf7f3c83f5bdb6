"""Arms that are bent to a prop: the hand closed on its handle, or wrist and forearm inside of what is worn."""

from __future__ import annotations

from math import radians

import numpy as np
from numpy.typing import NDArray

from .skeleton import Poser, Skeleton, about, rotation, unit

Floats = NDArray[np.float64]

SLANT = 50.0
"""Degrees between a handle and the hand's own direction, at least: nobody's wrist bends further."""
GIVE = 0.06
"""Metres by which a shoulder gives way to an elbow that is told where to be."""
_POLE = (0.55, -0.35, -0.8)
"""Where a right elbow goes in the chest's frame (right, ahead, up): out, back and down."""


def grasp(poser: Poser, chain: tuple[str, ...], middle_N3: Floats, thumb_N3: Floats) -> Floats:
    """Bring the grip bone to places and ways to the thumb in the armature's frame; returns the misses, (N,).

    chain: grip, hand, forearm, upper arm, shoulder, ... The hand points as near to where the arm comes from as `SLANT`
    lets it; the handle's own axis leaves that free.
    """
    grip, hand, forearm, upper = chain[:4]
    s = poser.skeleton
    shoulder = poser.matrix(chain[4])
    joint = poser.carried(s.index(upper))[:, :3, 3]
    chest = shoulder[:, :3, :3] @ s.rest[s.index(chain[4]), :3, :3].T
    rest = np.linalg.inv(s.rest[s.index(hand)]) @ s.rest[s.index(grip)]
    right = rest[1, 0] < 0  # with Y to the thumb and Z out of the palm, a right hand's fingers lie along -X
    turn_hand = np.broadcast_to(np.eye(3), (poser.count, 3, 3))
    # A few rounds: the forearm, to which the hand is fitted, is known only when the hand is.
    along = unit(middle_N3 - joint)
    miss = np.zeros(poser.count)
    for _ in range(3):
        frame = _palm(thumb_N3, along, chest, right)
        turn_hand = frame @ rest[:3, :3].T
        wrist = middle_N3 - turn_hand @ rest[:3, 3]
        pole = chest @ (np.array(_POLE) * (1.0 if right else -1.0, 1.0, 1.0))
        miss = poser.reach(upper, forearm, wrist, pole, forwards=True)
        along = poser.matrix(forearm)[:, :3, 1]
    _twist(poser, forearm, turn_hand, s, hand)
    poser.orient(hand, turn_hand)
    return miss


def wear(poser: Poser, chain: tuple[str, ...], wrist_N3: Floats, along_N3: Floats, palm_N3: Floats) -> Floats:
    """Bring the wrist to places and the forearm to ways in the armature's frame; returns how far it misses, (N,).

    chain: as for `grasp`. The ways give the elbow its place, and the shoulder gives way by up to `GIVE` towards it, as
    a collarbone and a shoulder blade do. The ways are met exactly whatever the miss.
    """
    grip, hand, forearm, upper, shoulder = chain[:5]
    s = poser.skeleton
    rest = np.linalg.inv(s.rest[s.index(hand)]) @ s.rest[s.index(grip)]
    right = rest[1, 0] < 0
    elbow = wrist_N3 - along_N3 * s.lengths[s.index(forearm)]
    way = elbow - poser.carried(s.index(upper))[:, :3, 3]
    distance = np.linalg.norm(way, axis=1)
    lacking = distance - s.lengths[s.index(upper)]
    given = np.clip(lacking, -GIVE, GIVE)
    poser.place(shoulder, poser.matrix(shoulder)[:, :3, 3] + unit(way) * given[:, None])
    # The elbow's hinge is square to both bones; in an arm that is nearly straight the hand says where it is.
    hinge = np.cross(unit(way), along_N3) + 0.05 * (-palm_N3 if right else palm_N3)
    for name, axis in ((upper, unit(way)), (forearm, along_N3)):
        across = unit(hinge - (hinge * axis).sum(axis=1, keepdims=True) * axis)
        poser.orient(name, np.stack([across, axis, np.cross(across, axis)], axis=2))
    thumb = np.cross(along_N3, palm_N3) if right else np.cross(palm_N3, along_N3)
    turn_hand = np.stack([np.cross(thumb, palm_N3), thumb, palm_N3], axis=2) @ rest[:3, :3].T
    _twist(poser, forearm, turn_hand, s, hand)
    poser.orient(hand, turn_hand)
    return np.asarray(np.linalg.norm(poser.carried(s.index(hand))[:, :3, 3] - wrist_N3, axis=1))


def _palm(thumb: Floats, along: Floats, chest: Floats, right: bool) -> Floats:
    """Axes (N, 3, 3) of the grip bone for a handle's way to the thumb and a forearm that comes along `along`."""
    rise = (thumb * along).sum(axis=1, keepdims=True)
    across = along - rise * thumb
    flat = np.linalg.norm(across, axis=1, keepdims=True)
    aside = chest @ np.array([0.0, 1.0, 0.0])
    aside = aside - (aside * thumb).sum(axis=1, keepdims=True) * thumb
    # Where forearm and handle are nearly one line, the way the body looks says where the fingers lie.
    share = np.clip(flat / 0.35, 0, 1)
    fingers = unit(share * unit(across) + (1 - share) * unit(aside))
    # The handle lies aslant in the palm where that spares the wrist.
    most = radians(90.0 - SLANT)
    slant = np.clip(np.arctan2(rise, flat), -most, most)
    thumb, fingers = np.cos(slant) * thumb - np.sin(slant) * fingers, np.cos(slant) * fingers + np.sin(slant) * thumb
    palm = np.cross(thumb, fingers) if right else np.cross(fingers, thumb)
    return np.stack([np.cross(thumb, palm), thumb, palm], axis=2)


def _twist(poser: Poser, forearm: str, turn_hand: Floats, s: Skeleton, hand: str) -> None:
    """Let the forearm take half of the hand's turn about it, as radius and ulna do."""
    lower = poser.matrix(forearm)[:, :3, :3]
    rest = s.rest[s.index(forearm), :3, :3].T @ s.rest[s.index(hand), :3, :3]
    wanted = np.einsum("nji,njk->nik", lower, turn_hand) @ rest.T
    angle = np.unwrap(np.arctan2(wanted[:, 0, 2] - wanted[:, 2, 0], wanted[:, 0, 0] + wanted[:, 2, 2]))
    poser.orient(forearm, lower @ rotation(about((0.0, 1.0, 0.0), 0.5 * angle)))
