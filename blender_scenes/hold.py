"""A figure that holds a prop: its arm is bent, its hand turned and its fingers closed so that they follow the prop.

All is solved at once for every moment that a shutter looks at, from the target's own curve and spin; nothing depends
on which frame is rendered, or what was rendered before. The arm's keys lie in a track above that of the action, which
goes on moving the rest of the body.
"""

from __future__ import annotations

from math import radians

import bpy
import numpy as np
from mathutils import Euler
from numpy.typing import NDArray

from render.asset import Handle, InstalledAsset
from render.document import UserError
from render.motion import orientation, position
from render.spec import Extra, Film, Target

from .animation import Action, Part
from .ingest import Placed
from .keys import key
from .skeleton import Poser, Skeleton, about, chained, rotation, unit

Floats = NDArray[np.float64]

SLANT = 50.0
"""Degrees between a handle and the hand's own direction, at least: nobody's wrist bends further."""
TRACK = "hold"
_POLE = (0.55, -0.35, -0.8)
"""Where a right elbow goes in the chest's frame (right, ahead, up): out, back and down."""


def hold(
    extra: Extra,
    figure: Placed,
    held: InstalledAsset,
    target: Target,
    film: Film,
    frames: Floats,
    where: InstalledAsset,
) -> Floats:
    """Close a figure's hand on a target's handle; returns by how much it misses at each of `frames`, metres (N,).

    frames: when the shutter looks, Blender frames (N,). UserError where the assets have no hand, or no handle.
    """
    asset, handle = where.asset.figure, held.asset.handle
    toml = where.folder / "asset.toml"
    if asset is None:
        raise UserError(f"{toml}: figure: a figure that holds a prop needs [figure], with its grip bone")
    if handle is None:
        raise UserError(
            f"{held.folder / 'asset.toml'}: handle: a prop that is held needs [handle], where a hand closes"
        )
    armature = next((o for o in figure.root.children_recursive if o.type == "ARMATURE"), None)
    if armature is None or figure.action is None or asset.grip not in armature.data.bones:
        raise UserError(f"{toml}: figure.grip: no bone '{asset.grip}' in {where.asset.file}")
    skeleton = Skeleton.of(armature)
    chain = skeleton.up_from(asset.grip)
    if len(chain) < 5:
        raise UserError(f"{toml}: figure.grip: '{asset.grip}' must lie below hand, forearm, upper arm and shoulder")
    times = frames / film.fps
    poser = _played(figure.action, armature, skeleton, chain, times, extra)
    to_armature = _into(figure, armature, extra, times)
    middle, thumb = _handle(handle, target, times)
    trunk = _swing_along(poser, chain, to_armature, _from_root(figure, armature), middle)
    miss = grasp(poser, chain, _points(to_armature, middle), unit(_ways(to_armature, thumb)))
    for name, degrees in asset.fingers.items():
        if name in skeleton.names:
            poser.turns[name] = about((1.0, 0.0, 0.0), np.full(len(times), radians(degrees * _closing(handle))))
    _key(armature, poser, [*trunk, *chain[1:4], *(n for n in asset.fingers if n in skeleton.names)], frames)
    return miss


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


def _swing_along(
    poser: Poser, chain: tuple[str, ...], to_armature: Floats, below: Floats, middle: Floats
) -> tuple[str, ...]:
    """Let the two bones that carry the shoulder follow the hand a little: nobody swings with the arm alone.

    below: from the armature's frame into the root's (4, 4). The shoulder stays within a few centimetres.
    """
    if len(chain) < 7:
        return ()
    s, frame = poser.skeleton, below[:3, :3] / np.cbrt(np.linalg.det(below[:3, :3]))
    shoulder = poser.carried(s.index(chain[3]))[:, :3, 3]
    reach = s.lengths[s.index(chain[2])] + s.lengths[s.index(chain[3])]
    aside, ahead, up = ((_points(to_armature, middle) - shoulder) @ frame.T / reach).T
    right = np.sign((below[:3, :3] @ s.head(chain[3]) + below[:3, 3])[0])
    yaw = right * (0.30 * np.tanh(1.2 * ahead) - 0.25 * np.tanh(1.2 * right * aside))
    lean = -0.16 * np.tanh(1.5 * up)
    for name in (chain[6], chain[5]):
        poser.turn_more(name, chained(about(frame[2], yaw / 2), about(frame[0], -lean / 2)))
    return chain[6], chain[5]


