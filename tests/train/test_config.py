"""Recipes: those that come with heroprop, and mistakes in one's own."""

from pathlib import Path

import pytest

from render.document import UserError
from train.config import RECIPES, TrainConfig, read_config
from train.models import model_name

GOOD = """
steps = 10
[model]
name = "nano"
start = "nano-random:1"
[optimiser]
lr = 1e-4
[validation]
every = 5
"""


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_recipe_that_comes_with_heroprop_is_valid(path: Path) -> None:
    assert read_config(path) == read_config(Path(path.stem))
    model_name(read_config(path).model.name)


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        (
            "lr = 1e-4",
            "lr = 1e-4\nweigth_decay = 0",
            "optimiser.weigth_decay: unknown key; did you mean 'weight_decay'?",
        ),
        ("lr = 1e-4", "lr = -1", "optimiser.lr: Input should be greater than 0"),
        ("steps = 10", "", "give exactly one of them"),
        ("steps = 10", "steps = 10\nepochs = 2", "give exactly one of them"),
        ("steps = 10", 'epochs = 2\n[data]\nsource = "generic"', "generic clips never repeat"),
        ("[model]", "[prompts]\nmask = 0.9\n[model]", "mask + point + box must be 1, not 1.4"),
        ("[model]", "[prompts]\nclicks = 0\n[model]", "prompts.clicks: Input should be greater than or equal to 1"),
        ("[model]", "[data]\nframes = 2\n[prompts]\ncorrected_frames = 3\n[model]", "more than data.frames"),
        ("lr = 1e-4", "lr = 1e-4\nwarmup = 10", "must be shorter than steps"),
        ("every = 5", "", "validation.every: missing"),
        ("[model]", "[model", "not valid TOML"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, before: str, after: str, line: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD)
    assert read_config(path).steps == 10
    path.write_text(GOOD.replace(before, after))
    with pytest.raises(UserError) as error:
        read_config(path)
    assert line in str(error.value)
    assert "\n" not in str(error.value)


def test_a_recipe_that_is_not_there() -> None:
    with pytest.raises(UserError, match="did you mean 'nano-base-1'"):
        read_config(Path("nano-base1"))
    with pytest.raises(UserError, match="no such file"):
        read_config(Path("nowhere/mine.toml"))


def test_the_resolved_recipe_reads_back() -> None:
    config = read_config(Path("official"))
    assert TrainConfig.parse(config.model_dump(mode="json"), "again") == config
