"""The end of a study: one page that says what tuning brought on the benchmark and what it cost elsewhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from render.document import UserError, write_atomic
from render.manifest import Dataset

from ..benchmarks.published import standing
from ..report.page import headline, interval, number, signed
from ..running.results import Comparison, Mean, Results
from .outline import Places, Settings


@dataclass(frozen=True)
class Row:
    """A dataset in the tables: base, tuned, and the paired difference (`comparison`)."""

    place: str
    report: str
    results: Results
    comparison: Comparison

    @property
    def verdict(self) -> str:
        return verdict(self.comparison.difference)


def verdict(difference: Mean) -> str:
    """What a paired difference allows to be said."""
    if difference.low is None or difference.high is None:
        return "too few to tell"
    return "better" if difference.low > 0 else "worse" if difference.high < 0 else "no clear difference"


def conclude(settings: Settings, at: Places, base: Mapping[str, Any], took: Mapping[str, float]) -> None:
    """Write `study.html` and `conclusion.json` from the evaluations' results. `took`: seconds by step."""
    rows = [_row(place, at, place_number) for place_number, place in enumerate((at.bench, *settings.real))]
    bench, real = rows[0], rows[1:]
    told = {
        "settings": settings.model_dump(mode="json"),
        "base": dict(base),
        "tuned": {"sha256": bench.results.checkpoints[-1].sha256, "file": at.exported.name},
        "bench": _told(bench),
        "real": [_told(row) for row in real],
        "seconds": dict(took),
    }
    write_atomic(at.out / "conclusion.json", json.dumps(told, indent=1) + "\n")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "interval": interval, "signed": signed, "verdict": verdict}
    page = environment.get_template("study.html.j2").render(
        settings=settings,
        base=base,
        bench=bench,
        real=real,
        headline=headline(bench.results),
        standing=standing(Dataset.open(at.bench))[1],
        exported=at.exported.name,
        took=took,
    )
    write_atomic(at.out / "study.html", page)


def _row(place: str, at: Places, place_number: int) -> Row:
    folder = at.report(place_number)
    results = Results.read_json(folder / "results.json")
    if len(results.checkpoints) != 2:
        raise UserError(f"{folder}: holds no evaluation of base and tuned; remove {at.out / 'steps'} and run it again")
    before = results.checkpoints[0].name
    comparison = next(one for one in results.comparisons if one.before == before)
    return Row(place, f"{folder.relative_to(at.out)}/report.html", results, comparison)


def _told(row: Row) -> dict[str, Any]:
    before, after = row.results.checkpoints
    return {
        "dataset": row.place,
        "split": row.results.split,
        "plan_sha256": row.results.plan_sha256,
        "before": before.scores.jf.model_dump(mode="json"),
        "after": after.scores.jf.model_dump(mode="json"),
        "difference": row.comparison.difference.model_dump(mode="json"),
        "p": row.comparison.p,
        "verdict": row.verdict,
        "axes": [axis.model_dump(mode="json") for axis in row.comparison.axes],
    }
