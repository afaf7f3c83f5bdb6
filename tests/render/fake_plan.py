"""A planned dataset of drawn clips, and the child process that draws them: the farm without Blender."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from render.asset import read
from render.document import write_atomic
from render.planning.planfile import PlanHeader
from tests.drawn_clips import clip_spec
from tests.fake_dataset import SPLITS

PROGRAM = (str(Path(__file__).with_name("fake_child.py")),)


def drawing(engine: Callable[..., Any]) -> Callable[..., Any]:
    """A `farm.render` or `farm.render_task` whose children draw, whatever else it is set up with."""

    def run(*arguments: Any, **options: Any) -> Any:
        *first, setup = arguments
        return engine(*first, replace(setup, program=PROGRAM, blender=None), **options)

    return run


HDRI = """name = "fake-sky"
kind = "hdri"
file = "blender:studiolights/world/city.exr"
licence = "CC0-1.0"
author = "nobody"
source = "none"
"""


def make_plan(
    dataset: Path,
    told: Path,
    clips: int = 4,
    frames: int = 3,
    size: tuple[int, int] = (48, 32),
    clips_per_shard: int = 2,
    set_digest: str | None = None,
) -> Path:
    """Plan `clips` drawn clips into `dataset` (returned). `told` becomes the asset folder that steers the child."""
    write_atomic(told / "fake-sky" / "asset.toml", HDRI)
    sky = read(told / "fake-sky")
    specs = [clip_spec(i, frames, size, SPLITS[i % 4], 1 + i % 2, sky) for i in range(clips)]
    if set_digest:  # as if the set had been another when the plan was made
        stages = [spec.stage.model_copy(update={"set_digest": set_digest}) for spec in specs]
        specs = [spec.model_copy(update={"stage": stage}) for spec, stage in zip(specs, stages, strict=True)]
    lines = "".join(spec.canonical() + "\n" for spec in specs)
    header = PlanHeader(
        generator="drawn",
        recipe_name="drawn",
        recipe_digest="3" * 64,
        seed=7,
        clips=clips,
        clips_per_shard=clips_per_shard,
        plan_digest=hashlib.sha256(lines.encode()).hexdigest(),
        asset_folders=(str(told),),
    )
    write_atomic(dataset / "plan.jsonl", lines)
    write_atomic(dataset / "plan.json", header.model_dump_json())
    return dataset
