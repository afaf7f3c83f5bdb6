"""The training loop: stages of steps, validated, saved, shown, and resumable at any of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from evaluate.tracking.network.heap import keep_freed_memory
from render import screen
from render.document import UserError

from .checkpoint import Progress, Run
from .config import TrainConfig
from .data.batch import Batch, batches
from .data.sources import Where
from .distributed import World, joined
from .forgetting import Kept, Outcome, conclude, kept_at_start, open_kept
from .interrupt import Interrupt
from .learning.learner import Learner, State
from .learning.optimise import set_rates
from .learning.step import Numbered, take_step
from .models import resolve
from .monitor import Board, Clock, gpu_gib
from .stages import Stage, open_stages
from .validation.score import Score
from .validation.validate import validate

BAD_STEPS = 5
"""So many non-finite steps in a row end the run."""


@dataclass(frozen=True)
class TrainReport:
    """What a run came to. `finished` is false where it was interrupted; `failed` says why it does not pass its gate."""

    run: str
    leads: bool
    """Of several processes, whether this is the one that writes and speaks."""
    finished: bool
    step: int
    steps: int
    best_jf: float
    best_step: int
    blend: float
    kept_before: float | None
    kept_after: float | None
    failed: str | None
    seconds: float
    samples_a_second: float
    data_wait: float
    gpu_gib: float | None


def train(
    config: TrainConfig,
    data: Where | Sequence[Where] | None,
    out: Path,
    resume: bool = False,
    keep: Where | None = None,
) -> TrainReport:
    """Fine-tune as `config` says, on the dataset in `data`, into the run folder `out`.

    Several datasets are taken as one; the generic source needs none (None). `keep` is a dataset on which the run may
    not become worse than the recipe tolerates. Ctrl-C (or SIGTERM) ends it after the step in flight; `resume=True` goes
    on exactly where any interrupted run was last saved. UserError for a folder that holds something else, another
    recipe or data, or losses that are not finite.
    """
    with joined(config.device) as world:
        if world.device.type == "cpu":
            keep_freed_memory()
        accumulate = config.optimiser.accumulate
        if accumulate % world.size:
            raise UserError(
                f"optimiser.accumulate = {accumulate}: {world.size} processes share out a step's batches evenly; "
                f"make it a multiple of {world.size} (and data.batch smaller, for steps as they were)"
            )
        return Training(config, open_stages(config, data), open_kept(config, keep), out, world).run(resume)


class Training:
    """One run, as one of its processes sees it."""

    def __init__(self, config: TrainConfig, stages: list[Stage], kept: Kept, out: Path, world: World) -> None:
        self.config, self.stages, self.kept, self.world = config, stages, kept, world
        self.folder = Run(out, world.leads)
        self.start = resolve(config.model.start, config.model.name)
        self.clips = stages[0].sources.held_out
        self.progress, self.state = Progress(), State()
        self.clock, self.interrupt, self.bad = Clock(), Interrupt(), 0
        self.stopped = False

    def run(self, resume: bool) -> TrainReport:
        """Every stage that is left, then the choice of the result."""
        data = stages_identity(self.stages, self.kept)
        if resume:
            self.folder.check_same(self.config, data)
            self.state, self.progress = self.folder.load_state()
        outcome = Outcome()
        with ExitStack() as stack:
            if not resume:
                self.folder.start(self.config, data)
            board = Board(self.folder.folder, self.config, self.progress.step, self.world.leads)
            self.board, _ = stack.enter_context(board), stack.enter_context(self.interrupt)
            self.bar = screen.progress()
            self.bar.disable = not self.world.leads
            stack.enter_context(self.bar)
            self.task = self.bar.add_task("train", total=self.planned, completed=self.progress.step, status="")
            if not resume:
                self.begin()
            while not self.finished and not self.stopped:
                self.train_stage(self.stages[self.progress.stage])
            if self.finished:
                self.bar.update(self.task, status="choosing the result")
                outcome = conclude(self.config, self.folder, self.progress, self.clips, self.kept, self.world)
        return self.report(outcome)

    @property
    def finished(self) -> bool:
        return self.progress.stage == len(self.stages)

    @property
    def planned(self) -> int:
        """Steps taken and still to come, if no more stages end early."""
        return self.progress.step - self.progress.stage_step + sum(s.steps for s in self.stages[self.progress.stage :])

    def begin(self) -> None:
        """What the start is worth: a run never ends with worse than it began with."""
        learner = Learner(self.stages[0].config, self.world.device, self.start)
        self.bar.update(self.task, status="validating the start")
        self.progress.kept_start = kept_at_start(self.config, learner.weights(), self.kept, self.world)
        if self.kept.clips:
            self.folder.log({"step": 0, "kept": self.progress.kept_start})
        if self.stages[0].name:
            self.folder.log({"step": 0, "stage": self.stages[0].name})
        self.validate(learner)
        self.state = learner.state()
        self.folder.save_state(self.state, self.progress)

    def train_stage(self, stage: Stage) -> None:
        """The stage's steps, up to its end, its promotion, or an interrupt."""
        learner = Learner(stage.config, self.world.device, self.start)
        learner.load(self.state)
        stream = self.stream(stage)
        ended = False
        while not ended and not self.stopped:
            row = self.step(stage, learner, stream)
            last = self.progress.stage_step == stage.steps
            score = self.validate(learner) if last or self.progress.step % self.config.validation.every == 0 else None
            promoted = stage.promote is not None and score is not None and score.jf >= stage.promote
            ended = last or promoted
            if ended:
                self.leave(stage, score if promoted else None)
            self.stopped = self.world.any(self.interrupt.asked)  # all processes stop after the same step
            if ended or self.stopped or self.progress.step % self.config.save_every == 0:
                self.save(learner)
            self.show(stage, row)
        self.state = learner.state()

    def stream(self, stage: Stage) -> Iterator[Batch]:
        """This process's share of the batches from the next step on: of all, every `world.size`-th."""
        mine = stage.config.optimiser.accumulate // self.world.size
        left = stage.steps - self.progress.stage_step
        return batches(
            stage.sources.train,
            batch=stage.config.data.batch,
            first=self.progress.step * mine,
            last=(self.progress.step + left) * mine,
            workers=stage.config.data.workers,
            pin=self.world.device.type == "cuda",
            rank=self.world.rank,
            world=self.world.size,
        )

    def step(self, stage: Stage, learner: Learner, stream: Iterator[Batch]) -> dict[str, float]:
        """One optimiser step; UserError where the last few were not finite."""
        config, progress, world = stage.config, self.progress, self.world
        accumulate = config.optimiser.accumulate
        set_rates(config.optimiser, learner.optimiser, stage.first + progress.stage_step, self.length)
        numbers = range(progress.step * accumulate + world.rank, (progress.step + 1) * accumulate, world.size)
        found = self.clock.waiting(stream, len(numbers))
        shown = [Numbered(number, batch) for number, batch in zip(numbers, found, strict=True)]
        row = take_step(config, learner.model, learner.optimiser, shown, world)
        self.bad = 0 if row["finite"] else self.bad + 1
        if not row["finite"]:
            names = ", ".join(name for numbered in shown for name in numbered.batch.names)
            screen.notes.print(f"step {progress.step + 1}: loss or gradient is not finite; skipped ({names})")
            if self.bad == BAD_STEPS:
                raise UserError(
                    f"{self.folder.folder}: {BAD_STEPS} steps in a row were not finite; lower optimiser.lr "
                    f"(the run is at {names})"
                )
        elif learner.average:
            learner.average.update(learner.model, progress.step + 1)
        progress.step += 1
        progress.stage_step += 1
        progress.seconds += self.clock.lap(accumulate * config.data.batch)
        skipped = {} if row["finite"] else {"clips": [name for numbered in shown for name in numbered.batch.names]}
        self.folder.log({"step": progress.step, **row, **skipped})
        return row

    @property
    def length(self) -> int:
        """Steps of the whole plan."""
        return self.stages[-1].first + self.stages[-1].steps

    def leave(self, stage: Stage, reached: Score | None) -> None:
        """Go on to the next stage: `reached` is the score that earned it, None where the steps were over."""
        self.progress.stage += 1
        self.progress.stage_step = 0
        if self.finished:
            return
        following = self.stages[self.progress.stage].name
        why = f"J&F {reached.jf:.3f} reached {stage.promote:g}" if reached else f"its {stage.steps} steps are over"
        self.folder.log({"step": self.progress.step, "stage": following, "why": why})
        if self.world.leads:
            screen.notes.print(f"step {self.progress.step}: from stage {stage.name} to {following} ({why})")
        self.bar.update(self.task, total=self.planned)

    def validate(self, learner: Learner) -> Score:
        """Track the held-out clips; keep the weights as `best` if no earlier ones did better."""
        config, progress = self.config, self.progress
        state = {name: value.detach().clone() for name, value in learner.weights().items()}
        result = validate(config.model, state, self.clips, self.world, config.validation.worst)
        score = result.score
        self.board.numbers("val", score.as_dict(), progress.step)
        if result.worst is not None:
            self.board.picture("worst", result.worst, progress.step)
        self.folder.log({"step": progress.step, "val": score.as_dict()})
        if score.jf > progress.best:
            progress.best, progress.best_step = score.jf, progress.step
            self.folder.save_weights("best", config, state, {**asdict(progress), "val": score.as_dict()})
        return score

    def save(self, learner: Learner) -> None:
        """The last weights, and the state to go on from."""
        self.folder.save_weights("last", self.config, learner.weights(), asdict(self.progress))
        self.folder.save_state(learner.state(), self.progress)

    def show(self, stage: Stage, row: dict[str, float]) -> None:
        """The step on TensorBoard and on screen."""
        pace: dict[str, float] = {"samples_a_second": self.clock.samples_a_second, "data_wait": self.clock.wait_share}
        memory = gpu_gib(self.world.device)
        if memory is not None:
            pace["gpu_gib"] = memory
        self.board.numbers("train", row, self.progress.step)
        self.board.numbers("pace", pace, self.progress.step)
        parts = [stage.name] if stage.name else []
        parts += [f"loss {row['total']:.3f}", f"J&F {max(self.progress.best, 0):.3f}"]
        parts += [f"{self.clock.samples_a_second:.1f}/s", f"wait {self.clock.wait_share:.0%}"]
        parts += [f"{memory:.1f} GiB"] if memory is not None else []
        self.bar.update(self.task, completed=self.progress.step, status="  ".join(parts))

    def report(self, outcome: Outcome) -> TrainReport:
        """What it came to."""
        progress = self.progress
        if not self.finished and self.world.leads:
            screen.notes.print(f"stopped after step {progress.step} of {self.planned}; the same with --resume goes on")
        memory = gpu_gib(self.world.device)
        return TrainReport(
            run=str(self.folder.folder),
            leads=self.world.leads,
            finished=self.finished,
            step=progress.step,
            steps=self.planned,
            best_jf=outcome.jf if outcome.jf is not None else progress.best,
            best_step=progress.best_step,
            blend=outcome.share,
            kept_before=progress.kept_start,
            kept_after=outcome.kept,
            failed=outcome.failed,
            seconds=round(progress.seconds, 2),
            samples_a_second=round(self.clock.samples_a_second, 3),
            data_wait=round(self.clock.wait_share, 4),
            gpu_gib=None if memory is None else round(memory, 2),
        )


def stages_identity(stages: list[Stage], kept: Kept) -> str:
    """What the data of a run is, hashed: a resumed one must have the same."""
    parts = list(dict.fromkeys([stage.sources.identity for stage in stages] + [kept.identity]))
    return " ".join(part for part in parts if part)
