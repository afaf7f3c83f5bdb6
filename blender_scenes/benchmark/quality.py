"""`python -m blender_scenes.benchmark.quality`: the seconds that our render settings need for the error of Cycles' own.

For each clip one scene is built, and its middle frame rendered with 1,024 samples and no denoiser: the truth. Then with
stock settings, with ours, and with what else is tried, at several numbers of samples: each gives a curve of error over
processor seconds of a warm frame, beauty alone, and from these curves follows how many seconds ours takes for the same
error that stock has at `--samples`. A ratio of 0.6 says that ours needs six tenths of stock's seconds.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from render.document import UserError
from render.planning.plan import write_plan
from render.planning.planfile import read_plan
from render.planning.recipe import find_recipe
from render.screen import notes, results, table
from render.spec import ClipSpec

from . import curves, shots
from .compare import told
from .curves import Point

Curves = dict[str, list[Point]]
"""Of one clip, by the name of the settings."""


def main() -> None:
    asked = _parser().parse_args()
    if asked.clip:
        spec = ClipSpec.read_json(asked.clip)
        found = shots.measure(spec, dict(asked.tried), asked.counts, asked.truth, asked.threads, asked.keep)
        print(json.dumps({name: [dataclasses.asdict(p) for p in curve] for name, curve in found.items()}))
        return
    try:
        measured = list(_measured(asked))
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    if asked.json:
        lines = [
            {"clip": clip, **{k: [dataclasses.asdict(p) for p in c] for k, c in of.items()}} for clip, of in measured
        ]
        print(json.dumps(lines, indent=1))
        return
    columns = ["clip", "settings", "s a frame", "FLIP", "relMSE", "s ratio, equal FLIP", "s ratio, equal relMSE"]
    results.print(
        table(f"{asked.samples} samples, ratios to stock at equal error", columns, _rows(measured, asked.samples))
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m blender_scenes.benchmark.quality", description=__doc__)
    parser.add_argument("--recipe", default="train")
    parser.add_argument("--seed", type=int, default=None, help="the plan's seed; default: the recipe's own")
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--height", type=int, default=288)
    parser.add_argument("--samples", type=int, default=32, help="stock's samples, whose error is to be met")
    parser.add_argument("--counts", type=_counts, default=(8, 16, 32, 64, 128), help="samples of the curves' points")
    parser.add_argument("--truth", type=int, default=1024, help="samples of the truth")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder where truths are kept for the next run")
    parser.add_argument("--try", dest="tried", type=_settings, action="append", default=[], metavar="JSON",
                        help="further settings to compare: Cycles' properties over ours")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="every point of every curve")
    parser.add_argument("--clip", type=Path, help=argparse.SUPPRESS)
    return parser


def _counts(text: str) -> tuple[int, ...]:
    return tuple(sorted(int(part) for part in text.split(",")))


def _settings(text: str) -> tuple[str, shots.Settings]:
    return text, json.loads(text)


def _measured(asked: argparse.Namespace) -> Iterator[tuple[str, Curves]]:
    """Each clip, in a few words, and its curves. UserError for a bad recipe, or for what the child says."""
    if asked.samples not in asked.counts:
        raise UserError(f"--samples: {asked.samples}; must be one of --counts {','.join(map(str, asked.counts))}")
    with tempfile.TemporaryDirectory() as scratch:
        write_plan(find_recipe(asked.recipe), Path(scratch) / "plan", asked.clips, asked.seed)
        _, specs = read_plan(Path(scratch) / "plan")
        for spec in specs:
            film = {"width": asked.width, "height": asked.height, "samples": asked.samples, "extras": ()}
            small = spec.model_copy(update={"film": spec.film.model_copy(update=film)})
            path = Path(scratch) / "clip.json"
            path.write_text(small.canonical(), encoding="utf-8")
            found = _in_a_child(asked, path)
            notes.print(f"{spec.clip}: {told(small)}")
            for name, curve in found.items():
                notes.print(f"  {name}: " + "; ".join(_told(point) for point in curve), markup=False)
            yield spec.clip, found


def _in_a_child(asked: argparse.Namespace, path: Path) -> Curves:
    """A clip's curves, from a process of its own: Blender keeps much from scene to scene."""
    command = [sys.executable, "-m", "blender_scenes.benchmark.quality", "--clip", str(path)]
    command += [
        "--truth",
        str(asked.truth),
        "--threads",
        str(asked.threads),
        "--counts",
        ",".join(map(str, asked.counts)),
    ]
    command += ["--keep", str(asked.keep)] if asked.keep else []
    command += [part for text, _ in asked.tried for part in ("--try", text)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(f"{path.name}: {(done.stderr.strip() or 'the child said nothing').splitlines()[-1]}")
    found = json.loads(done.stdout.splitlines()[-1])
    return {name: [Point(**point) for point in curve] for name, curve in found.items()}


def _told(point: Point) -> str:
    return f"{point.samples} in {point.seconds:.2f} s, FLIP {point.flip:.4f}, relMSE {point.relative_mse:.5f}"


def _rows(measured: list[tuple[str, Curves]], samples: int) -> list[tuple[str, ...]]:
    """The table: each clip's settings at `samples`, then the worst and the median ratio of each."""
    rows: list[tuple[str, ...]] = []
    ratios: dict[str, list[tuple[float, float]]] = {}
    for clip, found in measured:
        for name, curve in found.items():
            at = next(point for point in curve if point.samples == samples)
            both = tuple(curves.ratio(curve, found["stock"], error, samples) for error in curves.ERRORS)
            ratios.setdefault(name, []).append((both[0], both[1]))
            figures = (f"{at.seconds:.2f}", f"{at.flip:.4f}", f"{at.relative_mse:.5f}")
            rows.append((clip, name, *figures, *(f"{ratio:.3f}" for ratio in both)))
    for name, all_of in ratios.items():
        for word, choose in (("worst", max), ("median", statistics.median)):
            rows.append((word, name, "", "", "", *(f"{choose(column):.3f}" for column in zip(*all_of, strict=True))))
    return rows


if __name__ == "__main__":
    main()
