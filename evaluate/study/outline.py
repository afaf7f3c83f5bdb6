"""What a study does, step by step: nothing but heroprop's own verbs, each of which goes on where it was stopped."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from render.document import Document, UserError
from render.manifest import SPLITS, Dataset

Command = tuple[str, ...]
"""A verb of `heroprop` and its arguments."""


class Settings(Document):
    """What is studied; `study.json`. Data and bench are datasets that are there, else recipes to be rendered."""

    base: str
    recipe: str | None
    data: str | None
    training: str
    bench: str
    real: tuple[str, ...]
    keep: str | None = None
    """A dataset on which tuning may not make the model worse; see `heroprop train --keep`."""
    workers: int | None


@dataclass(frozen=True)
class Step:
    """A part of a study. `commands` run one after the other; none: it is done within (see `run`).

    renders: the dataset that it renders, where it does.
    """

    name: str
    what: str
    commands: tuple[Command, ...] = ()
    renders: Path | None = None


@dataclass(frozen=True)
class Places:
    """Where things are in a study's folder, and datasets elsewhere."""

    out: Path
    data: str
    bench: str
    run: Path
    exported: Path

    def report(self, number: int) -> Path:
        """The folder of the evaluation on the benchmark (0) or on a real set (1, 2, …)."""
        return self.out / "reports" / ("bench" if number == 0 else f"real-{number}")


def places(settings: Settings, out: Path) -> Places:
    """The places of a study."""
    return Places(
        out=out,
        data=settings.data or str(out / "data"),
        bench=settings.bench if is_dataset(settings.bench) else str(out / "bench"),
        run=out / "run",
        exported=out / "tuned.pt",
    )


def is_dataset(name: str) -> bool:
    """Whether it is a dataset's place and no recipe's name."""
    return "://" in name or Path(name).is_dir()


def outline(settings: Settings, out: Path) -> tuple[Step, ...]:
    """The steps in order."""
    at = places(settings, out)
    pool = ("--workers", str(settings.workers)) if settings.workers else ()
    steps = [Step("weights", f"fetch {settings.base}")]
    if settings.data is None:
        assert settings.recipe is not None
        steps.append(_rendered("data", settings.recipe, out / "data", pool))
    if at.bench != settings.bench:
        steps.append(_rendered("bench", settings.bench, out / "bench", pool))
    sets = (at.bench, *settings.real)
    base, tuned = ("--checkpoint", settings.base), ("--checkpoint", str(at.run))

    def scored(when: str, what: str, *checkpoints: str) -> list[Step]:
        return [
            Step(
                f"{when}-{at.report(number).name}",
                f"score {what} on {place}",
                (_scored(place, number, at, *checkpoints, *pool),),
            )
            for number, place in enumerate(sets)
        ]

    steps += scored("before", "the base", *base)
    tune = ("train", settings.training, "--base", settings.base, "--data", at.data, "--out", str(at.run))
    keep = ("--keep", settings.keep) if settings.keep else ()
    resume = ("--resume",) if (at.run / "resume.pt").is_file() else ()
    steps.append(Step("tune", f"tune it on {at.data}", ((*tune, *keep, *resume),)))
    steps += scored("after", "base and tuned", *base, *tuned)
    export = ("export", str(at.run), "--to", "sam2", "--out", str(at.exported))
    steps.append(Step("export", f"write {at.exported}", (export,)))
    steps.append(Step("report", f"write {out / 'study.html'}"))
    return tuple(steps)


def split_of(place: str) -> str:
    """The split that a dataset is scored on: test where it has clips, else val, else train."""
    dataset = Dataset.open(place)
    for split in reversed(SPLITS):
        if dataset.clips(split):
            return split
    raise UserError(f"{place}: no clips; give a dataset that has some")


def _rendered(name: str, recipe: str, folder: Path, pool: Command) -> Step:
    commands = (("plan", recipe, "--out", str(folder)), ("render", str(folder), *pool), ("verify", str(folder)))
    return Step(name, f"render the recipe {recipe}", commands, folder)


def _scored(place: str, number: int, at: Places, *rest: str) -> Command:
    """`evaluate`, on the test split of what is still to be rendered."""
    split = "test" if place == str(at.out / "bench") else split_of(place)
    return ("evaluate", "--data", place, "--split", split, *rest, "--out", str(at.report(number)))
