"""A figure that holds or wears a prop: its arm is bent, its hand turned, its fingers closed so that they follow it.

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
from .arms import grasp, wear
from .ingest import Placed
from .keys import key
from .skeleton import Poser, Skeleton, about, chained, rotation, unit

Floats = NDArray[np.float64]

WORN_SWAY = 0.35
"""How far the trunk follows an arm whose shoulder must stay near its place, as a share of how far it else does."""
TRACK = "hold"


def hold(
    extra: Extra,
    figure: Placed,
    held: InstalledAsset,
    target: Target,
    film: Film,
    frames: Floats,
    where: InstalledAsset,
) -> Floats:
    """Close a figure's hand on a target's handle, or put its arm into what is worn.

    Returns by how much handle or wrist are missed at each of `frames`, in the armature's metres, (N,).

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
    middle, axis, palm = _handle(handle, target, times)
    trunk = _swing_along(poser, chain, to_armature, _from_root(figure, armature), middle, handle)
    place, way = _points(to_armature, middle), unit(_ways(to_armature, axis))
    if handle.worn:
        miss = wear(poser, chain, place, way, unit(_ways(to_armature, palm)))
        armature.pose.bones[chain[1]].scale = (handle.hand,) * 3
    else:
        miss = grasp(poser, chain, place, way)
    closed = _closing(handle)
    for name, degrees in asset.fingers.items():
        if name in skeleton.names:
            poser.turns[name] = about((1.0, 0.0, 0.0), np.full(len(times), radians(degrees * closed)))
    turned = [*trunk, *chain[1:4], *(n for n in asset.fingers if n in skeleton.names)]
    _key(armature, poser, turned, (chain[4],) if handle.worn else (), frames)
    return miss


def _swing_along(
    poser: Poser, chain: tuple[str, ...], to_armature: Floats, below: Floats, middle: Floats, handle: Handle
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
    share = WORN_SWAY if handle.worn else 1.0
    yaw = share * right * (0.30 * np.tanh(1.2 * ahead) - 0.25 * np.tanh(1.2 * right * aside))
    lean = share * -0.16 * np.tanh(1.5 * up)
    for name in (chain[6], chain[5]):
        poser.turn_more(name, chained(about(frame[2], yaw / 2), about(frame[0], -lean / 2)))
    return chain[6], chain[5]


def _handle(handle: Handle, target: Target, times: Floats) -> tuple[Floats, Floats, Floats]:
    """Where the handle is, the way along it, and which way the palm looks (zero: any), in the world, (N, 3) each."""
    turn = rotation(orientation(target.spin, times))
    middle = position(target.curve, times) + turn @ (np.array(handle.at) * target.scale)
    palm = np.array(handle.palm or (0.0, 0.0, 0.0), np.float64)
    return middle, turn @ unit(np.array(handle.axis, np.float64)), turn @ unit(palm)


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
    if handle.worn:
        return handle.fingers
    finger, flesh = 0.030, 0.011
    return float(np.arctan(finger / 2 / (handle.radius + flesh)) / np.arctan(finger / 2 / (0.020 + flesh)))


def _key(armature: bpy.types.Object, poser: Poser, names: list[str], moved: tuple[str, ...], frames: Floats) -> None:
    """Key how bones turn, and where some are moved to, in an action of their own above what the armature plays."""
    data = armature.animation_data
    data.action = None
    for name in names:
        armature.pose.bones[name].rotation_mode = "QUATERNION"
        turns = poser.turns[name].copy()
        flips = np.cumprod(np.where((turns[1:] * turns[:-1]).sum(axis=1) < 0, -1.0, 1.0))
        key(armature, f'pose.bones["{name}"].rotation_quaternion', frames, turns * np.r_[1.0, flips][:, None])
    for name in moved:
        key(armature, f'pose.bones["{name}"].location', frames, poser.moves[name])
    action, slot = data.action, data.action_slot
    data.action = None
    track = data.nla_tracks.new()
    track.name = TRACK
    strip = track.strips.new(TRACK, 0, action)
    strip.action_slot = slot
    strip.action_frame_start, strip.action_frame_end = float(frames[0]), float(frames[-1])
    strip.frame_start_raw, strip.frame_end_raw = float(frames[0]), float(frames[-1])
    strip.blend_type, strip.extrapolation = "REPLACE", "HOLD"
