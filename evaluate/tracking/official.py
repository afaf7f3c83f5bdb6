"""sam2's own video predictor, run as its notebooks run it: what the tracker is compared with."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import sam2.sam2_video_predictor
import sam2.utils.misc
import torch
from numpy.typing import NDArray
from PIL import Image

from .prompt import Prompt

Frame = NDArray[np.uint8]
Masks = dict[int, NDArray[np.bool_]]


def official(
    model: Any, frames: Iterable[Frame], prompts: Sequence[Prompt], device: str = "cpu"
) -> Generator[Masks, None, None]:
    """The official predictor's masks, by object, frame by frame; prompts are boxes or masks on the first frame.

    It reads all frames before it begins, so `frames` must end.
    """
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode(), _silent():
        for index, frame in enumerate(frames):
            # Its loader goes by the name, the picture's reader by the contents: no loss, so masks can be compared.
            Image.fromarray(frame).save(Path(folder) / f"{index:05d}.jpg", "PNG", compress_level=1)
        state = model.to(device).init_state(folder)
        for prompt in prompts:
            if prompt.mask is not None:
                model.add_new_mask(state, 0, prompt.object_id, prompt.mask)
            else:
                model.add_new_points_or_box(state, 0, prompt.object_id, box=np.array(prompt.box))
        for _, ids, logits in model.propagate_in_video(state):
            yield dict(zip(ids, (logits[:, 0] > 0).cpu().numpy(), strict=True))


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Without sam2's own progress bars, for whoever runs this shows one of its own."""
    modules: tuple[Any, ...] = (sam2.sam2_video_predictor, sam2.utils.misc)
    before = [module.tqdm for module in modules]
    try:
        for module in modules:
            module.tqdm = lambda items, **told: items
        yield
    finally:
        for module, bars in zip(modules, before, strict=True):
            module.tqdm = bars
