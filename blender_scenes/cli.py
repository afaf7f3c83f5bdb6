"""`heroprop assets list | check | preview`. Blender runs in child processes, so that a bad file can't take us along."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated, Any

import typer

from render.verbs.options import need_blender

if TYPE_CHECKING:
    from render.farm.setup import Setup

app = typer.Typer(help="List, check and preview assets.", no_args_is_help=True)

Assets = Annotated[list[Path] | None, typer.Option("--assets", help="Another folder of assets; may be given again.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]

Blender = Annotated[
    Path | None, typer.Option(help="A Blender program that does it, in place of the bpy module.", dir_okay=False)
]
Packages = Annotated[
    Path | None,
    typer.Option("--blender-packages", help="Packages for that Blender's Python; default: those of this environment."),
]

TIMEOUT = 900.0
"""Seconds that a child process may take for one asset before it is given up."""


@app.command("list")
def list_assets(assets: Assets = None, as_json: Json = False) -> None:
    """Every known asset: the built-in ones and those below each --assets folder."""
    from render import screen
    from render.asset import Library

    rows = [
        {
            "name": name,
            "kind": found.asset.kind,
            "label": found.asset.label,
            "size_m": found.asset.size,
            "finishes": list(found.asset.finishes),
            "charge": found.asset.charge is not None,
            "licence": found.asset.licence,
            "folder": str(found.folder),
        }
        for name, found in sorted(Library.open(assets).assets.items(), key=lambda item: (item[1].asset.kind, item[0]))
    ]
    columns = ("name", "kind", "label", "size", "finishes", "charge", "licence")
    shown = screen.table("assets", columns, [_cells(row) for row in rows])
    screen.show(rows, shown, as_json)


@app.command()
def check(
    path: Annotated[Path | None, typer.Argument(help="An asset's folder, or a folder of them.")] = None,
    blender: Blender = None,
    packages: Packages = None,
    as_json: Json = False,
) -> None:
    """Say everything that is wrong with an asset, with all in a folder, or with the built-in ones (exit code 2)."""
    need_blender(blender, packages)
    import os
    from concurrent.futures import ThreadPoolExecutor

    from render import screen
    from render.asset import asset_folders
    from render.document import UserError
    from render.farm.machine import look
    from render.farm.setup import Setup

    todo = asset_folders(path)
    setup = Setup(blender=blender, packages=packages)
    if blender is not None:
        look(setup)  # one that won't do would fail on every asset
    found: dict[str, list[str]] = {}
    stop = Event()
    with screen.progress() as bar, ThreadPoolExecutor(os.cpu_count()) as pool:
        task = bar.add_task("check", total=len(todo), status="")
        try:
            for folder, problems in zip(
                todo, pool.map(lambda folder: check_folder(folder, stop, setup), todo), strict=True
            ):
                found[str(folder)] = problems
                bar.update(task, advance=1, status=folder.name)
        finally:
            stop.set()  # after Ctrl-C, end the checks that run, and begin none that wait
    every = [problem for lines in found.values() for problem in lines]
    count = f"{len(found)} asset{'s' if len(found) > 1 else ''}"
    if as_json:
        screen.show(found, "", as_json)
    else:
        print("\n".join(every) or f"{count}, all good")
    if every:
        raise UserError(every[0] if len(every) == 1 else f"{len(every)} problems in {count}, each named above")


@app.command()
def preview(
    name: Annotated[str, typer.Argument(help="An asset's name, or its folder.")],
    out: Annotated[Path | None, typer.Option(help="The .png sheet or .mp4 film to write; default: NAME.png.")] = None,
    assets: Assets = None,
    blender: Blender = None,
    packages: Packages = None,
) -> None:
    """Render a sheet of one asset, every finish from several sides, worn and charged; or a turntable film (.mp4)."""
    need_blender(blender, packages)
    from render import screen
    from render.asset import Library, read
    from render.document import UserError
    from render.farm.setup import Setup

    # A folder can be looked at before it is one of the library's.
    installed = read(Path(name)) if (Path(name) / "asset.toml").is_file() else Library.open(assets).get(name)
    target = out or Path(f"{installed.asset.name}.png")
    if target.suffix.lower() not in (".png", ".mp4"):
        raise UserError(f"{target}: a preview is a .png sheet or an .mp4 film")
    with screen.notes.status(f"rendering {installed.asset.name}"):
        setup = Setup(blender=blender, packages=packages)
        code, _, said = _blender(setup, "preview", str(installed.folder), "--out", str(target))
    _refuse(code, said, str(installed.folder))
    print(target)


def check_folder(folder: Path, stop: Event | None = None, setup: Setup | None = None) -> list[str]:
    """The problems of one asset folder, found in a Blender process of its own; a crash is a problem too.

    Once `stop` is set it gives up at once, whether it has begun or not.
    """
    import json

    code, printed, said = _blender(setup, "check", str(folder), "--json", stop=stop)
    if code in (0, 2) and printed.strip():
        return [str(line) for line in json.loads(printed.splitlines()[-1])]  # before it, Blender's own banner
    last = said.strip().splitlines()[-1] if said.strip() else f"exit code {code}"
    return [f"{folder}: Blender failed on it: {last}"]


def _blender(setup: Setup | None, *arguments: str, stop: Event | None = None) -> tuple[int, str, str]:
    """Run `python -m blender_scenes`, or what stands for it; returns (exit code, stdout, stderr).

    It is ended after TIMEOUT, when `stop` is set, and with us.
    """
    import subprocess
    import tempfile
    import time

    from render.farm.setup import USUAL

    if stop and stop.is_set():
        return -1, "", "stopped"
    with tempfile.TemporaryFile("w+") as printed, tempfile.TemporaryFile("w+") as said:
        command = (setup or USUAL).command(*arguments)
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=printed, stderr=said)
        late = time.monotonic() + TIMEOUT
        try:
            while (code := child.poll()) is None:
                if time.monotonic() > late:
                    return -1, "", f"no answer in {TIMEOUT:.0f} s"
                if stop and stop.is_set():
                    return -1, "", "stopped"
                time.sleep(0.05)
        finally:
            child.kill()
            child.wait()
        printed.seek(0)
        said.seek(0)
        return code, printed.read(), said.read()


def _refuse(code: int, said: str, where: str) -> None:
    """Raise what the child process said as one line."""
    from render.document import UserError

    if code == 0:
        return
    lines = said.strip().splitlines() or [f"exit code {code}"]
    mistakes = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    raise UserError(mistakes[-1] if mistakes else f"{where}: Blender failed on it: {lines[-1]}")


def _cells(row: dict[str, Any]) -> list[str]:
    size = f"{row['size_m']:g} m" if row["size_m"] else ""
    charge = "yes" if row["charge"] else ""
    return [row["name"], row["kind"], row["label"], size, ", ".join(row["finishes"]), charge, row["licence"]]
