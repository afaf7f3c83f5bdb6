"""The published page of a tier: what baselines and nanos make of it, and whether its axes measure what they say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from render.document import write_atomic
from render.manifest import Dataset

from ..axes import Axis
from ..baselines import COPY_LAST
from ..media.pictures import marked
from ..report.tables import cell
from ..running.benchmark import evaluate
from ..running.records import predicted
from ..running.results import MethodScore, Results
from ..running.statistics import Mean
from .flawed import OWN
from .proof import Proof, prove_on

CHECKPOINTS = ("nano-random:0", "nano-base")
SHOWN = {
    "motion.speed=": "fast movement",
    "effects.strength=": "visual effects",
    "motion.kind=": "trajectories",
    "occlusion.seconds=": "occlusion recovery",
    "target.charge=": "transformation",
}
"""What is in the titles of an axis's clips, and the axis."""
FRAMES, WIDTH = 6, 168
COLOUR = (240, 96, 16)

Progress = Callable[[str, int, int], None]


def publish(dataset: Dataset, docs: Path, work: Path, facts: Sequence[str], workers: int, progress: Progress) -> Path:
    """Run what is run on a tier, and write `docs/NAME.md` and its picture. `work` keeps the evaluation, which goes on
    there where it was stopped; `facts` are lines about the render itself."""
    name = dataset.manifest.recipe.name
    masks = work / "predictions"
    results = evaluate(
        dataset, CHECKPOINTS, predictions=masks, progress=progress, traces=work / "traces", workers=workers
    )
    write_atomic(work / "results.json", results.model_dump_json(indent=1) + "\n")
    proof = prove_on(dataset)
    write_atomic(work / "proof.json", proof.model_dump_json(indent=1) + "\n")
    rows, picture = sheet(dataset, results.checkpoints[-1].name, masks)
    page = docs / f"{name}.md"
    if rows:
        image = docs / "images" / f"{name}.jpg"
        image.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(image, "JPEG", quality=80)
    write_atomic(page, markdown(results, proof, facts, rows))
    return page


