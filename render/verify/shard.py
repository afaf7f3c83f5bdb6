"""One shard from the outside in: files against the manifest, members against the index, pictures against labels."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import shards
from ..dataset import tar
from ..dataset.provenance import parse_record
from ..document import UserError
from ..frames.measure import FrameMeasure
from ..manifest import SHARDS, FileEntry, Manifest, ShardEntry
from ..mask import PRESENT_PIXELS
from ..products import Member, Product, decode
from ..spec import ClipSpec, RealClip
from . import checks
from .report import Checked, Problem, redo


def check_shard(folder: Path, held: Manifest, planned: dict[str, ClipSpec]) -> Checked:
    """Everything wrong with one shard, the only one that `held` speaks of."""
    contents: dict[str, str] = {}
    return Checked(list(_shard_problems(folder, held, held.shards[0], planned, contents)), contents)


def _shard_problems(
    folder: Path, held: Manifest, entry: ShardEntry, planned: dict[str, ClipSpec], contents: dict[str, str]
) -> Iterator[Problem]:
    """Everything wrong with one shard; `contents` is filled with the digest of each clip's content."""
    home = folder / SHARDS
    real = any(clip.real for clip in held.clips.values())
    anew = redo(folder, entry.name, real)
    reindex = anew if real else f"remove its .arrow files and run 'heroprop render {folder}'"
    absent = False
    for path, stated, cure in zip(
        shards.paths(home, entry.name),
        (entry.tar, entry.frames_index, entry.objects_index),
        (anew, reindex, reindex),
        strict=True,
    ):
        what = _file_problem(path, stated)
        if what:
            yield Problem(f"{SHARDS}/{path.name}", None, None, what, cure)
            absent |= not path.is_file() or path.is_symlink()
    if absent:
        return
    place = f"{SHARDS}/{entry.name}.tar"
    try:
        shard, members = shards.Shard(home, entry.name), tar.entries(shards.tar_path(home, entry.name))
    except UserError as error:
        yield Problem(place, None, None, _short(error), anew)
        return
    for clip in sorted(set(held.clips) ^ set(shard.clips)):
        where = "the manifest" if clip in held.clips else "the index"
        yield Problem(place, clip, None, f"listed in {where} alone", reindex)
    yield from (Problem(place, clip, frame, what, anew) for clip, frame, what in _member_problems(shard, members))
    for clip in shard.clips:
        try:
            for frame, what in _clip_problems(shard, held, clip, planned.get(clip), contents):
                yield Problem(place, clip, frame, what, anew)
        except (UserError, KeyError, IndexError, ValueError) as error:
            yield Problem(place, clip, None, _short(error), anew)


def _file_problem(path: Path, stated: FileEntry) -> str | None:
    """What is wrong with one file as a whole."""
    if path.is_symlink():
        return "is a link; a dataset holds its own files"
    if not path.is_file():
        return "missing"
    size = path.stat().st_size
    if size != stated.bytes:
        return f"has {size} bytes, {stated.bytes} expected"
    if FileEntry.of(path).sha256 != stated.sha256:
        return "its SHA-256 differs from the manifest's: the file has been damaged or changed"
    return None


def _member_problems(shard: shards.Shard, members: list[tar.Entry]) -> Iterator[tuple[str | None, int | None, str]]:
    """Members of the tar that the index does not name at that place, and the other way round."""
    places = {entry.name: entry for entry in members}
    known: set[str] = set()
    for clip, indexed in shard.clips.items():
        record = tar.Entry(f"{clip}.json", indexed.record_offset, indexed.record_size)
        if places.get(record.name) != record:
            yield clip, None, "its record is not where the index says"
        known.add(record.name)
        for frame in range(indexed.frames):
            for column in shards.columns(list(indexed.labels), indexed.extras, indexed.real):
                name = shards.member_name(clip, frame, column)
                known.add(name)
                try:
                    indexed_place = shard.locate(clip, frame, column)
                except (KeyError, UserError) as error:
                    yield clip, frame, f"{column}: {_short(error)}"
                    continue
                if places.get(name) != indexed_place:
                    yield clip, frame, f"{column}: not where the index says"
    for name in places.keys() - known:
        yield None, None, f"holds '{name}', which no clip has"
    frames, objects = shard.rows()
    if frames != [(c, f) for c, indexed in shard.clips.items() for f in range(indexed.frames)]:
        yield None, None, "the rows of its frames index are not in order"
    wanted = [
        (c, i, f) for c, indexed in shard.clips.items() for i in sorted(indexed.labels) for f in range(indexed.frames)
    ]
    if objects != wanted:
        yield None, None, "the rows of its objects index are not in order"


