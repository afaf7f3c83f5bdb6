"""One clip being tracked: frames go in one by one, forwards or backwards, prompts on any of them, masks come out."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from render.document import UserError

from .motion import Motion
from .network.memory import Output, forget
from .network.network import Network
from .prompt import Prompt, Tracked

Frame = NDArray[np.uint8]


class Session:
    """The state of one clip. Its size depends on the model, the objects and their prompts, never on the clip's length.

    `first` is the number of the first frame; `frames` how many the clip has, where that is known (clips shorter than
    the model's pointer memory are encoded by their length); `two_way` keeps what a later run backwards looks at.
    """

    def __init__(
        self,
        network: Network,
        height: int,
        width: int,
        first: int = 0,
        frames: int | None = None,
        reverse: bool = False,
        two_way: bool = False,
    ) -> None:
        self.network, self.size = network, (height, width)
        self.state = network.new_state(height, width, frames or sys.maxsize)
        self.index, self.reverse, self.two_way = first, reverse, two_way
        self._motion: dict[int, Motion] = {}

    def step(self, frame: Frame, prompts: Sequence[Prompt] = (), image: Tensor | None = None) -> Tracked:
        """Follow all objects to the next frame, then take its prompts: new objects, or corrections of what was found.

        `frame` is uint8 RGB (H, W, 3); `image` what `Network.prepare` made of it, if that was done ahead. UserError for
        a frame of another size and prompts that do not fit.
        """
        self._check(frame)
        for prompt in prompts:
            prompt.check(*self.size, correction=prompt.object_id in self.state["obj_ids"])
        index, self.index = self.index, self.index + (-1 if self.reverse else 1)
        if not self.state["obj_ids"] and not prompts:
            return Tracked(index, {}, {})
        with torch.inference_mode(), self.network.autocast():
            self.network.look(self.state, index, self.network.prepare(frame) if image is None else image)
            slots = self._followed(index)
            fresh = [slot for slot in slots if index not in self._outputs(slot, "cond")]
            if fresh:
                self.network.follow(self.state, fresh, index, self.reverse)
            for slot in slots:
                self.state["frames_tracked_per_obj"][slot] = {index: {"reverse": self.reverse}}
            for prompt in prompts:
                self.network.prompt(self.state, index, prompt)
            self._judge(index)
            for outputs in self.state["output_dict_per_obj"].values():
                forget(self.network.model, outputs, index, self.network.options, self.two_way and not self.reverse)
            return self._answer(index)

    def correct(self, prompt: Prompt) -> Tracked:
        """Take one more prompt on the frame of the last `step`, and give that frame's answer anew."""
        index = self.index + (1 if self.reverse else -1)
        prompt.check(*self.size, correction=prompt.object_id in self.state["obj_ids"])
        with torch.inference_mode(), self.network.autocast():
            for slot in self._followed(index):
                self.state["frames_tracked_per_obj"][slot] = {index: {"reverse": self.reverse}}
            self.network.prompt(self.state, index, prompt)
            return self._answer(index)

    def turn_back(self) -> None:
        """Go backwards from here on: the next frame is the one before the last object's first prompt."""
        starts = [min(self._outputs(slot, "cond")) for slot in range(len(self.state["obj_ids"]))]
        self.index, self.reverse, self._motion = max(starts) - 1, True, {}

    def _check(self, frame: Frame) -> None:
        height, width = self.size
        if frame.shape != (height, width, 3) or frame.dtype != np.uint8:
            raise UserError(
                f"frame {self.index} is {frame.shape[1]}x{frame.shape[0]}, but the first is {width}x{height}; "
                "a video must keep one size"
            )

    def _outputs(self, slot: int, kind: str) -> dict[int, Output]:
        found: dict[int, Output] = self.state["output_dict_per_obj"][slot][f"{kind}_frame_outputs"]
        return found

    def _followed(self, index: int) -> list[int]:
        """Slots of the objects to be found here: all, but on the second way of a two-way run those not done yet."""
        slots = list(range(len(self.state["obj_ids"])))
        if not (self.two_way and self.reverse):
            return slots
        return [slot for slot in slots if index < min(self._outputs(slot, "cond"))]

    def _output(self, slot: int, index: int) -> Output | None:
        return self._outputs(slot, "cond").get(index) or self._outputs(slot, "non_cond").get(index)

    def _judge(self, index: int) -> None:
        """Note for each object whether this frame's mask is one to rely on later."""
        if self.network.options.memory_choice != "reliable":
            return
        for slot in range(len(self.state["obj_ids"])):
            output = self._output(slot, index)
            if output is not None:
                low = output["pred_masks"][0, 0].float().cpu().numpy() > 0
                agrees = self._motion.setdefault(slot, Motion()).see(low)
                sure = float(output["object_score_logits"]) > 0 and output["iou"] > 0.5
                output["reliable"] = bool(agrees and sure and low.any())

    def _answer(self, index: int) -> Tracked:
        state = self.state
        slots = [slot for slot in self._followed(index) if self._output(slot, index) is not None]
        outputs = [self._output(slot, index) for slot in slots]
        if not outputs:
            return Tracked(index, {}, {})
        low_B1HW = torch.cat([output["pred_masks"] for output in outputs if output])
        _, logits_B1HW = self.network.model._get_orig_video_res_output(state, low_B1HW)
        logits_BHW = logits_B1HW[:, 0].float().cpu().numpy()
        scores = [float(torch.sigmoid(output["object_score_logits"].float())) for output in outputs if output]
        ids = [state["obj_ids"][slot] for slot in slots]
        return Tracked(index, dict(zip(ids, logits_BHW, strict=True)), dict(zip(ids, scores, strict=True)))
