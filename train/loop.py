"""The training loop."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import torch
from torch.utils.tensorboard import SummaryWriter

from render import screen
from render.document import UserError

from .checkpoint import Progress, Run
from .config import TrainConfig
from .data.batch import Batch, batches
from .data.held_out import HeldOut
from .data.sources import Where, open_sources
from .losses import window_loss
from .models import build_train, load_weights, resolve
from .optimise import build_optimiser, set_rates
from .validate import score, track_all

BAD_STEPS = 5
"""So many non-finite steps in a row end the run."""


@dataclass(frozen=True)
class TrainReport:
    """What a run came to. `finished` is false where it was interrupted."""

    run: str
    finished: bool
    step: int
    steps: int
    best_j: float
    best_step: int
    seconds: float
    samples_a_second: float
    data_wait: float


def train(config: TrainConfig, data: Where | Sequence[Where] | None, out: Path, resume: bool = False) -> TrainReport:
    """Fine-tune as `config` says, on the dataset in `data`, into the run folder `out`.

    Several datasets are taken as one; the generic source needs none (None). Ctrl-C (or SIGTERM) ends it after the step
    in flight; `resume=True` goes on exactly where any interrupted run was last saved. UserError for a folder that holds
    something else, another recipe or data, or losses that are not finite.
    """
    run, device = Run(out), pick_device(config)
    sources = open_sources(config, data)
    if resume:
        run.check_same(config, sources.identity)

    torch.manual_seed(config.seed)
    model = build_model(config)
    load_weights(model, resolve(config.model.start, config.model.name))
    if not resume:
        run.start(config, sources.identity)
    model.to(device)
    optimiser = build_optimiser(config.optimiser, model)
    progress = run.load_state(model, optimiser) if resume else Progress()

    steps, accumulate = sources.steps, config.optimiser.accumulate
    stream = batches(
        sources.train,
        batch=config.data.batch,
        first=progress.step * accumulate,
        last=steps * accumulate,
        workers=config.data.workers,
        pin=device.type == "cuda",
    )
    clock, bad = Clock(progress.step), 0
    board = SummaryWriter(str(out / "tensorboard"), purge_step=progress.step + 1)
    with board, Interrupt() as interrupt, screen.progress() as bar:
        task = bar.add_task("train", total=steps, completed=progress.step, status="first validation")
        if not resume:  # what the start is worth; a run never ends with worse than it began with
            validate(config, model, sources.held_out, run, progress, board, device)
            run.save_state(model, optimiser, progress)
        while progress.step < steps and not interrupt.asked:
            factor = set_rates(config.optimiser, optimiser, progress.step, steps)
            shown = list(clock.waiting(stream, accumulate))
            row = take_step(config, model, optimiser, shown, device)
            bad = 0 if row["finite"] else bad + 1
            if not row["finite"]:
                names = ", ".join(name for batch in shown for name in batch.names)
                screen.notes.print(f"step {progress.step + 1}: loss or gradient is not finite; skipped ({names})")
            if bad == BAD_STEPS:
                raise UserError(
                    f"{out}: {bad} steps in a row were not finite; lower optimiser.lr (the run is at {names})"
                )
            progress.step += 1
            progress.seconds += clock.lap()
            last_step = progress.step == steps
            run.log({"step": progress.step, **row})
            for name, value in row.items():
                board.add_scalar(f"train/{name}", value, progress.step)
            board.add_scalar("train/rate", factor * config.optimiser.lr, progress.step)

            if progress.step % config.validation.every == 0 or last_step:
                validate(config, model, sources.held_out, run, progress, board, device)
            if progress.step % config.save_every == 0 or last_step or interrupt.asked:
                run.save_weights("last", config, model.state_dict(), vars(progress))
                run.save_state(model, optimiser, progress)
            rate = clock.samples_a_second(progress.step, config.data.batch * accumulate)
            status = (
                f"loss {row['total']:.3f}  J {max(progress.best_j, 0):.3f}  {rate:.1f}/s  wait {clock.wait_share:.0%}"
            )
            bar.update(task, completed=progress.step, status=status)

    finished = progress.step == steps
    if not finished:
        screen.notes.print(f"stopped after step {progress.step} of {steps}; go on with the same command and --resume")
    return TrainReport(
        run=str(out),
        finished=finished,
        step=progress.step,
        steps=steps,
        best_j=progress.best_j,
        best_step=progress.best_step,
        seconds=round(progress.seconds, 2),
        samples_a_second=round(clock.samples_a_second(progress.step, config.data.batch * accumulate), 3),
        data_wait=round(clock.wait_share, 4),
    )


def take_step(
    config: TrainConfig, model: Any, optimiser: torch.optim.Optimizer, shown: list[Batch], device: torch.device
) -> dict[str, float]:
    """One optimiser step on the mean gradient of some batches; a step that is not finite changes nothing.

    Returns the mean loss terms, their `total`, the gradient's norm before clipping, and if all was `finite` (1 or 0).
    """
    model.train()
    optimiser.zero_grad(set_to_none=True)
    sums: dict[str, float] = {}
    for batch in shown:
        inputs = batch.to_sam2(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            outputs = model(inputs)
        coverage = batch.coverage.to(device) if config.loss.target == "coverage" else None
        losses = window_loss(outputs, inputs.masks, config.loss, coverage)
        (losses["total"] / len(shown)).backward()  # type: ignore[no-untyped-call]
        for name, value in losses.items():
            sums[name] = sums.get(name, 0.0) + value.item() / len(shown)
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), config.optimiser.clip)
    finite = bool(torch.isfinite(norm)) and bool(np.isfinite(sums["total"]))
    if finite:
        optimiser.step()
    clean = {name: value if np.isfinite(value) else 0.0 for name, value in (sums | {"gradient": norm.item()}).items()}
    return clean | {"finite": float(finite)}


def validate(
    config: TrainConfig,
    model: Any,
    held_out: list[HeldOut],
    run: Run,
    progress: Progress,
    board: SummaryWriter,
    device: torch.device,
) -> None:
    """Track the held-out clips; keep the weights as `best` if no earlier ones did better."""
    state = {name: value.detach().clone() for name, value in model.state_dict().items()}
    result = score(track_all(config.model.name, state, held_out, str(device)), held_out)
    for name, value in result.as_dict().items():
        board.add_scalar(f"val/{name}", value, progress.step)
    run.log({"step": progress.step, "val": result.as_dict()})
    if result.j > progress.best_j:
        progress.best_j, progress.best_step = result.j, progress.step
        run.save_weights("best", config, state, {**vars(progress), "val": result.as_dict()})


def build_model(config: TrainConfig) -> Any:
    """SAM2Train with the recipe's prompts, its click stream seeded."""
    prompts = config.prompts
    shown = prompts.point + prompts.box
    model = build_train(
        config.model.name,
        _target_="train.prompting.PromptedSAM2",
        prob_to_use_pt_input_for_train=shown,
        prob_to_use_box_input_for_train=prompts.box / shown if shown else 0.0,
        prob_to_sample_from_gt_for_train=0.1,
        num_frames_to_correct_for_train=prompts.corrected_frames,
        rand_frames_to_correct_for_train=prompts.corrected_frames > 1,
        add_all_frames_to_correct_as_cond=True,
        num_init_cond_frames_for_train=prompts.prompted_frames,
        rand_init_cond_frames_for_train=True,
        num_correction_pt_per_frame=prompts.clicks,
    )
    model.rng = np.random.default_rng([config.seed, 1])
    return model


