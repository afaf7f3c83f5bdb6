"""The report for machines and for notes: a CSV of every object, and the summary in Markdown."""

from __future__ import annotations

import csv
import io

from ..running.results import Results
from ..running.statistics import Mean


def clips_csv(results: Results) -> str:
    """A line an object and method."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        [
            "method",
            "clip",
            "object",
            "label",
            "cluster",
            "frames",
            "visible",
            "absent",
            "displacement",
            "J",
            "F",
            "J&F",
            "absent_area",
        ]
    )
    for method in results.methods:
        for clip in method.clips:
            writer.writerow(
                [
                    method.name,
                    clip.clip,
                    clip.object_id,
                    clip.label,
                    clip.cluster,
                    clip.frames,
                    clip.visible_frames,
                    clip.absent_frames,
                    round(clip.displacement, 4),
                    clip.j,
                    clip.f,
                    clip.jf,
                    clip.absent_area,
                ]
            )
    return text.getvalue()


def markdown(results: Results, sentences: list[str]) -> str:
    """The summary and the challenges as Markdown tables."""
    lines = [f"# {results.checkpoints[-1].name} on {results.dataset}, {results.split} split", ""]
    lines += [f"- {sentence}" for sentence in sentences]
    lines += ["", "| | J&F | J | F | J&F moving |", "| --- | --- | --- | --- | --- |"]
    for method in results.methods:
        scores = method.scores
        cells = (cell(mean) for mean in (scores.jf, scores.j, scores.f, method.moving.jf))
        lines.append(f"| {method.name} | {' | '.join(cells)} |")
    for place, axis in enumerate(results.checkpoints[-1].axes):
        lines += ["", f"## {axis.title}", ""]
        if axis.note:
            lines += [axis.note, ""]
        lines += [f"| | {axis.unit} ({axis.better} is better) | {axis.effect_name} |", "| --- | --- | --- |"]
        for method in results.methods:
            one = method.axes[place]
            lines.append(f"| {method.name} | {cell(one.score)} | {cell(one.effect)} |")
        for compared in results.comparisons:
            if results.method(compared.before).kind == "checkpoint":
                pair = compared.axes[place]
                cells = (f"{cell(one.difference)}{_chance(one.p)}" for one in (pair.score, pair.effect))
                lines.append(f"| {compared.after} less {compared.before}, paired | {' | '.join(cells)} |")
    lines += ["", f"Plan `{results.plan_sha256}`, {results.device}, {results.precision}, {results.created}."]
    return "\n".join(lines) + "\n"


def _chance(p: float | None) -> str:
    return "" if p is None else f", p {p:.3f}"


def cell(mean: Mean) -> str:
    """`0.209 [0.15, 0.28], n 48/12`: value, interval, objects and shots."""
    if mean.value is None:
        return "–"
    interval = "" if mean.low is None or mean.high is None else f" [{mean.low:.2f}, {mean.high:.2f}]"
    return f"{mean.value:.3f}{interval}, n {mean.n}/{mean.clips}"
