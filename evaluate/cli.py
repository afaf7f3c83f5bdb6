"""The verbs `evaluate` and `score`, and those of `evaluate.verbs`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from .verbs import segment, speed, study, track
from .verbs.options import AsJson, CheckpointHelp, Device, Model

app = typer.Typer(no_args_is_help=True, add_completion=False)

Choice = TypeVar("Choice", bound=StrEnum)


@app.command()
def evaluate(
    data: Annotated[str, typer.Option(help="The dataset: a folder that 'heroprop render' filled, a URL, or a view.")],
    checkpoint: Annotated[list[str], typer.Option(help=f"{CheckpointHelp} Repeatable, before first, after last.")],
    split: Annotated[str, typer.Option(help="Which clips: train, val or test.")] = "test",
    prompt: Annotated[str, typer.Option(help="What the first frame is prompted with: mask, box or point.")] = "mask",
    model: Model = None,
    device: Device = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the report and the masks; a run that was stopped goes on in it.")
    ] = None,
    workers: Annotated[int, typer.Option(help="Processes, each with clips of its own.", min=1)] = 1,
    json: AsJson = False,
) -> None:
    """Score checkpoints and baselines on held-out clips: J, F and J&F with intervals, and an HTML report."""
    from render.document import write_atomic
    from render.manifest import Dataset
    from render.screen import notes, progress, show

    from .report import check_out, summary_table, write_report
    from .running import benchmark

    kind = benchmark.prompt_kind(prompt)
    benchmark.check_device(device)
    if out is not None:
        check_out(out)
    dataset = Dataset.open(data)
    masks = out / "predictions" if out is not None else None
    with progress() as bar:
        task = bar.add_task("evaluate", total=None, status="")
        found = benchmark.evaluate(
            dataset,
            checkpoint,
            split,
            kind,
            device,
            masks,
            lambda what, done, total: bar.update(task, completed=done, total=total, status=what),
            out / "traces" if out is not None else None,
            workers,
            model,
        )
    if out is not None:
        write_atomic(out / "results.json", found.model_dump_json(indent=1) + "\n")
        page = write_report(found, dataset, out)
        notes.print(f"report: {page}")
    show(found.model_dump(mode="json"), summary_table(found), json)


@app.command()
def score(
    pred: Annotated[Path, typer.Argument(help="Predicted masks: a folder of palette PNGs a sequence.")],
    truth: Annotated[Path, typer.Argument(help="True masks, of the same names; a DAVIS, YouTube-VOS or MOSE folder.")],
    protocol: Annotated[
        str,
        typer.Option(help="Frames that count: davis (not first and last), held-out (after an object's first), all."),
    ] = "davis",
    missing: Annotated[str, typer.Option(help="What a missing frame or sequence is: error or empty.")] = "error",
    names: Annotated[Path | None, typer.Option("--list", help="A text file of the sequences to score.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; default: one a core.", min=1)] = None,
    csv: Annotated[Path | None, typer.Option(help="Also write the objects as a CSV table.")] = None,
    json: AsJson = False,
) -> None:
    """Score folders of masks against true ones: J, F and MOSEv2's area-aware F, as the official tools define them."""
    from render.cores import cores
    from render.document import write_atomic
    from render.screen import notes, progress, show, table

    from .metrics import Protocol
    from .scoring import Missing, score_folders

    which, absent = _choice("--protocol", protocol, Protocol), _choice("--missing", missing, Missing)
    with progress() as bar:
        task = bar.add_task("score", total=None, status="")
        found = score_folders(
            pred,
            truth,
            which,
            absent,
            names,
            workers or cores(),
            lambda done, total: bar.update(task, completed=done, total=total),
        )
    for note in found.notes:
        notes.print(f"note: {note}", markup=False)
    if csv is not None:
        write_atomic(csv, found.csv())
    rows = [(f"{one.sequence} {one.object}", *_shown(one)) for one in found.sequences] + [("mean", *_shown(found.mean))]
    title = f"{len(found.sequences)} objects, protocol {which}"
    show(found.model_dump(mode="json", by_alias=True), table(title, ("", "J&F", "J", "F", "F area-aware"), rows), json)


def _choice(option: str, name: str, kind: type[Choice]) -> Choice:
    """The member of an enum of words; UserError with the nearest one."""
    from render.document import UserError, nearest

    try:
        return kind(name)
    except ValueError:
        raise UserError(f"{option} '{name}': unknown{nearest(name, [one.value for one in kind])}") from None


def _shown(means: Any) -> tuple[str, ...]:
    return tuple("–" if value is None else f"{value:.4f}" for value in (means.JF, means.J, means.F, means.F_area))


app.command("study")(study.study)
app.command("track")(track.track)
app.command("segment")(segment.segment)
app.command("speed")(speed.speed)
