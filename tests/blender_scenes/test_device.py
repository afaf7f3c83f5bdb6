"""Which device Cycles renders on, against stand-ins for the add-on's settings."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import sys
from types import SimpleNamespace
from blender_scenes.device import KINDS, apply

class Preferences:
    def __init__(self, built, cards):
        self.built, self.kind = built, "NONE"
        self.devices = [SimpleNamespace(name=n, type=t, use=t == "CPU") for n, t in [("Xeon", "CPU"), *cards]]
    def __setattr__(self, name, value):
        if name == "compute_device_type":
            if value not in ("NONE", *self.built):
                raise TypeError(f'enum "{value}" not found')
            name = "kind"
        super().__setattr__(name, value)
    def get_devices_for_type(self, kind):
        return [d for d in self.devices if d.type in (kind, "CPU")]

def tried(built, cards, wanted, number=None):
    cycles, preferences = SimpleNamespace(device=None), Preferences(built, cards)
    said = apply(cycles, preferences, wanted, number)
    return cycles.device, said, preferences.kind, [d.name for d in preferences.devices if d.use]

two = [("H200 a", "CUDA"), ("H200 b", "CUDA")]
assert tried(KINDS, two, "auto") == ("GPU", "CUDA: H200 a, H200 b", "CUDA", ["H200 a", "H200 b"])
assert tried(KINDS, two, "auto", 3) == ("GPU", "CUDA: H200 b", "CUDA", ["H200 b"])
assert tried(KINDS, [("RTX", "CUDA"), ("RTX", "OPTIX")], "gpu")[1] == "OPTIX: RTX", "the faster back end of one card"
assert tried(("METAL",), [("M2", "METAL")], "auto")[:2] == ("GPU", "METAL: M2"), "what is not built is skipped"
assert tried(KINDS, two, "cpu") == ("CPU", "CPU", "NONE", ["Xeon"])
assert tried(KINDS, [], "auto") == ("CPU", "CPU", "NONE", ["Xeon"])
print(tried(KINDS, [], "gpu")[1])
"""


@pytest.mark.slow
def test_the_best_device_is_chosen_and_the_cpu_is_the_fallback() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "CPU"
    assert done.stderr.strip() == "warning: no GPU that Cycles can use was found; rendering on the CPU"
