"""Memory and work of a training step by what learns and what is kept: `python -m train.benchmarks.memory`.

Counted are the bytes of all tensors that are alive at once, at their peak from the forward pass to the optimiser's
step: weights, gradients, AdamW's two moments, activations; and the floating-point operations of matrix products,
convolutions and attention, both ways (a multiplication and an addition are two). By default the step really runs, on
the CPU. With `--estimate` it runs on tensors without values (torch's FakeTensorMode), so that a step at 1024 px fits
anywhere: in bfloat16 autocast, with attention that keeps what CUDA's fused kernels keep (query, key, value, output, and
a float a query and head). An estimate leaves out what kernels take for themselves, what the allocator wastes, the CUDA
context.
"""

from __future__ import annotations

import argparse
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry, sdpa_backward_flop_count, sdpa_flop_count

from render import screen

from ..config import Adapt, Lora, Loss, Model, Optimiser, Prompts, TrainConfig, Validation
from ..data.batch import Batch
from ..learning.adapt import adapt
from ..learning.learner import build_model
from ..learning.losses import window_loss
from ..learning.optimise import build_optimiser
from ..learning.step import seed_draws, still

WAYS: dict[str, tuple[Adapt, bool]] = {
    "all learns": (Adapt(), False),
    "all learns, activations again": (Adapt(), True),
    "LoRA in encoder and memory attention": (Adapt(lora=Lora(parts=("image_encoder", "memory_attention"))), False),
    "that, activations again": (Adapt(lora=Lora(parts=("image_encoder", "memory_attention"))), True),
    "frozen encoder": (Adapt(freeze=("image_encoder",)), False),
    "frozen encoder, activations again": (Adapt(freeze=("image_encoder",)), True),
}
"""What learns, and whether activations are computed again in the backward pass."""


@dataclass(frozen=True)
class Case:
    """One step: windows of `frames` frames, a mask or (with clicks) a point on the first."""

    model: str
    size: int
    frames: int
    batch: int
    clicks: int
    corrected: int


@dataclass(frozen=True)
class Counted:
    """Bytes that were alive before the step, when the forward pass was over, and at most; operations of the step."""

    way: str
    weights: int
    kept: int
    peak: int
    flop: int


class Alive(TorchDispatchMode):
    """Inside the block: the bytes of all tensors made in it that are alive, the most that were, and the operations."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.bytes = self.peak = self.flop = 0
        self._seen: set[int] = set()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        made = func(*args, **(kwargs or {}))
        if func.overloadpacket in flop_registry:
            self.flop += flop_registry[func.overloadpacket](*args, **(kwargs or {}), out_val=made)
        for one in tree_leaves(made):
            if isinstance(one, Tensor):
                self.count(one)
        return made

    def count(self, tensor: Tensor) -> None:
        """From now on until it is gone."""
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key in self._seen:
            return
        self._seen.add(key)
        size = storage.nbytes()
        self.bytes += size
        self.peak = max(self.peak, self.bytes)
        weakref.finalize(storage, self._gone, key, size)

    def _gone(self, key: int, size: int) -> None:
        self._seen.discard(key)
        self.bytes -= size


class Fused(torch.autograd.Function):
    """Attention with the shapes of a fused kernel and no values: nothing as large as queries times keys is made."""

    flop = 0
    """Of all calls, both ways; nothing else sees them."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        out = torch.empty_like(query[..., :1]).expand(*query.shape[:-1], value.shape[-1]).contiguous()
        Fused.flop += sdpa_flop_count(query.shape, key.shape, value.shape)  # type: ignore[no-untyped-call]
        ctx.save_for_backward(query, key, value, out, query.new_empty(query.shape[:-1], dtype=torch.float32))
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        query, key, value, out, _ = ctx.saved_tensors
        shapes = (one.shape for one in (out, query, key, value))
        Fused.flop += sdpa_backward_flop_count(*shapes)  # type: ignore[no-untyped-call]
        return torch.empty_like(query), torch.empty_like(key), torch.empty_like(value)


def fused(query: Tensor, key: Tensor, value: Tensor, *_: Any, **__: Any) -> Tensor:
    """In place of `scaled_dot_product_attention`; in bfloat16 where autocast would see to that."""
    if torch.is_autocast_enabled("cpu"):
        query, key, value = (one.to(torch.bfloat16) for one in (query, key, value))
    answer: Tensor = Fused.apply(query, key, value)  # type: ignore[no-untyped-call]
    return answer


