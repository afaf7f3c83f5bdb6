"""Streaming video tracker over the real SAM 2 video predictor: frames in as they come, masks out, memory bounded.

The official `SAM2VideoPredictor.init_state` reads a whole folder of JPEGs before the first mask, and its state grows
with every frame. Here the same inference state is built by hand, holds one frame's pixels at a time, and forgets what
the model's own memory rule can no longer reach; the network calls are the official ones, so the masks are equal.
"""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import sys
import warnings
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from PIL import Image
from sam2.sam2_video_predictor import SAM2VideoPredictor

from render.document import UserError

Frame = NDArray[np.uint8]
Precision = Literal["float32", "bfloat16"]

MEAN_RGB = (0.485, 0.456, 0.406)
STD_RGB = (0.229, 0.224, 0.225)
SMALL_INPUT = 256


@dataclass(frozen=True)
class Prompt:
    """What to track: a mask, or a box and/or points, on one frame. Coordinates are (x, y) pixels from the top left."""

    object_id: int = 1
    frame: int = 0
    points: tuple[tuple[float, float], ...] = ()
    labels: tuple[int, ...] = ()
    """1 on the object, 0 off it; one a point (all 1 if left out)."""
    box: tuple[float, float, float, float] | None = None
    """x0, y0, x1, y1."""
    mask: NDArray[np.bool_] | None = field(default=None, compare=False)
    """bool (H, W), the frame's own size."""

    def check(self, height: int, width: int) -> None:
        """Raise UserError if the prompt is empty, contradicts itself or does not fit a frame of this size."""
        size = f"the frame is {width}x{height}"
        if self.mask is not None:
            if self.points or self.box is not None:
                raise UserError(f"prompt of object {self.object_id}: give a mask, or a box and points, not both")
            if self.mask.shape != (height, width):
                found = f"{self.mask.shape[1]}x{self.mask.shape[0]}"
                raise UserError(f"mask of object {self.object_id} is {found}, but {size}; give one of the frame's size")
            if not self.mask.any():
                raise UserError(f"mask of object {self.object_id} is empty; mark at least one pixel")
            return
        if not self.points and self.box is None:
            raise UserError(f"prompt of object {self.object_id}: nothing given; give a point, a box or a mask")
        if self.labels and len(self.labels) != len(self.points):
            raise UserError(f"prompt of object {self.object_id}: {len(self.points)} points, {len(self.labels)} labels")
        if self.points and self.box is None and 1 not in (self.labels or (1,)):
            raise UserError(f"prompt of object {self.object_id}: only negative points; give one on the object")
        for x, y in self.points:
            if not (0 <= x < width and 0 <= y < height):
                raise UserError(f"point {x:g},{y:g} lies outside the frame; {size}")
        if self.box is not None:
            x0, y0, x1, y1 = self.box
            shown = f"box {x0:g},{y0:g},{x1:g},{y1:g}"
            if x1 <= x0 or y1 <= y0:
                raise UserError(f"{shown} is empty; give x0,y0,x1,y1 with x0 < x1 and y0 < y1")
            if not (x0 >= 0 and y0 >= 0 and x1 <= width and y1 <= height):
                raise UserError(f"{shown} reaches outside the frame; {size}")


@dataclass(frozen=True)
class Tracked:
    """One frame's answer, by object id; an object is missing until the frame that it is prompted on."""

    index: int
    logits: dict[int, NDArray[np.float32]]
    """(H, W) at the frame's resolution; above 0 is the object."""
    scores: dict[int, float]
    """The model's own belief that the object is in the picture, 0..1."""

    @property
    def masks(self) -> dict[int, NDArray[np.bool_]]:
        """bool (H, W) masks: logits above 0."""
        return {object_id: logits > 0 for object_id, logits in self.logits.items()}


