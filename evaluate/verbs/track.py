"""The verb `track`: masks of prompted objects through a video."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import AsJson, Checkpoint, Device, Model

if TYPE_CHECKING:
    from ..track import TrackReport


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
    from render.screen import progress, show

    from ..running.benchmark import check_device
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
    show(_as_data(report), _as_table(report), json)


def _as_data(report: TrackReport) -> dict[str, Any]:
    return {
        "out": str(report.out),
        "frames": report.frames,
        "seconds": round(report.seconds, 2),
        "frames_per_second": round(report.frames_per_second, 2),
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


def _as_table(report: TrackReport) -> Any:
    """What came out by object, and above it what scene cuts ask for."""
    from render.screen import table

    rows = [(i, report.absent[i], f"{report.lowest_score[i]:.2f}", report.checks[i]) for i in report.objects]
    title = f"{report.frames} frames, {round(report.frames_per_second, 2)} a second, in {report.out}"
    if report.stopped is not None:
        title += (
            f"\nstopped before the scene cut at frame {report.stopped}; go on with a new prompt: "
            f"--from-frame {report.stopped} --point X,Y --out ANOTHER"
        )
    elif report.cuts:
        title += f"\nscene cuts before frames {', '.join(map(str, report.cuts))}: look at the masks from there on"
    return table(title, ("object", "empty frames", "lowest score", "frames to check"), rows)