@contextmanager
def without_values(model: torch.nn.Module) -> Iterator[None]:
    """The model's weights, and all tensors made inside, have shapes alone."""
    fake = FakeTensorMode(allow_non_fake_inputs=True)  # constants that modules keep to themselves
    for module in model.modules():
        for name, weight in module.named_parameters(recurse=False):
            emptied = fake.from_tensor(weight.detach())
            module.register_parameter(name, torch.nn.Parameter(emptied, weight.requires_grad))
    attention = patch("torch.nn.functional.scaled_dot_product_attention", fused)
    with fake, attention, patch("train.learning.prompting.mend_boxes"):  # it looks at values, and makes nothing large
        yield


def recipe(case: Case, adapted: Adapt, again: bool) -> TrainConfig:
    """The case as a recipe."""
    shown = float(case.clicks > 0)
    prompts = {"clicks": max(case.clicks, 1), "corrected_frames": case.corrected}
    return TrainConfig(
        steps=1,
        model=Model(name=case.model, start="-", size=case.size, activation_checkpointing=again),
        prompts=Prompts.model_validate({"mask": 1 - shown, "point": shown, "box": 0.0, **prompts}),
        loss=Loss(),
        adapt=adapted,
        optimiser=Optimiser(lr=1e-5),
        validation=Validation(every=1),
    )


def measure(case: Case, way: str, estimate: bool) -> Counted:
    """One step from untrained weights; the optimiser's moments are there before, as in any later step."""
    config = recipe(case, *WAYS[way])
    torch.manual_seed(0)
    model = build_model(config)
    adapt(model, config.adapt, config.seed)
    still(model)
    with without_values(model) if estimate else nullcontext(), Alive() as alive:
        for weight in model.parameters():
            alive.count(weight)
        optimiser = build_optimiser(config.optimiser, model)
        for parameter in (one for group in optimiser.param_groups for one in group["params"]):
            parameter.grad = torch.zeros_like(parameter)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        weights = alive.peak = alive.bytes
        seed_draws(model, config.seed, 0)
        inputs = square(case).to_sam2(torch.device("cpu"))
        alive.flop = Fused.flop = 0
        with torch.autocast("cpu", torch.bfloat16, enabled=estimate):
            again = config.model.activation_checkpointing
            loss = window_loss(model(inputs), inputs.masks, config.loss, again=again)["total"]
        kept = alive.bytes
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        return Counted(way, weights, kept, alive.peak, alive.flop + Fused.flop)


def square(case: Case) -> Batch:
    """Windows that show one square each."""
    side = case.size
    masks = torch.zeros(case.frames, case.batch, side, side, dtype=torch.bool)
    masks[..., side // 4 : side // 2, side // 4 : side // 2] = True
    return Batch(
        rgb=torch.zeros(case.batch, case.frames, 3, side, side, dtype=torch.uint8),
        coverage=masks.to(torch.uint8) * 255,
        masks=masks,
        owners=torch.arange(case.batch),
        names=tuple(str(n) for n in range(case.batch)),
    )


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="sam2.1-hiera-tiny")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--frames", type=int, default=3)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--clicks", type=int, default=0, help="corrections after a point; 0 is a mask prompt")
    parser.add_argument("--corrected", type=int, default=1, help="frames that are corrected")
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS))
    parser.add_argument("--estimate", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = vars(parser.parse_args())
    as_json, ways, estimate = (asked.pop(name) for name in ("json", "ways", "estimate"))
    case = Case(**asked)
    found = [measure(case, way, estimate) for way in ways]
    rows = [
        (one.way, *(f"{size / 2**30:.2f}" for size in (one.weights, one.kept, one.peak)), f"{one.flop / 1e12:.3g}")
        for one in found
    ]
    title = f"{case.model} at {case.size} px, {case.frames} frames, batch {case.batch}, {case.clicks} clicks on "
    title += f"{case.corrected}: {'estimate, bfloat16' if estimate else 'measured on CPU, float32'}, GiB and TFLOP"
    heads = ["what learns", "weights and moments", "after the forward pass", "at most", "TFLOP"]
    shown = screen.table(title, heads, rows)
    screen.show({**asdict(case), "estimate": estimate, "ways": [asdict(one) for one in found]}, shown, as_json)


if __name__ == "__main__":
    main()
