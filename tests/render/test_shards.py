"""Tar files, shards and their index: what is written is read back, and what is damaged or hostile is refused."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from render import shards
from render.dataset import pack, tar
from render.document import UserError
from render.frames import framefile
from render.products import Product
from tests.drawn_clips import clip_spec, draw_clip
from tests.fake_dataset import SPLITS, record


def _plain(name: str) -> bool:
    return not (name.startswith(".") or "/" in name or "\\" in name)


NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=40)


@settings(max_examples=20, deadline=None)
@given(members=st.dictionaries(NAMES, st.binary(min_size=1, max_size=3000), max_size=12))
def test_tar_round_trip(tmp_path_factory: pytest.TempPathFactory, members: dict[str, bytes]) -> None:
    path = tmp_path_factory.mktemp("tar") / "a.tar"
    tar.write(path, list(members.items()))
    found = {entry.name: entry for entry in tar.entries(path)}
    assert {name: tar.read(path, entry) for name, entry in found.items()} == members
    assert list(tar.members(path)) == [(entry, members[name]) for name, entry in found.items()]
    raw = path.read_bytes()
    assert all(raw[e.offset : e.offset + e.size] == members[name] for name, e in found.items())
    with tarfile.open(path) as theirs:  # and any other tar reader agrees
        assert {m.name: theirs.extractfile(m).read() for m in theirs} == members  # type: ignore[union-attr]
        assert all((m.mtime, m.uid, m.gid, m.mode) == (0, 0, 0, 0o644) for m in theirs)


@settings(max_examples=100, deadline=None)
@given(name=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=100).filter(_plain),
       size=st.integers(1, tar.MAX_MEMBER))  # fmt: skip
def test_headers_are_those_of_any_tar_writer(name: str, size: int) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o644
    header = info.tobuf(tarfile.USTAR_FORMAT)
    assert tar._header(name, size) == header
    assert tar._entry(Path("a.tar"), header, 512) == tar.Entry(name, 512, size)
    info.mtime, info.uname = 5, "someone"  # not as we write it, and as good
    assert tar._entry(Path("a.tar"), info.tobuf(tarfile.USTAR_FORMAT), 512) == tar.Entry(name, 512, size)


@pytest.mark.parametrize(("name", "size"), [("", 1), ("n" * 101, 1), ("a", 8**11)])
def test_what_no_header_holds_is_not_written(name: str, size: int) -> None:
    with pytest.raises(ValueError, match="does not fit a tar file"):
        tar._header(name, size)


@settings(max_examples=8, deadline=None)
@given(
    shapes=st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3), st.sampled_from(SPLITS)), min_size=1, max_size=3),
    wide=st.integers(16, 40),
)
def test_shard_and_index_round_trip(
    tmp_path_factory: pytest.TempPathFactory, shapes: list[tuple[int, int, str]], wide: int
) -> None:
    folder = tmp_path_factory.mktemp("shard")
    clips = []
    for number, (frames, objects, split) in enumerate(shapes):
        spec = clip_spec(number * 3, frames, (wide, 24), split, objects)
        draw_clip(spec, folder / spec.clip)
        clips.append((record(spec), folder / spec.clip))
    pack.write_tar(folder, "shard-000000", clips)
    pack.write_index(folder, "shard-000000")
    shard = shards.Shard(folder, "shard-000000")
    assert list(shard.clips) == [one.spec.clip for one, _ in clips]
    for one, work in clips:
        spec = one.spec
        assert shard.record(spec.clip) == one.model_dump(mode="json")
        assert shard.clips[spec.clip].split == spec.split
        for frame in range(spec.film.frames):
            for name, data in framefile.read(work, spec, frame).items():
                _, _, column = shards.parse_member(name, "here")
                assert shard.read(spec.clip, frame, column) == data
        for target in spec.targets:
            columns = shard.attributes(spec.clip, target.object_id)
            assert all(len(column) == spec.film.frames for column in columns.values())


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    spec = clip_spec(0, 2, (32, 24))
    draw_clip(spec, tmp_path / "work")
    pack.write_tar(tmp_path, "shard-000000", [(record(spec), tmp_path / "work")])
    pack.write_index(tmp_path, "shard-000000")
    return tmp_path


def test_packing_again_gives_equal_bytes_and_so_does_the_index(packed: Path) -> None:
    before = [path.read_bytes() for path in shards.paths(packed, "shard-000000")]
    for path in (packed / "work").iterdir():
        os.utime(path, (1, 1))
    pack.write_tar(packed, "shard-000000", [(record(clip_spec(0, 2, (32, 24))), packed / "work")])
    pack.write_index(packed, "shard-000000")
    assert [path.read_bytes() for path in shards.paths(packed, "shard-000000")] == before


def test_attributes_are_views_of_the_mapped_file(packed: Path) -> None:
    found = shards.Shard(packed, "shard-000000").attributes("clip-000000", 1)
    assert found["coverage_sum"].dtype == np.float64
    assert found["present"].dtype == np.bool_
    assert not found["coverage_sum"].flags.owndata
    with pytest.raises(ValueError, match="read-only"):
        found["coverage_sum"][0] = 1.0


@pytest.mark.parametrize("cut", [1, 600, 5000, 10**9])
def test_truncated_tar(packed: Path, cut: int) -> None:
    path = packed / "shard-000000.tar"
    data = path.read_bytes()
    path.write_bytes(data[: max(0, len(data.rstrip(b"\0")) - cut)])
    with pytest.raises(UserError, match="truncated"):
        pack.write_index(packed, "shard-000000")


def hostile(name: str, kind: bytes = tarfile.REGTYPE, size: int = 1, link: str = "") -> bytes:
    """A tar file of one member with a header of our making."""
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, size, link
    return info.tobuf(tarfile.USTAR_FORMAT) + b"x".ljust(512, b"\0") + bytes(1024)


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (hostile("../../etc/passwd"), "unsafe member name"),
        (hostile("/etc/passwd"), "unsafe member name"),
        (hostile("..\\evil"), "unsafe member name"),
        (hostile(".hidden"), "unsafe member name"),
        (hostile("a", tarfile.SYMTYPE, 0, "/etc/passwd"), "no regular USTAR file"),
        (hostile("a", tarfile.LNKTYPE, 0, "b"), "no regular USTAR file"),
        (hostile("a", tarfile.CHRTYPE, 0), "no regular USTAR file"),
        (hostile("a", tarfile.DIRTYPE, 0), "no regular USTAR file"),
        (hostile("a", size=2**33 - 1), "outside 1"),
        (hostile("a", size=0), "outside 1"),
        (hostile("a", size=4000), "ends inside 'a'"),
        (hostile("a")[:1024] + hostile("a"), "in it twice"),
        (hostile("a") + b"more", "after its end mark"),
        (b"PK\3\4" * 400, "not a tar header at byte 0"),
        (b"", "truncated"),
    ],
)
def test_hostile_tar(tmp_path: Path, data: bytes, line: str) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(data)
    with pytest.raises(UserError, match=line) as error:
        tar.entries(path)
    assert "\n" not in str(error.value)
    with pytest.raises(UserError, match=line):
        list(tar.members(path))


def odd_header(place: int, there: bytes) -> bytes:
    """A tar file of the member `a`, in whose header other bytes stand at one place, with a checksum that holds."""
    data = bytearray(hostile("a"))
    data[place : place + len(there)] = there
    data[148:156] = b" " * 8
    data[148:155] = b"%06o\0" % sum(data[:512])
    return bytes(data)


def test_what_follows_a_name_is_no_part_of_it(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(odd_header(2, b"b"))
    with tarfile.open(path) as theirs:
        assert [entry.name for entry in tar.entries(path)] == theirs.getnames() == ["a"]


def test_a_prefix_does_not_hide_a_path(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(odd_header(345, b".."))
    with tarfile.open(path) as theirs:
        assert theirs.getnames() == ["../a"]
    with pytest.raises(UserError, match=r"unsafe member name '\.\./a'"):
        tar.entries(path)


def test_a_member_that_is_no_product_is_refused(packed: Path) -> None:
    path = packed / "shard-000000.tar"
    members = [(entry.name, tar.read(path, entry)) for entry in tar.entries(path)]
    tar.write(path, [*members, ("clip-000000.0000.evil.pkl", b"x")])
    with pytest.raises(UserError, match=r"'clip-000000\.0000\.evil\.pkl' does not belong in a shard"):
        pack.write_index(packed, "shard-000000")
    tar.write(path, members[:-1])
    with pytest.raises(UserError, match=r"lacks 'clip-000000\.0001\.json'"):
        pack.write_index(packed, "shard-000000")
    tar.write(path, members[1:])
    with pytest.raises(UserError, match=r"lacks 'clip-000000\.json'"):
        pack.write_index(packed, "shard-000000")


@settings(max_examples=40, deadline=None)
@given(where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7), which=st.sampled_from(["frames", "objects"]))
def test_a_damaged_index_never_crashes_the_reader(
    tmp_path_factory: pytest.TempPathFactory, where: float, bit: int, which: str
) -> None:
    """Any single flipped bit: each read gives the right bytes, or says in one line that something is damaged."""
    folder = _SHARD.get("folder") or _SHARD.setdefault("folder", _make(tmp_path_factory.mktemp("index")))
    good = shards.Shard(folder, "shard-000000")
    wanted = [good.read("clip-000000", frame, "rgb") for frame in range(2)]
    path = folder / f"shard-000000.{which}.arrow"
    whole = path.read_bytes()
    data = bytearray(whole)
    data[int(where * len(data))] ^= 1 << bit
    damaged = folder / "damaged"
    damaged.mkdir(exist_ok=True)
    for name in ("shard-000000.tar", "shard-000000.frames.arrow", "shard-000000.objects.arrow"):
        (damaged / name).write_bytes(bytes(data) if name == path.name else (folder / name).read_bytes())
    found = wanted
    with contextlib.suppress(UserError, KeyError):
        shard = shards.Shard(damaged, "shard-000000")
        found = [shard.read("clip-000000", frame, "rgb") for frame in range(2)]
        shard.attributes("clip-000000", 1)
    assert found == wanted


_SHARD: dict[str, Path] = {}


def _make(folder: Path) -> Path:
    spec = clip_spec(0, 2, (32, 24))
    draw_clip(spec, folder / "work")
    pack.write_tar(folder, "shard-000000", [(record(spec), folder / "work")])
    pack.write_index(folder, "shard-000000")
    return folder


@pytest.mark.parametrize("column", ["rgb", "coverage-1", "visible", "amodal-1", "veil", "measure"])
def test_a_flipped_bit_in_any_product_is_noticed_on_reading(packed: Path, column: str) -> None:
    shard = shards.Shard(packed, "shard-000000")
    place = shard.locate("clip-000000", 1, column)
    data = bytearray(shard.path.read_bytes())
    data[place.offset + place.size // 2] ^= 16
    shard.path.write_bytes(bytes(data))
    with pytest.raises(UserError, match=f"'{place.name}' is damaged"):
        shard.read("clip-000000", 1, column)
    other = next(p for p in map(str, Product) if not column.startswith(p))
    assert shard.read("clip-000000", 0, f"{other}-1" if Product(other).per_object else other)


def test_missing_index(packed: Path) -> None:
    (packed / "shard-000000.objects.arrow").unlink()
    with pytest.raises(UserError, match=r"objects\.arrow: no such file; run 'heroprop render'"):
        shards.Shard(packed, "shard-000000")


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are POSIX")
def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(OSError, match=r"shard-000000\.tar"):
            tar.write(tmp_path / "shard-000000.tar", [("a", bytes(range(256)) * 64)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


def test_what_is_written_goes_to_the_disk_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is the same however often it is synced, and an error of any one sync is not lost."""
    members = [(f"m{n}", bytes([n]) * 5000) for n in range(1, 20)]
    tar.write(tmp_path / "a.tar", members)
    monkeypatch.setattr(tar, "SYNC", 20_000)
    calls, sync = [], os.fsync

    def fails_once(handle: int) -> None:
        calls.append(handle)
        if len(calls) == 2 and failing:
            raise OSError(errno.EIO, "the disk gave up")
        sync(handle)

    monkeypatch.setattr(os, "fsync", fails_once)
    failing = False
    tar.write(tmp_path / "b.tar", members)
    assert len(calls) == 5
    assert (tmp_path / "b.tar").read_bytes() == (tmp_path / "a.tar").read_bytes()
    calls.clear()
    failing = True
    with pytest.raises(OSError, match=r"c\.tar"):
        tar.write(tmp_path / "c.tar", members)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tar", "b.tar"]


def test_frame_file_of_another_clip_is_refused(tmp_path: Path) -> None:
    draw_clip(clip_spec(0, 1, (32, 24)), tmp_path)
    with pytest.raises(UserError, match="not a frame file of clip-000001"):
        pack.write_tar(tmp_path, "shard-000000", [(record(clip_spec(1, 1, (32, 24))), tmp_path)])
    assert not (tmp_path / "shard-000000.tar").exists()


def test_names_that_no_member_has() -> None:
    for name in ("clip-1.json", "clip-000001.0001.rgb.png", "clip-000001.1.rgb.jpg", "x"):
        with pytest.raises(UserError, match="does not belong"):
            shards.parse_member(name, "here")
