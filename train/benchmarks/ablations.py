"""What each way of training is worth on held-out clips: `python -m train.benchmarks.ablations DATASET --out FOLDER`.

The same recipe with one thing changed, from the same weights and for as many steps, once a seed. The weights after the
last step are judged, so that no arm gains by being chosen on validation, on every clip of the splits `val` and `test`,
tracked from its first mask. Arms are compared clip by clip (the mean over seeds), with intervals that resample clips. A
command that was interrupted goes on where it was.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from evaluate.running.statistics import Mean, mean
from render import screen
from render.document import UserError, write_atomic
from render.manifest import Dataset

from ..config import TrainConfig, read_config
from ..data.augment.dial import can_dial
from ..data.held_out import HeldOut, held_out
from ..loop import train
from ..models import resolve
from ..validation.score import measure
from ..validation.track import track_all

REFERENCE = "reference"
"""The arm that the others are compared with: the recipe as it is."""

Changes = Mapping[str, Any]

ARMS: dict[str, Changes] = {
    REFERENCE: {},
    "soft coverage as the target": {"loss": {"target": "coverage"}},
    "half of the windows hard": {"data": {"hard": 0.5}},
    "curriculum: easier windows first": {"stages": ({"data": {"difficulty": 0.5}}, {})},
    "without twins": {"data": {"twins": False}},
    "effects dialled": {"data": {"dial": 0.5}},
}
"""What differs from the recipe; `stages` share out its steps evenly."""


@dataclass(frozen=True)
class Row:
    """An arm: held-out J&F, and how far above the start and the reference it is, clip by clip."""

    arm: str
    jf: Mean
    over_start: Mean
    over_reference: Mean


def serves(arm: str, data: Dataset) -> bool:
    """Whether the dataset holds what the arm is about."""
    learned = data.clips("train")
    if arm == "without twins":
        return any(data.manifest.clips[clip].twin_of is not None for clip in learned)
    return arm != "effects dialled" or any(can_dial(data, clip) for clip in learned)


def changed(recipe: TrainConfig, changes: Changes, steps: int, seed: int) -> TrainConfig:
    """The recipe with an arm's changes, `steps` steps and a seed; validated at its start and its end alone."""
    document = recipe.model_dump(mode="json", exclude_none=True)
    for table, values in changes.items():
        if table != "stages":
            document[table] |= values
    parts = [
        {"name": f"part-{n + 1}", "steps": steps * (n + 1) // len(listed) - steps * n // len(listed), **values}
        for listed in [changes.get("stages", ())]
        for n, values in enumerate(listed)
    ]
    for key in ("steps", "epochs", "stages"):
        document.pop(key, None)
    document |= {"stages": parts} if parts else {"steps": steps}
    document["optimiser"]["warmup"] = min(recipe.optimiser.warmup, steps - 1)
    document["validation"] |= {"every": steps, "clips": 1, "frames": 2, "worst": 0}
    return TrainConfig.parse(document | {"seed": seed, "save_every": max(steps // 3, 1)}, "ablation")


def clips_of(data: Dataset) -> list[HeldOut]:
    """Every object of the splits that nothing is learned from; of a clip and its twins, the clip's alone."""
    found = [clip for split in ("val", "test") if data.clips(split) for clip in held_out(data, split, 10**6, 10**6)]
    return [clip for clip in found if data.manifest.clips[clip.name.partition("/")[0]].twin_of is None]


def judged(model: str, checkpoint: str, clips: Sequence[HeldOut], into: Path) -> dict[str, float]:
    """J&F of each clip by its name, worked out once."""
    if not into.is_file():
        answers = track_all(model, resolve(checkpoint, model).state, clips, "cpu")
        found = {
            clip.name: float(np.mean(measure(answer, clip)[:2])) for clip, answer in zip(clips, answers, strict=True)
        }
        write_atomic(into, json.dumps(found, indent=2))
    known: dict[str, float] = json.loads(into.read_text(encoding="utf-8"))
    if known.keys() != {clip.name for clip in clips}:
        raise UserError(f"{into}: is of other clips; give another folder")
    return known


def compare(start: Mapping[str, float], found: Mapping[str, Sequence[Mapping[str, float]]]) -> list[Row]:
    """A row an arm. `start`: J&F of each clip (`clip-000001/2`); `found`: the same after training, one a seed."""
    clusters = [name.partition("/")[0] for name in start]
    scores = {arm: [float(np.mean([seed[name] for seed in seeds])) for name in start] for arm, seeds in found.items()}

    def over(arm: str, other: Sequence[float]) -> Mean:
        return mean([one - two for one, two in zip(scores[arm], other, strict=True)], clusters)

    before = list(start.values())
    return [Row(arm, mean(scores[arm], clusters), over(arm, before), over(arm, scores[REFERENCE])) for arm in scores]


def run(
    folder: Path, out: Path, recipe: TrainConfig, arms: Sequence[str], steps: int, seeds: Sequence[int]
) -> tuple[dict[str, float], list[Row]]:
    """Train and judge what is not done yet; the start's J&F by clip, and the table."""
    data = Dataset.open(folder)
    clips = clips_of(data)
    out.mkdir(parents=True, exist_ok=True)
    start = judged(recipe.model.name, recipe.model.start, clips, out / "start.json")
    found: dict[str, list[dict[str, float]]] = {arm: [] for arm in arms}
    for seed in seeds:  # a seed of every arm before the next, so that what is there early can be compared
        for arm in arms:
            place = out / f"{arm.replace(':', '').replace(' ', '-')}-{seed}"
            config = changed(recipe, ARMS[arm], steps, seed)
            if not train(config, folder, place, resume=(place / "resume.pt").is_file()).finished:
                raise UserError(f"{place}: interrupted; the same command goes on with it")
            last = str(place / "last.safetensors")
            found[arm].append(judged(config.model.name, last, clips, place / "judged.json"))
    return start, compare(start, found)


def in_words(found: Mean) -> str:
    """A mean and its interval."""
    return f"{found.value:.3f}" + ("" if found.low is None else f" [{found.low:.3f}, {found.high:.3f}]")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--recipe", type=Path, default=Path("nano-demo"))
    parser.add_argument("--arms", nargs="+", choices=list(ARMS), default=list(ARMS))
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    data = Dataset.open(asked.dataset)
    arms = [arm for arm in dict.fromkeys([REFERENCE, *asked.arms]) if serves(arm, data)]
    for arm in set(asked.arms) - set(arms):
        screen.notes.print(f"left out: {arm} ({asked.dataset} holds nothing of the kind)")
    start, rows = run(asked.dataset, asked.out, read_config(asked.recipe), arms, asked.steps, asked.seeds)
    before = mean(list(start.values()), [name.partition("/")[0] for name in start])
    lines = [("start", in_words(before), "", "")] + [
        (row.arm, in_words(row.jf), in_words(row.over_start), in_words(row.over_reference)) for row in rows
    ]
    title = f"{asked.recipe}, {asked.steps} steps, {len(asked.seeds)} seeds, {len(start)} held-out objects"
    shown = screen.table(title, ["arm", "J&F", "over the start", "over the reference"], lines)
    told = [
        {"arm": row.arm, **{key: getattr(row, key).model_dump() for key in ("jf", "over_start", "over_reference")}}
        for row in rows
    ]
    about = {"start": before.model_dump(), "seeds": asked.seeds, "steps": asked.steps}
    screen.show({**about, "arms": told}, shown, asked.json)


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        raise SystemExit(f"error: {error}") from None
