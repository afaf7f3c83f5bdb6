"""Denoising where there is noise: the picture alone, for OIDN takes far longer over a sharp layer than its one sample.

With persistent data, layers whose passes differ corrupt Blender 4.5's heap, and it lists the pass of the picture before
denoising for denoised layers alone. So it is made to list every layer's passes as if it were denoised.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from typing import Any

import bpy

Lister = Callable[[Any, Any], Iterable[tuple[str, str, str]]]
"""Of a scene and a view layer: each pass with its name, its channels and what they are."""

_LISTER = "list_render_passes"


def leave_out(layer: bpy.types.ViewLayer) -> None:
    """Don't denoise `layer`. It is denoised all the same by a Blender whose Cycles lists passes in some other way."""
    engine = importlib.import_module("cycles.engine")
    lister = getattr(engine, _LISTER, None)
    if lister is None:
        return
    if not isinstance(lister, _Alike):
        setattr(engine, _LISTER, _Alike(lister))
    layer.cycles.use_denoising = False


class _Alike:
    """A lister by which a layer has the same passes whether it is denoised or not."""

    def __init__(self, lister: Lister) -> None:
        self._lister = lister

    def __call__(self, scene: bpy.types.Scene, layer: bpy.types.ViewLayer) -> Iterable[tuple[str, str, str]]:
        return self._lister(scene, _AsIf(layer, cycles=_AsIf(layer.cycles, use_denoising=True)))


class _AsIf:
    """Something of Blender's, seen with other attributes than it has."""

    def __init__(self, real: Any, **seen: Any) -> None:
        self._real, self._seen = real, seen

    def __getattr__(self, name: str) -> Any:
        return self._seen[name] if name in self._seen else getattr(self._real, name)
