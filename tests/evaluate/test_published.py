"""The published benchmark never changes: its plans, hash for hash; and what counts as the same render."""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image

from evaluate.benchmarks import published
from evaluate.benchmarks.page import FRAMES, WIDTH
from evaluate.benchmarks.published import (
    Published,
    Tier,
    differences,
    layout_digest,
    publish_plan,
    publish_render,
    standing,
    tier_of,
)
from evaluate.running.results import Results
from render.manifest import Dataset
from render.planning.plan import draw_plan, write_plan
from render.planning.recipe import Recipe, find_recipe
from render.spec import ClipSpec
from tests.fake_dataset import make_dataset

CHANGED = "{}: recipe or planner make other clips than the published ones; what is meant to differ is another version"


def test_the_small_tier_has_one_plan_for_everyone() -> None:
    """What recipe and planner decide never changes; the whole hash holds as long as the artists' files do."""
    known = Published.read().tiers["bench-v1-small"]
    plan = draw_plan(find_recipe("bench-v1-small"))
    assert len(plan.specs) == known.clips == known.layout_clips
    assert layout_digest(plan.lines) == known.layout_sha256, CHANGED.format("bench-v1-small")
    if plan.header.plan_digest != known.plan_sha256:
        pytest.skip(
            "artists' files have changed since bench-v1-small was published: before a release render it anew, and then "
            "python -m evaluate.benchmarks.published DATASET --write"
        )


@pytest.mark.slow
def test_the_full_tier_has_one_plan_for_everyone() -> None:
    known = Published.read().tiers["bench-v1"]
    plan = draw_plan(find_recipe("bench-v1"), clips=known.layout_clips)
    assert layout_digest(plan.lines) == known.layout_sha256, CHANGED.format("bench-v1")


def test_every_axis_has_eight_clips_and_its_twins() -> None:
    recipe = Recipe.read_toml(find_recipe("bench-v1-small"))
    specs = draw_plan(find_recipe("bench-v1-small")).specs
    assert {spec.split for spec in specs} == {"test"}
    by_key = {
        key: sum(key in (spec.twin_factor or "") for spec in specs)
        for key in ("motion.speed=0.05", "effects.strength", "occlusion.seconds", "target.charge=", "motion.kind")
    }
    twins = {factor: sum(spec.twin_factor == factor for spec in specs) for factor in ("effects", "occluders", "charge")}
    assert twins == {"effects": 2, "occluders": 4, "charge": 2}  # occlusion's and identity's sweeps have one each
    assert by_key["effects.strength"] + twins["effects"] == 8
    assert by_key["occlusion.seconds"] + twins["occluders"] >= 10
    assert by_key["target.charge="] + twins["charge"] == 8
    assert len(specs) == recipe.clips == 46


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_dataset(tmp_path_factory.mktemp("published") / "data", clips=2, frames=4)


def test_a_dataset_stands_as_it_should(drawn: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    dataset = Dataset.open(drawn)
    assert standing(dataset)[0] == "unknown"  # nobody published 'drawn'
    known = tier_of(dataset)

    def against(tier: Tier) -> str:
        monkeypatch.setattr(published, "FILE", tmp_path / "known.json")
        (tmp_path / "known.json").write_text(Published(tiers={"drawn": tier}).model_dump_json())
        return standing(dataset)[0]

    assert against(known) == "identical"
    assert against(known.model_copy(update={"shards": {"shard-000000": "0" * 64}})) == "equivalent"
    assert against(known.model_copy(update={"shards": {}})) == "unknown"
    assert against(known.model_copy(update={"plan_sha256": "0" * 64})) == "different"
    key, (area, *rest) = next(iter(known.labels.items()))
    moved = {"shards": {}, "labels": known.labels | {key: (area * 1.2, *rest)}}
    assert against(known.model_copy(update=moved | {"shards": {"x": "y"}})) == "different"


def test_the_tolerance_is_by_measure() -> None:
    one = Tier(plan_sha256="0" * 64, clips=1, labels={"a/1": (100.0, 100.0, 0.5, 0.1)})

    def off(*labels: float) -> int:
        return len(differences(one.model_copy(update={"labels": {"a/1": labels}}), one))

    assert off(102.9, 106.9, 0.519, 0.119) == 0
    assert off(103.1, 107.1, 0.53, 0.13) == 4
    assert differences(one.model_copy(update={"labels": {}}), one) == ["it has other clips or objects"]


def test_an_unfinished_dataset_is_not_published(drawn: Path, tmp_path: Path) -> None:
    from render.document import UserError

    shutil.copytree(drawn, tmp_path / "half")
    text = (tmp_path / "half" / "manifest.json").read_text().replace('"clips": 2,\n  "seed"', '"clips": 3,\n  "seed"')
    (tmp_path / "half" / "manifest.json").write_text(text)
    with pytest.raises(UserError, match="2 of 3 clips"):
        tier_of(Dataset.open(tmp_path / "half"))


@pytest.mark.slow
def test_publishing_a_tier_writes_its_hashes_and_its_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Drawn clips whose specs say that they belong to sweeps."""
    titles = ["motion.speed=0.05", "motion.speed=1.6", "effects.strength=2", "effects"] * 2

    def told(spec: ClipSpec) -> ClipSpec:
        first = f"clip-{spec.index // 2 * 2:06d}"
        return spec.model_copy(update={"twin_factor": titles[spec.index], "twin_of": first})

    folder = make_dataset(tmp_path / "data", clips=8, frames=5, splits=("test",), told=told)
    (folder / "plan.jsonl").write_text('{"clip": "clip-000000"}\n' * 8)
    monkeypatch.setattr(published, "FILE", tmp_path / "known.json")
    (tmp_path / "known.json").write_text(Published(tiers={}).model_dump_json())
    page = publish_render(folder, tmp_path / "docs", tmp_path / "work", 1)
    assert standing(Dataset.open(folder))[0] == "identical"
    text = page.read_text()
    results = Results.read_json(tmp_path / "work" / "results.json")
    for method in results.methods:
        assert f"{method.scores.jf.value:.3f}" in text
    for shard, digest in Published.read().tiers["drawn"].shards.items():
        assert f"{shard} `{digest}`" in text
    with Image.open(tmp_path / "docs" / "images" / "drawn.jpg") as picture:
        assert picture.width == FRAMES * WIDTH
    assert page.stat().st_size + (tmp_path / "docs" / "images" / "drawn.jpg").stat().st_size < 500_000
    tables = [line for line in text.splitlines() if line.startswith("| ")]
    heads = [place for place, line in enumerate(tables) if set(line) <= set("| -")]
    assert len(heads) >= 5
    for start, end in pairwise([*(place - 1 for place in heads), len(tables)]):
        assert len({line.count("|") for line in tables[start:end]}) == 1  # as many cells in every row


def test_a_plan_is_published_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(published, "FILE", tmp_path / "known.json")
    known = Published(tiers={"bench-v1": Tier(plan_sha256="", clips=456)})
    (tmp_path / "known.json").write_text(known.model_dump_json())
    plan = write_plan(find_recipe("bench-v1-small"), tmp_path / "small", clips=2)
    assert publish_plan(tmp_path / "small") == "bench-v1-small"
    tiers = Published.read().tiers
    assert tiers["bench-v1"].clips == 456
    found = tiers["bench-v1-small"]
    assert (found.layout_sha256, found.layout_clips, found.shards) == (layout_digest(plan.lines), 2, {})
