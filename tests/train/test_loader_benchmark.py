"""The loader's benchmark: both sides run, over the same clips, and make windows of the same form."""

import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from render.manifest import Dataset
from train.benchmarks import loader
from train.data.batch import collate
from train.data.rendered.windows import Rendered


@pytest.mark.slow
def test_both_loaders_make_the_same_kind_of_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "SIDE", 128)
    monkeypatch.setattr(loader, "CLIPS", 2)
    random.seed(1)
    loader.draw(tmp_path / "footage")
    out = tmp_path / "dataset"
    command = [sys.executable, "-m", "heroprop", "import", str(tmp_path / "footage"), "--from", "davis"]
    subprocess.run([*command, "--split", "train", "--out", str(out)], check=True, capture_output=True)
    data = Dataset.open(out)

    theirs, collated = loader.official(tmp_path / "footage", 64)
    official = collated([theirs[0]])
    ours = collate([Rendered(data, loader.OURS, 64, seed=1).window(0)]).to_sam2(torch.device("cpu"))
    assert ours.img_batch.shape == official.img_batch.shape == (8, 1, 3, 64, 64)
    assert ours.masks.shape[0] == official.masks.shape[0] == 8
    assert ours.masks.dtype == official.masks.dtype
    assert float(ours.img_batch.mean()) == pytest.approx(float(official.img_batch.mean()), abs=0.5)

    rows = dict(loader.compare(tmp_path / "footage", data, 64, rounds=2))
    assert float(rows["ours"]) > 0
    assert float(rows["sam2's PNGRawDataset and VOSDataset"]) > 0
    sizes = [loader.window_bytes(Rendered(data, loader.OURS, 64, seed=1), n) for n in range(3)]
    tar = sum(path.stat().st_size for path in out.glob("shards/*.tar"))
    assert 0 < max(sizes) < tar / 2, "a window reads its own frames"


def test_synthetic_photographs_have_a_photograph_s_spectrum() -> None:
    picture = loader.photograph(np.random.default_rng(1), 256)[..., 1].astype(float)
    power = np.abs(np.fft.fft2(picture - picture.mean())) ** 2
    f = np.hypot(np.fft.fftfreq(256)[:, None], np.fft.fftfreq(256)[None])
    octaves = [np.log2(power[(f >= low) & (f < 2 * low)].mean()) for low in (1 / 64, 1 / 32, 1 / 16)]
    assert np.diff(octaves) == pytest.approx([-2.8, -2.8], abs=0.35), "power falls as 1 / f^2.8"
