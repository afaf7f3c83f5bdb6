"""A studio's own Blender in place of the bpy module: its command line.

What its Python lacks (pydantic, OpenEXR, Pillow) is found in folders whose names are handed over; they come after its
own, so that its numpy stays what it is. `blender_scenes/launch.py` is what it runs.
"""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""Where our packages are: a checkout, or an environment's site-packages."""
SCRIPT = ROOT / "blender_scenes" / "launch.py"
FLAGS = ("-b", "--factory-startup", "--disable-autoexec", "--python-exit-code", "1")
"""No window, nobody's preferences, no scripts of artists' files, and a failure that shows."""


def command(blender: Path, packages: Path | None, arguments: Sequence[str]) -> list[str]:
    """The command line of `python -m blender_scenes ARGUMENTS` in that Blender, which ends when we do.

    `packages` is a folder of packages for its Python, as `pip install --target` makes it; None for our own environment,
    which serves where both are of one Python version.
    """
    folders = [packages.absolute()] if packages else environment()
    # Ours last: an environment of another Python that it is in must not be taken for the packages.
    told = [part for folder in dict.fromkeys((*folders, ROOT)) for part in ("--path", str(folder))]
    return [str(blender), *FLAGS, "-P", str(SCRIPT), "--", "--parent", str(os.getpid()), *told, "--", *arguments]


def environment() -> list[Path]:
    """The folders in which our own Python finds installed packages."""
    found = [Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")]
    return list(dict.fromkeys(found))
