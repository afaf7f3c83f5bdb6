"""The verb `speed`: how fast masks come, by option."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import AsJson, CheckpointHelp, Device, Model

if TYPE_CHECKING:
    from ..speed import SpeedReport


def speed(
    checkpoint: Annotated[str | None, typer.Option(help=CheckpointHelp + " Default: nano-base.")] = None,
    random: Annotated[
        str | None, typer.Option(help="A model by name with random weights: good for timing, its masks mean nothing.")
    ] = None,
    variant: Annotated[
        list[str] | None, typer.Option(help="'official', or options as of track; repeatable. Default: a usual few.")
    ] = None,
    frames: Annotated[int, typer.Option(min=1, help="Frames that count, after the memories are full.")] = 20,
    objects: Annotated[int, typer.Option(min=1, max=8, help="Objects tracked at a time.")] = 1,
    size: Annotated[str, typer.Option(help="WIDTHxHEIGHT of the made-up video.")] = "1280x720",
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; default: as torch has it.")] = None,
    model: Model = None,
    device: Device = None,
    json: AsJson = False,
) -> None:
    """Measure frames a second, latency and memory by option, next to the official predictor in the same run."""
    from dataclasses import asdict

    import torch

    from render.document import UserError
    from render.screen import progress, show

    from ..running.benchmark import check_device
    from ..speed import DEFAULT_VARIANTS, Job
    from ..speed import speed as run

    check_device(device)
    if checkpoint is not None and random is not None:
        raise UserError("--checkpoint, --random: give one of them")
    width, height = _size(size)
    weights = None if random is not None else checkpoint or "nano-base"
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    job = Job(weights, random or model, device, frames, objects, width, height, threads or torch.get_num_threads())
    with progress() as bar:
        task = bar.add_task("speed", total=None, status="")
        report = run(
            job, variant or DEFAULT_VARIANTS, lambda done, total: bar.update(task, completed=done, total=total)
        )
    show(asdict(report), _as_table(report), json)


def _size(text: str) -> tuple[int, int]:
    """`WIDTHxHEIGHT`."""
    from render.document import UserError

    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal() and min(int(width), int(height)) >= 16):
        raise UserError(f"--size '{text}': give WIDTHxHEIGHT in pixels, e.g. 1280x720")
    return int(width), int(height)


def _as_table(report: SpeedReport) -> Any:
    """A row a variant."""
    from render.screen import table

    rows = [
        (
            one.variant,
            f"{one.frames_per_second:.3g}",
            "–" if one.ratio is None else f"{one.ratio:.2f}",
            f"{one.p50_ms:.0f}",
            f"{one.p95_ms:.0f}",
            f"{one.cpu_seconds:.3g}",
            "–" if one.lowest_iou is None else f"{one.lowest_iou:.4f}",
            f"{one.warm_mb:.0f}",
            f"{one.peak_mb:.0f}",
        )
        for one in report.variants
    ]
    title = (
        f"{report.model}, {report.objects} object(s), {report.size}, {report.frames} frames, {report.threads} "
        f"thread(s) of {report.machine}\nweights: {report.weights}"
    )
    columns = ("variant", "frames/s", "x official", "p50 ms", "p95 ms", "CPU s", "lowest IoU", "MiB warm", "MiB peak")
    return table(title, columns, rows)
