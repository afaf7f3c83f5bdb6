"""Places an artist's asset in the current scene: rigid, upright, real size, its own materials, finish and charge.

What an artist's file holds (modifiers, instances, parents, poses, simple drivers) is evaluated once and baked to
plain meshes below one empty, so that nothing of the file acts on the scene later; only an asset that asks for its
`action` stays alive. A script in it never runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix, Vector
from numpy.typing import NDArray

from render.asset import Asset, InstalledAsset, read
from render.document import UserError, nearest

from .animation import Action, found_action, is_shown, moving_things, owners, still
from .artist_file import SHAPES, Source, kept, opened, shape_of
from .bounds import EMPTY, bounds, union
from .faults import faults
from .finish import ChargeNodes, apply_finish, apply_wear, wire_charge

Objects = tuple[bpy.types.Object, ...]


@dataclass(frozen=True)
class Placed:
    """One copy of an asset in the scene.

    root: an empty; animate this. Its local frame: metres, +Z up, +Y forward, origin at the grip (`Asset.grip` from the
        centre of bounds; a set keeps its file's origin).
    objects: every renderable object below root.
    charge: Value nodes, 0..1, one for each charge-able material: key `outputs[0].default_value`.
    action: what an animated asset plays, in a loop from the clip's start unless `action.play` says otherwise; its
        armatures, and helpers out of sight, are below root too.
    charged: the objects that wear a charge-able material: only their own emission is charge, so that a light group
        of theirs (`object.lightgroup`) holds the charge light alone.
    """

    root: bpy.types.Object
    objects: tuple[bpy.types.Object, ...]
    charge: tuple[bpy.types.ShaderNodeValue, ...]
    charged: tuple[bpy.types.Object, ...]
    tint: tuple[bpy.types.ShaderNodeRGB, ...]
    action: Action | None = None

    def charge_colour(self, rgb: tuple[float, float, float]) -> None:
        """Set the colour (linear Rec.709) that the charge-able materials emit."""
        for node in self.tint:
            node.outputs[0].default_value = (*rgb, 1.0)


def place(installed: InstalledAsset, finish: str, name: str, wear: float = 0.0) -> Placed:
    """Put a copy of a prop, occluder or set into the current scene's collection; `name` prefixes all it is made of.

    `wear` goes from 0 (as the finish has it) to 1 (worn down).

    UserError when the file does not hold what asset.toml says, with the first problem found.
    """
    asset, where = installed.asset, installed.folder / "asset.toml"
    if asset.kind == "hdri":
        raise UserError(f"{where}: kind: an hdri lights a scene and can't be placed in it")
    if finish not in asset.finishes:
        raise UserError(f"{where}: finishes: no '{finish}'{nearest(finish, list(asset.finishes))}")
    with opened(installed) as source:
        problems = faults(source, asset)
        if problems:
            raise UserError(f"{where}: {problems[0]}")
        root = bpy.data.objects.new(name, None)
        kept(root)
        worn = source.materials()
        action = found_action(source, asset) if asset.action else None
        copies = {m: _own(block, f"{name}.{m}", copied=action is None) for m, block in worn.items()}
        apply_finish(copies, asset.finishes[finish])
        apply_wear(copies, wear)
        charge = _wired(copies, asset)
        if action is None:
            objects, things = _bake(source, copies, asset, root)
        else:
            objects, things = _adopt(source, asset, root, action)
    for thing in (root, *things):
        bpy.context.scene.collection.objects.link(thing)
    if action is not None:
        render = bpy.context.scene.render
        action.play(render.fps / render.fps_base)
    lit = {copies[m].name for m in (asset.charge.materials if asset.charge else ())}
    charged = tuple(o for o in objects if any(s.material and s.material.name in lit for s in o.material_slots))
    return Placed(root, objects, tuple(c.level for c in charge), charged, tuple(c.colour for c in charge), action)


def hdri_path(installed: InstalledAsset) -> Path:
    """The environment picture of an hdri asset; UserError when this Blender does not bring it."""
    if installed.bundled is None:
        return installed.path
    folder = Path(bpy.utils.system_resource("DATAFILES"))
    path = folder / installed.bundled
    if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
        known = sorted(p.relative_to(folder).as_posix() for p in (folder / "studiolights" / "world").glob("*.exr"))
        close = nearest(installed.bundled, known)
        raise UserError(f"{installed.folder / 'asset.toml'}: file: Blender has no '{installed.bundled}'{close}")
    return path


def check(folder: Path) -> list[str]:
    """Every problem of one asset folder, one line each; empty = good. Never raises for a bad asset."""
    try:
        installed = read(folder)
        if installed.asset.kind == "hdri":
            hdri_path(installed)
            return []
        with opened(installed) as source:
            return [f"{folder / 'asset.toml'}: {problem}" for problem in faults(source, installed.asset)]
    except UserError as error:
        return [str(error)]


def _own(material: bpy.types.Material, name: str, copied: bool) -> bpy.types.Material:
    """A placement's own material; what stays alive keeps the one that came with it, as geometry nodes name it too."""
    own = material.copy() if copied else material
    own.name = name
    kept(own)
    return own


def _wired(copies: dict[str, bpy.types.Material], asset: Asset) -> list[ChargeNodes]:
    if asset.charge is None:
        return []
    return [wire_charge(copies[name], asset.charge.strength) for name in asset.charge.materials]


def _bake(
    source: Source, copies: dict[str, bpy.types.Material], asset: Asset, root: bpy.types.Object
) -> tuple[Objects, Objects]:
    """Plain objects below `root` that look as the artist's do: normalised to the root's frame, in `copies`."""
    layer = source.scene.view_layers[0]
    layer.update()
    graph = layer.depsgraph
    baked: list[tuple[bpy.types.Object, Matrix]] = []
    meshes: dict[tuple[object, ...], bpy.types.Mesh | None] = {}
    for instance in graph.object_instances:
        shown = instance.object
        if shown.original.hide_render or not instance.show_self:
            continue
        title = f"{root.name}.{shown.original.name}"
        if shown.type in SHAPES:
            shape = shape_of(instance)
            if shape not in meshes:
                meshes[shape] = _baked_mesh(shown, copies, title, graph)
            mesh = meshes[shape]
            if mesh is None:
                continue
            thing = bpy.data.objects.new(title, mesh)
        elif shown.type == "LIGHT" and asset.kind == "set":
            lamp = shown.original.data.copy()
            kept(lamp)
            thing = bpy.data.objects.new(title, lamp)
        else:
            continue
        kept(thing)
        thing[NAMES], thing[TOP] = _names(instance), _top(instance)
        baked.append((thing, instance.matrix_world.copy()))
    fitted = asset.size is not None  # a set's bounds are not asked for, and there may be a thousand trees in it
    box = reduce(union, (bounds(o.data, m) for o, m in baked if o.type == "MESH" and fitted), EMPTY)
    normal = _normalisation(asset, box)
    for thing, matrix in baked:
        thing.parent = root
        thing.matrix_parent_inverse = normal @ matrix  # unlike location/rotation/scale it can hold a shear
    things = tuple(thing for thing, _ in baked)
    return things, things


def _adopt(source: Source, asset: Asset, root: bpy.types.Object, action: Action) -> tuple[Objects, Objects]:
    """The artist's own objects, alive below `root`: those to be seen, and all. Size is that of the first frame.

    A figure's is that of its rest pose.
    """
    things = moving_things(source)
    shown = tuple(thing for thing in things if is_shown(thing, source, asset))
    for thing in things:
        if thing.name not in source.scene.collection.all_objects:
            source.scene.collection.objects.link(thing)
        thing.hide_render = thing.hide_render or thing not in shown
    for owner in owners(things):
        still(owner)  # what the action does not move must not follow the clip's frames
    for block in {part.action.session_uid: part.action for part in action.parts}.values():
        block.name = f"{root.name}.{block.name}"  # another placement of the file finds its own by the artist's name
    action.play(action.fps)
    rigs = [thing for thing in things if thing.type == "ARMATURE" and asset.figure]
    for rig in rigs:
        rig.data.pose_position = "REST"  # a figure is as tall whatever it does
    layer = source.scene.view_layers.new("first frame")  # a layer evaluated before does not heed a new action
    source.scene.frame_set(0)
    layer.update()
    box = EMPTY
    for thing in shown:
        if thing.type in SHAPES:
            whole = thing.evaluated_get(layer.depsgraph)
            box = union(box, bounds(whole.to_mesh(), whole.matrix_world))
            whole.to_mesh_clear()
    for rig in rigs:
        rig.data.pose_position = "POSE"
    normal = _normalisation(asset, box)
    for thing in things:
        kept(thing)
        thing[NAMES], thing[TOP] = [thing.name], thing.name
        thing.name = f"{root.name}.{thing.name}"
        if thing.parent is None:
            thing.parent = root
            thing.matrix_parent_inverse = normal
    return shown, tuple(things)


def _baked_mesh(
    shown: bpy.types.Object, copies: dict[str, bpy.types.Material], title: str, graph: bpy.types.Depsgraph
) -> bpy.types.Mesh | None:
    """The evaluated mesh of an object, in the placement's materials; None if it has no faces."""
    mesh = bpy.data.meshes.new_from_object(shown, preserve_all_data_layers=True, depsgraph=graph)
    if not mesh.polygons:
        bpy.data.meshes.remove(mesh)
        return None
    mesh.name = title
    kept(mesh)
    _dress(mesh, [slot.material for slot in shown.material_slots], copies)
    return mesh


NAMES = "heroprop_names"
"""Custom property of a baked object: the names by which a set's variation may mean it, nearest first."""


TOP = "heroprop_top"
"""Custom property of a baked object: what it hangs on in the end, its own name if on nothing."""


def _top(instance: bpy.types.DepsgraphObjectInstance) -> str:
    thing = instance.parent.original if instance.is_instance and instance.parent else instance.object.original
    while thing.parent is not None:
        thing = thing.parent
    return str(thing.name)


def _names(instance: bpy.types.DepsgraphObjectInstance) -> list[str]:
    """The thing's own name, those of what it hangs on or is an instance of, and those of its collections."""
    found: list[str] = []
    thing = instance.object.original
    while thing is not None:
        found.append(thing.name)
        found += [collection.name for collection in thing.users_collection]
        thing = thing.parent
    maker = instance.parent.original if instance.is_instance and instance.parent else None
    while maker is not None:
        found.append(maker.name)
        found += [collection.name for collection in maker.users_collection]
        maker = maker.parent
    return list(dict.fromkeys(found))


def _dress(mesh: bpy.types.Mesh, worn: list[bpy.types.Material | None], copies: dict[str, bpy.types.Material]) -> None:
    """Put the placement's own materials into the slots (those of geometry nodes come with the mesh)."""
    while len(mesh.materials) < len(worn):
        mesh.materials.append(None)
    for number, inside in enumerate(mesh.materials):  # clearing the slots instead would reset every face to slot 0
        material = worn[number] if number < len(worn) else inside
        mesh.materials[number] = copies.get(material.original.name) if material else None


def _normalisation(asset: Asset, box: NDArray[np.float64]) -> Matrix:
    """File's world to the root's frame: axes turned, longest side = size, origin at the grip (sets: unmoved)."""
    up, forward = _axis(asset.up), _axis(asset.forward)
    turn = Matrix((forward.cross(up), forward, up)).to_4x4()
    scale = asset.size / float((box[1] - box[0]).max()) if asset.size else 1.0
    if asset.kind == "set":
        return Matrix.Scale(scale, 4) @ turn
    centre = Matrix.Translation(Vector((box[0] + box[1]) / -2))
    return Matrix.Translation(-Vector(asset.grip)) @ Matrix.Scale(scale, 4) @ turn @ centre


def _axis(name: str) -> Vector:
    sign = 1.0 if name[0] == "+" else -1.0
    return Vector([sign if letter == name[1] else 0.0 for letter in "XYZ"])
