"""The report page: one HTML file with everything in it, that asks nothing of the network and runs no script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import jinja2

from render.document import UserError, write_atomic
from render.manifest import Dataset
from render.screen import table

from ..media.overlay import Colour
from ..media.pictures import thumbnail
from ..running.records import predicted
from ..running.results import ClipScore, Comparison, Mean, MethodScore, Results
from .challenges import challenges
from .tables import clips_csv, markdown

CHECKPOINT_COLOURS: tuple[Colour, ...] = (
    (128, 140, 156),
    (38, 128, 235),
    (240, 96, 16),
    (22, 163, 108),
    (168, 85, 220),
)
"""In the order given; the last checkpoint always takes the orange one."""

OURS = {"report.html", "results.json", "predictions", "traces", "report.md", "clips.csv"}

STRIP_FRAMES = 6
STRIP_CLIPS = 10
WORST_FRAMES = 12
WORST_PER_CLIP = 2


def check_out(out: Path) -> None:
    """UserError unless `out` can be made, is empty, or holds an earlier report, whole or not (which is replaced)."""
    if not out.exists():
        return
    if not out.is_dir():
        raise UserError(f"{out}: is a file; give a folder for the report")
    if any(path.name not in OURS and path.suffix != ".tmp" for path in out.iterdir()):
        raise UserError(f"{out}: holds other files and no earlier report; choose an empty or new folder")


def write_report(results: Results, dataset: Dataset, out: Path) -> Path:
    """Write `report.html`, `report.md` and `clips.csv`; the masks lie in `out/predictions`. Returns the page's path."""
    page = out / "report.html"
    write_atomic(out / "clips.csv", clips_csv(results))
    write_atomic(out / "report.md", markdown(results, headline(results)))
    write_atomic(page, render(results, dataset, out / "predictions"))
    return page


