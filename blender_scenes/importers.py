"""Reads model files of other programs into the current scene: glTF, USD, FBX and OBJ.

A file names others by path: textures, buffers, material libraries, sublayers. Importers read or pack whatever they are
pointed at, so what a file names is looked at first (`strays`): all of it must lie in the asset's folder.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import bpy

GLTF = (".glb", ".gltf")
USD = (".usd", ".usda", ".usdc", ".usdz")


def imported(path: Path) -> float:
    """Import a model file into the context's scene, +Z up and +Y forward where the format says what its axes are.

    Returns the frames a second that its keys are meant for.
    RuntimeError (or another, from add-ons written in Python) when the file is broken.
    """
    suffix = path.suffix.lower()
    _IMPORTERS[suffix](str(path))
    if suffix in USD:
        return _usd_fps(path)
    render = bpy.context.scene.render  # FBX sets it; glTF has seconds, which its importer turns to the scene's frames
    return float(render.fps / render.fps_base)


def strays(path: Path, folder: Path) -> list[str]:
    """Files outside `folder` that a model file names, as it names them. ValueError when the file is broken."""
    inside = folder.resolve()
    named = _NAMED.get(path.suffix.lower(), _nothing)(path)
    return [name for name in dict.fromkeys(named) if not (path.parent / name).resolve().is_relative_to(inside)]


def _gltf(path: str) -> None:
    bpy.ops.preferences.addon_enable(module="io_scene_gltf2")
    bpy.ops.import_scene.gltf(filepath=path, loglevel=_SILENT, disable_bone_shape=True)


def _fbx(path: str) -> None:
    bpy.ops.preferences.addon_enable(module="io_scene_fbx")
    bpy.ops.import_scene.fbx(filepath=path, use_image_search=False)


def _usd(path: str) -> None:
    bpy.ops.wm.usd_import(
        filepath=path,
        set_frame_range=False,
        import_cameras=False,
        import_lights=True,
        create_world_material=False,
        mtl_name_collision_mode="MAKE_UNIQUE",
        tex_name_collision_mode="USE_EXISTING",
        import_textures_mode="IMPORT_PACK",
        import_visible_only=True,
    )


def _obj(path: str) -> None:
    bpy.ops.wm.obj_import(filepath=path, validate_meshes=True)


_SILENT = 60
_IMPORTERS: dict[str, Callable[[str], None]] = {
    **dict.fromkeys(GLTF, _gltf),
    **dict.fromkeys(USD, _usd),
    ".fbx": _fbx,
    ".obj": _obj,
}


def _gltf_names(path: Path) -> Iterator[str]:
    """Buffers and images of a glTF file that are not inside it (glTF 2.0, sections 3.6, 3.8 and 4)."""
    data = path.read_bytes()
    if data[:4] == b"glTF" and len(data) >= 20:
        length = struct.unpack_from("<I", data, 12)[0]
        data = data[20 : 20 + length]
    document: Any = json.loads(data)  # a ValueError where it is not JSON
    if not isinstance(document, dict):
        raise ValueError("not a glTF document")
    for thing in (*document.get("buffers", []), *document.get("images", [])):
        uri = thing.get("uri", "")
        if uri and not uri.startswith("data:"):
            yield unquote(uri)


def _obj_names(path: Path) -> Iterator[str]:
    """Material libraries of an OBJ file, and the textures that those in reach name."""
    with path.open(encoding="utf-8", errors="replace") as lines:
        libraries = [line.split(None, 1)[1].strip() for line in lines if line.startswith("mtllib ")]
    for library in libraries:
        yield library
        file = path.parent / library
        if file.is_file():
            with file.open(encoding="utf-8", errors="replace") as lines:
                words = [line.split() for line in lines]
            for line in words:
                if len(line) > 1 and line[0].lower().startswith(("map_", "bump", "disp", "decal", "refl", "norm")):
                    yield line[-1]


def _usd_names(path: Path) -> Iterator[str]:
    """Layers and other files that a USD stage is composed of."""
    bpy.utils.expose_bundled_modules()
    from pxr import Tf, UsdUtils

    try:
        layers, assets, missing = UsdUtils.ComputeAllDependencies(str(path))
    except Tf.ErrorException as error:
        raise ValueError(" ".join(str(error).split())) from None
    if not layers:
        raise ValueError("not a USD file")
    for layer in layers:
        yield layer.realPath.partition("[")[0]  # a package's own layers are named `x.usdz[y.usd]`
    for name in (*assets, *missing):
        yield str(name).partition("[")[0]


def _usd_fps(path: Path) -> float:
    bpy.utils.expose_bundled_modules()
    from pxr import Sdf

    return float(Sdf.Layer.FindOrOpen(str(path)).timeCodesPerSecond)


def _nothing(path: Path) -> Iterator[str]:
    return iter(())


_NAMED: dict[str, Callable[[Path], Iterator[str]]] = {
    **dict.fromkeys(GLTF, _gltf_names),
    **dict.fromkeys(USD, _usd_names),
    ".obj": _obj_names,
}
