"""The verb `study`: fetch, render, score, tune, score again, export and report, as one command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


def study(
    base: Annotated[str, typer.Option(help="What is tuned: a hub id (facebook/sam2.1-hiera-tiny) or any checkpoint.")],
    out: Annotated[Path, typer.Option(help="The study's folder; gone on with if it is there.")],
    recipe: Annotated[str, typer.Option(help="The recipe of the clips it is tuned on.")] = "train",
    data: Annotated[str | None, typer.Option(help="Clips that are there, in place of rendering --recipe.")] = None,
    training: Annotated[
        str | None, typer.Option(help="The training recipe; default: nano for nanos, seed for Meta's models.")
    ] = None,
    bench: Annotated[
        str | None, typer.Option(help="A benchmark's recipe or dataset; default: bench-v1, of nanos bench-v1-small.")
    ] = None,
    real: Annotated[
        list[str] | None, typer.Option(help="An imported dataset that is not to be forgotten; repeatable.")
    ] = None,
    keep: Annotated[
        str | None, typer.Option(help="A dataset on which tuning may not make it worse; else the study stops there.")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Processes that render and score.", min=1)] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    json: Annotated[bool, typer.Option("--json", help="With --dry-run: the outline as JSON.")] = False,
) -> None:
    """Tune a base on rendered clips and say what it brought: resumable, from fetched weights to the report."""
    import sys

    from rich.text import Text

    from render.screen import notes, show

    from ..study import Settings, begin, look_ahead, run

    nano = "nano" in Path(base).name
    settings = Settings(
        base=base,
        recipe=None if data else recipe,
        data=data,
        training=training or ("nano" if nano else "seed"),
        bench=bench or ("bench-v1-small" if nano else "bench-v1"),
        real=tuple(real or ()),
        keep=keep,
        workers=workers,
    )
    if dry_run:
        steps = look_ahead(settings, out)
        show(steps, Text("\n".join(_lines(one) for one in steps), no_wrap=True, overflow="ignore"), json)
        return
    begin(settings, out)
    code, page = run(settings, out, lambda line: notes.print(line, markup=False))
    if code:
        sys.exit(code)
    print(f"\nreport      {page.resolve()}\ncheckpoint  {(out / 'tuned.pt').resolve()}")


def _lines(step: dict[str, Any]) -> str:
    """`data: to do` and below it the commands."""
    when = "to do" if step["took"] is None else f"done in {step['took']:.0f} s"
    when += "" if step["takes"] is None else f", about {step['takes']:.0f} s by its probe"
    return "\n  ".join((f"{step['step']}: {when}", *(step["commands"] or (step["what"],))))
