"""Runs a study's steps, each once: `steps/NAME.json` appears when one is done, whatever kills us in between."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from render import leash
from render.document import Document, UserError, write_atomic
from render.manifest import Dataset
from train import models

from .outline import Command, Settings, Step, is_dataset, outline, places
from .page import conclude

Say = Callable[[str], None]
BASE = "base.json"


class Done(Document):
    """`steps/NAME.json`. seconds: of the last attempt, the one that finished."""

    seconds: float
    finished: str


def begin(settings: Settings, out: Path) -> None:
    """Claim the folder for this study, or go on with it; UserError where it holds another one or something else."""
    check(settings)
    file = out / "study.json"
    if file.is_file():
        held = Settings.read_json(file)
        other = [name for name in Settings.model_fields if getattr(held, name) != getattr(settings, name)]
        if set(other) - {"workers"}:
            name = next(name for name in other if name != "workers")
            was, now = getattr(held, name), getattr(settings, name)
            raise UserError(f"{out}: is a study with {name} {_told(was)}, not {_told(now)}; name another --out")
    elif out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out}: not empty, and no study; name another --out")
    write_atomic(file, settings.model_dump_json(indent=1) + "\n")


def check(settings: Settings) -> None:
    """UserError for what can be told beforehand: datasets that are none, or the same one twice."""
    for place in (settings.data, settings.bench if is_dataset(settings.bench) else None, *settings.real, settings.keep):
        if place is not None:
            Dataset.open(place)
    if len(set(settings.real)) < len(settings.real):
        raise UserError("--real: a dataset is given twice; each is scored once")


def run(settings: Settings, out: Path, say: Say) -> tuple[int, Path]:
    """Do what is left. Returns the exit code of the step that failed, else 0, and the page's place."""
    steps = outline(settings, out)
    for number, step in enumerate(steps, 1):
        if done(out, step) is not None:
            continue
        say(f"\n[{number}/{len(steps)}] {step.what}")
        start = time.monotonic()
        code = _do(step, settings, out, say)
        if code:
            say(f"the study stopped at step {number}; what is done stays, and the same command goes on from there")
            return code, out / "study.html"
        told = Done(seconds=round(time.monotonic() - start, 2), finished=_now())
        write_atomic(out / "steps" / f"{step.name}.json", told.model_dump_json() + "\n")
    return 0, out / "study.html"


def done(out: Path, step: Step) -> Done | None:
    """What is noted of a finished step."""
    file = out / "steps" / f"{step.name}.json"
    return Done.read_json(file) if file.is_file() else None


def look_ahead(settings: Settings, out: Path) -> list[dict[str, Any]]:
    """Of every step what it is, its commands, the seconds that it took (`took`), and where a probe of the render is at
    hand those that it will take (`takes`)."""
    check(settings)
    return [
        {
            "step": step.name,
            "what": step.what,
            "commands": [" ".join(("heroprop", *command)) for command in step.commands],
            "took": found.seconds if (found := done(out, step)) else None,
            "takes": None if found else _probed(step),
        }
        for step in outline(settings, out)
    ]


def _do(step: Step, settings: Settings, out: Path, say: Say) -> int:
    if step.name == "weights":
        _fetch(settings.base, out)
    elif step.name == "report":
        took = {one.name: found.seconds for one in outline(settings, out) if (found := done(out, one))}
        conclude(settings, places(settings, out), json.loads((out / BASE).read_text(encoding="utf-8")), took)
    for command in step.commands:
        say(f"heroprop {' '.join(command)}")
        code = _verb(command)
        if code:
            return code
    return 0


def _fetch(base: str, out: Path) -> None:
    """Weights into the hub's cache (or found on disk), and what they are into `base.json`."""
    loaded = models.resolve(base)
    told = {"model": loaded.name, "source": loaded.source, "sha256": loaded.sha256}
    write_atomic(out / BASE, json.dumps(told, indent=1) + "\n")


def _verb(command: Command, capture: bool = False) -> Any:
    """Run a verb in a process that dies with this one: its exit code, or what it printed."""
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join([_here(), os.environ.get("PYTHONPATH", "")]).rstrip(":"))
    with subprocess.Popen(
        leash.command(["-m", "heroprop", *command]),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE if capture else None,
        env=environment,
    ) as child:
        try:
            if capture:
                assert child.stdout is not None
                printed = child.stdout.read()
                return printed if child.wait() == 0 else b""
            return child.wait()
        except KeyboardInterrupt:  # the step got it too, and ends in its own orderly way
            child.wait()
            raise


def _here() -> str:
    return str(Path(__file__).parents[2])


def _probed(step: Step) -> float | None:
    """Seconds that a render will take by the probe that is kept in its dataset; None without one."""
    if step.renders is None or not (step.renders / "probe.json").is_file():
        return None
    printed = _verb(("render", str(step.renders), "--dry-run", "--json"), capture=True)
    wall = json.loads(printed or "{}").get("wall_seconds")
    return None if wall is None else float(wall["mean"])


def _told(value: object) -> str:
    return ", ".join(value) or "none" if isinstance(value, tuple) else str(value)


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
