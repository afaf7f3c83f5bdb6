"""What makes a step smaller: adapters, frozen parts, activations computed again, other sizes; on sam2's own modules."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from render.document import UserError
from train import loop
from train.benchmarks.memory import Case, measure
from train.config import Adapt, Lora, TrainConfig
from train.data.batch import Batch, collate
from train.data.generic.scenes import Generic
from train.data.held_out import generic_held_out
from train.distributed import World
from train.learning.learner import Learner, build_model
from train.learning.step import Numbered, batch_loss, take_step
from train.models import build_train, build_video, load_weights, resolve
from train.validation.track import track_all

from .recipes import tiny

CPU = World(torch.device("cpu"))
START = resolve("nano-random:1")
ADAPTED = {"lora": {"parts": ["image_encoder", "memory_attention"], "rank": 2}}


def batch(size: int = 128, windows: int = 1) -> Batch:
    return collate([Generic(3, 0, 3, size).window(n) for n in range(windows)])


def gradients(config: TrainConfig, frozen: bool = False) -> tuple[float, dict[str, torch.Tensor]]:
    """The loss of one batch and what every weight has to learn from it, with dropout."""
    model = build_model(config)
    load_weights(model, START)
    for module in model.memory_attention.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.2
    model.image_encoder.requires_grad_(not frozen)
    loss = batch_loss(config, model, Numbered(0, batch()), CPU.device)["total"]
    loss.backward()  # type: ignore[no-untyped-call]
    return loss.item(), {name: p.grad for name, p in model.named_parameters() if p.grad is not None}


@pytest.mark.slow
@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("prompt", ["mask", "point"])
def test_activations_computed_again_leave_every_gradient_as_it_was(prompt: str, frozen: bool) -> None:
    prompts = {"mask": 0.0, "point": 0.0, "box": 0.0, "clicks": 2, "corrected_frames": 2} | {prompt: 1.0}
    found = [gradients(tiny(prompts=prompts, model__activation_checkpointing=again), frozen) for again in (False, True)]
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-6)
    assert found[0][1].keys() == found[1][1].keys()
    assert any(name.startswith("image_encoder") for name in found[0][1]) != frozen
    for name, gradient in found[0][1].items():
        torch.testing.assert_close(found[1][1][name], gradient, rtol=1e-4, atol=1e-6, msg=name)


@pytest.mark.slow
def test_what_is_kept_shrinks_and_the_estimate_is_what_really_happens() -> None:
    case = Case("nano", 128, frames=2, batch=1, clicks=0, corrected=1)
    ways = ("all learns", "all learns, activations again", "frozen encoder")
    whole, again, frozen = (measure(case, way, estimate=False) for way in ways)
    assert again.weights == whole.weights
    kept, kept_again, kept_frozen = (one.kept - one.weights for one in (whole, again, frozen))
    assert kept_again < 0.5 * kept
    assert kept_frozen < 0.6 * kept
    assert again.peak < whole.peak
    guessed = measure(case, "all learns", estimate=True)
    assert guessed.weights == whole.weights
    assert 0.5 * kept < guessed.kept - guessed.weights < kept, "as many tensors, some of them half as wide"
    assert guessed.flop == pytest.approx(whole.flop, rel=0.1), "fused kernels work out their weights again"
    assert frozen.flop < whole.flop < again.flop < 1.34 * whole.flop, "one more forward pass, of three, at most"


def test_a_frozen_encoder_keeps_nothing_and_looks_at_one_picture_after_the_other() -> None:
    images = torch.from_numpy(np.random.default_rng(0).normal(size=(3, 3, 128, 128)).astype(np.float32))
    plain, lean = (build_model(tiny(model__activation_checkpointing=again)) for again in (False, True))
    for model in (plain, lean):
        load_weights(model, START)
        model.image_encoder.requires_grad_(False).eval()
    seen: list[int] = []
    lean.image_encoder.trunk.register_forward_hook(lambda module, given, made: seen.append(len(given[0])))
    expected, found = plain.image_encoder(images), lean.image_encoder(images)
    assert seen == [1, 1, 1]
    assert expected.keys() == found.keys()
    for level, same in zip(expected["backbone_fpn"], found["backbone_fpn"], strict=True):
        assert not same.requires_grad
        torch.testing.assert_close(same, level, rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_adapters_learn_alone_in_their_parts_and_merge_into_the_same_model() -> None:
    config = tiny(adapt=ADAPTED, optimiser__average=0.5)
    learner = Learner(config, CPU.device, START)
    before = {name: value.clone() for name, value in learner.weights().items()}
    assert before.keys() == START.state.keys()
    assert all(torch.equal(before[name], START.state[name]) for name in before), "they start as nothing"
    learns = [name for name, p in learner.model.named_parameters() if p.requires_grad]
    assert any("lora_A" in name for name in learns)
    assert any(name.startswith("sam_mask_decoder") for name in learns), "what has no adapters learns as ever"
    for name in learns:
        assert "lora_" in name or not name.startswith(("image_encoder", "memory_attention")), name
    rates = {group["peak"] for group in learner.optimiser.param_groups}
    assert rates == {config.optimiser.lr, config.optimiser.lr * 10}

    for number in range(2):
        assert take_step(config, learner.model, learner.optimiser, [Numbered(number, batch())], CPU)["finite"]
        assert learner.average is not None
        learner.average.update(learner.model, number + 1)
    again = Learner(config, CPU.device, START)
    again.load(learner.state())
    for name, value in learner.weights().items():
        assert torch.equal(again.weights()[name], value)

    again.average = None  # the latest weights, and the model that they are of
    plain = build_train("nano")
    plain.load_state_dict(again.weights(), strict=True)
    moved = [name for name, value in again.weights().items() if not torch.equal(value, before[name])]
    assert "image_encoder.trunk.blocks.0.attn.qkv.weight" in moved
    assert "image_encoder.trunk.patch_embed.proj.weight" not in moved, "a convolution has no adapter"
    images = batch().to_sam2(CPU.device).img_batch[0]
    for model in (plain, again.model):
        model.eval()
    with torch.no_grad():
        expected, found = again.model.image_encoder(images), plain.image_encoder(images)
    torch.testing.assert_close(found["vision_features"], expected["vision_features"], rtol=1e-3, atol=1e-4)
    assert not torch.allclose(found["vision_features"], untuned(images), rtol=1e-3, atol=1e-4)


def untuned(images: torch.Tensor) -> torch.Tensor:
    model = build_train("nano")
    load_weights(model, START)
    with torch.no_grad():
        features: torch.Tensor = model.eval().image_encoder(images)["vision_features"]
    return features


@pytest.mark.slow
def test_a_run_with_adapters_at_another_size_resumes_and_leaves_plain_weights(dataset: Path, tmp_path: Path) -> None:
    changes: dict[str, Any] = {
        "adapt": ADAPTED, "model__size": 96, "model__activation_checkpointing": True, "data__batch": 1, "steps": 2,
        "save_every": 1,
    }  # fmt: skip
    config = tiny(**changes)
    assert loop.train(config, dataset, tmp_path / "whole").finished
    step = loop.Training.step

    def interrupted(self: loop.Training, *rest: Any) -> dict[str, float]:
        self.interrupt.asked = True
        return step(self, *rest)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(loop.Training, "step", interrupted)
        assert not loop.train(config, dataset, tmp_path / "parts").finished
    loop.train(config, dataset, tmp_path / "parts", resume=True)
    whole, parts = (resolve(str(tmp_path / name / "last.safetensors")).state for name in ("whole", "parts"))
    assert whole.keys() == START.state.keys()
    assert all(torch.equal(whole[name], parts[name]) for name in whole)
    assert not all(torch.equal(whole[name], START.state[name]) for name in whole)


def test_nano_tracks_at_another_size_with_the_same_weights() -> None:
    loaded = resolve("nano-base")
    clips = generic_held_out(1, 1, 1, 3, 128)
    answers = track_all("nano", loaded.state, clips, "cpu", 192)
    assert [mask.shape for mask in answers[0]] == [(128, 128)] * 3
    assert answers[0][0].any()


@pytest.mark.slow
@pytest.mark.parametrize("size", [512, 768])
def test_the_real_tiny_takes_other_sizes_with_the_same_weights(size: int) -> None:
    torch.manual_seed(0)
    state = build_video("sam2.1-hiera-tiny").state_dict()
    model = build_train("sam2.1-hiera-tiny", size, prob_to_use_pt_input_for_eval=0.0).eval()
    model.load_state_dict(state, strict=True)
    assert model.sam_prompt_encoder.image_embedding_size == (size // 16, size // 16)
    with torch.no_grad():
        outputs = model(collate([Generic(3, 0, 2, size).window(0)]).to_sam2(CPU.device))
    assert outputs[1]["pred_masks_high_res"].shape == (1, 1, size, size)
    assert all(torch.isfinite(one["pred_masks"]).all() for one in outputs)
    rope = model.memory_attention.layers[0].self_attn.freqs_cis
    assert len(rope) == (size // 16) ** 2, "a rotation for each place of this size's grid"


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"adapt": {"freeze": ["image_encoder"], "lora": {}}}, "both name image_encoder"),
        ({"model__size": 100}, "model.size"),
        ({"adapt": {"lora": {"rnk": 4}}}, "did you mean 'rank'"),
        ({"steps": None, "stages": [{"name": "a", "steps": 4, "adapt": {"lora": {}}}]}, "lora is the whole run's"),
    ],
)
def test_recipes_that_cannot_be_are_refused(changes: dict[str, Any], line: str) -> None:
    with pytest.raises(UserError, match=line):
        tiny(**changes)


def test_without_peft_the_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    config = tiny().model_copy(update={"adapt": Adapt(lora=Lora())})
    with pytest.raises(UserError, match=r"heroprop\[lora\]"):
        Learner(config, CPU.device, START)
