"""Planned clips in which a figure strikes with a gauntlet, for the tests of what is worn."""

from __future__ import annotations

from render.asset import Library
from render.planning.compose import compose
from render.planning.recipe import Recipe
from render.spec import ClipSpec

RECIPE = {
    "schema": 1,
    "name": "worn",
    "film": {"width": 160, "height": 96, "frames": 20, "samples": 4},
    "target": {"asset": "gauntlet", "charged": 0.0},
    "motion": {"kind": "swing", "speed": 0.35},
    "camera": {"move": "locked", "prop_share": 0.3},
    "stage": {"set": "test-floor", "hdri": "hdri-studio", "time": "day"},
    "effects": {"lightning": 0.0, "trail": 0.0, "embers": 0.0, "burst": 0.0},
    "occlusion": {"chance": 0.0, "held": 1.0},
    "distractors": {"chance": 0.0, "mirror": 0.0},
}


FIGURES = ("performer", "wanderer")


def worn(library: Library, figure: str) -> ClipSpec:
    """The first planned clip in which this figure wears the gauntlet, the others left out of the library."""
    others = {name for name in FIGURES if name != figure}
    alone = Library({name: asset for name, asset in library.assets.items() if name not in others})
    clips = (compose(Recipe.parse(RECIPE, "test"), alone, 11, index) for index in range(3))
    return next(clip for clip in clips if any(extra.holds for extra in clip.extras))
