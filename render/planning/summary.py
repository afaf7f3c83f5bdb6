"""What is in a plan, before anything is rendered: how often each kind of thing occurs, and the spreads predicted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from ..asset import Library
from ..document import Document
from ..motion import rates_of_turn
from ..spec import ClipSpec, Extra, Still, Target
from .camera.shot import diameter
from .camera.speed import passage
from .predict import Predicted, predicted

SHARES = (0.1, 0.25, 0.5, 0.75, 0.9)
MOST = 200
"""Spreads are predicted for at most so many clips, spread evenly over the plan."""


class Spread(Document):
    """Quantiles, at `SHARES`, of one value a target and clip; `count` values were there to take them from."""

    count: int
    quantiles: tuple[float, ...]


class Summary(Document):
    """Counts by kind, and spreads over targets. `predicted_clips`: how many clips the spreads are from."""

    clips: int
    predicted_clips: int
    counts: dict[str, dict[str, int]]
    spreads: dict[str, Spread]


COUNTS: dict[str, Callable[[ClipSpec], Iterable[str]]] = {
    "split": lambda spec: [spec.split],
    "prop": lambda spec: [target.asset for target in spec.targets],
    "motion": lambda spec: [target.motion for target in spec.targets],
    "camera": lambda spec: [spec.camera.move],
    "set": lambda spec: [spec.stage.set],
    "time of day": lambda spec: [spec.stage.time_of_day],
    "targets": lambda spec: [str(len(spec.targets))],
    "effects": lambda spec: sorted({effect.kind for effect in spec.effects}) or ["none"],
    "occluders": lambda spec: sorted({_hides(e) for e in spec.extras if _role(e) == "occluder"}) or ["none"],
    "extras": lambda spec: sorted({_role(extra) for extra in spec.extras}) or ["none"],
    "lens": lambda spec: _lens(spec) or ["plain"],
    "twins": lambda spec: [] if spec.twin_factor is None else [spec.twin_factor],
}
"""What is counted, each once a clip (props and motions: once a target)."""


def summarise(specs: Sequence[ClipSpec], library: Library) -> Summary:
    """Count a plan's kinds, and predict spreads by geometry alone."""
    step = max(len(specs) / MOST, 1.0)
    some = [specs[int(i * step)] for i in range(min(len(specs), MOST))]
    values: dict[str, list[float]] = {}
    for spec in some:
        seen = predicted(spec, library)
        for target in spec.targets:
            for name, value in _values(spec, target, seen[target.object_id], library).items():
                values.setdefault(name, []).append(value)
    counts = {title: Counter(kind for spec in specs for kind in kinds(spec)) for title, kinds in COUNTS.items()}
    return Summary(
        clips=len(specs),
        predicted_clips=len(some),
        counts={title: dict(found.most_common()) for title, found in counts.items() if found},
        spreads={name: _spread(found) for name, found in values.items() if any(np.isfinite(found))},
    )


def _values(spec: ClipSpec, target: Target, seen: Predicted, library: Library) -> dict[str, float]:
    """One value each of a target in a clip; nan where there is none."""
    way = passage(target.curve, spec.camera, spec.film, diameter(library.get(target.asset)) * target.scale)
    speed, open_share = way.typical(), spec.film.shutter_degrees / 360
    turns = float(np.median(rates_of_turn(target.spin, seen.times))) / (2 * np.pi) / spec.film.fps
    area, episode = seen.area[seen.in_frame], seen.episode
    frame = spec.film.width * spec.film.height
    return {
        "speed (diameters a frame)": speed,
        "speed (px a frame)": way.typical(in_px=True),
        "blur (diameters)": speed * open_share,
        "spin (turns a frame)": turns,
        "area (share of the frame)": float(np.median(area)) / frame if area.size else np.nan,
        "largest to smallest diameter": float(np.sqrt(np.quantile(area, 0.98) / np.quantile(area, 0.02)))
        if area.size
        else np.nan,
        "in the frame (share of the clip)": float(seen.in_frame.mean()),
        "hidden at most (share of the target)": episode.peak,
        "hidden for (s), where it is": episode.seconds if episode.peak >= 0.1 else np.nan,
    }


def _spread(values: Sequence[float]) -> Spread:
    known = np.asarray([value for value in values if np.isfinite(value)])
    return Spread(count=len(known), quantiles=tuple(round(float(q), 4) for q in np.quantile(known, SHARES)))


def tables(summary: Summary) -> list[tuple[str, list[str], list[tuple[str, ...]]]]:
    """The summary as plain tables: title, columns, rows."""
    kinds = [(title, _listed(found)) for title, found in summary.counts.items()]
    title = f"what is in {summary.clips} clip{'' if summary.clips == 1 else 's'}"
    spreads = [(name, *(f"{value:.3g}" for value in spread.quantiles)) for name, spread in summary.spreads.items()]
    of = "all clips" if summary.predicted_clips == summary.clips else f"{summary.predicted_clips} of the clips"
    columns = ["value", *(f"{share:.0%}" for share in SHARES)]
    return [
        (title, ["", "how often"], [(name, listed) for name, listed in kinds]),
        (f"predicted for the targets of {of}: below these lie", columns, spreads),
    ]


def _listed(found: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in found.items())


def _role(extra: Extra) -> str:
    return "holder" if extra.holds is not None else str(extra.role)


def _hides(extra: Extra) -> str:
    """The kind of a thing that hides a target, as `occlusion.kind` names it."""
    if extra.action is not None:
        return "figure"
    return "static" if isinstance(extra.curve, Still) else "moving"


def _lens(spec: ClipSpec) -> list[str]:
    lens, film = spec.camera.lens, spec.film
    there = {
        "depth of field": lens.f_stop is not None,
        "distortion": bool(lens.k1 or lens.k2),
        "rolling shutter": film.readout > 0,
        "zoom": bool(spec.camera.zoom),
    }
    return [name for name, present in there.items() if present]
