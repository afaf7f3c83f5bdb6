"""`python -m blender_scenes`: the child process that renders clips, and checks and previews assets.

Results go to stdout; everything that Blender says goes to stderr.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import NoReturn, TextIO

from render.document import UserError


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run one subcommand. Exits with 0 when done, 2 for a user's mistake (one line on stderr), 1 for other failures."""
    options = _parser().parse_args(arguments)
    # Everything is written atomically: to be killed at once is safe, and never waits for a long frame.
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, signal.SIG_DFL)
    results = _keep_stdout_clean()
    try:
        code = int(options.run(options, results))
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        code = 2
    except Exception:
        traceback.print_exc()
        code = 1
    results.flush()
    sys.stderr.flush()
    os._exit(code)  # Blender's own clean-up at exit can deadlock once a .blend with drivers was loaded


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m blender_scenes", description="What runs inside Blender.")
    verbs = parser.add_subparsers(required=True, metavar="clip | check | preview | proxy | about")

    clip = verbs.add_parser("clip", help="render the missing frames of one clip")
    clip.add_argument("spec", type=Path, help="a clip spec as JSON")
    clip.add_argument("--work", type=Path, required=True, help="where the frame files go")
    clip.add_argument("--assets", type=Path, action="append", default=[], help="another folder of assets")
    clip.add_argument("--threads", type=int, default=1, help="CPU threads to render with")
    clip.add_argument("--device", choices=("auto", "cpu", "gpu"), default="auto", help="what to render on")
    clip.add_argument("--gpu", type=int, help="one GPU of several, counted from 0; default: all")
    clip.add_argument("--frames", help="only these, e.g. 0,7; default: all")
    clip.set_defaults(run=_clip)

    about = verbs.add_parser("about", help="say which Blender this is and what it can render on, as JSON")
    about.add_argument("--device", choices=("auto", "cpu", "gpu"), default="auto", help="cpu: look for no GPU")
    about.set_defaults(run=_about)

    check = verbs.add_parser("check", help="say everything that is wrong with one asset")
    check.add_argument("asset", type=Path, help="the asset's folder")
    check.add_argument("--json", action="store_true", help="the problems as a JSON list")
    check.set_defaults(run=_check)

    preview = verbs.add_parser("preview", help="render a picture of one asset")
    preview.add_argument("asset", type=Path, help="the asset's folder")
    preview.add_argument("--out", type=Path, required=True, help="the PNG to write")
    preview.set_defaults(run=_preview)

    proxy = verbs.add_parser("proxy", help="suggest the proxy lines of one prop's or occluder's asset.toml")
    proxy.add_argument("asset", type=Path, help="the asset's folder")
    proxy.add_argument("--solids", type=int, default=6, help="how many solids at most")
    proxy.set_defaults(run=_proxy)
    return parser


def _clip(options: argparse.Namespace, results: TextIO) -> int:
    from render.asset import Library
    from render.spec import ClipSpec

    from .clip import Machine, render_clip

    spec = ClipSpec.read_json(options.spec)

    def report(frame: int, seconds: float) -> None:
        line = {"frame": frame, "of": spec.film.frames, "seconds": round(seconds, 3)}
        print(json.dumps(line), file=results, flush=True)

    machine = Machine(options.threads, options.device, options.gpu)
    frames = [int(frame) for frame in options.frames.split(",")] if options.frames else None
    render_clip(spec, options.work, Library.open(options.assets), machine, report, frames)
    return 0


def _about(options: argparse.Namespace, results: TextIO) -> int:
    import bpy

    from .device import names

    told = {"blender": ".".join(map(str, bpy.app.version)), "gpus": [] if options.device == "cpu" else names()}
    print(json.dumps(told), file=results)
    return 0


def _check(options: argparse.Namespace, results: TextIO) -> int:
    from .ingest import check

    problems = check(options.asset)
    lines = [json.dumps(problems)] if options.json else problems
    print("\n".join(lines), file=results)
    return 2 if problems else 0


def _preview(options: argparse.Namespace, results: TextIO) -> int:
    from .preview import preview

    preview(options.asset, options.out)
    return 0


def _proxy(options: argparse.Namespace, results: TextIO) -> int:
    from render.asset import read

    from .proxy import suggest

    print(suggest(read(options.asset), options.solids), file=results)
    return 0


def _keep_stdout_clean() -> TextIO:
    """Point file descriptor 1 at stderr, where Blender's C code may chatter; return what was stdout."""
    sys.stdout.flush()
    results = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return results


if __name__ == "__main__":
    main()
