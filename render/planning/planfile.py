"""A plan on disk: a header, and one clip spec a line. Reading it needs nothing of what draws plans."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from ..document import Document, UserError
from ..spec import SCHEMA, ClipSpec

HEADER, LINES, RECIPE = "plan.json", "plan.jsonl", "recipe.toml"


class PlanHeader(Document):
    """`plan.json`: what the plan was made from. `plan_digest` is the SHA-256 of `plan.jsonl`."""

    schema_version: Literal[2] = SCHEMA
    generator: str
    recipe_name: str
    recipe_digest: str
    seed: int
    clips: int
    clips_per_shard: int
    plan_digest: str
    asset_folders: tuple[str, ...] = ()


def digest_of(lines: bytes, clips: int) -> str:
    """SHA-256 (hex) of the plan that the first `clips` clips of a plan are: what it was before it was extended."""
    return hashlib.sha256(b"".join(lines.splitlines(keepends=True)[:clips])).hexdigest()


def read_plan(dataset: Path, indices: Iterable[int] | None = None) -> tuple[PlanHeader, list[ClipSpec]]:
    """The header and the specs (those of some clips alone, by index, where asked: reading ten thousand takes seconds).

    UserError if there is no plan, it is not the one that the header names, or it has no clip of an index.
    """
    header, lines = _read(dataset)
    wanted = range(len(lines)) if indices is None else indices
    for index in wanted:
        if not 0 <= index < len(lines):
            raise UserError(f"{dataset}: has no clip {index}; its plan holds clips 0 to {len(lines) - 1}")
    return header, [ClipSpec.parse(json.loads(lines[i]), f"{dataset / LINES}:{i + 1}") for i in wanted]


def read_lengths(dataset: Path) -> tuple[PlanHeader, dict[str, int]]:
    """The header, and how many frames each clip has, in plan order; far quicker than the specs. UserError as above."""
    header, lines = _read(dataset)
    specs = map(json.loads, lines)
    return header, {spec["clip"]: spec["film"]["frames"] for spec in specs}


def _read(dataset: Path) -> tuple[PlanHeader, list[str]]:
    if not (dataset / HEADER).is_file():
        if (dataset / "manifest.json").is_file():
            told = "is a dataset without a plan (imported, merged, or copied without it), and cannot be rendered on"
            raise UserError(f"{dataset}: {told}; 'heroprop info' shows what it holds")
        if dataset.is_file():
            raise UserError(f"{dataset}: is a file, not a folder; give the folder that 'heroprop plan' made")
        raise UserError(f"{dataset}: no plan here; make one with: heroprop plan RECIPE.toml --out {dataset}")
    header = PlanHeader.read_json(dataset / HEADER)
    try:
        data = (dataset / LINES).read_bytes()
    except OSError as error:
        raise UserError(f"{dataset / LINES}: cannot be read: {error.strerror}; plan again into a new folder") from None
    if hashlib.sha256(data).hexdigest() != header.plan_digest:
        raise UserError(f"{dataset / LINES}: differs from what {HEADER} says; plan again into a new folder")
    return header, data.decode().splitlines()
