"""What varies in a set is drawn from a seed: the same for the same seed, and each thing for itself."""

import pytest
from pydantic import ValidationError

from render.document import UserError
from render.variation import Things, Variation, draw_amount, draw_things

NAMES = [f"Bin {n}" for n in range(40)]


def test_same_seed_same_things() -> None:
    things = Things(names=("Bin *",), chance=0.5, shift=(1.0, 2.0, 0.0), turn=30, scale=(0.8, 1.2), lit=0.5)
    first = draw_things(things, NAMES, 7)
    assert draw_things(things, list(reversed(NAMES)), 7) == first
    assert draw_things(things, NAMES, 8) != first
    assert 8 < sum(draw.there for draw in first.values()) < 32
    assert 8 < sum(draw.lit for draw in first.values()) < 32
    for draw in first.values():
        assert abs(draw.shift[0]) <= 1
        assert abs(draw.shift[1]) <= 2
        assert draw.shift[2] == 0
        assert abs(draw.turn) <= 30
        assert 0.8 <= draw.scale <= 1.2


def test_a_further_thing_reshuffles_none() -> None:
    things = Things(names=("Bin *",), chance=0.5, shift=(1.0, 1.0, 0.0))
    fewer, more = draw_things(things, NAMES[:-1], 3), draw_things(things, NAMES, 3)
    assert {name: more[name] for name in fewer} == fewer


def test_count_bounds_how_many_there_are() -> None:
    counts = set()
    for seed in range(60):
        drawn = draw_things(Things(names=("Bin *",), chance=0.1, count=(2, 4)), NAMES, seed)
        counts.add(sum(draw.there for draw in drawn.values()))
    assert counts == {2, 3, 4}


def test_amounts_lie_between_their_ends() -> None:
    low, high = (0.1, 0.2, 0.3), (0.3, 0.2, 0.1)
    amounts = [draw_amount((0.2, 0.6), "Brick", "Dirt", seed) for seed in range(50)]
    assert all(isinstance(amount, float) and 0.2 <= amount <= 0.6 for amount in amounts)
    assert max(amounts) - min(amounts) > 0.3  # type: ignore[operator]
    for seed in range(20):
        colour = draw_amount((low, high), "Brick", "Tint", seed)
        assert isinstance(colour, tuple)
        assert colour[0] + colour[2] == pytest.approx(0.4), "off the line between the two"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({"things": [{"names": "Bin *", "chanse": 1}]}, "things.0.chanse: unknown key; did you mean 'chance'?"),
        ({"things": [{"names": "Bin *", "count": [3, 2]}]}, "things.0: count: the lowest and the highest number"),
        ({"things": [{"names": "Bin *", "scale": [0, 1]}]}, "things.0: scale: the smallest and the largest"),
        ({"things": [{"names": []}]}, "things.0.names"),
    ],
)
def test_mistakes_are_named(data: dict[str, object], problem: str) -> None:
    with pytest.raises(UserError) as caught:
        Variation.parse(data, "asset.toml")
    assert problem in str(caught.value)


def test_a_negative_shift_is_refused() -> None:
    with pytest.raises(ValidationError, match="metres each way"):
        Things(names=("Bin",), shift=(-1.0, 0.0, 0.0))
