"""Is this dataset the published benchmark: the same plan, and the same pictures or as good as the same.

`python -m evaluate.benchmarks.published DATASET` says so. Renders differ in their last bits from one kind of processor
to the next, so a dataset of the published plan whose shards are others is compared label by label: of every object in
every clip the means of four measures must lie within TOLERANCE.

`--write` is for those who publish: it puts a dataset into `bench-v1.json` in place of what is published there, runs
baselines and nanos on it, tries the axes, and writes its page into `docs/`. Of a folder that is planned and not
rendered it publishes the plan alone.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Literal

import numpy as np

from render.document import Document, UserError, write_atomic
from render.manifest import Dataset
from render.screen import progress

FILE = Path(__file__).with_name("bench-v1.json")
DOCS = Path(__file__).parents[2] / "docs"
MEASURES = ("amodal_area", "coverage_sum", "occlusion", "veil_mean")
TOLERANCE = {
    "amodal_area": (0.01, 2.0),
    "coverage_sum": (0.03, 4.0),
    "occlusion": (0.0, 0.02),
    "veil_mean": (0.0, 0.02),
}
"""Of each measure's mean over a clip's frames: a share of the published value, and so much beside it."""

Standing = Literal["identical", "equivalent", "different", "unknown"]


class Tier(Document):
    """One tier. `shards` and `labels` are of the published render; both are empty where none is published yet.

    plan_sha256: of the whole plan, artists' files included; empty where it is not published. layout_sha256: of its
    first `layout_clips` clips with the files' digests left out: all that recipe and planner decide. labels: by
    `clip/object` the means of MEASURES over the frames, 0 where a measure is not defined.
    """

    plan_sha256: str
    clips: int
    layout_sha256: str = ""
    layout_clips: int = 0
    rendered_by: str = ""
    shards: dict[str, str] = {}
    labels: dict[str, tuple[float, float, float, float]] = {}


class Published(Document):
    """`bench-v1.json`."""

    tiers: dict[str, Tier]

    @classmethod
    def read(cls) -> Published:
        return cls.read_json(FILE)


def tier_of(dataset: Dataset) -> Tier:
    """What would be published of a whole dataset."""
    manifest = dataset.manifest
    if len(manifest.clips) != manifest.plan.clips:
        raise UserError(
            f"{dataset.folder}: {len(manifest.clips)} of {manifest.plan.clips} clips; render the rest first"
        )
    return Tier(
        plan_sha256=manifest.plan.sha256,
        clips=manifest.plan.clips,
        rendered_by=f"{manifest.generator}, {manifest.blender}",
        shards={shard.name: shard.tar.sha256 for shard in manifest.shards},
        labels={f"{clip}/{i}": _means(dataset, clip, i) for clip in dataset.clips() for i in dataset.objects(clip)},
    )


def standing(dataset: Dataset) -> tuple[Standing, str]:
    """How a dataset stands to the published benchmark of its recipe's name, and a sentence that says so."""
    name = dataset.manifest.recipe.name
    known = Published.read().tiers.get(name)
    if known is None:
        return "unknown", f"{name} is no published benchmark."
    if not known.shards:
        return "unknown", f"No render of {name} is published to compare with."
    if dataset.manifest.plan.sha256 != known.plan_sha256:
        return "different", f"The plan is not that of {name}: other clips, another number of them, or other assets."
    if {shard.name: shard.tar.sha256 for shard in dataset.manifest.shards} == known.shards:
        return "identical", f"This is {name}, bit for bit."
    off = differences(tier_of(dataset), known)
    if off:
        return "different", f"The plan is that of {name}, the labels are not: {off[0]} ({len(off)} in all)."
    return "equivalent", f"This is {name}, rendered anew: every object's labels lie within the tolerance."


def layout_digest(lines: str) -> str:
    """SHA-256 of a plan's lines without the digests of artists' files."""
    return hashlib.sha256(re.sub(r'"[0-9a-f]{64}"', '""', lines).encode()).hexdigest()


