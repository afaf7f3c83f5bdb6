"""Training steps a second and peak memory, beside the official model and loss: `python -m train.benchmarks.step`.

Both learn from the same weights, batch and random draws, in a process each, so that each has a peak of its own; they
take turns, so that whatever else the machine does meets both. Steps differ by their draws (a mask, or a point and up to
seven corrections), so each is held against the other way's step of that number: the ratio is the median of these. On a
CPU it is one of processor seconds, which other programs disturb least, on CUDA one of wall time. Official: sam2's
collation, SAM2Train and `training.loss_fns.MultiStepMultiMasksAndIous`, eager, one AdamW, and what its trainer does
between them. On CUDA both run in bfloat16 autocast.
"""

from __future__ import annotations

import argparse
import math
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

from evaluate.tracking.network.heap import keep_freed_memory
from render import screen

from ..config import Loss, Model, Optimiser, TrainConfig, Validation
from ..data.batch import MEAN_RGB, STD_RGB, Batch, collate
from ..data.generic.scenes import Generic
from ..distributed import World, pick_device
from ..learning.learner import prompt_options
from ..learning.losses import TERMS
from ..learning.optimise import build_optimiser
from ..learning.step import Numbered, seed_draws, take_step
from ..models import build_train

WAYS = ("official", "heroprop")
Answer = dict[str, float]


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
    """One way's median step, in seconds that its process ran and that passed; its peak memory and its first loss."""

    way: str
    processor_seconds: float
    seconds: float
    peak_gib: float
    first_loss: float


@dataclass(frozen=True)
class Compared:
    """Both ways, and how many times as fast ours is (`ratio`): of a step, over all steps the median, least and most."""

    official: Measured
    heroprop: Measured
    clock: str
    ratio: float
    least: float
    most: float


def measure(case: Case, rounds: int) -> Compared:
    """Both ways, in turns, after one step each that is not counted."""
    context = multiprocessing.get_context("spawn")
    pipes, children = {}, []
    for way in WAYS:
        pipes[way], theirs = context.Pipe()
        children.append(context.Process(target=serve, args=(way, case, theirs), daemon=True))
        children[-1].start()
    first = {way: _ask(pipes[way]) for way in WAYS}
    steps: dict[str, list[Answer]] = {way: [] for way in WAYS}
    for turn in range(rounds):
        for way in WAYS if turn % 2 == 0 else reversed(WAYS):
            steps[way].append(_ask(pipes[way]))
    for way, child in zip(WAYS, children, strict=True):
        pipes[way].send("stop")
        child.join()
    clock = "seconds" if pick_device(case.device).type == "cuda" else "processor_seconds"
    ratios = [a[clock] / b[clock] for a, b in zip(*steps.values(), strict=True)]
    found = [
        Measured(
            way,
            median(one["processor_seconds"] for one in steps[way]),
            median(one["seconds"] for one in steps[way]),
            steps[way][-1]["peak_gib"],
            first[way]["loss"],
        )
        for way in WAYS
    ]
    return Compared(found[0], found[1], clock, median(ratios), min(ratios), max(ratios))


def _ask(pipe: Connection) -> Answer:
    pipe.send("step")
    answer: Answer = pipe.recv()
    return answer


def serve(way: str, case: Case, pipe: Connection) -> None:
    """A child process: takes a step whenever it is told to, and says how long that took."""
    torch.set_num_threads(case.threads)
    world = World(pick_device(case.device))
    take = (official if way == "official" else ours)(case, world)
    number = 0
    while pipe.recv() == "step":
        started, ran = time.perf_counter(), time.process_time()
        loss = take(number)
        if world.device.type == "cuda":
            torch.cuda.synchronize()
        spent = {"seconds": time.perf_counter() - started, "processor_seconds": time.process_time() - ran}
        pipe.send(spent | {"loss": loss, "peak_gib": peak_gib(world.device)})
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
    """Our step, as `heroprop train` takes it."""
    if world.device.type == "cpu":
        keep_freed_memory()
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
        assert math.isfinite(loss.item())  # their trainer looks, too
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
    rows = [
        (one.way, f"{one.processor_seconds:.3f}", f"{one.seconds:.3f}", f"{one.peak_gib:.2f}", f"{one.first_loss:.5f}")
        for one in (found.official, found.heroprop)
    ]
    title = f"{case.model} at {case.size} px, {case.frames} frames, batch {case.batch}, {rounds} steps: ours at "
    title += f"{found.ratio:.2f} x the speed ({found.least:.2f} to {found.most:.2f}; {found.clock.replace('_', ' ')})"
    shown = screen.table(title, ["way", "processor s", "wall s", "peak GiB", "first loss"], rows)
    screen.show({**asdict(case), **asdict(found)}, shown, as_json)


if __name__ == "__main__":
    main()
