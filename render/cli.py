"""The verbs `plan`, `render`, `render-task`, `index`, `farm`, `info`, `verify`, `gallery`, `convert` and `import`."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Annotated, Literal

import typer

app = typer.Typer()

DatasetFolder = Annotated[Path, typer.Argument(metavar="DATASET", help="The dataset's folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Assets = Annotated[
    list[Path] | None, typer.Option(help="A folder of further assets, beside the built-in ones. May be given again.")
]

RenderOn = Annotated[Literal["auto", "cpu", "gpu"], typer.Option("--device", help="What to render on.")]
TRY_AGAIN = 75
"""Exit code of a task that was asked to stop: EX_TEMPFAIL of sysexits.h, "the user is invited to retry"."""


@app.command()
def plan(
    recipe: Annotated[str, typer.Argument(help="A recipe (TOML), or the name of one that comes with heroprop.")],
    out: Annotated[
        Path | None, typer.Option(help="The dataset's folder; made if missing. Without it nothing is written.")
    ] = None,
    clips: Annotated[int | None, typer.Option(help="How many clips, in place of the recipe's number.", min=1)] = None,
    seed: Annotated[int | None, typer.Option(help="Seed, in place of the recipe's.", min=0)] = None,
    assets: Assets = None,
    json: AsJson = False,
) -> None:
    """Draw a recipe's clips, one fully resolved spec a line, without rendering anything, and say what is in them."""
    from . import screen
    from .planning.plan import draw_plan, write_plan
    from .planning.recipe import find_recipe
    from .planning.summary import summarise, tables

    path = find_recipe(recipe)
    drawn = draw_plan(path, clips, seed, assets) if out is None else write_plan(path, out, clips, seed, assets)
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


