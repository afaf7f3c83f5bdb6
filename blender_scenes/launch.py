"""`blender -b … -P launch.py -- --parent PID --path DIR … -- VERB …`: `python -m blender_scenes VERB …` in a studio's
own Blender. Whatever its version: one that can't render says why in one line, and exits with 2.

Blender runs this as a plain file, by its own Python; until `--path` is taken in, it has none of our packages.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import sysconfig

BLENDER = (4, 5)
"""The version whose Cycles our scenes and labels were proved with."""
PYTHON = (3, 11)
NEEDED = {"numpy": "numpy", "pydantic": "pydantic", "PIL": "pillow", "OpenEXR": "openexr"}
"""What must be importable, and what pip calls it."""


def main() -> None:
    """Take in the paths, look whether this Blender will do, and hand over."""
    arguments = sys.argv[sys.argv.index("--") + 1 :]
    at = arguments.index("--")
    parser = argparse.ArgumentParser(prog="launch.py")
    parser.add_argument("--parent", type=int, required=True, help="the process that this one must not outlive")
    parser.add_argument("--path", action="append", default=[], help="a folder to import from, after Blender's own")
    options = parser.parse_args(arguments[:at])
    sys.path += [path for path in options.path if path not in sys.path]

    import bpy

    fault = python_fault(sys.version_info[:2]) or package_fault() or blender_fault(bpy.app.version)
    if fault:
        print(f"error: {bpy.app.binary_path or 'Blender'}: {fault}", file=sys.stderr, flush=True)
        os._exit(2)

    from render.leash import tie

    tie(options.parent)
    from blender_scenes.__main__ import main as render

    render(arguments[at + 1 :])


def python_fault(version: tuple[int, ...]) -> str:
    """Why compiled packages for our Python are of no use to this one; empty where they are."""
    if version == PYTHON:
        return ""
    found, wanted = (".".join(map(str, part)) for part in (version, PYTHON))
    return f"its Python is {found}, and heroprop's packages are for {wanted}, that of Blender 4.5"


def package_fault() -> str:
    """The first package that can't be imported, and what to do; empty where all can."""
    for module in NEEDED:
        try:
            importlib.import_module(module)
        except ImportError as error:
            why = " ".join(str(error).split())
            if not isinstance(error, ModuleNotFoundError) or error.name != module:
                why += f" (is it built for {sysconfig.get_config_var('SOABI')}?)"
            return (
                f"its Python can't import {module}: {why}; install it with that very Python: {sys.executable} -m pip "
                f"install --target DIR {' '.join(NEEDED.values())}, and say --blender-packages DIR"
            )
    return ""


def blender_fault(version: tuple[int, ...]) -> str:
    """Why this Blender can't render our clips; empty where it can."""
    if tuple(version[:2]) == BLENDER:
        return ""
    return f"this is Blender {'.'.join(map(str, version))}; heroprop needs Blender {'.'.join(map(str, BLENDER))}"


if __name__ == "__main__":
    main()