def differences(found: Tier, known: Tier) -> list[str]:
    """Objects and measures beyond the tolerance, as words."""
    if set(found.labels) != set(known.labels):
        return ["it has other clips or objects"]
    return [
        f"{key} {measure} {a:.3f}, {b:.3f} expected"
        for key in known.labels
        for measure, a, b in zip(MEASURES, found.labels[key], known.labels[key], strict=True)
        if abs(a - b) > TOLERANCE[measure][0] * abs(b) + TOLERANCE[measure][1]
    ]


def _means(dataset: Dataset, clip: str, object_id: int) -> tuple[float, float, float, float]:
    attributes = dataset.attributes(clip, object_id)
    means = []
    for measure in MEASURES:
        values = np.asarray(attributes[measure], np.float64)
        known = values[np.isfinite(values)]
        means.append(round(float(known.mean()), 4) if known.size else 0.0)
    return means[0], means[1], means[2], means[3]


def publish_plan(folder: Path) -> str:
    """Put the plan of a folder that `heroprop plan` filled, and nothing else of it, into `bench-v1.json`; its name."""
    name = str(json.loads((folder / "plan.json").read_text(encoding="utf-8"))["recipe_name"])
    held = Published.read().tiers.get(name)
    lines = (folder / "plan.jsonl").read_text(encoding="utf-8")
    clips = max(lines.count("\n"), held.clips if held else 0)
    _put(name, Tier(plan_sha256="", clips=clips), folder)
    return name


def publish_render(folder: Path, docs: Path, work: Path, workers: int) -> Path:
    """Put a rendered tier into `bench-v1.json` and its page into `docs`; returns the page."""
    from .page import publish

    dataset = Dataset.open(folder)
    tier = tier_of(dataset)
    _put(dataset.manifest.recipe.name, tier, folder)
    shards = ", ".join(f"{name} `{digest}`" for name, digest in tier.shards.items())
    size = sum(shard.tar.bytes for shard in dataset.manifest.shards) / 1e6
    facts = [
        f"{tier.clips} clips, rendered by {tier.rendered_by}; {size:.1f} MB",
        f"plan `{tier.plan_sha256}`",
        f"shards: {shards}",
        "another render counts as the same where every object's means lie within "
        + ", ".join(f"{name} {share:.0%} + {more:g}" for name, (share, more) in TOLERANCE.items()),
    ]
    with progress() as bar:
        task = bar.add_task("evaluate", total=None, status="")
        return publish(
            dataset,
            docs,
            work,
            facts,
            workers,
            lambda what, done, total: bar.update(task, completed=done, total=total, status=what),
        )


def _put(name: str, tier: Tier, folder: Path) -> None:
    lines = (folder / "plan.jsonl").read_text(encoding="utf-8")
    layout = {"layout_sha256": layout_digest(lines), "layout_clips": lines.count("\n")}
    tiers = Published.read().tiers | {name: tier.model_copy(update=layout)}
    write_atomic(FILE, Published(tiers=tiers).model_dump_json(indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare a dataset with the published benchmark.")
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--write", action="store_true", help="publish this dataset in place of what is there")
    parser.add_argument("--docs", type=Path, default=DOCS, help="write: where the page goes")
    parser.add_argument("--work", type=Path, help="write: where the evaluation is kept; default: DATASET-evaluated")
    parser.add_argument("--workers", type=int, default=1, help="write: processes that evaluate")
    told = parser.parse_args()
    try:
        if told.write and not (told.dataset / "manifest.json").exists() and (told.dataset / "plan.json").exists():
            print(f"The plan of {publish_plan(told.dataset)} is published, without a render.")
            return
        if told.write:
            work = told.work or told.dataset.with_name(f"{told.dataset.name}-evaluated")
            print(f"page: {publish_render(told.dataset, told.docs, work, told.workers)}")
        how, sentence = standing(Dataset.open(told.dataset))
    except UserError as error:
        sys.exit(f"error: {error}")
    print(sentence)
    sys.exit(0 if how in ("identical", "equivalent") else 1)


if __name__ == "__main__":
    main()
