"""A bare clip for tests of labels: one test box above a floor, nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from render.asset import Library
from render.spec import ClipSpec, Extra, Spin, Still
from tests.specs import make_film, make_spec


def empty_clip(**changes: object) -> ClipSpec:
    """One uncharged test box that hangs still above the test floor, no extras, no effects."""
    spec = make_spec(prop="test-box", finish="default", set="test-floor", film=make_film(frames=1, samples=1))
    target = spec.targets[0].model_copy(
        update={"curve": Still(point=(0.0, 0.0, 1.5)), "spin": Spin(), "charge": (), "label": "thing"}
    )
    return spec.model_copy(update={"targets": (target,), "extras": (), "effects": (), **changes})


def extra(asset: str, point: Sequence[float], spin: Spin | None = None) -> Extra:
    """An unlabelled thing that stands still."""
    x, y, z = point
    return Extra(
        asset=asset, asset_digest="0" * 64, finish="default", curve=Still(point=(x, y, z)), spin=spin or Spin()
    )


def with_digests(spec: ClipSpec, library: Library) -> ClipSpec:
    """The clip with the digests of the assets that it names."""
    return spec.model_copy(
        update={
            "targets": tuple(t.model_copy(update={"asset_digest": library.get(t.asset).digest}) for t in spec.targets),
            "extras": tuple(e.model_copy(update={"asset_digest": library.get(e.asset).digest}) for e in spec.extras),
            "stage": spec.stage.model_copy(
                update={
                    "set_digest": library.get(spec.stage.set).digest,
                    "hdri_digest": library.get(spec.stage.hdri).digest,
                }
            ),
        }
    )
