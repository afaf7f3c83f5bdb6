"""The program that renders a clip for the farm, with a stopwatch at each step of a frame."""

from __future__ import annotations

import functools
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from render.frames import framefile, look
from render.frames.develop import Layers

from .. import __main__ as program
from .. import clip
from ..cores import start_blender

STEPS = (
    ("render", "passes.render"),
    ("read", "Layers.read"),
    ("view", "passes.view"),
    ("look", "look.expose"),
    ("mattes", "develop"),
    ("mattes", "products"),
    ("mattes", "on_request"),
    ("look", "look.apply"),
    ("measure", "measure"),
    ("encode", "framefile.write"),
)
"""What a frame consists of: the step's name, and the function of `clip` that does it."""


def main(out: Path, arguments: list[str]) -> None:
    """Do what `python -m blender_scenes` does with `arguments`, and write to `out` when and how long what was done."""
    seconds: dict[str, float] = defaultdict(float)
    calls: list[float] = []
    moments: dict[str, float] = {"entered": time.time()}

    def timed(step: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapper(*args: Any, **options: Any) -> Any:
            moments.setdefault("built", time.time())  # the first step of the first frame
            started = time.perf_counter()
            try:
                return function(*args, **options)
            finally:
                took = time.perf_counter() - started
                if step == "render":
                    calls.append(took)
                else:
                    seconds[step] += took

        return wrapper

    start_blender(int(arguments[arguments.index("--threads") + 1]))

    from .. import passes

    owners: dict[str, Any] = {"passes": passes, "Layers": Layers, "look": look, "framefile": framefile}
    for step, name in STEPS:
        owner, _, function = name.rpartition(".")
        holder = owners[owner] if owner else clip
        setattr(holder, function, timed(step, getattr(holder, function)))
    moments["imported"] = time.time()

    leave = os._exit

    def exit_(code: int) -> None:
        moments["ended"] = time.time()
        out.write_text(json.dumps({**moments, "steps": seconds, "calls": calls}), encoding="utf-8")
        leave(code)

    os._exit = exit_  # type: ignore[assignment]
    sys.argv = ["blender_scenes", *arguments]
    program.main(arguments)
