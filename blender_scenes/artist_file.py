"""Opens an artist's file in a scratch scene, without running anything it brings along."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

from render.asset import InstalledAsset
from render.document import UserError, nearest

from .importers import imported, strays

SHAPES = ("MESH", "CURVE", "SURFACE", "FONT", "META")
"""Object types that bake to a mesh."""


@dataclass(frozen=True)
class Source:
    """What an artist's file brought in: every datablock that is new, and the objects that asset.toml names."""

    folder: Path
    scene: bpy.types.Scene
    objects: tuple[bpy.types.Object, ...]
    datablocks: tuple[bpy.types.ID, ...]
    fps: float
    """Frames a second that the file's own animation is meant for."""

    def of_type(self, kind: Any) -> list[Any]:
        """The new datablocks of one Blender type."""
        return [block for block in self.datablocks if isinstance(block, kind)]

    def materials(self) -> dict[str, bpy.types.Material]:
        """The materials that the named objects wear (through collection instances too), by name."""
        found: dict[str, bpy.types.Material] = {}
        for thing in _with_instanced(self.objects):
            for slot in thing.material_slots:
                if slot.material:
                    found[slot.material.name] = slot.material
            for modifier in thing.modifiers:
                if modifier.type == "NODES":
                    found |= {block.name: block for block in self.of_type(bpy.types.Material)}
        return found


@contextmanager
def opened(installed: InstalledAsset) -> Iterator[Source]:
    """Append what `installed` names into a scratch scene; on leaving, remove all of it that nothing else came to use.

    UserError when the file can't be read or holds no such collection or object.
    """
    before = {block.session_uid for block in _all_datablocks()}
    scene = bpy.data.scenes.new("artist file")
    try:
        objects, fps = _append(installed, scene)
        for thing in _with_instanced(objects):
            _show_as_rendered(thing)
        fresh = tuple(b for b in _all_datablocks() if b.session_uid not in before and b != scene)
        yield Source(installed.folder, scene, tuple(objects), fresh, fps)
    finally:
        _remove([block for block in _all_datablocks() if block.session_uid not in before])


def shape_of(instance: bpy.types.DepsgraphObjectInstance) -> tuple[object, ...]:
    """Equal for things of one shape in one dress, which then share a mesh: a wood of four trees is four meshes."""
    shown = instance.object
    if instance.is_instance:
        return shown.original.session_uid, shown.data.as_pointer()
    plain = not shown.modifiers and all(slot.link == "DATA" for slot in shown.material_slots)
    return (shown.original.data.session_uid,) if plain else (shown.original.session_uid, "own")


def kept(block: bpy.types.ID) -> None:
    """Mark a datablock made while a file is open as ours, so that closing the file leaves it alone."""
    block[_KEPT] = True


_KEPT = "heroprop_kept"


def _append(installed: InstalledAsset, scene: bpy.types.Scene) -> tuple[list[bpy.types.Object], float]:
    """The objects that asset.toml names, and the frames a second that their keys are meant for."""
    asset, where = installed.asset, installed.folder / "asset.toml"
    if installed.path.suffix.lower() != ".blend":
        return _import(installed, scene)
    try:
        with bpy.data.libraries.load(str(installed.path), link=False) as (inside, wanted):
            if asset.collection is not None:
                if asset.collection not in inside.collections:
                    close = nearest(asset.collection, list(inside.collections))
                    raise UserError(f"{where}: collection: no '{asset.collection}' in {asset.file}{close}")
                wanted.collections = [asset.collection]
            elif asset.object is not None:
                if asset.object not in inside.objects:
                    close = nearest(asset.object, list(inside.objects))
                    raise UserError(f"{where}: object: no '{asset.object}' in {asset.file}{close}")
                wanted.objects = list(inside.objects)
            else:
                wanted.scenes = list(inside.scenes)[:1]
            wanted.texts = list(inside.texts)  # to see whether one is set to run; none does
            if isinstance(asset.action, str):
                wanted.actions = list(inside.actions)  # nothing may be using the one that is asked for
            names = list(inside.objects)
    except OSError as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{where}: file: {asset.file} cannot be read as a Blender file: {reason}") from None
    fps = _blend_fps(installed.path) if asset.action else _FPS
    if asset.collection is not None:
        scene.collection.children.link(wanted.collections[0])
        return list(wanted.collections[0].all_objects), fps
    if asset.object is not None:
        root = wanted.objects[names.index(asset.object)]
        return _linked([root, *root.children_recursive], scene), fps
    return _linked([thing for whole in wanted.scenes for thing in whole.collection.all_objects], scene), fps


