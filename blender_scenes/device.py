"""What Cycles renders on: the best kind of GPU that this Blender and this machine share, or the CPU."""

from __future__ import annotations

import sys
from typing import Any

import bpy

from .clip import Wanted

KINDS = ("OPTIX", "CUDA", "HIP", "METAL", "ONEAPI")
"""Cycles' GPU back ends, the faster of two for one card first (OptiX and CUDA both drive NVIDIA's)."""


def gpus(preferences: Any) -> tuple[str, list[Any]]:
    """The first kind of back end that finds a device, and its devices; ("", []) where none does.

    `preferences` are those of the Cycles add-on.
    """
    for kind in KINDS:
        try:
            preferences.compute_device_type = kind
        except TypeError:  # this build of Blender has no such back end
            continue
        found = [device for device in preferences.get_devices_for_type(kind) if device.type == kind]
        if found:
            return kind, found
    preferences.compute_device_type = "NONE"
    return "", []


def names() -> list[str]:
    """The GPUs that `choose` picks from, in its order."""
    bpy.ops.preferences.addon_enable(module="cycles")
    return [device.name for device in gpus(bpy.context.preferences.addons["cycles"].preferences)[1]]


def choose(scene: bpy.types.Scene, wanted: Wanted, number: int | None = None) -> str:
    """Set what Cycles renders on, and say what that is.

    `number` picks one GPU of several (counted round); None uses all. `gpu` where there is none renders on the CPU and
    warns on stderr.
    """
    return apply(scene.cycles, bpy.context.preferences.addons["cycles"].preferences, wanted, number)


def apply(cycles: Any, preferences: Any, wanted: Wanted, number: int | None) -> str:
    """`choose`, given the scene's and the add-on's settings."""
    kind, found = gpus(preferences) if wanted != "cpu" else ("", [])
    if not found:
        cycles.device = "CPU"
        if wanted == "gpu":
            print("warning: no GPU that Cycles can use was found; rendering on the CPU", file=sys.stderr)
        return "CPU"
    used = found if number is None else [found[number % len(found)]]
    for device in preferences.devices:
        device.use = device in used
    cycles.device = "GPU"
    return f"{kind}: {', '.join(device.name for device in used)}"
