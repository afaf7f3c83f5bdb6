"""The plan: a recipe resolved into one seeded ClipSpec a line, before anything is rendered."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from ..asset import Kind, Library
from ..dataset.provenance import generator
from ..document import UserError, nearest, write_atomic
from ..spec import ClipSpec
from .crew import Crew, Source
from .planfile import HEADER, LINES, RECIPE, PlanHeader, digest_of
from .recipe import Recipe

ALONE = Crew()


def make_plan(recipe: Recipe, library: Library, clips: int, seed: int, crew: Crew = ALONE) -> list[ClipSpec]:
    """`clips` specs; clip `i` depends on the recipe, the assets, the seed and `i` alone."""
    _check_names(recipe, library)
    return crew.compose(Source(recipe, library, seed), clips)


@dataclass(frozen=True)
class Plan:
    """A recipe resolved: all that is written down, and the library that it was drawn from."""

    recipe: Recipe
    library: Library
    specs: tuple[ClipSpec, ...]
    header: PlanHeader
    lines: str


def draw_plan(
    recipe_path: Path,
    clips: int | None = None,
    seed: int | None = None,
    assets: list[Path] | None = None,
    crew: Crew = ALONE,
) -> Plan:
    """Draw the plan of a recipe file; nothing is written."""
    recipe = Recipe.read_toml(recipe_path)
    folders = [folder.resolve() for folder in assets or []]
    count = recipe.clips if clips is None else clips
    chosen = recipe.seed if seed is None else seed
    library = Library.open(folders)
    specs = make_plan(recipe, library, count, chosen, crew)
    lines = "".join(spec.canonical() + "\n" for spec in specs)
    header = PlanHeader(
        generator=generator(),
        recipe_name=recipe.name,
        recipe_digest=recipe.digest(),
        seed=chosen,
        clips=count,
        clips_per_shard=recipe.clips_per_shard,
        plan_digest=hashlib.sha256(lines.encode()).hexdigest(),
        asset_folders=tuple(str(folder) for folder in folders),
    )
    return Plan(recipe, library, tuple(specs), header, lines)


def write_plan(
    recipe_path: Path,
    dataset: Path,
    clips: int | None = None,
    seed: int | None = None,
    assets: list[Path] | None = None,
    crew: Crew = ALONE,
) -> Plan:
    """Plan `recipe_path` into the folder `dataset`; doing it again is fine, and so is asking for more clips.

    UserError where the outcome differs otherwise. Not while the dataset is being rendered.
    """
    if dataset.exists() and not dataset.is_dir():
        raise UserError(f"{dataset}: is a file; --out names a folder")
    plan = draw_plan(recipe_path, clips, seed, assets, crew)
    if (dataset / HEADER).exists():
        held = PlanHeader.read_json(dataset / HEADER)
        same = (held.seed, held.clips_per_shard) == (plan.header.seed, plan.header.clips_per_shard)
        if not same or digest_of(plan.lines.encode(), held.clips) != held.plan_digest:
            raise UserError(f"{dataset}: already holds another plan; choose another --out, or remove that folder")
    elif dataset.is_dir() and any(p for p in dataset.iterdir() if p.name not in (LINES, RECIPE)):
        raise UserError(f"{dataset}: not empty, and not a heroprop dataset; choose another --out")
    write_atomic(dataset / RECIPE, recipe_path.read_bytes())
    write_atomic(dataset / LINES, plan.lines)
    write_atomic(dataset / HEADER, plan.header.model_dump_json(indent=2) + "\n")  # last: then the plan is whole
    return plan


def _check_names(recipe: Recipe, library: Library) -> None:
    """Every asset and finish that the recipe names must exist; UserError with the nearest known name."""
    where = f"recipe '{recipe.name}'"
    named: tuple[tuple[str, Kind, tuple[str, ...]], ...] = (
        ("stage.set", "set", recipe.stage.set.named),
        ("stage.hdri", "hdri", recipe.stage.hdri.named),
        ("target.asset", "prop", recipe.target.asset.named),
        ("occlusion.asset", "occluder", recipe.occlusion.asset.named),
        ("held_out.set", "set", recipe.held_out.set),
        ("held_out.hdri", "hdri", recipe.held_out.hdri),
        ("held_out.asset", "prop", recipe.held_out.asset),
    )
    for key, kind, names in named:
        for name in names:
            if name != "any":
                try:
                    library.get(name, kind)
                except UserError as error:
                    raise UserError(f"{where}: {key}: {error}") from None
    known = sorted({f for name in library.names("prop") for f in library.assets[name].asset.finishes})
    for finish in (*recipe.target.finish.named, *recipe.held_out.finish):
        if finish != "any" and finish not in known:
            raise UserError(f"{where}: no prop has the finish '{finish}'{nearest(finish, known)}")