def _blend_fps(path: Path) -> float:
    """What the first scene of a .blend plays at: the scene is linked for a moment, for objects alone don't tell."""
    before = {block.session_uid for block in _all_datablocks()}
    with bpy.data.libraries.load(str(path), link=True) as (inside, wanted):
        wanted.scenes = list(inside.scenes)[:1]
    fps = [scene.render.fps / scene.render.fps_base for scene in wanted.scenes]
    bpy.data.batch_remove([block for block in _all_datablocks() if block.session_uid not in before])
    return fps[0] if fps else _FPS


_FPS = 24.0
"""Blender's own frame rate, for files that tell none."""


def _import(installed: InstalledAsset, scene: bpy.types.Scene) -> tuple[list[bpy.types.Object], float]:
    """Importers turn +Y up formats to Blender's +Z up; asset.toml's axes are those after that."""
    asset, where = installed.asset, installed.folder / "asset.toml"
    before = set(bpy.data.objects)
    try:
        outside = strays(installed.path, installed.folder)
        if outside:
            raise UserError(
                f"{where}: file: {asset.file} names '{outside[0]}', which lies outside the asset's folder; "
                "put it into the folder, or embed it"
            )
        with _window_on(scene):
            fps = imported(installed.path)
    except UserError:
        raise
    except Exception as error:  # importers written in Python fail on broken files in every way there is
        reason = " ".join(str(error).split()) or type(error).__name__
        kind = installed.path.suffix.lower()
        raise UserError(f"{where}: file: {asset.file} cannot be read as a {kind} file: {reason}") from None
    things = [thing for thing in bpy.data.objects if thing not in before]
    if asset.collection is not None:
        raise UserError(f"{where}: collection: only .blend files have collections; name an object, or leave it out")
    if asset.object is not None:
        named = [thing for thing in things if thing.name == asset.object]
        if not named:
            close = nearest(asset.object, [thing.name for thing in things])
            raise UserError(f"{where}: object: no '{asset.object}' in {asset.file}{close}")
        things = [named[0], *named[0].children_recursive]
    return _linked(things, scene), fps


@contextmanager
def _window_on(scene: bpy.types.Scene) -> Iterator[None]:
    """Work in `scene`. Importers of rigs switch the window's scene and edit bones there, so an override won't do."""
    window = bpy.context.window
    shown = window.scene
    window.scene = scene
    try:
        yield
    finally:
        window.scene = shown


def _linked(things: list[bpy.types.Object], scene: bpy.types.Scene) -> list[bpy.types.Object]:
    for thing in things:
        if thing.name not in scene.collection.objects:
            scene.collection.objects.link(thing)
    return things


def _with_instanced(objects: Any) -> list[bpy.types.Object]:
    """The objects, and those of every collection they instance, however deep."""
    found: dict[int, bpy.types.Object] = {}
    waiting = list(objects)
    while waiting:
        thing = waiting.pop()
        if thing.session_uid not in found:
            found[thing.session_uid] = thing
            if thing.instance_type == "COLLECTION" and thing.instance_collection:
                waiting += thing.instance_collection.all_objects
    return list(found.values())


def _show_as_rendered(thing: bpy.types.Object) -> None:
    """What is evaluated here is what the viewport would show: make that equal to what a render would."""
    thing.hide_viewport = thing.hide_render
    for modifier in thing.modifiers:
        modifier.show_viewport = modifier.show_render
        if modifier.type in ("SUBSURF", "MULTIRES"):
            modifier.levels = modifier.render_levels


def _all_datablocks() -> list[bpy.types.ID]:
    groups = [p.identifier for p in bpy.data.bl_rna.properties if p.type == "COLLECTION"]
    return [block for group in groups for block in getattr(bpy.data, group)]


def _remove(blocks: list[bpy.types.ID]) -> None:
    """Remove scratch datablocks: the outer ones first, then whatever nothing uses any more."""
    blocks = [block for block in blocks if not block.get(_KEPT)]
    outer = (bpy.types.Scene, bpy.types.Object, bpy.types.Collection)
    bpy.data.batch_remove([block for block in blocks if isinstance(block, outer)])
    inner = {b.session_uid for b in blocks if _alive(b) and not isinstance(b, outer)}
    while unused := [b for b in _all_datablocks() if b.session_uid in inner and b.users - b.use_fake_user <= 0]:
        bpy.data.batch_remove(unused)


def _alive(block: bpy.types.ID) -> bool:
    try:
        return bool(block.session_uid)
    except ReferenceError:
        return False