def _clip_problems(
    shard: shards.Shard, held: Manifest, clip: str, planned: ClipSpec | None, contents: dict[str, str]
) -> Iterator[tuple[int | None, str]]:
    """Everything wrong within one clip: frame (None for the clip as a whole) and what."""
    record = parse_record(shard.record(clip), f"{clip}.json")
    spec = record.spec
    labels = {target.object_id: target.label for target in spec.targets}
    if clip in held.clips:
        entry = held.clips[clip]
        splits = [split for split, clips in held.splits.items() if clip in clips]
        if (entry.frames, entry.labels, splits, entry.real) != (
            spec.film.frames,
            labels,
            [spec.split],
            isinstance(spec, RealClip),
        ):
            yield None, "the manifest differs from the clip's own record"
    if planned is not None and planned != spec:
        yield None, "was rendered from another spec than the plan's"
    content = spec.model_dump(mode="json", exclude={"clip", "index", "split"})
    contents[clip] = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    measures: list[FrameMeasure] = []
    rows = {i: shard.attributes(clip, i) for i in labels}
    before: Seen | None = None
    for frame in range(spec.film.frames):
        try:
            products = _products(shard, clip, frame)
            stated = FrameMeasure.parse_json(shard.read(clip, frame, shards.MEASURE), "measure")
        except UserError as error:
            before = None
            yield frame, _short(error)
            continue
        measures.append(stated)
        if isinstance(spec, RealClip):
            yield from ((frame, what) for what in checks.real_problems(products, stated, spec))
            continue
        found = [{"object_id": i} | {key: column[frame].item() for key, column in rows[i].items()} for i in labels]
        yield from ((frame, what) for what in checks.frame_problems(products, stated, spec.film))
        yield from ((frame, what) for what in checks.identity_problems(stated, spec))
        now = Seen(products, shard.read(clip, frame, Product.RGB))
        lines = [checks.picture_problem(now.products[Product.RGB, None])]
        lines += [checks.coverage_problem(row, products[Product.AMODAL, row["object_id"]]) for row in found]
        if before:
            lines.append(checks.frozen_problem(before.rgb, now.rgb, found))
            lines += [_flow_problem(before, now, i) for i in labels]
        yield from ((frame, line) for line in lines if line)
        before = now
    if len(measures) == spec.film.frames:
        yield from checks.attribute_problems(measures, spec, rows)
        if isinstance(spec, RealClip):
            return  # of footage, somebody may have said that a thing is not there
        if not any(one.coverage_sum >= PRESENT_PIXELS for seen in measures for one in seen.objects):
            yield None, "no target is in sight in any frame"


@dataclass(frozen=True)
class Seen:
    """A frame as it is compared with the next: its decoded products, and its picture's bytes."""

    products: dict[tuple[Product, int | None], Any]
    rgb: bytes


def _flow_problem(before: Seen, now: Seen, object_id: int) -> str | None:
    """Whether a target's flow contradicts its next matte, where flow is stored."""
    flow = before.products.get((Product.FLOW, None))
    if flow is None:
        return None
    seen = before.products[Product.VISIBLE, None] == object_id
    return checks.flow_problem(seen, flow, now.products[Product.AMODAL, object_id], object_id)


def _products(shard: shards.Shard, clip: str, frame: int) -> dict[tuple[Product, int | None], Any]:
    """Every product of a frame, decoded; UserError for a damaged one."""
    found = {}
    known = shard.clips[clip]
    for column in shards.columns(list(known.labels), known.extras, known.real):
        if column != shards.MEASURE:
            member = Member.parse(shards.member_name(clip, frame, column))
            try:
                found[member.product, member.object_id] = decode(member.product, shard.read(clip, frame, column))
            except KeyError as error:
                raise UserError(str(error)) from None
    return found


def _short(error: Exception) -> str:
    """An error's line without its own advice: the problem's cure says what to do."""
    return str(error).strip("'\"").split("; ")[0]
