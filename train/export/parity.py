"""What an export has to show before it is kept: the other program's answers beside ours, on one short clip."""

from __future__ import annotations

import contextlib
import io
import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluate.metrics import jaccard
from evaluate.tracker import Prompt
from render.document import UserError

Frame = NDArray[np.uint8]
Logits = Sequence[NDArray[np.float32]]


@dataclass(frozen=True)
class Parity:
    """How far another program's logits and masks are from ours, at worst, and on what that was found."""

    logit_difference: float
    logit_range: float
    mask_iou: float
    """NaN where no mask had LEAST pixels, as from a model that was not taught the prompts."""
    checked: str
    """In words, for the model card: against what, on how much."""

    @property
    def known_iou(self) -> float | None:
        """The IoU, None where there is none."""
        return None if math.isnan(self.mask_iou) else self.mask_iou


@dataclass(frozen=True)
class Limits:
    """What a format must keep to: the lowest IoU, and the largest difference of logits."""

    mask_iou: float
    logits: float = math.inf
    share: float = math.inf
    """The same as a share of all logits' range."""


SAME = Limits(mask_iou=0.999, logits=1e-3)
"""For a format that holds the very weights: what another order of float32 sums may change."""
ROUNDED = Limits(mask_iou=0.9, share=0.05)
"""For rounded weights: logits by a twentieth of their range, which moves a mask's edge where it is faint."""
LEAST = 32
"""A mask of fewer pixels says nothing by its IoU: one pixel at the threshold decides."""


def compare(found: Logits, expected: Logits, checked: str) -> Parity:
    """Parity of pictures of logits, in pairs; above 0 is the object. A missing picture is as far off as can be."""
    if len(found) != len(expected) or any(a.shape != b.shape for a, b in zip(found, expected, strict=True)):
        return Parity(math.inf, 0.0, 0.0, checked)
    pairs = list(zip(found, expected, strict=True))
    masks = [(a > 0, b > 0) for a, b in pairs]
    return Parity(
        logit_difference=max(float(np.abs(a - b).max()) for a, b in pairs),
        logit_range=max(float(b.max()) for b in expected) - min(float(b.min()) for b in expected),
        mask_iou=min((jaccard(a, b) for a, b in masks if max(a.sum(), b.sum()) >= LEAST), default=math.nan),
        checked=checked,
    )


def demand(parity: Parity, limits: Limits, out: object, program: str, cure: str) -> None:
    """UserError unless the parity keeps to the limits; logits that are not finite never do."""
    alike = parity.logit_difference <= min(limits.logits, limits.share * parity.logit_range)
    if not alike or parity.mask_iou < limits.mask_iou:
        raise UserError(
            f"{out}: not written: run by {program} its masks differ from ours (logits by "
            f"{parity.logit_difference:.3g} of {parity.logit_range:.3g}, IoU {parity.mask_iou:.4f}); {cure}"
        )


def drawn_clip(count: int) -> tuple[list[Frame], list[Prompt]]:
    """Frames of a disk that crosses a gradient, 160 x 120, prompted by its mask, and as a second object by a box."""
    y, x = np.mgrid[:120, :160]
    ground = np.stack([x, y + 40, 200 - x], axis=2).astype(np.uint8)
    frames, masks = [], []
    for index in range(count):
        mask = (x - 40 - 12 * index) ** 2 + (y - 50 - 3 * index) ** 2 < 18**2
        frame = ground.copy()
        frame[mask] = (230, 60, 40)
        frames.append(frame)
        masks.append(mask)
    return frames, [Prompt(1, mask=masks[0]), Prompt(2, box=(20.0, 70.0, 60.0, 110.0))]


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without other programs' progress bars and warnings (sam2's at each frame: no CUDA hole filling on a CPU)."""
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        yield
