"""The confidence timeline: a self-contained page of how sure the model was of each object, and what to check."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jinja2

from ..media.overlay import object_colour
from .table import Row

WIDTH, HEIGHT = 960, 120


def timeline(title: str, rows: Sequence[Row], cuts: Sequence[int]) -> str:
    """HTML with no outside parts: curves of score and area by frame, cuts as lines, and a list of frames to check."""
    frames = sorted({row["frame"] for row in rows}) or [0]
    first, span = frames[0], max(frames[-1] - frames[0], 1)

    def x(frame: int) -> float:
        return round((frame - first) / span * WIDTH, 2)

    lanes = []
    for object_id in sorted({row["object"] for row in rows}):
        own = sorted((row for row in rows if row["object"] == object_id), key=lambda row: row["frame"])
        largest = max(row["area"] for row in own) or 1
        lanes.append(
            {
                "object": object_id,
                "colour": "#{:02x}{:02x}{:02x}".format(*object_colour(object_id)),
                "score": " ".join(f"{x(row['frame'])},{_y(row['score'])}" for row in own),
                "area": " ".join(f"{x(row['frame'])},{_y(row['area'] / largest)}" for row in own),
                "checks": [{"x": x(row["frame"]), **row} for row in own if row["check"]],
                "rows": [[row["frame"], row["score"], row["area"], row["check"]] for row in own],
                "largest": largest,
            }
        )
    checks = sorted((row for row in rows if row["check"]), key=lambda row: (row["frame"], row["object"]))
    shown: dict[str, Any] = {
        "title": title,
        "lanes": lanes,
        "cuts": [{"x": x(cut), "frame": cut} for cut in cuts],
        "checks": checks,
        "first": first,
        "last": first + span,
        "count": len(frames),
        "width": WIDTH,
        "height": HEIGHT,
    }
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("evaluate", "delivery"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template("timeline.html").render(shown)


def _y(share: float) -> float:
    return round((1 - share) * HEIGHT, 2)
