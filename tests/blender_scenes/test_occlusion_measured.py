"""What the planner predicts from proxies is what the labels of rendered clips say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from render.asset import Library
from render.planning.compose import compose
from render.planning.predict import predicted
from render.planning.recipe import Recipe
from render.spec import ClipSpec
from tests.blender_scenes.rendering import Rendered

pytestmark = pytest.mark.slow
SMALLEST = 60
"""Square pixels: fewer say little about shares."""

RECIPE = """
schema = 1
name = "measured"
[film]
width = 128
height = 72
frames = 10
samples = 1
[stage]
set = "courtyard"
[camera]
prop_share = { uniform = [0.2, 0.35] }
[effects]
lightning = 0
glow = 0
trail = 0
smoke = 0
debris = 0
[distractors]
chance = 0
mirror = 0
[occlusion]
chance = 1
held = HELD
kind = "KIND"
asset = ASSET
peak = { uniform = [0.4, 1.0] }
seconds = { uniform = [0.1, 0.25] }
[motion]
kind = MOTION
"""


def clip(tmp_path: Path, index: int, kind: str, asset: str, motion: str, held: int = 0) -> ClipSpec:
    path = tmp_path / "recipe.toml"
    words = {"KIND": kind, "ASSET": asset, "MOTION": motion, "HELD": str(held)}
    text = RECIPE
    for word, value in words.items():
        text = text.replace(word, value)
    path.write_text(text)
    return compose(Recipe.read_toml(path), Library.open(), 12, index)


@pytest.mark.parametrize(
    ("kind", "asset", "motion", "index", "within"),
    [
        ("static", '["pillar", "crate"]', '"linear"', 0, 0.05),
        ("static", '["chains", "barrel", "banner"]', '["return", "linear"]', 1, 0.11),
        ("moving", '"any"', '["circular", "toss"]', 2, 0.09),
        ("figure", '"any"', '["linear", "tumble"]', 3, 0.10),
    ],
)
def test_predicted_occlusion_is_measured_occlusion(
    tmp_path: Path,
    rendered: Callable[[ClipSpec], Rendered],
    measured: Callable[..., None],
    kind: str,
    asset: str,
    motion: str,
    index: int,
    within: float,
) -> None:
    spec = clip(tmp_path, index, kind, asset, motion)
    assert spec.extras
    one = predicted(spec, Library.open())[1]
    frames = [frame.objects[0] for frame in rendered(spec).measures()]
    area = np.array([frame.amodal_area for frame in frames])
    seen = area >= SMALLEST
    assert seen.sum() >= 5
    hidden = 1 - np.array([frame.visible_area for frame in frames])[seen] / area[seen]
    off = np.abs(hidden - one.occlusion[seen])
    bigger = np.abs(one.area[seen] / area[seen] - 1)
    things = "+".join(sorted({extra.asset for extra in spec.extras}))
    measured(f"occlusion by {things}", mean_error=off.mean(), most=off.max(), peak=hidden.max(), area=bigger.mean())
    assert hidden.max() > 0.2
    assert off.mean() <= within
    assert bigger.mean() <= 0.2
