"""The verbs `farm` and `status`: job files for farms, and how far a dataset is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from .options import AsJson, Assets, DatasetFolder, RenderOn, Timeout, megabytes

BlenderOnNodes = Annotated[
    Path | None, typer.Option(help="A Blender program that renders, by its path on the nodes; default: the bpy module.")
]
PackagesOnNodes = Annotated[
    Path | None, typer.Option(help="Packages for that Blender's Python, by their path on the nodes.")
]


def farm_files(
    dataset: DatasetFolder,
    format: Annotated[Literal["openjd", "slurm", "opencue", "flamenco"], typer.Option(help="What the farm takes.")],
    out: Annotated[Path, typer.Option(help="The folder for the job files; made if missing.")],
    clips_per_task: Annotated[int | None, typer.Option(help="Default: as many as a shard holds.", min=1)] = None,
    python: Annotated[str | None, typer.Option(help="The Python of the nodes; default: this one, by its path.")] = None,
    workers: Annotated[int, typer.Option(help="Clips rendered at a time in a task.", min=1)] = 1,
    assets: Assets = None,
    timeout: Timeout = 1200.0,
    device: RenderOn = "auto",
    blender: BlenderOnNodes = None,
    blender_packages: PackagesOnNodes = None,
    json: AsJson = False,
) -> None:
    """Write job files that render what is due of a dataset on a farm that heroprop does not drive itself."""
    from .. import screen
    from ..document import UserError
    from ..farm import Setup, jobfiles

    if blender_packages is not None and blender is None:
        raise UserError("--blender-packages: is for a Blender of your own; add --blender PATH")
    setup = Setup(workers, tuple(assets or ()), timeout, device, blender, blender_packages)
    order = jobfiles.order(dataset, setup, clips=clips_per_task, python=python)
    written = jobfiles.WRITERS[format](order, out)
    told = {"clips": len(order.due), "clips_per_task": order.clips, "files": [str(path) for path in written]}
    rows = [("clips due", len(order.due)), ("clips a task", order.clips), *(("file", path) for path in written)]
    screen.show(told, screen.table(f"job files of {dataset}", ["", ""], rows), json)


def status(dataset: DatasetFolder, json: AsJson = False) -> None:
    """Say how far the rendering of a dataset is, whoever renders it. Only looks; may be called at any time."""
    from dataclasses import asdict

    from .. import screen
    from ..farm.status import duration
    from ..farm.status import status as look

    now = look(dataset)
    again = f", of which {len(now.retrying)} are being tried again" if now.retrying else ""
    rate, left = now.rate, now.seconds_left
    rows = [
        ("clips planned", now.clips),
        ("in shards", now.packed),
        ("whole, waiting for the rest of their shard", now.waiting),
        ("running", now.running),
        ("set aside", f"{len(now.failed)}{again}"),
        ("due", f"{now.due}, of which {now.begun} are begun" if now.begun else now.due),
        ("frames", f"{now.frames_done} of {now.frames} ({100 * now.frames_done / max(now.frames, 1):.1f} %)"),
        ("rate", "-" if rate is None else f"{rate:.2f} frames/s"),
        ("time left", "-" if left is None else f"about {duration(left)}"),
        ("used", megabytes(now.bytes)),
        ("still needed", "-" if now.bytes_left is None else f"about {megabytes(now.bytes_left)}"),
        ("free", megabytes(now.bytes_free)),
    ]
    screen.show(asdict(now), screen.table(str(dataset), ["", ""], rows), json)
    for failure in () if json else now.failed:
        said = f" | {failure.said}" if failure.said and failure.said not in failure.reason else ""
        screen.results.print(f"{failure.clip}: {failure.reason}{said}", markup=False, soft_wrap=True)
    if now.bytes_left is not None and now.bytes_left > now.bytes_free:
        screen.notes.print(f"{dataset}: its disk will be full before the last clip; make room", markup=False)