def render(results: Results, dataset: Dataset, predictions: Path) -> str:
    """The page as HTML text."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "interval": interval, "signed": signed, "count": count}
    after = results.checkpoints[-1]
    pictures = _Pictures(results, dataset, predictions)
    shown = _clips_to_show(results)
    return environment.get_template("report.html.j2").render(
        results=results,
        after=after,
        colours=colours(results),
        headline=headline(results),
        nano=[method.name for method in results.checkpoints if method.model == "nano"],
        gains=_gain_rows(results),
        curves=[_curve(results, index) for index in shown],
        worst=pictures.worst(after),
        strips=[pictures.strip(index) for index in shown],
        hidden=len(after.clips) - len(shown),
        challenges=challenges(results),
        groups=_groups(results),
        strip_frames=STRIP_FRAMES,
        few=after.scores.jf.clips < 20,
    )


def colours(results: Results) -> dict[str, str]:
    """CSS colour of each method."""
    found = {method.name: "#a3a39b" for method in results.methods}
    return found | {name: f"#{bytes(colour).hex()}" for name, colour in _checkpoint_colours(results).items()}


def number(value: float | None, digits: int = 3) -> str:
    """`0.712`, or a dash for nothing."""
    return "–" if value is None else f"{value:.{digits}f}"


def signed(value: float | None, digits: int = 3) -> str:
    """`+0.071`, with a true minus sign."""
    return "–" if value is None else f"{value:+.{digits}f}".replace("-", "−")


def count(amount: int, what: str) -> str:
    """`1 clip`, `2 clips`."""
    return f"{amount} {what}{'' if amount == 1 else 's'}"


def interval(mean: Mean, digits: int = 2) -> str:
    """`0.61 to 0.79`; empty where there is no interval."""
    return "" if mean.low is None or mean.high is None else f"{mean.low:.{digits}f} to {mean.high:.{digits}f}"


def headline(results: Results) -> list[str]:
    """What was found, in sentences that claim no more than the intervals allow."""
    after = results.checkpoints[-1]
    jf = after.scores.jf
    units = f"{count(jf.n, 'object')} in {count(jf.clips, 'clip')}"
    if jf.value is None:
        return [f"No object of the {results.split} split was visible after its prompt: nothing to score."]
    between = f" (95 % interval {interval(jf, 3)})" if interval(jf) else ""
    sentences = [f"{after.name} reaches J&F {jf.value:.3f}{between} on {units} of the {results.split} split."]
    for comparison in results.comparisons:
        if results.method(comparison.before).kind == "checkpoint":
            sentences.append(_compared(comparison, comparison.difference, "all"))
    for comparison in results.comparisons:
        if comparison.before in ("copy-first", "colour-nearest") and comparison.moving.n:
            sentences.append(_compared(comparison, comparison.moving, "moving"))
    return sentences


def summary_table(results: Results) -> Any:
    """The summary as a rich table."""
    rows = []
    for method in results.methods:
        jf, moving = method.scores.jf, method.moving.jf
        shown = f"{number(jf.value)} [{interval(jf)}]" if interval(jf) else number(jf.value)
        scores = (number(method.scores.j.value), number(method.scores.f.value), number(moving.value))
        rows.append((method.name, shown, *scores, number(method.absent_area.value, 4)))
    after = results.checkpoints[-1]
    title = f"{results.dataset} · {results.split} · {count(after.scores.jf.n, 'object')}, {after.moving.jf.n} moving"
    return table(title, ("", "J&F [95 %]", "J", "F", "J&F moving", "area when absent"), rows)


def _compared(comparison: Comparison, difference: Mean, whom: Literal["all", "moving"]) -> str:
    objects = f"all {difference.n} objects" if whom == "all" else f"the {difference.n} moving objects"
    objects = f"the one {'object' if whom == 'all' else 'moving object'}" if difference.n == 1 else objects
    pair = f"{comparison.after} against {comparison.before} on {objects}"
    if difference.value is None or difference.low is None or difference.high is None:
        return f"{pair}: too few to tell ({signed(difference.value)} J&F)."
    figures = (
        f"{signed(difference.value)} J&F, 95 % interval {signed(difference.low, 2)} to {signed(difference.high, 2)}"
    )
    if difference.low > 0:
        return f"{pair}: better ({figures})."
    if difference.high < 0:
        return f"{pair}: worse ({figures})."
    return f"{pair}: no clear difference ({figures})."


def _checkpoint_colours(results: Results) -> dict[str, Colour]:
    names = [method.name for method in results.checkpoints]
    others = [colour for index, colour in enumerate(CHECKPOINT_COLOURS) if index != 2]
    found = {name: others[index % len(others)] for index, name in enumerate(names[:-1])}
    return found | {names[-1]: CHECKPOINT_COLOURS[2]}


def _clips_to_show(results: Results) -> list[int]:
    """Positions (in every method's `clips`) of what gets a filmstrip: the last checkpoint's worst, worst first."""
    after = results.checkpoints[-1].clips
    ranked = [2.0 if clip.jf is None else clip.jf for clip in after]
    order = sorted(range(len(after)), key=ranked.__getitem__)
    return order[:STRIP_CLIPS]


def _groups(results: Results) -> list[str]:
    """Filters of the table of clips: labels, and moving or not. A filter has a class of its own in the page."""
    return sorted({clip.label for clip in results.checkpoints[-1].clips})


@dataclass(frozen=True)
class GainRow:
    """One object in the before-after plot."""

    clip: ClipScore
    dots: tuple[tuple[str, str, float], ...]
    """(method, kind, J&F)."""
    start: float
    end: float


def _gain_rows(results: Results) -> list[GainRow]:
    """A row an object, sorted by the last checkpoint's gain over the one before it (or by its score)."""
    rows = []
    after, first = results.checkpoints[-1], results.checkpoints[-2:][0]
    for index, clip in enumerate(after.clips):
        dots = [
            (method.name, method.kind, value)
            for method in sorted(results.methods, key=lambda method: method.kind)  # checkpoints are drawn on top
            if method.name != "empty" and (value := method.clips[index].jf) is not None
        ]
        end, start = clip.jf, first.clips[index].jf
        if end is not None and start is not None:
            rows.append(GainRow(clip, tuple(dots), start, end))
    return sorted(rows, key=lambda row: (row.end - row.start, row.end), reverse=True)


WIDTH, HEIGHT = 240, 96


def _curve(results: Results, index: int) -> dict[str, Any]:
    """SVG paths of J over the frames of one object, and the spans where it is absent."""
    clip = results.checkpoints[-1].clips[index]
    step = WIDTH / max(clip.frames - 1, 1)
    lines = []
    for method in results.methods:
        if method.kind == "checkpoint" or method.name == "copy-first":
            lines.append((method.name, method.kind, _path(method.clips[index].j_frames, step)))
    absent = [
        round(max(frame - 0.5, 0) * step, 1)
        for frame in range(clip.prompted + 1, clip.frames)
        if clip.j_frames[frame] is None
    ]
    prompted = round(clip.prompted * step, 1)
    return {"clip": clip, "lines": lines, "absent": absent, "step": round(step, 2), "prompted": prompted}


def _path(values: Sequence[float | None], step: float) -> str:
    """An SVG path through the values, lifted where there is none."""
    parts, pen = [], "M"
    for frame, value in enumerate(values):
        if value is None:
            pen = "M"
            continue
        parts.append(f"{pen}{frame * step:.1f} {(1 - value) * HEIGHT:.1f}")
        if pen == "M":
            parts.append(f"L{frame * step + 0.1:.1f} {(1 - value) * HEIGHT:.1f}")  # a lone frame shows as a dot
        pen = "L"
    return "".join(parts)


class _Pictures:
    """Thumbnails of frames with the masks that the evaluation wrote."""

    def __init__(self, results: Results, dataset: Dataset, predictions: Path) -> None:
        self.results, self.dataset, self.predictions = results, dataset, predictions
        self.colours = _checkpoint_colours(results)

    def worst(self, method: MethodScore) -> list[dict[str, Any]]:
        """The frames with the lowest J, worst first, at most two an object."""
        scored = [(j, frame, clip) for clip in method.clips for frame, j in enumerate(clip.j_frames) if j is not None]
        taken: list[dict[str, Any]] = []
        for j, frame, clip in sorted(scored, key=lambda entry: entry[0]):
            if sum(entry["clip"] == clip for entry in taken) < WORST_PER_CLIP and len(taken) < WORST_FRAMES:
                taken.append({"clip": clip, "frame": frame, "j": j, "image": self._one(method, clip, frame)})
        return taken

    def strip(self, index: int) -> dict[str, Any]:
        """A filmstrip of one object: a row a checkpoint, the same evenly spaced frames in each, from the prompt on."""
        clip = self.results.checkpoints[-1].clips[index]
        count = min(STRIP_FRAMES, clip.frames - clip.prompted)
        span = clip.frames - 1 - clip.prompted
        frames = [clip.prompted + round(span * place / max(count - 1, 1)) for place in range(count)]
        rows = []
        for method in self.results.checkpoints:
            cells = []
            for frame in frames:
                j = method.clips[index].j_frames[frame]
                note = "prompt" if frame == clip.prompted else "absent" if j is None else f"J {j:.2f}"
                cells.append({"image": self._one(method, clip, frame), "frame": frame, "note": note})
            rows.append({"method": method.name, "jf": method.clips[index].jf, "cells": cells})
        return {"clip": clip, "rows": rows}

    def _one(self, method: MethodScore, clip: ClipScore, frame: int) -> str:
        truth = self.dataset.mask(clip.clip, frame, clip.object_id)
        found = predicted(self.predictions, method.name, clip.clip, frame, clip.object_id)
        return thumbnail(self.dataset.rgb(clip.clip, frame), truth, found, self.colours[method.name])
