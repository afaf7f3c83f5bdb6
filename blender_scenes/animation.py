"""Assets with an action of their own: their objects stay alive below the root and play it in a loop.

Nothing is baked, so rigs deform exactly at every sub-frame, and blur with the shutter. The action is put into one
looped NLA strip for everything it moves, which maps the clip's time to the artist's frames.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import bpy

from render.asset import Asset
from render.document import nearest

from .artist_file import SHAPES, Source

TRACK = "action"
_LEAST = -8.0
"""Scene frame by which the first loop must have begun: before any shutter of frame 0 opens."""
_LOOPS = 1000
"""The most that an NLA strip repeats."""


@dataclass(frozen=True)
class Part:
    """One animated datablock with the action and the slot that move it."""

    owner: bpy.types.ID
    action: bpy.types.Action
    slot: bpy.types.ActionSlot


@dataclass(frozen=True)
class Action:
    """What an asset plays: frames `first` to `last` of the artist's file (one loop; `last` looks as `first`)."""

    name: str
    first: float
    last: float
    fps: float
    parts: tuple[Part, ...]

    @property
    def seconds(self) -> float:
        """How long one loop takes at speed 1."""
        return (self.last - self.first) / self.fps

    def play(self, fps: float, start: float = 0.0, speed: float = 1.0) -> None:
        """Play it from `start` (seconds into it, at scene frame 0) at `speed` (negative: backwards, 0: held).

        `fps` is the scene's. May be called again: the last call counts.
        """
        for part in self.parts:
            still(part.owner)
            track = (part.owner.animation_data or part.owner.animation_data_create()).nla_tracks.new()
            track.name = TRACK
            strip = track.strips.new(self.name, 0, part.action)
            strip.action_slot = part.slot
            strip.blend_type, strip.extrapolation = "REPLACE", "HOLD"
            self._time(strip, fps, start, speed)

    def _time(self, strip: Any, fps: float, start: float, speed: float) -> None:
        into = start % self.seconds
        if speed == 0:
            pose = self.first + into * self.fps
            strip.action_frame_start, strip.action_frame_end = pose - 1.0, pose
            _begin(strip, 2 * _LEAST)
            return
        strip.action_frame_start, strip.action_frame_end = self.first, self.last
        strip.scale = fps / (self.fps * abs(speed))
        strip.repeat = float(_LOOPS)
        strip.use_reverse = speed < 0
        loop = self.seconds * fps / abs(speed)
        phase = -into * fps / speed  # a scene frame at which a loop begins
        _begin(strip, phase + loop * math.floor((_LEAST - phase) / loop))


def still(owner: bpy.types.ID) -> None:
    """Take the keys from a datablock; drivers stay."""
    data = owner.animation_data
    if data is not None:
        data.action = None
        while data.nla_tracks:
            data.nla_tracks.remove(data.nla_tracks[0])


def _begin(strip: Any, frame: float) -> None:
    """Move a strip, length kept, so that it begins at a scene frame."""
    length = strip.frame_end_raw - strip.frame_start_raw
    if frame < strip.frame_start_raw:
        strip.frame_start_raw, strip.frame_end_raw = frame, frame + length
    else:
        strip.frame_end_raw, strip.frame_start_raw = frame + length, frame


def found_action(source: Source, asset: Asset) -> Action | None:
    """The action that asset.toml asks for, and all that it moves; None if the file has no such."""
    parts = tuple(_parts(source, asset))
    if not parts:
        return None
    ranges = [tuple(part.action.frame_range) for part in parts]
    first, last = min(r[0] for r in ranges), max(r[1] for r in ranges)
    name = asset.action if isinstance(asset.action, str) else parts[0].action.name
    return Action(name, first, last, source.fps, parts)


def action_faults(source: Source, asset: Asset) -> list[str]:
    """What is wrong with an asset that asks for an action, one line each."""
    if not asset.action:
        return []
    known = sorted({_title(block) for block in source.of_type(bpy.types.Action)})
    lines = []
    action = found_action(source, asset)
    if action is None and isinstance(asset.action, str) and asset.action not in known:
        lines.append(f"action: no '{asset.action}' in {asset.file}{nearest(asset.action, known)}")
    elif action is None:
        lines.append(f"action: nothing that {asset.file} shows is animated by keys; leave action out, or bake to keys")
    elif action.last - action.first < 1e-3:
        lines.append(f"action: '{action.name}' has keys at one frame only; a loop needs a first and a last frame")
    for thing in source.objects:
        if thing.instance_type != "NONE":
            lines.append(
                f"object '{thing.name}' is an instancer, which can't stay animated; make it real "
                "(Object > Apply > Make Instances Real)"
            )
        simulated = [m.type.lower().replace("_", " ") for m in thing.modifiers if m.type in _SIMULATED]
        if thing.rigid_body:
            simulated.append("rigid body")
        for kind in simulated:
            lines.append(
                f"object '{thing.name}' is simulated ({kind}), which depends on earlier frames; bake it to keys"
            )
    return lines


