"""To a folder that Hugging Face `transformers` loads as its own `Sam2VideoModel`, with its processor.

The two libraries hold the same network under other names; `RENAMED` is the whole difference. Not for nano:
transformers fixes the memory's width at 64, and nano's is 32.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from evaluate.tracker import MEAN_RGB, STD_RGB, Options, Prompt, Tracker
from render.document import UserError, write_atomic

from ..models import build_video, load_weights, resolve, sha256
from .card import model_card
from .folder import CARD, names, staged
from .parity import SAME, Frame, Logits, Parity, compare, demand, drawn_clip, quiet
from .report import ExportReport, told

MEMORY_WIDTH = 64
"""Channels of a memory in transformers' cross attention, whatever its config says."""

RENAMED = [
    (r"^image_encoder\.trunk\.", "vision_encoder.backbone."),
    (r"^image_encoder\.neck\.convs\.(\d+)\.conv\.", r"vision_encoder.neck.convs.\1."),
    (r"\.patch_embed\.proj\.", ".patch_embed.projection."),
    (r"^maskmem_tpos_enc$", "memory_temporal_positional_encoding"),
    (r"^no_mem_embed$", "no_memory_embedding"),
    (r"^no_mem_pos_enc$", "no_memory_positional_encoding"),
    (r"^no_obj_ptr$", "no_object_pointer"),
    (r"^no_obj_embed_spatial$", "occlusion_spatial_embedding_parameter"),
    (r"^obj_ptr_tpos_proj\.", "temporal_positional_encoding_projection_layer."),
    (r"^obj_ptr_proj\.", "object_pointer_proj."),
    (
        r"^sam_prompt_encoder\.pe_layer\.positional_encoding_gaussian_matrix$",
        "shared_image_embedding.positional_embedding",
    ),
    (r"^sam_prompt_encoder\.mask_downscaling\.0\.", "prompt_encoder.mask_embed.conv1."),
    (r"^sam_prompt_encoder\.mask_downscaling\.1\.", "prompt_encoder.mask_embed.layer_norm1."),
    (r"^sam_prompt_encoder\.mask_downscaling\.3\.", "prompt_encoder.mask_embed.conv2."),
    (r"^sam_prompt_encoder\.mask_downscaling\.4\.", "prompt_encoder.mask_embed.layer_norm2."),
    (r"^sam_prompt_encoder\.mask_downscaling\.6\.", "prompt_encoder.mask_embed.conv3."),
    (r"^sam_prompt_encoder\.", "prompt_encoder."),
    (r"^sam_mask_decoder\.output_upscaling\.0\.", "mask_decoder.upscale_conv1."),
    (r"^sam_mask_decoder\.output_upscaling\.1\.", "mask_decoder.upscale_layer_norm."),
    (r"^sam_mask_decoder\.output_upscaling\.3\.", "mask_decoder.upscale_conv2."),
    (r"^sam_mask_decoder\.", "mask_decoder."),
    (r"\.norm_final_attn\.", ".layer_norm_final_attn."),
    (r"^memory_encoder\.mask_downsampler\.encoder\.12\.", "memory_encoder.mask_downsampler.final_conv."),
    (r"^memory_encoder\.pix_feat_proj\.", "memory_encoder.feature_projection."),
    (r"^memory_encoder\.out_proj\.", "memory_encoder.projection."),
    (r"^memory_encoder\.fuser\.", "memory_encoder.memory_fuser."),
    (r"\.dwconv\.", ".depthwise_conv."),
    (r"\.pwconv([12])\.", r".pointwise_conv\1."),
    (r"\.gamma$", ".scale"),
    (r"\.out_proj\.", ".o_proj."),
    (r"\.norm(\d?)\.", r".layer_norm\1."),
]
"""Patterns of sam2's names of weights and what stands for them in transformers, each applied in turn."""


