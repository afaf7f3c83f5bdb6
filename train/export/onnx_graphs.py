"""To ONNX: the image encoder and the prompted mask decoder, two graphs in a folder, in float32 or with int8 weights.

They are SAM 2's image mode: one picture, any number of prompts on it, no memory between frames.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from evaluate.tracker import suited_threads
from render.document import write_atomic

from ..models import build_video, load_weights, resolve, sha256
from .card import model_card
from .folder import CARD, names, staged
from .parity import ROUNDED, SAME, Parity, compare, demand, drawn_clip, quiet
from .report import ExportReport, told

ENCODER, DECODER = "encoder.onnx", "decoder.onnx"
FEATURES = ("embedding", "high_res_0", "high_res_1")
PROMPTS = ("points", "labels", "mask", "has_mask")
MOST_POINTS = 64


class Encoder(nn.Module):
    """pixels float32 (1, 3, S, S), normalised → embedding (1, C, S/16, S/16), high_res_0 (1, C/8, S/4, S/4) and
    high_res_1 (1, C/4, S/8, S/8)."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        high_0, high_1, top = self.model.forward_image(pixels)["backbone_fpn"]
        if self.model.directly_add_no_mem_embed:
            top = top + self.model.no_mem_embed.reshape(1, -1, 1, 1)
        return top, high_0, high_1


