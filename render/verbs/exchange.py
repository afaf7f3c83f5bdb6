"""The verbs `convert`, `import` and `publish`: other formats, out and in, and datasets elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import AsJson, DatasetFolder, DatasetPlace, megabytes


def convert(
    dataset: DatasetPlace,
    to: Annotated[str, typer.Option("--to", metavar="FORMAT", help="davis, youtubevos, sav, coco or rerun.")],
    out: Annotated[Path, typer.Option(help="A new or empty folder.")],
    json: AsJson = False,
) -> None:
    """Write a dataset in another format: pictures as they are, and masks by the mask rule."""
    from dataclasses import asdict

    from .. import screen
    from ..exchange import convert as run
    from ..manifest import Dataset

    with screen.progress() as bar:
        task = bar.add_task("convert", total=len(Dataset.open(dataset).manifest.clips), status="")
        done = run(dataset, to, out, lambda clip: bar.update(task, advance=1, status=clip))
    rows = [("clips", done.clips), ("frames", done.frames)]
    screen.show(asdict(done), screen.table(f"{to}: {out}", ["", ""], rows), json)


def import_footage(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of labelled footage.")],
    source: Annotated[
        str, typer.Option("--from", metavar="FORMAT", help="davis, youtubevos, sav, coco, cvat or solo.")
    ],
    out: Annotated[Path, typer.Option(metavar="DATASET", help="A new or empty folder for the dataset.")],
    fps: Annotated[float | None, typer.Option(help="Frames a second, where the format does not say.", min=0.01)] = None,
    split: Annotated[str | None, typer.Option(help="Put every clip into this split: train, val or test.")] = None,
    json: AsJson = False,
) -> None:
    """Make a dataset of real, labelled footage: the same shards and manifest, marked real."""
    from dataclasses import asdict

    from .. import screen
    from ..exchange import import_clips

    with screen.progress() as bar:
        task = bar.add_task("import", total=None, status="")
        done = import_clips(folder, source, out, fps, split, lambda clip: bar.update(task, advance=1, status=clip))
    rows = [
        ("clips", done.clips),
        ("frames", done.frames),
        ("shards", done.shards),
        ("frames without labels, left out", done.unlabelled),
        ("clips without objects, left out", done.empty),
    ]
    screen.show(asdict(done), screen.table(f"imported into {out}", ["", ""], rows), json)


def publish(
    dataset: DatasetFolder,
    url: Annotated[str, typer.Argument(metavar="URL", help="Where to, e.g. s3://bucket/folder.")],
    again: Annotated[
        list[str] | None,
        typer.Option(metavar="SHARD", help="Send this one even if it is there, where it was damaged. May be repeated."),
    ] = None,
    json: AsJson = False,
) -> None:
    """Put a finished dataset to object storage, to be read there. The same command goes on where it stopped."""
    from dataclasses import asdict

    from .. import screen
    from ..manifest import Manifest
    from ..storage.publish import publish as run

    with screen.progress() as bar:
        task = bar.add_task("publish", total=len(Manifest.read(dataset).shards), status="")
        done = run(dataset, url, lambda shard: bar.update(task, advance=1, status=shard), again or (), bar.start)
    rows = [("shards sent", done.sent), ("there already", done.kept), ("sent", megabytes(done.bytes))]
    screen.show(asdict(done), screen.table(f"published to {url}", ["", ""], rows), json)
