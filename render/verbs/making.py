"""The verbs `plan`, `sheet`, `render`, `render-task` and `index`: they make a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from .estimate import estimate_cost
from .options import AsJson, Assets, Blender, BlenderPackages, DatasetFolder, RenderOn, Timeout, need_blender

TRY_AGAIN = 75
"""Exit code of a task that was asked to stop: EX_TEMPFAIL of sysexits.h, "the user is invited to retry"."""


def plan(
    recipe: Annotated[str, typer.Argument(help="A recipe (TOML), or the name of one that comes with heroprop.")],
    out: Annotated[
        Path | None, typer.Option(help="The dataset's folder; made if missing. Without it nothing is written.")
    ] = None,
    clips: Annotated[int | None, typer.Option(help="How many clips, in place of the recipe's number.", min=1)] = None,
    seed: Annotated[int | None, typer.Option(help="Seed, in place of the recipe's.", min=0)] = None,
    assets: Assets = None,
    workers: Annotated[int | None, typer.Option(help="Processes that plan; default: one a core.", min=1)] = None,
    json: AsJson = False,
) -> None:
    """Draw a recipe's clips, one fully resolved spec a line, without rendering anything, and say what is in them."""
    from .. import screen
    from ..cores import cores
    from ..planning.crew import Crew
    from ..planning.plan import draw_plan, write_plan
    from ..planning.recipe import find_recipe
    from ..planning.summary import summarise, tables

    path = find_recipe(recipe)
    with screen.progress() as bar:
        task = bar.add_task("plan", total=None, status="")
        crew = Crew(workers or cores(), lambda done, total: bar.update(task, completed=done, total=total))
        asked = clips, seed, assets, crew
        drawn = draw_plan(path, *asked) if out is None else write_plan(path, out, *asked)
    header, summary = drawn.header, summarise(drawn.specs, drawn.library)
    rows = [
        ("recipe", header.recipe_name),
        ("clips", header.clips),
        ("seed", header.seed),
        ("plan's SHA-256", header.plan_digest),
        ("next", f"heroprop render {out}" if out else "nothing was written: give --out"),
    ]
    for title, columns, lines in [] if json else tables(summary):
        screen.results.print(screen.table(title, columns, lines))
    shown = screen.table(f"planned into {out}" if out else "planned", ["", ""], rows)
    screen.show(header.model_dump(mode="json") | {"summary": summary.model_dump(mode="json")}, shown, json)


def sheet(
    dataset: DatasetFolder,
    out: Annotated[
        Path | None, typer.Option(help="The picture: .jpg, .png or .webp; default: sheet.jpg in the dataset.")
    ] = None,
    clips: Annotated[int, typer.Option(help="How many clips, drawn from the plan.", min=1)] = 24,
    frames: Annotated[int, typer.Option(help="Frames of each, evenly spread.", min=1)] = 8,
    height: Annotated[int, typer.Option(help="Height of a frame in pixels.", min=16)] = 120,
    samples: Annotated[int, typer.Option(help="Samples a pixel.", min=1)] = 16,
    seed: Annotated[int, typer.Option(help="Another seed draws other clips.", min=0)] = 0,
    masks: Annotated[bool, typer.Option("--masks", help="Lay the targets' masks over the pictures.")] = False,
    workers: Annotated[int | None, typer.Option(help="Clips rendered at a time.", min=1)] = None,
    assets: Assets = None,
    timeout: Timeout = 1200.0,
    device: RenderOn = "auto",
    blender: Blender = None,
    blender_packages: BlenderPackages = None,
    json: AsJson = False,
) -> None:
    """A contact sheet of a plan, to look at before it is rendered: some frames of some clips, small."""
    need_blender(blender, blender_packages)
    from functools import partial

    from .. import screen
    from ..farm import Setup
    from ..farm.sheet import Choice, drawn, render_sheet

    path = out or dataset / "sheet.jpg"
    setup = Setup(workers, tuple(assets or ()), timeout, device, blender, blender_packages)
    header, specs = drawn(dataset, path, Choice(clips, height, samples, seed))
    with screen.progress() as bar:
        task = bar.add_task("sheet", total=sum(min(frames, spec.film.frames) for spec in specs), status="")
        bar.start()
        advance = partial(bar.update, task, advance=1)
        render_sheet(dataset, header, specs, path, frames, setup, masks, lambda clip: advance(status=clip))
    told = {"sheet": str(path), "clips": [spec.clip for spec in specs]}
    screen.show(told, f"{screen.counted(len(specs), 'clip')} on {path}", json)


