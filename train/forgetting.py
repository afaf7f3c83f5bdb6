"""What a run may not lose: the gate on a kept dataset, and weights between the start's and the tuned ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from torch import Tensor

from render import screen
from render.manifest import Dataset

from .checkpoint import Progress, Run
from .config import TrainConfig
from .data.held_out import HeldOut, held_out
from .data.sources import Where, identity
from .distributed import World
from .learning.average import blend
from .models import resolve
from .validation.validate import validate


@dataclass(frozen=True)
class Kept:
    """Clips to be kept, and what a resumed run must share."""

    name: str
    clips: Sequence[HeldOut]
    identity: str


def open_kept(config: TrainConfig, keep: Where | None) -> Kept:
    """The dataset given with --keep, of whichever splits, or nothing."""
    if keep is None:
        return Kept("", (), "")
    dataset = Dataset.open(keep)
    return Kept(str(keep), held_out(dataset, None, config.keep.clips, config.keep.frames), identity(dataset))


@dataclass(frozen=True)
class Outcome:
    """How the run's result was chosen, and what it keeps. `share`: how far it lies from the start's weights (1: the
    tuned ones); `failed`: the one line that says why the run does not pass."""

    share: float = 1.0
    jf: float | None = None
    kept: float | None = None
    failed: str | None = None


def conclude(
    config: TrainConfig,
    run: Run,
    progress: Progress,
    clips: Sequence[HeldOut],
    kept: Kept,
    world: World,
) -> Outcome:
    """Choose the run's result among its best weights and their blends with the start's, and hold it to the tolerance.

    Of those that lose no more on the kept clips than the recipe tolerates, the best on validation; if none does, the
    best weights stay as they are and the run fails. A blend that is chosen takes the place of `best.safetensors`; the
    best weights are then `unblended.safetensors`. May be repeated: it starts from the unblended ones.
    """
    shares = (1.0, *(config.keep.blend if progress.best_step else ()))
    if len(shares) == 1 and not kept.clips:
        return Outcome()
    unblended = run.folder / "unblended.safetensors"
    best = resolve(str(unblended if unblended.is_file() else run.folder / "best.safetensors")).state
    start = resolve(config.model.start, config.model.name).state
    found: dict[float, tuple[float, float | None]] = {}
    for share in shares:
        state = best if share == 1 else blend(start, best, share)
        jf, lasting = (_jf(config, state, some, world) for some in (clips, kept.clips))
        found[share] = (jf or 0.0, lasting)
    run.log({"step": progress.step, "blends": {f"{share:g}": list(pair) for share, pair in found.items()}})
    floor = (progress.kept_start or 0.0) - config.keep.tolerance
    passing = [share for share, (_, lasting) in found.items() if lasting is None or lasting >= floor]
    share = max(passing, key=lambda share: (found[share][0], share)) if passing else 1.0
    if share != 1:
        _put_blend(config, run, progress, start, best, share, found[share])
    jf, lasting = found[share]
    failed = None
    if not passing:
        failed = (
            f"J&F on {kept.name} fell from {progress.kept_start:.3f} to {lasting:.3f}, by more than "
            f"keep.tolerance = {config.keep.tolerance:g}; the weights are saved all the same"
        )
    return Outcome(share, jf, lasting, failed)


def _jf(config: TrainConfig, state: Mapping[str, Tensor], clips: Sequence[HeldOut], world: World) -> float | None:
    """J&F of weights on clips; None where there are none."""
    return validate(config.model, state, clips, world).score.jf if clips else None


def _put_blend(
    config: TrainConfig,
    run: Run,
    progress: Progress,
    start: Mapping[str, Tensor],
    best: Mapping[str, Tensor],
    share: float,
    found: tuple[float, float | None],
) -> None:
    """Write the blend as `best`, after the best as `unblended`."""
    facts = asdict(progress)
    run.save_weights("unblended", config, best, facts)
    told = {"share": share, "jf": found[0], "kept": found[1]}
    run.save_weights("best", config, blend(start, best, share), {**facts, "blend": told, "val": {"jf": found[0]}})
    if run.leads:
        what = f"weights {share:g} of the way from the start's to the best ones"
        screen.notes.print(f"taken: the {what} (J&F {found[0]:.3f})")


def kept_at_start(config: TrainConfig, state: Mapping[str, Tensor], kept: Kept, world: World) -> float | None:
    """J&F of the start's weights on what is to be kept; None where nothing is."""
    return _jf(config, state, kept.clips, world)
