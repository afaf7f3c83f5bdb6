"""The verbs `track`, `segment` and `speed`: masks for a user's own pictures, and how fast they come."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

CheckpointHelp = (
    "A run folder, .safetensors, official .pt, hub id (facebook/sam2.1-hiera-tiny), nano-base or nano-random:SEED."
)
Checkpoint = Annotated[str, typer.Option(help=CheckpointHelp)]
Model = Annotated[str | None, typer.Option(help="Which model a .pt is for, where the file does not say.")]
Device = Annotated[str | None, typer.Option(help="cpu or cuda; default: cuda where there is one.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


class AtCut(StrEnum):
    """What to do at a scene cut."""

    FLAG = "flag"
    STOP = "stop"


def track(
    video: Annotated[str, typer.Argument(help="A video file, a folder of pictures, or camera:/dev/video0.")],
    checkpoint: Checkpoint,
    out: Annotated[Path, typer.Option(help="A new or empty folder for masks, overlay, table and timeline.")],
    point: Annotated[list[str] | None, typer.Option(help="X,Y on the object, X,Y,0 off it; repeatable.")] = None,
    box: Annotated[str | None, typer.Option(help="X0,Y0,X1,Y1 around the object.")] = None,
    mask: Annotated[Path | None, typer.Option(help="Mask picture; a palette PNG marks several objects.")] = None,
    frame: Annotated[
        int | None, typer.Option(min=0, help="The frame that the prompt is on; default: the first one read.")
    ] = None,
    correct: Annotated[
        list[str] | None,
        typer.Option(help="FRAME:X,Y or FRAME:X,Y,0 or FRAME:BOX or FRAME:MASK.png; FRAME:OBJECT:… for others than 1."),
    ] = None,
    prompts: Annotated[Path | None, typer.Option(help="Many prompts, as TOML or JSON.")] = None,
    reverse: Annotated[bool, typer.Option("--reverse", help="From the last prompted frame back to the first.")] = False,
    both: Annotated[bool, typer.Option("--both", help="Forwards to the end, and back from the prompt.")] = False,
    from_frame: Annotated[int, typer.Option(min=0, help="The first frame to read.")] = 0,
    to_frame: Annotated[int | None, typer.Option(min=0, help="The last frame to read.")] = None,
    at_cut: Annotated[AtCut, typer.Option(help="At a scene cut: flag it, or stop before it.")] = AtCut.FLAG,
    mattes: Annotated[bool, typer.Option("--mattes", help="Also soft-edge OpenEXR mattes, a part an object.")] = False,
    options: Annotated[str, typer.Option(help="How it runs, e.g. bfloat16,memories=3,every=2,fill-holes=8.")] = "",
    model: Model = None,
    device: Device = None,
    json: AsJson = False,
) -> None:
    """Track prompted objects through a video: palette PNG masks, mattes, an overlay video, a table, a timeline."""
    from render.document import UserError
    from render.screen import progress, show, table

    from ..benchmark import check_device
    from ..track import Settings
    from ..track import track as run
    from ..tracking.options import parse
    from ..tracking.words import make_corrections, make_prompts, read_prompts

    check_device(device)
    if reverse and both:
        raise UserError("--reverse, --both: give one of them")
    wanted = read_prompts(prompts) if prompts is not None else []
    if point or box is not None or mask is not None or not wanted:
        wanted += make_prompts(point or [], box, mask, from_frame if frame is None else frame)
    wanted += make_corrections(correct or [])
    settings = Settings(
        model=model,
        device=device,
        direction="backward" if reverse else "both" if both else "forward",
        first=from_frame,
        last=to_frame,
        mattes=mattes,
        stop_at_cut=at_cut is AtCut.STOP,
        options=parse(options),
    )
    with progress() as bar:
        task = bar.add_task("track", total=None, status="")
        report = run(
            video, checkpoint, wanted, out, settings, lambda done, total: bar.update(task, completed=done, total=total)
        )
    rate = round(report.frames_per_second, 2)
    data: dict[str, Any] = {
        "out": str(report.out),
        "frames": report.frames,
        "seconds": round(report.seconds, 2),
        "frames_per_second": rate,
        "cuts": list(report.cuts),
        "stopped_before": report.stopped,
        "objects": [
            {
                "object": i,
                "empty_frames": report.absent[i],
                "lowest_score": report.lowest_score[i],
                "to_check": report.checks[i],
            }
            for i in report.objects
        ],
    }
    rows = [(i, report.absent[i], f"{report.lowest_score[i]:.2f}", report.checks[i]) for i in report.objects]
    title = f"{report.frames} frames, {rate} a second, in {report.out}"
    if report.stopped is not None:
        title += (
            f"\nstopped before the scene cut at frame {report.stopped}; go on with a new prompt: "
            f"--from-frame {report.stopped} --point X,Y --out ANOTHER"
        )
    elif report.cuts:
        title += f"\nscene cuts before frames {', '.join(map(str, report.cuts))}: look at the masks from there on"
    show(data, table(title, ("object", "empty frames", "lowest score", "frames to check"), rows), json)


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

    from ..benchmark import check_device
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
    from render.screen import progress, show, table

    from ..benchmark import check_device
    from ..speed import DEFAULT_VARIANTS, Job
    from ..speed import speed as run

    check_device(device)
    if checkpoint is not None and random is not None:
        raise UserError("--checkpoint, --random: give one of them")
    width, _, height = size.partition("x")
    if not (width.isdecimal() and height.isdecimal() and min(int(width), int(height)) >= 16):
        raise UserError(f"--size '{size}': give WIDTHxHEIGHT in pixels, e.g. 1280x720")
    weights = None if random is not None else checkpoint or "nano-base"
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    job = Job(
        weights, random or model, device, frames, objects, int(width), int(height), threads or torch.get_num_threads()
    )
    with progress() as bar:
        task = bar.add_task("speed", total=None, status="")
        report = run(
            job, variant or DEFAULT_VARIANTS, lambda done, total: bar.update(task, completed=done, total=total)
        )
    rows = [
        (
            one.variant,
            f"{one.frames_per_second:.3g}",
            "–" if one.ratio is None else f"{one.ratio:.2f}",
            f"{one.p50_ms:.0f}",
            f"{one.p95_ms:.0f}",
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
    columns = ("variant", "frames/s", "x official", "p50 ms", "p95 ms", "lowest IoU", "MiB warm", "MiB peak")
    show(asdict(report), table(title, columns, rows), json)
