"""What several verbs share: their options, and how they word things."""

from __future__ import annotations

import importlib.util
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


def need_blender() -> None:
    """Say at once where Blender is missing: every clip would fail for the same reason."""
    if importlib.util.find_spec("bpy") is None:
        raise ModuleNotFoundError("No module named 'bpy'", name="bpy")


def megabytes(count: int) -> str:
    """`12.3 MB`."""
    return f"{count / 1e6:.1f} MB"