def sheet(
    dataset: Dataset, method: str, masks: Path
) -> tuple[list[str], np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    """The hardest clip of each axis: the truth outlined in white, a method's mask tinted; and what each row shows."""
    rows, strips = [], []
    titles = {clip: str(dataset.spec(clip).get("twin_factor") or "") for clip in dataset.clips("test")}
    for key, axis in SHOWN.items():
        found = [clip for clip, title in titles.items() if key in title]
        if not found:
            continue
        clip = max(found, key=lambda clip: (_severity(titles[clip], key), clip))
        number = dataset.objects(clip)[0]
        cells = []
        for place in np.linspace(0, dataset.frame_count(clip) - 1, FRAMES).round().astype(int):
            truth = dataset.mask(clip, int(place), number)
            mask = predicted(masks, method, clip, int(place), number)
            cells.append(marked(dataset.rgb(clip, int(place)), truth, mask, COLOUR, WIDTH))
        strips.append(np.concatenate(cells, axis=1))
        rows.append(f"{axis} ({clip}, {titles[clip]})")
    return rows, np.concatenate(strips) if strips else np.zeros((0, 0, 3), np.uint8)


def markdown(results: Results, proof: Proof, facts: Sequence[str], rows: Sequence[str]) -> str:
    """The page."""
    name, after = results.recipe, results.checkpoints[-1]
    lines = [
        f"# {name}, run",
        "",
        f"Made by `python -m evaluate.benchmarks.published DATASET --write` on {results.created[:10]}. What it all",
        "means is in [benchmark.md](benchmark.md). The two nanos are stand-ins put together from SAM 2's modules, with",
        "4.2 million weights, one untrained and one trained on generic moving things: nothing here is about Meta's",
        "models.",
        "",
        f"J&F and each challenge's own score; {after.scores.jf.n} objects in {after.scores.jf.clips} shots. In",
        "brackets 95 % intervals over shots; n: objects (or occlusions) and shots. So few shots are for finding out",
        "what is worth a look, not for saying that something is so.",
        "",
    ]
    lines += _scores(results, "J&F", lambda method: method.scores.jf, lambda axis: axis.score, lambda axis: axis.unit)
    lines += [
        "",
        "What each challenge alone costs: the same shot with it less without it. What finds nothing has nothing",
        "to lose.",
        "",
    ]
    lines += _scores(results, None, None, lambda axis: axis.effect, lambda axis: axis.effect_name)
    lines += [
        "",
        f"`{after.name}` less each other method, J&F paired by object; p by tossing the signs of whole shots:",
        "",
    ]
    lines += ["| less | J&F | better on | p |", "| --- | --- | --- | --- |"]
    for one in results.comparisons:
        p = "–" if one.p is None else f"{one.p:.3f}"
        lines.append(f"| {one.before} | {cell(one.difference)} | {one.better} of {one.difference.n} | {p} |")
    lines += ["", "## By severity", ""]
    lines += list(_curves(results))
    if rows:
        lines += [f"![{name}](images/{name}.jpg)", ""]
        lines += [
            f"The hardest clip of each challenge, {after.name} in orange, the truth outlined in white. From the top:"
        ]
        lines += [f"{', '.join(rows)}.", ""]
    lines += ["## Do the axes measure what they say?", ""]
    lines += list(_proof(proof))
    lines += ["", "## What was run", ""]
    lines += [f"- {fact}" for fact in facts]
    lines += [f"- {method.name}: {method.model}, weights' SHA-256 `{method.sha256}`" for method in results.checkpoints]
    versions = ", ".join(f"{what} {version}" for what, version in sorted(results.versions.items()))
    lines += [f"- {results.device}, {results.precision}; {versions}"]
    return re.sub(r"(?<=[ \[])-(?=\d)", "−", "\n".join(lines)) + "\n"


def _scores(
    results: Results,
    first: str | None,
    value: Callable[[MethodScore], Mean] | None,
    of_axis: Callable[[Axis], Mean],
    unit: Callable[[Axis], str],
) -> list[str]:
    """A row a method: a figure of its own, if any, and one an axis."""
    axes = results.checkpoints[-1].axes
    heads = ([first] if first else []) + [f"{axis.title.lower()}: {unit(axis)}" for axis in axes]
    lines = [f"| | {' | '.join(heads)} |", "| --- " * (len(heads) + 1) + "|"]
    for method in results.methods:
        told = ([value(method)] if value else []) + [of_axis(axis) for axis in method.axes]
        lines.append(f"| {_called(method)} | {' | '.join(cell(mean) for mean in told)} |")
    return lines


def _curves(results: Results) -> Iterator[str]:
    """The first curve of each axis: checkpoints, and being one frame late."""
    methods = [m for m in results.methods if m.kind == "checkpoint" or m.name == COPY_LAST]
    for place, axis in enumerate(results.checkpoints[-1].axes):
        curves = [method.axes[place].curves[0] for method in methods if method.axes[place].curves]
        if len(curves) < len(methods) or not any(curve.points for curve in curves):
            continue
        severities = sorted({round(point.severity, 4) for curve in curves for point in curve.points})
        yield f"{axis.title}: {curves[0].name} by {curves[0].severity}"
        yield ""
        yield f"| | {' | '.join(f'{severity:.2g}' for severity in severities)} |"
        yield "| --- " * (len(severities) + 1) + "|"
        for method, curve in zip(methods, curves, strict=True):
            values = {round(point.severity, 4): point.value.value for point in curve.points}
            told = (values.get(severity) for severity in severities)
            yield f"| {_called(method)} | {' | '.join('–' if one is None else f'{one:.2f}' for one in told)} |"
        yield ""


def _proof(proof: Proof) -> Iterator[str]:
    """A row a flaw; its own axis in bold, with a mark where it is beyond the threshold."""
    tuned, tried = proof.clips
    yield f"Trackers made of the truth, each with one flaw; thresholds from {tuned} clips, tried on {tried} others."
    yield "Shown is what is lost beyond what a tracker loses that is off by up to a pixel. Bold: the flaw's own axis;"
    yield "✗: beyond the threshold."
    yield ""
    axes = list(proof.thresholds)
    beside = list(next(iter(proof.beside.values())))
    yield f"| | {' | '.join([*axes, *beside])} |"
    yield "| --- " * (len(axes) + len(beside) + 1) + "|"
    for flaw, losses in proof.losses.items():
        lost = proof.lost_on(flaw)
        told = []
        for axis in axes:
            text = _figure(losses[axis]) + (" ✗" if axis in lost else "")
            told.append(f"**{text}**" if OWN[flaw] == axis else text)
        told += [_figure(proof.beside[flaw][name]) for name in beside]
        yield f"| {flaw} | {' | '.join(told)} |"
    bounds = [_figure(proof.thresholds[axis]) for axis in axes]
    yield f"| threshold | {' | '.join([*bounds, *('' for _ in beside)])} |"
    clean = [flaw for flaw in proof.losses if proof.lost_on(flaw) == {OWN[flaw]}]
    yield ""
    yield f"On their own axis and no other lose: {', '.join(clean) or 'none'}."
    for name in beside:
        by_flaw = {flaw: figures[name] or 0.0 for flaw, figures in proof.beside.items()}
        first, second, *_ = sorted(by_flaw, key=by_flaw.__getitem__, reverse=True)
        yield f"Highest in {name}: {first}, {_figure(by_flaw[first])}; the next, {second}, {_figure(by_flaw[second])}."


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:+.3f}".replace("-", "−")


def _called(method: MethodScore) -> str:
    return f"{method.name} (knows the truth)" if method.name == COPY_LAST else method.name


def _severity(title: str, key: str) -> float:
    """The number after a key in a title; 0 for a word."""
    found = re.search(re.escape(key) + r"([\d.]+)", title)
    return float(found[1]) if found else 0.0
