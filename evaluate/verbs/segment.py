"""The verb `segment`: masks of a grid of points on a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import AsJson, Checkpoint, Device, Model


def segment(
    image: Annotated[Path, typer.Argument(help="A picture.")],
    checkpoint: Checkpoint,
    out: Annotated[Path, typer.Option(help="A new or empty folder for masks/, overlay.png and segments.json.")],
    grid: Annotated[int, typer.Option(min=1, max=32, help="Points in each direction.")] = 3,
    model: Model = None,
    device: Device = None,
    json: AsJson = False,
) -> None:
    """Prompt a picture with a grid of points: a mask and a score each, and all of them over the picture."""
    from dataclasses import asdict

    from render.screen import show, table

    from ..running.benchmark import check_device
    from ..segment import segment as run

    check_device(device)
    report = run(image, checkpoint, out, grid, device, model)
    rows = [
        (
            one.number,
            f"{one.x:g}, {one.y:g}",
            f"{one.score:.3f}",
            one.area,
            "" if one.same_as is None else f"as {one.same_as}",
        )
        for one in report.segments
    ]
    title = (
        f"{len(report.segments)} points, {report.encode_seconds:.2f} s for the picture, "
        f"{report.point_seconds:.3f} s a point, in {report.out}"
    )
    data = asdict(report) | {"out": str(report.out)}
    show(data, table(title, ("segment", "point", "score", "area", "same mask"), rows), json)