def _handle(handle: Handle, target: Target, times: Floats) -> tuple[Floats, Floats]:
    """Where the handle's middle is, and the way along it to the thumb, in the world, (N, 3) each."""
    turn = rotation(orientation(target.spin, times))
    middle = position(target.curve, times) + turn @ (np.array(handle.at) * target.scale)
    return middle, turn @ unit(np.array(handle.axis, np.float64))


def _from_root(figure: Placed, armature: bpy.types.Object) -> Floats:
    """From the armature's own frame into its root's, (4, 4)."""
    below, thing = np.eye(4), armature
    while thing is not None and thing != figure.root:
        below = np.array(thing.matrix_parent_inverse) @ np.array(thing.matrix_basis) @ below
        thing = thing.parent
    return np.asarray(below)


def _into(figure: Placed, armature: bpy.types.Object, extra: Extra, times: Floats) -> Floats:
    """From the world into the armature's own frame, (N, 4, 4)."""
    root = np.zeros((len(times), 4, 4))
    root[:, :3, :3] = rotation(orientation(extra.spin, times)) * extra.scale
    root[:, :3, 3] = position(extra.curve, times)
    root[:, 3, 3] = 1.0
    return np.linalg.inv(root @ _from_root(figure, armature))


def _points(matrix_N44: Floats, points_N3: Floats) -> Floats:
    return np.einsum("nij,nj->ni", matrix_N44[:, :3, :3], points_N3) + matrix_N44[:, :3, 3]


def _ways(matrix_N44: Floats, ways_N3: Floats) -> Floats:
    return np.einsum("nij,nj->ni", matrix_N44[:, :3, :3], ways_N3)


def _played(
    action: Action, armature: bpy.types.Object, skeleton: Skeleton, chain: tuple[str, ...], times: Floats, extra: Extra
) -> Poser:
    """The poses that the action gives the bones which the hand hangs on, read from its curves."""
    poser = Poser(skeleton, len(times))
    into = (extra.action_start + extra.action_speed * times) % action.seconds
    at = action.first + into * action.fps
    for part in action.parts:
        if part.owner != armature:
            continue
        for name in chain:
            bone = armature.pose.bones[name]
            path = f'pose.bones["{name}"].'
            moves = _read(part, path + "location", 3, (0.0, 0.0, 0.0), at)
            if bone.rotation_mode == "QUATERNION":
                turns = _read(part, path + "rotation_quaternion", 4, (1.0, 0.0, 0.0, 0.0), at)
                poser.turns[name] = turns / np.linalg.norm(turns, axis=1, keepdims=True)
            elif bone.rotation_mode != "AXIS_ANGLE":
                eulers = _read(part, path + "rotation_euler", 3, (0.0, 0.0, 0.0), at)
                poser.turns[name] = np.array([Euler(e.tolist(), bone.rotation_mode).to_quaternion() for e in eulers])
            poser.moves[name] = moves
    return poser


def _read(part: Part, path: str, width: int, rest: tuple[float, ...], at: Floats) -> Floats:
    """One channel of an action at frames `at`: (N, width)."""
    table = np.tile(np.array(rest), (len(at), 1))
    for curve in part.action.fcurves:
        if curve.data_path == path:
            table[:, curve.array_index] = [curve.evaluate(frame) for frame in at]
    return table[:, :width]


def _closing(handle: Handle) -> float:
    """How far fingers close, 1 for a radius of 20 mm: around more they bend less, as chords of a larger circle do."""
    finger, flesh = 0.030, 0.011
    return float(np.arctan(finger / 2 / (handle.radius + flesh)) / np.arctan(finger / 2 / (0.020 + flesh)))


def _key(armature: bpy.types.Object, poser: Poser, names: list[str], frames: Floats) -> None:
    """Key bones in an action of their own, and lay it above what the armature plays."""
    data = armature.animation_data
    data.action = None
    for name in names:
        armature.pose.bones[name].rotation_mode = "QUATERNION"
        turns = poser.turns[name].copy()
        flips = np.cumprod(np.where((turns[1:] * turns[:-1]).sum(axis=1) < 0, -1.0, 1.0))
        key(armature, f'pose.bones["{name}"].rotation_quaternion', frames, turns * np.r_[1.0, flips][:, None])
    action, slot = data.action, data.action_slot
    data.action = None
    track = data.nla_tracks.new()
    track.name = TRACK
    strip = track.strips.new(TRACK, 0, action)
    strip.action_slot = slot
    strip.action_frame_start, strip.action_frame_end = float(frames[0]), float(frames[-1])
    strip.frame_start_raw, strip.frame_end_raw = float(frames[0]), float(frames[-1])
    strip.blend_type, strip.extrapolation = "REPLACE", "HOLD"
