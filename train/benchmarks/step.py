"""Training steps a second and peak memory, beside the official model and loss: `python -m train.benchmarks.step`.

Both learn from the same weights, batch and random draws, in a process each, so that each has a peak of its own; they
take turns, so that whatever else the machine does meets both. Official: sam2's collation, SAM2Train and
`training.loss_fns.MultiStepMultiMasksAndIous`, eager, one AdamW. On CUDA both run in bfloat16 autocast.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from statistics import median
from typing import Any

import torch

from render import screen

from ..config import Loss, Model, Optimiser, TrainConfig, Validation
from ..data.batch import MEAN_RGB, STD_RGB, Batch, collate
from ..data.generic import Generic
from ..distributed import World, pick_device
from ..learning.learner import prompt_options
from ..learning.losses import TERMS
from ..learning.optimise import build_optimiser
from ..learning.step import Numbered, seed_draws, take_step
from ..models import build_train

WAYS = ("official", "heroprop")


@dataclass(frozen=True)
class Case:
    """What is measured."""

    model: str
    size: int
    frames: int
    batch: int
    device: str
    threads: int


@dataclass(frozen=True)
class Measured:
    """One way's median step and peak memory, and its loss in the first step."""

    way: str
    steps_a_second: float
    peak_gib: float
    first_loss: float


def measure(case: Case, rounds: int) -> list[Measured]:
    """Both ways, in turns, after one step each that is not counted."""
    context = multiprocessing.get_context("spawn")
    pipes, children = {}, []
    for way in WAYS:
        pipes[way], theirs = context.Pipe()
        children.append(context.Process(target=serve, args=(way, case, theirs), daemon=True))
        children[-1].start()
    losses = {way: _ask(pipes[way])["loss"] for way in WAYS}
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    peaks: dict[str, float] = {}
    for turn in range(rounds):
        for way in WAYS if turn % 2 == 0 else reversed(WAYS):
            answer = _ask(pipes[way])
            seconds[way].append(answer["seconds"])
            peaks[way] = answer["peak_gib"]
    for way, child in zip(WAYS, children, strict=True):
        pipes[way].send("stop")
        child.join()
    return [Measured(way, 1 / median(seconds[way]), peaks[way], losses[way]) for way in WAYS]


def _ask(pipe: Connection) -> dict[str, float]:
    pipe.send("step")
    answer: dict[str, float] = pipe.recv()
    return answer


def serve(way: str, case: Case, pipe: Connection) -> None:
    """A child process: takes a step whenever it is told to, and says how long that took."""
    torch.set_num_threads(case.threads)
    world = World(pick_device(case.device))
    take = (official if way == "official" else ours)(case, world)
    number = 0
    while pipe.recv() == "step":
        started = time.perf_counter()
        loss = take(number)
        if world.device.type == "cuda":
            torch.cuda.synchronize()
        pipe.send({"seconds": time.perf_counter() - started, "loss": loss, "peak_gib": peak_gib(world.device)})
        number += 1


def peak_gib(device: torch.device) -> float:
    """Most memory that this process has had so far: of tensors on a GPU, resident on a CPU."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**30
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 2**30


def recipe(case: Case) -> TrainConfig:
    """SAM 2's published fine-tuning settings."""
    return TrainConfig(
        steps=1,
        model=Model(name=case.model, start="nano-random:1"),
        loss=Loss(),
        optimiser=Optimiser(lr=5e-6),
        validation=Validation(every=1),
    )


def windows(case: Case) -> Batch:
    """The same batch for both."""
    return collate([Generic(1, 0, case.frames, case.size).window(index) for index in range(case.batch)])


def built(case: Case, world: World, **options: Any) -> Any:
    """The model with seeded weights."""
    torch.manual_seed(0)
    model = build_train(case.model, image_size=case.size, **prompt_options(recipe(case).prompts), **options)
    return model.to(world.device)


def ours(case: Case, world: World) -> Callable[[int], float]:
    """Our step."""
    config, batch = recipe(case), windows(case)
    model = built(case, world, _target_="train.learning.prompting.PromptedSAM2")
    optimiser = build_optimiser(config.optimiser, model)
    return lambda number: take_step(config, model, optimiser, [Numbered(number, batch)], world)["total"]


def official(case: Case, world: World) -> Callable[[int], float]:
    """The official model, batch and loss, in the plainest loop."""
    from training.loss_fns import CORE_LOSS_KEY, MultiStepMultiMasksAndIous

    config, made = recipe(case), windows(case)
    model = built(case, world).train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=config.optimiser.lr, weight_decay=0.1)
    weights = {f"loss_{theirs}": getattr(Loss(), term) for theirs, term in zip(_THEIR_TERMS, TERMS, strict=True)}
    criterion = MultiStepMultiMasksAndIous(
        weights,
        supervise_all_iou=True,
        iou_use_l1_loss=True,
        pred_obj_scores=True,
        focal_gamma_obj_score=0.0,
        focal_alpha_obj_score=-1.0,
    )

    def take(number: int) -> float:
        seed_draws(model, config.seed, number)
        batch = official_batch(made).to(world.device)
        optimiser.zero_grad(set_to_none=True)
        with torch.autocast(world.device.type, torch.bfloat16, enabled=world.device.type == "cuda"):
            loss = criterion(model(batch), batch.masks)[CORE_LOSS_KEY]
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), config.optimiser.clip)
        optimiser.step()
        return float(loss.item())

    return take


_THEIR_TERMS = ("mask", "dice", "iou", "class")


def official_batch(batch: Batch) -> Any:
    """The batch through sam2's own classes and collation, with one object a window."""
    from training.utils.data_utils import Frame, Object, VideoDatapoint, collate_fn

    mean, std = (torch.tensor(three).view(3, 1, 1) for three in (MEAN_RGB, STD_RGB))
    videos = []
    for number, rgb_TCHW in enumerate(batch.rgb):
        frames = [
            Frame((picture.float() / 255 - mean) / std, [Object(1, t, batch.masks[t, number])])
            for t, picture in enumerate(rgb_TCHW)
        ]
        videos.append(VideoDatapoint(frames=frames, video_id=number, size=tuple(rgb_TCHW.shape[-2:])))
    return collate_fn(videos, dict_key="all")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="nano")
    parser.add_argument("--size", type=int, default=128, help="side of the model's input in pixels")
    parser.add_argument("--frames", type=int, default=4)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=10, help="steps of each that are counted")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--threads", type=int, default=1, help="of each of the two processes, which take turns")
    parser.add_argument("--json", action="store_true")
    asked = vars(parser.parse_args())
    as_json, rounds = asked.pop("json"), asked.pop("rounds")
    case = Case(**asked)
    found = measure(case, rounds)
    ratio = found[1].steps_a_second / found[0].steps_a_second
    rows = [(one.way, f"{one.steps_a_second:.3f}", f"{one.peak_gib:.2f}", f"{one.first_loss:.5f}") for one in found]
    title = f"{case.model} at {case.size} px, {case.frames} frames, batch {case.batch}: ours at {ratio:.2f} x the speed"
    shown = screen.table(title, ["way", "steps a second", "peak GiB", "first loss"], rows)
    screen.show({**asdict(case), "ways": [asdict(one) for one in found], "ratio": ratio}, shown, as_json)


if __name__ == "__main__":
    main()
