"""`python -m blender_scenes.modelling [NAME ...]` rebuilds the .blend files of the built-in assets."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

import bpy

from render.asset import builtin_folder

FOLDERS: dict[str, tuple[str, ...]] = {
    "props": ("hammer", "shield", "gauntlet"),
    "occluders": (
        "pillar", "crate", "railing", "barrel", "scaffold", "chains", "glass_pane", "mirror", "bush", "branch",
        "banner",
    ),
    "figures": ("performer", "wanderer"),
    "sets": (
        "courtyard", "hangar", "desert_ruin", "alley", "city_street", "rooftop", "forest", "temple", "snow_pass",
    ),
}  # fmt: skip
MODELS = {name: folder for folder, names in FOLDERS.items() for name in names}
"""By an asset's name: the folder of its module."""


def rebuild(name: str, folder: Path) -> Path:
    """Model one asset in an empty file and save it, compressed, in its asset folder."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    module = importlib.import_module(f"{__package__}.{MODELS[name]}.{name}")
    module.build()
    scene = bpy.context.scene
    scene.name = name
    path = folder / name.replace("_", "-") / f"{name.replace('_', '-')}.blend"
    path.parent.mkdir(parents=True, exist_ok=True)
    # Only the scene and what it needs: a main file would also hold window layouts and the maker's folders.
    bpy.data.libraries.write(str(path), {scene}, compress=True)
    return path


def main() -> None:
    """Rebuild the named assets, or all."""
    for name in sys.argv[1:] or MODELS:
        path = rebuild(name.replace("-", "_"), builtin_folder())
        faces = sum(len(o.data.polygons) for o in bpy.data.objects if o.type == "MESH")
        print(f"{path}: {faces} faces before modifiers, {path.stat().st_size // 1024} KB")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
