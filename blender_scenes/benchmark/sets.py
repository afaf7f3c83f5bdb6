"""`python -m blender_scenes.benchmark.sets`: what each set costs, filmed by the same camera with the same prop.

One planned clip, without effects and without what else stands in it, is put into every set in turn, each in a process
of its own. Told are processor seconds of a warm frame with all of its layers (the median of several), and their ratio
to the alley's.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from render.asset import Library
from render.document import UserError
from render.planning.allowed import Allowed, HeldOut
from render.planning.dressing.stages import StageRecipe, draw_stage, set_times
from render.planning.plan import write_plan
from render.planning.planfile import read_plan
from render.planning.recipe import find_recipe
from render.screen import notes, results, table
from render.spec import ClipSpec
from render.streams import Stream

REFERENCE = "alley"


def main() -> None:
    """Exit code 2 for a mistake in what was asked."""
    parser = argparse.ArgumentParser(prog="python -m blender_scenes.benchmark.sets", description=__doc__)
    parser.add_argument("--recipe", default="train")
    parser.add_argument("--seed", type=int, default=None, help="the plan's seed; default: the recipe's own")
    parser.add_argument("--width", type=int, default=320)
    parser.add_argument("--height", type=int, default=180)
    parser.add_argument("--samples", type=int, default=16)
    parser.add_argument("--frames", type=int, default=3, help="that count, after one that does not")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--clip", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.clip:
        print(json.dumps(seconds(ClipSpec.read_json(asked.clip), asked.threads, asked.frames)))
        return
    try:
        found = {name: _in_a_child(asked, spec) for name, spec in shots(asked).items()}
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    middle = {name: statistics.median(times) for name, times in found.items()}
    if asked.json:
        print(json.dumps({name: {"seconds": found[name], "ratio": middle[name] / middle[REFERENCE]} for name in found}))
        return
    rows = [(name, f"{middle[name]:.2f}", f"{middle[name] / middle[REFERENCE]:.2f}") for name in found]
    results.print(table("the same shot in every set", ("set", "processor seconds a frame", "to the alley's"), rows))


def shots(asked: argparse.Namespace) -> dict[str, ClipSpec]:
    """The clip in each set that there is, at the first of the set's hours; the reference first."""
    library = Library.open()
    with tempfile.TemporaryDirectory() as scratch:
        write_plan(find_recipe(asked.recipe), Path(scratch) / "plan", 1, asked.seed)
        spec = read_plan(Path(scratch) / "plan")[1][0]
    film = {"width": asked.width, "height": asked.height, "samples": asked.samples, "extras": ()}
    spec = spec.model_copy(
        update={"film": spec.film.model_copy(update=film), "targets": spec.targets[:1], "effects": (), "extras": ()}
    )
    found = {}
    for name in sorted(library.names("set"), key=lambda name: (name != REFERENCE, name)):
        recipe = StageRecipe.parse({"set": name, "time": set_times(library.get(name))[0]}, "sets")
        stage = draw_stage(recipe, Allowed(HeldOut(), library, False), Stream(spec.seed, 0, name))
        found[name] = spec.model_copy(update={"stage": stage})
    return found


def seconds(spec: ClipSpec, threads: int, frames: int) -> list[float]:
    """Processor seconds of each of the frames after the clip's middle."""
    from ..cores import start_blender

    start_blender(threads)
    from .. import clip, passes

    with tempfile.TemporaryDirectory() as scratch:
        scene = clip.build(spec, Library.open(), clip.Machine(threads, "cpu"), Path(scratch))
        passes.layers(scene, spec)
        times = []
        for frame in range(spec.film.frames // 2, spec.film.frames // 2 + frames + 1):
            started = time.process_time()
            passes.render(scene, spec, frame, Path(scratch))
            times.append(time.process_time() - started)
    return times[1:]


def _in_a_child(asked: argparse.Namespace, spec: ClipSpec) -> list[float]:
    """Measured in a process of its own: Blender keeps much from scene to scene."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "clip.json"
        path.write_text(spec.canonical(), encoding="utf-8")
        command = [sys.executable, "-m", "blender_scenes.benchmark.sets", "--clip", str(path)]
        command += ["--threads", str(asked.threads), "--frames", str(asked.frames)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(f"{spec.stage.set}: {(done.stderr.strip() or 'the child said nothing').splitlines()[-1]}")
    times: list[float] = json.loads(done.stdout.splitlines()[-1])
    notes.print(f"{spec.stage.set}: " + ", ".join(f"{one:.2f} s" for one in times), markup=False)
    return times


if __name__ == "__main__":
    main()
