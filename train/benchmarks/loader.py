"""`python -m train.benchmarks.loader FOLDER`: windows a core makes in a second, ours against sam2's own loader.

Both read the same clips: `FOLDER/footage`, made here in DAVIS's layout of synthetic pictures with the statistics of
photographs (power falling as 1 / f^2.8, JPEG q95 4:4:4), and `FOLDER/dataset`, which `heroprop import` makes of it.
Both are asked for windows of 8 frames with sam2's own list of augmentations (its MOSE recipe's), turn by turn in one
process with one thread; counted is the time that the process ran, so that other programs disturb little.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from render.manifest import Dataset
from render.products import Product, palette
from render.screen import results as console
from render.screen import table

from ..data.batch import MEAN_RGB, STD_RGB, collate
from ..data.options import Data
from ..data.rendered.windows import Rendered

SIDE, CLIPS, FRAMES, WINDOW, OBJECTS = 1024, 4, 12, 8, 3
OURS = Data(
    frames=WINDOW, objects=OBJECTS, flip=0.5, rotate=25, shear=20, colour=0.1, flicker=0.1, grey=0.05, strides=(1,)
)
"""sam2's MOSE recipe as ours has it."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--sizes", type=int, nargs="+", default=[512, 1024])
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    footage, dataset = options.folder / "footage", options.folder / "dataset"
    if not dataset.exists():
        draw(footage)
        command = [sys.executable, "-m", "heroprop", "import", str(footage), "--from", "davis", "--out", str(dataset)]
        subprocess.run([*command, "--split", "train"], check=True, stdout=subprocess.DEVNULL)
    rows = [row for size in options.sizes for row in compare(footage, Dataset.open(dataset), size, options.rounds)]
    console.print(table("frames a core-second", ["", *(f"{size} px" for size in options.sizes)], _beside(rows)))


def compare(footage: Path, data: Dataset, size: int, rounds: int) -> list[tuple[str, str]]:
    """(what, figure) rows: medians over the rounds, in each of which every side makes one window."""
    theirs, collated = official(footage, size)
    ours = Rendered(data, OURS, size, seed=1)
    cpu = torch.device("cpu")
    names = [(clip, frame) for clip in data.clips("train") for frame in range(data.frame_count(clip))]
    jpegs = [np.frombuffer(data.encoded(*name, Product.RGB), np.uint8) for name in names[:WINDOW]]
    spent: dict[str, list[float]] = {name: [] for name in ("sam2", "ours", "device", "floor")}
    for index in range(-1, rounds):  # the first round warms up
        batch: list[Any] = []
        seconds = {
            "sam2": _seconds(lambda: collated([theirs[random.randrange(len(theirs))]])),
            "ours": _seconds(lambda: batch.append(collate([ours.window(index + 1)]))),  # noqa: B023
            "device": _seconds(lambda: batch[0].to_sam2(cpu)),  # noqa: B023
            "floor": _seconds(lambda: [cv2.imdecode(jpeg, cv2.IMREAD_COLOR) for jpeg in jpegs]),
        }
        if index >= 0:
            for name, value in seconds.items():
                spent[name].append(value)
    one = {name: median(values) / WINDOW for name, values in spent.items()}
    read = [window_bytes(ours, index) for index in range(rounds)]
    return [
        ("sam2's PNGRawDataset and VOSDataset", f"{1 / one['sam2']:.1f}"),
        ("ours", f"{1 / one['ours']:.1f}"),
        ("ours, with what the step does on the CPU (to float, normalise)", f"{1 / (one['ours'] + one['device']):.1f}"),
        ("only decoding the JPEGs", f"{1 / one['floor']:.1f}"),
        ("ours over sam2's", f"{one['sam2'] / one['ours']:.2f} x"),
        ("ours over sam2's, step included", f"{one['sam2'] / (one['ours'] + one['device']):.2f} x"),
        ("read for a window", f"{median(read) / 1e6:.2f} MB"),
    ]


