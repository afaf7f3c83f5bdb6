"""Mistakes with the verbs `plan`, `render`, `info` and `verify`, and what the one line about each must say."""

import json
from pathlib import Path

ROWS: list[tuple[list[str], str]] = [
    (["plan", "dmo", "--out", "{here}/new"], "no built-in recipe 'dmo'; did you mean 'demo'?"),
    (["plan", "{here}/mising.toml", "--out", "{here}/new"], "mising.toml: no such recipe file; did you mean"),
    (["plan", "{here}/missing-key.toml", "--out", "{here}/new"], "missing-key.toml: "),
    (["plan", "{here}/file.txt", "--out", "{here}/new"], "file.txt: not valid TOML"),
    (["plan", "demo", "--out", "{here}/file.txt"], "file.txt: is a file; --out names a folder"),
    (["plan", "demo", "--out", "{here}"], "not empty, and not a heroprop dataset"),
    (["plan", "demo", "--out", "{here}/planned"], "already holds another plan; choose another --out"),
    (["plan", "demo", "--out", "{here}/new", "--clips", "0"], "Invalid value for '--clips'"),
    (["plan", "demo", "--out", "{here}/new", "--seed", "-1"], "Invalid value for '--seed'"),
    (["plan", "demo", "--out", "{here}/new", "--assets", "{here}/nothing"], "nothing: no such asset folder"),
    (["render"], "Missing argument 'DATASET'"),
    (["render", "{here}/nothing"], "nothing: no plan here; make one with: heroprop plan RECIPE.toml --out"),
    (["render", "{here}/planned", "--workers", "0"], "Invalid value for '--workers'"),
    (
        ["render", "{here}/planned", "--only", "clip-00001"],
        "'clip-00001' is not in the plan; did you mean 'clip-000001'?",
    ),
    (["render", "{here}/planned", "--wokers", "2"], "No such option: --wokers"),
    (["render", "{here}/edited"], "plan.jsonl: differs from what plan.json says"),
    (["info", "{here}/nothing"], "nothing: no such folder; give a dataset"),
    (["info", "{here}/file.txt"], "file.txt: is a file, not a folder; give a dataset"),
    (["render", "{here}/file.txt"], "file.txt: is a file, not a folder; give the folder that 'heroprop plan' made"),
    (["import", "{here}/file.txt", "--from", "davis", "--out", "{here}/new"], "file.txt: is a file, not a folder"),
    (["import", "{here}/file.tx", "--from", "davis", "--out", "{here}/new"], "file.tx: no such folder; did you mean"),
    (["info", "{here}"], "has no manifest.json; is it a dataset?"),
    (["info", "{here}/planned"], "has no manifest.json; run 'heroprop render' on it"),
    (["info", "{here}/newer"], "schema version 99; this heroprop reads version 1"),
    (["info", "{here}/garbage"], "not readable JSON; remove it and run 'heroprop render'"),
    (["info", "{here}/outside"], "shards.0.name: '../../secret' is no shard's name"),
    (["info", "{here}/short"], "expected; run 'heroprop render' on the dataset to make it again"),
    (["info", "https://me:secret@example.org/d"], "https://…@example.org: passwords do not belong in a URL"),
    (["info", "nonsense://bucket/d"], "nonsense://bucket/d: no kind of address that heroprop knows"),
    (
        ["verify", "memory://d", "--repair"],
        "--repair renders in a folder; verify without it says which shards to send again",
    ),
    (["farm", "{here}/planned", "--format", "opencu", "--out", "{here}/jobs"], "did you mean 'opencue'?"),
    (["farm", "{here}/planned", "--format", "zzz", "--out", "{here}/jobs"], "'zzz' is not one of 'openjd', 'slurm'"),
    (["merge", "{here}/new", "{here}/nothing"], "merge: give two datasets or more"),
    (["merge", "{here}/new", "{here}/nothing", "{here}/short"], "nothing: no such folder; give a dataset"),
    (["merge", "{here}/new", "s3://bucket/d", "{here}/short"], "merge takes folders; copy that dataset here first"),
    (["publish", "{here}/short", "{here}/there"], "there: is a folder; publish to a URL, e.g. s3://bucket/folder"),
    (["publish", "{here}/nothing", "s3://bucket/d"], "nothing: no such folder; give a dataset"),
    (["verify", "{here}/nothing"], "nothing: no such folder; give a dataset"),
    (["verify", "{here}/newer"], "schema version 99; this heroprop reads version 1"),
    (["verify", "{here}/outside"], "shards.0.name: '../../secret' is no shard's name"),
    (["verify", "{here}/planned", "--fast"], "No such option: --fast"),
]


def prepare(here: Path) -> None:
    """Make what the rows point at: datasets that were only planned, are damaged, or come from another version."""
    from tests.fake_dataset import make_dataset
    from tests.render.fake_plan import make_plan

    (here / "missing.toml").write_text("")
    (here / "missing-key.toml").write_text('name = "mine"\nsamples = 3\n')
    make_plan(here / "planned", here / "told", clips=2, frames=1)
    make_plan(here / "edited", here / "told", clips=2, frames=1)
    with (here / "edited" / "plan.jsonl").open("a") as file:
        file.write("\n")
    whole = make_dataset(here / "short", clips=1, frames=1, size=(16, 16))
    manifest = json.loads((whole / "manifest.json").read_text())
    outside = manifest | {"shards": [manifest["shards"][0] | {"name": "../../secret"}]}
    for name, text in (
        ("newer", json.dumps(manifest | {"schema_version": 99})),
        ("outside", json.dumps(outside)),
        ("garbage", "{"),
    ):
        (here / name).mkdir()
        (here / name / "manifest.json").write_text(text)
    shard = whole / "shards" / "shard-000000.tar"
    shard.write_bytes(shard.read_bytes()[:-512])
