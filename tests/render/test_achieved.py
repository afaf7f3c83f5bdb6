"""What was predicted beside what was measured: errors that were put in come out again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from render.asset import Library
from render.manifest import Dataset
from render.planning.achieved import achieved
from render.planning.predict import predicted
from render.spec import ClipSpec, Still
from tests.specs import make_spec


class Rendered:
    """A dataset of one clip, whose labels measure what was predicted, but faster, and hidden by a tenth less."""

    def __init__(self, spec: ClipSpec, library: Library, real: bool = False) -> None:
        self._spec, self._seen, self._real = spec, predicted(spec, library), real

    def clips(self) -> list[str]:
        return [self._spec.clip]

    def is_real(self, clip: str) -> bool:
        return self._real

    def spec(self, clip: str) -> dict[str, Any]:
        return self._spec.model_dump(mode="json")

    def attributes(self, clip: str, object_id: int) -> Mapping[str, NDArray[Any]]:
        seen = self._seen[object_id]
        nothing = np.full(len(seen.times), np.nan)
        return {
            "amodal_area": seen.area,
            "speed_px": seen.speed_px + 2.0,
            "speed_diameters": nothing,
            "blur_px": seen.speed_px * self._spec.film.shutter_degrees / 360,
            "occlusion": seen.occlusion * 0.9,
            "veil_mean": np.full(len(seen.times), 0.25),
        }


@pytest.fixture(scope="module")
def library() -> Library:
    return Library.open()


def test_errors_are_measured_less_predicted(library: Library) -> None:
    spec = make_spec(library)
    pillar = spec.extras[0].model_copy(update={"curve": Still(point=(-0.3, -1.2, 1.0))})  # in the way
    spec = spec.model_copy(update={"extras": (pillar,)})
    seen = predicted(spec, library)[1]
    assert seen.episode.peak == 1
    found = achieved(cast(Dataset, Rendered(spec, library)), library)
    assert found["speed (px a frame)"].error == (2.0, 2.0, 2.0)
    assert found["blur (px)"].error == (0.0, 0.0, 0.0)
    assert found["area (share of the frame)"].count == seen.in_frame.sum() > 0
    assert "speed (diameters a frame)" not in found, "nothing was measured"
    veil = found["veil over the target"]
    assert (veil.predicted, veil.error, veil.measured) == (None, None, (0.25, 0.25, 0.25))
    peak = found["hidden at most, where it is"]
    assert peak.count == 1
    assert peak.error == pytest.approx((-0.1 * seen.episode.peak,) * 3, abs=1e-4)
    seconds = found["hidden for (s), where it is"]
    assert seconds.error == (0.0, 0.0, 0.0), "half of the peak is passed at the same moments"


def test_footage_has_no_prediction(library: Library) -> None:
    assert achieved(cast(Dataset, Rendered(make_spec(library), library, real=True)), library) == {}
