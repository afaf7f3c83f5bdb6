"""A look in a real render: it changes the picture, and neither a label nor scene-linear light."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from render.asset import Library
from render.products import Product
from render.spec import ClipSpec, Look
from tests.blender_scenes.rendering import Rendered
from tests.specs import make_film, make_spec

pytestmark = pytest.mark.slow

LOOK = Look(grain=3.0, vignette=0.6, fringe=1.0, drift=0.4, quality=70)


def test_a_look_changes_the_picture_and_no_label(assets: Path, rendered: Callable[[ClipSpec], Rendered]) -> None:
    boxes = {"prop": "test-box", "finish": "default", "occluder": "test-slab", "set": "test-floor"}
    film = make_film(frames=1, samples=4, extras=("linear",))
    spec = make_spec(Library.open([assets]), film=film, **boxes)
    plain, finished = rendered(spec), rendered(spec.model_copy(update={"look": LOOK}))
    assert plain.labels() == finished.labels()
    assert any("linear" in name for name in plain.labels())
    before, after = (one.member(0, Product.RGB).astype(float) for one in (plain, finished))
    assert np.abs(before - after).mean() > 2
    corners = np.ix_([0, 1, 2, -3, -2, -1], [0, 1, 2, -3, -2, -1])
    height, width, _ = before.shape
    middle = np.s_[height // 2 - 9 : height // 2 + 9, width // 2 - 9 : width // 2 + 9]
    lost, kept = (after[place].mean() / before[place].mean() for place in (corners, middle))
    assert lost < 0.8 * kept  # less than half the light, as the view transform shows it
