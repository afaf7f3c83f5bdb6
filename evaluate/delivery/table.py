"""The table of a tracked clip: where each object is, where it was expected, and what makes a frame worth a look."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from ..tracking.motion import Motion
from ..tracking.prompt import Tracked

COLUMNS = (
    *("frame", "object", "area", "centroid_x", "centroid_y", "x0", "y0", "x1", "y1", "score"),
    *("predicted_x", "predicted_y", "check"),
)
"""Of track.csv. Areas and places in pixels from the top left, x1 and y1 exclusive, empty where there is no mask; score
is the model's belief that the object is in the picture, 0..1; predicted is the centre of its box as its motion so far
has it; check names what to look at (see `Watch`), several with a space between."""

UNSURE = 0.5
CHANGED = 2.0

Row = dict[str, Any]


class Watch:
    """Makes the rows of one object, frame by frame in the order of tracking, and says which ones to check.

    - `lost`: the mask is empty, and was not on the frame before
    - `unsure`: there is a mask, but the model gives the object less than 0.5
    - `jump`: its box is not where its motion leads
    - `size`: its area is twice or half what it was over the last five frames, or beyond
    - `cut`: a scene cut lies before this frame (after it, where tracking goes backwards)
    """

    def __init__(self) -> None:
        self._motion = Motion()
        self._areas: list[int] = []

    def see(self, tracked: Tracked, object_id: int) -> Row:
        """The row of one object on one frame."""
        row = measure(tracked, object_id)
        mask = tracked.logits[object_id] > 0
        expected = self._motion.predicted()
        if expected is not None:
            row |= {"predicted_x": round(float(expected[0]), 2), "predicted_y": round(float(expected[1]), 2)}
        agrees = self._motion.see(mask)
        area, before = row["area"], self._areas[-1] if self._areas else 0
        usual = float(np.median([one for one in self._areas if one] or [0]))
        checks = {
            "lost": area == 0 and before > 0,
            "unsure": area > 0 and row["score"] < UNSURE,
            "jump": area > 0 and expected is not None and not agrees,
            "size": area > 0 and usual > 0 and not usual / CHANGED < area < usual * CHANGED,
            "cut": tracked.cut,
        }
        row["check"] = " ".join(name for name, found in checks.items() if found)
        self._areas = [*self._areas[-4:], area]
        return row


def measure(tracked: Tracked, object_id: int) -> Row:
    """What can be read off one mask: a row with nothing predicted and nothing to check."""
    mask = tracked.logits[object_id] > 0
    row: Row = dict.fromkeys(COLUMNS, "")
    row |= {"frame": tracked.index, "object": object_id, "area": int(mask.sum())}
    row["score"] = round(tracked.scores[object_id], 4)
    ys, xs = np.nonzero(mask)
    if len(xs):
        row |= {"centroid_x": round(float(xs.mean()) + 0.5, 2), "centroid_y": round(float(ys.mean()) + 0.5, 2)}
        row |= {"x0": int(xs.min()), "y0": int(ys.min()), "x1": int(xs.max()) + 1, "y1": int(ys.max()) + 1}
    return row


def write_table(path: Path, rows: list[Row]) -> None:
    """CSV, in the order of frames and objects."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(sorted(rows, key=lambda row: (row["frame"], row["object"])))
