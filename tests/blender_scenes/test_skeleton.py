"""Kinematics in NumPy, against what they must be: rotations there and back, limbs that end where they should."""

import numpy as np
import pytest
from numpy.typing import NDArray

from blender_scenes.skeleton import Poser, Skeleton, about, chained, quaternions, rotation, unit

Floats = NDArray[np.float64]
RNG = np.random.default_rng(4)


def _arm() -> Skeleton:
    """A root and a limb of two bones, 0.3 and 0.25 m, that hangs down and bends forward (+Y)."""
    down = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]).T  # X right, Y down, Z ahead
    rest = np.tile(np.eye(4), (3, 1, 1))
    for number, height in ((1, 0.0), (2, -0.3)):
        rest[number, :3, :3] = np.stack([[1, 0, 0], [0, 0, -1], [0, 1, 0]], axis=1)
        rest[number, 2, 3] = height
    assert np.allclose(np.linalg.det(down), 1)
    return Skeleton(("root", "upper", "lower"), (-1, 0, 1), rest, np.array([0.1, 0.3, 0.25]))


def _turns(count: int) -> Floats:
    turns = RNG.normal(size=(count, 4))
    return np.asarray(turns / np.linalg.norm(turns, axis=1, keepdims=True))


def test_rotations_there_and_back() -> None:
    turns = _turns(500)
    turns *= np.where(turns[:, :1] < 0, -1, 1)
    matrices = rotation(turns)
    assert np.linalg.det(matrices) == pytest.approx(1)
    assert np.einsum("nij,nkj->nik", matrices, matrices) == pytest.approx(np.tile(np.eye(3), (500, 1, 1)), abs=1e-12)
    assert quaternions(matrices) == pytest.approx(turns, abs=1e-9)


def test_chained_turns_are_the_product_of_their_matrices() -> None:
    a, b = _turns(50), _turns(50)
    assert rotation(chained(a, b)) == pytest.approx(rotation(a) @ rotation(b), abs=1e-12)
    quarter = rotation(about((0, 0, 2.0), [np.pi / 2]))[0]
    assert quarter @ [1, 0, 0] == pytest.approx([0, 1, 0], abs=1e-12)


def test_a_limb_ends_where_it_should_and_bends_the_way_it_should() -> None:
    count = 300
    poser = Poser(_arm(), count)
    poser.turns["root"] = _turns(count)
    goal = unit(RNG.normal(size=(count, 3))) * RNG.uniform(0.1, 0.54, (count, 1))
    pole = unit(RNG.normal(size=(count, 3)))
    miss = poser.reach("upper", "lower", goal, pole, forwards=True)
    assert miss == pytest.approx(0, abs=1e-9)
    lower = poser.matrix("lower")
    assert lower[:, :3, 3] + 0.25 * lower[:, :3, 1] == pytest.approx(goal, abs=1e-9)
    joint = lower[:, :3, 3]
    assert np.linalg.norm(joint, axis=1) == pytest.approx(0.3)
    aside = pole - (pole * unit(goal)).sum(1, keepdims=True) * unit(goal)
    assert ((joint * aside).sum(1) > 0).all(), "the joint must lie towards the pole"
    upper = poser.matrix("upper")
    assert ((upper[:, :3, 2] * lower[:, :3, 1]).sum(1) > 0).all(), "flexion turns the lower bone towards +Z"
    assert upper[:, :3, 0] == pytest.approx(lower[:, :3, 0], abs=1e-9), "a hinge has one axis"


def test_what_is_out_of_reach_is_missed_by_just_that() -> None:
    poser = Poser(_arm(), 1)
    miss = poser.reach("upper", "lower", [[0.0, 0.8, 0.0]], [[1.0, 0, 0]], forwards=True)
    assert miss == pytest.approx(0.8 - 0.55, abs=1e-3)
    lower = poser.matrix("lower")[0]
    assert unit(lower[:3, 3] + 0.25 * lower[:3, 1]) == pytest.approx([0, 1, 0], abs=1e-6)
