"""The step benchmark: both ways really learn from the same thing."""

import pytest

from train.benchmarks.step import Case, measure


@pytest.mark.slow
def test_both_ways_start_from_the_same_loss() -> None:
    found = measure(Case("nano", 128, frames=2, batch=1, device="cpu", threads=1), rounds=1)
    official, ours = found.official, found.heroprop
    assert (official.way, ours.way) == ("official", "heroprop")
    assert ours.first_loss == pytest.approx(official.first_loss, rel=1e-5)
    for one in (official, ours):
        assert one.processor_seconds > 0
        assert one.seconds > 0
        assert 0.1 < one.peak_gib < 8
    assert found.least == found.ratio == found.most == official.processor_seconds / ours.processor_seconds
