"""Small datasets and recipes for the trainer's tests."""

from pathlib import Path

import pytest
import torch

from tests.fake_dataset import make_dataset


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A valid dataset of drawn clips: train, train, val, test, twice over."""
    return make_dataset(tmp_path_factory.mktemp("data") / "drawn", clips=8, frames=7, size=(96, 64), objects=2)
