"""Looking at every n-th frame only, and carrying the masks over the others with dense optical flow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from .prompt import Prompt, Tracked
from .session import Session

Frame = NDArray[np.uint8]

FLOW_SIDE = 384
"""Flow is computed with the longer side at most so many pixels, and scaled up."""


class Skipping:
    """Steps a session with every `every`-th frame, and with those that are prompted or follow a cut.

    To the network the clip has only the frames that it is shown: its memories then reach back `every` times as far.
    """

    def __init__(self, session: Session, every: int) -> None:
        self.session, self.every = session, every
        self._since = every
        self._last: tuple[Frame, Tracked] | None = None

    def step(self, index: int, frame: Frame, prompts: Sequence[Prompt], image: Tensor, cut: bool) -> Tracked:
        """The next frame's answer; `index` is its number in the clip, which the session may count otherwise."""
        if self.every == 1:
            return replace(self.session.step(frame, prompts, image), cut=cut)
        if self._last is None or prompts or cut or self._since >= self.every - 1 or not self._last[1].logits:
            self._since = 0
            found = replace(self.session.step(frame, prompts, image), index=index, cut=cut)
        else:
            self._since += 1
            before, answer = self._last
            flow = flow_between(frame, before)
            logits = {object_id: carried(one, flow) for object_id, one in answer.logits.items()}
            found = Tracked(index, logits, answer.scores, cut=cut, by_flow=True)
        self._last = (frame, found)
        return found


def flow_between(frame: Frame, before: Frame) -> NDArray[np.float32]:
    """(H, W, 2): where each pixel of `frame` was in `before`, as (x, y) offsets in pixels (DIS flow)."""
    height, width = frame.shape[:2]
    scale = min(1.0, FLOW_SIDE / max(height, width))
    small = (max(16, round(width * scale)), max(16, round(height * scale)))
    greys = (cv2.cvtColor(one, cv2.COLOR_RGB2GRAY) for one in (frame, before))
    here, there = (cv2.resize(grey, small, interpolation=cv2.INTER_AREA) for grey in greys)
    engine: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    flow: Any = cv2.resize(engine.calc(here, there, None), (width, height), interpolation=cv2.INTER_LINEAR)
    flow *= np.array([width / small[0], height / small[1]], np.float32)
    return np.asarray(flow, np.float32)


def carried(logits: NDArray[np.float32], flow: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logits (H, W) of the frame before, brought to this one along its backward flow."""
    y, x = np.mgrid[: logits.shape[0], : logits.shape[1]].astype(np.float32)
    return np.asarray(
        cv2.remap(logits, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
        np.float32,
    )
