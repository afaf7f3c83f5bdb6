"""The verbs `info`, `select`, `merge`, `verify` and `gallery`: what a dataset holds, and whether it is sound."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import AsJson, Assets, Blender, BlenderPackages, DatasetPlace, megabytes, need_blender


def info(
    dataset: DatasetPlace,
    planned: Annotated[
        bool, typer.Option("--planned", help="What was predicted for each target beside what was measured.")
    ] = False,
    assets: Assets = None,
    json: AsJson = False,
) -> None:
    """Say what a dataset holds, in figures."""
    from .. import screen
    from ..dataset.info import RANGES
    from ..dataset.info import info as count

    if planned:
        _predicted_and_measured(str(dataset), assets, json)
        return
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


def _predicted_and_measured(dataset: str, assets: list[Path] | None, json: bool) -> None:
    from dataclasses import asdict

    from .. import screen
    from ..asset import Library
    from ..manifest import Dataset
    from ..planning.achieved import SHARES, achieved

    found = achieved(Dataset.open(dataset), Library.open(assets))
    rows = [
        (name, f"{one.count:,}", *(_quantiles(values) for values in (one.predicted, one.measured, one.error)))
        for name, one in found.items()
    ]
    heading = f"{dataset}: {', '.join(f'{share:.0%}' for share in SHARES)} lie below"
    columns = ["value", "count", "predicted", "measured", "measured less predicted"]
    screen.show({name: asdict(one) for name, one in found.items()}, screen.table(heading, columns, rows), json)


def _quantiles(values: tuple[float, ...] | None) -> str:
    return "-" if values is None else "  ".join(f"{value:.3g}" for value in values)


def select_clips(
    dataset: DatasetPlace,
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
    from .. import screen
    from ..dataset.select import select
    from ..manifest import Dataset

    with screen.progress() as bar:
        task = bar.add_task("select", total=len(Dataset.open(dataset).manifest.clips), status="")
        found = select(dataset, name, where, frames, hold_out or (), lambda: bar.update(task, advance=1))
    rows = [(split, count) for split, count in found.clips.items()]
    told = {"path": str(found.path), "clips": found.clips}
    screen.show(told, screen.table(str(found.path), ["split", "clips"], rows), json)


def merge(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A new or empty folder.")],
    datasets: Annotated[list[Path], typer.Argument(metavar="DATASET...", help="Two datasets or more: their folders.")],
    json: AsJson = False,
) -> None:
    """Make one dataset of several, without copying shards where hard links do."""
    from dataclasses import asdict

    from .. import screen
    from ..dataset.merge import merge as run

    with screen.progress() as bar:
        task = bar.add_task("merge", total=None, status="")
        done = run(out, datasets, lambda shard: bar.update(task, advance=1, status=shard))
    rows = [(part.name, part.clips, f"clip-{part.offset:06d}") for part in done.parts]
    heading = f"{out}: {done.clips} clips, {done.shards} shards, {done.copied} of their files copied, all others linked"
    told = asdict(done) | {"parts": [part.model_dump(mode="json") for part in done.parts]}
    screen.show(told, screen.table(heading, ["dataset", "clips", "its clip-000000 is now"], rows), json)


def verify(
    dataset: DatasetPlace,
    mend: Annotated[
        bool, typer.Option("--repair", help="Render again what is wrong or missing, and that alone.")
    ] = False,
    workers: Annotated[int | None, typer.Option(help="Shards checked at a time; default: one a core.", min=1)] = None,
    assets: Assets = None,
    blender: Blender = None,
    blender_packages: BlenderPackages = None,
    json: AsJson = False,
) -> None:
    """Check every byte, picture and label of a dataset. Exit code 1 where something is (still) wrong.

    A check that was broken off goes on where it was.
    """
    from .. import screen
    from ..document import UserError
    from ..farm.setup import Setup
    from ..farm.watch import Shown
    from ..manifest import Manifest
    from ..storage import place
    from ..verify import Report, repair
    from ..verify import verify as check

    where = place(dataset)
    if mend and not isinstance(where, Path):
        raise UserError(
            f"{dataset}: --repair renders in a folder; verify without it says which shards to send again from the "
            "folder that was published"
        )

    def look() -> Report:
        with screen.progress() as bar:
            task = bar.add_task("verify", total=len(Manifest.read(where).clips), status="")
            bar.start()
            return check(where, lambda shard, clips: bar.update(task, advance=clips, status=shard), workers)

    report = look()
    if mend and report.problems and isinstance(where, Path):
        need_blender(blender, blender_packages)
        setup = Setup(assets=tuple(assets or ()), blender=blender, packages=blender_packages)
        for problem in report.problems:
            screen.notes.print(str(problem), markup=False, soft_wrap=True)
        kept = repair(where, report, setup, Shown(str(dataset)))
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


def gallery(
    dataset: DatasetPlace,
    out: Annotated[
        Path | None,
        typer.Option(help="A folder for index.html, or a single FILE.html; default: 'gallery' in the dataset."),
    ] = None,
    clips: Annotated[int | None, typer.Option(help="Show this many clips, evenly chosen; default: all.", min=1)] = None,
    json: AsJson = False,
) -> None:
    """Write a page that shows every clip: filmstrips with masks, curves, filters. It needs no server and no network."""
    from .. import screen
    from ..document import UserError
    from ..gallery.page import choose, write_gallery
    from ..manifest import Dataset

    data = Dataset.open(dataset)
    if out is None and not isinstance(data.folder, Path):
        raise UserError(f"{dataset}: give --out, a folder or file here for the page")
    chosen = choose(data, clips)
    with screen.progress() as bar:
        task = bar.add_task("gallery", total=len(chosen), status="")
        written = write_gallery(
            data, chosen, out or Path(dataset) / "gallery", lambda clip: bar.update(task, advance=1, status=clip)
        )
    rows = [
        ("clips", f"{written.clips} of {written.of}"),
        ("size", megabytes(written.bytes)),
        ("page", written.page),
    ]
    screen.show(written.as_json(), screen.table(f"gallery of {dataset}", ["", ""], rows), json)
