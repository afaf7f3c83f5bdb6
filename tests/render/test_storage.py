"""Datasets at URLs: published to a real S3-compatible server, read back by ranges, and hostile servers refused."""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from render.dataset.select import select
from render.document import UserError
from render.farm import Setup, render
from render.manifest import Dataset, Manifest
from render.storage import Remote, place
from render.storage import shard as remote_shard
from render.storage.publish import NOTES, publish
from render.storage.recent import Recent
from render.verify import repair, verify
from tests.fake_dataset import make_dataset
from tests.render.fake_plan import PROGRAM, make_plan
from tests.render.servers import Files, Seen, s3_server, web_server

URL = "s3://studio/props/swords"
FRAMES = 12


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_dataset(tmp_path_factory.mktemp("storage") / "d", clips=4, frames=FRAMES, size=(96, 64), objects=2)


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    with pytest.MonkeyPatch.context() as patch, s3_server(patch) as seen:
        patch.setenv("HEROPROP_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield seen


@pytest.fixture(scope="module")
def published(local: Path, s3: Seen) -> str:
    done = publish(local, URL)
    assert (done.shards, done.sent, done.kept) == (2, 2, 0)
    return URL


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("HEROPROP_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_everything_reads_as_from_the_folder(local: Path, published: str) -> None:
    here, there = Dataset.open(local), Dataset.open(published)
    assert there.manifest == here.manifest
    assert there.name == "swords"
    for clip in here.clips():
        assert there.record(clip) == here.record(clip)
        for object_id in here.objects(clip):
            for name, column in here.attributes(clip, object_id).items():
                assert np.array_equal(there.attributes(clip, object_id)[name], column, equal_nan=column.dtype == float)
            assert np.array_equal(there.mask(clip, 3, object_id), here.mask(clip, 3, object_id))
        assert np.array_equal(there.rgb(clip, 5), here.rgb(clip, 5))


def test_a_window_fetches_its_own_bytes(local: Path, published: str, s3: Seen, fresh: Path) -> None:
    """Eight frames of an object, in one request: no bytes but those frames'."""
    here, data = Dataset.open(local), Dataset.open(published)
    data.frame_count("clip-000001")
    data.attributes("clip-000001", 1)  # the shard's indexes
    s3.clear()
    frames = range(2, 10)
    data.prefetch("clip-000001", frames, [1])
    first, last = here.locate("clip-000001", 2, "rgb"), here.locate("clip-000001", 9, "coverage-1")
    assert s3.sent == last.offset + last.size - first.offset
    assert s3.got(".tar") == 1
    assert len(s3.requests) == 2  # and one HEAD
    before = s3.sent
    for n in frames:
        assert np.array_equal(data.rgb("clip-000001", n), here.rgb("clip-000001", n))
        assert np.array_equal(data.coverage("clip-000001", n, 1), here.coverage("clip-000001", n, 1))
    assert s3.sent == before, "what was fetched is remembered"


def test_frames_far_apart_are_fetched_apart(
    local: Path, published: str, s3: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each frame's picture and matte, and the tar header between them."""
    monkeypatch.setattr(remote_shard, "GAP", 4096)
    here, data = Dataset.open(local), Dataset.open(published)
    data.attributes("clip-000001", 1)
    s3.clear()
    data.prefetch("clip-000001", range(0, 12, 2), [1])
    wanted = sum(here.locate("clip-000001", n, c).size for n in range(0, 12, 2) for c in ("rgb", "coverage-1"))
    assert wanted <= s3.sent <= wanted + 6 * 2 * 512
    assert s3.got(".tar") == 6


def test_frames_in_order_come_some_at_a_time(
    local: Path, published: str, s3: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("render.manifest.AHEAD", 5)
    here, data = Dataset.open(local), Dataset.open(published)
    data.attributes("clip-000003", 1)
    s3.clear()
    for n in range(FRAMES):
        data.prefetch_next("clip-000003", range(FRAMES), n, [1, 2])
        assert np.array_equal(data.rgb("clip-000003", n), here.rgb("clip-000003", n))
        assert np.array_equal(data.mask("clip-000003", n, 2), here.mask("clip-000003", n, 2))
    assert s3.got(".tar") == 3


def test_many_records_come_together(local: Path, published: str, s3: Seen, fresh: Path) -> None:
    """With their shards' indexes: nothing is left to be asked for."""
    here, data = Dataset.open(local), Dataset.open(published)
    s3.clear()
    found = {clip: data.record(clip) for clip in data.with_records(data.clips())}
    assert found == {clip: here.record(clip) for clip in here.clips()}
    assert list(found) == here.clips()
    assert (s3.got(".arrow"), s3.got(".tar")) == (4, 4)
    before = len(s3.requests)
    data.attributes("clip-000003", 1)
    assert len(s3.requests) == before


def test_what_is_remembered_has_a_limit() -> None:
    recent = Recent(10)
    for name in ("a.tar", "b.tar"):
        recent.put((name, 512), name.encode())
    assert recent.get(("a.tar", 512), 5) == b"a.tar"
    assert recent.get(("a.tar", 512), 4) is None, "another size is another thing"
    recent.put(("c.tar", 512), b"c")
    assert recent.get(("b.tar", 512), 5) is None, "what was asked for longest ago goes first"
    assert recent.get(("a.tar", 512), 5) == b"a.tar"
    recent.put(("a.tar", 512), b"x" * 20)
    assert recent.get(("a.tar", 512), 20) == b"x" * 20, "one thing is always kept"
    assert recent.get(("c.tar", 512), 1) is None


def test_without_prefetch_each_member_is_one_range(local: Path, published: str, s3: Seen) -> None:
    data = Dataset.open(published)
    data.attributes("clip-000002", 1)
    s3.clear()
    data.rgb("clip-000002", 4)
    assert s3.sent == Dataset.open(local).locate("clip-000002", 4, "rgb").size


def test_indexes_are_fetched_once_and_checked(local: Path, published: str, s3: Seen, fresh: Path) -> None:
    s3.clear()
    Dataset.open(published).attributes("clip-000000", 1)
    assert s3.got(".arrow") == 2
    Dataset.open(published).attributes("clip-000000", 1)
    assert s3.got(".arrow") == 2
    for path in (fresh / "indexes").iterdir():
        path.write_bytes(path.read_bytes()[:-1])  # a copy that was cut short is fetched again
    Dataset.open(published).attributes("clip-000000", 1)
    assert s3.got(".arrow") == 4


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
def test_threads_forks_and_pickles(local: Path, published: str) -> None:
    from concurrent.futures import ThreadPoolExecutor

    data, here = Dataset.open(published), Dataset.open(local)
    wanted = [here.encoded("clip-000003", n, _rgb()) for n in range(FRAMES)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: data.encoded("clip-000003", n % FRAMES, _rgb()), range(4 * FRAMES)))
    assert found == wanted * 4
    assert pickle.loads(pickle.dumps(data)).encoded("clip-000003", 1, _rgb()) == wanted[1]
    child = os.fork()
    if child == 0:
        data.prefetch("clip-000001", range(FRAMES))
        os._exit(0 if data.encoded("clip-000003", 2, _rgb()) == wanted[2] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _rgb():  # type: ignore[no-untyped-def]
    from render.products import Product

    return Product.RGB


def test_a_view_lies_beside_the_dataset(published: str, s3: Seen) -> None:
    made = select(published, "long", "frames > 3 and split == 'train'")
    assert str(made.path) == f"{URL}/views/long.json"
    assert Dataset.open(str(made.path)).clips() == ["clip-000000", "clip-000001"]
    with pytest.raises(UserError, match="no such view"):
        Dataset.open(f"{URL}/views/none.json")


def test_verify_reads_everything(published: str, s3: Seen) -> None:
    report = verify(Remote(published), workers=1)
    assert (report.clips, report.shards) == (4, 2)
    assert report.problems == []


def test_a_broken_off_publish_goes_on(local: Path, s3: Seen, monkeypatch: pytest.MonkeyPatch) -> None:
    url, write = "s3://studio/broken-off", Remote.write

    def fails(self: Remote, name: str, blocks: Iterator[bytes]) -> None:
        if name.endswith("shard-000001.objects.arrow"):
            raise UserError("the line went dead")
        write(self, name, blocks)

    monkeypatch.setattr("render.storage.publish.TRANSFERS", 1)
    monkeypatch.setattr(Remote, "write", fails)
    with pytest.raises(UserError, match="the line went dead"):
        publish(local, url)
    with pytest.raises(UserError, match=r"has no manifest\.json"):
        Dataset.open(url)  # nothing half there is ever read
    monkeypatch.setattr(Remote, "write", write)
    s3.clear()
    done = publish(local, url)
    assert (done.sent, done.kept) == (1, 1)
    assert not any("shard-000000.tar" in path for method, path in s3.requests if method in ("PUT", "POST"))
    assert Remote(url).names(NOTES) == []
    assert publish(local, url).sent == 0
    assert Dataset.open(url).rgb("clip-000003", 1).any()


def test_an_extended_dataset_sends_what_is_new(tmp_path: Path, local: Path, s3: Seen) -> None:
    small, url = make_dataset(tmp_path / "d", clips=2, frames=FRAMES, size=(96, 64), objects=2), "s3://studio/grows"
    publish(small, url)
    done = publish(local, url)
    assert (done.sent, done.kept) == (1, 1)
    assert len(Dataset.open(url).clips()) == 4


def test_publish_refuses(tmp_path: Path, local: Path, published: str) -> None:
    other = make_dataset(tmp_path / "other", clips=2, frames=2, size=(32, 24))
    with pytest.raises(UserError, match="another shard-000000 lies there, of another dataset or from before a repair"):
        publish(other, published)
    tar = other / "shards" / "shard-000000.tar"
    data = bytearray(tar.read_bytes())
    data[700] ^= 1
    tar.write_bytes(data)
    with pytest.raises(UserError, match=r"shard-000000\.tar: differs from what manifest\.json says"):
        publish(other, "s3://studio/damaged")
    assert Remote("s3://studio/damaged").size("shards/shard-000000.tar") is None
    with pytest.raises(UserError, match="is a folder; publish to a URL"):
        publish(local, str(tmp_path / "x"))


def test_damage_at_the_url_is_found(tmp_path: Path, s3: Seen, fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small, url = make_dataset(tmp_path / "d", clips=1, frames=2, size=(32, 24)), "s3://studio/damage"
    publish(small, url)
    there = Remote(url)
    name = "shards/shard-000000.tar"
    data = bytearray((small / name).read_bytes())
    place_of = Dataset.open(small).locate("clip-000000", 1, "rgb")
    data[place_of.offset + 5] ^= 1
    there.write(name, iter([bytes(data)]))
    with pytest.raises(UserError, match="damaged"):
        Dataset.open(url).rgb("clip-000000", 1)
    assert [(p.file, p.cure) for p in verify(there, workers=1).problems] == [
        (name, f"send it again: heroprop publish DATASET {url} --again shard-000000")
    ]
    assert publish(small, url).sent == 0, "a flipped bit does not show from outside"
    with pytest.raises(UserError, match="has no such shard; did you mean 'shard-000000'"):
        publish(small, url, again=["shard-00000"])
    assert publish(small, url, again=["shard-000000"]).sent == 1
    assert verify(there, workers=1).problems == []
    there.write(name, iter([bytes(data[:-512])]))
    with pytest.raises(UserError, match=r"bytes, \d+ expected; publish the dataset again"):
        Dataset.open(url).rgb("clip-000000", 0)
    index = name.replace(".tar", ".frames.arrow")
    good = (small / index).read_bytes()
    monkeypatch.setenv("HEROPROP_CACHE", str(tmp_path / "another"))
    for bad, line in ((b"x" * 10, "10 bytes, "), (good[:-1] + b"x", "SHA-256 differs from the manifest's")):
        there.write(index, iter([bad]))
        with pytest.raises(UserError, match=line):
            Dataset.open(url).rgb("clip-000000", 0)
    assert not list((tmp_path / "another").rglob("*frames*"))
    assert len(list((tmp_path / "another" / "indexes").iterdir())) <= 1


@pytest.mark.slow
def test_where_the_folder_is_gone_a_copy_is_repaired(tmp_path: Path, s3: Seen) -> None:
    """As docs/dataset.md says: copied from the URL and rendered again here, the damaged shard goes back there."""
    lost, url = tmp_path / "lost", "s3://studio/gone"
    make_plan(lost, tmp_path / "told", clips=3, frames=2)
    render(lost, Setup(program=PROGRAM, workers=1))
    publish(lost, url)
    there, name = Remote(url), "shards/shard-000000.tar"
    data = bytearray((lost / name).read_bytes())
    data[Dataset.open(lost).locate("clip-000000", 1, "rgb").offset] ^= 1
    there.write(name, iter([bytes(data)]))
    copy = tmp_path / "copy"
    for path in sorted(path.relative_to(lost) for path in lost.rglob("*") if there.size(str(path.relative_to(lost)))):
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        (copy / path).write_bytes(there.whole(str(path), 2**20) or b"")
    report = verify(copy, workers=1)
    assert {problem.file for problem in report.problems} == {name}
    assert repair(copy, report, Setup(program=PROGRAM, workers=1)).shards == 1
    assert publish(copy, url, again=["shard-000000"]).sent == 1
    assert verify(there, workers=1).problems == []
    assert there.whole(name, 2**20) == (lost / name).read_bytes()


@pytest.mark.parametrize(
    ("bad", "line"),
    [
        ("301", "leads elsewhere, which is not followed"),
        ("403", "not permitted; set credentials"),
        ("500", "cannot be reached"),
        ("short", "bytes came, "),
        ("long", "sent more than was asked for"),
        ("other", "sent another range than was asked for"),
        ("whole", "sends whole files alone"),
    ],
)
def test_a_web_server_is_not_trusted(
    local: Path, fresh: Path, bad: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("render.storage.web.time.sleep", lambda seconds: None)
    with web_server(local) as (url, seen):
        data = Dataset.open(url)
        assert np.array_equal(data.rgb("clip-000000", 2), Dataset.open(local).rgb("clip-000000", 2))
        Files.bad = bad
        with pytest.raises(UserError, match=line) as error:
            data.rgb("clip-000000", 3)
        assert "\n" not in str(error.value)
        assert "secret" not in str(error.value)
        Files.bad = ""
        assert data.rgb("clip-000000", 3).any()
        assert seen.got("secret") == 0
        with pytest.raises(UserError, match="only read from; write to a bucket"):
            select(url, "x", "frames > 1")


def test_a_hostile_index_cannot_reach_outside_the_tar(tmp_path: Path, local: Path, fresh: Path) -> None:
    copy = tmp_path / "d"
    shutil.copytree(local, copy)
    tar = copy / "shards" / "shard-000000.tar"
    tar.write_bytes(tar.read_bytes()[:4096])
    told = json.loads((copy / "manifest.json").read_text())
    told["shards"][0]["tar"]["bytes"] = 4096
    (copy / "manifest.json").write_text(json.dumps(told))
    with web_server(copy) as (url, seen):
        with pytest.raises(UserError, match=r"ends inside 'clip-000001\.0011\.rgb\.jpg'"):
            Dataset.open(url).rgb("clip-000001", 11)
        with pytest.raises(UserError, match="ends inside"):
            Dataset.open(url).prefetch("clip-000001", [11])
        told["shards"][0]["frames_index"]["bytes"] = remote_shard.MAX_INDEX + 1
        (copy / "manifest.json").write_text(json.dumps(told))
        with pytest.raises(UserError, match="not made by heroprop"):
            Dataset.open(url).rgb("clip-000000", 0)
        assert seen.got(".tar") == 0


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("s3://studio/nothing", r"studio/nothing: has no manifest\.json"),
        ("s3://nobucket/d", r"has no manifest\.json|no such bucket"),
        ("http://127.0.0.1:9/d", "cannot be reached; check the address"),
        ("https://me:word@example.org/d", r"passwords do not belong in a URL"),
        ("https://example.org/d?token=word", "give the plain URL of a folder"),
        ("s3://bucket/../other", "give the plain URL of a folder"),
        ("s3:///d", "names no host or bucket"),
        ("az://container/d", "Install adlfs|install that package"),
        ("nonsense://x/d", "no kind of address that heroprop knows"),
    ],
)
def test_mistakes_are_one_line(s3: Seen, url: str, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("render.storage.web.time.sleep", lambda seconds: None)
    with pytest.raises(UserError, match=line) as error:
        Dataset.open(url)
    said = str(error.value)
    assert "\n" not in said
    assert not any(secret in said for secret in ("word@", "token", "AKIA", "verysecret"))


def test_s3_refusals_are_one_line_without_keys(s3: Seen, local: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="no such bucket"):
        publish(local, "s3://nobucket/d")
    with web_server(local) as (url, _):
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        Files.bad = "403"
        with pytest.raises(UserError, match="not permitted; set credentials that may use it") as error:
            Remote("s3://shards").read("shard-000000.tar", 0, 10)
    assert "AKIA" not in str(error.value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(UserError, match="cannot be reached; check the address, the network and, for S3, AWS_ENDPOINT"):
        Manifest.read(Remote("s3://studio/d"))


def test_folders_and_other_addresses(local: Path, fresh: Path) -> None:
    assert place("a/b") == Path("a/b")
    assert Dataset.open(f"file://{local}").folder == local
    publish(local, "memory://somewhere/d")
    assert Dataset.open("memory://somewhere/d").rgb("clip-000001", 0).any()
