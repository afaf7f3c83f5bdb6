"""Which memories a frame looks at, and which may be forgotten.

Outputs are sam2's own per-frame dictionaries (`maskmem_features`, `obj_ptr`, ...), kept per object under
`cond_frame_outputs` (prompted frames) and `non_cond_frame_outputs` (tracked ones), as `SAM2VideoPredictor` keeps them.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

from sam2.modeling.sam2_utils import select_closest_cond_frames

from ..options import Options

Output = dict[str, Any]
Outputs = dict[str, dict[int, Output]]


@dataclass(frozen=True)
class View:
    """What one object's memory attention is given on a frame."""

    spatial: list[tuple[int, Output]]
    """(place in time, output): 0 for prompted frames, else 1 (oldest) to num_maskmem - 1 (the frame before)."""
    pointers: list[tuple[int, Output]]
    """(frames ago, output); negative for frames to come."""


def look_back(model: Any, outputs: Outputs, index: int, frames: int, reverse: bool, options: Options) -> View:
    """The rule of `SAM2Base._prepare_memory_conditioned_features`, or one with fewer or with chosen memories."""
    tracked = outputs["non_cond_frame_outputs"]
    prompted, others = select_closest_cond_frames(index, outputs["cond_frame_outputs"], model.max_cond_frames_in_attn)
    ago = -1 if reverse else 1
    spatial = [(0, output) for output in prompted.values()]
    for t_rel, frame in _frames_back(model, tracked, index, ago, options):
        output = tracked.get(frame, others.get(frame))
        if output is not None and output["maskmem_features"] is not None:
            spatial.append((model.num_maskmem - t_rel, output))
    past = model.only_obj_ptrs_in_the_past_for_eval
    signed = model.use_signed_tpos_enc_to_obj_ptrs
    pointers = [
        ((index - frame) * ago if signed else abs(index - frame), output)
        for frame, output in prompted.items()
        if not past or (index - frame) * ago >= 0
    ]
    for t_diff in range(1, min(frames, model.max_obj_ptrs_in_encoder)):
        frame = index - ago * t_diff
        if not 0 <= frame < frames:
            break
        output = tracked.get(frame, others.get(frame))
        if output is not None:
            pointers.append((t_diff, output))
    return View(spatial, pointers)


def _frames_back(
    model: Any, tracked: dict[int, Output], index: int, ago: int, options: Options
) -> list[tuple[int, int]]:
    """(how far back in the model's reckoning, frame) for each memory to look at, the farthest first."""
    if options.memory_choice == "reliable":
        last = index - ago
        before = [last - ago * step for step in range(1, reach(model))]
        chosen = [last, *(frame for frame in before if tracked.get(frame, {}).get("reliable"))]
        count = min(options.memories or model.num_maskmem, model.num_maskmem - 1)
        return [(t_rel, frame) for t_rel, frame in enumerate(chosen[:count], 1)][::-1]
    stride = model.memory_temporal_stride_for_eval
    frames = []
    for t_rel in _kept(model.num_maskmem - 1, options.memories):
        if t_rel == 1:
            frames.append((1, index - ago))
        elif ago == 1:
            frames.append((t_rel, (index - 2) // stride * stride - (t_rel - 2) * stride))
        else:
            frames.append((t_rel, -(-(index + 2) // stride) * stride + (t_rel - 2) * stride))
    return frames[::-1]


def _kept(available: int, wanted: int | None) -> list[int]:
    """The frame before and, evenly between it and the oldest, as many others as are wanted."""
    if wanted is None or wanted >= available:
        return list(range(1, available + 1))
    if wanted == 1:
        return [1]
    return [round(1 + step * (available - 1) / (wanted - 1)) for step in range(wanted)]


def reach(model: Any) -> int:
    """How many frames back anything is ever looked up."""
    return max(model.num_maskmem * model.memory_temporal_stride_for_eval, int(model.max_obj_ptrs_in_encoder))


def forget(model: Any, outputs: Outputs, index: int, options: Options, keep_start: bool) -> None:
    """Drop what no later frame can look up. Prompted frames stay for ever.

    `keep_start`: the first frames after an object's first prompt stay too, for a run backwards from there will look
    at them.
    """
    memories = model.num_maskmem * model.memory_temporal_stride_for_eval
    if options.memory_choice == "reliable":
        memories = reach(model)
    start = min(outputs["cond_frame_outputs"], default=index)
    tracked = outputs["non_cond_frame_outputs"]
    for frame in list(tracked):
        near = abs(frame - start) if keep_start else sys.maxsize
        distance = min(abs(frame - index), near)
        if distance >= reach(model):
            del tracked[frame]
        elif frame != index:
            tracked[frame]["pred_masks"] = None
            if distance >= memories:
                tracked[frame].update(maskmem_features=None, maskmem_pos_enc=None)