def export_transformers(run: Path | str, out: Path, model: str | None = None) -> ExportReport:
    """Write a run (or any checkpoint that `resolve` knows, of `model`) as a `transformers` folder.

    The folder is loaded by the real library and run on a short clip; if its masks differ from ours nothing is left
    behind. UserError for that, for nano, and for a bad `run` or `out`.
    """
    loaded = resolve(str(run), model)
    ours = build_video(loaded.name)
    if ours.mem_dim != MEMORY_WIDTH:
        raise UserError(
            f"{run}: is a {loaded.name}, whose memory is {ours.mem_dim} wide; transformers knows {MEMORY_WIDTH} alone: "
            "export it --to sam2 or --to onnx"
        )
    load_weights(ours, loaded)
    from transformers import Sam2VideoModel

    with staged(out) as folder, quiet():
        theirs = Sam2VideoModel(config(ours))
        theirs.load_state_dict(renamed(loaded.state), strict=True)
        theirs.save_pretrained(folder)
        _processor(ours.image_size).save_pretrained(folder)
        parity = _check(ours, folder)
        demand(parity, SAME, out, "transformers", "is another version installed than constraints.txt names?")
        digest = sha256(folder / "model.safetensors")
        files = [f"weights: `model.safetensors`, SHA-256 `{digest}`", "`config.json` and the processor's settings"]
        write_atomic(folder / CARD, model_card(out.name, str(run), loaded, _call(out), parity, files, _RESIZING))
        written = names(folder)
    return told(out, "transformers", [out / name for name in written], loaded, digest, _call(out), parity)


_RESIZING = (
    "Both saw the same resized pixels: transformers' processor resizes a little differently (bilinear, where sam2's "
    "video loader is bicubic)."
)


