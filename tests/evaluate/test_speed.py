"""`speed`: each variant in a process of its own, its masks compared with the official predictor's."""

from __future__ import annotations

import numpy as np
import pytest

from evaluate.speed import Job, _overlaps, machine, speed
from render.document import UserError


@pytest.mark.slow
def test_variants_beside_the_official_predictor(capfd: pytest.CaptureFixture[str]) -> None:
    job = Job(None, "nano", "cpu", frames=4, objects=2, width=160, height=120, threads=1)
    told: list[tuple[int, int]] = []
    report = speed(job, ["official", "default", "bfloat16,memories=2"], lambda *step: told.append(step))
    assert told == [(done, 12) for done in range(13)]  # eight until the memories are full, and four
    shown = capfd.readouterr()
    assert "propagate in video" not in shown.err  # sam2's own bars
    assert "frame loading" not in shown.err
    assert [one.variant for one in report.variants] == ["official", "default", "bfloat16,memories=2"]
    official, default, thinned = report.variants
    assert official.ratio == 1
    assert default.lowest_iou is not None
    assert default.lowest_iou >= 0.999
    assert thinned.lowest_iou is not None
    assert thinned.lowest_iou < 1  # other masks: it did look at fewer memories, more coarsely
    for one in report.variants:
        assert 0 < one.p50_ms <= one.p95_ms
        assert 0 < one.cpu_seconds < 60
        assert 50 < one.warm_mb <= one.peak_mb
    assert report.weights.startswith("random: for timing only")
    assert report.frames == 4


def test_what_cannot_be_measured_is_refused() -> None:
    job = Job(None, "nano", "cpu", 1, 1, 64, 48, 1)
    for variants, said in [(["default", "default"], "given twice"), (["fast"], "unknown"), (["cuda-graphs"], "CUDA")]:
        with pytest.raises(UserError, match=said):
            speed(job, variants)
    assert machine("cpu")


def test_masks_are_compared_where_the_official_predictor_follows() -> None:
    truth, near, far, speck = np.zeros((4, 40, 40), np.bool_)
    truth[5:25, 5:25] = near[5:25, 5:21] = far[28:38, 28:38] = speck[5:8, 5:8] = True
    assert _overlaps([truth], [near], [truth]) == [0.8]
    assert _overlaps([truth], [far], [truth]) == [], "it is lost, and where its mask goes to says nothing"
    assert _overlaps([truth], [far], None) == [0.0], "random weights follow nothing"
    assert _overlaps([truth], [speck], None) == []
    assert _overlaps([far, truth], [near, truth], [truth, truth]) == [0.0, 1.0]
