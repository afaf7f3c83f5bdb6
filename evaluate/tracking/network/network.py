"""The network's three calls: look at a frame, take a prompt, follow objects. State is the official predictor's own."""

from __future__ import annotations

import contextlib
from collections import OrderedDict, defaultdict
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from PIL import Image
from sam2.modeling.sam2_utils import get_1d_sine_pe
from sam2.sam2_video_predictor import SAM2VideoPredictor
from torch import Tensor

from ..options import Options, Precision
from ..prompt import Prompt
from .attention import lean_attention
from .heap import keep_freed_memory
from .memory import Output, View, look_back
from .postprocess import Cleaner
from .speedups import faster_encoder

MEAN_RGB = (0.485, 0.456, 0.406)
STD_RGB = (0.229, 0.224, 0.225)

State = dict[str, Any]


class Network:
    """A SAM 2 model on a device, with what speeds it up. Holds nothing of any clip: that is in a `State`."""

    def __init__(self, model: SAM2VideoPredictor, device: str, options: Options) -> None:
        options.check(device)
        self.device = torch.device(device)
        self.precision: Precision = options.precision or ("bfloat16" if self.device.type == "cuda" else "float32")
        self.model: Any = model.to(device).eval()
        self.options = options
        self.cleaner = Cleaner(
            model.fill_hole_area if options.fill_holes is None else options.fill_holes, options.remove_sprinkles
        )
        model.fill_hole_area = 0  # the cleaner does it, wherever it runs
        model.add_all_frames_to_correct_as_cond = options.keep_corrections
        if options.lean and self.device.type == "cpu":
            keep_freed_memory()
        dtype = torch.bfloat16 if self.precision == "bfloat16" else torch.float32
        with torch.inference_mode():
            self.attention = lean_attention(model, dtype) if options.lean else None
            self._encode = faster_encoder(model, options, self.autocast)
        self._levels = _levels()
        self._places: Tensor | None = None

    def autocast(self) -> contextlib.AbstractContextManager[Any]:
        """What every call to the model happens in."""
        if self.precision == "bfloat16":
            return torch.autocast(self.device.type, dtype=torch.bfloat16)
        return contextlib.nullcontext()

    def new_state(self, height: int, width: int, frames: int) -> State:
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

    def prepare(self, frame: NDArray[np.uint8]) -> Tensor:
        """RGB (H, W, 3) to normalised (3, S, S) float32 on the CPU, equal to `sam2.utils.misc.load_video_frames`."""
        size = self.model.image_size
        resized = np.asarray(Image.fromarray(frame).resize((size, size)))
        image = np.stack([np.take(levels, resized[:, :, channel]) for channel, levels in enumerate(self._levels)])
        return torch.from_numpy(image)

    def look(self, state: State, index: int, image_3SS: Tensor) -> None:
        """Encode a frame, once for all objects; it takes the place of the one before."""
        image = image_3SS[None].to(self.device, non_blocking=True)
        state["images"] = {index: image[0]}
        state["cached_features"] = {index: (image, self._encode(image))}

    def prompt(self, state: State, index: int, prompt: Prompt) -> None:
        """Take a prompt on the frame that was looked at last: the object's first, or a correction of what was found."""
        if prompt.mask is not None:
            self.model.add_new_mask(state, index, prompt.object_id, torch.from_numpy(np.array(prompt.mask)))
        else:
            labels: ArrayLike = prompt.labels or (1,) * len(prompt.points)
            self.model.add_new_points_or_box(
                state,
                index,
                prompt.object_id,
                points=np.asarray(prompt.points, np.float32) if prompt.points else None,
                labels=np.asarray(labels, np.int32) if prompt.points else None,
                box=np.asarray(prompt.box, np.float32) if prompt.box is not None else None,
            )
        self.model.propagate_in_video_preflight(state)
        outputs = state["output_dict_per_obj"][state["obj_id_to_idx"][prompt.object_id]]
        for kind in ("cond_frame_outputs", "non_cond_frame_outputs"):
            if index in outputs[kind]:
                output = outputs[kind][index]
                output["pred_masks"] = self.cleaner(output["pred_masks"])
                output.setdefault("iou", 1.0)

    def follow(self, state: State, slots: list[int], index: int, reverse: bool) -> None:
        """Find objects (by slot) on the frame that was looked at last, and remember it for them."""
        views = {}
        for slot in slots:
            outputs = state["output_dict_per_obj"][slot]
            views[slot] = look_back(self.model, outputs, index, state["num_frames"], reverse, self.options)
        if self.attention is None:
            for slot in slots:
                self._follow_officially(state, slot, index, reverse)
            return
        groups = defaultdict(list)
        for slot, view in views.items():
            alone = slot if self.model.non_overlap_masks_for_mem_enc else 0
            groups[len(view.spatial), len(view.pointers), alone].append(slot)
        for group in groups.values():
            for slot, output in zip(group, self._follow(state, [views[slot] for slot in group], index), strict=True):
                state["output_dict_per_obj"][slot]["non_cond_frame_outputs"][index] = output

    def _follow_officially(self, state: State, slot: int, index: int, reverse: bool) -> None:
        outputs = state["output_dict_per_obj"][slot]
        output, _ = self.model._run_single_frame_inference(
            inference_state=state,
            output_dict=outputs,
            frame_idx=index,
            batch_size=1,
            is_init_cond_frame=False,
            point_inputs=None,
            mask_inputs=None,
            reverse=reverse,
            run_mem_encoder=True,
        )
        output["pred_masks"] = self.cleaner(output["pred_masks"])
        outputs["non_cond_frame_outputs"][index] = {**output, "iou": 1.0}

    def _follow(self, state: State, views: list[View], index: int) -> list[Output]:
        """What `SAM2Base.track_step` does on a frame without prompts, for objects with as many memories each."""
        model = self.model
        count = len(views)
        features, positions, sizes = model._get_image_feature(state, index, 1)[2:]
        memory, position, pointers = self._gather(views, state["num_frames"])
        image_BNC = features[-1].transpose(0, 1).expand(count, -1, -1)
        assert self.attention is not None
        attended_BNC = self.attention(image_BNC, positions[-1].transpose(0, 1), memory, position, pointers)
        fine = [
            level.permute(1, 2, 0).reshape(1, -1, *size).expand(count, -1, -1, -1)
            for level, size in zip(features[:-1], sizes[:-1], strict=True)
        ]
        _, _, ious, low, high, pointer, score = model._forward_sam_heads(
            backbone_features=attended_BNC.transpose(1, 2).reshape(count, -1, *sizes[-1]),
            high_res_features=fine or None,
            multimask_output=model._use_multimask(False, None),
        )
        memories, places = model._encode_new_memory(
            current_vision_feats=[features[-1].expand(-1, count, -1)],
            feat_sizes=sizes[-1:],
            pred_masks_high_res=high,
            object_score_logits=score,
            is_mask_from_pts=False,
        )
        stored = memories.to(torch.bfloat16).contiguous(memory_format=torch.channels_last)
        place = model._get_maskmem_pos_enc(state, {"maskmem_pos_enc": [one[:1] for one in places]})
        low = self.cleaner(low)
        return [
            {
                "maskmem_features": stored[row : row + 1],
                "maskmem_pos_enc": place,
                "pred_masks": low[row : row + 1],
                "obj_ptr": pointer[row : row + 1],
                "object_score_logits": score[row : row + 1],
                "iou": ious[row].max(),
            }
            for row in range(count)
        ]

    def _gather(self, views: list[View], frames: int) -> tuple[Tensor, Tensor, int]:
        """Memories (B, K, M), their positions (B or 1, K, M), and how many of the K at the end are pointers."""
        model = self.model
        memory_BKM = torch.cat(
            [
                torch.cat([out["maskmem_features"].flatten(2).transpose(1, 2) for _, out in view.spatial], 1)
                for view in views
            ]
        )
        whens = [[model.num_maskmem - t_pos - 1 for t_pos, _ in view.spatial] for view in views]
        table = self._place_table(views[0])
        if all(when == whens[0] for when in whens):
            place_BKM = table[whens[0]].flatten(0, 1)[None].expand(len(views), -1, -1)
        else:
            place_BKM = torch.stack([table[when].flatten(0, 1) for when in whens])
        if not model.use_obj_ptrs_in_encoder or not views[0].pointers:
            return memory_BKM, place_BKM, 0
        pointers_BPC = torch.stack([torch.cat([out["obj_ptr"] for _, out in view.pointers]) for view in views])
        if model.add_tpos_enc_to_obj_ptrs:
            ago_BP = torch.tensor([[ago for ago, _ in view.pointers] for view in views], device=self.device)
            width = model.hidden_dim if model.proj_tpos_enc_in_obj_ptrs else model.mem_dim
            newest = min(frames, model.max_obj_ptrs_in_encoder) - 1
            when_BPM = model.obj_ptr_tpos_proj(get_1d_sine_pe(ago_BP / newest, dim=width))
        else:
            when_BPM = pointers_BPC.new_zeros(*pointers_BPC.shape[:2], model.mem_dim)
        parts = model.hidden_dim // model.mem_dim  # a pointer is as many tokens
        tokens_BQM = pointers_BPC.reshape(len(views), -1, model.mem_dim)
        when_BQM = when_BPM.repeat_interleave(parts, dim=1)
        memory_BKM = torch.cat([memory_BKM.to(tokens_BQM.dtype), tokens_BQM], 1)
        return memory_BKM, torch.cat([place_BKM, when_BQM.to(place_BKM.dtype)], 1), tokens_BQM.shape[1]

    def _place_table(self, view: View) -> Tensor:
        """(num_maskmem, N, M): where and when a memory is, computed once: it is the same in every clip."""
        if self._places is None:
            place_1NM = view.spatial[0][1]["maskmem_pos_enc"][-1].flatten(2).transpose(1, 2)
            self._places = place_1NM.float() + self.model.maskmem_tpos_enc[:, 0]
        return self._places


def _levels() -> NDArray[np.float32]:
    """(3, 256): each channel's normalised value of each level, rounded where sam2 rounds."""
    plain = torch.from_numpy(np.arange(256) / 255.0).to(torch.float32)
    return torch.stack([(plain - mean) / std for mean, std in zip(MEAN_RGB, STD_RGB, strict=True)]).numpy()
