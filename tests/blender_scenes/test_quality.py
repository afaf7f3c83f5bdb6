"""Error against seconds: what settings need for equal error, read off curves whose law is known."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blender_scenes.benchmark import quality, shots
from blender_scenes.benchmark.curves import Point, ratio, seconds_for

COUNTS = (8, 16, 32, 64, 128)


def curve(second_a_sample: float, noise: float, bias: float = 0.0) -> list[Point]:
    """Monte Carlo as it should be: mean square error falls with 1 / n, an error of amplitude with 1 / sqrt(n)."""
    return [
        Point(n, second_a_sample * n, bias + noise / math.sqrt(n), bias + noise**2 / n)
        for n in COUNTS
    ]  # fmt: skip


@given(st.floats(0.01, 10), st.floats(0.3, 1.5), st.floats(0.25, 4))
def test_half_the_noise_is_a_quarter_of_the_seconds(second: float, noise: float, faster: float) -> None:
    """With noise q times stock's, equal error needs q^2 times the samples, whatever error is meant."""
    stock, ours = curve(second, 1.0), curve(second * faster, noise)
    wanted = faster * noise**2
    if 8 < 32 * noise**2 < 128:
        assert ratio(ours, stock, "flip", 32) == pytest.approx(wanted, rel=1e-6)
        assert ratio(ours, stock, "relative_mse", 32) == pytest.approx(wanted, rel=1e-6)


def test_a_curve_is_as_good_as_itself() -> None:
    stock = curve(0.2, 0.7, bias=0.01)
    assert [ratio(stock, stock, error, n) for error in ("flip", "relative_mse") for n in COUNTS] == [1.0] * 10  # type: ignore[arg-type]


def test_what_never_gets_there_is_infinite_and_what_starts_there_is_bounded_by_its_start() -> None:
    stock = curve(1.0, 1.0)
    assert ratio(curve(1.0, 1.0, bias=0.5), stock, "flip", 32) == math.inf
    assert seconds_for(curve(1.0, 0.01), "flip", 0.1) == 8.0


def test_relative_error_of_a_picture() -> None:
    truth = np.full((40, 50, 3), 0.3, np.float32)
    found = truth + np.float32(0.05)
    assert shots.relative_mse(found, truth) == pytest.approx(0.05**2 / (0.3**2 + 0.01), rel=1e-4)
    found[0, 0] = 1e6  # a firefly: one pixel of 2,000 is left out
    assert shots.relative_mse(found, truth) == pytest.approx(0.05**2 / (0.3**2 + 0.01), rel=1e-4)
    assert shots.relative_mse(truth, truth) == 0.0


def test_the_table_says_the_worst_and_the_median() -> None:
    measured = [
        ("a", {"stock": curve(1, 1), "ours": curve(0.5, 1)}),
        ("b", {"stock": curve(1, 1), "ours": curve(0.8, 1)}),
    ]
    rows = quality._rows(measured, 32)
    assert rows[-2:] == [
        ("worst", "ours", "", "", "", "0.800", "0.800"),
        ("median", "ours", "", "", "", "0.650", "0.650"),
    ]


def test_a_mistake_is_told_in_one_line() -> None:
    command = [sys.executable, "-m", "blender_scenes.benchmark.quality", "--samples", "3"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "error: --samples: 3; must be one of --counts 8,16,32,64,128\n"


@pytest.mark.slow
def test_it_measures_a_clip() -> None:
    """More samples come nearer to the truth and take longer; all settings are rendered; the table is whole."""
    size = ["--width", "64", "--height", "36", "--clips", "1", "--truth", "64", "--samples", "2", "--counts", "2,16"]
    command = [sys.executable, "-m", "blender_scenes.benchmark.quality", "--recipe", "demo", *size, "--json"]
    done = subprocess.run([*command, "--try", '{"use_denoising": false}'], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)
    assert list(found) == ["clip", "stock", "ours", '{"use_denoising": false}']
    for name in list(found)[1:]:
        few, many = found[name]
        assert many["relative_mse"] < few["relative_mse"]
        assert many["flip"] < few["flip"]
        assert many["seconds"] > 0
    assert found["ours"][0]["flip"] != found["stock"][0]["flip"]
