"""Is this dataset the published benchmark: the same plan, and the same pictures or as good as the same.

`python -m evaluate.benchmarks.published DATASET` says so. Renders differ in their last bits from one kind of processor
to the next, so a dataset of the published plan whose shards are others is compared label by label: of every object in
every clip the means of four measures must lie within TOLERANCE. `--write` puts a dataset into `bench-v1.json` in place
of what is published there; that is for those who publish.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
from pathlib import Path
from typing import Literal

import numpy as np

from render.document import Document, UserError, write_atomic
from render.manifest import Dataset

FILE = Path(__file__).with_name("bench-v1.json")
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


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare a dataset with the published benchmark.")
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--write", action="store_true", help="publish this dataset in place of what is there")
    told = parser.parse_args()
    try:
        dataset = Dataset.open(told.dataset)
        if told.write:
            name, known = dataset.manifest.recipe.name, Published.read().tiers
            lines = (told.dataset / "plan.jsonl").read_text(encoding="utf-8")
            layout = {"layout_sha256": layout_digest(lines), "layout_clips": lines.count("\n")}
            tiers = known | {name: tier_of(dataset).model_copy(update=layout)}
            write_atomic(FILE, Published(tiers=tiers).model_dump_json(indent=1) + "\n")
        how, sentence = standing(dataset)
    except UserError as error:
        sys.exit(f"error: {error}")
    print(sentence)
    sys.exit(0 if how in ("identical", "equivalent") else 1)


if __name__ == "__main__":
    main()
