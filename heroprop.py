"""The `heroprop` command: mounts the packages' verbs, each only when it is asked for, and words every error."""

from __future__ import annotations

import difflib
import errno
import importlib
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

VERBS = {
    "assets": "blender_scenes",
    "plan": "render",
    "sheet": "render",
    "render": "render",
    "render-task": "render",
    "index": "render",
    "farm": "render",
    "status": "render",
    "info": "render",
    "select": "render",
    "merge": "render",
    "verify": "render",
    "gallery": "render",
    "convert": "render",
    "import": "render",
    "publish": "render",
    "train": "train",
    "export": "train",
    "evaluate": "evaluate",
    "score": "evaluate",
    "track": "evaluate",
    "segment": "evaluate",
    "speed": "evaluate",
    "study": "evaluate",
    "demo": "heroprop",
}
"""Every verb and the package that holds it."""


def command_line(verb: str | None) -> typer.Typer:
    """The app with the package of one verb mounted; with all of them where `verb` is None or unknown."""
    app = typer.Typer(
        help="Render hero props, teach SAM 2 to track them, and measure what it learned.",
        no_args_is_help=True,
        add_completion=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    wanted = [VERBS[verb]] if verb in VERBS else list(dict.fromkeys(VERBS.values()))
    for package in wanted:
        if package == "heroprop":
            app.command()(demo)
            continue
        _refuse_shadow(package)
        mounted = importlib.import_module(f"{package}.cli").app
        app.add_typer(mounted, name="assets" if package == "blender_scenes" else None)

    @app.callback()
    def _many_verbs() -> None:
        """Render hero props, teach SAM 2 to track them, and measure what it learned."""

    return app


def main() -> None:
    """Run the command line; a user's mistake is one line on stderr and exit code 2, never a traceback."""
    arguments = sys.argv[1:]
    verb = arguments[0] if arguments else None
    where = f"heroprop {verb}" if verb in VERBS else "heroprop"
    try:
        if verb is not None and verb not in VERBS and not verb.startswith("-"):
            from render.document import UserError, nearest

            raise UserError(f"heroprop: no verb '{verb}'{nearest(verb, list(VERBS))}")
        app = typer.main.get_command(command_line(verb))
        with app.make_context("heroprop", arguments) as context:  # not `main`, which makes a plain exit of Ctrl-C
            code = app.invoke(context)
        sys.exit(code if isinstance(code, int) else 0)
    except typer.Exit as ended:
        sys.exit(ended.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        _say("interrupted" + _GOES_ON.get(verb or "", ""))
        sys.exit(130)
    except typer.TyperException as error:
        message = " ".join(error.format_message().replace("Value error, ", "").split()).removesuffix(".")
        if not message:  # no arguments at all: the help has been shown
            sys.exit(2)
        _say(f"error: {where}: {_hinted(message, where)}")
        sys.exit(2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        if error.errno not in _EXPLAINED:
            raise
        _say(f"error: {error.filename or where}: {_EXPLAINED[error.errno]}")
        sys.exit(2)
    except ModuleNotFoundError as error:
        extra = _EXTRAS.get((error.name or "").split(".")[0])
        if extra is None:
            raise
        _say(f"error: {where}: needs {error.name}, which is not installed; install it with: pip install '.[{extra}]'")
        sys.exit(2)
    except Exception as error:
        from render.document import UserError

        if not isinstance(error, UserError):
            raise
        _say(f"error: {error}")
        sys.exit(2)


def demo(
    out: Annotated[Path, typer.Option(help="Where everything goes; made if missing, gone on with if there.")] = Path(
        "demo"
    ),
    workers: Annotated[int | None, typer.Option(help="Clips rendered at a time; default: one a core.", min=1)] = None,
) -> None:
    """The main job, end to end and small: plan, render, train, evaluate before and after, export, report."""
    dataset, run, report = out / "dataset", out / "run", out / "report"
    exported = out / "hero-nano.pt"
    pool = ["--workers", str(workers)] if workers else []
    resume = ["--resume"] if (run / "resume.pt").is_file() else []
    checkpoints = [part for name in ("nano-random:0", "nano-base", str(run)) for part in ("--checkpoint", name)]
    steps = [
        ["plan", "demo", "--out", str(dataset)],
        ["render", str(dataset), *pool],
        ["verify", str(dataset)],
        ["train", "nano-demo", "--data", str(dataset), "--out", str(run), *resume],
        ["export", str(run), "--to", "sam2", "--out", str(exported)],
        ["evaluate", "--data", str(dataset), "--split", "test", *checkpoints, "--out", str(report)],
    ]
    for number, step in enumerate(steps, 1):
        _say(f"\n[{number}/{len(steps)}] heroprop {' '.join(step)}")
        child = subprocess.Popen([sys.executable, "-m", "heroprop", *step])
        try:
            code = child.wait()
        except KeyboardInterrupt:  # the step got it too, and ends in its own orderly way
            child.wait()
            raise
        if code:
            _say(f"the demo stopped at step {number}; what is done stays, and the same command goes on from there")
            raise typer.Exit(code)
    print(f"\nreport      {(report / 'report.html').resolve()}\ncheckpoint  {exported.resolve()}")


def _hinted(message: str, where: str) -> str:
    """What is wrong with a command line, with the nearest word where one is none of those allowed."""
    found = re.search(r"'([^']*)' is not one of ((?:'[^']*'(?:, )?)+)", message)
    close = difflib.get_close_matches(found[1], re.findall(r"'([^']*)'", found[2]), n=1) if found else []
    said = message.replace("Value error, ", "").rstrip(".")
    return f"{said}; did you mean '{close[0]}'?" if close else f"{said}; see '{where} --help'"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _refuse_shadow(package: str) -> None:
    """Stop where another distribution's package of the same name would be imported instead of ours."""
    found = importlib.util.find_spec(package)
    ours = Path(__file__).resolve().parent / package / "__init__.py"
    if found is None or found.origin is None or Path(found.origin).resolve() != ours:
        from render.document import UserError

        place = found.origin if found else "nowhere"
        raise UserError(
            f"heroprop: the package '{package}' comes from {place}, not from heroprop; "
            "install heroprop into a virtual environment of its own"
        )


_GOES_ON = {
    "render": "; the same command goes on where this one stopped",
    "demo": "; the same command goes on where this one stopped",
    "study": "; the same command goes on where this one stopped",
    "evaluate": "; the same command, with --out, goes on where this one stopped",
    "train": "; the same command with --resume goes on where this one stopped",
}

_EXPLAINED = {
    errno.ENOSPC: "the disk is full; make room and run the same command again, which goes on where this one stopped",
    errno.EDQUOT: "your disk quota is used up; make room and run the same command again",
    errno.EFBIG: "the file grew past this system's limit on file size; raise it and run the same command again",
    errno.EROFS: "the file system is read-only; make it writable, or work in another folder",
    errno.EACCES: "permission denied; check who owns it",
    errno.EPERM: "the system does not permit it; check who owns it",
    errno.ESTALE: "the file server has put another file in its place; run the same command again",
    errno.EIO: "the disk or file server could not be read or written; see to it, and run the same command again",
    errno.EMFILE: "too many open files; raise the limit (ulimit -n) and run the same command again",
    errno.ENOTDIR: "a part of this path is a file, not a folder",
    errno.ENAMETOOLONG: "the name is too long",
}

_EXTRAS = {
    **dict.fromkeys(("bpy", "OpenEXR", "psutil"), "render"),
    **dict.fromkeys(
        ("torch", "torchvision", "sam2", "training", "tensordict", "safetensors", "huggingface_hub"), "train"
    ),
    **dict.fromkeys(("tensorboard", "scipy", "av", "cv2"), "train"),
    **dict.fromkeys(("pycocotools", "rerun"), "exchange"),
    "fsspec": "cloud",
    **dict.fromkeys(("transformers", "onnxscript", "onnx", "onnxruntime"), "export"),
}


if __name__ == "__main__":
    main()
