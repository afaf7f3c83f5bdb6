"""Curves, spin and charge against their definitions."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from render.motion import charge_level, orientation, position, quaternion_product
from render.spec import ChargeKey, Circular, Keys, Linear, Return, Spin, Still, Turn

reals = st.floats(-5, 5, allow_nan=False)
vectors = st.tuples(reals, reals, reals)


def test_golden_positions() -> None:
    # By hand: sin(pi/2) = 1 and sin(pi) = 0 at half the period; cos(pi/2) = 0, sin(pi/2) = 1 after a quarter turn.
    assert np.allclose(position(Still(point=(1, 2, 3)), [0, 9]), [[1, 2, 3], [1, 2, 3]])
    assert np.allclose(position(Linear(start=(1, 0, 0), velocity=(0, 2, 0)), 1.5), [[1, 3, 0]])
    back = Return(start=(0, 0, 1), reach=(4, 0, 0), bow=(0, 1, 0), period=2)
    assert np.allclose(position(back, [0, 0.5, 1, 2]), [[0, 0, 1], [4 * 0.5**0.5, 1, 1], [4, 0, 1], [0, 0, 1]])
    orbit = Circular(centre=(0, 0, 0), u=(1, 0, 0), v=(0, 0, 2), phase=0, rate=np.pi)
    assert np.allclose(position(orbit, [0, 0.5, 1]), [[1, 0, 0], [0, 0, 2], [-1, 0, 0]])


@given(st.lists(vectors, min_size=2, max_size=6), st.floats(0.05, 2))
def test_keys_pass_through_their_points_and_are_smooth(points: list[tuple[float, float, float]], step: float) -> None:
    times = [step * i for i in range(len(points))]
    curve = Keys(times=tuple(times), points=tuple(points))
    assert np.allclose(position(curve, times), points, atol=1e-9)
    inner = np.array(times[1:-1])
    if len(inner):
        h = 1e-6 * step
        before = (position(curve, inner) - position(curve, inner - h)) / h
        after = (position(curve, inner + h) - position(curve, inner)) / h
        assert np.allclose(before, after, atol=1e-3 * (1 + np.abs(before).max()))


@given(vectors.filter(lambda v: np.linalg.norm(v) > 0.1), st.floats(-20, 20), st.floats(-3, 3))
def test_spin_is_a_rotation_about_its_axis(axis: tuple[float, float, float], rate: float, time: float) -> None:
    turned = orientation(Spin(body=Turn.steady(axis, rate)), time)[0]
    assert np.isclose(np.linalg.norm(turned), 1)
    unit = np.array([0, *axis]) / np.linalg.norm(axis)
    conjugate = turned * [1, -1, -1, -1]
    assert np.allclose(quaternion_product(quaternion_product(turned, unit), conjugate), unit, atol=1e-9)


def test_spin_turns_counter_clockwise() -> None:
    quarter = orientation(Spin(body=Turn.steady((0, 0, 1), np.pi / 2)), 1.0)[0]
    assert np.allclose(quarter, [0.5**0.5, 0, 0, 0.5**0.5])


def test_charge_is_a_smoothstep_between_keys_and_constant_outside() -> None:
    keys = [ChargeKey(time=1, level=0), ChargeKey(time=2, level=1), ChargeKey(time=4, level=0.5)]
    assert np.allclose(charge_level(keys, [0, 1, 1.5, 2, 3, 4, 9]), [0, 0, 0.5, 1, 0.75, 0.5, 0.5])
    assert np.allclose(charge_level([], [0, 1]), 0)
    assert np.allclose(charge_level(keys[1:2], [0, 9]), 1)
