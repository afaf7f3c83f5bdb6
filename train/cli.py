"""The verbs `train` and `export`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()


@app.command()
def train(
    config: Annotated[
        Path, typer.Argument(help="A training recipe (TOML), or the name of one that comes with heroprop.")
    ],
    out: Annotated[Path, typer.Option(help="The run folder: checkpoints, log, TensorBoard.")],
    data: Annotated[
        list[str] | None,
        typer.Option(help="The dataset: a folder, a URL, or a view. May be repeated. Not needed for generic recipes."),
    ] = None,
    base: Annotated[
        str | None, typer.Option(help="Start from this checkpoint, and tune its model, in place of the recipe's.")
    ] = None,
    keep: Annotated[
        str | None, typer.Option(help="A dataset on which the model may not become worse (see keep.tolerance).")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on exactly where an interrupted run stopped.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Fine-tune SAM 2 on a dataset."""
    from dataclasses import asdict

    from render import screen

    from .config import read_config
    from .loop import train as run_training
    from .models import resolve

    recipe = read_config(config)
    if base is not None:
        recipe = recipe.starting_from(resolve(base).name, base)
    report = run_training(recipe, data, out, resume, keep)
    if not report.leads:
        return
    rows = [
        ("steps", f"{report.step} of {report.steps}"),
        ("best J&F on held-out clips", f"{report.best_jf:.3f} at step {report.best_step}"),
        ("samples a second", f"{report.samples_a_second:.2f}"),
        ("waiting for data", f"{report.data_wait:.1%}"),
        ("run folder", report.run),
    ]
    if report.blend != 1:
        rows.insert(2, ("of the way from the start's weights", f"{report.blend:g}"))
    if report.kept_after is not None:
        rows.insert(2, ("J&F on what is kept", f"{report.kept_before:.3f} before, {report.kept_after:.3f} after"))
    if report.gpu_gib is not None:
        rows.append(("most GPU memory", f"{report.gpu_gib:.2f} GiB"))
    screen.show(asdict(report), screen.table("training", ["", "result"], rows), json)
    if not report.finished:
        raise typer.Exit(130)
    if report.failed:
        screen.notes.print(f"error: {report.failed}")
        raise typer.Exit(1)


class Format(StrEnum):
    """What a checkpoint can be exported to."""

    SAM2 = "sam2"
    TRANSFORMERS = "transformers"
    ONNX = "onnx"
    INT8 = "int8"


@app.command()
def export(
    run: Annotated[str, typer.Argument(help="A run folder, or any checkpoint that heroprop knows.")],
    out: Annotated[Path, typer.Option(help="The file to write, ending in .pt; a folder for the other formats.")],
    to: Annotated[
        Format,
        typer.Option(
            help="sam2: for Meta's predictor; transformers: Hugging Face's; onnx: image mode; int8: the same."
        ),
    ] = Format.SAM2,
    model: Annotated[str | None, typer.Option(help="The model's name, where a .pt does not say it.")] = None,
    push: Annotated[
        str | None,
        typer.Option(metavar="OWNER/NAME", help="Send it to this model repository of the Hugging Face hub, too."),
    ] = None,
    public: Annotated[bool, typer.Option("--public", help="Make that repository public, if it is made now.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Write a checkpoint in another program's format, and prove that it gives the same masks there."""
    from dataclasses import asdict

    from render import screen
    from render.document import UserError

    from .export.card import in_words
    from .export.report import on_the_hub
    from .models import hub

    if push is not None:
        hub.check_push(push)
    elif public:
        raise UserError("--public: is for a repository on the hub; add --push OWNER/NAME")
    match to:
        case Format.SAM2:
            from .export.sam2_file import export_sam2

            report = export_sam2(run, out, model)
        case Format.TRANSFORMERS:
            from .export.huggingface import export_transformers

            report = export_transformers(run, out, model)
        case Format.ONNX | Format.INT8:
            from .export.onnx_graphs import export_onnx

            report = export_onnx(run, out, model, int8=to is Format.INT8)
    rows = [
        ("files", "\n".join(report.files)),
        ("model", report.model),
        ("SHA-256", report.sha256),
        ("checked", report.checked),
        ("largest logit difference", f"{report.max_logit_difference:.3g}"),
        ("lowest mask IoU", in_words(report.min_mask_iou)),
        ("load it with", report.call),
    ]
    place = None
    if push is not None:
        place = hub.push(push, on_the_hub(report), not public, f"{report.model} for {to}, by heroprop")
        rows.append(("on the hub", place))
    screen.show(asdict(report) | {"hub": place}, screen.table(f"export to {to}", ["", "result"], rows), json)
