"""The step benchmark: both ways really learn from the same thing."""

import pytest

from train.benchmarks.step import Case, measure


@pytest.mark.slow
def test_both_ways_start_from_the_same_loss() -> None:
    official, ours = measure(Case("nano", 128, frames=2, batch=1, device="cpu", threads=1), rounds=1)
    assert (official.way, ours.way) == ("official", "heroprop")
    assert ours.first_loss == pytest.approx(official.first_loss, rel=1e-5)
    for one in (official, ours):
        assert one.steps_a_second > 0
        assert 0.1 < one.peak_gib < 8
