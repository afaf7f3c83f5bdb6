"""Selections: a view of a dataset with some of its clips, or with other splits. No shard is touched or copied.

`DATASET/views/NAME.json` stands wherever a dataset's folder may: `heroprop train --data DATASET/views/hard.json`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..document import UserError, nearest, write_atomic
from ..frames.measure import COLUMNS
from ..manifest import VIEWS, Dataset, View
from ..storage import Remote
from .where import Where

FACTS = (
    "split",
    "clip",
    "frames",
    "label",
    "asset",
    "finish",
    "motion",
    "set",
    "hdri",
    "time_of_day",
    "move",
    "targets",
)
"""What is known of a clip (or a target) as a whole, beside the measured columns."""
HOLDABLE = ("asset", "finish", "motion", "set", "hdri", "time_of_day", "move", "label")
SPEC_FACTS = set(FACTS) - {"split", "clip", "frames", "label", "targets"}


@dataclass(frozen=True)
class Selected:
    """The view's file, and by split how many clips it has."""

    path: Path | Remote
    clips: dict[str, int]


def select(
    dataset: Path | str,
    name: str,
    where: str | None = None,
    least_frames: int = 1,
    hold_out: Iterable[str] = (),
    on_clip: Callable[[], None] = lambda: None,
) -> Selected:
    """Write a view of `dataset`, which may itself be a view, or a URL (then the view is written there, beside it).

    `where`: only clips in which some target meets the condition in at least `least_frames` frames. `hold_out`: each
    `fact=value` (or `fact=a,b`) splits anew: clips that show such a value are the test split, all others are divided as
    they were, test clips among them going to training. UserError for a bad name or condition, and for nothing selected.
    """
    data = Dataset.open(dataset)
    if not name or not all(letter.isalnum() or letter in "-_" for letter in name):
        raise UserError(f"--name: '{name}' is no name; use letters, digits, - and _")
    condition = Where(where, [*COLUMNS, *FACTS]) if where else None
    held = _held(hold_out)
    splits: dict[str, list[str]] = {"train": [], "val": [], "test": []}
    with_spec = bool(held) or bool(condition and condition.used & SPEC_FACTS)
    for split, clips in data.manifest.splits.items():
        for clip in data.with_records(clips) if with_spec else clips:
            on_clip()
            facts = _facts(data, clip, split, with_spec)
            if condition is None or _hits(data, clip, condition, facts) >= least_frames:
                splits[_split(split, facts, held)].append(clip)
    chosen = {split: tuple(sorted(clips)) for split, clips in splits.items()}
    if not any(chosen.values()):
        raise UserError(f"{dataset}: no clip meets '{where}'; 'heroprop info' shows the ranges that there are")
    view = View(plan=data.manifest.plan, where=where, hold_out=tuple(hold_out), splits=chosen)
    text, path = view.model_dump_json(indent=1) + "\n", data.folder / VIEWS / f"{name}.json"
    if isinstance(path, Path):
        write_atomic(path, text)
    else:
        path.parent.write(path.name, iter([text.encode()]))
    return Selected(path, {split: len(clips) for split, clips in chosen.items()})


def _held(asked: Iterable[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for one in asked:
        fact, equals, values = one.partition("=")
        if not equals or not values:
            raise UserError(f"--hold-out: '{one}': write e.g. set=desert-ruin or finish=gilded,worn")
        if fact not in HOLDABLE:
            raise UserError(f"--hold-out: no fact '{fact}'{nearest(fact, list(HOLDABLE))}")
        found.setdefault(fact, set()).update(values.split(","))
    return found


def _split(split: str, facts: dict[str, Any], held: dict[str, set[str]]) -> str:
    if not held:
        return split
    if any(value & set(facts["all"][fact]) for fact, value in held.items()):
        return "test"
    return "val" if split == "val" else "train"


def _facts(data: Dataset, clip: str, split: str, with_spec: bool) -> dict[str, Any]:
    """Facts of a clip: one value each; those of targets by object id; and under `all`, every value that occurs."""
    entry = data.manifest.clips[clip]
    facts: dict[str, Any] = {"split": split, "clip": clip, "frames": entry.frames, "targets": len(entry.labels)}
    by_target: dict[int, dict[str, str]] = {i: {"label": label} for i, label in entry.labels.items()}
    occurs: dict[str, list[str]] = {"label": list(entry.labels.values())}
    if with_spec:  # reading a clip's record costs a file access
        spec = data.spec(clip)
        if spec.get("kind") == "real":  # nothing of it was planned
            unknown: dict[str, Any] = dict.fromkeys(SPEC_FACTS, "")
            occurs |= {fact: [] for fact in SPEC_FACTS}
            return facts | unknown | {"targets_by_id": by_target, "all": occurs}
        stage = spec["stage"]
        for key in ("set", "hdri", "time_of_day"):
            facts[key] = stage[key]
            occurs[key] = [stage[key]]
        facts["move"] = spec["camera"]["move"]
        occurs["move"] = [facts["move"]]
        for target in spec["targets"]:
            for key in ("asset", "finish", "motion"):
                by_target[target["object_id"]][key] = target[key]
                occurs.setdefault(key, []).append(target[key])
    return facts | {"targets_by_id": by_target, "all": occurs}


def _hits(data: Dataset, clip: str, condition: Where, facts: dict[str, Any]) -> int:
    """In how many frames of the clip the condition holds for some target."""
    frames = int(facts["frames"])
    met = np.zeros(frames, np.bool_)
    for object_id, own in facts["targets_by_id"].items():
        values = {**facts, **own}
        if condition.used - set(values):
            values |= data.attributes(clip, object_id)
        values["frame"], values["object_id"] = np.arange(frames), object_id
        met |= condition(values, frames)
    return int(met.sum())