def pick_device(config: TrainConfig) -> torch.device:
    """The device that the recipe asks for; UserError where there is none."""
    if config.device == "cuda" and not torch.cuda.is_available():
        raise UserError('device = "cuda", but torch sees no CUDA device; use "auto" or "cpu"')
    return torch.device("cuda" if config.device != "cpu" and torch.cuda.is_available() else "cpu")


class Clock:
    """How long steps take, and which share of that was spent waiting for data."""

    def __init__(self, first_step: int) -> None:
        self.first_step = first_step
        self.started = self.mark = time.monotonic()
        self.waited = 0.0

    def waiting(self, stream: Iterator[Batch], count: int) -> Iterator[Batch]:
        """The next `count` batches, the time until each arrives counted as waiting."""
        for _ in range(count):
            asked = time.monotonic()
            batch = next(stream)
            self.waited += time.monotonic() - asked
            yield batch

    def lap(self) -> float:
        """Seconds since the last lap."""
        now = time.monotonic()
        lap, self.mark = now - self.mark, now
        return lap

    def samples_a_second(self, step: int, samples_a_step: int) -> float:
        return (step - self.first_step) * samples_a_step / max(time.monotonic() - self.started, 1e-9)

    @property
    def wait_share(self) -> float:
        return self.waited / max(time.monotonic() - self.started, 1e-9)


class Interrupt:
    """Inside the block the first SIGINT or SIGTERM only sets `asked`; a second one acts as ever."""

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interrupt:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._ask) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        signal.signal(number, self._before[number])
        screen.notes.print("stopping after this step; once more to stop at once")
