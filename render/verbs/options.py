"""What several verbs share: their options, and how they word things."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Annotated, Literal

import typer

DatasetPlace = Annotated[str, typer.Argument(metavar="DATASET", help="The dataset: its folder, a URL, or a view.")]
DatasetFolder = Annotated[Path, typer.Argument(metavar="DATASET", help="The dataset's folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Assets = Annotated[
    list[Path] | None, typer.Option(help="A folder of further assets, beside the built-in ones. May be given again.")
]

RenderOn = Annotated[Literal["auto", "cpu", "gpu"], typer.Option("--device", help="What to render on.")]
Timeout = Annotated[float, typer.Option(help="Seconds a clip may go without a new frame.", min=1)]
Blender = Annotated[
    Path | None, typer.Option(help="A Blender program that renders, in place of the bpy module.", dir_okay=False)
]
BlenderPackages = Annotated[
    Path | None,
    typer.Option(help="A folder of packages for that Blender's Python; default: those of this environment."),
]


def need_blender(blender: Path | None = None, packages: Path | None = None) -> None:
    """Say at once where Blender is missing: every clip would fail for the same reason."""
    from ..document import UserError

    if packages is not None and blender is None:
        raise UserError("--blender-packages: is for a Blender of your own; add --blender PATH")
    if packages is not None and not packages.is_dir():
        raise UserError(f"--blender-packages: {packages} is not a folder; pip install --target makes one")
    if blender is not None and shutil.which(blender) is None:
        raise UserError(f"--blender: {blender} is not a program; give the path of Blender's executable")
    if blender is None and importlib.util.find_spec("bpy") is None:
        raise ModuleNotFoundError("No module named 'bpy'", name="bpy")


def megabytes(count: int) -> str:
    """`12.3 MB`."""
    return f"{count / 1e6:.1f} MB"