_SIMULATED = ("CLOTH", "SOFT_BODY", "FLUID", "DYNAMIC_PAINT", "PARTICLE_SYSTEM", "EXPLODE", "OCEAN")


def moving_things(source: Source) -> list[bpy.types.Object]:
    """The named objects, and all that they hang on: parents, constraints' targets, what modifiers and drivers read."""
    fresh = {block.session_uid for block in source.datablocks}
    uses: dict[bpy.types.ID, set[bpy.types.ID]] = {}
    for used, users in bpy.data.user_map().items():
        for user in users:
            uses.setdefault(user, set()).add(used)
    reached, waiting = dict.fromkeys(source.objects), list(source.objects)
    seen = {thing.session_uid for thing in waiting}
    while waiting:
        for block in uses.get(waiting.pop(), ()):
            if block.session_uid in fresh and block.session_uid not in seen and not isinstance(block, _CONTAINERS):
                seen.add(block.session_uid)
                waiting.append(block)
                if isinstance(block, bpy.types.Object):
                    reached[block] = None
    return list(reached)


_CONTAINERS = (bpy.types.Scene, bpy.types.Collection, bpy.types.World, bpy.types.Library)


def is_shown(thing: bpy.types.Object, source: Source, asset: Asset) -> bool:
    """Whether an animated object is in the picture, not only something that others hang on."""
    kinds = (*SHAPES, "LIGHT") if asset.kind == "set" else SHAPES
    return thing in source.objects and thing.type in kinds and not thing.hide_render


def _parts(source: Source, asset: Asset) -> Iterator[Part]:
    things = moving_things(source)
    rigs = [thing for thing in things if thing.type == "ARMATURE"]
    for owner in owners(things):
        data = owner.animation_data
        if asset.action is True:
            if data and data.action and data.action_slot:
                yield Part(owner, data.action, data.action_slot)
            elif strip := next(_strips(data, muted=not asset.file.lower().endswith(".blend")), None):
                yield Part(owner, strip.action, strip.action_slot)  # glTF: all but a file's first animation are muted
            continue
        for action in source.of_type(bpy.types.Action):
            if asset.action in (action.name, _title(action)) and (slot := _slot(owner, action, rigs == [owner])):
                yield Part(owner, action, slot)
                break


def owners(things: Iterable[bpy.types.Object]) -> Iterator[bpy.types.ID]:
    """Everything of some objects that keys may move, each once: themselves, their data, shape keys and materials."""
    seen = set()
    for thing in things:
        data = thing.data
        materials = [slot.material for slot in thing.material_slots if slot.material]
        trees = [material.node_tree for material in materials if material.node_tree]
        for owner in (thing, data, getattr(data, "shape_keys", None), *materials, *trees):
            if owner is not None and owner.as_pointer() not in seen:
                seen.add(owner.as_pointer())
                yield owner


def _slot(owner: bpy.types.ID, action: bpy.types.Action, only_rig: bool) -> bpy.types.ActionSlot | None:
    """The slot of a named action that moves `owner`: the one it uses, or of its name, or the only rig's only one."""
    data = owner.animation_data
    if data and data.action == action and data.action_slot:
        return data.action_slot
    for strip in _strips(data, muted=True):
        if strip.action == action and strip.action_slot:
            return strip.action_slot
    fitting = [slot for slot in action.slots if slot.target_id_type in (owner.id_type, "UNSPECIFIED")]
    named = [slot for slot in fitting if slot.name_display.partition("|")[0] == owner.name]
    if named:
        return named[0]
    return fitting[0] if only_rig and len(fitting) == 1 else None


def _title(action: bpy.types.Action) -> str:
    """The artist's name of an action: FBX files put those of objects in front (`Rig|Rig|Walk`)."""
    return action.name.rpartition("|")[2]


def _strips(data: Any, muted: bool = False) -> Iterator[Any]:
    for track in data.nla_tracks if data else ():
        for strip in track.strips:
            if strip.action and (muted or not (track.mute or strip.mute)):
                yield strip
