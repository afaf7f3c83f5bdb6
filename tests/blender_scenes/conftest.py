"""Renders are dear: one of each spec a session, shared by every test that looks at it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from render.asset import Library
from render.spec import ClipSpec
from tests.blender_scenes.curved_assets import write_curved
from tests.blender_scenes.labelled import with_digests
from tests.blender_scenes.rendering import Rendered, render
from tests.blender_scenes.simple_assets import write_assets


@pytest.fixture(scope="session")
def assets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the assets of known geometry."""
    return write_curved(write_assets(tmp_path_factory.mktemp("assets")))


@pytest.fixture(scope="session")
def rendered(assets: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[ClipSpec], Rendered]:
    """Render a spec, or give back what was rendered of the same spec before."""
    done: dict[str, Rendered] = {}

    def once(spec: ClipSpec) -> Rendered:
        if spec.digest() not in done:
            done[spec.digest()] = render(spec, tmp_path_factory.mktemp("clip") / "work", assets)
        return done[spec.digest()]

    return once


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Print a measured figure, for `pytest -s`: what docs/labels.md quotes."""

    def say(what: str, **figures: float) -> None:
        told = ", ".join(f"{name} {value:.4g}" for name, value in figures.items())
        print(f"\nmeasured: {what}: {told}")

    return say


@pytest.fixture(scope="session")
def digests(assets: Path) -> Callable[[ClipSpec], ClipSpec]:
    """Fill in the digests of a clip's assets."""
    library = Library.open([assets])
    return lambda spec: with_digests(spec, library)
