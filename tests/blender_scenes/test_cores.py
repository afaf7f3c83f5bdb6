"""Blender is started on as many cores as it is to use, and nobody spins beside the thread that renders."""

import os

import pytest

from tests.blender_scenes.in_blender import in_blender

START = """
import os, sys
from blender_scenes.cores import start_blender

free = sorted(os.sched_getaffinity(0))
start_blender(int(sys.argv[1]))
assert "bpy" in sys.modules
tasks = [int(task) for task in os.listdir("/proc/self/task")]
"""

HELD = START + "result = [free, [sorted(os.sched_getaffinity(task)) for task in tasks]]"

RENDER = (
    START
    + """
import bpy

def ticks():
    found = {}
    for task in os.listdir("/proc/self/task"):
        with open(f"/proc/self/task/{task}/stat") as file:
            found[task] = sum(map(int, file.read().rpartition(")")[2].split()[11:13]))
    return found

bpy.ops.preferences.addon_enable(module="cycles")
bpy.ops.mesh.primitive_monkey_add()
scene = bpy.context.scene
scene.render.engine, scene.cycles.samples, scene.cycles.use_denoising = "CYCLES", 96, True
scene.render.threads_mode, scene.render.threads = "FIXED", 1
scene.render.use_persistent_data = True  # so that the thread that renders outlives the call
scene.render.resolution_x = scene.render.resolution_y = 128
bpy.ops.render.render()
before = ticks()
bpy.ops.render.render()
result = sorted((spent - before.get(task, 0) for task, spent in ticks().items()), reverse=True)
"""
)

several = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2, reason="needs Linux and two cores"
)


@several
def test_cores_are_given_back_once_blender_has_started() -> None:
    free, held = in_blender(HELD, 1)
    assert len(free) > 1
    assert all(cores == free for cores in held)


@several
@pytest.mark.slow
def test_one_thread_renders_and_none_spins() -> None:
    """From the first denoising on, a second thread spun beside the one that rendered."""
    renders, *others = in_blender(RENDER, 1)
    assert renders > 40  # hundredths of a second: enough to tell
    assert sum(others) < 0.1 * renders
