"""What can be wrong inside an artist's file, each as one line that begins with the key or thing it is about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from render.asset import Asset
from render.document import nearest

from .animation import action_faults
from .artist_file import SHAPES, Source, shape_of
from .bounds import EMPTY, bounds, union
from .finish import charge_fault, finish_fault
from .variation_faults import variation_faults

UNUSABLE = ("VOLUME", "CURVES", "POINTCLOUD", "GREASEPENCIL", "GPENCIL")
"""Renderable object types that can't be baked to a mesh."""
SMALLEST = 1e-9
"""Below this longest side, in the file's units, an asset has no size that could be scaled."""


def faults(source: Source, asset: Asset) -> list[str]:
    """Every problem of an opened file, worst first; empty = good."""
    return [
        *_libraries(source),
        *_scripts(source),
        *_shapes(source, asset),
        *_caches(source, asset),
        *action_faults(source, asset),
        *_textures(source),
        *_charge(source, asset),
        *_finishes(source, asset),
        *variation_faults(source, asset),
    ]


def _libraries(source: Source) -> list[str]:
    """A linked file is not part of the asset: it may be missing tomorrow, and no digest covers it."""
    lines = []
    linked = {block.library for block in source.datablocks if block.library}
    for path in sorted(library.filepath for library in linked):
        state = "is linked" if Path(bpy.path.abspath(path)).is_file() else "is linked and missing"
        lines.append(f"library '{path}' {state}; make it local (Object > Relations > Make Local)")
    return lines


def _scripts(source: Source) -> list[str]:
    lines = []
    for text in source.of_type(bpy.types.Text):
        if text.use_module:
            lines.append(f"script '{text.name}' is set to run on load; it never runs here, bake what it makes")
    for block in source.datablocks:
        for owner in (block, getattr(block, "node_tree", None), getattr(block, "shape_keys", None)):
            for curve in _drivers(owner):
                if curve.driver.type == "SCRIPTED" and not curve.driver.is_simple_expression:
                    lines.append(
                        f"driver on '{block.name}' ({curve.data_path}) needs Python ('{curve.driver.expression}'), "
                        "which never runs here; bake or delete it"
                    )
    return list(dict.fromkeys(lines))


def _drivers(owner: Any) -> list[Any]:
    data = getattr(owner, "animation_data", None)
    return list(data.drivers) if data else []


def _shapes(source: Source, asset: Asset) -> list[str]:
    lines = []
    for thing in source.objects:
        if thing.type in UNUSABLE and not thing.hide_render:
            lines.append(f"object '{thing.name}' is a {thing.type.lower()}, which has no faces; convert it to a mesh")
    layer = source.scene.view_layers[0]
    layer.update()
    box, faces = EMPTY, 0
    seen: set[tuple[object, ...]] = set()
    for instance in layer.depsgraph.object_instances:
        shown = instance.object
        if shown.type in SHAPES and not shown.original.hide_render and shape_of(instance) not in seen:
            seen.add(shape_of(instance))
            mesh = shown.to_mesh()
            if mesh.polygons:
                faces += len(mesh.polygons)
                box = union(box, bounds(mesh, instance.matrix_world))
            shown.to_mesh_clear()
    if not faces:
        lines.append(f"file: {asset.file} holds no faces to render{_where(asset)}; is it hidden from renders?")
    elif (box[1] - box[0]).max() <= SMALLEST:
        lines.append(f"file: {asset.file} has zero size{_where(asset)}; apply or mend its scale")
    return lines


def _where(asset: Asset) -> str:
    if asset.collection:
        return f" in collection '{asset.collection}'"
    return f" in object '{asset.object}'" if asset.object else ""


def _textures(source: Source) -> list[str]:
    """A picture must be packed or lie in the asset's folder, or the next machine will not have it."""
    lines = []
    folder = source.folder.resolve()
    for image in source.of_type(bpy.types.Image):
        if image.source not in ("FILE", "SEQUENCE", "MOVIE", "TILED") or image.packed_file or not image.users:
            continue
        path = Path(bpy.path.abspath(image.filepath))
        inside = path.resolve().is_relative_to(folder)
        tiles = path.name.replace("<UDIM>", "[0-9]*")
        there = any(path.parent.glob(tiles)) if tiles != path.name else path.is_file()
        if there and inside:
            continue
        state = "lies outside the asset's folder" if there else "is missing"
        named = path.resolve().relative_to(folder).as_posix() if inside else image.filepath
        lines.append(
            f"texture '{image.name}' {state} ({named}); pack it into the file (File > External Data > Pack Resources)"
        )
    return lines


def _caches(source: Source, asset: Asset) -> list[str]:
    """Shapes that are read from a file at every frame: it must lie in the folder, and can't be played in a loop."""
    lines = []
    folder = source.folder.resolve()
    files = {cache.name: cache.filepath for cache in source.of_type(bpy.types.CacheFile)}
    for thing in source.objects:
        for modifier in thing.modifiers:
            if modifier.type == "MESH_CACHE":
                files[thing.name] = modifier.filepath
    for name, path in files.items():
        if not Path(bpy.path.abspath(path)).resolve().is_relative_to(folder):
            lines.append(f"cache '{name}' lies outside the asset's folder ({path}); bake it into the file")
        elif asset.action:
            lines.append(f"cache '{name}' animates it by a file ({path}), which can't be looped; bake it to keys")
    return lines


def _charge(source: Source, asset: Asset) -> list[str]:
    if asset.charge is None:
        return []
    materials = source.materials()
    lines = []
    for name in asset.charge.materials:
        if name not in materials:
            lines.append(f"charge.materials: no material '{name}'{nearest(name, list(materials))}")
        elif fault := charge_fault(materials[name]):
            lines.append(f"charge.materials: material '{name}' {fault}")
    return lines


def _finishes(source: Source, asset: Asset) -> list[str]:
    materials = source.materials()
    lines = []
    looks = {f"finishes.{name}": finish for name, finish in asset.finishes.items()}
    if asset.figure:
        looks |= {f"figure.outfits[{number}]": outfit for number, outfit in enumerate(asset.figure.outfits)}
    for look, changes in looks.items():
        for name, amounts in changes.materials.items():
            where = f"{look}.materials.{name}"
            if name not in materials:
                lines.append(f"{where}: no such material{nearest(name, list(materials))}")
                continue
            for key, amount in amounts.items():
                if fault := finish_fault(materials[name], key, amount):
                    lines.append(f"{where}.{key}: {fault}")
    return lines