def renamed(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """sam2's weights under transformers' names.

    An MLP's first and last layer have names of their own there, the point embeddings are one table, the mask
    downsampler's convolutions and norms come in pairs, and one random matrix is kept twice.
    """
    last: dict[str, int] = {}
    for key in state:
        if mlp := _MLP.match(key):
            last[mlp[1]] = max(last.get(mlp[1], 0), int(mlp[2]))
    found: dict[str, Tensor] = {}
    points: dict[int, Tensor] = {}
    for key, value in state.items():
        if point := re.match(r"sam_prompt_encoder\.point_embeddings\.(\d+)\.weight$", key):
            points[int(point[1])] = value
            continue
        if mlp := _MLP.match(key):
            number = int(mlp[2])
            layer = {0: "proj_in", last[mlp[1]]: "proj_out"}.get(number, f"layers.{number - 1}")
            key = f"{mlp[1]}.{layer}.{mlp[3]}"
        for pattern, name in RENAMED:
            key = re.sub(pattern, name, key)
        if pair := re.match(r"(memory_encoder\.mask_downsampler)\.encoder\.(\d+)\.(.*)", key):
            step, part = divmod(int(pair[2]), 3)  # convolution, norm, activation
            key = f"{pair[1]}.layers.{step}.{('conv', 'layer_norm')[part]}.{pair[3]}"
        found[key] = value
    found["prompt_encoder.point_embed.weight"] = torch.cat([points[number] for number in sorted(points)])
    shared = "shared_image_embedding.positional_embedding"
    found["prompt_encoder.shared_embedding.positional_embedding"] = found[shared].clone()
    return found


_MLP = re.compile(r"(.*\.(?:mlp|output_hypernetworks_mlps\.\d+|\w+_head)|obj_ptr_proj)\.layers\.(\d+)\.(weight|bias)$")


def config(model: Any) -> Any:
    """transformers' `Sam2VideoConfig` of a sam2 model, read from its modules."""
    from transformers import Sam2VideoConfig

    trunk, attention, size = model.image_encoder.trunk, model.memory_attention, model.image_size
    heads = [trunk.blocks[end].attn.num_heads for end in trunk.stage_ends]
    starts = [-1, *trunk.stage_ends[:-1]]
    backbone = {
        "model_type": "sam2_hiera_det_model",
        "hidden_size": trunk.blocks[0].dim,
        "num_attention_heads": heads[0],
        "image_size": [size, size],
        "window_positional_embedding_background_size": list(trunk.window_pos_embed_bkg_spatial_size),
        "blocks_per_stage": [end - start for start, end in zip(starts, trunk.stage_ends, strict=True)],
        "embed_dim_per_stage": trunk.channel_list[::-1],
        "num_attention_heads_per_stage": heads,
        "window_size_per_stage": list(trunk.window_spec),
        "global_attention_blocks": list(trunk.global_att_blocks),
    }
    vision = {
        "model_type": "sam2_vision_model",
        "backbone_config": backbone,
        "backbone_channel_list": list(trunk.channel_list),
        "backbone_feature_sizes": [[size // stride] * 2 for stride in (4, 8, 16)],
        "fpn_hidden_size": model.hidden_dim,
        "fpn_top_down_levels": list(model.image_encoder.neck.fpn_top_down_levels),
        "num_feature_levels": model.num_feature_levels,
    }
    return Sam2VideoConfig(
        vision_config=vision,
        prompt_encoder_config={"hidden_size": model.hidden_dim, "image_size": size},
        mask_decoder_config={"hidden_size": model.hidden_dim},
        image_size=size,
        num_maskmem=model.num_maskmem,
        sigmoid_scale_for_mem_enc=model.sigmoid_scale_for_mem_enc,
        sigmoid_bias_for_mem_enc=model.sigmoid_bias_for_mem_enc,
        enable_occlusion_spatial_embedding=model.no_obj_embed_spatial is not None,
        enable_temporal_pos_encoding_for_object_pointers=model.add_tpos_enc_to_obj_ptrs,
        multimask_output_in_sam=model.multimask_output_in_sam,
        multimask_min_pt_num=model.multimask_min_pt_num,
        multimask_max_pt_num=model.multimask_max_pt_num,
        multimask_output_for_tracking=model.multimask_output_for_tracking,
        max_object_pointers_in_encoder=model.max_obj_ptrs_in_encoder,
        max_cond_frame_num=model.max_cond_frames_in_attn,
        memory_attention_hidden_size=attention.d_model,
        memory_attention_num_layers=attention.num_layers,
        memory_attention_feed_forward_hidden_size=attention.layers[0].linear1.out_features,
        memory_attention_rope_feat_sizes=[size // 16] * 2,
        memory_encoder_hidden_size=model.hidden_dim,
        memory_encoder_output_channels=model.mem_dim,
        mask_downsampler_embed_dim=model.hidden_dim,
        memory_fuser_embed_dim=model.hidden_dim,
        memory_fuser_intermediate_dim=4 * model.hidden_dim,
    )


def _processor(size: int) -> Any:
    from transformers import Sam2ImageProcessor, Sam2VideoProcessor, Sam2VideoVideoProcessor

    square = {"height": size, "width": size}
    mask = {"height": size // 4, "width": size // 4}
    return Sam2VideoProcessor(Sam2ImageProcessor(size=square, mask_size=mask), Sam2VideoVideoProcessor(size=square))


def _check(ours: Any, folder: Path) -> Parity:
    """The folder as transformers runs it, against the weights as heroprop runs them."""
    frames, prompts = drawn_clip(3)
    tracked = [found.logits for found in Tracker(ours, options=Options(lean=False)).track(frames, prompts)]
    expected = [found[prompt.object_id] for found in tracked for prompt in prompts]
    checked = f"transformers' Sam2VideoModel against heroprop's tracker, {len(frames)} frames, two objects"
    return compare(_theirs(folder, frames, prompts), expected, checked)


@torch.inference_mode()
def _theirs(folder: Path, frames: list[Frame], prompts: list[Prompt]) -> Logits:
    """Logits by frame and object from nothing but transformers and the folder."""
    from transformers import Sam2VideoModel, Sam2VideoProcessor
    from transformers.models.sam2_video.modeling_sam2_video import Sam2VideoInferenceSession

    model: Any = Sam2VideoModel.from_pretrained(folder, local_files_only=True)
    processor: Any = Sam2VideoProcessor.from_pretrained(folder, local_files_only=True)
    model.eval()
    height, width, _ = frames[0].shape
    session = Sam2VideoInferenceSession(
        video=_pixels(frames, model.image_size),
        video_height=height,
        video_width=width,
        inference_device="cpu",
        dtype=torch.float32,
    )
    for prompt in prompts:
        shown: dict[str, Any] = (
            {"input_masks": [prompt.mask]} if prompt.mask is not None else {"input_boxes": [[list(prompt.box or ())]]}
        )
        processor.add_inputs_to_inference_session(session, frame_idx=0, obj_ids=prompt.object_id, **shown)
        model(inference_session=session, frame_idx=0)
    found = []
    for output in model.propagate_in_video_iterator(session, start_frame_idx=0):
        (logits,) = processor.post_process_masks([output.pred_masks], [[height, width]], binarize=False)
        found += [one.float().numpy() for one in logits[:, 0]]
    return found


def _pixels(frames: list[Frame], size: int) -> Tensor:
    """float32 (T, 3, S, S), normalised, resized as the tracker does it."""
    resized = np.stack([np.asarray(Image.fromarray(frame).resize((size, size))) for frame in frames]) / 255.0
    normal = (resized.astype(np.float32) - np.array(MEAN_RGB, np.float32)) / np.array(STD_RGB, np.float32)
    return torch.from_numpy(normal).permute(0, 3, 1, 2)


def _call(out: Path) -> str:
    """Python that loads the folder with transformers alone, run from where the folder lies."""
    return (
        "from transformers import Sam2VideoModel, Sam2VideoProcessor\n\n"
        f'model = Sam2VideoModel.from_pretrained("{out.name}")\n'
        f'processor = Sam2VideoProcessor.from_pretrained("{out.name}")'
    )
