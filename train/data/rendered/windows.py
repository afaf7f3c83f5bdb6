"""Training windows of a dataset: drawn, read, warped and coloured."""

from __future__ import annotations

from functools import partial

import numpy as np

from render.manifest import Dataset
from render.mask import is_present
from render.products import Product

from ..augment import looks
from ..augment.dial import Dial, can_dial
from ..augment.warp import Warp, cut_about, random_warp, upright
from ..options import Data
from ..window import Window
from .pictures import matte, picture, shrunk
from .sampling import Choice, Sampler

TRIES = 4
"""So many random warps are tried before one that keeps the object in view is given up."""


class Rendered:
    """The endless stream of training windows of a dataset's `train` split: rendered clips, or real footage.

    Window i follows from the seed and i alone: any index can be asked for at any time, by any process. `name` goes in
    front of the windows' names, where several datasets are mixed.
    """

    def __init__(self, data: Dataset, options: Data, size: int, seed: int, name: str = "") -> None:
        self.data, self.options, self.size, self.name = data, options, size, name
        self.sampler = Sampler(data, options, size, seed)

    def __len__(self) -> int:
        """Windows in one pass over all objects."""
        return len(self.sampler)

    def window(self, index: int) -> Window:
        choice, rng = self.sampler.choose(index)
        dialled = rng.random() < self.options.dial and can_dial(self.data, choice.clip)
        light = (Product.LINEAR, Product.FX) if dialled else ()
        self.data.prefetch(choice.clip, choice.frames, choice.objects, (Product.RGB, *light))
        warp = self._warp(choice, rng)
        side, count = self.size, len(choice.frames)
        read = partial(
            Dial.random(rng, self.data, choice.clip, choice.frames[0]).picture if dialled else picture, self.data
        )
        rgb_THWC = np.empty((count, side, side, 3), np.uint8)
        coverage_NTHW = np.zeros((len(choice.objects), count, side, side), np.uint8)
        for t, number in enumerate(choice.frames):
            warp.picture(read(choice.clip, number, warp.reduction), rgb_THWC[t])
            for n, object_id in enumerate(choice.objects):
                if self.data.attributes(choice.clip, object_id)["coverage_sum"][number] > 0:  # else it need not be read
                    warp.matte(matte(self.data, choice.clip, number, object_id, warp.reduction), coverage_NTHW[n, t])
        kept = [n for n, coverage_THW in enumerate(coverage_NTHW) if is_present(coverage_THW[0])]
        shown = Choice(choice.clip, tuple(choice.objects[n] for n in kept), choice.frames)
        if len(kept) < len(choice.objects):
            coverage_NTHW = coverage_NTHW[kept]
        looks.change(rng, self.options, rgb_THWC, coverage_NTHW)
        return Window(rgb_THWC, coverage_NTHW, self.name + shown.name)

    def _warp(self, choice: Choice, rng: np.random.Generator) -> Warp:
        """A random warp after which an object, drawn at random, is still there in the first frame."""
        hero = matte(self.data, choice.clip, choice.frames[0], int(rng.choice(choice.objects)))
        source = (hero.shape[0], hero.shape[1])
        for _ in range(TRIES):
            cut = cut_about(rng, hero, self.options.zoom) if self.options.zoom else None
            warp = random_warp(rng, self.options, upright(source, self.size, cut))
            warp.matte(shrunk(hero, warp.reduction), shown := np.zeros((self.size, self.size), np.uint8))
            if is_present(shown):
                return warp
        return upright(source, self.size)