def official(footage: Path, size: int) -> tuple[Any, Callable[[list[Any]], Any]]:
    """sam2's own data set over the footage and its collation, as its MOSE recipe puts them together."""
    from training.dataset import transforms as t
    from training.dataset.vos_dataset import VOSDataset
    from training.dataset.vos_raw_dataset import PNGRawDataset
    from training.dataset.vos_sampler import RandomUniformSampler
    from training.utils.data_utils import collate_fn

    chain = t.ComposeAPI(
        [
            t.RandomHorizontalFlip(consistent_transform=True),
            t.RandomAffine(degrees=25, shear=20, image_interpolation="bilinear", consistent_transform=True),
            t.RandomResizeAPI(sizes=size, square=True, consistent_transform=True),
            t.ColorJitter(consistent_transform=True, brightness=0.1, contrast=0.03, saturation=0.03, hue=None),
            t.RandomGrayscale(p=0.05, consistent_transform=True),
            t.ColorJitter(consistent_transform=False, brightness=0.1, contrast=0.05, saturation=0.05, hue=None),
            t.ToTensorAPI(),
            t.NormalizeAPI(mean=MEAN_RGB, std=STD_RGB),
        ]
    )
    raw = PNGRawDataset(str(footage / "JPEGImages/480p"), str(footage / "Annotations/480p"), is_palette=True)
    sampler = RandomUniformSampler(num_frames=WINDOW, max_num_objects=OBJECTS)
    return VOSDataset([chain], True, raw, sampler, multiplier=1), lambda found: collate_fn(found, dict_key="all")


def window_bytes(source: Rendered, index: int) -> int:
    """Bytes of the tar that the frames of one window are: pictures and the mattes of its objects."""
    choice, _ = source.sampler.choose(index)
    columns = ["rgb", *(f"coverage-{number}" for number in choice.objects)]
    return sum(source.data.locate(choice.clip, frame, name).size for frame in choice.frames for name in columns)


def draw(footage: Path) -> None:
    """Clips of three textured discs that cross a panning ground, in DAVIS's layout."""
    rng = np.random.default_rng(7)
    y, x = np.mgrid[:SIDE, :SIDE]
    for clip in range(CLIPS):
        ground, skin = photograph(rng, 2 * SIDE), photograph(rng, SIDE)[..., ::-1]
        shots, masks = (footage / kind / "480p" / f"clip-{clip}" for kind in ("JPEGImages", "Annotations"))
        for home in (shots, masks):
            home.mkdir(parents=True, exist_ok=True)
        starts, ways = rng.uniform(0.2, 0.8, (OBJECTS, 2)) * SIDE, rng.uniform(-0.02, 0.02, (OBJECTS, 2)) * SIDE
        radii = rng.uniform(0.06, 0.16, OBJECTS) * SIDE
        for frame in range(FRAMES):
            picture = ground[frame * 8 : frame * 8 + SIDE, frame * 5 : frame * 5 + SIDE].copy()
            ids = np.zeros((SIDE, SIDE), np.uint8)
            for number, (start, way, radius) in enumerate(zip(starts, ways, radii, strict=True), 1):
                inside = np.hypot(x - start[0] - frame * way[0], y - start[1] - frame * way[1]) < radius
                picture[inside], ids[inside] = skin[inside], number
            Image.fromarray(picture).save(shots / f"{frame:05d}.jpg", quality=95, subsampling=0)
            index = Image.fromarray(ids, "P")
            index.putpalette(palette())
            index.save(masks / f"{frame:05d}.png")


def photograph(rng: np.random.Generator, side: int) -> NDArray[np.uint8]:
    """Noise with a photograph's spectrum, uint8 (side, side, 3): colours mostly go with the light.

    Power falls as 1 / f^2.8, a little steeper than the 1 / f^2 of sharp photographs (Field 1987): at q95 that makes
    JPEGs of about 0.45 bytes a pixel, about what rendered frames have.
    """
    f = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side)[None])
    f[0, 0] = 1
    planes = [np.fft.ifft2(np.fft.fft2(rng.standard_normal((side, side))) / f**1.4).real for _ in range(3)]
    light, *tints = (plane / plane.std() for plane in planes)
    picture = np.stack([light, light + 0.2 * tints[0], light + 0.2 * tints[1]], -1)
    return np.clip(110 + 40 * picture, 0, 255).astype(np.uint8)


def _seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _beside(rows: list[tuple[str, str]]) -> list[tuple[str, ...]]:
    """One row a name, with its figures side by side."""
    figures: dict[str, list[str]] = {}
    for name, figure in rows:
        figures.setdefault(name, []).append(figure)
    return [(name, *found) for name, found in figures.items()]


if __name__ == "__main__":
    main()
