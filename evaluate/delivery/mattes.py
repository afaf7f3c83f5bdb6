"""Soft-edge mattes as multi-part OpenEXR: a part an object, each a half-float alpha of the frame's size."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import OpenEXR
from numpy.typing import NDArray

from render.document import UserError

Logits = NDArray[np.float32]


def write_mattes(path: Path, logits: Mapping[int, Logits]) -> None:
    """Write, or add to, a frame's mattes. Part `object-1` holds channel `A`: the model's own confidence, 0..1.

    Alpha is the sigmoid of the logits (H, W): 0.5 on the mask's edge, soft where the model is unsure of a pixel.
    """
    alphas = {f"object-{number}": _alpha(one) for number, one in logits.items()}
    if path.exists():
        alphas = read_mattes(path) | alphas
    header = {"type": OpenEXR.scanlineimage, "compression": OpenEXR.ZIPS_COMPRESSION}
    parts = [OpenEXR.Part(dict(header), {"A": alpha}, name) for name, alpha in sorted(alphas.items())]
    with OpenEXR.File(parts) as file:
        file.write(str(path))


def read_mattes(path: Path) -> dict[str, NDArray[np.float16]]:
    """Part name to alpha, half float (H, W)."""
    try:
        with OpenEXR.File(str(path)) as file:
            return {part.name(): np.array(part.channels["A"].pixels) for part in file.parts}
    except (RuntimeError, ValueError, KeyError) as error:
        raise UserError(f"{path}: not a matte file ({error})") from None


def _alpha(logits: Logits) -> NDArray[np.float16]:
    return (1 / (1 + np.exp(-np.clip(logits, -30, 30)))).astype(np.float16)
