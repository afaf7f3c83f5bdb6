"""The strength dial."""

from __future__ import annotations

import numpy as np
import pytest

from render.frames.dial import dial, srgb


def test_dial_is_linear_in_the_effects_light() -> None:
    rng = np.random.default_rng(3)
    without, fx = rng.random((4, 5, 3)), rng.random((4, 5, 3))
    linear = without + fx
    assert np.allclose(dial(linear, fx, 0), without, atol=1e-6)
    assert np.allclose(dial(linear, fx, 1), linear, atol=1e-6)
    assert np.allclose(dial(linear, fx, 2.5) - dial(linear, fx, 0), 2.5 * fx, atol=1e-5)
    assert dial(linear, fx, 0).dtype == np.float32
    ramp = np.linspace(0, 2, 20).reshape(4, 5, 1)
    assert np.allclose(dial(linear, fx, ramp), without + ramp * fx, atol=1e-5)


def test_dial_never_gives_negative_light() -> None:
    assert dial([[[0.1, 0.1, 0.1]]], [[[0.2, 0.0, 0.1]]], 0).min() == 0


def test_dial_says_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="strength"):
        dial(np.zeros((2, 2, 3)), np.zeros((2, 2, 3)), -1)
    with pytest.raises(ValueError, match="shape"):
        dial(np.zeros((2, 2, 3)), np.zeros((2, 3, 3)), 1)


def test_srgb_encodes_as_the_standard_says() -> None:
    # 128 of 255 is 0.21586 linear, 0.0031308 is the end of the straight piece.
    assert srgb([[[0.0, 0.215861, 1.0]]]).tolist() == [[[0, 128, 255]]]
    assert srgb([[[0.0031308, 2.0, 0.5]]], exposure=-1.0).tolist() == [[[5, 255, 137]]]