def render(
    dataset: DatasetFolder,
    workers: Annotated[
        int | None, typer.Option(help="Clips rendered at a time; default: one a GPU or core.", min=1)
    ] = None,
    only: Annotated[list[str] | None, typer.Option(help="Render this clip alone. May be given again.")] = None,
    assets: Assets = None,
    timeout: Timeout = 1200.0,
    device: RenderOn = "auto",
    blender: Blender = None,
    blender_packages: BlenderPackages = None,
    engine: Annotated[Literal["local", "slurm"], typer.Option(help="This machine, or a Slurm cluster.")] = "local",
    partition: Annotated[str | None, typer.Option(help="Slurm: the partition.")] = None,
    gres: Annotated[str | None, typer.Option(help="Slurm: resources a task needs, e.g. gpu:1.")] = None,
    time: Annotated[str | None, typer.Option(help="Slurm: time limit of a task, e.g. 4:00:00.")] = None,
    max_nodes: Annotated[int | None, typer.Option(help="Slurm: tasks that may run at a time.", min=1)] = None,
    clips_per_task: Annotated[int | None, typer.Option(help="Slurm; default: as many as a shard holds.", min=1)] = None,
    sbatch: Annotated[
        list[str] | None, typer.Option(help="Slurm: a further sbatch option. May be given again.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Render a probe alone, and say what is due and what it will take.")
    ] = False,
    probe: Annotated[int | None, typer.Option(help="Dry run: clips to probe; default: 4.", min=1)] = None,
    price: Annotated[float | None, typer.Option(help="Dry run: price of a core-hour.", min=0)] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Slurm: submit and return.")] = False,
    json: AsJson = False,
) -> None:
    """Render what is due of a planned dataset. Stop it at any time; the same command goes on where it stopped."""
    need_blender(blender, blender_packages)
    from dataclasses import asdict

    from .. import screen
    from ..document import UserError
    from ..farm import Setup, slurm
    from ..farm import render as run
    from ..farm.watch import Shown

    watcher = Shown(str(dataset))
    setup = Setup(workers, tuple(assets or ()), timeout, device, blender, blender_packages)
    asked = {"--partition": partition, "--gres": gres, "--time": time, "--max-nodes": max_nodes, "--sbatch": sbatch}
    for name, value in (asked | {"--clips-per-task": clips_per_task, "--detach": detach or None}).items():
        if value and engine != "slurm":
            raise UserError(f"{name}: is for Slurm; add --engine slurm")
    for name, given in {"--probe": probe, "--price": price}.items():
        if given is not None and not dry_run:
            raise UserError(f"{name}: is for an estimate; add --dry-run")
    if dry_run:
        if only:
            raise UserError("--only: an estimate is of all that is due; leave it out")
        estimate_cost(dataset, setup, engine, probe, price, clips_per_task, max_nodes, json)
        return
    if engine == "slurm":
        if only:
            raise UserError("--only: is for this machine alone; on Slurm every clip that is due is rendered")
        wishes = slurm.Wishes(partition, gres, time, clips_per_task, max_nodes, tuple(sbatch or ()), setup)
        if detach:
            jobs = slurm.submit(dataset, wishes)
            told = f"submitted {', '.join(jobs.arrays)}, then {jobs.index}" if jobs else "nothing is due"
            screen.show(jobs.model_dump(mode="json") if jobs else {}, told, json)
            return
        done = slurm.render(dataset, wishes, watcher=watcher)
    else:
        done = run(dataset, setup, only=only or (), watcher=watcher)
    made = f"{screen.counted(done.rendered, 'clip')}, {screen.counted(done.frames, 'frame')}"
    rows = [
        ("clips planned", done.planned),
        ("in shards", done.packed),
        ("rendered now", f"{made}, {done.seconds:.0f} s"),
        ("waiting for the rest of their shard", done.waiting),
        ("due", done.due),
        ("set aside", len(done.failed)),
    ]
    screen.show(asdict(done), screen.table(str(dataset), ["", "result"], rows), json)
    if done.failed:
        for clip in done.failed:
            screen.notes.print(f"{clip} was set aside; why: {dataset / 'failed' / clip}.json", markup=False)
        screen.notes.print("the same command tries them again", markup=False)
        raise typer.Exit(1)


def render_task(
    dataset: DatasetFolder,
    clips: Annotated[str, typer.Option(metavar="LIST", help="Which clips, by number: 120-127 or 0-9,20.")],
    workers: Annotated[int, typer.Option(help="Clips rendered at a time.", min=1)] = 1,
    assets: Assets = None,
    timeout: Timeout = 1200.0,
    device: RenderOn = "auto",
    blender: Blender = None,
    blender_packages: BlenderPackages = None,
    json: AsJson = False,
) -> None:
    """Render some clips of a plan, as one task of a farm. Safe to repeat, to overlap, and to kill.

    Exit code 0: all are whole. 1: some are not. 75: asked to stop (SIGTERM), run it again. 2: a mistake in the call.
    """
    need_blender(blender, blender_packages)
    from dataclasses import asdict

    from .. import screen
    from ..farm import Setup, parse_clips
    from ..farm import render_task as run
    from ..farm.watch import FarmLog, Silent

    setup = Setup(workers, tuple(assets or ()), timeout, device, blender, blender_packages)
    try:
        done = run(dataset, parse_clips(clips), setup, watcher=Silent() if json else FarmLog())
    except KeyboardInterrupt:  # between two steps, where there is nothing to sum up
        raise typer.Exit(TRY_AGAIN) from None
    whole = f"{done.packed} of {done.clips} clips in shards, {done.waiting} whole and waiting for others of their shard"
    screen.show(asdict(done), f"{whole}; {done.frames} frames rendered in {done.seconds:.0f} s", json)
    for clip in done.failed:
        screen.notes.print(f"{clip} was set aside; why: {dataset / 'failed' / clip}.json", markup=False)
    if done.missing:
        raise typer.Exit(TRY_AGAIN if done.stopped else 1)


def index(
    dataset: DatasetFolder,
    incomplete: Annotated[bool, typer.Option("--incomplete", help="Pack shards that lack clips too.")] = False,
    json: AsJson = False,
) -> None:
    """List what render tasks have made: the last step of a farm job. Exit code 1 where clips are missing."""
    from dataclasses import asdict

    from .. import screen
    from ..farm import index as run
    from ..farm.watch import FarmLog, Silent

    done = run(dataset, incomplete=incomplete, watcher=Silent() if json else FarmLog())
    rows = [
        ("clips planned", done.planned),
        ("in shards", done.packed),
        ("waiting for the rest of their shard", done.waiting),
        ("due", done.due),
        ("set aside", ", ".join(done.failed) or 0),
    ]
    screen.show(asdict(done), screen.table(str(dataset), ["", "result"], rows), json)
    if done.packed < done.planned:
        raise typer.Exit(1)
