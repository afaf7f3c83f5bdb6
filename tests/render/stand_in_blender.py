"""Stands in for a studio's Blender program, where the bpy module is all there is: a strict command line, and the module
as the interpreter that really renders. `executable` makes the program.

Like Blender's, its Python knows of no environment: only bpy, numpy and what the script adds can be imported.
"""

from __future__ import annotations

import runpy
import sys
from importlib.util import find_spec
from pathlib import Path

FLAGS = ["-b", "--factory-startup", "--disable-autoexec", "--python-exit-code", "1", "-P"]


def executable(folder: Path, wrapped: bool = False) -> Path:
    """Make `folder/blender`, as a wrapper script that starts the real one as a child if `wrapped`."""
    own = folder / "blender python"
    own.mkdir(parents=True)
    for name in ("bpy", "numpy", "numpy.libs"):
        spec = find_spec("numpy")
        assert spec
        assert spec.origin
        there = Path(spec.origin).parents[1] / name
        if there.exists():
            (own / name).symlink_to(there)
    blender = folder / "blender"
    start = f'"{sys.executable}" -I -S "{Path(__file__)}" "{own}" "$@"'
    blender.write_text(f"#!/bin/sh\ncd /\n{start}\nexit $?\n" if wrapped else f"#!/bin/sh\nexec {start}\n")
    blender.chmod(0o755)
    return blender


def main() -> None:
    own, *arguments = sys.argv[1:]
    if arguments[: len(FLAGS)] != FLAGS or arguments[len(FLAGS) + 1] != "--":
        print(f"unknown argument, loading as file: {arguments}", file=sys.stderr)
        sys.exit(1)
    sys.path.insert(1, own)
    print("Blender 4.5.15 (hash 0123456789ab built 2026-01-01)", flush=True)
    import bpy  # noqa: F401

    script = arguments[len(FLAGS)]
    sys.argv = ["blender", *arguments]
    sys.path.pop(0)  # the folder of this file
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main()
