"""`python -m blender_scenes.benchmark`: seconds a frame of heroprop with all its labels, of the bare beauty pass of the
same scene, and of BlenderProc with its labels, one after the other on this machine; and where the time goes.

Every figure is wall time of a whole process divided by the frames: start, imports, scene, frames, packing, the end.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

from render.document import UserError
from render.screen import notes, results, table

from . import compare
from .compare import Comparison


def main() -> None:
    """Exit code 0 when measured, 2 for a mistake in what was asked."""
    inner = {"floor": _floor, "farm": _farm, "stopwatch": _stopwatch, "peer": _peer}
    if len(sys.argv) > 1 and sys.argv[1] in inner:  # a child process of this benchmark
        inner[sys.argv[1]](sys.argv[2:])
        return
    asked = _parser().parse_args()
    try:
        measured = _measure(asked)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    if asked.json:
        print(json.dumps([comparison.as_json() for comparison in measured], indent=2))
    else:
        _show(measured)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m blender_scenes.benchmark", description=__doc__)
    parser.add_argument(
        "--recipe", default="train", help="built-in recipe, or a .toml file; its first clip is rendered"
    )
    parser.add_argument("--seed", type=int, default=1, help="the plan's seed: another seed is another scene")
    parser.add_argument("--frames", type=int, default=150)
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--height", type=int, default=512)
    parser.add_argument("--samples", type=int, default=16)
    parser.add_argument("--threads", type=int, default=None, help="CPU threads of every renderer; default: all cores")
    parser.add_argument("--repeats", type=int, default=1, help="how often all of it, in turn; the median is shown")
    parser.add_argument("--blenderproc", type=Path, help="folder that holds the package blenderproc (see docs)")
    parser.add_argument("--json", action="store_true")
    return parser


def _measure(asked: argparse.Namespace) -> list[Comparison]:
    for name in ("frames", "repeats", "samples"):
        if getattr(asked, name) < 1:
            raise UserError(f"--{name}: {getattr(asked, name)}; at least 1")
    if asked.blenderproc and not (asked.blenderproc / "blenderproc" / "__init__.py").is_file():
        raise UserError(f"--blenderproc: {asked.blenderproc}: holds no package 'blenderproc'; see docs/benchmarks.md")
    with tempfile.TemporaryDirectory(prefix="heroprop-benchmark-") as folder:
        film = {name: getattr(asked, name) for name in ("width", "height", "frames", "samples")}
        bench = compare.prepare(Path(folder), asked.recipe, asked.seed, film, asked.threads)
        notes.print(f"{bench.spec.film.frames} frames of {compare.told(bench.spec)}; {bench.threads} threads")
        measured = []
        for repeat in range(asked.repeats):
            measured.append(compare.run(bench, repeat, asked.blenderproc, notes.print))
        return measured


def _show(measured: list[Comparison]) -> None:
    """The table of the run with the median ratio, and the ratios of all."""
    chosen = sorted(measured, key=lambda one: one.ratio)[len(measured) // 2]
    floor, ours, peer = chosen.floor, chosen.ours, chosen.peer
    rows = []
    for step in compare.ORDER:
        parts = [spent.seconds.get(step) if spent else None for spent in (floor, ours, peer)]
        if any(part is not None for part in parts):
            share = ours.seconds.get(step)
            rows.append((compare.STEPS[step], *map(_figure, parts), _percent(share, floor.total)))
    wholes = [spent.total if spent else None for spent in (floor, ours, peer)]
    rows.append(("whole", *map(_figure, wholes), _percent(ours.total, floor.total)))
    columns = ("seconds a frame", "beauty alone", "heroprop", "BlenderProc", "heroprop, % of beauty's whole")
    results.print(table(f"{compare.told(chosen.spec)}, {chosen.spec.film.frames} frames", columns, rows))
    ratios = [one.ratio for one in measured]
    spread = f" (of {len(ratios)} runs: {min(ratios):.3f} to {max(ratios):.3f})" if len(ratios) > 1 else ""
    results.print(f"heroprop takes {statistics.median(ratios):.3f} times the beauty pass alone{spread}")
    results.print(f"frames alone: {ours.frames / floor.frames:.3f} times")
    if chosen.dither:
        mask = f"BlenderProc's mask in the most blurred frame ({chosen.dither.blur:.2f} diameters)"
        results.print(f"{mask}: IoU {chosen.dither.iou:.2f} with coverage of at least one half")
    if chosen.without_peer:
        results.print(f"BlenderProc: {chosen.without_peer}", markup=False)


def _figure(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.4f}"


def _percent(part: float | None, whole: float) -> str:
    return "" if part is None else f"{100 * part / whole:.1f} %"


def _floor(arguments: list[str]) -> None:
    from . import floor

    floor.main(Path(arguments[0]), int(arguments[1]), Path(arguments[2]))


def _farm(arguments: list[str]) -> None:
    """Render a planned dataset into shards by one worker, its child under the stopwatch."""
    from render.farm import Setup, render

    program = ("-m", "blender_scenes.benchmark", "stopwatch", arguments[1], arguments[2])
    dataset = Path(arguments[0])
    done = render(dataset, Setup(workers=1, device="cpu", program=program))
    for clip in done.failed:
        print(json.loads((dataset / "failed" / f"{clip}.json").read_text(encoding="utf-8"))["attempts"][-1]["reason"])
        sys.exit(1)


def _stopwatch(arguments: list[str]) -> None:
    from . import stopwatch

    stopwatch.main(Path(arguments[0]), [*arguments[2:], "--threads", arguments[1]])


def _peer(arguments: list[str]) -> None:
    from . import peer

    peer.main(Path(arguments[0]), int(arguments[1]), Path(arguments[2]), Path(arguments[3]))


if __name__ == "__main__":
    main()
