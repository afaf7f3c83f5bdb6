"""A reader written from docs/dataset.md alone (`independent_reader.py`) finds in datasets what ours finds."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from render.cli import app
from render.frames import framefile, measure
from render.manifest import SHARDS, Dataset
from render.planning.plan import write_plan
from render.planning.recipe import find_recipe
from render.products import Product
from render.spec import ClipSpec
from tests import drawn_clips, fake_dataset
from tests.fake_dataset import make_dataset

READER = Path(__file__).with_name("independent_reader.py")
OURS = {"render", "train", "evaluate", "blender_scenes", "heroprop", "tests", "pyarrow", "pydantic"}


def read(dataset: Path, code: int = 0) -> Any:
    """What the other reader, in a process of its own, says of a dataset; its last words if it must fail."""
    command = [sys.executable, str(READER), str(dataset)]
    outside = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=dataset, env=outside, check=False)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout) if code == 0 else done.stderr.splitlines()[-1]


def run(*arguments: object) -> None:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output


def digest(array: NDArray[Any]) -> str:
    form = repr((array.shape, array.dtype.str)).encode()
    return hashlib.sha256(form + np.ascontiguousarray(array).tobytes()).hexdigest()


def same(theirs: Any, ours: Any) -> bool:
    """Equal; numbers to 1e-9, null where ours has NaN."""
    if theirs is None:
        return ours is None or bool(np.isnan(ours))
    return math.isclose(theirs, float(ours), rel_tol=1e-9, abs_tol=1e-9)


def compare(dataset: Path) -> dict[str, Any]:
    """Every picture, mask, record, measure and attribute by both readers; what the other one read."""
    theirs, data = read(dataset), Dataset.open(dataset)
    assert not OURS & set(theirs["modules"]), "it must stand on its own"
    assert {split: list(clips) for split, clips in data.manifest.splits.items()} == theirs["splits"]
    assert sorted(theirs["clips"]) == data.clips()
    for clip, told in theirs["clips"].items():
        assert told["record"] == data.record(clip)
        assert told["labels"] == {str(i): data.label(clip, i) for i in data.objects(clip)}
        assert len(told["frames"]) == data.frame_count(clip)
        for frame, found in enumerate(told["frames"]):
            compare_frame(data, clip, frame, found)
        for number in data.objects(clip):
            ours = data.attributes(clip, number)
            for kind in ("attributes", "derived"):
                for name, values in told[kind].get(str(number), {}).items():
                    if name in ours:
                        pairs = zip(values, ours[name], strict=True)
                        assert all(same(a, b) for a, b in pairs), (kind, clip, number, name, values, ours[name])
            assert set(ours) <= set(told["attributes"][str(number)])
    return theirs


def compare_frame(data: Dataset, clip: str, frame: int, found: dict[str, Any]) -> None:
    ours: dict[str, NDArray[Any]] = {"rgb": data.rgb(clip, frame), "visible": data.visible(clip, frame)}
    for i in data.objects(clip):
        ours[f"coverage-{i}"], ours[f"mask-{i}"] = data.coverage(clip, frame, i), data.mask(clip, frame, i)
        if not data.is_real(clip):
            ours[f"amodal-{i}"] = data.amodal(clip, frame, i)
    if not data.is_real(clip):
        ours["veil"] = data.veil(clip, frame)
    pictures = found["products"]
    assert set(pictures) == set(ours)
    for name, array in ours.items():
        if name != "rgb":  # two JPEG decoders may differ by a level
            assert pictures[name] == digest(array), (clip, frame, name)
    assert found["rgb_mean"] == pytest.approx(ours["rgb"].mean(), abs=0.5)
    for name, crc in found["extras"].items():
        assert crc == zlib.crc32(data.encoded(clip, frame, Product(name)))


def draw_and_lose(spec: ClipSpec, work: Path) -> None:
    """A clip whose targets go out of view for single frames and for runs of them, on the first and last ones too."""
    rng = np.random.default_rng([5, spec.index])
    gone = {target.object_id: rng.random(spec.film.frames) < 0.4 for target in spec.targets}
    for frame in range(spec.film.frames):
        products = drawn_clips.draw_frame(spec, frame)
        for number, frames in gone.items():
            if frames[frame]:
                products[Product.COVERAGE, number][:] = 0
                products[Product.AMODAL, number][:] = False
                products[Product.VISIBLE, None][products[Product.VISIBLE, None] == number] = 0
        charge = {target.object_id: 0.25 if target.object_id == 1 else None for target in spec.targets}
        framefile.write(work, spec, frame, products, measure.measure(frame, products, charge))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three shards, clips of two targets that come and go."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fake_dataset, "draw_clip", draw_and_lose)
        return make_dataset(
            tmp_path_factory.mktemp("drawn") / "set", clips=6, frames=8, size=(60, 44), objects=2, clips_per_shard=2
        )


def test_drawn_clips(drawn: Path) -> None:
    theirs = compare(drawn)
    columns = [one for clip in theirs["clips"].values() for one in clip["attributes"].values()]
    for name in ("entering", "leaving", "present"):
        assert {value for one in columns for value in one[name]} == {True, False}, name
    assert None in {value for one in columns for value in one["speed_px"]}


def test_a_merged_dataset_with_real_footage(drawn: Path, tmp_path: Path) -> None:
    """Clips that have another name in their shard, and clips of which little is known."""
    run("convert", drawn, "--to", "davis", "--out", tmp_path / "davis")
    run("import", tmp_path / "davis", "--from", "davis", "--out", tmp_path / "real")
    run("merge", tmp_path / "all", drawn, tmp_path / "real")
    compare(tmp_path / "real")
    theirs = compare(tmp_path / "all")
    kinds = [clip["record"]["spec"].get("kind") for clip in theirs["clips"].values()]
    assert set(kinds) == {None, "real"}
    assert any(clip["record"]["spec"]["clip"] != name for name, clip in theirs["clips"].items())


def test_it_would_see_damage(drawn: Path, tmp_path: Path) -> None:
    """So that its silence means something: a flipped bit, a size, a frame in the place of another."""
    tar = drawn / SHARDS / "shard-000001.tar"
    good = tar.read_bytes()
    try:
        tar.write_bytes(good[:5000] + bytes([good[5000] ^ 1]) + good[5001:])
        assert "AssertionError" in read(drawn, code=1)
    finally:
        tar.write_bytes(good)


@pytest.mark.slow
def test_rendered_clips_with_all_products(tmp_path: Path) -> None:
    text = find_recipe("demo").read_text()
    tiny = {"clips": 2, "clips_per_shard": 1, "width": 64, "height": 36, "frames": 3, "samples": 2}
    for key, value in tiny.items():
        text, found = re.subn(rf"(?m)^{key} = .*$", f"{key} = {value}", text)
        assert found == 1, key
    extras = ["linear", "fx", "depth", "flow", "normal"]
    text = text.replace("[film]", f"[film]\nextras = {json.dumps(extras)}")
    (tmp_path / "tiny.toml").write_text(text)
    write_plan(tmp_path / "tiny.toml", tmp_path / "set")
    run("render", tmp_path / "set", "--workers", 1, "--device", "cpu")
    theirs = compare(tmp_path / "set")
    assert {name for clip in theirs["clips"].values() for frame in clip["frames"] for name in frame["extras"]} == {
        *extras
    }
