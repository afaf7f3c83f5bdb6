"""With what clips are rendered: the choices that all engines share, from the command line to the child process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .. import leash
from . import studio_blender

CHILD = ("-m", "blender_scenes")
"""The program that renders clips, as `leash` takes it; `clip SPEC.json --work DIR ...` is appended."""
TIMEOUT = 1200.0
"""Seconds without a new frame after which a child counts as hung."""

Device = Literal["auto", "cpu", "gpu"]


@dataclass(frozen=True)
class Setup:
    """`workers`: clips at a time (None: the engine decides). `assets`: in place of the asset folders that the plan
    names. `timeout`: see TIMEOUT. `blender`: a Blender program that renders in place of the bpy module, and `packages`:
    where its Python finds what it lacks (None: in our own environment). `program`: the child, where it is another.
    """

    workers: int | None = None
    assets: tuple[Path, ...] = ()
    timeout: float = TIMEOUT
    device: Device = "auto"
    blender: Path | None = None
    packages: Path | None = None
    program: tuple[str, ...] = CHILD

    def command(self, *arguments: str) -> list[str]:
        """The command line of a child process with these arguments; it dies with us."""
        if self.blender is not None:
            return studio_blender.command(self.blender, self.packages, arguments)
        return leash.command([*self.program, *arguments])

    def options(self) -> list[str]:
        """As options of `heroprop render-task`, with absolute paths: on farm nodes that see the same files."""
        told = ["--workers", str(self.workers or 1), "--timeout", f"{self.timeout:g}", "--device", self.device]
        for name, path in self.paths():
            told += [name, str(path)]
        return told

    def paths(self) -> list[tuple[str, Path]]:
        """The options that name files and folders, absolute."""
        named = [("--assets", folder) for folder in self.assets]
        named += [("--blender", self.blender)] if self.blender else []
        named += [("--blender-packages", self.packages)] if self.packages else []
        return [(name, path.absolute()) for name, path in named]


USUAL = Setup()
