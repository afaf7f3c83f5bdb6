"""A real, valid dataset of procedurally drawn moving shapes, made in a second and without Blender."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from render import manifest, shards
from render.dataset import listing, pack
from render.dataset.provenance import AssetLicence, ClipRecord, Provenance
from render.spec import ClipSpec
from tests.drawn_clips import clip_spec, draw_clip

SPLITS = ("train", "train", "val", "test")


def record(spec: ClipSpec) -> ClipRecord:
    """The record of a drawn clip."""
    licence = AssetLicence(asset="yard", sha256="1" * 64, licence="CC0-1.0", author="nobody", source="drawn")
    return ClipRecord(spec=spec, provenance=Provenance(generator="drawn", blender="none"), licences=(licence,))


def make_dataset(
    folder: Path,
    clips: int = 4,
    frames: int = 6,
    size: tuple[int, int] = (96, 64),
    splits: tuple[str, ...] = SPLITS,
    objects: int = 1,
    clips_per_shard: int = 2,
    told: Callable[[ClipSpec], ClipSpec] = lambda spec: spec,
) -> Path:
    """Write a valid dataset of drawn clips into `folder` and return it.

    `size` is (width, height); clip `i` goes into split `splits[i % len(splits)]`, and has `objects` targets.
    `told` changes the spec that is stored, and not what is drawn.
    """
    specs = [clip_spec(i, frames, size, splits[i % len(splits)], objects) for i in range(clips)]
    home = folder / manifest.SHARDS
    home.mkdir(parents=True)
    known = {}
    for group, start in enumerate(range(0, clips, clips_per_shard)):
        packed = []
        for spec in specs[start : start + clips_per_shard]:
            work = folder / "work" / spec.clip
            draw_clip(spec, work)
            packed.append((record(told(spec)), work))
        name = shards.shard_name(group)
        pack.write_tar(home, name, packed)
        pack.write_index(home, name)
        known[name] = listing.measure_shard(home, name)
        for _, work in packed:
            for path in work.iterdir():
                path.unlink()
            work.rmdir()
    (folder / "work").rmdir()
    recipe = manifest.RecipeEntry(name="drawn", sha256="3" * 64)
    plan = manifest.PlanEntry(sha256="4" * 64, clips=clips, seed=7)
    listing.build(known, recipe, plan, "none", ()).write(folder)
    return folder