class Decoder(nn.Module):
    """The encoder's three, points (1, N, 2) as x, y in pixels of the S x S input, labels (1, N), mask (1, 1, S/4, S/4)
    logits of an earlier answer, has_mask (1,) 1 or 0 → masks (1, 4, S/4, S/4) logits, ious (1, 4), score (1, 1) logit.

    Labels: 1 on the object, 0 off it, 2 and 3 a box's first and last corner. Mask 0 is for several points or a box;
    of 1 to 3, three readings of a single click, take the one of highest iou.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(
        self,
        embedding: Tensor,
        high_res_0: Tensor,
        high_res_1: Tensor,
        points: Tensor,
        labels: Tensor,
        mask: Tensor,
        has_mask: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        prompts = self.model.sam_prompt_encoder
        sparse, without = prompts(points=(points, labels), boxes=None, masks=None)
        dense = torch.where(has_mask.reshape(-1, 1, 1, 1) > 0, prompts._embed_masks(mask), without)
        masks, ious, _, score = self.model.sam_mask_decoder.predict_masks(
            embedding,
            prompts.get_dense_pe(),
            sparse,
            dense,
            repeat_image=False,
            high_res_features=[high_res_0, high_res_1],
        )
        return masks, ious, score


def export_onnx(run: Path | str, out: Path, model: str | None = None, int8: bool = False) -> ExportReport:
    """Write a run (or any checkpoint that `resolve` knows, of `model`) as two ONNX graphs in a folder.

    onnxruntime runs them on a picture with several prompts; if its masks differ from those of sam2's image predictor
    nothing is left behind. UserError for that, and for a bad `run` or `out`.
    """
    loaded = resolve(str(run), model)
    ours = build_video(loaded.name)
    load_weights(ours, loaded)
    limits, to = (ROUNDED, "int8") if int8 else (SAME, "onnx")
    with staged(out) as folder, quiet(), suited_threads(ours, "cpu"):
        _write(ours, folder)
        if int8:
            for name in (ENCODER, DECODER):
                _round(folder, name)
        parity = _check(ours, folder)
        cure = (
            "these weights do not bear int8: use --to onnx" if int8 else "is another version of onnxruntime installed?"
        )
        demand(parity, limits, out, "onnxruntime", cure)
        digests = {name: sha256(folder / name) for name in names(folder)}
        call = _call(ours.image_size)
        files = [f"`{name}`, SHA-256 `{digest}`" for name, digest in digests.items()]
        write_atomic(folder / CARD, model_card(out.name, str(run), loaded, call, parity, files, _USE))
        written = names(folder)
    return told(out, to, [out / name for name in written], loaded, digests[ENCODER], call, parity)


_USE = (
    "Image mode alone: the memory from frame to frame is not in these graphs. Points are x, y in pixels of the square "
    "input; labels 1 on the object, 0 off it, 2 and 3 a box's corners. Take `masks[:, 0]` for a box or several points, "
    "the one of `masks[:, 1:]` with the highest iou for a single click; above 0 is the object."
)


@torch.no_grad()
def _write(model: Any, folder: Path) -> None:
    """Both graphs by torch's exporter; the number of points stays open."""
    size = model.image_size
    encoder, decoder = Encoder(model).eval(), Decoder(model).eval()
    pixels = torch.zeros(1, 3, size, size)
    prompts = (torch.zeros(1, 2, 2), torch.ones(1, 2), torch.zeros(1, 1, size // 4, size // 4), torch.zeros(1))
    open_ended = {1: torch.export.Dim("points", min=1, max=MOST_POINTS)}
    with _whole_tables(model), _silent():
        features = encoder(pixels)
        torch.onnx.export(
            encoder, (pixels,), str(folder / ENCODER), dynamo=True, external_data=False, verbose=False,
            input_names=["pixels"], output_names=list(FEATURES),
        )  # fmt: skip
        torch.onnx.export(
            decoder, (*features, *prompts), str(folder / DECODER), dynamo=True, external_data=False, verbose=False,
            dynamic_shapes=(None, None, None, open_ended, open_ended, None, None),
            input_names=[*FEATURES, *PROMPTS], output_names=["masks", "ious", "score"],
        )  # fmt: skip


@contextlib.contextmanager
def _whole_tables(model: Any) -> Iterator[None]:
    """Leave the neck's cache of position tables as it was: during export it would keep the exporter's stand-ins."""
    tables = model.image_encoder.neck.position_encoding
    before, tables.cache = tables.cache, {}
    try:
        yield
    finally:
        tables.cache = before


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Without the exporter's log."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def _round(folder: Path, name: str) -> None:
    """Give a graph's matrix products int8 weights, each output channel with a scale of its own."""
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.shape_inference import quant_pre_process

    whole = folder / f"whole-{name}"
    (folder / name).rename(whole)
    quant_pre_process(str(whole), str(whole), skip_symbolic_shape=True)
    quantize_dynamic(
        str(whole), str(folder / name), op_types_to_quantize=["MatMul", "Gemm"], per_channel=True,
        weight_type=QuantType.QInt8,
    )  # fmt: skip
    whole.unlink()


def _check(model: Any, folder: Path) -> Parity:
    """Candidate masks of several prompts by onnxruntime, against those of sam2's own image predictor."""
    from onnxruntime import InferenceSession
    from sam2.sam2_image_predictor import SAM2ImagePredictor

    (frame,), (_, boxed) = drawn_clip(1)
    x0, y0, x1, y1 = boxed.box or (0.0, 0.0, 1.0, 1.0)
    centre = ((x0 + x1) / 2, (y0 + y1) / 2)
    asked: list[tuple[list[tuple[float, float]], list[int]]] = [
        ([centre], [1]),
        ([(x0, y0), (x1, y1)], [2, 3]),
        ([centre, (150.0, 10.0), (5.0, 110.0)], [1, 0, 0]),
    ]
    predictor = SAM2ImagePredictor(model)
    # It takes an input of 1024 px for granted.
    predictor._bb_feat_sizes = [(model.image_size // stride,) * 2 for stride in (4, 8, 16)]
    predictor.set_image(frame)
    pixels = predictor._transforms(frame)[None].numpy()
    encoder, decoder = (
        InferenceSession(str(folder / name), providers=["CPUExecutionProvider"]) for name in (ENCODER, DECODER)
    )
    features = dict(zip(FEATURES, encoder.run(None, {"pixels": pixels}), strict=True))
    size = model.image_size
    scale = np.array([size / frame.shape[1], size / frame.shape[0]], np.float32)
    found: list[NDArray[np.float32]] = []
    expected: list[NDArray[np.float32]] = []
    for points, labels in asked:
        box = 2 in labels
        shown = {"box": np.array([*points[0], *points[1]])} if box else {
            "point_coords": np.array(points), "point_labels": np.array(labels)
        }  # fmt: skip
        earlier = None
        for _ in range(2):  # alone, then with its own answer as a mask
            _, ious, low = predictor.predict(**shown, mask_input=earlier, multimask_output=True, return_logits=True)
            given = np.zeros((1, 1, size // 4, size // 4), np.float32) if earlier is None else earlier[None]
            masks, _, _ = decoder.run(
                None,
                features
                | {
                    "points": (np.array([points], np.float32) * scale).astype(np.float32),
                    "labels": np.array([labels], np.float32),
                    "mask": given,
                    "has_mask": np.array([earlier is not None], np.float32),
                },
            )
            found += list(np.clip(masks[0, 1:], -32, 32))  # where the predictor cuts its low-resolution answer
            expected += list(low)
            earlier = low[int(ious.argmax())][None]
    what = f"onnxruntime against sam2's image predictor, {len(asked)} prompts, each with and without an earlier mask"
    return compare(found, expected, what)


def _call(size: int) -> str:
    """Python that runs the graphs with onnxruntime alone, run from the folder that holds them."""
    return (
        "import numpy as np\n"
        "import onnxruntime\n"
        "from PIL import Image\n\n"
        'encoder = onnxruntime.InferenceSession("encoder.onnx")\n'
        'decoder = onnxruntime.InferenceSession("decoder.onnx")\n'
        'picture = Image.open("picture.jpg").convert("RGB")\n'
        f"pixels = np.asarray(picture.resize(({size}, {size})), np.float32) / 255\n"
        "pixels = (pixels - np.float32([0.485, 0.456, 0.406])) / np.float32([0.229, 0.224, 0.225])\n"
        'features = encoder.run(None, {"pixels": pixels.transpose(2, 0, 1)[None]})\n'
        f"click = np.float32([[[{size} / 2, {size} / 2]]])  # x, y in the square input\n"
        'inputs = dict(zip(["embedding", "high_res_0", "high_res_1"], features))\n'
        'inputs |= {"points": click, "labels": np.float32([[1]])}\n'
        f'inputs |= {{"mask": np.zeros((1, 1, {size // 4}, {size // 4}), np.float32), "has_mask": np.float32([0])}}\n'
        "masks, ious, score = decoder.run(None, inputs)"
    )
