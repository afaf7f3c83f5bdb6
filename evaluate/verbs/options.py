"""Options that several verbs have."""

from __future__ import annotations

from typing import Annotated

import typer

CheckpointHelp = (
    "A run folder, .safetensors, official .pt, hub id (facebook/sam2.1-hiera-tiny), nano-base or nano-random:SEED."
)
Checkpoint = Annotated[str, typer.Option(help=CheckpointHelp)]
Model = Annotated[str | None, typer.Option(help="Which model a .pt is for, where the file does not say.")]
Device = Annotated[str | None, typer.Option(help="cpu or cuda; default: cuda where there is one.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
