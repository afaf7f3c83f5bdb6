"""Putting a finished dataset to a URL: shards first, the manifest last, and whatever stops it, the same call goes on.

A reader sees the manifest that is there, old or new, and every file that it names is there whole. Beside each shard
that has arrived a note is left (`publishing/SHARD.json`: its sizes and hashes), which goes when the manifest has come;
so a repeated call sends only what is missing. Shards of a dataset never change, so one that is listed there already, of
another content, belongs to another dataset, and is not touched.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .. import shards
from ..document import UserError, nearest
from ..manifest import FILE, MAX_DOCUMENT, SHARDS, VIEWS, FileEntry, Manifest, ShardEntry, file_problem
from .place import BLOCK, Remote, place

NOTES = "publishing"
PLAN = ("recipe.toml", "plan.json", "plan.jsonl")
TRANSFERS = 4
"""Shards that are sent at a time."""


@dataclass(frozen=True)
class Published:
    """How many shards were sent, were there already, and the bytes of those that were sent."""

    shards: int
    sent: int
    kept: int
    bytes: int


def publish(
    folder: Path,
    url: str,
    on_shard: Callable[[str], None] = lambda name: None,
    again: Collection[str] = (),
    on_start: Callable[[], None] = lambda: None,
) -> Published:
    """Put a dataset's shards, plan, views and then its manifest to a URL. `on_shard` hears of each shard that is there,
    `on_start` of it when sending begins.

    Shards named in `again` are sent even if they seem to be there: they have been damaged at the URL. UserError for a
    dataset that is incomplete on disk or differs from its manifest, a URL that cannot be written to, and one where
    another dataset lies.
    """
    target = place(url)
    if isinstance(target, Path):
        raise UserError(f"{url}: is a folder; publish to a URL, e.g. s3://bucket/folder, or copy the files")
    held = Manifest.read(folder)
    for name in again:
        if name not in (known := [entry.name for entry in held.shards]):
            raise UserError(f"--again {name}: {folder} has no such shard{nearest(name, known)}")
    there = _there(target)
    for entry in held.shards:
        if entry.name in there and there[entry.name] != entry:
            told = f"another {entry.name} lies there, of another dataset or from before a repair"
            raise UserError(f"{target}: {told}; publish to another URL")

    def put(entry: ShardEntry) -> bool:
        new = entry.name in again or not _arrived(target, entry, there)
        if new:
            _send(folder, target, entry)
        on_shard(entry.name)
        return new

    on_start()
    pool = ThreadPoolExecutor(TRANSFERS)
    try:
        sent = list(pool.map(put, held.shards))
    finally:
        pool.shutdown(cancel_futures=True)
    for name in [*PLAN, *(f"{VIEWS}/{path.name}" for path in sorted((folder / VIEWS).glob("*.json")))]:
        if (folder / name).is_file():
            target.write(name, _blocks(folder / name))
    target.write(FILE, _blocks(folder / FILE))
    if Manifest.read(target) != held:
        raise UserError(f"{target}: its {FILE} did not arrive as it was sent; run the same command again")
    for name in target.names(NOTES) or ():
        target.delete(f"{NOTES}/{name}")
    new = [entry for entry, is_new in zip(held.shards, sent, strict=True) if is_new]
    total = sum(e.tar.bytes + e.frames_index.bytes + e.objects_index.bytes for e in new)
    return Published(len(held.shards), len(new), len(held.shards) - len(new), total)


def _there(target: Remote) -> dict[str, ShardEntry]:
    """The shards of the manifest that is there already, by name."""
    if target.whole(FILE, MAX_DOCUMENT) is None:
        return {}
    return {entry.name: entry for entry in Manifest.read(target).shards}


def _arrived(target: Remote, entry: ShardEntry, there: dict[str, ShardEntry]) -> bool:
    """Whether a shard lies there whole: listed, or noted by a call that was broken off, and as large as stated."""
    if there.get(entry.name) != entry:
        note = target.whole(_note(entry), MAX_DOCUMENT)
        if note is None or note != entry.canonical().encode():
            return False
    return all(target.size(f"{SHARDS}/{path.name}") == stated.bytes for path, stated in _files(Path(), entry))


def _send(folder: Path, target: Remote, entry: ShardEntry) -> None:
    for path, stated in _files(folder / SHARDS, entry):
        problem = file_problem(path, stated)
        if problem:
            raise UserError(problem)
        sha, name = hashlib.sha256(), f"{SHARDS}/{path.name}"
        target.write(name, _blocks(path, sha.update))
        if sha.hexdigest() != stated.sha256:
            target.delete(name)
            raise UserError(f"{path}: differs from what {FILE} says; 'heroprop verify {folder}' says what to do")
        if target.size(name) != stated.bytes:
            raise UserError(f"{target}/{name}: did not arrive whole; run the same command again")
    target.write(_note(entry), iter([entry.canonical().encode()]))


def _files(home: Path, entry: ShardEntry) -> list[tuple[Path, FileEntry]]:
    return list(zip(shards.paths(home, entry.name), (entry.tar, entry.frames_index, entry.objects_index), strict=True))


def _note(entry: ShardEntry) -> str:
    return f"{NOTES}/{entry.name}.json"


def _blocks(path: Path, seen: Callable[[bytes], object] = lambda block: None) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            seen(block)
            yield block