class Tracker:
    """Tracks prompted objects through a video with one SAM 2 model. Reusable: every `track` starts afresh.

    `precision` is float32 on the CPU and bfloat16 autocast (as Meta runs it) on CUDA unless given.
    """

    def __init__(self, model: SAM2VideoPredictor, device: str = "cpu", precision: Precision | None = None) -> None:
        self.model = model.to(device).eval()
        self.device = torch.device(device)
        self.precision: Precision = precision or ("bfloat16" if self.device.type == "cuda" else "float32")
        self.fills_holes = self._settle_hole_filling()

    def track(self, frames: Iterable[Frame], prompts: Sequence[Prompt]) -> Iterator[Tracked]:
        """Yield one Tracked a frame, in order, as frames arrive. Frames are uint8 RGB (H, W, 3), all of one size.

        Each object is tracked forward from the frame of its (single) prompt. Masks equal those of the official
        predictor given that prompt and the same frames.

        Raises UserError for a prompt that does not fit, frames that change size, or no frames at all.
        """
        _check_prompts(prompts)
        frames = iter(frames)
        # Clips shorter than the model's pointer memory scale its temporal encoding by their length, so read that far.
        head = list(itertools.islice(frames, self.model.max_obj_ptrs_in_encoder))
        if not head:
            raise UserError("the video has no frames")
        height, width = head[0].shape[:2]
        for prompt in prompts:
            prompt.check(height, width)
        known_short = len(head) < self.model.max_obj_ptrs_in_encoder
        state = self._new_state(height, width, frames=len(head) if known_short else sys.maxsize)
        index = -1
        for index, frame in enumerate(itertools.chain(head, frames)):
            if frame.shape != (height, width, 3) or frame.dtype != np.uint8:
                raise UserError(
                    f"frame {index} is {frame.shape[1]}x{frame.shape[0]}, but the first is {width}x{height}; "
                    "a video must keep one size"
                )
            yield self._step(state, index, frame, [prompt for prompt in prompts if prompt.frame == index])
            head = []
        late = [prompt for prompt in prompts if prompt.frame > index]
        if late:
            raise UserError(f"prompt of object {late[0].object_id} is on frame {late[0].frame}, the last is {index}")

    def _settle_hole_filling(self) -> bool:
        """Whether small holes will be filled, as the model's config asks. Only sam2's compiled CUDA op can do it.

        Without the op the official predictor fails, warns and goes on at every frame; the masks are the same here, with
        one warning that says so.
        """
        if self.model.fill_hole_area == 0:
            return False
        if self.device.type == "cuda" and importlib.util.find_spec("sam2._C") is not None:
            return True
        warnings.warn(
            f"small holes (up to {self.model.fill_hole_area} px) are left unfilled: sam2's CUDA extension is "
            f"not available on {self.device.type}; masks equal the official predictor's without it",
            stacklevel=3,
        )
        self.model.fill_hole_area = 0
        return False

    def _new_state(self, height: int, width: int, frames: int) -> dict[str, Any]:
        """The dictionary that `SAM2VideoPredictor.init_state` makes (sam2 1.1.0), with room for one image at a time."""
        return {
            "images": {},
            "num_frames": frames,
            "offload_video_to_cpu": False,
            "offload_state_to_cpu": False,
            "video_height": height,
            "video_width": width,
            "device": self.device,
            "storage_device": self.device,
            "point_inputs_per_obj": {},
            "mask_inputs_per_obj": {},
            "cached_features": {},
            "constants": {},
            "obj_id_to_idx": OrderedDict(),
            "obj_idx_to_id": OrderedDict(),
            "obj_ids": [],
            "output_dict_per_obj": {},
            "temp_output_dict_per_obj": {},
            "frames_tracked_per_obj": {},
        }

    @torch.inference_mode()
    def _step(self, state: dict[str, Any], index: int, frame: Frame, prompts: list[Prompt]) -> Tracked:
        """One frame through the network: new prompts first, then every object, as `propagate_in_video` does."""
        with self._autocast():
            state["images"] = {index: self._preprocess(frame)}
            for prompt in prompts:
                self._add(state, prompt)
            if not state["obj_ids"]:
                return Tracked(index, {}, {})
            if prompts:
                self.model.propagate_in_video_preflight(state)
            outputs = [self._track_object(state, slot, index) for slot in range(len(state["obj_ids"]))]
            low_B1HW = torch.cat([output["pred_masks"] for output in outputs])
            _, logits_B1HW = self.model._get_orig_video_res_output(state, low_B1HW)
        self._forget(state, index)
        logits_BHW = logits_B1HW[:, 0].float().cpu().numpy()
        scores = [float(torch.sigmoid(output["object_score_logits"].float())) for output in outputs]
        ids = state["obj_ids"]
        return Tracked(index, dict(zip(ids, logits_BHW, strict=True)), dict(zip(ids, scores, strict=True)))

    def _preprocess(self, frame: Frame) -> torch.Tensor:
        """RGB (H, W, 3) to normalised (3, S, S) float32, by the very steps of `sam2.utils.misc.load_video_frames`."""
        size = self.model.image_size
        resized = np.asarray(Image.fromarray(frame).resize((size, size)))
        image = torch.from_numpy(resized / 255.0).permute(2, 0, 1).to(torch.float32).to(self.device)
        mean, std = (torch.tensor(value, device=self.device)[:, None, None] for value in (MEAN_RGB, STD_RGB))
        return (image - mean) / std

    def _add(self, state: dict[str, Any], prompt: Prompt) -> None:
        if prompt.mask is not None:
            self.model.add_new_mask(state, prompt.frame, prompt.object_id, torch.from_numpy(np.array(prompt.mask)))
            return
        labels: ArrayLike = prompt.labels or (1,) * len(prompt.points)
        self.model.add_new_points_or_box(
            state,
            prompt.frame,
            prompt.object_id,
            points=np.asarray(prompt.points, np.float32) if prompt.points else None,
            labels=np.asarray(labels, np.int32) if prompt.points else None,
            box=np.asarray(prompt.box, np.float32) if prompt.box is not None else None,
        )

    def _track_object(self, state: dict[str, Any], slot: int, index: int) -> dict[str, Any]:
        """The output of one object on this frame: the prompted one if it was prompted here, else a tracking step."""
        outputs = state["output_dict_per_obj"][slot]
        if index in outputs["cond_frame_outputs"]:
            prompted: dict[str, Any] = outputs["cond_frame_outputs"][index]
            return prompted
        output: dict[str, Any]
        output, _ = self.model._run_single_frame_inference(
            inference_state=state,
            output_dict=outputs,
            frame_idx=index,
            batch_size=1,
            is_init_cond_frame=False,
            point_inputs=None,
            mask_inputs=None,
            reverse=False,
            run_mem_encoder=True,
        )
        outputs["non_cond_frame_outputs"][index] = output
        return output

    def _forget(self, state: dict[str, Any], index: int) -> None:
        """Drop what no later frame can look up.

        `SAM2Base._prepare_memory_conditioned_features` reaches back at most (num_maskmem - 1) strides for spatial
        memories and max_obj_ptrs_in_encoder - 1 frames for object pointers; prompted frames are kept for ever.
        """
        memories = self.model.num_maskmem * self.model.memory_temporal_stride_for_eval
        pointers = self.model.max_obj_ptrs_in_encoder
        for outputs in state["output_dict_per_obj"].values():
            tracked = outputs["non_cond_frame_outputs"]
            for old in [frame for frame in tracked if frame <= index - max(memories, pointers)]:
                del tracked[old]
            if index - memories in tracked:
                tracked[index - memories].update(maskmem_features=None, maskmem_pos_enc=None)
            if index in tracked:
                tracked[index] = {**tracked[index], "pred_masks": None}

    def _autocast(self) -> contextlib.AbstractContextManager[Any]:
        if self.precision == "bfloat16":
            return torch.autocast(self.device.type, dtype=torch.bfloat16)
        return contextlib.nullcontext()


@contextlib.contextmanager
def suited_threads(model: SAM2VideoPredictor, device: str) -> Iterator[None]:
    """One torch thread while a small model runs on a CPU; as many as before for others, and afterwards.

    The kernels of a 128 px model are too short to share out: nano did 30 frames/s with one thread and less than 1 with
    two, on a two-core machine that had other work to do.
    """
    before = torch.get_num_threads()
    if torch.device(device).type == "cpu" and model.image_size <= SMALL_INPUT:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _check_prompts(prompts: Sequence[Prompt]) -> None:
    """Raise UserError unless there is exactly one prompt for each of at least one object."""
    if not prompts:
        raise UserError("no prompt; give a point, a box or a mask of what to track")
    ids = [prompt.object_id for prompt in prompts]
    twice = [object_id for object_id in ids if ids.count(object_id) > 1]
    if twice:
        raise UserError(f"object {twice[0]} has more than one prompt; put its points and box into one")
    for prompt in prompts:
        if prompt.frame < 0:
            raise UserError(f"prompt of object {prompt.object_id}: frame {prompt.frame}; frames count from 0")