@app.command()
def render(
    dataset: DatasetFolder,
    workers: Annotated[int | None, typer.Option(help="Clips rendered at a time; default: one a core.", min=1)] = None,
    only: Annotated[list[str] | None, typer.Option(help="Render this clip alone. May be given again.")] = None,
    assets: Assets = None,
    timeout: Annotated[float, typer.Option(help="Seconds a clip may go without a new frame.", min=1)] = 1200.0,
    device: RenderOn = "auto",
    engine: Annotated[Literal["local", "slurm"], typer.Option(help="This machine, or a Slurm cluster.")] = "local",
    partition: Annotated[str | None, typer.Option(help="Slurm: the partition.")] = None,
    gres: Annotated[str | None, typer.Option(help="Slurm: resources a task needs, e.g. gpu:1.")] = None,
    time: Annotated[str | None, typer.Option(help="Slurm: time limit of a task, e.g. 4:00:00.")] = None,
    max_nodes: Annotated[int | None, typer.Option(help="Slurm: tasks that may run at a time.", min=1)] = None,
    clips_per_task: Annotated[int | None, typer.Option(help="Slurm; default: as many as a shard holds.", min=1)] = None,
    sbatch: Annotated[
        list[str] | None, typer.Option(help="Slurm: a further sbatch option. May be given again.")
    ] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Slurm: submit and return.")] = False,
    json: AsJson = False,
) -> None:
    """Render what is due of a planned dataset. Stop it at any time; the same command goes on where it stopped."""
    _need_blender()
    from dataclasses import asdict

    from . import screen
    from .document import UserError
    from .farm import render as run
    from .farm import slurm
    from .farm.watch import Shown

    watcher = Shown(str(dataset))
    asked = {"--partition": partition, "--gres": gres, "--time": time, "--max-nodes": max_nodes, "--sbatch": sbatch}
    for name, value in (asked | {"--clips-per-task": clips_per_task, "--detach": detach or None}).items():
        if value and engine != "slurm":
            raise UserError(f"{name}: is for Slurm; add --engine slurm")
    if engine == "slurm":
        if only:
            raise UserError("--only: is for this machine alone; on Slurm every clip that is due is rendered")
        task = ["--workers", str(workers or 1), "--timeout", f"{timeout:g}", "--device", device]
        task += [part for folder in assets or () for part in ("--assets", str(folder.resolve()))]
        wishes = slurm.Wishes(
            partition, gres, time, clips_per_task, max_nodes, extra=tuple(sbatch or ()), task=tuple(task)
        )
        if detach:
            jobs = slurm.submit(dataset, wishes)
            told = f"submitted {', '.join(jobs.arrays)}, then {jobs.index}" if jobs else "nothing is due"
            screen.show(jobs.model_dump(mode="json") if jobs else {}, told, json)
            return
        done = slurm.render(dataset, wishes, watcher=watcher)
    else:
        done = run(
            dataset,
            only=only or (),
            workers=workers,
            assets=assets or (),
            timeout=timeout,
            device=device,
            watcher=watcher,
        )
    rows = [
        ("clips planned", done.planned),
        ("in shards", done.packed),
        ("rendered now", f"{done.rendered} clips, {done.frames} frames, {done.seconds:.0f} s"),
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


@app.command("render-task")
def render_task(
    dataset: DatasetFolder,
    clips: Annotated[str, typer.Option(metavar="LIST", help="Which clips, by number: 120-127 or 0-9,20.")],
    workers: Annotated[int, typer.Option(help="Clips rendered at a time.", min=1)] = 1,
    assets: Assets = None,
    timeout: Annotated[float, typer.Option(help="Seconds a clip may go without a new frame.", min=1)] = 1200.0,
    device: RenderOn = "auto",
    json: AsJson = False,
) -> None:
    """Render some clips of a plan, as one task of a farm. Safe to repeat, to overlap, and to kill.

    Exit code 0: all are whole. 1: some are not. 75: asked to stop (SIGTERM), run it again. 2: a mistake in the call.
    """
    _need_blender()
    from dataclasses import asdict

    from . import screen
    from .farm import parse_clips
    from .farm import render_task as run
    from .farm.watch import FarmLog, Silent

    done = run(
        dataset,
        parse_clips(clips),
        workers=workers,
        assets=assets or (),
        timeout=timeout,
        device=device,
        watcher=Silent() if json else FarmLog(),
    )
    whole = f"{done.packed} of {done.clips} clips in shards, {done.waiting} whole and waiting for others of their shard"
    screen.show(asdict(done), f"{whole}; {done.frames} frames rendered in {done.seconds:.0f} s", json)
    for clip in done.failed:
        screen.notes.print(f"{clip} was set aside; why: {dataset / 'failed' / clip}.json", markup=False)
    if done.missing:
        raise typer.Exit(TRY_AGAIN if done.stopped else 1)


@app.command()
def index(
    dataset: DatasetFolder,
    incomplete: Annotated[bool, typer.Option("--incomplete", help="Pack shards that lack clips too.")] = False,
    json: AsJson = False,
) -> None:
    """List what render tasks have made: the last step of a farm job. Exit code 1 where clips are missing."""
    from dataclasses import asdict

    from . import screen
    from .farm import index as run
    from .farm.watch import FarmLog, Silent

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


@app.command("farm")
def farm_files(
    dataset: DatasetFolder,
    format: Annotated[Literal["openjd", "slurm", "flamenco"], typer.Option(help="What the farm takes.")],
    out: Annotated[Path, typer.Option(help="The folder for the job files; made if missing.")],
    clips_per_task: Annotated[int | None, typer.Option(help="Default: as many as a shard holds.", min=1)] = None,
    python: Annotated[str | None, typer.Option(help="The Python of the nodes; default: this one, by its path.")] = None,
    workers: Annotated[int, typer.Option(help="Clips rendered at a time in a task.", min=1)] = 1,
    device: RenderOn = "auto",
    json: AsJson = False,
) -> None:
    """Write job files that render what is due of a dataset on a farm that heroprop does not drive itself."""
    from . import screen
    from .farm import jobfiles

    order = jobfiles.order(dataset, clips=clips_per_task, python=python, workers=workers, device=device)
    written = jobfiles.WRITERS[format](order, out)
    told = {"clips": len(order.due), "clips_per_task": order.clips, "files": [str(path) for path in written]}
    rows = [("clips due", len(order.due)), ("clips a task", order.clips), *(("file", path) for path in written)]
    screen.show(told, screen.table(f"job files of {dataset}", ["", ""], rows), json)


@app.command()
def status(dataset: DatasetFolder, json: AsJson = False) -> None:
    """Say how far the rendering of a dataset is, whoever renders it. Only looks; may be called at any time."""
    from dataclasses import asdict

    from . import screen
    from .farm.status import duration
    from .farm.status import status as look

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


def _need_blender() -> None:
    """Say at once where Blender is missing: every clip would fail for the same reason."""
    if importlib.util.find_spec("bpy") is None:
        raise ModuleNotFoundError("No module named 'bpy'", name="bpy")


@app.command()
def info(dataset: DatasetFolder, json: AsJson = False) -> None:
    """Say what a dataset holds, in figures."""
    from . import screen
    from .info import RANGES
    from .info import info as count

    found = count(dataset)
    splits = [
        (
            name,
            split.clips,
            split.frames,
            split.objects,
            ", ".join(f"{label} {n}" for label, n in split.labels.items()),
            megabytes(split.bytes),
        )
        for name, split in found.splits.items()
    ]
    heading = f"{dataset}: {found.clips} of {found.planned} clips, {found.shards} shards, {megabytes(found.bytes)}"
    screen.show(
        found.as_json(),
        screen.table(heading, ["split", "clips", "frames", "targets", "labels", "size"], splits),
        json,
    )
    if not json:
        spreads = [
            (title, *("-" if x is None else f"{x:.3f}" for x in (spread.low, spread.median, spread.high)))
            for (key, title) in RANGES.items()
            for spread in [found.attributes[key]]
        ]
        screen.results.print(screen.table("where present", ["attribute", "lowest", "median", "highest"], spreads))
        facts = [
            ("recipe", found.recipe),
            ("made by", f"{found.generator}, {found.blender}, {found.created}"),
            ("mask rule", found.mask_rule),
            ("licences", ", ".join(sorted(set(found.licences.values()))) or "-"),
            ("due", found.due),
            ("set aside", ", ".join(found.failed) or "-"),
        ]
        screen.results.print(screen.table("about", ["", ""], facts))


@app.command("select")
def select_clips(
    dataset: DatasetFolder,
    name: Annotated[str, typer.Option(help="The view's name: DATASET/views/NAME.json.")],
    where: Annotated[
        str | None, typer.Option(help='A condition on attributes, e.g. "occlusion > 0.5 and blur_px > 20".')
    ] = None,
    frames: Annotated[int, typer.Option(help="In how many frames of a clip it must hold.", min=1)] = 1,
    hold_out: Annotated[
        list[str] | None, typer.Option(help="Split anew: FACT=VALUE[,VALUE] is for the test split. May be given again.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Pick clips by what was measured, or split them anew, without touching a shard.

    The view stands wherever a dataset does: heroprop train --data DATASET/views/NAME.json.
    """
    from . import screen
    from .manifest import Dataset
    from .select import select

    with screen.progress() as bar:
        task = bar.add_task("select", total=len(Dataset.open(dataset).manifest.clips), status="")
        found = select(dataset, name, where, frames, hold_out or (), lambda: bar.update(task, advance=1))
    rows = [(split, count) for split, count in found.clips.items()]
    told = {"path": str(found.path), "clips": found.clips}
    screen.show(told, screen.table(str(found.path), ["split", "clips"], rows), json)


@app.command()
def verify(
    dataset: DatasetFolder,
    mend: Annotated[
        bool, typer.Option("--repair", help="Render again what is wrong or missing, and that alone.")
    ] = False,
    workers: Annotated[int | None, typer.Option(help="Shards checked at a time; default: one a core.", min=1)] = None,
    assets: Assets = None,
    json: AsJson = False,
) -> None:
    """Check every byte, picture and label of a dataset. Exit code 1 where something is (still) wrong.

    A check that was broken off goes on where it was.
    """
    from . import screen
    from .farm.watch import Shown
    from .manifest import Manifest
    from .verify import Report, repair
    from .verify import verify as check

    def look() -> Report:
        with screen.progress() as bar:
            task = bar.add_task("verify", total=len(Manifest.read(dataset).clips), status="")
            return check(dataset, lambda shard, clips: bar.update(task, advance=clips, status=shard), workers)

    report = look()
    if mend and report.problems:
        _need_blender()
        for problem in report.problems:
            screen.notes.print(str(problem), markup=False, soft_wrap=True)
        kept = repair(dataset, report, assets=assets or (), watcher=Shown(str(dataset)))
        screen.notes.print(f"{kept.frames_kept} frames of damaged shards kept, {kept.frames} rendered", markup=False)
        report = look()
    for problem in [] if json else report.problems:
        screen.results.print(str(problem), markup=False, soft_wrap=True)
    rows = [
        ("shards", report.shards),
        ("clips", report.clips),
        ("frames", report.frames),
        ("size", megabytes(report.bytes)),
        ("problems", len(report.problems)),
    ]
    screen.show(report.as_json(), screen.table(f"verified {dataset}", ["", ""], rows), json)
    if report.problems:
        raise typer.Exit(1)


@app.command()
def gallery(
    dataset: DatasetFolder,
    out: Annotated[
        Path | None,
        typer.Option(help="A folder for index.html, or a single FILE.html; default: 'gallery' in the dataset."),
    ] = None,
    clips: Annotated[int | None, typer.Option(help="Show this many clips, evenly chosen; default: all.", min=1)] = None,
    json: AsJson = False,
) -> None:
    """Write a page that shows every clip: filmstrips with masks, curves, filters. It needs no server and no network."""
    from . import screen
    from .gallery.page import choose, write_gallery
    from .manifest import Dataset

    data = Dataset.open(dataset)
    chosen = choose(data, clips)
    with screen.progress() as bar:
        task = bar.add_task("gallery", total=len(chosen), status="")
        written = write_gallery(
            data, chosen, out or dataset / "gallery", lambda clip: bar.update(task, advance=1, status=clip)
        )
    rows = [
        ("clips", f"{written.clips} of {written.of}"),
        ("size", megabytes(written.bytes)),
        ("page", written.page),
    ]
    screen.show(written.as_json(), screen.table(f"gallery of {dataset}", ["", ""], rows), json)


@app.command()
def convert(
    dataset: Annotated[Path, typer.Argument(metavar="DATASET", help="The dataset's folder, or one of its views.")],
    to: Annotated[str, typer.Option("--to", metavar="FORMAT", help="davis, youtubevos, sav, coco or rerun.")],
    out: Annotated[Path, typer.Option(help="A new or empty folder.")],
    json: AsJson = False,
) -> None:
    """Write a dataset in another format: pictures as they are, and masks by the mask rule."""
    from dataclasses import asdict

    from . import screen
    from .exchange import convert as run
    from .manifest import Dataset

    with screen.progress() as bar:
        task = bar.add_task("convert", total=len(Dataset.open(dataset).manifest.clips), status="")
        done = run(dataset, to, out, lambda clip: bar.update(task, advance=1, status=clip))
    rows = [("clips", done.clips), ("frames", done.frames)]
    screen.show(asdict(done), screen.table(f"{to}: {out}", ["", ""], rows), json)


@app.command("import")
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

    from . import screen
    from .exchange import import_clips

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


def megabytes(count: int) -> str:
    """`12.3 MB`."""
    return f"{count / 1e6:.1f} MB"
