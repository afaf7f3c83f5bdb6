"""What `[variation]` of an asset.toml names and its file lacks."""

from __future__ import annotations

import bpy

from render.asset import Asset
from render.document import nearest
from render.variation import Things

from .artist_file import Source
from .finish import finish_fault


def variation_faults(source: Source, asset: Asset) -> list[str]:
    """What an opened file lacks of what `[variation]` names, one line each."""
    lines = []
    known = _known_names(source)
    for number, things in enumerate(asset.variation.things):
        for pattern in things.names:
            if not any(Things(names=(pattern,)).stands_for(name) for name in known):
                lines.append(f"variation.things.{number}.names: nothing is called '{pattern}'{nearest(pattern, known)}")
    materials = source.materials()
    for name, amounts in asset.variation.materials.items():
        where = f"variation.materials.{name}"
        if name not in materials:
            lines.append(f"{where}: no such material{nearest(name, list(materials))}")
            continue
        for key, (low, _) in amounts.items():
            if fault := finish_fault(materials[name], key, low):
                lines.append(f"{where}.{key}: {fault}")
    return lines


def _known_names(source: Source) -> list[str]:
    names = {thing.name for thing in source.scene.collection.all_objects}
    for thing in source.of_type(bpy.types.Object):
        names.add(thing.name)
    names |= {collection.name for collection in source.of_type(bpy.types.Collection)}
    return sorted(names)
